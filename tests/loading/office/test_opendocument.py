from __future__ import annotations

import pytest

from ragkit.errors import LoadError
from ragkit.loading import LoadOptions, load

NAMES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "text", "table", "presentation")
)
NAMES += ' xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"'
TYPE = "application/vnd.oasis.opendocument."


def parts(kind: str, body: str) -> dict[str, str]:
    content = f"<office:document-content {NAMES}><office:body><office:{kind}>{body}"
    content += f"</office:{kind}></office:body></office:document-content>"
    meta = "<m xmlns:dc='d'><dc:title>Title</dc:title></m>"
    return {"mimetype": TYPE + kind, "content.xml": content, "meta.xml": meta}


def row(*cells: str, repeated: str = "1") -> str:
    inside = "".join(f"<table:table-cell><text:p>{c}</text:p></table:table-cell>" for c in cells)
    return f'<table:table-row table:number-rows-repeated="{repeated}">{inside}</table:table-row>'


def test_a_text(make_zip) -> None:  # type: ignore[no-untyped-def]
    body = (
        '<text:h text:outline-level="2">Backups</text:h>'
        "<text:p>Once<text:s/>a <text:span>quarter</text:span><text:note>"
        "<text:note-citation>1</text:note-citation><text:note-body><text:p>or more</text:p>"
        "</text:note-body></text:note>.</text:p>"
        "<text:list><text:list-item><text:p>tape</text:p><text:list><text:list-item>"
        "<text:p>old</text:p></text:list-item></text:list></text:list-item></text:list>"
        f"<table:table>{row('Name', 'Size')}{row('a', '3')}</table:table>"
        "<text:tracked-changes><text:p>gone</text:p></text:tracked-changes>"
    )
    document = load(make_zip(parts("text", body)), "a.odt")
    assert document.text == (
        "## Backups\n\nOnce a quarter.\n\n[^1]: or more\n\n- tape\n  - old\n\n"
        "| Name | Size |\n| --- | --- |\n| a | 3 |"
    )
    assert [(h.level, h.title) for h in document.headings] == [(2, "Backups")]
    assert dict(document.metadata) == {"format": "odt", "title": "Title"}


def test_sheets(make_zip) -> None:  # type: ignore[no-untyped-def]
    body = f'<table:table table:name="Prices">{row("Name", "Price")}{row("Tea", "3")}</table:table>'
    document = load(make_zip(parts("spreadsheet", body)), "a.ods")
    assert document.page_labels == ("sheet Prices",)
    assert document.text.startswith("# Prices\n\n| Name | Price |")


def test_slides(make_zip) -> None:  # type: ignore[no-untyped-def]
    body = (
        '<draw:page><draw:frame presentation:class="title"><draw:text-box><text:p>Plan</text:p>'
        "</draw:text-box></draw:frame><draw:frame><draw:text-box><text:p>Words</text:p>"
        "</draw:text-box></draw:frame><presentation:notes><draw:frame><draw:text-box>"
        "<text:p>Slowly</text:p></draw:text-box></draw:frame></presentation:notes></draw:page>"
    )
    document = load(make_zip(parts("presentation", body)), "a.odp")
    assert document.page_labels == ("slide 1",)
    assert document.text == "# Plan\n\nWords\n\nNotes: Slowly"


def test_repeated_rows_are_bounded(make_zip) -> None:  # type: ignore[no-untyped-def]
    body = f'<table:table table:name="S">{row("x", "y", repeated="99999999") * 20}</table:table>'
    document = load(make_zip(parts("spreadsheet", body)), "a.ods", LoadOptions(table_cells=5000))
    assert len(document.text) < 100_000
    assert "too many cells" in document.notes[0]


def test_text_boxes_in_text_boxes_are_read_once(make_zip) -> None:  # type: ignore[no-untyped-def]
    body = (
        "<text:p>a<draw:text-box>" * 100 + "<text:p>b</text:p>" + "</draw:text-box></text:p>" * 100
    )
    assert load(make_zip(parts("text", body)), "a.odt").text.count("a") == 100


def test_encryption_is_reported(make_zip) -> None:  # type: ignore[no-untyped-def]
    files = {**parts("text", "x"), "META-INF/manifest.xml": "<m:encryption-data/>"}
    with pytest.raises(LoadError, match="password") as caught:
        load(make_zip(files), "a.odt")
    assert caught.value.outcome == "skipped"
