"""ragkit eval"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ragkit.cli import ollama_options, options
from ragkit.cli.commands.ask import warn_if_leaving
from ragkit.cli.output import print_json, print_note, print_status, safe_line
from ragkit.errors import RagkitError, missing_library

if TYPE_CHECKING:
    from ragkit.cli.render_eval import Report
    from ragkit.evaluation import Measurement, QuestionSet
    from ragkit.evaluation.qrels import Setting
    from ragkit.index import Index
    from ragkit.models import OllamaSettings

_PASSAGES = 50  # enough for ten different documents, as in scripts/bench/retrieval.py
_WRITTEN_QUESTIONS = 50  # a model takes its time
_PICTURES = (".svg", ".png", ".pdf")
_NO_RERANKER = "none"
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
    help="Ask at most so many.  [default: all; 50 when a model writes them]",
)
@click.option(
    "--compare",
    multiple=True,
    metavar="NAME=V,V...",
    help="Lay values of a setting side by side: keyword-weight=0,0.3,1, limit=5,10 or "
    "rerank=none,ollama/gemma3. Repeat it for every combination of several.",
)
@click.option(
    "--save",
    is_flag=True,
    help="Keep the best of the compared settings for this index, if it is shown to be better.",
)
@click.option(
    "--out",
    cls=options.AliasedOption,
    aliases=["--plot"],
    metavar="FILE",
    help="Draw it: a .svg, .png or .pdf (needs matplotlib).",
)
@ollama_options.model
@ollama_options.ollama
@options.as_json
def command(
    db: str | None,
    queries: str | None,
    qrels: str | None,
    limit: int | None,
    limit_questions: int | None,
    compare: tuple[str, ...],
    save: bool,
    out: str | None,
    model: str | None,
    model_options: dict[str, object],
    ollama: OllamaSettings,
    as_json: bool,
) -> None:
    """Measure how well this index finds what it should: recall, nDCG, reciprocal rank, time.

    Without --queries and --qrels, a chat model of Ollama (--model) writes questions about your own
    documents; without one there is nothing to measure.

    \b
    Examples:
      ragkit eval
      ragkit eval --queries questions.jsonl --qrels answers.jsonl
      ragkit eval --compare keyword-weight=0,0.3,1 --out weights.svg
    """
    if (queries is None) != (qrels is None):
        raise click.UsageError("--queries and --qrels belong together")
    if save and not compare:
        raise click.UsageError("--save needs --compare: there is nothing to choose from")
    picture = _picture(out)

    from ragkit import evaluation
    from ragkit.cli.render_eval import draw_report, print_report, report_json
    from ragkit.index import Index

    index = Index.open(db, ollama=ollama)
    settings: dict[str, Setting] = {**index.maintenance.settings, "rerank": _NO_RERANKER}
    compared = _parse(compare, settings)
    if save and "rerank" in compared:
        raise click.UsageError("--save keeps keyword-weight and limit; rerank is not one of them")
    for name in compared.get("rerank", ()):
        if name != _NO_RERANKER:
            warn_if_leaving(index.reranker(str(name)))
    passages = settings["limit"] if "limit" in compared else _PASSAGES
    current = {name: settings[name] for name in compared} | {"limit": limit or passages}
    if queries is None or qrels is None:
        questions = _made(index, limit_questions, model, model_options)
    else:
        questions = evaluation.read_questions(index, queries, qrels)
        questions = evaluation.take_questions(questions, limit_questions or sys.maxsize)
    combinations = evaluation.list_combinations(current, compared)
    with _bar(quiet=as_json) as on_progress:
        measured = evaluation.measure_settings(
            index, questions, combinations, on_progress=on_progress, on_note=print_note
        )
    report = _report(index, questions, measured, compared, save=save)
    if picture is not None:
        draw_report(report, picture)
    print_json(report_json(report)) if as_json else print_report(report)


def _report(
    index: Index,
    questions: QuestionSet,
    measured: Sequence[Measurement],
    compared: Mapping[str, object],
    *,
    save: bool,
) -> Report:
    """What was measured, which settings are the best, and what was saved for the index."""
    from ragkit import evaluation
    from ragkit.cli.render_eval import Report

    comparisons = evaluation.compare_settings(measured)
    winner = evaluation.find_winner(comparisons)
    best = {name: winner.measurement.settings[name] for name in compared} if winner else None
    refusal = "no difference to the current settings is sure enough" if save and not best else ""
    saved = best if save and not refusal else None
    if saved is not None:
        index.maintenance.save_settings(
            {name: one for name, one in saved.items() if not isinstance(one, str)}
        )
    notes = (*questions.notes, *_cautions(len(comparisons), compared))
    return Report(questions, notes, measured[0], comparisons, best, saved, refusal)


def _made(
    index: Index, count: int | None, model: str | None, model_options: dict[str, object]
) -> QuestionSet:
    """Questions written by the chat model that there is."""
    from ragkit.evaluation import make_questions

    chat = index.chat_model(model, model_options)
    if chat is None:
        raise RagkitError(
            "no questions to measure with: name files of your own with --queries and --qrels, or "
            "a chat model of Ollama that writes some, for example --model gemma3"
        )
    warn_if_leaving(chat)
    wanted = count or _WRITTEN_QUESTIONS
    print_status(f"{safe_line(chat.name)} writes {wanted} questions")
    return make_questions(index, wanted, chat)


def _parse(compare: Sequence[str], known: Mapping[str, Setting]) -> dict[str, list[Setting]]:
    """Setting -> the values to lay side by side, from NAME=V,V...; of the setting's own type."""
    compared: dict[str, list[Setting]] = {}
    for text in compare:
        name, _, values = text.partition("=")
        key = name.strip().replace("-", "_")
        if key not in known:
            names = ", ".join(one.replace("_", "-") for one in known)
            raise click.BadParameter(f"no setting {name!r}; there are {names}", param_hint=_HINT)
        kind = type(known[key])
        if kind is str:
            models = [value.strip() for value in values.split(",")]
            if not all(models):
                raise click.BadParameter(f"{text!r}: write models, or none", param_hint=_HINT)
            compared.setdefault(key, []).extend(models)
            continue
        try:
            numbers = [float(value) if kind is float else int(value) for value in values.split(",")]
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


def _picture(out: str | None) -> Path | None:
    """Where to draw; refused before anything is measured if it cannot be drawn there."""
    if out is None:
        return None
    path = Path(out)
    if path.suffix.lower() not in _PICTURES:
        raise click.BadParameter(f"{out}: name a .svg, .png or .pdf file", param_hint="--out")
    if not path.parent.is_dir():
        raise click.BadParameter(f"there is no folder {path.parent}", param_hint="--out")
    if find_spec("matplotlib") is None:
        raise RagkitError(missing_library("--out", "matplotlib"))
    return path


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
