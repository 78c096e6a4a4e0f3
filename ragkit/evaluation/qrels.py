"""Questions with relevance judgments, and the files (queries, qrels) they are read from."""

from __future__ import annotations

import hashlib
import json
import math
import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ragkit.errors import RagkitError
from ragkit.index import Index

Setting = float | int | str
Settings = Mapping[str, Setting]
Origin = Literal["judged", "model"]
Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class JudgedQuestion:
    """A question and the documents that answer it.

    `judged` maps sources to gains, above 0 for relevant; a document that is not in the index has
    the name that the judgments give it. `spans` maps sources to the characters [start, end) that
    hold the answer; empty where none are marked.
    """

    id: str
    text: str
    judged: Mapping[str, float]
    spans: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Questions, and their origin: files ("judged"), or a chat "model" that read the documents.

    `copies` maps a source to the one that it counts as. `notes` are sentences for the user.
    """

    questions: tuple[JudgedQuestion, ...]
    origin: Origin
    notes: tuple[str, ...] = ()
    copies: Mapping[str, str] = field(default_factory=dict)


def read_questions(
    index: Index, queries: str | os.PathLike[str], qrels: str | os.PathLike[str]
) -> QuestionSet:
    """The questions of two JSONL files, with their judgments matched to the sources of the index.

    A row of `queries` has `id` and `text`; a row of `qrels` has `query_id`, `doc_id` (the path
    below the indexed folder), `score` (the gain; 0 is not relevant) and perhaps `span`
    [start, end) or `spans`. Documents that were discovered but could not be indexed count as not
    found. Questions without a relevant document among those discovered are left out, with a note.

    Raises `RagkitError` for files of another form, and when no question is left.
    """
    texts = _read_texts(Path(queries))
    sources = _Sources(index)
    gains: dict[str, dict[str, float]] = defaultdict(dict)
    spans: dict[str, dict[str, list[Range]]] = defaultdict(lambda: defaultdict(list))
    for question_id, document, gain, ranges in _read_judgments(Path(qrels)):
        source = sources.find(document)
        judged = gains[question_id]
        judged[source] = max(judged.get(source, 0.0), gain)
        if gain > 0 and ranges:
            spans[question_id][source] += ranges
    questions: list[JudgedQuestion] = []
    for key, text in texts.items():
        if any(gain > 0 and name in sources.discovered for name, gain in gains[key].items()):
            marked = {source: tuple(ranges) for source, ranges in spans[key].items()}
            questions.append(JudgedQuestion(key, text, gains[key], marked))
    if not questions:
        raise RagkitError(
            f"{qrels} names no document of this index as relevant to a question of {queries}; "
            "its doc_id must be the path of a file below the indexed folder"
        )
    notes = _notes(len(texts) - len(questions), questions, sources)
    return QuestionSet(tuple(questions), "judged", notes)


def take_questions(questions: QuestionSet, count: int) -> QuestionSet:
    """At most `count` of the questions, in their order; always the same ones."""
    chosen = {q.id for q in sorted(questions.questions, key=lambda q: hash_order(q.id))[:count]}
    return replace(questions, questions=tuple(q for q in questions.questions if q.id in chosen))


def hash_order(key: str) -> bytes:
    """A sort key for a random order that is the same on every machine and in every version; a
    new key does not change the order of the others."""
    return hashlib.blake2b(f"ragkit eval {key}".encode("utf-8", "replace"), digest_size=8).digest()


def _notes(
    left_out: int, questions: Iterable[JudgedQuestion], sources: _Sources
) -> tuple[str, ...]:
    notes = []
    if left_out:
        notes.append(f"{left_out} questions have no relevant document in this index: left out")
    relevant = {name for q in questions for name, gain in q.judged.items() if gain > 0}
    if missing := sorted(relevant - sources.indexed):
        notes.append(
            f"{len(missing)} relevant documents are not in this index and count as not found, "
            f"such as {missing[0]}"
        )
    if sources.ambiguous:
        notes.append(
            f"{len(sources.ambiguous)} doc_ids fit several files, such as "
            f"{min(sources.ambiguous)}: the one in the fewest folders was used"
        )
    return tuple(notes)


class _Sources:
    """The files of an index, found by the ends of their paths."""

    def __init__(self, index: Index) -> None:
        files = index.files()
        base = index.base_folder.as_posix().rstrip("/")
        self.discovered = {file.source for file in files}
        self.indexed = {file.source for file in files if file.outcome == "indexed"}
        self.ambiguous: set[str] = set()
        self._roots = ["" if root in (".", "") else f"{root}/" for root in index.indexed_paths()]
        self._by_path = {
            _normalize(source): source for source in sorted(self.discovered, reverse=True)
        }
        self._by_name: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for plain, source in self._by_path.items():
            path = plain if plain.startswith("/") else f"{base}/{plain}"
            self._by_name[path.rpartition("/")[2]].append((path, source))

    def find(self, document: str) -> str:
        """The source that a doc_id means: below an indexed folder, else the one whose path ends so
        (the fewest folders first), else the doc_id itself."""
        plain = _normalize(document).removeprefix("./")
        for root in self._roots:
            if source := self._by_path.get(_normalize(root) + plain):
                return source
        ending = "/" + plain.removeprefix("/")
        fits = [row for row in self._by_name[plain.rpartition("/")[2]] if row[0].endswith(ending)]
        if len(fits) > 1:
            self.ambiguous.add(document)
        return min(fits, key=lambda row: (row[0].count("/"), row))[1] if fits else document


def _normalize(path: str) -> str:
    # Some file systems store é as one character, others as two.
    return unicodedata.normalize("NFC", path)


def _read_texts(path: Path) -> dict[str, str]:
    texts: dict[str, str] = {}
    for place, row in _rows(path):
        key, text = _name(row, "id", place), row.get("text")
        if not isinstance(text, str) or not text.strip():
            raise RagkitError(f'{place}: a question needs a "text"')
        if key in texts:
            raise RagkitError(f"{place}: there are two questions with the id {key}")
        texts[key] = text
    return texts


def _read_judgments(path: Path) -> Iterator[tuple[str, str, float, list[Range]]]:
    """(question id, doc_id, gain, spans) of each row."""
    for place, row in _rows(path):
        score = row.get("score")
        is_number = isinstance(score, int | float) and math.isfinite(score)
        if score is None or not is_number:
            raise RagkitError(f'{place}: a judgment needs a number as "score"')
        ranges = row.get("spans") or []
        ranges = [*ranges, row["span"]] if row.get("span") and isinstance(ranges, list) else ranges
        if not isinstance(ranges, list) or not all(_is_range(one) for one in ranges):
            raise RagkitError(f"{place}: a span is [start, end) in characters, start below end")
        name = _name(row, "query_id", place), _name(row, "doc_id", place)
        yield *name, float(score), [(one[0], one[1]) for one in ranges]


def _is_range(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(type(edge) is int for edge in value)
        and 0 <= value[0] < value[1]
    )


def _name(row: dict[str, Any], field: str, place: str) -> str:
    value = row.get(field)
    if not isinstance(value, str | int) or value == "":
        raise RagkitError(f'{place}: there is no "{field}"')
    return str(value)


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(place for messages, row) of each line of a JSONL file that is not blank."""
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise RagkitError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RagkitError(f"{path} is not UTF-8") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise RagkitError(f"{place}: not JSON ({error})") from error
        if not isinstance(row, dict):
            raise RagkitError(f"{place}: not a JSON object")
        yield place, row
