"""Why no file passes the filters of a search (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import cast

from ragkit.query.moments import shown_moment
from ragkit.retrieval.filter_expression import referenced_fields
from ragkit.retrieval.filters import (
    FilterOptions,
    Filters,
    document_date,
    document_types,
    field_values,
    read_filters,
)
from ragkit.types import FileRecord

_MOST_NAMES = 12


def explain_no_match(options: FilterOptions, records: Sequence[FileRecord]) -> str:
    """What a person should change in the filters, in one sentence; "" when a file passes them or
    there are no files. `records` are rows of the ledger with all their fields."""
    files = [record for record in records if record.chunks]
    whole = read_filters(**options)
    if whole is None or not files or any(map(whole.matches, files)):
        return ""
    passing: dict[str, int] = {}
    for name in options:
        alone = read_filters(**{name: options[name]})  # type: ignore[literal-required]
        if alone is not None:
            passing[name] = sum(map(alone.matches, files))
            if not passing[name]:
                shown = format_filter(name, options[name])  # type: ignore[literal-required]
                hint = _hint(name, alone, files)
                return f"none of the {len(files)} files passes {shown}{hint}"
    counts = ", ".join(f"{count} {name}" for name, count in passing.items())
    return f"no file passes all the filters at once; of {len(files)} files pass alone: {counts}"


def format_filter(name: str, value: object) -> str:
    """`path='docs/**'`, `types='pdf md'`"""
    words = [value] if isinstance(value, str | date) else cast(Iterable[object], value)
    return f"{name}={' '.join(map(str, words))!r}"


def _hint(name: str, alone: Filters, files: Sequence[FileRecord]) -> str:
    """What the files do have where nothing passes."""
    if name == "path":
        return f"; sources are written like {min(file.source for file in files)}"
    if name == "types":
        suffixes = Counter(types[0] for file in files if (types := document_types(file)))
        return f"; there are {_most(suffixes)}"
    if name in ("since", "until"):
        days = sorted(moment[:3] for file in files if (moment := document_date(file)) is not None)
        if not days:
            return "; none of them has a date"
        return f"; their dates lie between {shown_moment(days[0])} and {shown_moment(days[-1])}"
    fields = referenced_fields(alone.where) if alone.where else frozenset()
    unsaid = sorted(f for f in fields if not any(field_values(file, f) for file in files))
    if not unsaid:
        return ""
    said = Counter(key.lower() for file in files for key in dict(file.metadata))
    return f"; none of them says anything about {', '.join(unsaid)}: they have {_most(said)}"


def _most(counts: Counter[str]) -> str:
    """`md (12), pdf (3)`, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    more = ", ..." if len(ordered) > _MOST_NAMES else ""
    return ", ".join(f"{name} ({count})" for name, count in ordered[:_MOST_NAMES]) + more
