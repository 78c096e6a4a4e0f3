"""Text and markup, stored as written, so that line numbers are the file's own; front matter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

from ragkit.loading.content import LoadedContent, LoadOptions
from ragkit.loading.headings import (
    asciidoc_headings,
    latex_headings,
    markdown_headings,
    org_headings,
    rst_headings,
)
from ragkit.loading.text_encoding import decode
from ragkit.types import Heading

_BLOCK = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_ENTRY = re.compile(r"^([^\W\d][\w .-]{0,60}?)[ \t]*:(?:[ \t]+(.*))?$", re.MULTILINE)
_BLOCK_CHARACTERS, _PAIRS, _VALUE_CHARACTERS = 65536, 40, 1000
_NAMES = {
    "authors": "author",
    "by": "author",
    "tag": "tags",
    "keywords": "tags",
    "created_at": "created",
    "last_modified": "modified",
    "updated": "modified",
}


def _verbatim(
    data: bytes,
    _options: LoadOptions,
    *,
    media_type: str,
    headings: Callable[[str], tuple[Heading, ...]],
) -> LoadedContent:
    decoded = decode(data, declared=True)
    return LoadedContent(
        decoded.text,
        headings=headings(decoded.text),
        media_type=media_type,
        notes=(decoded.note,) if decoded.note else (),
    )


# Any text: source code, configuration, notes, logs.
load_text = partial(_verbatim, media_type="text/plain", headings=lambda _: ())
load_rst = partial(_verbatim, media_type="text/x-rst", headings=rst_headings)
load_asciidoc = partial(_verbatim, media_type="text/asciidoc", headings=asciidoc_headings)
load_org = partial(_verbatim, media_type="text/org", headings=org_headings)
load_latex = partial(_verbatim, media_type="text/x-tex", headings=latex_headings)


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


def front_matter(text: str) -> tuple[tuple[tuple[str, str], ...], int]:
    """(key, value) pairs of the block between two `---` lines, and where the text after it begins.

    Keys are in lower case; a key inside another is joined to it by ".". All values are text as it
    is written; lists are joined by ", ", empty values left out. Of a block that is not valid YAML,
    or has aliases, only the lines `key: value` are read. No block: no pairs, 0.
    """
    match = _BLOCK.match(text[:_BLOCK_CHARACTERS]) if text.startswith("---") else None
    if match is None or not _looks_like_yaml(match[1]):
        return (), 0
    values: dict[str, list[str]] = {}
    for key, value in _read(match[1]):
        if value not in ("", "~", "null"):
            values.setdefault(key, []).append(value)
    pairs = tuple(
        (".".join([_NAMES.get(first, first), *others]), ", ".join(found)[:_VALUE_CHARACTERS])
        for (first, *others), found in ((key.split("."), found) for key, found in values.items())
    )
    return pairs[:_PAIRS], match.end()


def _looks_like_yaml(block: str) -> bool:
    # A text may open with a rule; then the next `---` is one as well, or underlines a heading.
    first = next((line for line in block.splitlines() if line.strip()), "")
    return not first or first.startswith("#") or _ENTRY.match(first) is not None


def _read(block: str) -> list[tuple[str, str]]:
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # twenty times as fast, where built
    try:
        # A few aliases of aliases can stand for billions of values.
        events = yaml.parse(block, Loader=loader) if "*" in block else ()
        if not any(isinstance(event, yaml.AliasEvent) for event in events):
            return list(_flatten(yaml.load(block, Loader=loader), ""))  # noqa: S506
    except (yaml.YAMLError, RecursionError, UnicodeError):
        pass  # people write `title: Plan B: the budget`
    return [(key.lower(), _unquote(value)) for key, value in _ENTRY.findall(block)]


def _flatten(value: object, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flatten(inner, f"{key}.{name}"[:200].strip(".").lower())
    elif isinstance(value, list):
        for inner in value:
            yield from _flatten(inner, key)
    elif key:
        yield key, " ".join(str(value).split())


def _unquote(value: str) -> str:
    value = value.strip()
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] in "\"'" else value
