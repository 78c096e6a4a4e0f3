"""Measurements as a picture: SVG without scripts, alone or in one HTML page (pure)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from ragkit.evaluate.bootstrap import Interval
from ragkit.evaluate.compare import Comparison
from ragkit.evaluate.measure import Measurement, format_figures
from ragkit.evaluate.shapes import Box, Label, Line, Picture, Shape, Whisker

_ROW, _TOP, _GAP, _PANEL, _LABEL = 30, 56, 28, 150, 12  # pixels
_CHARACTER = 7.2  # the width of one, generously
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_STYLE = """\
svg{font:13px system-ui,sans-serif;background:#fff}
text{fill:#222}
.small{font-size:11px;fill:#555}
.bar{fill:#4878a8}
.current{fill:#9a9a9a}
.axis{stroke:#888;stroke-width:1}
.better{stroke:#2a7f3f;fill:#2a7f3f}
.worse{stroke:#b03a2e;fill:#b03a2e}
.unclear{stroke:#777;fill:#777}"""
_PAGE_STYLE = """\
body{font:15px system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em;color:#222;\
background:#fff}
svg{max-width:100%;height:auto}
table{border-collapse:collapse;margin:1.5em 0}
th,td{padding:.25em .7em;text-align:right;border-bottom:1px solid #ccc}
th:first-child,td:first-child{text-align:left}"""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the picture: settings by name, their figures, and what they gain over the
    current settings; `comparison` is None for these."""

    label: str
    measurement: Measurement
    comparison: Comparison | None = None


def draw_svg(title: str, rows: Sequence[Row]) -> str:
    """The picture of `lay_out_rows` as an SVG document."""
    picture = lay_out_rows(title, rows)
    width, height = picture.width, picture.height
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img">\n'
        f"<title>{_safe(title)}</title>\n<style>{_STYLE}</style>\n"
        + "\n".join(map(_svg, picture.shapes))
        + "\n</svg>\n"
    )


def lay_out_rows(title: str, rows: Sequence[Row]) -> Picture:
    """A line a setting; nDCG@10, recall@10, MRR and the median time as bars, and the gain in
    nDCG@10 with its 95 % interval where there is anything to compare."""
    left = _LABEL + round(_CHARACTER * max(len(row.label) for row in rows)) + 12
    shapes, width = _bars(rows, left)
    if any(row.comparison for row in rows):
        shapes += _whiskers(rows, width)
        width += 2 * _PANEL + _GAP
    for number, row in enumerate(rows):
        shapes.append(Label("", _LABEL, _TOP + number * _ROW + 19, row.label))
    height = _TOP + len(rows) * _ROW + 34
    return Picture(title, width, height, (Label("", _LABEL, 20, title), *shapes))


def draw_page(title: str, rows: Sequence[Row], notes: Sequence[str]) -> str:
    """A self-contained HTML page: the picture, all figures as a table, and the notes."""
    names = ["settings", *format_figures(rows[0].measurement)]
    names += ["nDCG@10 gained", "95 % interval", ""]
    head = "".join(f"<th>{name}</th>" for name in names)
    body = "\n".join(f"<tr>{_cells(row)}</tr>" for row in rows)
    remarks = "\n".join(f"<p>{_safe(note)}</p>" for note in notes)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{_safe(title)}</title>\n<style>{_PAGE_STYLE}</style>\n</head>\n<body>\n"
        f"{draw_svg(title, rows)}<table>\n<tr>{head}</tr>\n{body}\n</table>\n{remarks}\n"
        "</body>\n</html>\n"
    )


def _bars(rows: Sequence[Row], left: int) -> tuple[list[Shape], int]:
    """A panel a figure, and where the last one ends."""
    figures: list[tuple[str, str, float | None, Callable[[Measurement], float]]] = [
        ("nDCG@10", ".3f", 1.0, lambda one: one.ndcg),
        ("recall@10", ".3f", 1.0, lambda one: one.recall[10]),
        ("MRR", ".3f", 1.0, lambda one: one.mrr),
        ("ms a search (median)", ".1f", None, lambda one: one.milliseconds(50)),
    ]
    parts: list[Shape] = []
    for name, form, full, value_of in figures:
        values = [value_of(row.measurement) for row in rows]
        scale = (_PANEL - 45) / (full or max(values) or 1.0)
        parts.append(Label("small", left, 44, name))
        for number, (row, value) in enumerate(zip(rows, values, strict=True)):
            top = _TOP + number * _ROW
            kind = "bar" if row.comparison else "current"
            parts.append(Box(kind, left, top + 5, value * scale, _ROW - 11))
            end = left + value * scale
            parts.append(Label("small", end + 4, top + 19, format(value, form)))
        left += _PANEL + _GAP
    return parts, left


def _whiskers(rows: Sequence[Row], left: int) -> list[Shape]:
    """The panel of gains: a dot and its interval, on both sides of zero."""
    intervals = [row.comparison.difference for row in rows if row.comparison]
    reach = max(max(abs(one.low), abs(one.high), abs(one.mean)) for one in intervals) or 1.0
    middle = left + _PANEL
    scale = (_PANEL - 10) / reach
    bottom = _TOP + len(rows) * _ROW
    parts: list[Shape] = [
        Label("small", left, 44, "nDCG@10 gained over the current settings, 95 %"),
        Line("axis", middle, _TOP, middle, bottom),
        Label("small", middle - 3, bottom + 16, "0"),
        Label("small", middle + _PANEL - 40, bottom + 16, f"{reach:+.3f}"),
        Label("small", left, bottom + 16, f"{-reach:+.3f}"),
    ]
    for number, row in enumerate(rows):
        if row.comparison is None:
            continue
        one: Interval = row.comparison.difference
        kind = row.comparison.verdict if one.is_real else "unclear"
        y = _TOP + number * _ROW + 15
        low, high, mean = (middle + scale * edge for edge in (one.low, one.high, one.mean))
        parts.append(Whisker(kind, low, mean, high, y))
    return parts


def _cells(row: Row) -> str:
    texts = [row.label, *format_figures(row.measurement).values()]
    if row.comparison:
        gain = row.comparison.difference
        texts += [f"{gain.mean:+.4f}", f"{gain.low:+.4f} to {gain.high:+.4f}"]
        texts.append(row.comparison.verdict)
    else:
        texts += ["", "", ""]
    return "".join(f"<td>{_safe(text)}</td>" for text in texts)


def _svg(shape: Shape) -> str:
    if isinstance(shape, Box):
        return (
            f'<rect class="{shape.kind}" x="{shape.x:.0f}" y="{shape.y:.0f}" '
            f'width="{shape.width:.1f}" height="{shape.height:.0f}"/>'
        )
    if isinstance(shape, Line):
        return (
            f'<line class="{shape.kind}" x1="{shape.x1:.0f}" y1="{shape.y1:.0f}" '
            f'x2="{shape.x2:.0f}" y2="{shape.y2:.0f}"/>'
        )
    if isinstance(shape, Whisker):
        low, mean, high, y = (f"{value:.1f}" for value in shape[1:])
        return (
            f'<g class="{shape.kind}"><line x1="{low}" y1="{y}" x2="{high}" y2="{y}" '
            f'stroke-width="2"/><circle cx="{mean}" cy="{y}" r="4"/></g>'
        )
    style = f' class="{shape.kind}"' if shape.kind else ""
    return f'<text{style} x="{shape.x:.0f}" y="{shape.y:.0f}">{_safe(shape.text)}</text>'


def _safe(text: str) -> str:
    return escape(_NOT_IN_XML.sub("\ufffd", text))
