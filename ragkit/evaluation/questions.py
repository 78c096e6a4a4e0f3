"""What is asked, and what a right answer lies in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

Setting = float | int | str
Settings = Mapping[str, Setting]
Origin = Literal["judged", "model"]


@dataclass(frozen=True, slots=True)
class JudgedQuestion:
    """A question and the documents that answer it.

    `judged` maps sources to gains, above 0 for relevant; a document that is not in the index has
    the name the judgments give it. `spans` maps sources to the characters that hold the answer,
    half-open; empty where nobody marked any.
    """

    id: str
    text: str
    judged: Mapping[str, float]
    spans: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Questions, and where they come from: files ("judged"), or a chat "model" that read the
    indexed documents.

    `copies` maps a source to the one it is to be counted as. `notes` are sentences for the person.
    """

    questions: tuple[JudgedQuestion, ...]
    origin: Origin
    notes: tuple[str, ...] = ()
    copies: Mapping[str, str] = field(default_factory=dict)


def take_questions(questions: QuestionSet, count: int) -> QuestionSet:
    """At most `count` of the questions, in their order; always the same ones."""
    chosen = {q.id for q in sorted(questions.questions, key=lambda q: hash_order(q.id))[:count]}
    kept = tuple(question for question in questions.questions if question.id in chosen)
    return replace(questions, questions=kept)


def hash_order(key: str) -> bytes:
    """What to sort by to draw lots. The same on every machine and in every version, and a new
    key leaves the order of the others as it was."""
    return hashlib.blake2b(f"ragkit eval {key}".encode("utf-8", "replace"), digest_size=8).digest()
