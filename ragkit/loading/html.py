"""HTML -> Markdown with its headings, lists, tables and code.

Where the converter loses text, the markup is read without a tree: one pass over the tags,
whatever their nesting. The XML loader uses that reader, too.
"""

from __future__ import annotations

import html as entities
from collections.abc import Sequence
from typing import Any

from ragkit.loading.content import LoadedContent, LoadOptions, MarkdownWriter
from ragkit.loading.headings import markdown_headings
from ragkit.loading.html_tables import flatten_tables
from ragkit.loading.markup import SKIPPED, attribute, letters, tokens, visible_text
from ragkit.loading.table_grid import Cell, write_table
from ragkit.loading.text_encoding import decode

# The converter takes about 60 bytes of memory for each byte of input.
_CONVERTER_CHARACTERS = 12_000_000
# Elements whose words stay without any mark: a link's address is noise, and marks of emphasis
# within a sentence keep it from being found and quoted.
_WORDS_ONLY = ["a", "abbr", "b", "cite", "del", "em", "font", "i", "ins", "mark", "q", "s", "small"]
_WORDS_ONLY += ["span", "strong", "sub", "sup", "u"]
# Of the letters a browser would show, the share that must reach the text.
_KEPT_SHARE = 0.97

_BLOCKS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "body", "caption", "center", "dd"),
        *("details", "dialog", "div", "dl", "dt", "fieldset", "figcaption", "figure"),
        *("footer", "form", "header", "hr", "html", "legend", "main", "nav", "ol", "option"),
        *("p", "section", "summary", "ul"),
    )
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}


def load_html(data: bytes, _options: LoadOptions) -> LoadedContent:
    """A page without scripts and styles; title, author and keywords become metadata."""
    decoded = decode(data, declared=True)
    text, lost = _read(decoded.text)
    return LoadedContent(
        text,
        headings=markdown_headings(text),
        media_type="text/markdown",
        notes=(decoded.note,) if decoded.note else (),
        metadata=page_metadata(decoded.text),
        lost_characters=lost,
    )


def html_to_text(html: str) -> str:
    """Markdown of a page or a fragment. Linear time; nothing is fetched, nothing is run.

    html-to-markdown writes it. Where that loses text (markup nested deeper than a thousand, tables
    inside tables), our own plainer reading is taken.
    """
    return _read(html)[0]


def _read(html: str) -> tuple[str, int]:
    """The Markdown of a page, and how many letters of the page are not in it."""
    visible = letters(visible_text(html))
    if len(html) <= _CONVERTER_CHARACTERS:
        text, tables = _convert(html)
        kept = letters(text)
        if kept >= _KEPT_SHARE * visible:
            return flatten_tables(text, tables), max(0, visible - kept)
    text = markup_to_markdown(html)
    return text, max(0, visible - letters(text))


def _convert(html: str) -> tuple[str, Sequence[Any]]:
    """What the library writes, and the tables in it with their merged cells."""
    import html_to_markdown

    options = html_to_markdown.ConversionOptions(
        preprocessing=html_to_markdown.PreprocessingOptions(enabled=False),
        strip_tags=_WORDS_ONLY,
        skip_images=True,
        compact_tables=True,
        bullets="-",
        extract_metadata=False,
        autolinks=False,
        hidden_content="reachable",
        include_document_structure=True,
    )
    try:
        # Lone surrogates cannot be handed to it.
        result = html_to_markdown.convert(html.encode("utf-8", "replace").decode(), options)
    except Exception:  # noqa: BLE001  the vendor's errors share no base; the caller has another way
        return "", ()
    return result.content or "", result.tables


