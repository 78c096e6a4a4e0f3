"""What .gitignore, .ragkitignore and --exclude leave out, exactly as git decides it."""

from __future__ import annotations

import os
import re
import stat
import sys
import unicodedata
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from typing import Literal

from ragkit.discovery.gitignore_pattern import GitignorePattern, parse_pattern

# On these systems git takes `Build` and `build` for one name.
_IGNORES_CASE = sys.platform in ("win32", "darwin")
_LIMIT_BYTES = 1_000_000
_FORMS: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD")
_BRACKETS = re.compile(r"(?<!\\)\[")
_EXCLUDES_FILE = re.compile(rb'^\s*excludesfile\s*=\s*"?([^"\r\n]*[^"\s])', re.I | re.M)


def raw_name(name: str) -> str:
    """A name from `os.scandir` with one character for each of its bytes: git matches bytes."""
    return name if name.isascii() else os.fsencode(name).decode("latin-1")


@dataclass(frozen=True, slots=True)
class MatchStep:
    """Patterns of one sign, seen from one folder: `verdict` holds for names that any matches."""

    verdict: bool
    names: frozenset[str]
    endings: tuple[str, ...]
    matches_name: Callable[[str], object] | None
    prefix: str
    matches_path: Callable[[str], object] | None


def match(steps: Iterable[MatchStep], name: str) -> bool | None:
    """What the first step that matches says: True matched, False taken back by a "!" pattern;
    None when no pattern matches."""
    for step in steps:
        if (
            name in step.names
            or name.endswith(step.endings)
            or (step.matches_name is not None and step.matches_name(name))
            or (step.matches_path is not None and step.matches_path(step.prefix + name))
        ):
            return step.verdict
    return None


@dataclass(frozen=True, slots=True)
class _Group:
    """Neighbouring patterns of one sign, whose order among themselves does not matter.

    `depths`: how many folders a path has that `matches_path` can match, None for any number.
    """

    verdict: bool
    names: frozenset[str]
    endings: tuple[str, ...]
    matches_name: Callable[[str], object] | None
    matches_path: Callable[[str], object] | None
    depths: frozenset[int] | None

    def step(self, folder: str) -> MatchStep | None:
        """This group in `folder`, None when nothing of it can match there."""
        here = self.depths is None or folder.count("/") in self.depths
        matches_path = self.matches_path if here else None
        if not (self.names or self.endings or self.matches_name or matches_path):
            return None
        return MatchStep(
            self.verdict, self.names, self.endings, self.matches_name, folder, matches_path
        )


@dataclass(frozen=True, slots=True)
class PatternList:
    """The patterns of one file. `for_files` leaves out those that match folders only.

    The last pattern stands first: the last match decides.
    """

    for_files: tuple[_Group, ...]
    for_folders: tuple[_Group, ...]


def pattern_lines(patterns: Iterable[str]) -> bytes:
    """The lines of an ignore file for patterns that a person gave: in both forms of Unicode, since
    macOS writes names in another than keyboards do, and as the literal name that each may be."""
    lines: dict[str, None] = {}
    for pattern in patterns:
        literal = pattern.replace("[", "\\[") if _BRACKETS.search(pattern) else pattern
        for one in (pattern, literal):
            nfc, nfd = (unicodedata.normalize(form, one) for form in _FORMS)
            lines |= dict.fromkeys((one, nfc, nfd))
    return "\n".join(lines).encode("utf-8", "surrogateescape")


@lru_cache(maxsize=256)  # generated trees hold the same file a thousand times
def parse_patterns(data: bytes, *, ignore_case: bool = _IGNORES_CASE) -> PatternList:
    """The patterns in the bytes of an ignore file."""
    text = data.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    lines = (line.removesuffix("\r").partition("\0")[0] for line in text.split("\n"))
    globs = [glob for glob in map(parse_pattern, lines) if glob is not None]
    runs = [list(run) for _, run in groupby(reversed(globs), key=lambda glob: glob.negated)]
    files = ([glob for glob in run if not glob.folders_only] for run in runs)
    return PatternList(
        tuple(_group(run, ignore_case=ignore_case) for run in files if run),
        tuple(_group(run, ignore_case=ignore_case) for run in runs),
    )


