"""What `ragkit eval` found out, as text, as JSON and as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragkit.cli.output import print_line, print_status, safe_line
from ragkit.errors import RagkitError
from ragkit.evaluation import Comparison, Measurement, QuestionSet, Settings
from ragkit.evaluation.measure import format_figures
from ragkit.evaluation.plot import Row, draw_plot

_ORIGINS = {"judged": "", "model": " written by a model"}
_COLOURS = {"better": "green", "worse": "red"}


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of the current settings and of those compared with them.

    `winner` holds the compared settings that are shown to be the best, None when none are;
    `saved` what was kept of them, `refusal` why nothing was, "" when nothing was to be.
    """

    questions: QuestionSet
    notes: tuple[str, ...]
    current: Measurement
    comparisons: Sequence[Comparison]
    winner: Settings | None
    saved: Settings | None
    refusal: str

    @property
    def title(self) -> str:
        return f"{len(self.questions.questions)} questions{_ORIGINS[self.questions.origin]}"

    @property
    def rows(self) -> list[Row]:
        """A line of the table or the picture each; the current settings first."""
        mark = " *" if self.comparisons else ""
        return [
            Row(self._label(self.current) + mark, self.current),
            *(Row(self._label(one.measurement), one.measurement, one) for one in self.comparisons),
        ]

    def _label(self, one: Measurement) -> str:
        """The settings that differ between the lines."""
        measured = [self.current, *(row.measurement for row in self.comparisons)]
        names = [n for n in one.settings if len({m.settings[n] for m in measured}) > 1]
        return label({name: one.settings[name] for name in names}) or "current settings"


def label(settings: Settings) -> str:
    """`keyword-weight 0.3, limit 5`"""
    words = (
        f"{name.replace('_', '-')} {value if isinstance(value, str) else format(value, 'g')}"
        for name, value in settings.items()
    )
    return ", ".join(words)


def print_report(report: Report) -> None:
    """The table, the comparison and the verdict to stdout, notes to stderr."""
    print_line(report.title)
    rows = report.rows
    width = max(len(row.label) for row in rows)
    print_line()
    names = "  ".join(f"{name:>9}" for name in format_figures(report.current))
    print_line(f"{'':{width}}  {names}", bold=True)
    for row in rows:
        texts = "  ".join(f"{text:>9}" for text in format_figures(row.measurement).values())
        print_line(f"{row.label:{width}}  {texts}")
    if report.comparisons:
        print_line(
            "\nnDCG@10 gained over the current settings (*), with 95 % intervals:", bold=True
        )
        _print_comparisons(rows, width)
        best = f"Best: {label(report.winner)}" if report.winner else "None is shown to be better"
        print_line(f"\n{best}.")
    if report.saved:
        print_line(f"Saved: from now on this index is searched with {label(report.saved)}.")
    elif report.refusal:
        print_line(f"Not saved: {report.refusal}.")
    for note in report.notes:
        print_status(f"note: {safe_line(note)}", dim=True)


def _print_comparisons(rows: Sequence[Row], width: int) -> None:
    for row in rows:
        if row.comparison is not None:
            gain, verdict = row.comparison.difference, row.comparison.verdict
            interval = f"{gain.mean:+.4f}  [{gain.low:+.4f}, {gain.high:+.4f}]"
            print_line(f"{row.label:{width}}  {interval}  {verdict}", fg=_COLOURS.get(verdict))


def report_json(report: Report) -> dict[str, Any]:
    """The figures of the current settings on top, those of the compared ones in a list."""
    return {
        "questions": len(report.questions.questions),
        "origin": report.questions.origin,
        "notes": report.notes,
        **_measurement_json(report.current),
        "compared": [
            {
                **_measurement_json(one.measurement),
                "difference": one.difference,
                "verdict": one.verdict,
            }
            for one in report.comparisons
        ],
        "winner": report.winner,
        "saved": report.saved,
        "refusal": report.refusal,
    }


def _measurement_json(one: Measurement) -> dict[str, Any]:
    spans: Mapping[int, float] = one.span_recall or {}
    return {
        "settings": one.settings,
        **{f"recall@{depth}": value for depth, value in one.recall.items()},
        "ndcg@10": one.ndcg,
        "mrr": one.mrr,
        **{f"span_recall@{depth}": value for depth, value in spans.items()},
        "latency_ms": {"p50": one.milliseconds(50), "p95": one.milliseconds(95)},
    }


def draw_report(report: Report, path: Path) -> None:
    """The picture as the kind of file that the suffix names. Raises `RagkitError` when it cannot
    be made or written."""
    data = draw_plot(f"ragkit eval: {report.title}", report.rows, path.suffix.lower()[1:])
    try:
        path.write_bytes(data)
    except OSError as error:
        raise RagkitError(f"{path} cannot be written: {error.strerror}") from error
