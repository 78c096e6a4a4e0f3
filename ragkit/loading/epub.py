"""EPUB books -> Markdown, one page a chapter file, in reading order."""

from __future__ import annotations

import posixpath
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from ragkit.errors import LoadError
from ragkit.loading.content import LoadedContent, LoadOptions
from ragkit.loading.detect_format import needs_password
from ragkit.loading.headings import markdown_headings
from ragkit.loading.html import html_to_text
from ragkit.loading.office.archive import GuardedZip, dublin_core, local_name
from ragkit.loading.text_encoding import decode
from ragkit.types import Heading

_PAGES = (".xhtml", ".html", ".htm", ".xml")


def load_epub(data: bytes, options: LoadOptions) -> LoadedContent:
    """A book. Pages are the files of its spine, labelled "chapter 1", "chapter 2", ...

    Raises LoadError: skipped when its chapters are encrypted, failed when damaged.
    """
    archive = GuardedZip(data, options)
    container = archive.xml("META-INF/container.xml")
    roots = [] if container is None else [e.get("full-path", "") for e in container.iter()]
    package_name = next(filter(None, roots), "")
    package = archive.xml(package_name)
    if package is None:
        raise LoadError("damaged book: it does not say where its chapters are")
    chapters = []
    encrypted = archive.read("META-INF/encryption.xml")
    for name in _spine(package, posixpath.dirname(package_name)):
        if name.encode() in encrypted:
            raise needs_password()
        chapters.append(html_to_text(decode(archive.read(name), declared=True).text).strip())
    return _content([chapter for chapter in chapters if chapter], dublin_core(package))


def _spine(package: Element, folder: str) -> list[str]:
    """The names of the chapter files in reading order."""
    items: dict[str, str] = {}
    order: list[str] = []
    for element in package.iter():
        if local_name(element.tag) == "item":
            items[element.get("id", "")] = unquote(element.get("href", ""))
        elif local_name(element.tag) == "itemref":
            order.append(items.get(element.get("idref", ""), ""))
    names = [posixpath.normpath(posixpath.join(folder, name)) for name in order if name]
    return [name for name in dict.fromkeys(names) if name.lower().endswith(_PAGES)]


def _content(chapters: list[str], metadata: tuple[tuple[str, str], ...]) -> LoadedContent:
    starts: list[int] = []
    headings: list[Heading] = []
    length = 0
    for chapter in chapters:
        starts.append(length)
        for heading in markdown_headings(chapter):
            headings.append(Heading(length + heading.start, heading.level, heading.title))
        length += len(chapter) + 2
    return LoadedContent(
        "\n\n".join(chapters),
        page_starts=tuple(starts),
        page_labels=tuple(f"chapter {number + 1}" for number in range(len(chapters))),
        headings=tuple(headings),
        media_type="text/markdown",
        metadata=metadata,
    )
