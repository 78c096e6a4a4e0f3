"""A plot of measured settings, drawn by matplotlib."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ragkit.errors import RagkitError, missing_library
from ragkit.evaluation.measure import Comparison, Measurement
from ragkit.evaluation.metrics import Interval, paired_intervals

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CURRENT, _UNCLEAR, _BETTER, _WORSE = "#333333", "#7a8a99", "#2a7f3f", "#b03a2e"
_ROW_INCHES, _PANEL_INCHES = 0.45, 5.0
_LABEL_CHARACTERS = 60
_NOT_IN_XML = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the plot: the name of settings, their measurement, and their comparison with the
    current settings, None for the current ones."""

    label: str
    measurement: Measurement
    comparison: Comparison | None = None


def draw_plot(title: str, rows: Sequence[Row], form: str) -> bytes:
    """A file of the form "svg", "png" or "pdf": for each row the mean nDCG@10 with its 95 %
    interval; where settings are compared, a second panel with the gain over the current ones.

    Raises `RagkitError` when matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise RagkitError(missing_library("drawing a plot", "matplotlib")) from error
    import numpy as np

    means = paired_intervals(np.array([row.measurement.ndcgs for row in rows]))
    gains = [row.comparison.difference if row.comparison else None for row in rows]
    panels = 2 if any(gains) else 1
    # Text stays text in SVG. Glyphs that the font lacks become boxes, without a warning.
    with mpl.rc_context({"text.usetex": False, "svg.fonttype": "none"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        size = (2 + _PANEL_INCHES * panels, 1.6 + _ROW_INCHES * len(rows))
        figure = Figure(figsize=size, layout="constrained")
        figure.suptitle(_clean_label(title), parse_math=False)
        axes = figure.subplots(1, panels, sharey=True, squeeze=False)[0]
        _draw_panel(axes[0], rows, means, "mean nDCG@10 and its 95 % interval", ".3f")
        if panels == 2:
            _draw_panel(axes[1], rows, gains, "gained over the current settings (*)", "+.3f")
            axes[1].axvline(0, color=_CURRENT, linewidth=0.8)
        labels = [_clean_label(row.label) for row in rows]
        axes[0].set_yticks(range(len(rows)), labels, parse_math=False)
        axes[0].set_ylim(len(rows) - 0.4, -0.6)  # the first row on top
        stream = io.BytesIO()
        figure.savefig(stream, format=form, dpi=150)
    return stream.getvalue()


def _draw_panel(
    axes: Axes, rows: Sequence[Row], intervals: Sequence[Interval | None], name: str, form: str
) -> None:
    for at, (row, one) in enumerate(zip(rows, intervals, strict=True)):
        if one is not None:
            colour = _colour(row.comparison)
            axes.plot([one.low, one.high], [at, at], color=colour, linewidth=2)
            axes.plot([one.mean], [at], "o", color=colour)
            axes.annotate(
                format(one.mean, form),
                (one.mean, at),
                xytext=(0, 5),
                textcoords="offset points",
                ha="center",
                fontsize=8,
            )
    axes.set_xlabel(name)
    axes.margins(x=0.08)
    axes.grid(axis="x", alpha=0.3)


def _colour(comparison: Comparison | None) -> str:
    if comparison is None:
        return _CURRENT
    return {"better": _BETTER, "worse": _WORSE}.get(comparison.verdict, _UNCLEAR)


def _clean_label(text: str) -> str:
    text = _NOT_IN_XML.sub("\ufffd", text)
    return text if len(text) <= _LABEL_CHARACTERS else f"{text[: _LABEL_CHARACTERS - 1]}…"