def page_metadata(html: str) -> tuple[tuple[str, str], ...]:
    """(key, value) pairs from the head of a page: title, author, description, tags, date."""
    names = {
        "author": "author",
        "description": "description",
        "keywords": "tags",
        "date": "date",
        "dcterms.created": "created",
        "article:published_time": "date",
        "article:author": "author",
    }
    found: dict[str, str] = {}
    in_title = False
    for name, text in tokens(html[:262144]):
        if name == "title" and "title" not in found:
            in_title = True
        elif in_title and not name:
            found["title"] = " ".join(entities.unescape(text).split())[:500]
            in_title = False
        elif name == "meta":
            key = names.get((attribute(text, "name") or attribute(text, "property")).lower(), "")
            value = " ".join(attribute(text, "content").split())[:1000]
            if key and value:
                found.setdefault(key, value)
        elif name == "body":
            break
    return tuple((key, value) for key, value in found.items() if value)


def markup_to_markdown(html: str) -> str:
    """A plain reading of a page: headings, paragraphs, list items, code and innermost tables."""
    reader = _Reader()
    for name, text in tokens(html):
        if name:
            reader.tag(name, text)
        else:
            reader.text(text)
    return reader.finish()


class _Reader:
    """Turns tags and texts into blocks. A table that holds a table lays out a page: its cells
    are blocks like any other."""

    def __init__(self) -> None:
        self._writer = MarkdownWriter()
        self._inline: list[str] = []
        self._skipping = ""
        self._heading = 0
        self._lists = 0
        self._item = False
        self._code = False
        self._tables: list[list[list[Cell]] | None] = []  # None: lays out a page

    def text(self, text: str) -> None:
        if not self._skipping:
            text = entities.unescape(text)
            self._inline.append(text if self._code else " ".join(text.split("\n")))

    def tag(self, name: str, written: str) -> None:
        """A tag, its attributes as they are written."""
        bare = name.lstrip("/")
        if self._skipping:
            if name in (f"/{self._skipping}", "body"):
                self._skipping = ""
            return
        if name in SKIPPED:
            self._skipping = name
        elif name == "br":
            self._inline.append("\n")
        elif bare in ("table", "tr", "td", "th"):
            self._flush()
            self._table_tag(name, written)
        elif bare in _HEADINGS or bare in _BLOCKS or bare in ("li", "pre"):
            self._flush()
            self._heading = _HEADINGS.get(name, 0)
            self._item = name == "li"
            self._code = name == "pre"
            if bare in ("ul", "ol"):
                self._lists = max(self._lists + (1 if name == bare else -1), 0)

    def finish(self) -> str:
        self._flush()
        while self._tables:
            self._table_tag("/table")
        return self._writer.content().text

    def _table_tag(self, name: str, written: str = "") -> None:
        table = self._tables[-1] if self._tables else None
        if name == "table":
            if table is not None:
                self._lay_out(table)
                self._tables[-1] = None
            self._tables.append([])
        elif name == "/table" and self._tables:
            self._tables.pop()
            write_table(self._writer, table or [])
        elif table is not None and name == "tr":
            table.append([])
        elif table is not None and name in ("td", "th"):
            if not table:
                table.append([])
            columns, rows = (_span(attribute(written, key)) for key in ("colspan", "rowspan"))
            table[-1].append(Cell("", columns, rows, name == "th"))

    def _lay_out(self, table: list[list[Cell]]) -> None:
        for row in table:
            for cell in row:
                self._writer.paragraph(cell.text)

    def _flush(self) -> None:
        text = "".join(self._inline)
        self._inline.clear()
        if not text.strip():
            return
        table = self._tables[-1] if self._tables else None
        if not self._code:
            text = "\n".join(" ".join(line.split()) for line in text.split("\n"))
        if table and table[-1]:
            cell = table[-1][-1]
            table[-1][-1] = cell._replace(text=f"{cell.text} {text}".strip())
        elif self._heading:
            self._writer.heading(self._heading, text)
        elif self._code:
            self._writer.code(text)
        elif self._item:
            self._writer.item(text, self._lists - 1)
        else:
            self._writer.paragraph(text)


def _span(written: str) -> int:
    return int(written) if written.isdecimal() and len(written) < 6 else 1
