"""The automatic numbers of Word's lists and headings: "3.", "2.1", "(b)", "Article IV"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ragkit.loading.office.archive import whole_number
from ragkit.loading.office.list_numbers import LEVELS, Level, ListNumbers

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_CHAIN = 20
_Default = TypeVar("_Default")


@dataclass(frozen=True, slots=True)
class Style:
    """A paragraph style: the level of heading it makes (0: none), and the list it belongs to."""

    heading: int = 0
    list_id: str = ""
    level: int | None = None


@dataclass(frozen=True, slots=True)
class _Instance:
    """A use of a list, which may begin anew and number its levels otherwise."""

    numbers: ListNumbers
    levels: Mapping[int, Level]
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
            level = whole_number(attribute(own.find(f"{_W}ilvl")), None)
        if not list_id or list_id == "0":
            return None
        instance = self._instances.get(list_id)
        if level is None:
            level = self._style_level(instance, style)
        level = min(level, LEVELS - 1)
        return ListPlace(level, self._count(list_id, instance, level) if instance else "")

    def _style_level(self, instance: _Instance | None, style: str) -> int:
        linked = instance.levels.items() if instance is not None else ()
        found = next((level for level, one in linked if one.style == style), None)
        return (self._styles.get(style, Style()).level or 0) if found is None else found

    def _count(self, list_id: str, instance: _Instance, level: int) -> str:
        first = (list_id, level) not in self._begun
        self._begun.add((list_id, level))
        start = instance.starts.get(level) if first else None
        return instance.numbers.count(instance.levels, level, start)


def paragraph_styles(styles: Any) -> dict[str, Style]:
    """Style id -> what a style and those it is built on say. The title is a heading of level 1."""
    own: dict[str, Style] = {}
    based_on: dict[str, str] = {}
    for style in styles.iterchildren(f"{_W}style") if styles is not None else ():
        identity = style.get(f"{_W}styleId") or ""
        name = attribute(style.find(f"{_W}name")).lower()
        based_on[identity] = attribute(style.find(f"{_W}basedOn"))
        outline = whole_number(attribute(style.find(f"{_W}pPr/{_W}outlineLvl")), 9)
        heading = 1 if name == "title" else 0
        if name.startswith("heading "):
            heading = whole_number(name[8:], 0)
        if not heading and outline < 9:
            heading = outline + 1
        own[identity] = Style(
            heading,
            attribute(style.find(f"{_W}pPr/{_W}numPr/{_W}numId")),
            whole_number(attribute(style.find(f"{_W}pPr/{_W}numPr/{_W}ilvl")), None),
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
    abstract: dict[str, tuple[ListNumbers, dict[int, Level]]] = {}
    links: dict[str, str] = {}
    for one in numbering.iterchildren(f"{_W}abstractNum"):
        identity = one.get(f"{_W}abstractNumId") or ""
        abstract[identity] = (ListNumbers(), dict(_levels(one)))
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
                _index(override): start
                for override in overrides
                if (start := _value(override, "startOverride", None)) is not None
            }
            levels = found[1] | {
                level: other for override in overrides for level, other in _levels(override)
            }
            starts |= {
                level: levels[level].start
                for override in overrides
                for level, _ in _levels(override)
                if level not in starts
            }
            yield list_id, _Instance(found[0], levels, starts)


def _levels(parent: Any) -> Iterator[tuple[int, Level]]:
    for one in parent.iterchildren(f"{_W}lvl"):
        form = one.find(f".//{_W}numFmt")  # one that is new to old readers is wrapped
        legal = one.find(f"{_W}isLgl")
        yield (
            _index(one),
            Level(
                start=_value(one, "start", 0),
                form=attribute(form) or "decimal",
                text=attribute(one.find(f"{_W}lvlText")),
                restart=_value(one, "lvlRestart", None),
                legal=legal is not None and attribute(legal) not in ("0", "false"),
                style=attribute(one.find(f"{_W}pStyle")),
            ),
        )


def _index(element: Any) -> int:
    return whole_number(element.get(f"{_W}ilvl"), 0)


def _value(element: Any, name: str, default: _Default) -> int | _Default:
    return whole_number(attribute(element.find(f"{_W}{name}")), default)


def attribute(element: Any) -> str:
    """The value of a property, "" without one."""
    return "" if element is None else element.get(f"{_W}val") or ""
