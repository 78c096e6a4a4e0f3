"""Binary workbooks (.xlsb) -> one page a sheet, rows as Markdown tables."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ragkit.errors import LoadError
from ragkit.loading.content import LoadedContent, LoadOptions, MarkdownWriter
from ragkit.loading.office import xlsb_process
from ragkit.loading.office.archive import GuardedZip, dublin_core
from ragkit.loading.office.libreoffice import Conversion, load_converted
from ragkit.loading.office.number_format import format_cell
from ragkit.loading.office.spreadsheet import write_grid
from ragkit.loading.office.xlsx import load_xlsx
from ragkit.programs import run_program

_WORKBOOK = Conversion(
    "a binary workbook that cannot be read as it is", "xlsx", "Calc MS Excel 2007 XML", load_xlsx
)


def load_xlsb(data: bytes, options: LoadOptions) -> LoadedContent:
    """A workbook, its pages labelled "sheet NAME", hidden ones "sheet NAME (hidden)". Dates and
    values are read, other number formats are not. What python-calamine cannot read is converted
    by LibreOffice where it is installed.

    Raises LoadError: skipped when neither reads it, failed when it is damaged or too large.
    """
    archive = GuardedZip(data, options)
    for name in archive.names:  # none unpacks to more than is allowed
        archive.read(name)
    lines = _lines(data, options) if sys.executable else []
    if not lines:
        return load_converted(data, options, "xlsb", _WORKBOOK)
    writer = MarkdownWriter()
    notes = list(_write(lines, writer))
    metadata = dublin_core(archive.xml("docProps/core.xml"))
    return writer.content(metadata=metadata, notes=notes)


def _lines(data: bytes, options: LoadOptions) -> list[str]:
    """What the process wrote, as far as it came; a last line that is cut is left out."""
    with tempfile.TemporaryDirectory(prefix="ragkit-", ignore_cleanup_errors=True) as folder:
        source, target = Path(folder, "book.xlsb"), Path(folder, "rows")
        source.write_bytes(data)
        command = [sys.executable, "-I", xlsb_process.__file__, str(source), str(target)]
        paths = [entry for entry in sys.path if entry]
        try:
            code = run_program(
                [*command, str(options.table_cells), *paths], folder, options.convert_seconds, {}
            )
        except TimeoutError as error:
            raise LoadError(f"reading it {error}; save it as .xlsx to index it") from error
        if not target.exists() or target.stat().st_size > options.total_bytes:
            return []
        *lines, rest = target.read_text(encoding="utf-8", errors="replace").split("\n")
    return lines if code == 0 and not rest else [*lines, "null"] if lines else []


def _write(lines: list[str], writer: MarkdownWriter) -> Iterator[str]:
    """Writes the sheets, and yields a note for each that was not read whole."""
    sheets: list[tuple[str, bool, list[list[str]]]] = []
    for line in lines:
        found = json.loads(line)
        if isinstance(found, list):
            sheets.append((found[0], found[1], []))
        elif found:
            sheets[-1][2].append([format_cell(value, "") for value in found["cells"]])
        elif found is None:
            yield f"sheet {sheets[-1][0]} is damaged: not all of it was read"
        else:
            yield f"sheet {sheets[-1][0]}: only the first {len(sheets[-1][2]):,} rows were read"
    for name, hidden, rows in sheets:
        writer.page(f"sheet {name}{' (hidden)' if hidden else ''}")
        write_grid(writer, name, rows)
