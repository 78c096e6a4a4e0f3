"""What this machine must have: its processor, its disk, the embedded model."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import tempfile
from pathlib import Path

from ragkit.doctor.check import Check
from ragkit.errors import ModelError
from ragkit.models import DEFAULT_EMBEDDER, resolve_embedder

_LEAST_FREE_BYTES = 500_000_000
_NEEDED_FLAGS = ("avx2", "fma")


def processor_facts() -> tuple[str, str]:
    """The processor's kind, and what Linux says about it ("" elsewhere)."""
    path = Path("/proc/cpuinfo")
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    return platform.machine(), text


def check_processor(machine: str, cpuinfo: str) -> Check:
    """Whether LanceDB can run: on x86 its import kills a process that lacks AVX2 and FMA."""
    if machine.lower() not in ("x86_64", "amd64", "x86-64"):
        return Check("processor", "ok", f"{machine}: nothing special is needed")
    flags = re.search(r"^flags\s*:(.*)$", cpuinfo, re.MULTILINE)
    if flags is None:
        return Check("processor", "note", f"{machine}: whether it has AVX2 cannot be told here")
    missing = [flag for flag in _NEEDED_FLAGS if flag not in flags[1].split()]
    if not missing:
        return Check("processor", "ok", f"{machine} with AVX2 and FMA")
    return Check(
        "processor",
        "trouble",
        f"this processor lacks {' and '.join(missing).upper()}, which LanceDB needs",
        "use a machine with a processor of 2013 or later; in a virtual machine, pass the host's "
        "processor through",
    )


def check_disk(folder: Path) -> Check:
    """Whether there is room where the index is or will be."""
    free = shutil.disk_usage(folder).free
    finding = f"{free / 1e9:.1f} GB free at {folder}"
    if free >= _LEAST_FREE_BYTES:
        return Check("disk", "ok", finding)
    return Check("disk", "trouble", finding, "free some space, or put the index elsewhere: --db")


def check_links(folder: Path) -> Check:
    """Whether files can be linked there, by which LanceDB commits. Leaves nothing behind."""
    try:
        with tempfile.TemporaryDirectory(prefix=".ragkit-probe-", dir=folder) as place:
            return _try_link(Path(place))
    except OSError as error:
        return Check(
            "hard links",
            "note",
            f"{folder} cannot be written, so no index there can be made or changed "
            f"({error.strerror})",
            "allow writing there, or put the index elsewhere: --db",
        )


def _try_link(folder: Path) -> Check:
    (folder / "file").touch()
    try:
        os.link(folder / "file", folder / "link")
    except OSError as error:
        return Check(
            "hard links",
            "trouble",
            f"the file system has no hard links ({error.strerror}); LanceDB cannot commit there",
            "put the index on another disk: --db PATH or RAGKIT_DB (exFAT and some network "
            "drives cannot hold one)",
        )
    return Check("hard links", "ok", "the file system has them")


def check_embedded_model(*, needed: bool) -> Check:
    """Whether the embedded model is there; a trouble only where it is needed."""
    try:
        identity = resolve_embedder(DEFAULT_EMBEDDER).identity
    except ModelError as error:
        finding, _, fix = str(error).partition("; ")
        return Check("embedded model", "trouble" if needed else "note", finding, fix)
    return Check("embedded model", "ok", f"{identity.name}, {identity.dimension} numbers a vector")


def python_facts() -> str:
    """The Python and system this runs on."""
    return f"Python {sys.version.split()[0]} on {platform.system()} {platform.machine()}"


def nearest_folder(path: Path) -> Path:
    """The folder itself, or the one above it that is there."""
    return next(folder for folder in (path, *path.parents) if folder.is_dir())
