from __future__ import annotations

import pytest

from ragkit.errors import LoadError
from ragkit.loading import LoadOptions, load

WORDS = "The backup of every server is restored once a quarter by the operations team."


def test_pages_begin_where_they_say(make_pdf) -> None:  # type: ignore[no-untyped-def]
    document = load(make_pdf(["First page here.", "Second page here.", "Third."]), "a.pdf")
    assert document.media_type == "application/pdf"
    assert [document.text[start : start + 5] for start in document.page_starts] == [
        "First",
        "Secon",
        "Third",
    ]
    assert document.page_labels == ()


def test_labels_are_those_of_the_file(make_pdf) -> None:  # type: ignore[no-untyped-def]
    document = load(make_pdf([WORDS, WORDS], labels="/r"), "a.pdf")
    assert document.page_labels == ("p. i", "p. ii")


def test_the_outline_gives_headings_on_their_lines(make_pdf) -> None:  # type: ignore[no-untyped-def]
    pages = [f"{WORDS}\nBackup Plan\n{WORDS}", WORDS]
    document = load(make_pdf(pages, outline=[("Backup plan", 0), ("Unseen", 1)]), "a.pdf")
    first, second = document.headings
    assert document.text[first.start :].startswith("Backup Plan")
    assert (second.start, second.title) == (document.page_starts[1], "Unseen")


def test_document_information_becomes_metadata(make_pdf) -> None:  # type: ignore[no-untyped-def]
    metadata = dict(load(make_pdf([WORDS], title="Operations"), "a.pdf").metadata)
    assert metadata["title"] == "Operations"
    assert metadata["created"] == "2024-01-31"


def test_an_empty_password_opens_a_file_by_itself(make_pdf) -> None:  # type: ignore[no-untyped-def]
    import io

    import pypdf

    writer = pypdf.PdfWriter(io.BytesIO(make_pdf([WORDS])))
    writer.encrypt("", "owner", algorithm="RC4-128")
    target = io.BytesIO()
    writer.write(target)
    assert "backup" in load(target.getvalue(), "a.pdf").text


def test_passwords_are_tried_in_turn(make_pdf) -> None:  # type: ignore[no-untyped-def]
    data = make_pdf([WORDS], password="secret")
    with pytest.raises(LoadError, match="needs a password") as caught:
        load(data, "a.pdf")
    assert caught.value.outcome == "skipped"
    with pytest.raises(LoadError, match="none of the given passwords"):
        load(data, "a.pdf", LoadOptions(passwords=("wrong",)))
    assert "backup" in load(data, "a.pdf", LoadOptions(passwords=("wrong", "secret"))).text


def test_a_scan_is_skipped_and_named(make_pdf) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(LoadError, match="probably scanned") as caught:
        load(make_pdf(["", ""], picture=True), "a.pdf")
    assert caught.value.outcome == "skipped"


def test_some_scanned_pages_are_counted(make_pdf) -> None:  # type: ignore[no-untyped-def]
    document = load(make_pdf([WORDS, "", ""], picture=True), "a.pdf")
    assert document.pages_without_text == 2
    (note,) = document.notes
    assert "2 of 3 pages have no text: probably scanned; `ragkit index --ocr` reads them" in note


def test_blank_pages_are_no_loss(make_pdf) -> None:  # type: ignore[no-untyped-def]
    document = load(make_pdf([WORDS, ""]), "a.pdf")
    assert len(document.page_starts) == 2
    assert document.pages_without_text == 0
    assert document.notes == ()


def test_one_damaged_page_does_not_cost_the_others(make_pdf) -> None:  # type: ignore[no-untyped-def]
    data = make_pdf([WORDS, "a second page", "a third page"])
    position = data.index(b"a second page")
    begin = data.rindex(b"BT", 0, position)
    broken = data[:begin] + b"<<" + data[begin + 2 :]
    document = load(broken, "a.pdf")
    assert "third page" in document.text
    assert len(document.page_starts) == 3


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: data[: len(data) // 2], id="half"),
        pytest.param(lambda data: b"%PDF-1.7\n" + b"\0" * 500, id="zeros"),
        pytest.param(lambda data: b"%PDF-1.7\n", id="header only"),
    ],
)
def test_damage_is_reported(make_pdf, damage) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(LoadError, match="damaged PDF") as caught:
        load(damage(make_pdf([WORDS])), "a.pdf")
    assert caught.value.outcome == "failed"


def test_oversize_pages_end_the_reading() -> None:
    pytest.importorskip("pypdf")
    import io

    import pypdf
    from pypdf.generic import DecodedStreamObject, NameObject

    writer = pypdf.PdfWriter()
    stream = DecodedStreamObject()
    stream.set_data(b" " * 80_000_000)
    reference = writer._add_object(stream.flate_encode())
    for _ in range(50):
        writer.add_blank_page(100, 100)[NameObject("/Contents")] = reference
    target = io.BytesIO()
    writer.write(target)
    with pytest.raises(LoadError, match=r"no page can be read|none of its 50 pages has text"):
        load(target.getvalue(), "a.pdf")


def test_filled_forms_are_read(make_pdf) -> None:  # type: ignore[no-untyped-def]
    import io

    import pypdf
    from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject

    writer = pypdf.PdfWriter(io.BytesIO(make_pdf([WORDS])))
    field = DictionaryObject(
        {
            NameObject("/FT"): NameObject("/Tx"),
            NameObject("/T"): TextStringObject("Applicant"),
            NameObject("/V"): TextStringObject("Ada Lovelace"),
        }
    )
    form = DictionaryObject({NameObject("/Fields"): ArrayObject([writer._add_object(field)])})
    writer.root_object[NameObject("/AcroForm")] = form
    target = io.BytesIO()
    writer.write(target)
    assert "Applicant: Ada Lovelace" in load(target.getvalue(), "a.pdf").text


def test_pages_beyond_the_time_of_a_file_are_left_out_and_noted(make_pdf) -> None:  # type: ignore[no-untyped-def]
    data = make_pdf(["words"] * 4)
    with pytest.raises(LoadError, match="the pages before it take too long"):
        load(data, "a.pdf", LoadOptions(file_seconds=0.0))


def test_what_is_dropped_is_counted(make_pdf) -> None:  # type: ignore[no-untyped-def]
    pages = [f"ACME Handbook\nPage {n}\nThese are the words of page number {n}." for n in range(9)]
    document = load(make_pdf(pages), "a.pdf")
    extracted = sum(map(len, "".join(pages).split()))
    assert document.text.count("ACME Handbook") == 1
    assert sum(map(len, document.text.split())) + document.lost_characters == extracted
