from __future__ import annotations

import pytest

from ragkit.errors import LoadError
from ragkit.loading import LoadOptions, load

NAMES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "text", "table", "presentation", "style")
)
NAMES += ' xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:dc="dc"'
NAMES += ' xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"'
TYPE = "application/vnd.oasis.opendocument."


def parts(kind: str, body: str, styles: str = "") -> dict[str, str]:
    content = f"<office:document-content {NAMES}><office:automatic-styles>{styles}"
    content += f"</office:automatic-styles><office:body><office:{kind}>{body}"
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


LIST = (
    '<text:list-style style:name="L"><text:list-level-style-number text:level="1" '
    'style:num-format="1" style:num-suffix="."/><text:list-level-style-number text:level="2" '
    'style:num-format="a" style:num-prefix="(" style:num-suffix=")"/></text:list-style>'
)


def test_clauses_and_headings_have_their_numbers(make_zip) -> None:  # type: ignore[no-untyped-def]
    def item(text: str, more: str = "") -> str:
        return f"<text:list-item><text:p>{text}</text:p>{more}</text:list-item>"

    inner = f"<text:list>{item('sail')}{item('oar')}</text:list>"
    body = (
        '<text:h text:outline-level="1">Terms</text:h><text:h text:outline-level="2">Scope</text:h>'
        f'<text:list text:style-name="L">{item("Boat", inner)}{item("Fuel")}</text:list>'
        "<text:p>between</text:p>"
        f'<text:list text:style-name="L" text:continue-numbering="true">{item("Time")}</text:list>'
        f'<text:list text:style-name="L">{item("anew")}</text:list>'
    )
    outline = (
        '<text:outline-style><text:outline-level-style text:level="1" style:num-format="1"/>'
        '<text:outline-level-style text:level="2" style:num-format="1" text:display-levels="2"/>'
        "</text:outline-style>"
    )
    text = load(make_zip(parts("text", body, LIST + outline)), "a.odt").text
    assert [line.strip() for line in text.split("\n") if line] == [
        "# 1 Terms", "## 1.1 Scope", "1. Boat", "(a) sail", "(b) oar", "2. Fuel",
        "between", "3. Time", "1. anew",
    ]  # fmt: skip


def test_header_rows_and_merged_cells(make_zip) -> None:  # type: ignore[no-untyped-def]
    def cell(text: str, spans: str = "") -> str:
        return f"<table:table-cell {spans}><text:p>{text}</text:p></table:table-cell>"

    covered = "<table:covered-table-cell/>"
    wide, tall = (f'table:number-{kind}-spanned="2"' for kind in ("columns", "rows"))
    body = (
        "<table:table><table:table-header-rows><table:table-row>"
        f"{cell('Segment', tall)}{cell('Ended', wide)}{covered}</table:table-row><table:table-row>"
        f"{covered}{cell('2022')}{cell('2021')}</table:table-row></table:table-header-rows>"
        f"<table:table-row>{cell('North', tall)}{cell('1')}{cell('2')}</table:table-row>"
        f"<table:table-row>{covered}{cell('3')}{cell('4')}</table:table-row></table:table>"
    )
    flat = (
        "| Segment | Ended 2022 | Ended 2021 |\n| --- | --- | --- |\n"
        "| North | 1 | 2 |\n| North | 3 | 4 |"
    )
    assert load(make_zip(parts("text", body)), "a.odt").text == flat
    sheet = body.replace("<table:table>", '<table:table table:name="S">')
    assert load(make_zip(parts("spreadsheet", sheet)), "a.ods").text == f"# S\n\n{flat}"


def test_nothing_in_a_cell_is_lost(make_zip) -> None:  # type: ignore[no-untyped-def]
    note = (
        "<text:note><text:note-citation>1</text:note-citation><text:note-body>"
        "<text:p>from Assam</text:p></text:note-body></text:note>"
    )
    comment = (
        '<office:annotation office:name="c"><dc:creator>Ada</dc:creator><text:p>which?</text:p>'
        '</office:annotation>the best<office:annotation-end office:name="c"/>'
    )
    box = "<draw:text-box><text:p>boxed</text:p></draw:text-box>"
    body = f"<table:table>{row('Name', 'Price')}{row(f'Tea{note}{box}', comment)}</table:table>"
    assert load(make_zip(parts("text", body)), "a.odt").text == (
        "| Name | Price |\n| --- | --- |\n| Tea boxed | the best |\n\n"
        '[^1]: from Assam\n\nComment by Ada on "the best": which?'
    )


def test_a_note_in_a_text_box_is_read_once(make_zip) -> None:  # type: ignore[no-untyped-def]
    note = "<text:note><text:note-body><text:p>once</text:p></text:note-body></text:note>"
    body = f"<text:p>a<draw:text-box><text:p>b{note}</text:p></draw:text-box></text:p>"
    assert load(make_zip(parts("text", body)), "a.odt").text.count("once") == 1


def test_hidden_sheets_say_so(make_zip) -> None:  # type: ignore[no-untyped-def]
    style = (
        '<style:style style:name="H"><style:table-properties table:display="false"/></style:style>'
    )
    body = f'<table:table table:name="R" table:style-name="H">{row("a", "b")}</table:table>'
    document = load(make_zip(parts("spreadsheet", body, style)), "a.ods")
    assert document.page_labels == ("sheet R (hidden)",)


def test_charts_are_read(make_zip) -> None:  # type: ignore[no-untyped-def]
    body = '<text:p>See:<draw:frame><draw:object xlink:href="./Object 1"/></draw:frame></text:p>'
    files = parts("text", body)
    title = "<c:title xmlns:c='c'><text:p>Sales</text:p></c:title>"
    table = f"<table:table>{row('', 'North')}{row('Q1', '5')}</table:table>"
    files["Object 1/content.xml"] = parts("chart", title + table)["content.xml"]
    assert load(make_zip(files), "a.odt").text == (
        "See:\n\nChart: Sales\n\n|  | North |\n| --- | --- |\n| Q1 | 5 |"
    )


def test_a_damaged_text_is_read_up_to_there(make_zip) -> None:  # type: ignore[no-untyped-def]
    files = parts("text", "<text:p>first</text:p><text:p>last</text:p>")
    files["content.xml"] = files["content.xml"].partition("last")[0]
    files["meta.xml"] = files["styles.xml"] = "<m"
    document = load(make_zip(files), "a.odt")
    assert document.text == "first"
    assert document.notes == ("damaged: not all of content.xml could be read",)
