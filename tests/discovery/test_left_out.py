from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from ragkit.discovery.left_out import CACHE, INDEX, TABLE, backup_reason, is_hidden
from ragkit.discovery.local_files import discover, disk_spelling
from ragkit.errors import RagkitError

NFC, NFD = (unicodedata.normalize(form, "Jörg.md") for form in ("NFC", "NFD"))


def write(top: Path, *names: str) -> None:
    for name in names:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(b"text")


def found(root: Path, **options: object) -> dict[str, str]:
    """Source -> refusal."""
    return {file.source: file.refusal for file in discover(root, base=root, **options)}


@pytest.mark.parametrize("name", [".a", "..a", ".git", ".", ".."])
def test_names_that_begin_with_a_dot_are_hidden(name: str) -> None:
    assert is_hidden(name)


def test_three_dots_hide_nothing(tmp_path: Path) -> None:
    write(tmp_path, "...notes.md", "....md", "...more/a.md", ".b.md", "..c.md")
    assert found(tmp_path) == {"....md": "", "...more/a.md": "", "...notes.md": ""}


@pytest.mark.parametrize(
    ("name", "original"),
    [
        pytest.param("plan.md~", "plan.md", id="Emacs, gedit"),
        pytest.param("plan.md.~12~", "plan.md", id="numbered"),
        pytest.param("#plan.md#", "plan.md", id="saved by Emacs itself"),
        pytest.param("plan.md.bak", "plan.md", id="bak"),
        pytest.param("plan.md.BAK", "plan.md", id="BAK"),
    ],
)
def test_backups_are_left_out_beside_what_they_are_of(
    tmp_path: Path, name: str, original: str
) -> None:
    write(tmp_path, name, original)
    assert found(tmp_path) == {
        original: "",
        name: f"a backup that an editor keeps of {original}",
    }
    (tmp_path / original).unlink()
    assert found(tmp_path) == {name: ""}  # it is the only copy


@pytest.mark.parametrize("name", ["plan.md", "C#", "x~y", "a.bak.md", "~", "#", "##", "talk"])
def test_other_names_are_no_backups(name: str) -> None:
    assert backup_reason(name, {"plan.md", "C", "x", "a", "", "tal"}) == ""


def test_another_index_is_one_row_whatever_it_is_called(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "old/catalog.lance/_versions/1.manifest", "old/state.json", "old-b")
    write(tmp_path, "old/chunks.lance/data/x", "z.txt")
    assert found(tmp_path) == {"a.txt": "", "old-b": "", "old/": INDEX, "z.txt": ""}
    with pytest.raises(RagkitError, match="part of an index"):
        found(tmp_path / "old")


def test_tables_of_lancedb_are_one_row_each(tmp_path: Path) -> None:
    write(tmp_path, "db/docs.lance/_versions/1.manifest", "db/docs.lance/data/x", "db/readme.md")
    write(tmp_path, "free.lance/story.md")
    assert found(tmp_path) == {
        "db/docs.lance/": TABLE,
        "db/readme.md": "",
        "free.lance/story.md": "",
    }


def test_a_cache_is_one_row_if_its_tag_is_one(tmp_path: Path) -> None:
    write(tmp_path, "target/out.txt", "notes/CACHEDIR.TAG", "notes/a.md")
    tag = tmp_path / "target/CACHEDIR.TAG"
    tag.write_bytes(b"Signature: 8a477f597d28d172789f06886806bc55\n# by a build")
    assert found(tmp_path) == {"notes/CACHEDIR.TAG": "", "notes/a.md": "", "target/": CACHE}
    assert set(found(tmp_path / "target")) == {"CACHEDIR.TAG", "out.txt"}  # named on purpose


@pytest.mark.parametrize(("on_disk", "asked"), [(NFC, NFD), (NFD, NFC), (NFC, NFC)])
def test_a_pattern_matches_a_name_in_either_form_of_unicode(
    tmp_path: Path, on_disk: str, asked: str
) -> None:
    write(tmp_path, on_disk, "other.md")
    assert set(found(tmp_path, include=[asked])) == {on_disk}
    assert set(found(tmp_path, exclude=[asked])) == {"other.md"}
    assert set(found(tmp_path, include=[f"*{asked[1:]}"])) == {on_disk}
    (tmp_path / ".ragkitignore").write_text(asked + "\n", encoding="utf-8")
    assert set(found(tmp_path)) == {"other.md"}


@pytest.mark.parametrize("name", ["report [draft].md", "a[1].md", "[x"])
def test_a_name_with_brackets_matches_itself(tmp_path: Path, name: str) -> None:
    write(tmp_path, name, "other.md")
    assert set(found(tmp_path, include=[name])) == {name}
    assert set(found(tmp_path, exclude=[name])) == {"other.md"}


@pytest.mark.skipif(os.name == "nt", reason="names keep their form on other systems only")
@pytest.mark.parametrize(("on_disk", "asked"), [(NFC, NFD), (NFD, NFC)])
def test_a_path_is_spelled_as_on_disk(tmp_path: Path, on_disk: str, asked: str) -> None:
    write(tmp_path, f"{on_disk}/{on_disk}")
    assert disk_spelling(tmp_path / asked / asked) == tmp_path / on_disk / on_disk
    assert disk_spelling(tmp_path / asked / "none.md") == tmp_path / on_disk / "none.md"
    write(tmp_path, f"{asked}/a")
    assert disk_spelling(tmp_path / asked) == tmp_path / asked
