"""ragkit eval"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ragkit.cli import options
from ragkit.cli.output import say_json

if TYPE_CHECKING:
    from ragkit.evaluate import Comparison, QuestionSet

_PASSAGES = 50  # enough for ten different documents, as in scripts/bench/retrieval.py
_MADE_QUESTIONS = 200
_PICTURES = (".html", ".svg")
_HINT = "--compare"
_MANY = 3  # from so many settings on, luck is worth a word


@click.command(short_help="Measure how well it finds.")
@options.db
@click.option("--queries", metavar="FILE", help="Questions: JSON lines with id and text.")
@click.option(
    "--qrels",
    metavar="FILE",
    help="What answers them: JSON lines with query_id, doc_id (a path below the indexed folder), "
    "score (0: not relevant) and, where known, span [start, end).",
)
@click.option(
    "-k",
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many passages to take for each question.  [default: 50]",
)
@click.option(
    "--limit-questions",
    type=click.IntRange(min=1),
    metavar="N",
    help="Ask at most so many.  [default: all; 200 where they are made]",
)
@click.option(
    "--compare",
    multiple=True,
    metavar="NAME=V,V...",
    help="Lay values of a setting side by side, such as keyword-weight=0,0.3,1. Repeat it for "
    "every combination of several.",
)
@click.option(
    "--save",
    is_flag=True,
    help="Keep the best of the compared settings for this index, if it is shown to be better.",
)
@click.option("--plot", metavar="FILE", help="Draw it: a self-contained .html, or .svg (no .png).")
@options.as_json
def command(
    db: str | None,
    queries: str | None,
    qrels: str | None,
    limit: int | None,
    limit_questions: int | None,
    compare: tuple[str, ...],
    save: bool,
    plot: str | None,
    as_json: bool,
) -> None:
    """Measure how well this index finds what it should: recall, nDCG, reciprocal rank, time.

    Without --queries and --qrels, questions are made from rare words of your own documents. Such
    questions favour exact words: take them for a check that things are found, not for a choice
    of --keyword-weight.

    \b
    Examples:
      ragkit eval
      ragkit eval --queries questions.jsonl --qrels answers.jsonl
      ragkit eval --compare keyword-weight=0,0.3,1 --plot weights.html
    """
    if (queries is None) != (qrels is None):
        raise click.UsageError("--queries and --qrels belong together")
    if save and not compare:
        raise click.UsageError("--save needs --compare: there is nothing to choose from")
    picture = _picture(plot)

    from ragkit import evaluate
    from ragkit.cli.eval_report import Report, draw_report, print_report, report_json
    from ragkit.index import Index

    index = Index.open(db)
    settings = index.settings
    compared = _parse(compare, settings)
    passages = settings["limit"] if "limit" in compared else _PASSAGES
    current = {name: settings[name] for name in compared} | {"limit": limit or passages}
    if queries is None or qrels is None:
        questions = evaluate.make_questions(index, limit_questions or _MADE_QUESTIONS)
    else:
        questions = evaluate.read_questions(index, queries, qrels)
        if limit_questions is not None:
            questions = evaluate.take_questions(questions, limit_questions)
    with _bar(quiet=as_json) as on_progress:
        measured = evaluate.measure_settings(
            index,
            questions,
            evaluate.list_combinations(current, compared),
            on_progress=on_progress,
        )
    comparisons = evaluate.compare_settings(measured)
    winner = evaluate.find_winner(comparisons)
    best = {name: winner.measurement.settings[name] for name in compared} if winner else None
    refusal = _refusal(winner, questions, current) if save else ""
    saved = best if save and not refusal else None
    if saved is not None:
        index.save_settings(saved)
    notes = (*questions.notes, *_cautions(len(comparisons), compared))
    report = Report(questions, notes, measured[0], comparisons, best, saved, refusal)
    if picture is not None:
        draw_report(report, picture)
    if as_json:
        say_json(report_json(report))
    else:
        print_report(report)


def _parse(compare: Sequence[str], known: Mapping[str, float]) -> dict[str, list[float | int]]:
    """Setting -> the values to lay side by side, from NAME=V,V...; of the setting's own type."""
    compared: dict[str, list[float | int]] = {}
    for text in compare:
        name, _, values = text.partition("=")
        key = name.strip().replace("-", "_")
        if key not in known:
            names = ", ".join(one.replace("_", "-") for one in known)
            raise click.BadParameter(f"no setting {name!r}; there are {names}", param_hint=_HINT)
        kind = type(known[key])
        try:
            numbers = [kind(value) for value in values.split(",")]
        except ValueError:
            wanted = "whole numbers" if kind is int else "numbers"
            raise click.BadParameter(
                f"{text!r}: write {wanted}, such as {name}=1,2", param_hint=_HINT
            ) from None
        least = 1 if kind is int else 0
        if not all(math.isfinite(number) and number >= least for number in numbers):
            raise click.BadParameter(f"{text!r}: at least {least}", param_hint=_HINT)
        compared.setdefault(key, []).extend(numbers)
    return compared


def _picture(plot: str | None) -> Path | None:
    """Where to draw; refused before anything is measured if it cannot be drawn there."""
    if plot is None:
        return None
    path = Path(plot)
    if path.suffix.lower() not in _PICTURES:
        raise click.BadParameter(f"{plot}: name a .html or .svg file", param_hint="--plot")
    if not path.parent.is_dir():
        raise click.BadParameter(f"there is no folder {path.parent}", param_hint="--plot")
    return path


def _refusal(
    winner: Comparison | None, questions: QuestionSet, current: Mapping[str, float]
) -> str:
    """Why the winner is not to be kept; "" when it is."""
    if winner is None:
        return "no difference to the current settings is sure enough"
    weight = winner.measurement.settings.get("keyword_weight", 0)
    if questions.origin == "words" and weight > current.get("keyword_weight", math.inf):
        return (
            "questions made of your documents' own words cannot show that exact words should "
            "weigh more; give --queries and --qrels"
        )
    return ""


def _cautions(count: int, compared: Mapping[str, object]) -> Iterator[str]:
    if count >= _MANY:
        yield (
            f"{count} settings were compared: 1 in 20 that are no different looks different by "
            "luck; confirm a narrow win on other questions"
        )
    if "limit" in compared:
        yield "a higher limit can only find more; what it costs is reading"


@contextmanager
def _bar(quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on stderr; None when that is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=1, label="searching", file=sys.stderr, show_pos=True) as bar:

        def show(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield show
