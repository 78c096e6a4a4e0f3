"""The filters of a search: which files pass them, and why none does (pure)."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypedDict, cast

from ragkit.language.dates import (
    PartialDateTime,
    compare_dates,
    format_date,
    from_datetime,
    from_mtime,
    parse_date,
    parse_iso_date,
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
from ragkit.types import FileRecord

_WILD = re.compile(r"[*?[]")
# Metadata with the date of a document, the first that is there counts.
_DATES = ("date", "published", "modified", "created")
# The fields that every file has -> the columns of the file table they are computed from.
_FIELDS: dict[str, tuple[str, ...]] = {
    "path": ("source",),
    "type": ("metadata",),
    "date": ("metadata", "mtime_ns"),
    "size": ("size",),
    "pages": ("pages",),
}


class FilterOptions(TypedDict, total=False):
    """Which files to search; every field may be left out, and all that are given must hold.

    path: the name of a file, else a glob of sources: "docs/**", "*.pdf". types: formats or
    endings: ("pdf", "md").
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


@dataclass(frozen=True, slots=True)
class PathFilter:
    """Sources by a glob, in whatever form of Unicode. `literal` matches those that are called as
    the glob is written; None where that is the same."""

    glob: re.Pattern[str]
    literal: re.Pattern[str] | None = None

    def matches(self, source: str) -> bool:
        """Whether a source fits the glob or is called so."""
        name = source if source.isascii() else unicodedata.normalize("NFC", source)
        return any(one.fullmatch(name) for one in (self.glob, self.literal) if one is not None)


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions that a file must all meet; an empty one is always met."""

    path: PathFilter | None = None
    types: frozenset[str] = frozenset()
    since: PartialDateTime | None = None
    until: PartialDateTime | None = None
    where: Condition | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The fields of a `FileRecord` that `matches` needs; ("source",) for a path alone."""
        columns = {"source"}
        if self.types:
            columns.add("metadata")
        if self.since or self.until:
            columns.update(_FIELDS["date"])
        for name in referenced_fields(self.where) if self.where else ():
            columns.update(_FIELDS.get(name, ()), ("metadata",))
        return tuple(sorted(columns))

    def for_sources(self, sources: Iterable[str]) -> Filters:
        """These filters for an index with these files: a path that one of them is called names
        that, not what it would match as a glob."""
        if self.path is None or self.path.literal is None:
            return self
        literal = PathFilter(self.path.literal)
        return replace(self, path=literal) if any(map(literal.matches, sources)) else self

    def filter_sources(self, sources: Iterable[str]) -> list[str]:
        """The sources whose path passes."""
        sources = list(sources)
        path = self.for_sources(sources).path
        return sources if path is None else list(filter(path.matches, sources))

    def matches(self, record: FileRecord) -> bool:
        """Whether a file passes. Only `columns` of the record are read."""
        if self.path is not None and not self.path.matches(record.source):
            return False
        if self.types and not self.types.intersection(map(str.lower, document_types(record))):
            return False
        if self.since or self.until:
            when = document_date(record)
            if when is None:
                return False
            if self.since and compare_dates(when, self.since) < 0:
                return False
            if self.until and compare_dates(when, self.until) > 0:
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
    """The filters that options stand for; None when they restrict nothing.

    `path` is a glob, `types` are formats or endings ("pdf", "md"), `since` and `until` dates in
    ISO order, both included, `where` is an expression.

    Raises `ValueError` for a bad glob or date, `FilterError` for a bad expression.
    """
    if isinstance(types, str):
        types = [types]
    formats = frozenset(name.strip().lower().lstrip(".") for name in types)
    if "" in formats:
        raise ValueError("a type is the format of a file, such as pdf or md")
    filters = Filters(
        path=None if path is None else compile_path_filter(path),
        types=formats,
        since=_bound(since),
        until=_bound(until),
        where=None if where is None else parse_where(where),
    )
    return None if filters == Filters() else filters


def compile_path_filter(glob: str) -> PathFilter:
    """The sources that a glob names, in the syntax of .gitignore: `*` within a folder, `**` for
    any folders, `?`, `[a-z]`, `[!a-z]`.

    A glob without a slash is compared with the names of the file and of its folders ("*.pdf"), one
    with a slash ("./*.pdf", too) with the whole source; what names a folder names all below it. A
    backslash and a bracket that is not closed stand for themselves.

    Raises `ValueError` for an empty glob.
    """
    from ragkit.discovery.gitignore_pattern import parse_pattern  # most searches have no glob

    glob = unicodedata.normalize("NFC", glob)
    text = glob.removeprefix("./")
    if not text.rstrip("/"):
        raise ValueError(f"the glob {glob!r} names nothing; write '**' for all files")
    start = "" if "/" in text or text != glob else "(?:.*/)?"
    text = ("/" if not start else "**/") + text.rstrip("/").replace("\\", r"\\")
    pattern = parse_pattern(text) or parse_pattern(text.replace("[", r"\["))
    if pattern is None:
        raise ValueError(f"the glob {glob!r} cannot be read")
    below = "/.*" if glob.endswith("/") else "(?:/.*)?"
    literal = start + re.escape(glob.removeprefix("./").rstrip("/")) + below
    return PathFilter(
        re.compile(pattern.regex + below, re.DOTALL),
        re.compile(literal, re.DOTALL) if _WILD.search(text) else None,
    )


