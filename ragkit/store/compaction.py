"""When a table is worth rewriting: many small fragments, or rows outside its indices."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

# Past these a table is folded at the end of a run: unfolded rows cost a query 35 ms per 1,000.
UNINDEXED_ROWS = 200
MOST_FRAGMENTS = 20
_KEEP_VERSIONS = timedelta(hours=1)  # a reader may still hold a version that old


def compact(table: Any, *, always: bool = False) -> None:
    """Folds fragments together and new rows into the indices, when there are enough of them to
    be worth the rewrite or `always`; drops versions that no reader can hold any more."""
    if always or fragments(table) > MOST_FRAGMENTS or unindexed_rows(table) > UNINDEXED_ROWS:
        table.optimize(cleanup_older_than=_KEEP_VERSIONS)


def fragments(table: Any) -> int:
    """In how many pieces a table lies; a look at rows of many takes long."""
    return int(table.stats()["fragment_stats"]["num_fragments"])


def unindexed_rows(table: Any) -> int:
    """How many rows the index that is furthest behind does not hold; 0 without an index."""
    stats = (table.index_stats(index.name) for index in table.list_indices())
    return max((int(one.num_unindexed_rows) for one in stats if one is not None), default=0)