def _group(globs: Sequence[GitignorePattern], *, ignore_case: bool) -> _Group:
    """Plain names and endings go into tables, which is faster than a regular expression."""
    plain = [g for g in globs if g.plain is not None and not ignore_case]
    others = [g for g in globs if g.plain is None or ignore_case]
    paths = [g for g in others if not g.bare]
    depths = frozenset(-1 if g.depth is None else g.depth for g in paths)
    flags = re.DOTALL | (re.IGNORECASE | re.ASCII if ignore_case else 0)
    return _Group(
        verdict=not globs[0].negated,
        names=frozenset(g.plain for g in plain if g.plain is not None and not g.ending),
        endings=tuple(g.plain for g in plain if g.plain is not None and g.ending),
        matches_name=_any_of([g.regex for g in others if g.bare], flags),
        matches_path=_any_of([g.regex for g in paths], flags),
        depths=None if -1 in depths else depths,
    )


def _any_of(regexes: Sequence[str], flags: int) -> Callable[[str], object] | None:
    return re.compile("|".join(regexes), flags).fullmatch if regexes else None


@dataclass(frozen=True, slots=True)
class IgnoreScope:
    """The pattern files that hold in one folder, innermost first, each with the length of the
    path of the folder it lies in.

    `first` (--exclude) is asked before `own` (.ragkitignore), that before `git` (.gitignore,
    then what git reads for a whole repository).
    """

    first: tuple[tuple[PatternList, int], ...] = ()
    own: tuple[tuple[PatternList, int], ...] = ()
    git: tuple[tuple[PatternList, int], ...] = ()

    def steps(self, folder: str) -> tuple[list[MatchStep], list[MatchStep]]:
        """What decides about the files and about the folders in `folder`, a path from where the
        scope began: "" or ending with "/"."""
        levels = [(p, folder[start:]) for p, start in (*self.first, *self.own, *self.git)]
        files = (group.step(path) for patterns, path in levels for group in patterns.for_files)
        folders = (group.step(path) for patterns, path in levels for group in patterns.for_folders)
        return [s for s in files if s is not None], [s for s in folders if s is not None]


def enter_folder(scope: IgnoreScope, folder: str, path: str, names: Container[str]) -> IgnoreScope:
    """The scope inside a folder that holds `names`.

    `folder` is its path from where the scope began, `path` opens it. A repository within a
    repository starts anew, as it does for git; .ragkitignore goes on.
    """
    start = len(folder)
    if ".git" in names:
        scope = replace(scope, git=tuple((p, start) for p in repository_patterns(path)))
    if ".gitignore" in names:
        found = read_patterns(os.path.join(path, ".gitignore"))
        scope = replace(scope, git=((found, start), *scope.git))
    if ".ragkitignore" in names:
        found = read_patterns(os.path.join(path, ".ragkitignore"), both_forms=True)
        scope = replace(scope, own=((found, start), *scope.own))
    return scope


def repository_patterns(top: str) -> list[PatternList]:
    """What git reads beside .gitignore: info/exclude, then the person's own list for all."""
    expand = os.path.expanduser  # unlike the Path method it does not fail without a home
    config = os.environ.get("XDG_CONFIG_HOME") or expand("~/.config")
    everywhere = os.path.join(config, "git", "ignore")
    for settings in (expand("~/.gitconfig"), os.path.join(config, "git", "config")):
        named = _EXCLUDES_FILE.search(_content(settings, follow=True))
        if named:
            everywhere = expand(os.fsdecode(named[1]))
            break
    exclude = os.path.join(_git_folder(top), "info", "exclude")
    return [read_patterns(path, follow=True) for path in (exclude, everywhere)]


def _git_folder(top: str) -> str:
    """Where the repository of a work tree keeps its own files; a linked one names it in .git."""
    path = os.path.join(top, ".git")
    line = _content(path)
    if line.startswith(b"gitdir: "):
        path = os.path.join(top, os.fsdecode(line[8:].rstrip(b"\r\n")))
        common = os.fsdecode(_content(os.path.join(path, "commondir")).rstrip(b"\r\n"))
        path = os.path.join(path, common)
    return path


def read_patterns(path: str, *, follow: bool = False, both_forms: bool = False) -> PatternList:
    """The patterns in a file; none where it cannot be read. Links are taken if `follow`; names in
    both forms of Unicode if `both_forms`, unlike git."""
    data = _content(path, follow=follow)
    if both_forms and not data.isascii():
        data = pattern_lines(data.decode("utf-8", "surrogateescape").split("\n"))
    return parse_patterns(data)


def _content(path: str, *, follow: bool = False) -> bytes:
    """What a small plain file holds, b"" where there is none: git, too, goes on without it."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if not follow:
        flags |= getattr(os, "O_NOFOLLOW", 0)
    try:
        descriptor = os.open(path, flags)
    except OSError:
        return b""
    try:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return os.read(descriptor, _LIMIT_BYTES) if is_file else b""
    finally:
        os.close(descriptor)
