"""Queries of one table, from any thread and several at the same time.

They use LanceDB's asynchronous interface: its synchronous one asks for the schema and other things
before each query, which takes longer than most queries.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from ragkit.object_store import is_remote
from ragkit.store.connection import connect_async, translate_errors
from ragkit.types import StorageLocation

if TYPE_CHECKING:
    import pyarrow as pa

Result = TypeVar("Result")
_STARTING = threading.Lock()
# Makes a query of LanceDB's AsyncTable.
Query = Callable[[Any], Any]


class AsyncTableReader:
    """A table at the version it had when it was opened, or when `changed` was last called."""

    def __init__(self, place: StorageLocation, name: str) -> None:
        self._place, self._name = place, name
        self._table: Any = None
        self._changed = False
        self._opening = asyncio.Lock()
        self.state = 0  # another number after each change

    @property
    def is_remote(self) -> bool:
        """Whether the table lies in an object store."""
        return is_remote(self._place.uri)

    def fetch(self, *queries: Query) -> list[pa.Table]:
        """The rows of each query."""
        with translate_errors(self._place.uri):
            return _run(self._fetch(queries))

    def scan(self, query: Query, use: Callable[[pa.RecordBatch, int], object]) -> None:
        """Calls `use` with the rows of a query, a batch at a time, and the number of rows of the
        table. Rows that are written meanwhile are not among them."""
        with translate_errors(self._place.uri):
            _run(self._scan(query, use))

    def count(self) -> int:
        """How many rows there are."""
        with translate_errors(self._place.uri):
            return _run(self._count())

    def changed(self) -> None:
        """Says that the table was written: the next query reads the new version."""
        self._changed = True
        self.state += 1

    def close(self) -> None:
        """Lets the table go; the next query opens it again."""
        self._table = None
        self.changed()

    async def _fetch(self, queries: tuple[Query, ...]) -> list[pa.Table]:
        table = await self._opened()
        return await asyncio.gather(*(query(table).to_arrow() for query in queries))

    async def _scan(self, query: Query, use: Callable[[pa.RecordBatch, int], object]) -> None:
        table = await self._opened()
        own = await (await connect_async(self._place)).open_table(self._name)
        await own.checkout(await table.version())
        count = await own.count_rows()
        async for batch in await query(own).to_batches():
            use(batch, count)

    async def _count(self) -> int:
        return int(await (await self._opened()).count_rows())

    async def _opened(self) -> Any:
        async with self._opening:
            if self._table is None:
                self._changed = False
                database = await connect_async(self._place)
                self._table = await database.open_table(self._name)
            elif self._changed:
                self._changed = False
                await self._table.checkout_latest()
            return self._table


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    waiting = asyncio.run_coroutine_threadsafe(work, _loop())
    try:
        return waiting.result()
    except BaseException:
        waiting.cancel()
        raise


def _loop() -> asyncio.AbstractEventLoop:
    with _STARTING:  # one for all threads: a lock of asyncio belongs to one loop
        return _started()


@cache
def _started() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="ragkit-queries", daemon=True).start()
    return loop
