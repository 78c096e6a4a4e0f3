"""Which files to read again although they did not change: they would be read otherwise now.

Raise a number here whenever the code it stands for makes something else of a file. The next
`index` reads the files concerned again and uses every vector whose text is the same. Nothing is
imported for these numbers: a run without changes does not load the loaders.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ragkit.programs import find_soffice
from ragkit.types import FileFingerprint

if TYPE_CHECKING:
    from ragkit.store import Store

# Of ingest/chunking.py, and of what ingest/prepare.py stores beside a chunk.
CHUNKER_VERSION = 2
# Of each loader in loading/LOADERS, and of what it is made of.
LOADER_VERSIONS = {
    "adoc": 2,
    "bmp": 1,
    "csv": 3,
    "doc": 1,
    "docx": 2,
    "eml": 3,
    "epub": 2,
    "html": 3,
    "ipynb": 1,
    "jpg": 1,
    "json": 2,
    "jsonl": 2,
    "mbox": 3,
    "md": 2,
    "msg": 2,
    "odp": 2,
    "ods": 2,
    "odt": 2,
    "org": 2,
    "pdf": 2,
    "png": 1,
    "ppt": 1,
    "pptx": 2,
    "rst": 2,
    "rtf": 1,
    "srt": 1,
    "tex": 2,
    "tif": 1,
    "txt": 2,
    "vtt": 1,
    "webp": 1,
    "xls": 1,
    "xlsb": 1,
    "xlsx": 2,
    "xml": 2,
}
_UNKNOWN = "?"  # no loader was chosen, or its choice is not known: any of them might be it now
_OCR_LIBRARIES = ("rapidocr", "onnxruntime")


def loaders_version() -> int:
    """The version of all loaders together: another number when one is raised or added."""
    return sum(LOADER_VERSIONS.values())


def loader_version(loader: str = "") -> str:
    """What the row of a file says of the loader that read it, "pdf/1"; "" is for a file that was
    given to none: its row is outdated as soon as any loader changes."""
    return f"{loader}/{LOADER_VERSIONS[loader]}" if loader else f"{_UNKNOWN}/{loaders_version()}"


def is_outdated(file: FileFingerprint) -> bool:
    """Whether a file was read by a chunker or loader that has changed since. Files that were
    never opened have no `loader_version`, and are not."""
    if not file.loader_version:
        return False
    loader = file.loader_version.rpartition("/")[0]
    changed = loader not in LOADER_VERSIONS or file.loader_version != loader_version(loader)
    if loader == _UNKNOWN:
        changed = file.loader_version != loader_version()
    return changed or (file.outcome == "indexed" and file.chunker_version != CHUNKER_VERSION)


def has_outdated_files(store: Store) -> bool:
    """Whether the index has rows that are outdated. Costs nothing when its manifest has the
    versions of today: then there are none."""
    manifest = store.manifest
    if (manifest.chunker_version, manifest.loader_version) == (CHUNKER_VERSION, loaders_version()):
        return False
    return any(map(is_outdated, store.files.reading_versions()))


def update_manifest(store: Store) -> None:
    """Writes the versions of today into the manifest, unless rows are outdated. To be called at
    the end of a run: one that was stopped before goes on with the rows that still are."""
    today = (CHUNKER_VERSION, loaders_version())
    manifest = store.manifest
    stored = (manifest.chunker_version, manifest.loader_version)
    if stored != today and not has_outdated_files(store):
        store.chunks.set_reading_versions(*today)


def loader_fingerprint(limit_bytes: int, *, ocr: bool = False) -> dict[str, object]:
    """What decides, beside its bytes, what becomes of a file. JSON; stored with the index. `ocr`:
    it is turned on."""
    return {
        "chunker": CHUNKER_VERSION,
        "loaders": loaders_version(),
        "limit_bytes": limit_bytes,
        "ocr": ocr and all(find_spec(name) is not None for name in _OCR_LIBRARIES),
        "libraries": ["soffice"] if find_soffice() else [],
    }


def needs_reload(
    before: Mapping[str, object] | None,
    now: Mapping[str, object],
    *,
    passwords: bool,
    outdated: bool = False,
) -> Callable[[FileFingerprint], bool] | None:
    """Whether to read a file again, None when none is: those that were skipped when the limit of
    size, the installed libraries or LibreOffice differ, or `passwords` are given; those that were
    skipped or have pages without text when OCR was turned on since; those that are outdated, where
    `outdated` says that there are some.

    `before` is the `loader_fingerprint` of the last run, None when that is not known.
    """
    differs = before is not None and any(
        before.get(name) != now.get(name) for name in ("limit_bytes", "libraries")
    )
    ocr = bool(now.get("ocr")) and before is not None and not before.get("ocr")
    skipped = passwords or differs or ocr
    if not (skipped or outdated):
        return None
    return lambda file: (
        (skipped and file.outcome == "skipped")
        or (ocr and file.pages_without_text > 0)
        or (outdated and is_outdated(file))
    )
