"""Plain text and markup that is kept verbatim, so that line numbers are the file's own."""

from __future__ import annotations

from collections.abc import Callable

from ragkit.loading.content import LoadedContent, LoadOptions
from ragkit.loading.front_matter import front_matter
from ragkit.loading.headings import (
    asciidoc_headings,
    latex_headings,
    markdown_headings,
    org_headings,
    rst_headings,
)
from ragkit.loading.text_encoding import decode
from ragkit.types import Heading


def load_text(data: bytes, _options: LoadOptions) -> LoadedContent:
    """Any text: source code, configuration, notes, logs."""
    return _verbatim(data, "text/plain", _no_headings)


def load_markdown(data: bytes, _options: LoadOptions) -> LoadedContent:
    """Markdown with its headings; front matter becomes metadata and stays in the text."""
    decoded = decode(data)
    metadata, start = front_matter(decoded.text)
    return LoadedContent(
        decoded.text,
        headings=markdown_headings(decoded.text, start),
        media_type="text/markdown",
        notes=(decoded.note,) if decoded.note else (),
        metadata=metadata,
    )


def load_rst(data: bytes, _options: LoadOptions) -> LoadedContent:
    return _verbatim(data, "text/x-rst", rst_headings)


def load_asciidoc(data: bytes, _options: LoadOptions) -> LoadedContent:
    return _verbatim(data, "text/asciidoc", asciidoc_headings)


def load_org(data: bytes, _options: LoadOptions) -> LoadedContent:
    return _verbatim(data, "text/org", org_headings)


def load_latex(data: bytes, _options: LoadOptions) -> LoadedContent:
    return _verbatim(data, "text/x-tex", latex_headings)


def _no_headings(_text: str) -> tuple[Heading, ...]:
    return ()


def _verbatim(
    data: bytes, media_type: str, headings: Callable[[str], tuple[Heading, ...]]
) -> LoadedContent:
    decoded = decode(data, declared=True)
    return LoadedContent(
        decoded.text,
        headings=headings(decoded.text),
        media_type=media_type,
        notes=(decoded.note,) if decoded.note else (),
    )
