"""The file that a search should find: its row in the index, or why it has none."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

from ragkit.discovery.left_out import is_hidden
from ragkit.discovery.local_files import disk_spelling, source_of
from ragkit.discovery.walk import NEVER
from ragkit.errors import RagkitError
from ragkit.explain.trace import ExpectedFile
from ragkit.retrieval.filters import FilterOptions, format_filter, read_filters
from ragkit.types import FileRecord

_MAX_NAMES = 5


def resolve_expected_file(
    name: str,
    records: Sequence[FileRecord],
    filters: FilterOptions,
    *,
    base: Path,
    explain_not_indexed: Callable[[str], str],
) -> ExpectedFile:
    """The file called `name`: a source, a path, or the end of one.

    `explain_not_indexed` gives the reason for a file that is not among `records`.

    Raises `RagkitError` when several files are called so.
    """
    by_source = {record.source: record for record in records}
    source = _find_source(name, by_source, base)
    record = by_source.get(source)
    if record is None:
        return ExpectedFile(source, None, not_indexed_reason=explain_not_indexed(source))
    failing = []
    for option, value in filters.items():
        alone = read_filters(**cast(FilterOptions, {option: value}))
        if alone is not None and not alone.for_sources(by_source).matches(record):
            failing.append(format_filter(option, value))
    return ExpectedFile(source, record, failing=tuple(failing))


def explain_not_indexed(
    source: str, base: Path, roots: Sequence[str], plan: Callable[[], dict[str, list[str]]]
) -> str:
    """Why a file has no row in the index. `plan` gives the files that an update would read."""
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
    if any(map(is_hidden, names)):
        return "it is left out: hidden, because a name begins with a dot; --hidden takes it in"
    return "it is left out: named by .gitignore or .ragkitignore"


def _find_source(name: str, by_source: Mapping[str, FileRecord], base: Path) -> str:
    if name in by_source:
        return name
    path = disk_spelling(Path(os.path.abspath(Path(name).expanduser())))
    source = source_of(path, base)
    if source in by_source:
        return source
    ending = "/" + _composed(name).removeprefix("./").lstrip("/")
    matches = [one for one in by_source if f"/{_composed(one)}".endswith(ending)]
    whole = [one for one in matches if f"/{_composed(one)}" == ending]
    matches = whole or matches
    if len(matches) > 1:
        first = ", ".join(matches[:_MAX_NAMES]) + (", ..." if len(matches) > _MAX_NAMES else "")
        raise RagkitError(f"{len(matches)} files are called {name}: {first}; name one of them")
    return matches[0] if matches else source


def _composed(name: str) -> str:
    """A name in the form of Unicode that keyboards write."""
    return unicodedata.normalize("NFC", name)