def glob_from(glob: str, here: str, base: str, sources: Callable[[], Iterable[str]]) -> str:
    """A glob as a person means it who stands in the folder `here`: relative to that where it then
    names one of `sources`, else as it is, relative to the folder `base` of the index.

    `./x`, `../x` and `/x` are always taken from where one stands. A pattern of names, such as
    "*.pdf", means files in all folders. Both folders are absolute and real, with "/" between names.
    """
    explicit = glob.startswith(("./", "../", "/")) or glob in (".", "..")
    name_pattern = "/" not in glob.rstrip("/") and re.search(r"[*?]", glob) is not None
    if not explicit and (here == base or name_pattern):
        return glob
    if not glob.startswith("/"):
        here, base = (_WILD.sub(r"[\g<0>]", folder) for folder in (here, base))
    path = posixpath.normpath(posixpath.join(here, glob))
    inside = path.removeprefix(base.rstrip("/") + "/")
    if f"{base}/".startswith(path.rstrip("/") + "/"):
        found = "**"
    else:
        found = inside if "/" in inside else f"./{inside}"
        found += "/" * glob.endswith("/")
    filters = Filters(path=compile_path_filter(found))
    return found if explicit or filters.filter_sources(sources()) else glob


def document_date(record: FileRecord) -> PartialDateTime | None:
    """The date of a document: that of its metadata (date, published, modified or created, the
    first that can be read), else the time of its file."""
    stated = dict(reversed(record.metadata))
    for key in _DATES:
        if key in stated and (when := parse_date(stated[key])) is not None:
            return when
    return from_mtime(record.mtime_ns)


def document_types(record: FileRecord) -> Sequence[str]:
    """The names of a file's type: the format it was read as, and the suffix of its name."""
    name = record.source.rpartition("/")[2]
    ending = [name.rpartition(".")[2]] if "." in name[1:] else []
    return [value for key, value in record.metadata if key == "format"][:1] + ending


def field_values(record: FileRecord, field: str) -> list[str]:
    """The values that a file has for a field: those of its metadata, and for path, type, date, size
    and pages the one that every file has. Empty for none."""
    if field == "date":
        when = document_date(record)
        return [] if when is None else [format_date(when)]
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


def _bound(value: str | date | None) -> PartialDateTime | None:
    if value is None:
        return None
    when = from_datetime(value) if isinstance(value, date) else parse_iso_date(value)
    if when is None:
        raise ValueError(f"{value!r} is no date; write 2024, 2024-03 or 2024-03-05")
    return when


_MAX_NAMES = 12


def explain_no_match(options: FilterOptions, records: Sequence[FileRecord]) -> str:
    """Why no file passes the filters, in one sentence; "" when a file does or there are no files.
    `records` have all their fields."""
    files = [record for record in records if record.chunks]
    filters = read_filters(**options)
    if filters is None or not files:
        return ""
    sources = [file.source for file in files]
    if any(map(filters.for_sources(sources).matches, files)):
        return ""
    passing: dict[str, int] = {}
    for name in options:
        alone = read_filters(**{name: options[name]})  # type: ignore[literal-required]
        if alone is not None:
            alone = alone.for_sources(sources)
            passing[name] = sum(map(alone.matches, files))
            if not passing[name]:
                option = format_filter(name, options[name])  # type: ignore[literal-required]
                return f"none of the {len(files)} files passes {option}{_hint(name, alone, files)}"
    counts = ", ".join(f"{count} {name}" for name, count in passing.items())
    return f"no file passes all the filters at once; of {len(files)} files pass alone: {counts}"


def format_filter(name: str, value: object) -> str:
    """`path='docs/**'`, `types='pdf md'`"""
    words = [value] if isinstance(value, str | date) else cast(Iterable[object], value)
    return f"{name}={' '.join(map(str, words))!r}"


def _hint(name: str, alone: Filters, files: Sequence[FileRecord]) -> str:
    """What the files have instead."""
    if name == "path":
        return f"; sources are written like {min(file.source for file in files)}"
    if name == "types":
        suffixes = Counter(types[0] for file in files if (types := document_types(file)))
        return f"; there are {_most(suffixes)}"
    if name in ("since", "until"):
        days = sorted(when[:3] for file in files if (when := document_date(file)) is not None)
        if not days:
            return "; none of them has a date"
        return f"; their dates lie between {format_date(days[0])} and {format_date(days[-1])}"
    fields = referenced_fields(alone.where) if alone.where else frozenset()
    absent = sorted(f for f in fields if not any(field_values(file, f) for file in files))
    if not absent:
        return ""
    stated = Counter(key.lower() for file in files for key in dict(file.metadata))
    return f"; none of them says anything about {', '.join(absent)}: they have {_most(stated)}"


def _most(counts: Counter[str]) -> str:
    """`md (12), pdf (3)`, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    more = ", ..." if len(ordered) > _MAX_NAMES else ""
    return ", ".join(f"{name} ({count})" for name, count in ordered[:_MAX_NAMES]) + more
