from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import docx
import pytest

from ragkit.errors import LoadError
from ragkit.loading import load


def changed(name: str, change: Callable[[bytes], bytes]) -> bytes:
    """A Word file one of whose parts is changed."""
    document = docx.Document()
    document.add_paragraph("first words")
    document.add_paragraph("last words")
    whole, target = io.BytesIO(), io.BytesIO()
    document.save(whole)
    with zipfile.ZipFile(whole) as parts, zipfile.ZipFile(target, "w") as copy:
        for one in parts.namelist():
            data = parts.read(one)
            copy.writestr(one, change(data) if one == name else data)
    return target.getvalue()


def test_a_part_is_read_up_to_where_it_is_damaged() -> None:
    document = load(changed("word/document.xml", lambda data: data.partition(b"last")[0]), "a.docx")
    assert document.text == "first words"
    assert document.notes == ("damaged: not all of word/document.xml could be read",)


@pytest.mark.parametrize("part", [b"<w", b"\xff\xfenoise", b"<a>\1</a>"])
def test_a_damaged_part_beside_the_text_costs_only_itself(part: bytes) -> None:
    document = load(changed("word/settings.xml", lambda _: part), "a.docx")
    assert "last words" in document.text
    assert "word/settings.xml" in document.notes[0]


def test_a_file_without_any_sound_main_part_is_damaged() -> None:
    with pytest.raises(LoadError, match="do not fit together"):
        load(changed("word/document.xml", lambda _: b"\xff\xfenoise"), "a.docx")


def test_a_missing_part_costs_only_itself() -> None:
    relation = b"<Relationship Id='m' Type='x/image' Target='NULL'/></Relationships>"
    name = "word/_rels/document.xml.rels"
    data = changed(name, lambda data: data.replace(b"</Relationships>", relation))
    document = load(data, "a.docx")
    assert "last words" in document.text
    assert "word/NULL" in document.notes[0]


@pytest.mark.parametrize("number", ["-1", "x", "\u00b2", "9" * 5000, ""])
def test_absurd_numbers_in_attributes_are_passed_over(number: str) -> None:
    paragraph = f"<w:p><w:pPr><w:outlineLvl w:val='{number}'/></w:pPr>".encode()
    data = changed("word/document.xml", lambda data: data.replace(b"<w:p>", paragraph, 1))
    assert "first words" in load(data, "a.docx").text
