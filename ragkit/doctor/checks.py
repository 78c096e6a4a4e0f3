"""What a check is, and the checks of this machine: processor, disk, the embedded model."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ragkit.errors import ModelError
from ragkit.models import DEFAULT_EMBEDDER, resolve_embedder

_LEAST_FREE_BYTES = 500_000_000
_NEEDED_FLAGS = ("avx2", "fma")
Outcome = Literal["ok", "note", "trouble"]


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check. `fix` says what to do; a "trouble" always has one, a "note" may:
    nothing is broken, but the user may want to know."""

    name: str
    outcome: Outcome
    finding: str
    fix: str = ""


def failed_check(name: str, error: Exception, fix: str) -> Check:
    """A "trouble" with the message of an error; advice in the message replaces `fix`."""
    finding, _, advice = str(error).partition("; ")
    return Check(name, "trouble", finding or type(error).__name__, advice or fix)


def processor_info() -> tuple[str, str]:
    """The kind of processor, and the text of Linux about it ("" elsewhere)."""
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
    """Whether there is free space where the index is or will be."""
    free = shutil.disk_usage(folder).free
    finding = f"{free / 1e9:.1f} GB free at {folder}"
    if free >= _LEAST_FREE_BYTES:
        return Check("disk", "ok", finding)
    return Check("disk", "trouble", finding, "free some space, or put the index elsewhere: --db")


def check_links(folder: Path) -> Check:
    """Whether files can be hard-linked in `folder`, which LanceDB needs to commit."""
    try:
        with tempfile.TemporaryDirectory(prefix=".ragkit-probe-", dir=folder) as probe:
            return _try_link(Path(probe))
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
    """Whether the embedded model is installed; a "trouble" only where it is needed."""
    try:
        identity = resolve_embedder(DEFAULT_EMBEDDER).identity
    except ModelError as error:
        finding, _, fix = str(error).partition("; ")
        return Check("embedded model", "trouble" if needed else "note", finding, fix)
    return Check("embedded model", "ok", f"{identity.name}, {identity.dimension} numbers a vector")


def python_info() -> str:
    """The Python and the system that this runs on."""
    return f"Python {sys.version.split()[0]} on {platform.system()} {platform.machine()}"


def nearest_folder(path: Path) -> Path:
    """The folder itself, or the first one above it that exists."""
    return next(folder for folder in (path, *path.parents) if folder.is_dir())
