"""The full-text index of the chunks: how words are told apart, and how a question is put to it."""

from __future__ import annotations

from typing import Any

from ragkit.types import KeywordQuery

# What a match in file name and headings is worth beside one in the text, and a function word
# beside one that carries the subject: scripts/bench/retrieval.py.
_CONTEXT_WEIGHT, _FUNCTION_WORD_WEIGHT = 0.5, 0.2


COLUMNS = ("text", "context", "stems", "opening")


def word_settings(column: str) -> dict[str, Any]:
    """How the words of a column are told apart and kept."""
    # ICU knows the words of every script; its stop-word lists drop words of every language.
    return {
        "base_tokenizer": "icu/split",
        "remove_stop_words": False,
        "with_position": column == "text",
        "stem": column != "stems",
        "language": "English",
    }


def index_words(table: Any) -> None:
    """Makes the full-text indices of a chunks table, anew where there are some."""
    from lancedb.index import FTS

    for column in COLUMNS:
        table.create_index(column, config=FTS(**word_settings(column)))


def full_text(wanted: KeywordQuery) -> Any:
    """LanceDB's query object; nothing in a person's words is parsed as query syntax."""
    from lancedb.query import BooleanQuery, MatchQuery, Occur, PhraseQuery

    clauses = [(Occur.SHOULD, one) for one in subject_clauses(wanted)]
    if wanted.function_words:
        context = _FUNCTION_WORD_WEIGHT * _CONTEXT_WEIGHT
        clauses += [
            (Occur.SHOULD, function_words(wanted)),
            (Occur.SHOULD, MatchQuery(wanted.function_words, "context", boost=context)),
        ]
    clauses += [(Occur.MUST, PhraseQuery(phrase, "text")) for phrase in wanted.phrases]
    return BooleanQuery(clauses)


def subject_clauses(wanted: KeywordQuery) -> list[Any]:
    """LanceDB's queries, one by one, for what carries the subject; no phrases."""
    from lancedb.query import MatchQuery, PhraseQuery

    clauses: list[Any] = []
    if wanted.words:
        clauses.append(MatchQuery(wanted.words, "text"))
        clauses.append(MatchQuery(wanted.words, "context", boost=_CONTEXT_WEIGHT))
    if wanted.stems:
        clauses.append(MatchQuery(wanted.stems, "stems"))
    return clauses + [PhraseQuery(name, "text") for name in wanted.identifiers]


def function_words(wanted: KeywordQuery) -> Any:
    """LanceDB's query for the function words of a question that has some."""
    from lancedb.query import MatchQuery

    return MatchQuery(wanted.function_words, "text", boost=_FUNCTION_WORD_WEIGHT)


def opening_text(wanted: KeywordQuery) -> Any:
    """LanceDB's query object for the documents whose opening has the words. Rows whose opening is
    empty do not count in its statistics: a word is rare that few documents open with."""
    from lancedb.query import MatchQuery

    return MatchQuery(wanted.words, "opening")
