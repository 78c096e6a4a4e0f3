#!/usr/bin/env python
"""Answers without a chat model, and the floor below which there is none, on labelled questions.

    .venv/bin/python scripts/bench/answers.py [SET ...] [--limit N] [--embedder M] [--show KIND]

Everything goes through `Index.ask` with its default settings: search, floor and extraction.
Answerable questions: right when an answer string (clapnq_dev: a sentence that the annotators
chose) stands in the sentences that the answer quotes. Unanswerable ones were written against a
passage that does not hold the answer; off-topic ones are the answerable questions of another set.
AUC is the share of pairs in which the answerable question has more evidence. The seeds are fixed:
figures repeat.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from data import folder, rows

from ragkit import Answer, Index

OTHER_SET = {"squad_dev": "clapnq_dev", "clapnq_dev": "squad_dev"}
OFF_TOPIC = 300


@dataclass(frozen=True)
class Question:
    """`expected`: texts of which one must stand in a right answer; empty for the unanswerable."""

    text: str
    expected: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    question: Question
    answer: Answer
    seconds: float

    @property
    def right(self) -> bool:
        return holds(self.quoted, self.question.expected)

    @property
    def retrieved(self) -> bool:
        return holds("\n".join(p.text for p in self.answer.passages), self.question.expected)

    @property
    def quoted(self) -> str:
        evidence = (sentence.evidence for sentence in self.answer.sentences)
        return "\n".join(one.quote for one in evidence if one is not None)


def holds(text: str, expected: Sequence[str]) -> bool:
    return any(plain(one) in plain(text) for one in expected)


def plain(text: str) -> str:
    return " ".join(text.casefold().split())


def answerable(name: str, limit: int) -> list[Question]:
    found = []
    for row in rows(folder(name) / "queries.jsonl"):
        expected = row.get("selected_sentences") or row["answers"]
        found.append(Question(row["text"], tuple(expected)))
    return spread(found, limit)


def unanswerable(name: str, limit: int) -> list[Question]:
    asked = rows(folder(name) / "queries_unanswerable.jsonl")
    return spread([Question(row["text"]) for row in asked], limit)


def spread(questions: list[Question], limit: int) -> list[Question]:
    """`limit` of them, evenly spaced; all for 0."""
    if not limit or len(questions) <= limit:
        return questions
    return [questions[at * len(questions) // limit] for at in range(limit)]


def ask(index: Index, questions: Sequence[Question]) -> list[Outcome]:
    done = []
    for question in questions:
        begin = time.perf_counter()
        answer = index.ask(question.text, model="none")
        done.append(Outcome(question, answer, time.perf_counter() - begin))
    return done


def measure(name: str, arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as home:
        index = Index.create(Path(home, "index"), embedder=arguments.embedder)
        report = index.update(folder(name) / "docs")
        begin = time.perf_counter()
        good = ask(index, answerable(name, arguments.limit))
        bad = ask(index, unanswerable(name, arguments.limit))
        limit = min(arguments.limit or OFF_TOPIC, OFF_TOPIC)
        off = ask(index, answerable(OTHER_SET[name], limit))
        seconds = time.perf_counter() - begin
    print(f"{name}: {report.added} documents, floor {good[0].answer.abstention_threshold:.3f}")
    print_answers(good)
    print_refusals("unanswerable", good, bad)
    print_refusals("off-topic", good, off)
    count = len(good) + len(bad) + len(off)
    print(f"  {count} questions, {1000 * seconds / count:.0f} ms each\n", flush=True)
    if arguments.show:
        show(arguments.show, good, bad)


def print_answers(good: Sequence[Outcome]) -> None:
    answered = [one for one in good if not one.answer.is_abstention]
    length = statistics.fmean(len(one.answer.sentences) for one in answered)
    print(
        f"  answerable    {len(good):5}  right {share(one.right for one in good):.3f}"
        f"  refused {1 - len(answered) / len(good):.3f}  sentences {length:.2f}"
        f"  in the passages {share(one.retrieved for one in good):.3f}"
    )


def print_refusals(kind: str, good: Sequence[Outcome], bad: Sequence[Outcome]) -> None:
    refused = share(one.answer.is_abstention for one in bad)
    kept = share(not one.answer.is_abstention for one in good)
    area = auc([o.answer.evidence_score for o in good], [o.answer.evidence_score for o in bad])
    accuracy = (kept * len(good) + refused * len(bad)) / (len(good) + len(bad))
    print(
        f"  {kind:12}  {len(bad):5}  refused {refused:.3f}  AUC {area:.3f}  accuracy {accuracy:.3f}"
    )


def share(held: Iterable[bool]) -> float:
    return statistics.fmean(map(bool, held))


def auc(high: Sequence[float], low: Sequence[float]) -> float:
    """The chance that one of `high` is more than one of `low`, equals counting half."""
    import numpy as np

    ordered = np.sort(low)
    below = np.searchsorted(ordered, high, "left") + np.searchsorted(ordered, high, "right")
    return float(np.mean(below) / (2 * len(low)))


def show(kind: str, good: Sequence[Outcome], bad: Sequence[Outcome]) -> None:
    chosen = {
        "wrong": [o for o in good if not o.right and not o.answer.is_abstention],
        "refused": [o for o in good if o.answer.is_abstention],
        "answered": [o for o in bad if not o.answer.is_abstention],
    }[kind]
    for one in chosen:
        print(f"- {one.question.text}\n    {one.answer.evidence_score:.3f} {one.answer.text}")
        print(f"    expected: {' | '.join(one.question.expected)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", default=list(OTHER_SET), metavar="SET")
    parser.add_argument("--limit", type=int, default=0, help="questions of each kind; 0: all")
    parser.add_argument("--embedder", default="wordllama/l2_supercat_256")
    parser.add_argument("--show", choices=("wrong", "refused", "answered"))
    arguments = parser.parse_args()
    for name in arguments.sets:
        measure(name, arguments)


if __name__ == "__main__":
    main()
