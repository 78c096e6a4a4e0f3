"""`index.maintenance`: rebuilding, checking and optimizing an index."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ragkit.errors import IndexReadOnlyError
from ragkit.index.connection import IndexConnection
from ragkit.index.options import MAX_FILE_BYTES, ReadOptions, check_parameters, options_of
from ragkit.index.update import save_last_run
from ragkit.models import resolve_embedder
from ragkit.store.connection import table_sizes
from ragkit.store.distributed import LEAST_ROWS
from ragkit.types import Embedder, Engine, IndexReport, IntegrityReport

if TYPE_CHECKING:
    from ragkit.types import Progress


class Maintenance:
    """What keeps an index in order. `Index.maintenance` is one; there is no need to make another.

    All methods that write take `wait_seconds`, how long to wait for another process that writes,
    and raise `IndexLockedError` when it does not finish by then. `on_wait` is told who it is.
    """

    def __init__(self, connection: IndexConnection) -> None:
        self._connection = connection

    def reindex(
        self,
        embedder: str | Embedder | None = None,
        *,
        chunk_tokens: int | None = None,
        overlap: int | None = None,
        drop_previous: bool = False,
        passwords: Sequence[str] = (),
        max_file_bytes: int = MAX_FILE_BYTES,
        engine: Engine | None = None,
        files_per_task: int | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        wait_seconds: float = 0.0,
        on_wait: Callable[[str], object] | None = None,
    ) -> IndexReport:
        """Builds a new version of the index beside the one that answers, then activates it in one
        commit.

        Until then, and after a crash at any moment, the previous version answers. The call goes
        on with an unfinished rebuild and embeds no text twice. Every file that the index knows is
        read again. Of a file that is not on disk any more the chunks are reused, and `problems`
        of the report says so. New files are left to `Index.update`. The previous version is kept
        until `drop_previous`, or dropped at the end with `drop_previous=True`, which breaks
        readers that still use it.

        `embedder` None means the model of the unfinished rebuild, else that of the index.
        `chunk_tokens` and `overlap` None mean what the index has, made smaller where the model
        reads less. The other parameters are those of `Index.update`.

        Raises `RagkitError` when another rebuild is unfinished; `IndexLockedError`, `ModelError`
        and `ValueError` as `Index.create` and `Index.update` do.
        """
        from ragkit.index.reindex import default_reindex_model, reindex

        options = options_of(ReadOptions, locals())
        connection = self._connection
        with connection.write_lock(wait_seconds, on_wait):
            name = embedder or default_reindex_model(connection.store)
            model = resolve_embedder(name, connection.ollama)
            connection.add_embedder(model)
            connection.store, report = reindex(
                connection, model, options, chunk_tokens, overlap, drop_previous=drop_previous
            )
            save_last_run(connection.store, "reindex", report)
            return report

    def drop_previous(
        self, *, wait_seconds: float = 0.0, on_wait: Callable[[str], object] | None = None
    ) -> bool:
        """Drops the version that the last `reindex` replaced; whether there was one."""
        check_parameters(locals())
        with self._connection.write_lock(wait_seconds, on_wait):
            return self._connection.store.versions.drop_previous()

    def drop_unfinished(
        self, *, wait_seconds: float = 0.0, on_wait: Callable[[str], object] | None = None
    ) -> bool:
        """Gives up an unfinished `reindex`; whether there was one."""
        check_parameters(locals())
        with self._connection.write_lock(wait_seconds, on_wait):
            return self._connection.store.versions.drop_unfinished()

    def verify(
        self,
        *,
        repair: bool = False,
        passwords: Sequence[str] = (),
        max_file_bytes: int = MAX_FILE_BYTES,
        engine: Engine | None = None,
        files_per_task: int | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        wait_seconds: float = 0.0,
        on_wait: Callable[[str], object] | None = None,
    ) -> IntegrityReport:
        """Checks every row: texts against their hashes, vectors for length 1, the chunks of each
        file for number, order and place, and chunks against files. Reads the index a batch at a
        time, under the write lock where the index may be written.

        `repair` reads exactly the files that have issues again and checks once more. The other
        parameters are those of `Index.update`.

        Raises `IndexDamagedError` when the index cannot be read at all; `IndexLockedError`.
        """
        from ragkit.index.verify import repair as repair_files
        from ragkit.index.verify import verify

        options = options_of(ReadOptions, locals())
        try:
            with self._connection.write_lock(wait_seconds, on_wait):
                report = verify(self._connection.store)
                if not repair or not report.issues:
                    return report
                return repair_files(self._connection, report, options)
        except IndexReadOnlyError:
            if repair:
                raise
            return verify(self._connection.store.reload())

    def optimize(
        self,
        *,
        engine: Engine | None = None,
        least_chunks: int = LEAST_ROWS,
        wait_seconds: float = 0.0,
        on_wait: Callable[[str], object] | None = None,
    ) -> bool:
        """Compacts what updates left in pieces, builds indices that are due, drops old versions of
        tables. `Index.update` does so by itself when it is worth the rewrite.

        A Ray `engine` builds the indices of an index of `least_chunks` or more; whether it did is
        what you get.

        Raises `IndexLockedError`; `RagkitError` when lance-ray is missing.
        """
        check_parameters(locals())
        store = self._connection.store
        with store.lock(wait_seconds=wait_seconds, on_wait=on_wait):
            store.refresh()
            on_cluster = engine is not None and store.chunks.count() >= least_chunks
            store.optimize(workers=engine.slots if engine is not None and on_cluster else 0)
            return on_cluster

    def disk_usage(self) -> dict[str, int]:
        """Bytes on disk by table: `chunks...` and `files...` of each version, and `catalog`."""
        return table_sizes(self._connection.store.location)

    @property
    def settings(self) -> dict[str, float | int]:
        """The defaults that hold for `search` in this index: `keyword_weight` and `limit`. What
        was saved holds for `ask`, too."""
        return self._connection.search_settings

    def save_settings(self, settings: Mapping[str, float | int]) -> None:
        """Makes these the defaults of `search` and `ask` for this index.

        Raises `ValueError` for a setting there is not, or an impossible value.
        """
        self._connection.save_settings(settings)
