"""Office files of which some part is damaged: the libraries refuse them whole, the rest is read."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import TypeVar
from xml.etree.ElementTree import Element
from zipfile import ZIP_STORED, ZipFile

from ragkit.errors import LoadError
from ragkit.loading.office.archive import (
    XML_SUFFIXES,
    parse_xml,
    refuse_declarations,
    without_types,
)

_CONTENT_TYPES = "[Content_Types].xml"
# Formats of cells, colours and properties: without them dates are numbers, but they are there.
_DISPENSABLE = ("xl/styles.xml", "xl/theme/theme1.xml", "docProps/core.xml", "docProps/custom.xml")
_Opened = TypeVar("_Opened")


def open_or_repair(
    opening: Callable[[BytesIO], _Opened], copy: BytesIO, what: str
) -> tuple[_Opened, list[str]]:
    """What a library makes of a file, and notes on what is damaged in it; where it refuses the
    file, what it makes of the parts that are sound, if need be without those that it can do
    without. `what` is the kind of file.

    Raises LoadError when that is nothing.
    """
    try:
        return opening(copy), []
    except Exception as error:  # the vendor lets its parsers' errors through
        for without in ((), _DISPENSABLE):
            try:
                repaired, damaged = _repair(copy, without)
                opened = opening(repaired)
            except Exception:  # noqa: BLE001, S112  as above
                continue
            return opened, [f"damaged: not all of {', '.join(damaged[:5])} could be read"]
        raise LoadError(f"damaged {what}: its parts do not fit together") from error


def sound_xml(data: bytes, name: str) -> tuple[Element | None, list[str]]:
    """A part as a tree, up to where it is damaged, and a note if it is; None for a missing one.

    Raises LoadError when nothing can be read, or it has declarations.
    """
    refuse_declarations(data, name)
    if not data or _is_sound(data):
        return (parse_xml(data, name) if data else None), []
    return parse_xml(_sound_part(data), name), [f"damaged: not all of {name} could be read"]


def _repair(copy: BytesIO, without: Sequence[str]) -> tuple[BytesIO, list[str]]:
    """A copy of a file in which damaged XML ends where it is damaged, some parts are left out, and
    nothing refers to parts that are missing; and the names of all those."""
    damaged: list[str] = []
    lost: set[str] = set()
    target = BytesIO()
    with ZipFile(copy) as source, ZipFile(target, "w", ZIP_STORED) as repaired:
        names = frozenset(source.namelist()).difference(without)
        for name in sorted(names):
            data = source.read(name)
            if name.lower().endswith(XML_SUFFIXES) and data and not _is_sound(data):
                damaged.append(name)
                data = _sound_part(data)
                if not data:
                    lost.add(name)
            if name.endswith(".rels") and data:
                data, missing = _without_missing(name, data, names)
                damaged.extend(missing)
            if name != _CONTENT_TYPES:
                repaired.writestr(name, data)
        types = source.read(_CONTENT_TYPES) if _CONTENT_TYPES in names else b""
        repaired.writestr(_CONTENT_TYPES, without_types(types, lost.__contains__))
    target.seek(0)
    return target, damaged


def _is_sound(data: bytes) -> bool:
    from lxml import etree

    try:
        etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return False
    return True


def _sound_part(data: bytes) -> bytes:
    """What can be read of a damaged part, b"" if nothing can."""
    from lxml import etree

    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
    root = etree.fromstring(data, parser)
    return b"" if root is None else bytes(etree.tostring(root))


def _without_missing(name: str, data: bytes, names: frozenset[str]) -> tuple[bytes, list[str]]:
    """The relations of a part without those to parts that are missing, and what those are."""
    from lxml import etree

    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
    root = etree.fromstring(data, parser)
    folder = posixpath.dirname(posixpath.dirname(name))
    missing = []
    for relation in list(root):
        target = posixpath.join("/", folder, relation.get("Target") or "")
        part = posixpath.normpath(target).lstrip("/")
        if relation.get("TargetMode") != "External" and part not in names:
            missing.append(part)
            root.remove(relation)
    return bytes(etree.tostring(root)) if missing else data, missing
