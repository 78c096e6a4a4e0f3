"""Jupyter notebooks -> one page a cell: Markdown, code in fences, text outputs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ragkit.errors import LoadError
from ragkit.loading.content import LoadedContent, LoadOptions, MarkdownWriter
from ragkit.loading.headings import markdown_headings
from ragkit.loading.text_encoding import decode

# Outputs are quoted to this length; progress bars and dumps go on for megabytes.
_OUTPUT_CHARACTERS = 2000
_TERMINAL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_DATA_ADDRESS = re.compile(r"\(data:[a-z]+/[^)\s]{100,}\)")


def load_notebook(data: bytes, _options: LoadOptions) -> LoadedContent:
    """A notebook, its pages labelled "cell 1", "cell 2", ...; pictures are left out.

    Raises LoadError when it is not valid JSON, or no notebook.
    """
    try:
        notebook = json.loads(decode(data).text)
    except ValueError as error:
        raise LoadError("damaged notebook: it is not valid JSON") from error
    if not isinstance(notebook, dict):
        raise LoadError("damaged notebook: it has no cells")
    information = _dict(notebook.get("metadata"))
    language = str(_dict(information.get("kernelspec")).get("language") or "")
    language = language or str(_dict(information.get("language_info")).get("name") or "python")
    writer = MarkdownWriter()
    lost = 0
    for number, cell in enumerate(_cells(notebook), 1):
        if _is_filled(cell):
            writer.page(f"cell {number}")
            lost += _write_cell(cell, language, writer)
    title = str(information.get("title") or "")
    note = f"of long outputs only the first {_OUTPUT_CHARACTERS:,} characters are indexed"
    return writer.content(
        metadata=[("title", title)], notes=[note] if lost else (), lost_characters=lost
    )


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _cells(notebook: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All cells; before version 4 of the format they stood in worksheets."""
    for holder in (notebook, *_list(notebook.get("worksheets"))):
        for cell in _list(_dict(holder).get("cells")):
            if isinstance(cell, dict):
                yield cell


def _joined(value: object) -> str:
    """Text is stored as a string or as a list of lines."""
    return "".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _source(cell: dict[str, Any]) -> str:
    return _joined(cell.get("source", cell.get("input")))


def _is_filled(cell: dict[str, Any]) -> bool:
    return bool(_source(cell).strip() or _list(cell.get("outputs")))


def _write_cell(cell: dict[str, Any], language: str, writer: MarkdownWriter) -> int:
    """Writes a cell; the number of non-blank characters of its outputs that are left out."""
    lost = 0
    source = _source(cell)
    kind = cell.get("cell_type")
    if kind == "code":
        writer.code(source, str(cell.get("language") or language))
        for output in _list(cell.get("outputs")):
            text = _settled(_output(_dict(output)))
            rest = text[_OUTPUT_CHARACTERS:]
            writer.code(text[:_OUTPUT_CHARACTERS] + (" ..." if rest else ""), "output")
            lost += sum(map(len, rest.split()))
    elif kind == "heading":  # version 3
        level = cell.get("level")
        writer.heading(level if isinstance(level, int) else 1, source)
    elif kind == "markdown":
        source = _DATA_ADDRESS.sub("()", source)
        writer.markdown(source, markdown_headings(source))
    else:
        writer.code(source)
    return lost


def _output(output: dict[str, Any]) -> str:
    if output.get("output_type") in ("error", "pyerr"):
        return f"{output.get('ename')}: {_joined(output.get('evalue'))}"
    data = _dict(output.get("data"))
    for key in ("text/markdown", "text/plain", "text/latex"):
        if key in data:
            return _joined(data[key])
    return _joined(output.get("text"))


def _settled(text: str) -> str:
    """An output as a terminal shows it in the end: of lines that overwrite each other, the last."""
    lines = (line.rsplit("\r", 1)[-1] for line in text.replace("\r\n", "\n").split("\n"))
    return _TERMINAL.sub("", "\n".join(lines))
