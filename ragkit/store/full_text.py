"""The full-text index of the chunks: how words are told apart, and how a question is put to it."""

from __future__ import annotations

from typing import Any

from ragkit.types import KeywordQuery

# What a match in file name and headings is worth beside one in the text:
# scripts/bench/retrieval.py.
_CONTEXT_WEIGHT = 0.5

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
    from lancedb.query import BooleanQuery, Occur, PhraseQuery

    wished = [(Occur.SHOULD, one) for one in clauses(wanted)]
    required = [(Occur.MUST, PhraseQuery(phrase, "text")) for phrase in wanted.phrases]
    return BooleanQuery(wished + required)


def clauses(wanted: KeywordQuery) -> list[Any]:
    """LanceDB's queries, one by one, for all but the phrases."""
    from lancedb.query import MatchQuery, PhraseQuery

    found: list[Any] = []
    if wanted.words:
        found.append(MatchQuery(wanted.words, "text"))
        found.append(MatchQuery(wanted.words, "context", boost=_CONTEXT_WEIGHT))
    if wanted.stems:
        found.append(MatchQuery(wanted.stems, "stems"))
    return found + [PhraseQuery(name, "text") for name in wanted.identifiers]


def opening_text(wanted: KeywordQuery) -> Any:
    """LanceDB's query object for the documents whose opening has the words. Rows whose opening is
    empty do not count in its statistics: a word is rare that few documents open with."""
    from lancedb.query import MatchQuery

    return MatchQuery(wanted.words, "opening")
