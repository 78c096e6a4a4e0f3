"""Which files a search is restricted to (pure)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypedDict

from ragkit.query.moments import (
    Moment,
    find_moment,
    moment_of,
    moment_of_file,
    order,
    read_moment,
    shown_moment,
)
from ragkit.retrieval.filter_expression import (
    And,
    Condition,
    FieldComparison,
    Not,
    compare,
    parse_where,
    referenced_fields,
)
from ragkit.retrieval.globs import path_pattern
from ragkit.types import FileRecord

# Where a document says when it is from, most telling first.
_DATES = ("date", "published", "modified", "created")
# The fields every file has -> what of the ledger they are read from.
_FIELDS: dict[str, tuple[str, ...]] = {
    "path": ("source",),
    "type": ("metadata",),
    "date": ("metadata", "mtime_ns"),
    "size": ("size",),
    "pages": ("pages",),
}


class FilterOptions(TypedDict, total=False):
    """Which files to search; every field may be left out, and all that are given must hold.

    path: a glob of sources: "docs/**", "*.pdf". types: formats or endings: ("pdf", "md").
    since, until: dates ("2024", "2024-03", "2024-03-05" or of `datetime`), both included, between
    which the date of a document lies: the one it states itself (date, published, modified,
    created: the first there is), else the time of its file. where: an expression on metadata in
    the grammar of `ragkit.retrieval.filter_expression`: 'author = "Kim" and tags has contract'.
    """

    path: str | None
    types: Collection[str]
    since: str | date | None
    until: str | date | None
    where: str | None


def filter_options(options: FilterOptions) -> FilterOptions:
    """Of options with further fields those that are filters."""
    picked = FilterOptions()
    for name in ("path", "types", "since", "until", "where"):
        if name in options:
            picked[name] = options[name]
    return picked


@dataclass(frozen=True, slots=True)
class Filters:
    """What a file must be, all at once; a field that is empty asks for nothing."""

    path: re.Pattern[str] | None = None
    types: frozenset[str] = frozenset()
    since: Moment | None = None
    until: Moment | None = None
    where: Condition | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The fields of a `FileRecord` that are looked at; ("source",) when the path is all."""
        needed = {"source"}
        if self.types:
            needed.add("metadata")
        if self.since or self.until:
            needed.update(_FIELDS["date"])
        for name in referenced_fields(self.where) if self.where else ():
            needed.update(_FIELDS.get(name, ()), ("metadata",))
        return tuple(sorted(needed))

    def filter_sources(self, sources: Iterable[str]) -> list[str]:
        """Those sources that have the right path."""
        if self.path is None:
            return list(sources)
        fits = self.path.fullmatch
        return [source for source in sources if fits(source)]

    def matches(self, record: FileRecord) -> bool:
        """Whether a file is what was asked for. Of the record only `columns` are looked at."""
        if self.path is not None and not self.path.fullmatch(record.source):
            return False
        if self.types and not self.types.intersection(map(str.lower, document_types(record))):
            return False
        if self.since or self.until:
            moment = document_date(record)
            if moment is None:
                return False
            if self.since and order(moment, self.since) < 0:
                return False
            if self.until and order(moment, self.until) > 0:
                return False
        return self.where is None or _holds(self.where, record)


def read_filters(
    *,
    path: str | None = None,
    types: Collection[str] = (),
    since: str | date | None = None,
    until: str | date | None = None,
    where: str | None = None,
) -> Filters | None:
    """The filters that a person asked for; None for none at all.

    `path` is a glob, `types` are formats or endings ("pdf", "md"), `since` and `until` dates in
    ISO order, both included, `where` is an expression.

    Raises `ValueError` for a bad glob or date, `FilterError` for a bad expression.
    """
    if isinstance(types, str):
        types = [types]
    wanted = frozenset(name.strip().lower().lstrip(".") for name in types)
    if "" in wanted:
        raise ValueError("a type is the format of a file, such as pdf or md")
    filters = Filters(
        path=None if path is None else path_pattern(path),
        types=wanted,
        since=_bound(since),
        until=_bound(until),
        where=None if where is None else parse_where(where),
    )
    return None if filters == Filters() else filters


def document_date(record: FileRecord) -> Moment | None:
    """When a document is from: the date it states itself (its metadata's date, published,
    modified or created, the first that can be read), else the time of its file."""
    stated = dict(reversed(record.metadata))
    for key in _DATES:
        if key in stated and (moment := find_moment(stated[key])) is not None:
            return moment
    return moment_of_file(record.mtime_ns)


def document_types(record: FileRecord) -> Sequence[str]:
    """What a file's type may be called: the format it was read as, and how its name ends."""
    name = record.source.rpartition("/")[2]
    ending = [name.rpartition(".")[2]] if "." in name[1:] else []
    return [value for key, value in record.metadata if key == "format"][:1] + ending


def field_values(record: FileRecord, field: str) -> list[str]:
    """All that a file says under the name of a field: of its metadata, and for path, type, date,
    size and pages what is known of every file. Empty when it says nothing."""
    if field == "date":
        moment = document_date(record)
        return [] if moment is None else [shown_moment(moment)]
    stated = [value for key, value in record.metadata if key.lower() == field]
    if field == "path":
        return [record.source, *stated]
    if field == "type":
        return [*document_types(record), *stated]
    return [str(getattr(record, field)), *stated] if field in _FIELDS else stated


def _holds(condition: Condition, record: FileRecord) -> bool:
    if isinstance(condition, FieldComparison):
        values = field_values(record, condition.field)
        return any(compare(value, condition.operator, condition.value) for value in values)
    if isinstance(condition, Not):
        return not _holds(condition.inner, record)
    parts = (_holds(part, record) for part in condition.parts)
    return all(parts) if isinstance(condition, And) else any(parts)


def _bound(value: str | date | None) -> Moment | None:
    if value is None:
        return None
    moment = moment_of(value) if isinstance(value, date) else read_moment(value)
    if moment is None:
        raise ValueError(f"{value!r} is no date; write 2024, 2024-03 or 2024-03-05")
    return moment
