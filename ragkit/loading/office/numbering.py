"""The automatic numbers of Word's lists and headings: "3.", "2.1", "(b)", "Article IV"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_LEVELS = 9
_CHAIN = 20
_PLACE = re.compile(r"%([1-9])")
_ROMAN = {"m": 1000, "cm": 900, "d": 500, "cd": 400, "c": 100, "xc": 90, "l": 50, "xl": 40}
_ROMAN |= {"x": 10, "ix": 9, "v": 5, "iv": 4, "i": 1}
_LARGEST = 100_000


@dataclass(frozen=True, slots=True)
class Style:
    """A paragraph style: the level of heading it makes (0: none), and the list it belongs to."""

    heading: int = 0
    list_id: str = ""
    level: int | None = None


@dataclass(frozen=True, slots=True)
class _Level:
    """How one level of a list is numbered."""

    start: int = 1
    form: str = "decimal"
    text: str = ""
    restart: int | None = None
    legal: bool = False
    style: str = ""


@dataclass(slots=True)
class _List:
    """The levels of a list, and the numbers it has reached, shared by all that continue it."""

    levels: dict[int, _Level]
    counters: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Instance:
    """A use of a list, which may begin anew and number its levels otherwise."""

    abstract: _List
    levels: Mapping[int, _Level]
    starts: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class ListPlace:
    """Where a paragraph stands in a list: its depth, 0 outside, and its number as displayed, ""
    for a bullet."""

    depth: int
    number: str


class Numbering:
    """Counts the paragraphs of a document, which must come in reading order."""

    def __init__(self, numbering: Any, styles: Mapping[str, Style]) -> None:
        self._styles = styles
        self._instances = dict(_instances(numbering, styles)) if numbering is not None else {}
        self._begun: set[tuple[str, int]] = set()

    def place(self, properties: Any, style: str) -> ListPlace | None:
        """The place of a paragraph with these properties (None without any) and this style; None
        for one that is in no list."""
        list_id, level = self._styles.get(style, Style()).list_id, None
        own = properties.find(f"{_W}numPr") if properties is not None else None
        if own is not None:
            list_id = attribute(own.find(f"{_W}numId")) or list_id
            text = attribute(own.find(f"{_W}ilvl"))
            level = int(text) if text.isdigit() else None
        if not list_id or list_id == "0":
            return None
        instance = self._instances.get(list_id)
        if level is None:
            level = self._style_level(instance, style)
        level = min(level, _LEVELS - 1)
        return ListPlace(level, self._count(list_id, instance, level) if instance else "")

    def _style_level(self, instance: _Instance | None, style: str) -> int:
        linked = instance.levels.items() if instance is not None else ()
        found = next((level for level, one in linked if one.style == style), None)
        return (self._styles.get(style, Style()).level or 0) if found is None else found

    def _count(self, list_id: str, instance: _Instance, level: int) -> str:
        counters = instance.abstract.counters
        start = instance.levels.get(level, _Level()).start
        if level in instance.starts and (list_id, level) not in self._begun:
            counters[level] = instance.starts[level]
        else:
            counters[level] = counters.get(level, start - 1) + 1
        self._begun.add((list_id, level))
        for deeper in [other for other in counters if other > level]:
            restart = instance.levels.get(deeper, _Level()).restart
            if restart is None or level < restart:
                del counters[deeper]
        return _number(instance, level)


def _number(instance: _Instance, level: int) -> str:
    """The number that a level has reached, written as its pattern says."""
    shown = instance.levels.get(level, _Level(text=f"%{level + 1}."))

    def count(match: re.Match[str]) -> str:
        other = int(match[1]) - 1
        one = instance.levels.get(other, _Level())
        form = "decimal" if shown.legal else one.form
        reached = instance.abstract.counters.get(other, one.start)
        return "" if form in ("bullet", "none") else spelled_number(reached, form)

    return "" if shown.form == "bullet" else " ".join(_PLACE.sub(count, shown.text).split())


def spelled_number(number: int, form: str) -> str:
    """A number as "decimal", "upperRoman", "lowerLetter", ...; in an unknown form in digits."""
    if not 0 < number < _LARGEST:
        return str(number)
    if form in ("lowerRoman", "upperRoman"):
        text, left = "", min(number, 4999)
        for digits, value in _ROMAN.items():
            text += digits * (left // value)
            left %= value
        return text.upper() if form == "upperRoman" else text
    if form in ("lowerLetter", "upperLetter"):
        letter = chr(ord("a") + (number - 1) % 26) * min((number - 1) // 26 + 1, 50)
        return letter.upper() if form == "upperLetter" else letter
    if form == "ordinal":
        last = number % 10 if number % 100 not in (11, 12, 13) else 0
        return str(number) + {1: "st", 2: "nd", 3: "rd"}.get(last, "th")
    return f"{number:02}" if form == "decimalZero" else str(number)


def paragraph_styles(styles: Any) -> dict[str, Style]:
    """Style id -> what a style and those it is built on say. The title is a heading of level 1."""
    own: dict[str, Style] = {}
    based_on: dict[str, str] = {}
    for style in styles.iterchildren(f"{_W}style") if styles is not None else ():
        identity = style.get(f"{_W}styleId") or ""
        name = attribute(style.find(f"{_W}name")).lower()
        based_on[identity] = attribute(style.find(f"{_W}basedOn"))
        outline = attribute(style.find(f"{_W}pPr/{_W}outlineLvl"))
        level = attribute(style.find(f"{_W}pPr/{_W}numPr/{_W}ilvl"))
        heading = 1 if name == "title" else 0
        if name.startswith("heading ") and name[8:].isdigit():
            heading = int(name[8:])
        elif outline.isdigit() and int(outline) < 9:
            heading = int(outline) + 1
        own[identity] = Style(
            heading,
            attribute(style.find(f"{_W}pPr/{_W}numPr/{_W}numId")),
            int(level) if level.isdigit() else None,
        )
    return {identity: _inherited(identity, own, based_on) for identity in own}


def _inherited(identity: str, own: Mapping[str, Style], based_on: Mapping[str, str]) -> Style:
    style = own[identity]
    for _ in range(_CHAIN):
        identity = based_on.get(identity, "")
        base = own.get(identity)
        if base is None:
            break
        style = Style(
            style.heading or base.heading,
            style.list_id or base.list_id,
            base.level if style.level is None else style.level,
        )
    return style


def _instances(numbering: Any, styles: Mapping[str, Style]) -> Iterator[tuple[str, _Instance]]:
    """List id -> the list. A list may only name a style, which names the list that is meant."""
    abstract: dict[str, _List] = {}
    links: dict[str, str] = {}
    for one in numbering.iterchildren(f"{_W}abstractNum"):
        identity = one.get(f"{_W}abstractNumId") or ""
        abstract[identity] = _List(dict(_levels(one)))
        links[identity] = attribute(one.find(f"{_W}numStyleLink"))
    numbers = list(numbering.iterchildren(f"{_W}num"))
    used = {
        one.get(f"{_W}numId") or "": attribute(one.find(f"{_W}abstractNumId")) for one in numbers
    }
    for one in numbers:
        list_id = one.get(f"{_W}numId") or ""
        style = styles.get(links.get(used[list_id], ""), Style())
        found = abstract.get(used.get(style.list_id, used[list_id]))
        if found is not None:
            overrides = list(one.iterchildren(f"{_W}lvlOverride"))
            starts = {
                _index(override): int(start)
                for override in overrides
                if (start := attribute(override.find(f"{_W}startOverride"))).isdigit()
            }
            levels = found.levels | {
                level: other for override in overrides for level, other in _levels(override)
            }
            starts |= {
                level: levels[level].start
                for override in overrides
                for level, _ in _levels(override)
                if level not in starts
            }
            yield list_id, _Instance(found, levels, starts)


def _levels(parent: Any) -> Iterator[tuple[int, _Level]]:
    for one in parent.iterchildren(f"{_W}lvl"):
        start = attribute(one.find(f"{_W}start"))
        restart = attribute(one.find(f"{_W}lvlRestart"))
        form = one.find(f".//{_W}numFmt")  # one that is new to old readers is wrapped
        legal = one.find(f"{_W}isLgl")
        yield (
            _index(one),
            _Level(
                start=int(start) if start.isdigit() else 0,
                form=attribute(form) or "decimal",
                text=attribute(one.find(f"{_W}lvlText")),
                restart=int(restart) if restart.isdigit() else None,
                legal=legal is not None and attribute(legal) not in ("0", "false"),
                style=attribute(one.find(f"{_W}pStyle")),
            ),
        )


def _index(element: Any) -> int:
    level = element.get(f"{_W}ilvl") or ""
    return int(level) if level.isdigit() else 0


def attribute(element: Any) -> str:
    """The value of a property, "" without one."""
    return "" if element is None else element.get(f"{_W}val") or ""
