"""Texts that a Word file embeds as parts of its own (altChunk): pages, rich text, Word files."""

from __future__ import annotations

from collections.abc import Callable

from ragkit.errors import LoadError
from ragkit.loading.content import LoadedContent, LoadOptions, MarkdownWriter
from ragkit.loading.detect_format import HEAD_BYTES, is_binary, text_format
from ragkit.loading.headings import markdown_headings
from ragkit.loading.html import html_to_text
from ragkit.loading.office.archive import GuardedZip, zip_format
from ragkit.loading.rtf import load_rtf
from ragkit.loading.text_encoding import decode

# Documents that hold documents, and how many of them one may hold.
_DEPTH = 2
_COUNT = 100
_FORMATS = ("html", "mht", "rtf", "txt")
_ALIASES = {"htm": "html", "xhtml": "html", "mhtml": "mht"}


class EmbeddedTexts:
    """Reads such parts. `read_word` reads those that are Word files; `depth` says how many
    documents there are around this one."""

    def __init__(
        self,
        archive: GuardedZip,
        options: LoadOptions,
        read_word: Callable[[bytes], LoadedContent],
        depth: int,
    ) -> None:
        self._read_word = read_word
        self._archive = archive
        self._options = options
        self._depth = depth
        self._left = _COUNT

    def read(self, name: str) -> LoadedContent:
        """The part of this name. Raises LoadError when it cannot be read."""
        self._left -= 1
        if self._left < 0 or self._depth >= _DEPTH:
            raise LoadError("too many documents within documents")
        data = self._archive.read(name)
        if data.startswith(b"PK") and zip_format(name, data, self._options) == "docx":
            return self._read_word(data)
        kind = text_format(name, data[:HEAD_BYTES], _FORMATS, _ALIASES)
        if kind == "rtf":
            return load_rtf(data, self._options)
        if is_binary(data[:HEAD_BYTES]) or kind in ("mht", "pdf"):
            raise LoadError("it is of a kind that is not read")
        text = decode(data, declared=kind == "html").text
        if kind == "html":
            text = html_to_text(text)
            return LoadedContent(text, headings=markdown_headings(text))
        writer = MarkdownWriter()
        writer.paragraph(text)
        return writer.content()
