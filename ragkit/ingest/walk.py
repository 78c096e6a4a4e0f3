"""The files below one folder in the order of their names. `discover` says what that means."""

from __future__ import annotations

import errno
import os
import re
import stat
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from ragkit.errors import RagkitError
from ragkit.ingest.ignore import Patterns, Scope, Step, decide, enter, raw_name
from ragkit.ingest.read import kind_of, reason_of
from ragkit.types import FoundFile

# Folders that hold no documents of the person's own, left out even with `hidden`. Virtual
# environments under another name are known by their pyvenv.cfg.
NEVER = {".git", ".hg", ".svn", ".ragkit", "node_modules", "__pycache__", ".venv", ".tox"}
NEVER |= {".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".ipynb_checkpoints"}
MARKS = frozenset([".git", ".gitignore", ".ragkitignore", "pyvenv.cfg"])
_LINKS = {errno.ENOENT: "a link to nothing", errno.ELOOP: "a link that leads in a circle"}
_OUTSIDE = "a link that leads outside the folder"
_Entry = os.DirEntry[str]
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
        return chain.from_iterable(self._runs(start))

    def files_below(self, start: Folder, inner: str) -> Iterator[FoundFile]:
        """All below the folder `inner` somewhere in `start`, named from there."""
        folder = start
        while folder.path != inner:
            towards = (f for f in self._entries(folder)[1] if lies_in(inner, f.path))
            next_folder = next(towards, None)
            if next_folder is None:
                return iter(())
            folder = next_folder
        return self.files(folder._replace(source=""))

    def _runs(self, start: Folder) -> Iterator[list[FoundFile]]:
        """The files in the order of their names, as many at once as no folder comes between."""
        levels = [(*self._entries(start), 0)]
        while levels:
            files, folders, position = levels.pop()
            if not folders:
                yield files[position:]
                continue
            folder = folders.pop()
            end = bisect_left(files, folder.source, position, key=itemgetter(0))
            yield files[position:end]
            levels += [(files, folders, end), (*self._entries(folder), 0)]

    def _entries(self, folder: Folder) -> tuple[list[FoundFile], list[Folder]]:
        """What is worth a look in one folder: files in ascending order of `source`, then folders
        in descending order."""
        try:
            with os.scandir(folder.path) as scan:
                entries = list(scan)
        except OSError as error:
            return self._unlisted(folder, error), []
        marks = MARKS.intersection([entry.name for entry in entries])
        if "pyvenv.cfg" in marks and folder.path != self.root:
            return [], []
        if marks:
            scope = enter(folder.scope, folder.raw, folder.path, marks)
            folder = folder._replace(scope=scope)
        source = folder.source
        files: list[FoundFile] = []
        folders: list[Folder] = []
        for entry in self._wanted(folder, entries):
            name = entry.name
            shown = source + (name if name.isascii() and "\\" not in name else shown_name(name))
            if entry.is_file(follow_symlinks=False):
                try:
                    status = entry.stat(follow_symlinks=False)
                except OSError as error:
                    files += self._unseen(entry, shown, error)
                    continue
                values = (shown, entry.path, status.st_size, status.st_mtime_ns, status.st_ino, "")
                files.append(tuple.__new__(FoundFile, values))  # half the time of FoundFile(...)
            elif entry.is_dir(follow_symlinks=False):
                folders += self._below(folder, entry, shown)
            else:
                files += self._odd(entry, shown)
        files.sort(key=itemgetter(0))
        folders.sort(key=itemgetter(0), reverse=True)
        return files, folders

    def _wanted(self, folder: Folder, entries: list[_Entry]) -> list[_Entry]:
        """The entries that are not hidden, not ignored and, if files, included."""
        if self.hidden:
            entries = [entry for entry in entries if entry.name != ".git"]
        else:
            entries = [entry for entry in entries if entry.name[0] != "."]
        file_steps, folder_steps = folder.scope.steps(folder.raw)
        if file_steps or folder_steps:
            entries = [
                entry
                for entry in entries
                if not decide(
                    folder_steps if entry.is_dir(follow_symlinks=False) else file_steps,
                    raw_name(entry.name),
                )
            ]
        if self.include is not None:
            steps = self._include_steps(folder)[0]
            entries = [
                entry
                for entry in entries
                if entry.is_dir(follow_symlinks=False)
                or self._includes(steps, folder.included, entry)
            ]
        return entries

    def _include_steps(self, folder: Folder) -> tuple[list[Step], list[Step]]:
        patterns = () if self.include is None else ((self.include, self.raw_start),)
        return Scope(first=patterns).steps(folder.raw)

    @staticmethod
    def _includes(steps: list[Step], otherwise: bool, entry: _Entry) -> bool:
        verdict = decide(steps, raw_name(entry.name))
        return otherwise if verdict is None else verdict

    def _unlisted(self, folder: Folder, error: OSError) -> list[FoundFile]:
        if folder.path == self.root:  # else all in it would pass for deleted
            raise RagkitError(f"{self.root} cannot be read: {reason_of(error)}") from error
        if isinstance(error, (FileNotFoundError, NotADirectoryError)):
            return []  # it vanished since its parent was listed
        return [FoundFile(folder.source, folder.path, refusal=reason_of(error))]

    def _below(self, folder: Folder, entry: _Entry, shown: str) -> list[Folder]:
        if entry.name in NEVER or entry.path in self.left_out:
            return []
        if _IS_JUNCTION is not None and _IS_JUNCTION(entry):
            return []
        raw = f"{folder.raw}{raw_name(entry.name)}/"
        included = self._includes(self._include_steps(folder)[1], folder.included, entry)
        return [Folder(shown + "/", entry.path, raw, folder.scope, included)]

    def _unseen(self, entry: _Entry, shown: str, error: OSError) -> list[FoundFile]:
        """What `stat` fails for; nothing if it vanished since its folder was listed."""
        if isinstance(error, FileNotFoundError):
            return []
        return [FoundFile(shown, entry.path, refusal=reason_of(error))]

    def _odd(self, entry: _Entry, shown: str) -> list[FoundFile]:
        """A link, or what is neither file nor folder. Nothing for a link to a folder inside the
        root, whose files are found at their own place."""
        path = entry.path
        if not entry.is_symlink():
            try:
                return [of_status(shown, path, entry.stat(follow_symlinks=False))]
            except OSError as error:
                return self._unseen(entry, shown, error)
        try:
            target = os.path.realpath(path, strict=True)
            if not lies_in(target, self.root):
                return [FoundFile(shown, path, refusal=_OUTSIDE)]
            status = Path(target).stat()
        except OSError as error:
            reason = _LINKS.get(error.errno or 0) or reason_of(error)
            return [FoundFile(shown, path, refusal=reason)]
        return [] if stat.S_ISDIR(status.st_mode) else [of_status(shown, target, status)]


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


def real_name(shown: str) -> str:
    """The name that `shown_name` shows so, as `os.fsdecode` gives it."""
    return re.sub(r"\\x([89a-f][0-9a-f]|5c)", lambda found: _unescape(found[1]), shown)


def _unescape(digits: str) -> str:
    return "\\" if digits == "5c" else chr(0xDC00 + int(digits, 16))


def _escape(code: int) -> str:
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"
