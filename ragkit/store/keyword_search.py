"""The rows that match words best, clause by clause.

One query of several clauses scores every row that holds any of the words: 92 ms of CPU at a
million rows. A query of one clause skips what cannot be among the best, and takes 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ragkit.store.async_reader import Query
from ragkit.types import KeywordQuery

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from ragkit.types import Vectors


def clause_queries(wanted: KeywordQuery, limit: int) -> list[Query]:
    """A query for each clause of a question without phrases."""
    return [_top_matches(one, limit) for one in match_queries(wanted)]


def merge_matches(found: Sequence[pa.Table], limit: int) -> tuple[npt.NDArray[np.int64], Vectors]:
    """The `limit` rows that match best: row ids (n,) and BM25 scores (n,), best first. A row's
    score is the sum of its scores in what each query found."""
    import numpy as np

    rows, scores = _sum_scores([row_scores(one) for one in found])
    best = np.argsort(-scores, kind="stable")[:limit]
    return rows[best], scores[best]


def row_scores(found: pa.Table) -> tuple[npt.NDArray[np.int64], Vectors]:
    """Row ids (n,) and BM25 scores (n,) of what a query of words found."""
    import numpy as np

    scores = found["_score"].to_numpy().astype(np.float32)
    return found["_rowid"].to_numpy().astype(np.int64), scores


def _top_matches(clause: Any, limit: int) -> Query:
    def asked(table: Any) -> Any:
        return table.query().nearest_to_text(clause).limit(limit).select(["_score"]).with_row_id()

    return asked


def _sum_scores(
    found: Sequence[tuple[npt.NDArray[np.int64], Vectors]],
) -> tuple[npt.NDArray[np.int64], Vectors]:
    """Every row once, ascending, and the sum of its scores."""
    import numpy as np

    rows, places = np.unique(np.concatenate([one for one, _ in found]), return_inverse=True)
    total = np.bincount(places, weights=np.concatenate([one for _, one in found]))
    return rows, total.astype(np.float32)


# What a match in file name and headings is worth beside one in the text:
# scripts/bench/retrieval.py.
_CONTEXT_WEIGHT = 0.5

COLUMNS = ("text", "context", "stems", "header")


def fts_settings(column: str) -> dict[str, Any]:
    """How the text of a column is tokenized and indexed."""
    # ICU knows the words of every script; its stop-word lists drop words of every language.
    return {
        "base_tokenizer": "icu/split",
        "remove_stop_words": False,
        "with_position": column == "text",
        "stem": column != "stems",
        "language": "English",
    }


def build_fts_index(table: Any) -> None:
    """Makes the full-text indices of a chunks table, anew where there are some."""
    from lancedb.index import FTS

    for column in COLUMNS:
        table.create_index(column, config=FTS(**fts_settings(column)))


def boolean_query(wanted: KeywordQuery) -> Any:
    """LanceDB's query object; nothing in a person's words is parsed as query syntax."""
    from lancedb.query import BooleanQuery, Occur, PhraseQuery

    wished = [(Occur.SHOULD, one) for one in match_queries(wanted)]
    required = [(Occur.MUST, PhraseQuery(phrase, "text")) for phrase in wanted.phrases]
    return BooleanQuery(wished + required)


def match_queries(wanted: KeywordQuery) -> list[Any]:
    """LanceDB's queries, one by one, for all but the phrases."""
    from lancedb.query import MatchQuery, PhraseQuery

    found: list[Any] = []
    if wanted.words:
        found.append(MatchQuery(wanted.words, "text"))
        found.append(MatchQuery(wanted.words, "context", boost=_CONTEXT_WEIGHT))
    if wanted.stems:
        found.append(MatchQuery(wanted.stems, "stems"))
    return found + [PhraseQuery(name, "text") for name in wanted.identifiers]


def header_query(wanted: KeywordQuery) -> Any:
    """LanceDB's query object for the documents whose opening has the words. Rows whose opening is
    empty do not count in its statistics: a word is rare that few documents open with."""
    from lancedb.query import MatchQuery

    return MatchQuery(wanted.words, "header")
