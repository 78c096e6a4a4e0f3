"""Office files of which some part is damaged: the libraries refuse them whole, the rest is read."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import TypeVar
from zipfile import ZIP_STORED, ZipFile

from ragkit.errors import LoadError
from ragkit.loading.office.archive import XML_SUFFIXES, without_types

_CONTENT_TYPES = "[Content_Types].xml"
_Opened = TypeVar("_Opened")


def open_or_repair(
    opening: Callable[[BytesIO], _Opened], copy: BytesIO, what: str
) -> tuple[_Opened, list[str]]:
    """What a library makes of a file, and notes on what is damaged in it; where it refuses the
    file, what it makes of the parts that are sound. `what` is the kind of file.

    Raises LoadError when that is nothing.
    """
    try:
        return opening(copy), []
    except Exception as error:  # the vendor lets its parsers' errors through
        repaired, damaged = _repair(copy)
        reason = f"damaged {what}: its parts do not fit together"
        if not damaged:
            raise LoadError(reason) from error
        try:
            opened = opening(repaired)
        except Exception as again:  # as above
            raise LoadError(reason) from again
        return opened, [f"damaged: not all of {', '.join(damaged[:5])} could be read"]


def _repair(copy: BytesIO) -> tuple[BytesIO, list[str]]:
    """A copy of a file in which damaged XML ends where it is damaged, and the names of the parts
    that were."""
    damaged: list[str] = []
    lost: set[str] = set()
    target = BytesIO()
    with ZipFile(copy) as source, ZipFile(target, "w", ZIP_STORED) as repaired:
        for name in source.namelist():
            data = source.read(name)
            if name.lower().endswith(XML_SUFFIXES) and data and not _is_sound(data):
                damaged.append(name)
                data = _sound_part(data)
                if not data:
                    lost.add(name)
            if name != _CONTENT_TYPES:
                repaired.writestr(name, data)
        types = source.read(_CONTENT_TYPES) if _CONTENT_TYPES in source.namelist() else b""
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
