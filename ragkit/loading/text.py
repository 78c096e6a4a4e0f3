"""Text and markup, stored as written, so that line numbers are the file's own; front matter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import accumulate

from ragkit.errors import LoadError
from ragkit.loading.content import LoadedContent, LoadOptions
from ragkit.loading.detect_format import HEAD_BYTES, ZIP_MARKS, refusal
from ragkit.loading.encoded_data import decode_block, without_encoded_data
from ragkit.loading.headings import (
    asciidoc_headings,
    latex_headings,
    markdown_headings,
    org_headings,
    rst_headings,
)
from ragkit.loading.terminal import terminal_text
from ragkit.loading.text_encoding import decode
from ragkit.types import Heading

_ENCODED = "encoded data (base64, hexadecimal or the like)"
_SURELY_ENCODED_BYTES = 150
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
    read = _read_text(data, declared=True)
    return replace(read, headings=headings(read.text), media_type=media_type)


def _read_text(data: bytes, *, declared: bool) -> LoadedContent:
    """The text of a file as a person would read it: see `terminal_text`, `without_encoded_data`.

    Raises LoadError for one block of encoded data that holds no text.
    """
    block = decode_block(data)
    if block is not None and (holds := _decoded_block(*block)) is not None:
        return holds
    decoded = decode(data, declared=declared, returns=True)
    shown = terminal_text(decoded.text)
    notes = [decoded.note] if decoded.note else []
    if shown.overwritten:
        notes.append(f"{shown.overwritten:,} states of progress bars left out")
    kept = without_encoded_data(shown.text)
    if kept is None:
        return LoadedContent(shown.text, notes=tuple(notes), file_lines=shown.file_lines)
    if not any(map(str.strip, kept.lines)):
        raise LoadError(f"{_ENCODED}: decode it to index what it holds", outcome="skipped")
    notes.append(f"{kept.lost_characters:,} characters of {_ENCODED} left out")
    lines = shown.file_lines
    return LoadedContent(
        "\n".join(kept.lines),
        notes=tuple(notes),
        lost_characters=kept.lost_characters,
        file_lines=tuple(lines[number - 1] if lines else number for number in kept.numbers),
    )


def _decoded_block(data: bytes, line_of: Callable[[int], int]) -> LoadedContent | None:
    """The text that a block of encoded data holds; None where it may be a word.

    Raises LoadError when it holds something else.
    """
    problem = refusal("", data[:HEAD_BYTES])
    is_document = data.startswith((*ZIP_MARKS, b"%PDF-"))
    decoded = None if problem or is_document else decode(data)
    if decoded is not None and _is_prose(decoded.text):
        starts = accumulate((len(line) + 1 for line in data.split(b"\n")), initial=0)
        lines = tuple(map(line_of, starts))[: decoded.text.count("\n") + 1]
        note = "decoded: the file is one block of encoded data"
        return LoadedContent(decoded.text, notes=(note,), file_lines=lines)
    if len(data) < _SURELY_ENCODED_BYTES:
        return None
    what = str(problem or ("a document" if is_document else "no text")).partition(":")[0]
    hint = "decode it to index what it holds"
    raise LoadError(f"one block of {_ENCODED}, {what}: {hint}", outcome="skipped")


def _is_prose(text: str) -> bool:
    """Whether decoded data is text, and not a value that happens to be valid in some encoding."""
    shown = text[:4000]
    plain = sum(mark.isalnum() or mark.isspace() for mark in shown)
    return " " in shown and "\ufffd" not in text and plain >= 0.7 * len(shown)


# Any text: source code, configuration, notes, logs.
load_text = partial(_verbatim, media_type="text/plain", headings=lambda _: ())
load_rst = partial(_verbatim, media_type="text/x-rst", headings=rst_headings)
load_asciidoc = partial(_verbatim, media_type="text/asciidoc", headings=asciidoc_headings)
load_org = partial(_verbatim, media_type="text/org", headings=org_headings)
load_latex = partial(_verbatim, media_type="text/x-tex", headings=latex_headings)


def load_markdown(data: bytes, _options: LoadOptions) -> LoadedContent:
    """Markdown with its headings; front matter becomes metadata and stays in the text."""
    read = _read_text(data, declared=False)
    metadata, start = front_matter(read.text)
    return replace(
        read,
        headings=markdown_headings(read.text, start),
        media_type="text/markdown",
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
