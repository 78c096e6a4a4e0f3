"""Documents and the chunks they are cut into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading in a document: where its line starts, its level (1 is the top), its words."""

    start: int
    level: int
    title: str


@dataclass(frozen=True, slots=True)
class Document:
    """One file as text.

    `page_starts[i]` is the offset at which page i + 1 begins; empty where the format has no
    pages. A page may also be a slide, a sheet or a notebook cell: `page_labels[i]` is what a
    reader calls it ("p. iv", "slide 3", "sheet Prices", "cell 7"); empty means "p. 1", "p. 2", ...
    `headings` ascend by `start`. `media_type` is the MIME type the text was read from; in
    "text/markdown" (also given to converted Office and HTML files, whose text is Markdown)
    fences and pipe tables are markup, in all others they are plain characters.
    `metadata` holds (key, value) pairs such as ("title", ...), ("author", ...), ("tags", "a, b").
    `notes` are sentences for the person: a guessed encoding, pages without text.
    `lost_characters` counts the non-blank characters a loader knows it could not deliver.
    `file_lines[i]` is the line of the file that line i + 1 of `text` stands for; empty where that
    is the same line, or the file has none.
    """

    source: str
    text: str
    sha256: str
    page_starts: tuple[int, ...] = ()
    headings: tuple[Heading, ...] = ()
    media_type: str = "text/plain"
    notes: tuple[str, ...] = ()
    page_labels: tuple[str, ...] = ()
    pages_without_text: int = 0
    metadata: tuple[tuple[str, str], ...] = ()
    lost_characters: int = 0
    file_lines: tuple[int, ...] = ()


class OcrLine(NamedTuple):
    """A line of text in a picture: its place in pixels, how sure it is (0 to 1), what it says."""

    left: int
    top: int
    right: int
    bottom: int
    score: float
    text: str


@dataclass(frozen=True, slots=True)
class OcrPage:
    """What OCR saw on one page or picture: its lines, in no order. `problem`: why it could not be
    read, "" where it was."""

    lines: tuple[OcrLine, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ChunkSettings:
    """How documents are cut. Sizes are tokens of the embedder; part of the manifest.

    A chunk has at most `tokens`; a document without pages of at most `whole_tokens` is one chunk.
    The defaults are chosen by scripts/bench/chunking.py.
    """

    tokens: int = 288
    overlap: int = 0
    whole_tokens: int = 640


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document. `document.text[start:end] == chunk.text`; it never crosses a page.

    `heading` is the breadcrumb at `start` ("Backups > Restore"), "" before the first heading.
    `table_header` is the header of the table this chunk continues, "" everywhere else; it is
    embedded and shown before `text` but is no part of it.
    """

    source: str
    ordinal: int
    text: str
    start: int
    end: int
    first_line: int
    last_line: int
    page: int | None = None
    page_label: str = ""
    heading: str = ""
    table_header: str = ""

    @property
    def location(self) -> str:
        """Where a reader finds it: `notes.md:3-9`, `book.pdf p. 4`, `deck.pptx slide 3`."""
        return format_location(self.source, self.page_label, self.first_line, self.last_line)


class ChunkFeatures(NamedTuple):
    """What is stored with a chunk beside itself: the key of its vector, and words that find it.

    `opening` is what its document says about itself, with the first chunk; "" with all others.
    """

    text_hash: str
    context: str
    stems: str
    header: str = ""


def format_location(source: str, page_label: str, first_line: int, last_line: int) -> str:
    """`notes.md:3-9` or `notes.md:3`; `book.pdf p. 4` where the format has pages."""
    if page_label:
        return f"{source} {page_label}"
    lines = f"{first_line}-{last_line}" if last_line > first_line else f"{first_line}"
    return f"{source}:{lines}"
