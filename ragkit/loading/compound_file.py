"""The container of old Office files and Outlook messages (OLE2), read within limits.

It is a small file system: storages are its folders, streams its files.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from ragkit.errors import LoadError
from ragkit.loading.detect_format import needs_password
from ragkit.loading.text_encoding import text_of

# More entries than any document has; looking one up takes time in proportion to its siblings.
_ENTRIES = 50_000
# Offsets in the header of the numbers of sectors that its tables claim to take.
_TABLE_SIZES = (0x2C, 0x40, 0x48)
_LEAST_BYTES = 512
# A stream at the top -> the format it makes of the file.
_FORMATS = {
    "worddocument": "doc",
    "powerpoint document": "ppt",
    "pp40": "ppt",
    "workbook": "xls",
    "book": "xls",
    "__properties_version1.0": "msg",
}
_METADATA = {
    "title": "title",
    "author": "author",
    "subject": "subject",
    "tags": "keywords",
    "description": "comments",
    "created": "create_time",
    "modified": "last_saved_time",
}
_OTHERS = {
    "visiodocument": "a Visio drawing: export it as .pdf to index it",
    "quill": "a Publisher file: export it as .pdf to index it",
    "bodytext": "a Hangul file: save it as .docx to index it",
    "matost": "a Works file: save it as .docx to index it",
}


class CompoundFile:
    """The storages and streams of a file. Raises LoadError for one that is damaged."""

    def __init__(self, data: bytes) -> None:
        import olefile

        self._bytes = len(data)
        sizes = [int.from_bytes(data[at : at + 4], "little") for at in _TABLE_SIZES]
        if len(data) < _LEAST_BYTES or max(sizes) * _LEAST_BYTES > len(data):
            raise LoadError("damaged: it ends before it should")
        try:
            self._file = olefile.OleFileIO(BytesIO(data))
            entries = [entry for entry in self._file.direntries if entry is not None]
        except Exception as error:  # the vendor lets struct's and its own errors through
            raise LoadError("damaged: its parts cannot be found in it") from error
        if len(entries) > _ENTRIES:
            raise LoadError(f"not read: it has more than {_ENTRIES} parts")

    def names(self, storage: Sequence[str] = ()) -> list[str]:
        """What a storage holds, by default the file itself: storages and streams, sorted."""
        node = self._node(storage)
        return [child.name for child in node.kids] if node is not None else []

    def size(self, path: Sequence[str]) -> int:
        """The bytes of a stream, 0 without one."""
        node = self._node(path)
        return int(node.size) if node is not None and not node.kids else 0

    def read(self, path: Sequence[str]) -> bytes:
        """A stream; b"" when there is none of that name, or it is damaged."""
        # One that claims to be longer than the file would be read in circles.
        if not 0 < self.size(path) <= self._bytes:
            return b""
        try:
            with self._file.openstream(list(path)) as stream:
                return bytes(stream.read())
        except Exception:  # noqa: BLE001  as above
            return b""

    def metadata(self) -> tuple[tuple[str, str], ...]:
        """(key, value) pairs of what an Office file says of itself."""
        if self.size(["\x05SummaryInformation"]) > self._bytes:
            return ()
        try:
            found = self._file.get_metadata()
        except Exception:  # noqa: BLE001  as above
            return ()
        page = found.codepage or 1252
        encoding = "utf-8" if page in (65001, -535) else f"cp{page % 65536}"
        pairs = []
        for key, name in _METADATA.items():
            value = getattr(found, name)
            if isinstance(value, bytes):
                value = text_of(value, encoding)
            pairs.append((key, " ".join(str(value or "").strip("\0").split())[:1000]))
        return tuple(pairs)

    def _node(self, path: Sequence[str]):  # type: ignore[no-untyped-def]  # the vendor's type
        node = self._file.root
        for name in path:
            found = [kid for kid in node.kids if kid.name.lower() == name.lower()]
            if not found:
                return None
            node = found[0]
        return node


def compound_format(data: bytes) -> str:
    """The format of the document in a compound file, by its streams, whatever it is called.

    Raises LoadError when no loader reads it.
    """
    names = {name.lower() for name in CompoundFile(data).names()}
    if "encryptedpackage" in names:
        raise needs_password()
    for name, found in _FORMATS.items():
        if name in names:
            return found
    hint = "a compound binary file: if it is a document, save it as .docx, .xlsx, .pptx or .pdf"
    reasons = (reason for name, reason in _OTHERS.items() if name in names)
    raise LoadError(next(reasons, f"{hint} to index it"), outcome="skipped")
