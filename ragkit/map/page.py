"""A map as one HTML page that needs no network and no library, with all text escaped (pure)."""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from importlib.resources import files

from ragkit.map import Map

_TEXT_CHARACTERS = 700  # of the passage that is shown when the pointer is on it


def map_page(drawn: Map, title: str) -> str:
    """The page. Its security policy forbids all connections and every script but its own."""
    folder = files("ragkit.map")
    script, style = ((folder / name).read_text("utf-8") for name in ("map.js", "map.css"))
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(_clean(title))}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f"<header><h1>{escape(_clean(title))}</h1>{_summary(drawn)}</header>\n"
        '<main><canvas id="map" tabindex="0" aria-label="map of passages"></canvas>'
        '<nav><input id="filter" type="search" placeholder="documents" aria-label="documents">'
        '<ol id="documents"></ol></nav></main>\n'
        '<aside id="passage" hidden></aside>\n'
        "<noscript>The map is drawn by a script, which is switched off here.</noscript>\n"
        f'<script type="application/json" id="data">{embedded_json(_data(drawn))}</script>\n'
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


def embedded_json(value: object) -> str:
    """JSON that cannot end the script element around it, nor begin a comment there."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    text = _clean(text)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _summary(drawn: Map) -> str:
    count = len(drawn.chunks)
    passages = f"{count:,} passages"
    if count < drawn.total:
        passages = f"{count:,} of {drawn.total:,} passages, spread evenly over the index"
    documents = len({chunk.source for chunk in drawn.chunks})
    percent = 100 * drawn.preserved_neighbours
    summary = (
        f"<p>{passages}, of {documents:,} documents; {percent:.0f} % of the 10 "
        "nearest of each by similarity are among its 30 nearest here.</p>"
    )
    if drawn.query:
        found = f"{len(drawn.hits)} hits" if drawn.hits else "nothing found"
        summary += f"<p>Query: <q>{escape(_clean(drawn.query))}</q>, {found}</p>"
    return summary


def _data(drawn: Map) -> dict[str, object]:
    names = sorted({chunk.source for chunk in drawn.chunks})
    number = {name: at for at, name in enumerate(names)}
    return {
        "documents": names,
        "points": [
            {
                "document": number[chunk.source],
                "x": round(float(x), 4),
                "y": round(float(y), 4),
                "location": chunk.location,
                "heading": _truncate(chunk.heading),
                "text": _truncate(chunk.text),
            }
            for chunk, (x, y) in zip(drawn.chunks, drawn.points, strict=True)
        ],
        "hits": list(drawn.hit_positions),
        "query": drawn.query_point,
    }


def _truncate(text: str) -> str:
    return text if len(text) <= _TEXT_CHARACTERS else text[:_TEXT_CHARACTERS].rstrip() + "…"


def _clean(text: str) -> str:
    """Text that can be encoded as UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
