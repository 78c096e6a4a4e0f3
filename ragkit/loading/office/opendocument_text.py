"""The words of OpenDocument markup, its names, and the numbers of its lists and headings."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from ragkit.loading.office.archive import local_name, whole_number
from ragkit.loading.office.list_numbers import LEVELS, Level, ListNumbers

_NAMES = "{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}"
TEXT, TABLE, DRAW, OFFICE = (_NAMES % name for name in ("text", "table", "drawing", "office"))
PRESENTATION, STYLE = (_NAMES % name for name in ("presentation", "style"))
UNSEEN = frozenset(("tracked-changes", "annotation", "note", "forms", "desc", "title"))
_FORMS = {"1": "decimal", "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman"}
_FORMS |= {"I": "upperRoman", "": "none"}
_QUOTED_CHARACTERS = 200
_OPEN_COMMENTS = 50


def text_of(element: Element) -> str:
    """The words of a paragraph; text boxes, notes and comments in it are not."""
    return "".join(_pieces(element)).strip()


def _pieces(element: Element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        name = local_name(child.tag)
        if name == "s":
            yield " " * min(whole_number(child.get(f"{TEXT}c"), 1), 100)
        elif name == "tab":
            yield " "
        elif name == "line-break":
            yield "\n"
        elif name not in UNSEEN and name != "text-box":
            yield from _pieces(child)
        yield child.tail or ""


def seen(element: Element, *, boxes: bool) -> Iterator[Element]:
    """All elements below one, what is in notes, comments and deletions left out; without `boxes`
    what is in text boxes, too."""
    for child in element:
        name = local_name(child.tag)
        yield child
        if name not in UNSEEN and (boxes or name != "text-box"):
            yield from seen(child, boxes=boxes)


def paragraphs_of(element: Element) -> str:
    """The words of all paragraphs and headings below an element, those in text boxes, too."""
    names = ("p", "h")
    found = (one for one in seen(element, boxes=True) if local_name(one.tag) in names)
    texts = map(text_of, found)
    return " ".join(" ".join(texts).split())


def text_boxes(element: Element) -> Iterator[Element]:
    """The outermost text boxes below an element."""
    for child in element:
        if child.tag == f"{DRAW}text-box":
            yield child
        else:
            yield from text_boxes(child)


def commented_texts(body: Element) -> dict[str, str]:
    """The name of a comment -> the words it is about, shortened."""
    found: dict[str, str] = {}
    active: list[str] = []

    def take(text: str | None) -> None:
        for name in active if text else ():
            if len(found.get(name, "")) <= _QUOTED_CHARACTERS:
                found[name] = found.get(name, "") + (text or "")

    def walk(element: Element) -> None:
        name = element.get(f"{OFFICE}name", "")
        if element.tag == f"{OFFICE}annotation" and name and len(active) < _OPEN_COMMENTS:
            active.append(name)
        elif element.tag == f"{OFFICE}annotation-end" and name in active:
            active.remove(name)
        if local_name(element.tag) not in UNSEEN:
            take(element.text)
            for child in element:
                walk(child)
                take(child.tail)
            take(" " if element.tag == f"{TEXT}p" else "")

    walk(body)
    texts = {name: " ".join(text.split()) for name, text in found.items()}
    limit = _QUOTED_CHARACTERS
    return {n: t if len(t) <= limit else f"{t[:limit]}..." for n, t in texts.items()}


class ListStyles:
    """How the lists and headings of a text are numbered, and the numbers they have reached."""

    def __init__(self, *trees: Element | None) -> None:
        self._styles: dict[str, dict[int, Level]] = {}
        self._outline: dict[int, Level] = {}
        self._by_style: dict[str, ListNumbers] = {}
        self._by_list: dict[str, ListNumbers] = {}
        self._headings = ListNumbers()
        for tree in trees:
            for element in tree.iter() if tree is not None else ():
                if element.tag == f"{TEXT}list-style":
                    self._styles[element.get(f"{STYLE}name", "")] = dict(_levels(element))
                elif element.tag == f"{TEXT}outline-style":
                    self._outline = dict(_levels(element))

    def begin(self, element: Element) -> ListNumbers:
        """The numbers of a list that begins; it may go on with an earlier one."""
        style = element.get(f"{TEXT}style-name", "")
        before = element.get(f"{TEXT}continue-list", "")
        numbers = self._by_list.get(before)
        if numbers is None and element.get(f"{TEXT}continue-numbering") == "true":
            numbers = self._by_style.get(style)
        numbers = numbers or ListNumbers()
        self._by_style[style] = numbers
        identity = element.get("{http://www.w3.org/XML/1998/namespace}id", "")
        if identity:
            self._by_list[identity] = numbers
        return numbers

    def item(self, style: str, numbers: ListNumbers, depth: int, item: Element) -> str:
        """The number of an item, "" for one with a bullet."""
        levels = self._styles.get(style)
        start = whole_number(item.get(f"{TEXT}start-value"), None)
        if not levels or depth >= LEVELS:
            return ""
        return numbers.count(levels, depth, start)

    def heading(self, level: int) -> str:
        """The number of a heading, "" where headings have none."""
        if not self._outline or not 0 < level <= LEVELS:
            return ""
        return self._headings.count(self._outline, level - 1)


def _levels(style: Element) -> Iterator[tuple[int, Level]]:
    for one in style:
        level = whole_number(one.get(f"{TEXT}level"), 0)
        if not 0 < level <= LEVELS:
            continue
        form = _FORMS.get(one.get(f"{STYLE}num-format", ""), "decimal")
        if local_name(one.tag) not in ("list-level-style-number", "outline-level-style"):
            form = "bullet"
        first = level + 1 - whole_number(one.get(f"{TEXT}display-levels"), 1)
        start = whole_number(one.get(f"{TEXT}start-value"), 1)
        places = ".".join(f"%{place}" for place in range(max(first, 1), level + 1))
        before, after = one.get(f"{STYLE}num-prefix", ""), one.get(f"{STYLE}num-suffix", "")
        text = f"{before}{places}{after}" if form not in ("none", "bullet") else ""
        yield level - 1, Level(start, form, text)
