from __future__ import annotations

import io
import zipfile

import pytest

from ragkit.errors import LoadError
from ragkit.loading import LoadOptions, load
from ragkit.loading.office.archive import GuardedZip, dublin_core, parse_xml, zip_format

KINDS = "<Types><Override ContentType='application/vnd.openxmlformats-officedocument.{}'/></Types>"
WORD = KINDS.format("wordprocessingml.document.main+xml")
RELATIONS = (
    "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>"
    "<Relationship Id='r' Target='word/document.xml' Type='http://schemas.openxmlformats.org/"
    "officeDocument/2006/relationships/officeDocument'/></Relationships>"
)
OPEN = "application/vnd.oasis.opendocument.text"


def document(body: str, head: str = "") -> dict[str, str]:
    kinds = WORD.replace(
        "<Types>", "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'>"
    )
    kinds = kinds.replace(
        "<Override",
        "<Default Extension='rels' ContentType='application/"
        "vnd.openxmlformats-package.relationships+xml'/><Override PartName='/word/document.xml'",
    )
    name = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    content = f"{head}<w:document xmlns:w='{name}'><w:body>{body}</w:body></w:document>"
    return {"[Content_Types].xml": kinds, "_rels/.rels": RELATIONS, "word/document.xml": content}


PARAGRAPH = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>"


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        pytest.param({"[Content_Types].xml": WORD}, "docx", id="Word"),
        pytest.param(
            {"[Content_Types].xml": KINDS.format("spreadsheetml.sheet.main+xml")},
            "xlsx",
            id="Excel",
        ),
        pytest.param(
            {"[Content_Types].xml": KINDS.format("presentationml.slideshow.main+xml")},
            "pptx",
            id="show",
        ),
        pytest.param({"mimetype": OPEN}, "odt", id="OpenDocument"),
        pytest.param({"mimetype": f"{OPEN}-template"}, "odt", id="OpenDocument template"),
        pytest.param({"mimetype": "application/epub+zip\n"}, "epub", id="EPUB"),
        pytest.param({"META-INF/container.xml": "<c/>"}, "epub", id="EPUB without a type"),
    ],
)
def test_a_zip_file_is_what_it_declares(make_zip, parts, expected) -> None:  # type: ignore[no-untyped-def]
    assert zip_format("a.bin", make_zip(parts), LoadOptions()) == expected


@pytest.mark.parametrize(
    ("parts", "reason", "outcome"),
    [
        pytest.param({"a.txt": "x"}, "unpack it", "skipped", id="archive"),
        pytest.param({"Index/Document.iwa": "x"}, "iWork", "skipped", id="Pages"),
    ],
)
def test_other_zip_files_are_refused(make_zip, parts, reason, outcome) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(LoadError, match=reason) as caught:
        load(make_zip(parts), "a.zip")
    assert caught.value.outcome == outcome


def test_encrypted_parts_need_a_password(make_zip) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(LoadError, match="password") as caught:
        load(make_zip({"[Content_Types].xml": WORD}, encrypted=True), "a.docx")
    assert caught.value.outcome == "skipped"


@pytest.mark.parametrize(
    "head",
    [
        pytest.param('<!DOCTYPE d [<!ENTITY a "b">]>', id="entity"),
        pytest.param(
            '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]>', id="external entity"
        ),
        pytest.param('<!DOCTYPE d SYSTEM "http://127.0.0.1/d.dtd">', id="external type"),
    ],
)
def test_declarations_are_refused(make_zip, head) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(LoadError, match="declares"):
        load(make_zip(document(PARAGRAPH.format("x"), head)), "a.docx")
    with pytest.raises(LoadError, match="declares"):
        load(make_zip({"mimetype": OPEN, "content.xml": f"{head}<a/>"}), "a.odt")
    with pytest.raises(LoadError, match="declares"):
        parse_xml(f"<?xml version='1.0' encoding='utf-16'?>{head}<a/>".encode("utf-16"), "part")


