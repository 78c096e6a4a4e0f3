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

from ragkit.discovery.gitignore import (
    IgnoreScope,
    MatchStep,
    PatternList,
    enter_folder,
    match,
    raw_name,
)
from ragkit.discovery.left_out import (
    BACKUP_ENDINGS,
    FOLDER_MARKS,
    TABLE,
    backup_reason,
    folder_reason,
    is_table,
)
from ragkit.discovery.read_file import kind_of, reason_of
from ragkit.errors import RagkitError
from ragkit.types import DiscoveredFile

# Folders that hold no documents of the person's own, left out even with `hidden`. Virtual
# environments under another name are known by their pyvenv.cfg.
NEVER = {".git", ".hg", ".svn", ".ragkit", "node_modules", "__pycache__", ".venv", ".tox"}
NEVER |= {".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".ipynb_checkpoints"}
MARKS = FOLDER_MARKS | {".git", ".gitignore", ".ragkitignore", "pyvenv.cfg"}
_LINKS = {errno.ENOENT: "a link to nothing", errno.ELOOP: "a link that leads in a circle"}
_OUTSIDE = "a link that leads outside the folder"
_Entry = os.DirEntry[str]
_IS_JUNCTION = getattr(os.DirEntry, "is_junction", None)  # Windows, from Python 3.12


class WalkFolder(NamedTuple):
    """A folder to list. `source` ends with "/"; `raw` is its path from where `scope` began;
    `included` says that `include` takes what is in it."""

    source: str
    path: str
    raw: str
    scope: IgnoreScope
    included: bool


@dataclass(frozen=True, slots=True)
class DirectoryWalk:
    """How one root is walked. `raw_start`: the length of the `raw` of `root`."""

    root: str
    hidden: bool
    excluded_paths: frozenset[str]
    include: PatternList | None
    raw_start: int

    def files(self, start: WalkFolder) -> Iterator[DiscoveredFile]:
        """All below `start`, depth first. Memory: the entries of one folder a level."""
        return chain.from_iterable(self._runs(start))

    def files_below(self, start: WalkFolder, inner: str) -> Iterator[DiscoveredFile]:
        """All below the folder `inner` somewhere in `start`, named from there."""
        folder = start
        while folder.path != inner:
            towards = (f for f in self._entries(folder)[1] if is_inside(inner, f.path))
            next_folder = next(towards, None)
            if next_folder is None:
                return iter(())
            folder = next_folder
        return self.files(folder._replace(source=""))

    def _runs(self, start: WalkFolder) -> Iterator[list[DiscoveredFile]]:
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

    def _entries(self, folder: WalkFolder) -> tuple[list[DiscoveredFile], list[WalkFolder]]:
        """What is worth a look in one folder: files in ascending order of `source`, then folders
        in descending order."""
        try:
            with os.scandir(folder.path) as scan:
                entries = list(scan)
        except OSError as error:
            return self._unlisted(folder, error), []
        names = {entry.name for entry in entries}
        marks = MARKS & names
        if marks and folder.path != self.root:
            if "pyvenv.cfg" in marks:
                return [], []
            if reason := folder_reason(folder.path, marks):
                return [DiscoveredFile(folder.source, folder.path, refusal=reason)], []
        if marks:
            scope = enter_folder(folder.scope, folder.raw, folder.path, marks)
            folder = folder._replace(scope=scope)
        source = folder.source
        files: list[DiscoveredFile] = []
        folders: list[WalkFolder] = []
        for entry in self._wanted(folder, entries):
            name = entry.name
            shown = source + (name if name.isascii() and "\\" not in name else display_name(name))
            if entry.is_file(follow_symlinks=False):
                try:
                    status = entry.stat(follow_symlinks=False)
                except OSError as error:
                    files += self._unseen(entry, shown, error)
                    continue
                values = (shown, entry.path, status.st_size, status.st_mtime_ns, status.st_ino)
                refusal = backup_reason(name, names) if name[-1] in BACKUP_ENDINGS else ""
                files.append(
                    tuple.__new__(DiscoveredFile, (*values, refusal))
                )  # half the time of DiscoveredFile(...)
            elif entry.is_dir(follow_symlinks=False):
                if name.endswith(".lance") and is_table(entry.path):
                    files.append(DiscoveredFile(shown + "/", entry.path, refusal=TABLE))
                else:
                    folders += self._below(folder, entry, shown)
            else:
                files += self._odd(entry, shown)
        files.sort(key=itemgetter(0))
        folders.sort(key=itemgetter(0), reverse=True)
        return files, folders

    def _wanted(self, folder: WalkFolder, entries: list[_Entry]) -> list[_Entry]:
        """The entries that are not hidden, not ignored and, if files, included."""
        if self.hidden:
            entries = [entry for entry in entries if entry.name != ".git"]
        else:
            entries = [e for e in entries if e.name[0] != "." or e.name[:3] == "..."]
        file_steps, folder_steps = folder.scope.steps(folder.raw)
        if file_steps or folder_steps:
            entries = [
                entry
                for entry in entries
                if not match(
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
                or self._includes(steps, entry, otherwise=folder.included)
            ]
        return entries

    def _include_steps(self, folder: WalkFolder) -> tuple[list[MatchStep], list[MatchStep]]:
        patterns = () if self.include is None else ((self.include, self.raw_start),)
        return IgnoreScope(first=patterns).steps(folder.raw)

    @staticmethod
    def _includes(steps: list[MatchStep], entry: _Entry, *, otherwise: bool) -> bool:
        verdict = match(steps, raw_name(entry.name))
        return otherwise if verdict is None else verdict

    def _unlisted(self, folder: WalkFolder, error: OSError) -> list[DiscoveredFile]:
        if folder.path == self.root:  # else all in it would pass for deleted
            raise RagkitError(f"{self.root} cannot be read: {reason_of(error)}") from error
        if isinstance(error, (FileNotFoundError, NotADirectoryError)):
            return []  # it vanished since its parent was listed
        return [DiscoveredFile(folder.source, folder.path, refusal=reason_of(error))]

    def _below(self, folder: WalkFolder, entry: _Entry, shown: str) -> list[WalkFolder]:
        if entry.name in NEVER or entry.path in self.excluded_paths:
            return []
        if _IS_JUNCTION is not None and _IS_JUNCTION(entry):
            return []
        raw = f"{folder.raw}{raw_name(entry.name)}/"
        included = self._includes(self._include_steps(folder)[1], entry, otherwise=folder.included)
        return [WalkFolder(shown + "/", entry.path, raw, folder.scope, included)]

    def _unseen(self, entry: _Entry, shown: str, error: OSError) -> list[DiscoveredFile]:
        """What `stat` fails for; nothing if it vanished since its folder was listed."""
        if isinstance(error, FileNotFoundError):
            return []
        return [DiscoveredFile(shown, entry.path, refusal=reason_of(error))]

    def _odd(self, entry: _Entry, shown: str) -> list[DiscoveredFile]:
        """A link, or what is neither file nor folder. Nothing for a link to a folder inside the
        root, whose files are found at their own place."""
        path = entry.path
        if not entry.is_symlink():
            try:
                return [from_stat(shown, path, entry.stat(follow_symlinks=False))]
            except OSError as error:
                return self._unseen(entry, shown, error)
        try:
            target = os.path.realpath(path, strict=True)
            if not is_inside(target, self.root):
                return [DiscoveredFile(shown, path, refusal=_OUTSIDE)]
            status = Path(target).stat()
        except OSError as error:
            reason = _LINKS.get(error.errno or 0) or reason_of(error)
            return [DiscoveredFile(shown, path, refusal=reason)]
        return [] if stat.S_ISDIR(status.st_mode) else [from_stat(shown, target, status)]


def from_stat(source: str, path: str, status: os.stat_result) -> DiscoveredFile:
    refusal = "" if stat.S_ISREG(status.st_mode) else f"{kind_of(status.st_mode)}, not a file"
    return DiscoveredFile(source, path, status.st_size, status.st_mtime_ns, status.st_ino, refusal)


def is_inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def display_name(name: str) -> str:
    r"""A name as printable Unicode: a byte that is not UTF-8 as "\xe9". A backslash that would
    read as such an escape is escaped itself, so that two names never look alike."""
    name = re.sub(r"\\(?=x(?:[89a-f][0-9a-f]|5c))", r"\\x5c", name)
    return re.sub(r"[\ud800-\udfff]", lambda found: _escape(ord(found[0])), name)


def fs_name(shown: str) -> str:
    """The name that `display_name` shows so, as `os.fsdecode` gives it."""
    return re.sub(r"\\x([89a-f][0-9a-f]|5c)", lambda found: _unescape(found[1]), shown)


def _unescape(digits: str) -> str:
    return "\\" if digits == "5c" else chr(0xDC00 + int(digits, 16))


def _escape(code: int) -> str:
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"
