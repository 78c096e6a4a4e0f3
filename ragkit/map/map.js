"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const canvas = document.getElementById("map");
  const pen = canvas.getContext("2d");
  const passage = document.getElementById("passage");
  const list = document.getElementById("documents");
  const rank = new Map(data.hits.map((point, at) => [point, at + 1]));
  // Hues a golden angle apart: neighbours in the list look different.
  const colours = data.documents.map((_, at) =>
    `hsl(${(at * 137.508) % 360} ${55 + (at % 3) * 15}% ${38 + (at % 2) * 12}%)`);
  const view = { scale: 1, x: 0, y: 0 };
  let chosen = null;
  let pointed = null;

  const unit = () => Math.min(canvas.clientWidth, canvas.clientHeight) - 40;
  const place = (x, y) => [
    canvas.clientWidth / 2 + ((x - 0.5) * unit() + view.x) * view.scale,
    canvas.clientHeight / 2 + ((y - 0.5) * unit() + view.y) * view.scale,
  ];

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    canvas.width = canvas.clientWidth * ratio;
    canvas.height = canvas.clientHeight * ratio;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    const size = Math.max(2, Math.min(6, 110 / Math.sqrt(data.points.length))) *
      Math.min(2, Math.sqrt(view.scale));
    data.points.forEach((point, at) => {
      if (!rank.has(at)) dot(point, size);
    });
    pen.globalAlpha = 1;
    if (data.query) star(...place(...data.query));
    data.hits.forEach((at) => ring(data.points[at], size, rank.get(at)));
    if (pointed !== null) ring(data.points[pointed], size, "");
  }

  function dot(point, size) {
    const dimmed = chosen !== null ? point.document !== chosen : rank.size > 0;
    pen.globalAlpha = dimmed ? 0.4 : 0.85;
    pen.fillStyle = colours[point.document];
    circle(...place(point.x, point.y), size);
    pen.fill();
  }

  function ring(point, size, label) {
    const [x, y] = place(point.x, point.y);
    pen.fillStyle = colours[point.document];
    circle(x, y, size + 2);
    pen.fill();
    pen.strokeStyle = "#000";
    pen.lineWidth = 1.8;
    pen.stroke();
    pen.font = "bold 12px system-ui, sans-serif";
    pen.fillStyle = "#000";
    pen.fillText(label, x + size + 5, y + 4);
  }

  function circle(x, y, radius) {
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
  }

  function star(x, y) {
    pen.beginPath();
    for (let corner = 0; corner < 10; corner += 1) {
      const angle = -Math.PI / 2 + (corner * Math.PI) / 5;
      const radius = corner % 2 ? 5 : 12;
      pen.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
    }
    pen.closePath();
    pen.fillStyle = "#ffd400";
    pen.fill();
    pen.strokeStyle = "#000";
    pen.lineWidth = 1.2;
    pen.stroke();
  }

  function nearest(x, y) {
    let best = null;
    let least = 14 * 14;
    data.points.forEach((point, at) => {
      if (chosen !== null && point.document !== chosen) return;
      const [left, top] = place(point.x, point.y);
      const square = (left - x) ** 2 + (top - y) ** 2;
      if (square < least) [best, least] = [at, square];
    });
    return best;
  }

  function part(kind, text) {
    const element = document.createElement(kind);
    element.textContent = text;
    return element;
  }

  function show(at, x, y) {
    pointed = at;
    passage.hidden = at === null;
    if (at !== null) {
      const point = data.points[at];
      const found = rank.has(at) ? `hit ${rank.get(at)}: ` : "";
      passage.replaceChildren(part("b", found + point.location), part("i", point.heading),
        part("pre", point.text));
      const box = passage.getBoundingClientRect();
      passage.style.left = `${Math.max(4, Math.min(x + 16, innerWidth - box.width - 8))}px`;
      passage.style.top = `${Math.max(4, Math.min(y + 16, innerHeight - box.height - 8))}px`;
    }
    draw();
  }

  let held = null;
  canvas.addEventListener("pointerdown", (event) => {
    held = [event.clientX, event.clientY];
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointerup", () => { held = null; });
  canvas.addEventListener("pointerleave", () => { if (!held) show(null, 0, 0); });
  canvas.addEventListener("pointermove", (event) => {
    if (held) {
      view.x += (event.clientX - held[0]) / view.scale;
      view.y += (event.clientY - held[1]) / view.scale;
      held = [event.clientX, event.clientY];
      show(null, 0, 0);
      return;
    }
    const box = canvas.getBoundingClientRect();
    show(nearest(event.clientX - box.left, event.clientY - box.top), event.clientX, event.clientY);
  });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const box = canvas.getBoundingClientRect();
    const x = event.clientX - box.left - box.width / 2;
    const y = event.clientY - box.top - box.height / 2;
    const scale = Math.max(0.5, Math.min(40, view.scale * Math.exp(-event.deltaY / 400)));
    view.x += x / scale - x / view.scale;
    view.y += y / scale - y / view.scale;
    view.scale = scale;
    draw();
  }, { passive: false });
  canvas.addEventListener("dblclick", () => {
    Object.assign(view, { scale: 1, x: 0, y: 0 });
    draw();
  });

  const counts = data.documents.map(() => 0);
  data.points.forEach((point) => { counts[point.document] += 1; });
  // The folders that all documents lie in need not be read in every line.
  const folders = data.documents.map((name) => name.slice(0, name.lastIndexOf("/") + 1));
  let shared = Math.min(...folders.map((folder) => folder.length));
  while (shared && !(folders[0][shared - 1] === "/" &&
    folders.every((folder) => folder.startsWith(folders[0].slice(0, shared))))) shared -= 1;
  const items = data.documents.map((name, at) => {
    const item = document.createElement("li");
    const colour = document.createElement("span");
    colour.style.background = colours[at];
    item.append(colour, `${name.slice(shared)} (${counts[at]})`);
    item.title = name;
    item.addEventListener("click", () => {
      chosen = chosen === at ? null : at;
      items.forEach((other, number) => other.classList.toggle("chosen", number === chosen));
      draw();
    });
    return item;
  });
  const found = new Set(data.hits.map((at) => data.points[at].document));
  const order = data.documents.map((_, at) => at);
  order.sort((one, other) => found.has(other) - found.has(one) || counts[other] - counts[one]);
  list.append(...order.map((at) => items[at]));
  document.getElementById("filter").addEventListener("input", (event) => {
    const wanted = event.target.value.toLowerCase();
    items.forEach((item) => { item.hidden = !item.title.toLowerCase().includes(wanted); });
  });

  window.addEventListener("resize", draw);
  draw();
})();
