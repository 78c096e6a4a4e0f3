"""Bytes -> Document: what a file says, as text with its pages, headings and metadata.

To add a format, write one function `(bytes, LoadOptions) -> LoadedContent`, add a line to `LOADERS`
and one to `LOADER_VERSIONS` in ingest/loader_version.py. Whoever changes a loader raises its number
there. Nothing here reads the disk or the network, runs code of a document, or unpacks archives;
old Office files are given to LibreOffice, in a temporary folder, where it is installed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from ragkit.errors import LoadError
from ragkit.loading.compound_file import compound_format
from ragkit.loading.content import LoadedContent, Loader, LoadOptions
from ragkit.loading.csv import load_csv
from ragkit.loading.detect_format import (
    COMPOUND_FILE,
    HEAD_BYTES,
    OLD_WORKBOOKS,
    ZIP_MARKS,
    refusal,
    suffix_of,
    text_format,
)
from ragkit.loading.epub import load_epub
from ragkit.loading.html import load_html
from ragkit.loading.json_xml import load_json, load_jsonl, load_xml
from ragkit.loading.mail import load_eml, load_mbox, load_msg
from ragkit.loading.notebook import load_notebook
from ragkit.loading.office.archive import zip_format
from ragkit.loading.office.docx import load_docx
from ragkit.loading.office.libreoffice import load_doc, load_ppt
from ragkit.loading.office.opendocument import load_opendocument
from ragkit.loading.office.pptx import load_pptx
from ragkit.loading.office.xls import load_xls
from ragkit.loading.office.xlsb import load_xlsb
from ragkit.loading.office.xlsx import load_xlsx
from ragkit.loading.pdf import load_pdf
from ragkit.loading.picture import load_picture, picture_format
from ragkit.loading.rtf import load_rtf
from ragkit.loading.subtitles import load_subtitles
from ragkit.loading.text import (
    load_asciidoc,
    load_latex,
    load_markdown,
    load_org,
    load_rst,
    load_text,
)
from ragkit.types import Document, Heading

__all__ = ["LOADERS", "LoadOptions", "find_loader", "load", "refusal"]

# Format -> loader. A format is also the extension that stands for it.
LOADERS: dict[str, Loader] = {
    "adoc": load_asciidoc,
    "bmp": load_picture,
    "csv": load_csv,
    "doc": load_doc,
    "docx": load_docx,
    "eml": load_eml,
    "epub": load_epub,
    "html": load_html,
    "ipynb": load_notebook,
    "jpg": load_picture,
    "json": load_json,
    "jsonl": load_jsonl,
    "mbox": load_mbox,
    "md": load_markdown,
    "msg": load_msg,
    "odp": load_opendocument,
    "ods": load_opendocument,
    "odt": load_opendocument,
    "org": load_org,
    "pdf": load_pdf,
    "png": load_picture,
    "ppt": load_ppt,
    "pptx": load_pptx,
    "rst": load_rst,
    "rtf": load_rtf,
    "srt": load_subtitles,
    "tex": load_latex,
    "tif": load_picture,
    "txt": load_text,
    "vtt": load_subtitles,
    "webp": load_picture,
    "xls": load_xls,
    "xlsb": load_xlsb,
    "xlsx": load_xlsx,
    "xml": load_xml,
}
# Further extensions of a format. Many a ".xls" is a text table.
_EXTENSIONS = {
    "adoc": ("asciidoc",),
    "csv": ("tab", "tsv", "xls"),
    "eml": ("emlx", "mht", "mhtml"),
    "html": ("htm", "xhtml"),
    "jsonl": ("ndjson",),
    "md": ("markdown", "mdown", "mdx", "mkd", "qmd", "rmd"),
    "rst": ("rest",),
    "tex": ("latex", "sty"),
    "xml": ("fodp", "fods", "fodt", "nxml", "svg"),
}
_ALIASES = {alias: name for name, aliases in _EXTENSIONS.items() for alias in aliases}
_DEFAULTS = LoadOptions()
# What no text has: control characters and lone surrogates.
_FORBIDDEN = re.compile(r"[\0-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def find_loader(data: bytes, source: str, options: LoadOptions = _DEFAULTS) -> str:
    """The key in `LOADERS` of the loader for a file's bytes; its name `source` may be misleading.

    Raises LoadError when no loader reads such files.
    """
    refused = refusal(source, data[:HEAD_BYTES], ocr=options.ocr is not None)
    if refused is not None:
        raise refused
    if picture := picture_format(data[:HEAD_BYTES]):
        return picture
    if data.startswith(COMPOUND_FILE):
        return compound_format(data)
    if data.startswith(OLD_WORKBOOKS):
        return "xls"
    if data.startswith(ZIP_MARKS):
        return zip_format(source, data, options)
    return text_format(source, data[:HEAD_BYTES], LOADERS, _ALIASES) or "txt"


def load(
    data: bytes, source: str, options: LoadOptions = _DEFAULTS, *, loader: str | None = None
) -> Document:
    """The document that a file's bytes are; `source` is its name, `loader` what `find_loader`
    says of it.

    `text` has neither control characters other than tab, line and page feed, nor lone surrogates,
    and its lines end in "\\n". The first pair of `metadata` is ("format", ...).
    Raises LoadError when there is no text to be had.
    """
    name = loader or find_loader(data, source, options)
    try:
        content = LOADERS[name](data, options)
    except RecursionError as error:
        raise LoadError(f"nested too deeply to be read as {name}") from error
    if not content.text.strip():
        raise LoadError("no text in it", outcome="skipped")
    return _document(
        content, source, data, suffix_of(source)[1:] or name if name == "txt" else name
    )


def _document(content: LoadedContent, source: str, data: bytes, format_name: str) -> Document:
    """Replaces forbidden characters one by one, so that every offset stays right."""
    return Document(
        source=source,
        text=_clean(content.text),
        sha256=hashlib.sha256(data).hexdigest(),
        page_starts=content.page_starts,
        headings=tuple(Heading(h.start, h.level, _clean(h.title)) for h in content.headings),
        media_type=content.media_type,
        notes=content.notes,
        page_labels=tuple(map(_clean, content.page_labels)),
        pages_without_text=content.pages_without_text,
        metadata=_metadata(("format", format_name), content.metadata),
        lost_characters=content.lost_characters,
        file_lines=content.file_lines,
    )


def _metadata(
    first: tuple[str, str], others: Iterable[tuple[str, str]]
) -> tuple[tuple[str, str], ...]:
    return (first, *((key, _clean(value)) for key, value in others))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub(_replacement, text) if _FORBIDDEN.search(text) else text


def _replacement(match: re.Match[str]) -> str:
    return "\ufffd" if "\ud800" <= match[0] <= "\udfff" else " "
