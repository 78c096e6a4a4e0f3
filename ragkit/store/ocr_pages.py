"""The table `ocr`: what OCR has read, so that no page is read twice.

It belongs to no version of the index: a rebuild finds it. It is made when OCR is turned on.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ragkit.store.table import Table
from ragkit.types import OcrLine, OcrPage

if TYPE_CHECKING:
    import pyarrow as pa

OCR = "ocr"
_FILES_AT_ONCE = 500
_ADDS = 32  # pages come one by one, for hours


class StoredPage(NamedTuple):
    """A page that OCR has read: hash of its file, number from 1, hash of its picture."""

    sha256: str
    page: int
    picture: str
    content: OcrPage


class OcrPages(Table):
    """Pages that OCR has read, by the hash of their file or of their picture. To be written under
    the write lock; each write is one commit."""

    _adds = 0

    def add(self, pages: Sequence[StoredPage]) -> None:
        """Stores pages; nothing for none."""
        import pyarrow as pa

        if not pages:
            return
        names = StoredPage._fields[:3]
        columns = {name: [getattr(page, name) for page in pages] for name in names}
        columns["lines"] = [json.dumps(p.content.lines, ensure_ascii=False) for p in pages]
        with self._changing():
            self._table.add(pa.table(columns, schema=ocr_schema()))
        self._adds += 1
        if self._adds % _ADDS == 0:
            self.maintain()

    def numbers(self, sha256s: Sequence[str]) -> dict[str, set[int]]:
        """Which pages of these files are stored; files without one are not in it."""
        from lancedb.expr import col

        found: dict[str, set[int]] = {}
        for start in range(0, len(sha256s), _FILES_AT_ONCE):
            some = col("sha256").isin(list(sha256s[start : start + _FILES_AT_ONCE]))
            for row in self._select(["sha256", "page"], some).to_pylist():
                found.setdefault(row["sha256"], set()).add(row["page"])
        return found

    def of_file(self, sha256: str) -> dict[int, OcrPage]:
        """The stored pages of a file: page number -> page."""
        from lancedb.expr import col, lit

        rows = self._select(["page", "lines"], col("sha256") == lit(sha256)).to_pylist()
        return {row["page"]: _page(row["lines"]) for row in rows}

    def pictures(self) -> frozenset[str]:
        """The hashes of all pictures that are stored."""
        return frozenset(self._select(["picture"])["picture"].to_pylist())

    def of_picture(self, picture: str) -> OcrPage:
        """The page that looks like this; one without lines when there is none."""
        from lancedb.expr import col, lit

        rows = self._select(["lines"], col("picture") == lit(picture))["lines"].to_pylist()
        return _page(rows[0]) if rows else OcrPage()

    def keep_only(self, sha256s: Collection[str]) -> None:
        """Deletes the pages of all other files."""
        from lancedb.expr import col

        stored = set(self._select(["sha256"])["sha256"].to_pylist())
        unused = sorted(stored.difference(sha256s))
        with self._changing():
            for start in range(0, len(unused), _FILES_AT_ONCE):
                self._table.delete(col("sha256").isin(unused[start : start + _FILES_AT_ONCE]))
        self.maintain()


def _page(lines: str) -> OcrPage:
    return OcrPage(tuple(OcrLine(*values) for values in json.loads(lines)))


def ocr_schema() -> pa.Schema:
    """A row for each page; `lines` are the fields of its `OcrLine`s, as JSON."""
    import pyarrow as pa

    texts = [pa.field(name, pa.string(), nullable=False) for name in ("sha256", "picture", "lines")]
    return pa.schema([texts[0], pa.field("page", pa.int32(), nullable=False), *texts[1:]])
