"""Programs of others, run where they are installed: found in safe places, ended with all they
started."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

# Names and, where installers do not put a program on PATH, places.
_SOFFICE = {
    "win32": ("soffice.com", r"C:\Program Files\LibreOffice\program"),
    "darwin": ("soffice", "/Applications/LibreOffice.app/Contents/MacOS"),
}
_MEMORY_BYTES = 4 * 2**30
_FILE_BYTES = 2**30
# It starts the program in the session that it leads, and ends that session when its own input
# ends: when our process has died, whatever of.
_SUPERVISOR = f"""
import os, signal, subprocess, sys, threading
def watch():
    os.read(0, 1)
    os.killpg(0, signal.SIGKILL) if hasattr(os, "killpg") else os._exit(1)
threading.Thread(target=watch, daemon=True).start()
try:
    import resource
    for kind, limit in (("AS", {_MEMORY_BYTES}), ("FSIZE", {_FILE_BYTES}), ("CORE", 0)):
        hard = resource.getrlimit(getattr(resource, "RLIMIT_" + kind))[1]
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(getattr(resource, "RLIMIT_" + kind), (limit, hard))
except ImportError:
    pass
code = subprocess.call(sys.argv[1:], stdin=subprocess.DEVNULL)
os._exit(code if 0 <= code < 256 else 1)
"""


def find_soffice() -> str:
    """The path of LibreOffice's program, "" where it is not installed."""
    name, place = _SOFFICE.get(sys.platform, ("soffice", ""))
    return find_program(name, place) or find_program("libreoffice")


def find_program(name: str, place: str = "") -> str:
    """The path of a program in a folder of PATH or in `place`, "" without one. Never one in the
    current folder, nor in one that everybody may write to: documents may lie there."""
    for folder in (*_safe_folders(), place):
        found = shutil.which(os.path.join(folder, name)) if folder else None
        if found:
            return found
    return ""


def _safe_folders() -> Iterator[str]:
    here = os.path.realpath(os.curdir)
    for folder in os.get_exec_path():
        if not Path(folder).is_absolute() or os.path.realpath(folder) == here:
            continue
        with suppress(OSError):
            if sys.platform == "win32" or not Path(folder).stat().st_mode & 0o002:
                yield folder


def run_program(
    command: Sequence[str], folder: str, seconds: float, environment: Mapping[str, str]
) -> int:
    """Runs a program in `folder` and gives its exit code. Its output is dropped.

    Raises TimeoutError after `seconds`. Whatever it started has ended then, and ends as well when
    this process dies.
    """
    safe_path = {"PATH": os.pathsep.join(_safe_folders())}
    process = subprocess.Popen(  # noqa: S603  our own interpreter; it runs `command`
        [sys.executable, "-I", "-S", "-c", _SUPERVISOR, *command],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**safe_path, **environment},
        start_new_session=True,
    )
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"took longer than {seconds:g} s") from error
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kills a process with all that it started, and waits for its end."""
    with suppress(OSError):
        if sys.platform == "win32":
            taskkill = Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "taskkill.exe")
            subprocess.run(  # noqa: S603
                [taskkill, "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False
            )
        else:
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()
