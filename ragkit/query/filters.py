"""Which files a search is restricted to (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable


def matching_sources(sources: Iterable[str], glob: str) -> list[str]:
    """The sources that a glob names: `*` within a folder, `**` across folders, `?`, `[a-z]`.

    A glob without a slash is matched against the file name ("*.pdf"), one with a slash against
    the whole source; a glob that ends in a slash, or names a folder, means all below it.
    """
    pattern = re.compile(_regex(glob.removeprefix("./")))
    return [source for source in sources if pattern.fullmatch(source)]


def _regex(glob: str) -> str:
    glob = glob.rstrip("/") + "/**" if glob.endswith("/") else glob
    anywhere = "" if "/" in glob else r"(?:.*/)?"
    parts: list[str] = []
    at = 0
    while at < len(glob):
        if glob.startswith("**/", at):
            parts.append(r"(?:.*/)?")
            at += 3
        elif glob.startswith("**", at):
            parts.append(r".*")
            at += 2
        elif glob[at] == "[" and (end := glob.find("]", at + 2)) > 0:
            inner = glob[at + 1 : end].replace("\\", r"\\").replace("[", r"\[")
            parts.append(f"[{'^' + inner[1:] if inner[0] == '!' else inner}]")
            at = end + 1
        else:
            single = {"*": r"[^/]*", "?": r"[^/]"}
            parts.append(single.get(glob[at], re.escape(glob[at])))
            at += 1
    return anywhere + "".join(parts) + r"(?:/.*)?"
