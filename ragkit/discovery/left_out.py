"""What lies in a folder and is nobody's document: other indexes, caches, backups of editors."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path

_TAG = "CACHEDIR.TAG"
_TAG_CONTENT = b"Signature: 8a477f597d28d172789f06886806bc55"  # bford.info/cachedir
_CATALOG = "catalog.lance"
FOLDER_MARKS = frozenset([_TAG, _CATALOG])
INDEX = "another index, not documents: left out with all in it"
TABLE = "a table of a LanceDB database, not documents: left out with all in it"
CACHE = f"a cache, says its {_TAG}: left out with all in it"
# Reasons for which a folder is left out, unlike one that could not be listed.
LEFT_OUT_FOLDERS = frozenset([INDEX, TABLE, CACHE])
_BACKUP = re.compile(r"(.+?)(?:~|\.~\d+~|\.bak)|#(.+)#", re.IGNORECASE | re.DOTALL)
BACKUP_ENDINGS = frozenset("~#kK")  # the last letters of names that are worth a closer look


def is_hidden(name: str) -> bool:
    """Whether a name begins with a dot, but not with three: "...notes.md" is nobody's setting."""
    return name[:1] == "." and name[:3] != "..."


def folder_reason(path: str, marks: Collection[str]) -> str:
    """Why a folder that holds these `FOLDER_MARKS` is left out, "" when it is not."""
    if _CATALOG in marks and is_table(os.path.join(path, _CATALOG)):
        return INDEX
    if _TAG in marks:
        try:
            with Path(path, _TAG).open("rb") as file:
                return CACHE if file.read(len(_TAG_CONTENT)) == _TAG_CONTENT else ""
        except OSError:
            return ""
    return ""


def is_table(path: str) -> bool:
    """Whether a folder whose name ends in ".lance" is a table of LanceDB."""
    return Path(path, "_versions").is_dir()


def backup_reason(name: str, names: Collection[str]) -> str:
    """Why a file is left out that an editor keeps beside another of `names`: its backup, or what
    was not saved yet. "" for others: where the other is gone it is the only copy."""
    match = _BACKUP.fullmatch(name)
    if match is None or (original := match[1] or match[2]) not in names:
        return ""
    return f"a backup that an editor keeps of {original}"
