"""What a loader takes and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ragkit.types import Heading


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """What a person may decide about loading.

    `passwords` are tried on encrypted PDF files, in order. `part_bytes` and `total_bytes` bound
    what one part, and all parts together, of an Office, OpenDocument or EPUB file may unpack to.
    `table_cells` bounds the cells that are read of one spreadsheet. `page_seconds` and
    `file_seconds` bound the processor time that one page, and all pages, of a PDF file may take;
    what is beyond is left out and noted.
    """

    passwords: tuple[str, ...] = ()
    part_bytes: int = 64 * 2**20
    total_bytes: int = 256 * 2**20
    table_cells: int = 2_000_000
    page_seconds: float = 10.0
    file_seconds: float = 200.0


@dataclass(frozen=True, slots=True)
class LoadedContent:
    """What a loader makes of the bytes of one file: a `Document` without its source and hash."""

    text: str
    page_starts: tuple[int, ...] = ()
    page_labels: tuple[str, ...] = ()
    headings: tuple[Heading, ...] = ()
    media_type: str = "text/plain"
    notes: tuple[str, ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()
    pages_without_text: int = 0
    lost_characters: int = 0
    file_lines: tuple[int, ...] = ()


Loader = Callable[[bytes, LoadOptions], LoadedContent]
