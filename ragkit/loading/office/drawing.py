"""What Office files draw: text in shapes, charts and diagrams, as Word, PowerPoint and Excel
share it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Any

from ragkit.loading.content import MarkdownWriter
from ragkit.loading.office.archive import local_name, whole_number
from ragkit.loading.office.formula import formula_text
from ragkit.loading.office.number_format import format_number

RELATIONS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_CHART_POINTS = 500
_CHART_SERIES = 50
# Where the values of a series stand, by kind of chart, and what they are called without a name.
_VALUES = {"val": "", "yVal": "", "bubbleSize": "size"}


def shape_paragraphs(element: Any) -> Iterator[tuple[str, int]]:
    """(text, depth) of every paragraph with text below an element."""
    for child in element:
        name = local_name(child.tag)
        if name == "p":
            text = "".join(_pieces(child)).strip()
            level = _first(child, "pPr")
            depth = whole_number(level.get("lvl"), 0) if level is not None else 0
            if text:
                yield text, depth
        elif name != "Fallback":  # what readers that are too old for it get instead
            yield from shape_paragraphs(child)


def _pieces(element: Any) -> Iterator[str]:
    for child in element:
        name = local_name(child.tag)
        if name == "t":
            yield child.text or ""
        elif name == "br":
            yield "\n"
        elif name == "tab":
            yield " "
        elif name == "oMath":
            yield formula_text(child)
        elif name not in ("pPr", "rPr", "endParaRPr", "Fallback"):
            yield from _pieces(child)


def write_shape_text(writer: MarkdownWriter, element: Any) -> None:
    """The paragraphs of a shape: several are a list."""
    paragraphs = list(shape_paragraphs(element))
    for text, depth in paragraphs:
        if len(paragraphs) > 1:
            writer.item(text, depth)
        else:
            writer.paragraph(text)


def write_shapes(writer: MarkdownWriter, element: Any) -> None:
    """The text of all shapes below an element."""
    for child in element:
        name = local_name(child.tag)
        if name == "txBody":
            write_shape_text(writer, child)
        elif name != "Fallback":
            write_shapes(writer, child)


def write_diagram(writer: MarkdownWriter, root: Any) -> None:
    """The texts of a SmartArt diagram."""
    for text, _ in shape_paragraphs(root):
        writer.item(text)


def write_chart(writer: MarkdownWriter, root: Any) -> None:
    """A chart: its titles, and the values that the file keeps of it, a row for each category."""
    titles = [title for title in map(_title, _all(root, "title")) if title]
    writer.paragraph("Chart: " + ", ".join(dict.fromkeys(titles)) if titles else "")
    series = [column for one in _all(root, "ser") for column in _series(one)][:_CHART_SERIES]
    if not series:  # charts since Office 2016: waterfall, funnel, tree map
        columns = [_points(level) for level in _all(root, "lvl")][:_CHART_SERIES]
        writer.table(zip_longest(*columns, fillvalue=""))
        return
    categories = max((names for names, _, _ in series), key=len)
    columns = [categories, *(values for _, _, values in series)]
    rows = zip_longest(*columns, fillvalue="")
    writer.table([["", *(name for _, name, _ in series)], *rows])


def _title(title: Any) -> str:
    texts = [text for text, _ in shape_paragraphs(title)] or _points(title)
    return " ".join(" ".join(texts).split())


def _series(series: Any) -> Iterator[tuple[list[str], str, list[str]]]:
    """(categories, name, values) of one series of a chart."""
    title = _first(series, "tx")
    name = " ".join(_points(title)) if title is not None else ""
    found = _first(series, "cat")
    found = _first(series, "xVal") if found is None else found
    categories = _categories(found) if found is not None else []
    for kind, other in _VALUES.items():
        values = _first(series, kind)
        if values is not None and (points := _points(values)):
            yield categories, f"{name} {other}".strip(), points


def _categories(element: Any) -> list[str]:
    """The names of categories; those of several levels are joined, the widest first."""
    levels = [_points(level) for level in _all(element, "lvl")]
    if not levels:
        return _points(element)
    for level in levels[1:]:
        for index in range(1, len(level)):
            level[index] = level[index] or level[index - 1]
    return [" ".join(filter(None, reversed(names))) for names in zip_longest(*levels, fillvalue="")]


def _points(element: Any) -> list[str]:
    """The texts or numbers kept of a reference, at their places; numbers as they are shown."""
    pattern = next((code.text or "" for code in _all(element, "formatCode")), "")
    texts: dict[int, str] = {}
    for point in _all(element, "pt"):
        value = "".join(point.itertext()).strip()
        place = whole_number(point.get("idx"), len(texts))
        if place < _CHART_POINTS:
            texts[place] = _number(value, point.get("formatCode") or pattern)
    if not texts:
        return [value for value in (_text(v) for v in _all(element, "v")) if value]
    return [texts.get(place, "") for place in range(max(texts) + 1)]


def _number(value: str, pattern: str) -> str:
    if not pattern:
        return value
    try:
        return format_number(float(value), pattern)
    except ValueError:
        return value


def _text(element: Any) -> str:
    return (element.text or "").strip()


def _all(element: Any, name: str) -> Iterator[Any]:
    return (child for child in element.iter() if local_name(child.tag) == name)


def _first(element: Any, name: str) -> Any:
    """The first child of a name, None without one."""
    return next((child for child in element if local_name(child.tag) == name), None)


def relation_ids(element: Any) -> Iterable[str]:
    """The relations by which a drawing names its charts and the data of its diagrams."""
    for child in element.iter():
        name = local_name(child.tag)
        if name == "chart":
            yield child.get(f"{RELATIONS}id") or ""
        elif name == "relIds":
            yield child.get(f"{RELATIONS}dm") or ""
