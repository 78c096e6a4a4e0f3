"""What a loader takes and what it gives back, and the Markdown writer that most loaders use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ragkit.types import Heading, OcrPage

_MARKUP = re.compile(r"(?=(?:#{1,6}(?:\s|$)|`{3}|~{3}))")
# A column whose cells are no longer is a list of names or values.
_LIST_CHARACTERS = 100
_BACKTICKS = re.compile(r"`{3,}")


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """What a person may decide about loading.

    `passwords` are tried on encrypted PDF files, in order. `part_bytes` and `total_bytes` bound
    what one part, and all parts together, of an Office, OpenDocument or EPUB file may unpack to.
    `table_cells` bounds the cells that are read of one spreadsheet. `page_seconds` and
    `file_seconds` bound the processor time that one page, and all pages, of a PDF file may take;
    what is beyond is left out and noted. `convert_seconds` bounds the time that LibreOffice, or
    the reader of .xlsb files, may take for one file.
    `ocr` holds what OCR read on pages without text, by page number from 1 (None: not read); a
    loader that needs a page that is not in it raises `PagesUnreadError`. None: OCR is off.
    """

    passwords: tuple[str, ...] = ()
    part_bytes: int = 64 * 2**20
    total_bytes: int = 256 * 2**20
    table_cells: int = 2_000_000
    page_seconds: float = 10.0
    file_seconds: float = 200.0
    convert_seconds: float = 120.0
    ocr: Mapping[int, OcrPage | None] | None = None


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


class MarkdownWriter:
    """Collects blocks in reading order. Blank blocks are left out; blocks are one blank line apart.

    Text that would be read as a heading or a fence is escaped, so that the only headings of the
    text are those of `heading`.
    """

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._in_list = False
        self._page_starts: list[int] = []
        self._page_labels: list[str] = []
        self._headings: list[Heading] = []

    def page(self, label: str) -> None:
        """Begins a page; what follows belongs to it."""
        if self._length:
            self._append("\n\n")
        self._page_starts.append(self._length)
        self._page_labels.append(label)
        self._in_list = False

    def heading(self, level: int, title: str) -> None:
        """A heading of level 1 to 6; deeper ones become level 6."""
        title = " ".join(title.split())
        if title:
            level = min(max(level, 1), 6)
            self._gap()
            self._headings.append(Heading(self._length, level, title[:500]))
            self._append(f"{'#' * level} {title}")

    def paragraph(self, text: str) -> None:
        text = text.strip()
        if text:
            self._gap()
            self._append(
                "\n".join(
                    _MARKUP.sub(r"\\", line, 1) if _MARKUP.match(line) else line
                    for line in text.split("\n")
                )
            )

    def markdown(self, text: str, headings: Iterable[Heading]) -> None:
        """Markdown as it is, with the headings that were found in it."""
        if text.strip():
            self._gap()
            for heading in headings:
                start = self._length + heading.start
                self._headings.append(Heading(start, heading.level, heading.title))
            self._append(text.rstrip())

    def item(self, text: str, depth: int = 0, mark: str = "-") -> None:
        """One item of a list; items that follow one another stand on lines of their own."""
        text = " ".join(text.split())
        if text:
            self._gap(within_list=True)
            self._append(f"{'  ' * min(depth, 10)}{mark} {text}")
            self._in_list = True

    def code(self, text: str, language: str = "") -> None:
        """A fenced block, its fence longer than any in `text`."""
        text = text.strip("\n")
        if text.strip():
            longest = max(map(len, _BACKTICKS.findall(text)), default=2)
            fence = "`" * (longest + 1)
            self._gap()
            self._append(f"{fence}{language}\n{text}\n{fence}")

    def table(self, rows: Iterable[Sequence[str]]) -> None:
        """A pipe table whose first row is the header. Blank rows and columns are left out; a
        table of one column is written as lines or paragraphs."""
        cells = [[" ".join(cell.split()) for cell in row] for row in rows]
        cells = [row for row in cells if any(row)]
        used = sorted({column for row in cells for column, cell in enumerate(row) if cell})
        if len(used) < 2:
            texts = ["".join(row) for row in cells]
            short = max(map(len, texts), default=0) <= _LIST_CHARACTERS
            for text in ["\n".join(texts)] if short else texts:
                self.paragraph(text)
            return
        self._gap()
        self._append(pipe_table([[row[c] if c < len(row) else "" for c in used] for row in cells]))

    def content(
        self,
        *,
        metadata: Iterable[tuple[str, str]] = (),
        notes: Iterable[str] = (),
        lost_characters: int = 0,
    ) -> LoadedContent:
        """All that was written. Pages without text are counted."""
        text = "".join(self._pieces)
        ends = [*self._page_starts[1:], len(text)]
        spans = zip(self._page_starts, ends, strict=True) if self._page_starts else ()
        return LoadedContent(
            text,
            page_starts=tuple(self._page_starts),
            page_labels=tuple(self._page_labels),
            headings=tuple(self._headings),
            media_type="text/markdown",
            notes=tuple(notes),
            metadata=tuple((key, value) for key, value in metadata if value.strip()),
            pages_without_text=sum(not text[start:end].strip() for start, end in spans),
            lost_characters=lost_characters,
        )

    def _gap(self, *, within_list: bool = False) -> None:
        page_is_empty = self._page_starts and self._page_starts[-1] == self._length
        if self._length and not page_is_empty:
            self._append("\n" if within_list and self._in_list else "\n\n")
        self._in_list = False

    def _append(self, text: str) -> None:
        self._pieces.append(text)
        self._length += len(text)


def pipe_table(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all rows are equally long, the first is the header."""
    lines = list(map(pipe_row, rows))
    lines.insert(1, "|" + " --- |" * len(rows[0]))
    return "\n".join(lines)


def pipe_row(cells: Iterable[str]) -> str:
    """One line of a Markdown table."""
    return "| " + " | ".join([" ".join(cell.split()).replace("|", "\\|") for cell in cells]) + " |"
