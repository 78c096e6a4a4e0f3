"""Reading scans: page by page in workers, each page kept as soon as it is read.

A file of hundreds of pages takes longer than a task may. So a file whose loader asks for OCR is put
aside; its pages are tasks of their own; when they are all there, it is prepared again with them.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

from ragkit.engines.local import LocalEngine
from ragkit.errors import LoadError
from ragkit.ingest.prepare import FileTask, PreparedFile, PrepareSettings, read_bytes
from ragkit.loading.ocr.recognize import recognize
from ragkit.loading.pdf.draw import draw_page
from ragkit.loading.picture import draw_picture, picture_format
from ragkit.store import OcrPages, StoredPage
from ragkit.types import DiscoveredFile, Engine, OcrPage

if TYPE_CHECKING:
    from ragkit.loading.ocr.recognize import Picture

# The densest pages of scripts/bench/ocr.py take 25 s of a processor.
_PAGE_SECONDS = 150.0
_MOST_WORKERS = 4  # each takes up to 1 GB
# What a kill may cost, and how long a file that is complete may wait for others.
_STORE_SECONDS = 2.0
_GROUP_SECONDS = 10.0

OnPage = Callable[[int, int], object]  # pages done, pages to read


class PageTask(NamedTuple):
    """A page to read, numbered from 1; `sha256`: of the file whose loader asked for it."""

    found: DiscoveredFile
    sha256: str
    page: int


class PageResult(NamedTuple):
    """The hash of a page's picture, and what OCR read there; None when it is known already."""

    picture: str
    content: OcrPage | None


def read_page(settings: PrepareSettings, known: frozenset[str], task: PageTask) -> PageResult:
    """Draws a page and reads it, unless the hash of its picture is `known`. Workers do this.

    Raises `LoadError` when it cannot be drawn or the file is another one by now.
    """
    picture = _draw(settings, task)
    key = hashlib.sha256(repr(picture.shape).encode() + picture.tobytes()).hexdigest()[:32]
    return PageResult(key, None if key in known else recognize(picture))


def _draw(settings: PrepareSettings, task: PageTask) -> Picture:
    data = _file_bytes(task.found.path, task.sha256, settings.limit_bytes, settings.storage)
    if picture_format(data[:32]):
        return draw_picture(data, task.page)
    return draw_page(data, task.page, settings.loading.passwords)


@lru_cache(maxsize=1)  # the pages of a file come one after another
def _file_bytes(
    path: str, sha256: str, limit_bytes: int, storage: tuple[tuple[str, str], ...]
) -> bytes:
    data = read_bytes(path, limit_bytes, storage, lambda _: None)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise LoadError("the file changed while it was read")
    return data


def ocr_engine(engine: Engine) -> Engine:
    """Where pages are read: in processes of this machine, where a hostile picture does no harm and
    a page has a limit of time, or on the cluster of `engine`."""
    if not isinstance(engine, LocalEngine):
        return engine
    return LocalEngine(min(max(1, engine.slots), _MOST_WORKERS), _PAGE_SECONDS)


@dataclass
class _Waiting:
    """Files with the same content, and the pages that OCR has to read of it."""

    files: list[DiscoveredFile]
    pages: tuple[int, ...]
    unread: set[int]
    problems: dict[int, OcrPage]


class OcrStage:
    """The files of a run that wait for OCR. `reads` False: pages that are stored are used, and no
    others read."""

    def __init__(
        self, stored: OcrPages, engine: Engine, settings: PrepareSettings, *, reads: bool
    ) -> None:
        self._stored = stored
        self._engine = engine
        self._settings = settings
        self._reads = reads
        self._waiting: dict[str, _Waiting] = {}
        self._unstored: list[StoredPage] = []
        self._stored_at = time.monotonic()

    def put_aside(self, found: DiscoveredFile, file: PreparedFile) -> None:
        """Keeps a file with pages that OCR has to read first."""
        one = self._waiting.get(file.record.sha256)
        if one is None:
            one = _Waiting([], file.unread, set(file.unread), {})
            self._waiting[file.record.sha256] = one
        one.files.append(found)

    def __call__(self, on_page: OnPage) -> Iterator[list[FileTask]]:
        """Groups of files to be prepared with their pages, as they are complete. Pages are stored
        every two seconds, and when this iterator is closed."""
        for sha256, numbers in self._stored.numbers(list(self._waiting)).items():
            self._waiting[sha256].unread -= numbers
        ready = [key for key, one in self._waiting.items() if not (one.unread and self._reads)]
        if ready:
            yield [task for key in ready for task in self._complete(key)]
        if not self._waiting:
            return
        group: list[FileTask] = []
        since = time.monotonic()
        try:
            for sha256 in self._read(on_page):
                group += self._complete(sha256)
                if time.monotonic() - since > _GROUP_SECONDS:
                    yield group
                    group, since = [], time.monotonic()
        finally:
            self._store()
        if group:
            yield group

    def _read(self, on_page: OnPage) -> Iterator[str]:
        """Reads what is not stored; the hash of each file when its last page is read."""
        tasks = [
            PageTask(one.files[0], sha256, page)
            for sha256, one in self._waiting.items()
            for page in sorted(one.unread)
        ]
        work = partial(read_page, self._settings, self._stored.pictures())
        on_page(0, len(tasks))
        for done, (number, result) in enumerate(self._engine.imap(work, tasks), 1):
            task = tasks[number]
            waiting = self._waiting[task.sha256]
            self._keep(task, waiting, result)
            waiting.unread.discard(task.page)
            on_page(done, len(tasks))
            if not waiting.unread:
                yield task.sha256

    def _keep(self, task: PageTask, waiting: _Waiting, result: PageResult | Exception) -> None:
        if isinstance(result, Exception):
            reason = str(result) or type(result).__name__
            waiting.problems[task.page] = OcrPage(problem=reason)
            return
        content = result.content or self._stored.of_picture(result.picture)
        self._unstored.append(StoredPage(task.sha256, task.page, result.picture, content))
        if time.monotonic() - self._stored_at > _STORE_SECONDS:
            self._store()

    def _store(self) -> None:
        pages, self._unstored = self._unstored, []
        self._stored.add(pages)
        self._stored_at = time.monotonic()

    def _complete(self, sha256: str) -> Iterable[FileTask]:
        """The files of this content, with all pages that are read."""
        self._store()
        one = self._waiting.pop(sha256)
        pages: dict[int, OcrPage | None] = dict.fromkeys(one.pages)
        pages |= self._stored.of_file(sha256) | one.problems
        return [FileTask(found, ocr=pages) for found in one.files]
