"""The metadata block at the top of a Markdown file, by PyYAML."""

from __future__ import annotations

import re
from collections.abc import Iterator

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