def test_a_bomb_is_refused_before_it_is_unpacked(make_zip) -> None:  # type: ignore[no-untyped-def]
    bomb = make_zip(document(PARAGRAPH.format("A" * 80_000_000)))
    assert len(bomb) < 200_000
    with pytest.raises(LoadError, match="unpacks to 80,"):
        load(bomb, "a.docx")


def test_parts_and_totals_are_bounded(make_zip) -> None:  # type: ignore[no-untyped-def]
    data = make_zip({"a": b"x" * 1000, "b": b"y" * 1000})
    with pytest.raises(LoadError, match="unpacks to 1,000"):
        GuardedZip(data, LoadOptions(part_bytes=999)).read("a")
    archive = GuardedZip(data, LoadOptions(total_bytes=1999))
    assert archive.read("a") == b"x" * 1000
    with pytest.raises(LoadError):
        archive.read("b")
    assert GuardedZip(data, LoadOptions(total_bytes=2000)).read("c") == b""


def test_very_many_parts_are_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for number in range(20_001):
            archive.writestr(str(number), b"")
    with pytest.raises(LoadError, match="20001 parts"):
        GuardedZip(target.getvalue(), LoadOptions())


@pytest.mark.parametrize("source", ["a.docx", "a.odt", "a.epub", "a.xlsx", "a.pptx"])
def test_a_cut_file_is_damaged(make_zip, source) -> None:  # type: ignore[no-untyped-def]
    data = make_zip(document(PARAGRAPH.format("x")))
    with pytest.raises(LoadError, match="damaged") as caught:
        load(data[: len(data) // 2], source)
    assert caught.value.outcome == "failed"


def test_a_damaged_part_is_reported(make_zip) -> None:  # type: ignore[no-untyped-def]
    data = bytearray(make_zip({"mimetype": OPEN, "content.xml": "<a>" + "words " * 500 + "</a>"}))
    start = data.index(b"content.xml") + 20
    data[start : start + 8] = b"\xff" * 8
    with pytest.raises(LoadError, match="damaged"):
        load(bytes(data), "a.odt")


@pytest.mark.parametrize("source", ["a.docx", "a.odt"])
def test_deep_nesting_is_reported(make_zip, source) -> None:  # type: ignore[no-untyped-def]
    nested = "<w:sdt><w:sdtContent>" * 30_000 + "</w:sdtContent></w:sdt>" * 30_000
    parts = document(nested)
    if source == "a.odt":
        inside = "<b>" * 30_000 + "</b>" * 30_000
        office = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
        body = f"<o:body xmlns:o='{office}'><o:text>{inside}</o:text></o:body>"
        parts = {"mimetype": OPEN, "content.xml": f"<a>{body}</a>"}
    with pytest.raises(LoadError):
        load(make_zip(parts), source)


def test_strict_office_files_are_read(make_zip) -> None:  # type: ignore[no-untyped-def]
    parts = {
        name: text.replace(
            "http://schemas.openxmlformats.org/officeDocument/2006/",
            "http://purl.oclc.org/ooxml/officeDocument/",
        ).replace(
            "http://schemas.openxmlformats.org/wordprocessingml/2006/",
            "http://purl.oclc.org/ooxml/wordprocessingml/",
        )
        for name, text in document(PARAGRAPH.format("strict words")).items()
    }
    assert load(make_zip(parts), "a.docx").text == "strict words"


def test_properties_become_metadata() -> None:
    tree = parse_xml(
        b"<p xmlns:d='u'><d:title>T</d:title><d:creator>A</d:creator><d:creator>B</d:creator>"
        b"<d:keywords>x, y</d:keywords><d:other>z</d:other><d:subject> </d:subject></p>",
        "part",
    )
    assert dublin_core(tree) == (("title", "T"), ("author", "A, B"), ("tags", "x, y"))
    assert dublin_core(None) == ()
