"""HTML and XML as tags and texts, in one linear pass without a tree, whatever their nesting."""

from __future__ import annotations

import html as entities
import re
from collections.abc import Iterator
from typing import NamedTuple

_OPENING = re.compile(r"<(?:!--|!\[CDATA\[|(/?)([a-zA-Z_][^\s/><]{0,60})|[!?])")
_ATTRIBUTE = re.compile(r"""([\w:.-]{1,40})\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
# Elements whose text is not shown.
SKIPPED = frozenset(("script", "style", "template", "noscript", "title", "iframe"))
_RAW = frozenset(("script", "style", "title", "textarea", "iframe", "noscript"))
_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")


class Token(NamedTuple):
    """Text (`name` is ""), or a tag: its lower-case name, "/"-prefixed when it closes something;
    `text` then holds the attributes as written."""

    name: str
    text: str


def tokens(markup: str, raw: frozenset[str] = _RAW) -> Iterator[Token]:
    """The tags and texts of `markup` in order; comments and declarations are left out.

    `raw` elements hold text up to their end tag, whatever it looks like. Entities stay as written.
    Linear: what is not closed is looked for once.
    """
    position, unclosed = 0, set[str]()
    while (match := _OPENING.search(markup, position)) is not None:
        if match.start() > position:
            yield Token("", markup[position : match.start()])
        opening = match[0]
        closing = {"<!--": "-->", "<![CDATA[": "]]>"}.get(opening, ">")
        end = -1 if closing in unclosed else _end_of(markup, match, closing)
        if end < 0:
            unclosed.add(closing)
            yield Token("", opening)
            position = match.end()
            continue
        position = end + len(closing)
        if opening == "<![CDATA[":
            yield Token("", markup[match.end() : end].replace("&", "&amp;"))
        if not match[2]:
            continue
        name = match[2].lower()
        yield Token(match[1] + name, markup[match.end() : end])
        if name in raw and not match[1] and markup[end - 1] != "/":
            found = re.compile(f"</{name}", re.IGNORECASE).search(markup, position)
            stop = found.start() if found else len(markup)
            yield Token("", markup[position:stop])
            position = stop
    yield Token("", markup[position:])


def _end_of(markup: str, match: re.Match[str], closing: str) -> int:
    """Where what `match` opens is closed; a tag is not closed inside a quoted attribute."""
    first = end = markup.find(closing, match.end())
    if closing != ">" or not match[2] or end < 0:
        return end
    for _ in range(4):
        inside = markup[match.end() : end]
        if inside.count('"') % 2 == 0 or end < 0:
            return end if end >= 0 else first
        end = markup.find(closing, end + 1)
    return first


def attribute(written: str, name: str) -> str:
    """The value of an attribute in a tag's text, "" if it has none."""
    for match in _ATTRIBUTE.finditer(written[:5000]):
        if match[1].lower() == name:
            return entities.unescape(match[2] or match[3] or match[4] or "").strip()
    return ""


def visible_text(markup: str) -> str:
    """All that a page shows, tags replaced by nothing; a page of 1 MB takes about 0.05 s."""
    skipping, pieces = "", []
    for name, text in tokens(markup):
        if skipping:
            skipping = "" if name in (f"/{skipping}", "body") else skipping
        elif name in SKIPPED:
            skipping = name
        elif not name:
            pieces.append(text)
    return entities.unescape("".join(pieces))


def letters(text: str) -> int:
    """The number of letters and digits."""
    return len(_NOT_ALPHANUMERIC.sub("", text))
