from __future__ import annotations

import io
import zipfile

import docx
import pytest

from ragkit.errors import LoadError
from ragkit.loading import load


def damaged(name: str, cut: bytes | None = None, part: bytes = b"") -> bytes:
    """A Word file one of whose parts ends before `cut`, or is `part`."""
    document = docx.Document()
    document.add_paragraph("first words")
    document.add_paragraph("last words")
    whole, target = io.BytesIO(), io.BytesIO()
    document.save(whole)
    with zipfile.ZipFile(whole) as parts, zipfile.ZipFile(target, "w") as changed:
        for one in parts.namelist():
            data = parts.read(one)
            if one == name:
                data = part if cut is None else data[: data.index(cut)]
            changed.writestr(one, data)
    return target.getvalue()


def test_a_part_is_read_up_to_where_it_is_damaged() -> None:
    document = load(damaged("word/document.xml", b"last"), "a.docx")
    assert document.text == "first words"
    assert document.notes == ("damaged: not all of word/document.xml could be read",)


@pytest.mark.parametrize("part", [b"<w", b"\xff\xfenoise", b"<a>\1</a>"])
def test_a_damaged_part_beside_the_text_costs_only_itself(part: bytes) -> None:
    document = load(damaged("word/settings.xml", part=part), "a.docx")
    assert "last words" in document.text
    assert "word/settings.xml" in document.notes[0]


def test_a_file_without_any_sound_main_part_is_damaged() -> None:
    with pytest.raises(LoadError, match="do not fit together"):
        load(damaged("word/document.xml", part=b"\xff\xfenoise"), "a.docx")
