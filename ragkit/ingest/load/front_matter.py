"""The metadata block at the top of a Markdown file: the small part of YAML that people write."""

from __future__ import annotations

import re

_BLOCK = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_ENTRY = re.compile(r"([A-Za-z_][\w .-]{0,60}?)[ \t]*:(?:[ \t]+(.*))?$")
_ITEM = re.compile(r"[ \t]*-[ \t]+(.*)$")
_LIMIT = 65536
_NAMES = {
    "authors": "author",
    "by": "author",
    "tag": "tags",
    "keywords": "tags",
    "categories": "categories",
    "created_at": "created",
    "last_modified": "modified",
    "updated": "modified",
}


def front_matter(text: str) -> tuple[tuple[tuple[str, str], ...], int]:
    """(key, value) pairs of the block between two `---` lines, and where the text after it begins.

    Reads `key: value`, `[a, b]` and `- item` lists and quoted values; lists are joined by ", ".
    Nested maps and anything else of YAML is left out. No block: no pairs, 0.
    """
    if not text.startswith("---"):
        return (), 0
    match = _BLOCK.match(text[:_LIMIT])
    if match is None or not _looks_like_yaml(match[1]):
        return (), 0
    values: dict[str, list[str]] = {}
    key = ""
    for line in match[1].splitlines():
        if entry := _ENTRY.match(line):
            key = entry[1].strip().lower()
            values[key] = _values((entry[2] or "").strip())
        elif key and (item := _ITEM.match(line)):
            values[key].append(_unquoted(item[1].strip()))
        elif key and line[:1] in (" ", "\t") and values[key] and ":" not in line:
            values[key][-1] = f"{values[key][-1]} {line.strip()}".strip()
    pairs = tuple(
        (_NAMES.get(key, key), ", ".join(filter(None, found))[:1000])
        for key, found in list(values.items())[:40]
        if any(found)
    )
    return pairs, match.end()


def _looks_like_yaml(block: str) -> bool:
    # A text may open with a rule; then the next `---` is one as well, or underlines a heading.
    first = next((line for line in block.splitlines() if line.strip()), "")
    return not first or first.startswith("#") or _ENTRY.match(first) is not None


def _values(value: str) -> list[str]:
    if value.startswith("[") and value.endswith("]"):
        return [_unquoted(part.strip()) for part in _split_list(value[1:-1])]
    if value in ("", "|", ">", "|-", ">-", "~", "null"):
        return [] if value != "|" and value != ">" else [""]
    return [_unquoted(value)]


def _split_list(inner: str) -> list[str]:
    return re.findall(r"\"[^\"]*\"|'[^']*'|[^,\"'][^,]*", inner)


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1].strip()
    return re.split(r"\s#", value, maxsplit=1)[0].strip()
