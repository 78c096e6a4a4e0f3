from __future__ import annotations

import pytest

from ragkit.errors import LoadError
from ragkit.loading import load

CONTAINER = "<c><rootfile full-path='OEBPS/book.opf'/></c>"
PACKAGE = """<package xmlns:dc='http://purl.org/dc/elements/1.1/'>
<metadata><dc:title>The Book</dc:title><dc:creator>Ada</dc:creator></metadata>
<manifest><item id='b' href='two%20b.xhtml'/><item id='a' href='a.xhtml'/>
<item id='p' href='p.png'/></manifest>
<spine><itemref idref='a'/><itemref idref='p'/><itemref idref='b'/></spine></package>"""
BOOK = {
    "mimetype": "application/epub+zip",
    "META-INF/container.xml": CONTAINER,
    "OEBPS/book.opf": PACKAGE,
    "OEBPS/a.xhtml": "<!DOCTYPE html><html><body><h1>One</h1><p>First words.</p></body></html>",
    "OEBPS/two b.xhtml": "<html><body><h1>Two</h1><p>More words.</p></body></html>",
}


def test_chapters_are_pages_in_reading_order(make_zip) -> None:  # type: ignore[no-untyped-def]
    document = load(make_zip(BOOK), "a.epub")
    assert document.text == "# One\n\nFirst words.\n\n# Two\n\nMore words."
    assert document.page_labels == ("chapter 1", "chapter 2")
    assert [document.text[start : start + 5] for start in document.page_starts] == [
        "# One",
        "# Two",
    ]
    assert [document.text[h.start : h.start + 5] for h in document.headings] == ["# One", "# Two"]
    assert dict(document.metadata) == {"format": "epub", "title": "The Book", "author": "Ada"}


def test_encrypted_chapters_are_reported(make_zip) -> None:  # type: ignore[no-untyped-def]
    files = {**BOOK, "META-INF/encryption.xml": "<e URI='OEBPS/a.xhtml'/>"}
    with pytest.raises(LoadError, match="password"):
        load(make_zip(files), "a.epub")


def test_a_book_without_a_package_is_damaged(make_zip) -> None:  # type: ignore[no-untyped-def]
    files = {name: text for name, text in BOOK.items() if not name.endswith(".opf")}
    with pytest.raises(LoadError, match="damaged"):
        load(make_zip(files), "a.epub")
