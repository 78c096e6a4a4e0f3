"""An expected file as a person names it -> what the index knows of it before a search."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from ragkit.discovery.local_files import source_of
from ragkit.discovery.walk import NEVER
from ragkit.errors import RagkitError
from ragkit.explain.report import ExpectedFile
from ragkit.retrieval.filters import FilterOptions, format_filter, read_filters
from ragkit.types import FileRecord

_SHOWN = 5


def resolve_expected_file(
    named: str,
    records: Sequence[FileRecord],
    filters: FilterOptions,
    *,
    base: Path,
    explain_not_indexed: Callable[[str], str],
) -> ExpectedFile:
    """The file that `named` means: a source, a path, or the end of one.

    `explain_not_indexed` is asked about a file that the ledger does not have.

    Raises `RagkitError` when it means several.
    """
    known = {record.source: record for record in records}
    source = _meant(named, known, base)
    record = known.get(source)
    if record is None:
        return ExpectedFile(source, None, not_indexed_reason=explain_not_indexed(source))
    failing = []
    for name, value in filters.items():
        alone = read_filters(**cast(FilterOptions, {name: value}))
        if alone is not None and not alone.matches(record):
            failing.append(format_filter(name, value))
    return ExpectedFile(source, record, failing=tuple(failing))


def explain_not_indexed(
    source: str, base: Path, roots: Sequence[str], plan: Callable[[], dict[str, list[str]]]
) -> str:
    """Why a file has no row in the ledger. `plan` says what an update would look at."""
    folders = ", ".join(roots) or "none"
    if (base / source).is_dir():
        return "it is a folder; name a file"
    if not (base / source).exists():
        return f"there is no such file; the indexed folders are: {folders}"
    inside = any(root == "." or f"{source}/".startswith(f"{root}/") for root in roots)
    if not inside:
        return f"it lies in none of the indexed folders ({folders}); run: ragkit index {source}"
    if any(source in sources for sources in plan().values()):
        return "it was not there when the index was brought up to date; run: ragkit index"
    names = source.split("/")
    if never := NEVER.intersection(names[:-1]):
        return f"it is left out: folders called {min(never)} are never indexed"
    if any(name.startswith(".") for name in names):
        return "it is left out: hidden, because a name begins with a dot; --hidden takes it in"
    return "it is left out: named by .gitignore or .ragkitignore"


def _meant(named: str, known: dict[str, FileRecord], base: Path) -> str:
    if named in known:
        return named
    path = Path(named).expanduser()
    source = source_of(Path(os.path.abspath(path)), base)
    if source in known:
        return source
    ending = "/" + named.removeprefix("./").lstrip("/")
    fits = [one for one in known if one.endswith(ending)]
    if len(fits) > 1:
        shown = ", ".join(fits[:_SHOWN]) + (", ..." if len(fits) > _SHOWN else "")
        raise RagkitError(f"{len(fits)} files are called {named}: {shown}; name one of them")
    return fits[0] if fits else source
