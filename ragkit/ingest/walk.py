"""The files below one folder in the order of their names. `discover` says what that means."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from ragkit.ingest.ignore import Patterns, Scope, Step, decide, enter, raw_name
from ragkit.ingest.read import kind_of, reason_of
from ragkit.types import FoundFile

# Folders that hold no documents of the person's own, left out even with `hidden`. Virtual
# environments under another name are known by their pyvenv.cfg.
_NEVER = {".git", ".hg", ".svn", ".ragkit", "node_modules", "__pycache__", ".venv", ".tox"}
_NEVER |= {".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".ipynb_checkpoints"}
MARKS = frozenset([".git", ".gitignore", ".ragkitignore", "pyvenv.cfg"])
_LINKS = {errno.ENOENT: "a link to nothing", errno.ELOOP: "a link that leads in a circle"}
_OUTSIDE = "a link that leads outside the folder"
_IS_JUNCTION = getattr(os.DirEntry, "is_junction", None)  # Windows, from Python 3.12


class Folder(NamedTuple):
    """A folder to list. `source` ends with "/"; `raw` is its path from where `scope` began;
    `included` says that `include` takes what is in it."""

    source: str
    path: str
    raw: str
    scope: Scope
    included: bool


@dataclass(frozen=True, slots=True)
class Walk:
    """How one root is walked. `raw_start`: the length of the `raw` of `root`."""

    root: str
    hidden: bool
    left_out: frozenset[str]
    include: Patterns | None
    raw_start: int

    def files(self, start: Folder) -> Iterator[FoundFile]:
        """All below `start`, depth first. Memory: the entries of one folder a level."""
        levels = [iter(self._entries(start))]
        while levels:
            for entry in levels[-1]:
                if type(entry) is Folder:
                    levels.append(iter(self._entries(entry)))
                    break
                yield entry  # type: ignore[misc]
            else:
                levels.pop()

    def files_below(self, start: Folder, inner: str) -> Iterator[FoundFile]:
        """All below the folder `inner` somewhere in `start`, named from there."""
        folder = start
        while folder.path != inner:
            for entry in self._entries(folder):
                if isinstance(entry, Folder) and lies_in(inner, entry.path):
                    folder = entry
                    break
            else:
                return
        yield from self.files(folder._replace(source=""))

    def _entries(self, folder: Folder) -> list[FoundFile | Folder]:
        """What is worth a look in one folder, in ascending order of `source`."""
        try:
            with os.scandir(folder.path) as scan:
                entries = list(scan)
        except (FileNotFoundError, NotADirectoryError):
            return []  # it vanished since its parent was listed
        except OSError as error:
            return [FoundFile(folder.source or "./", folder.path, refusal=reason_of(error))]
        marks = MARKS.intersection([entry.name for entry in entries])
        if "pyvenv.cfg" in marks and folder.path != self.root:
            return []
        source, _, raw, scope, included = folder
        if marks:
            scope = enter(scope, raw, folder.path, marks)
        file_steps, folder_steps = scope.steps(raw)
        if not self.hidden:
            entries = [entry for entry in entries if entry.name[0] != "."]
        includes = self._include_steps(raw)
        found: list[FoundFile | Folder] = []
        for entry in entries:
            name = entry.name
            is_folder = entry.is_dir(follow_symlinks=False)
            steps = folder_steps if is_folder else file_steps
            if steps and decide(steps, raw_name(name)):
                continue
            taken = included
            if includes is not None:
                verdict = decide(includes[is_folder], raw_name(name))
                taken = included if verdict is None else verdict
            shown = source + (name if name.isascii() and "\\" not in name else shown_name(name))
            if is_folder:
                if self._worth_listing(entry):
                    below = f"{raw}{raw_name(name)}/"
                    found.append(Folder(shown + "/", entry.path, below, scope, taken))
            elif taken and name != ".git":
                file = self._found(entry, shown)
                if file is not None:
                    found.append(file)
        found.sort(key=itemgetter(0))
        return found

    def _include_steps(self, raw: str) -> tuple[list[Step], list[Step]] | None:
        if self.include is None:
            return None
        return Scope(first=((self.include, self.raw_start),)).steps(raw)

    def _worth_listing(self, entry: os.DirEntry[str]) -> bool:
        if entry.name in _NEVER or entry.path in self.left_out:
            return False
        return _IS_JUNCTION is None or not _IS_JUNCTION(entry)

    def _found(self, entry: os.DirEntry[str], source: str) -> FoundFile | None:
        """What is not a folder, as a file to read or a refusal; None for what vanished and for
        links to folders inside the root, whose files are found at their own place."""
        path = entry.path
        try:
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISLNK(status.st_mode):
                path = os.path.realpath(path, strict=True)
                if not lies_in(path, self.root):
                    return FoundFile(source, path, refusal=_OUTSIDE)
                status = Path(path).stat()
                if stat.S_ISDIR(status.st_mode):
                    return None
        except OSError as error:
            if entry.is_symlink():
                return FoundFile(
                    source, path, refusal=_LINKS.get(error.errno or 0, reason_of(error))
                )
            if isinstance(error, FileNotFoundError):
                return None
            return FoundFile(source, path, refusal=reason_of(error))
        return of_status(source, path, status)


def of_status(source: str, path: str, status: os.stat_result) -> FoundFile:
    refusal = "" if stat.S_ISREG(status.st_mode) else f"{kind_of(status.st_mode)}, not a file"
    return FoundFile(source, path, status.st_size, status.st_mtime_ns, status.st_ino, refusal)


def lies_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def shown_name(name: str) -> str:
    r"""A name as printable Unicode: a byte that is not UTF-8 as "\xe9". A backslash that would
    read as such an escape is escaped itself, so that two names never look alike."""
    name = re.sub(r"\\(?=x(?:[89a-f][0-9a-f]|5c))", r"\\x5c", name)
    return re.sub(r"[\ud800-\udfff]", lambda found: _escape(ord(found[0])), name)


def _escape(code: int) -> str:
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"
