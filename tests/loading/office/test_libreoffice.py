"""Old Word and PowerPoint files, with a double of LibreOffice that behaves like it."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import docx
import pptx
import pytest

from ragkit.engines.local import LocalEngine
from ragkit.errors import LoadError
from ragkit.index import Index
from ragkit.ingest.loader_version import loader_fingerprint
from ragkit.loading import LoadOptions, load
from tests.loading.compound_builder import build_compound

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the double is a script")

WORD = build_compound({"WordDocument": bytes(600), "1Table": b"t"})
SLIDES = build_compound({"PowerPoint Document": bytes(600), "Current User": bytes(20)})
# It takes the arguments of LibreOffice and writes what lies beside it, or does what `fault` says.
DOUBLE = """#!{python}
import os, pathlib, shutil, subprocess, sys, time
beside = pathlib.Path(__file__).parent
arguments = sys.argv[1:]
(beside / "arguments").write_text("\\n".join([os.getcwd(), *arguments]))
(beside / "environment").write_text("\\n".join(f"{{k}}={{v}}" for k, v in os.environ.items()))
profile = next(a for a in arguments if a.startswith("-env:UserInstallation=file://"))
settings = pathlib.Path(profile.partition("file://")[2]) / "user" / "registrymodifications.xcu"
(beside / "settings").write_text(settings.read_text())
out = pathlib.Path(arguments[arguments.index("--outdir") + 1])
suffix = arguments[arguments.index("--convert-to") + 1].partition(":")[0]
source = pathlib.Path(arguments[-1])
assert source.read_bytes()[:4] == b"\\xd0\\xcf\\x11\\xe0"
target = out / (source.stem + "." + suffix)
if "{fault}" == "hang":
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    time.sleep(600)
elif "{fault}" == "fail":
    sys.exit(77)
elif "{fault}" == "link":
    target.symlink_to("/etc/hostname")
elif "{fault}" == "damage":
    target.write_bytes(b"PK\\3\\4")
elif not "{fault}":
    shutil.copy(beside / ("converted." + suffix), target)
print("convert", source, "->", target)
"""


def saved(save: Callable[[io.BytesIO], object]) -> bytes:
    target = io.BytesIO()
    save(target)
    return target.getvalue()


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Puts the double on PATH, and gives its folder."""

    def make(fault: str = "") -> Path:
        folder = tmp_path / "libreoffice"
        folder.mkdir(exist_ok=True)
        path = folder / "soffice"
        path.write_text(DOUBLE.format(python=sys.executable, fault=fault))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        document = docx.Document()
        document.add_heading("Old matters", 1)
        document.add_paragraph("The mill was sold in 1997.")
        (folder / "converted.docx").write_bytes(saved(document.save))
        deck = pptx.Presentation()
        slide = deck.slides.add_slide(deck.slide_layouts[5])
        slide.shapes.title.text = "Old slide"
        (folder / "converted.pptx").write_bytes(saved(deck.save))
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
        return folder

    monkeypatch.setenv("PATH", "/nowhere")
    return make


def test_an_old_word_file_is_converted_and_read(install: Callable[..., Path]) -> None:
    folder = install()
    document = load(WORD, "a.doc")
    assert document.text == "# Old matters\n\nThe mill was sold in 1997."
    assert document.headings[0].title == "Old matters"
    assert dict(document.metadata)["format"] == "doc"
    assert document.notes == ("converted by LibreOffice",)
    here, *arguments = (folder / "arguments").read_text().split("\n")
    assert "--headless" in arguments
    assert "docx:MS Word 2007 XML" in arguments
    assert not Path(here).exists()  # nothing is left of its folder
    environment = (folder / "environment").read_text().split("\n")
    assert f"HOME={here}" in environment
    assert not any(line.startswith("DISPLAY") for line in environment)


def test_macros_and_links_are_switched_off(install: Callable[..., Path]) -> None:
    folder = install()
    load(WORD, "a.doc")
    settings = (folder / "settings").read_text()
    for name in ("DisableMacrosExecution", "BlockUntrustedRefererLinks"):
        assert f'name="{name}" oor:op="fuse"><value>true</value>' in settings


def test_an_old_presentation_is_converted_and_read(install: Callable[..., Path]) -> None:
    install()
    document = load(SLIDES, "a.pps")
    assert document.text == "# Old slide"
    assert document.page_labels == ("slide 1",)


@pytest.mark.parametrize(
    ("data", "name", "remedy"), [(WORD, "a.doc", ".docx"), (SLIDES, "a.ppt", ".pptx")]
)
def test_without_libreoffice_both_ways_are_named(
    data: bytes, name: str, remedy: str, install: Callable[..., Path]
) -> None:
    with pytest.raises(LoadError, match=rf"save it as \{remedy}, or install LibreOffice") as caught:
        load(data, name)
    assert caught.value.outcome == "skipped"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("fail", "cannot convert it; save it as .docx"),
        ("nothing", "cannot convert it; save it as .docx"),
        ("link", "cannot convert it"),
        ("damage", "damaged"),
        ("hang", "LibreOffice took longer than 2 s; save it as .docx"),
    ],
)
def test_a_conversion_that_fails_is_reported(
    fault: str, reason: str, install: Callable[..., Path]
) -> None:
    install(fault)
    with pytest.raises(LoadError, match=reason) as caught:
        load(WORD, "a.doc", LoadOptions(convert_seconds=2))
    assert caught.value.outcome == "failed"


@pytest.mark.parametrize(
    "streams",
    [
        pytest.param({"WordDocument": bytes(10) + b"\0\1" + bytes(600)}, id="Word"),
        pytest.param(
            {"PowerPoint Document": b"p", "Current User": bytes(12) + b"\xdf\xc4\xd1\xf3"},
            id="slides",
        ),
        pytest.param({"EncryptedPackage": b"e", "EncryptionInfo": b"e"}, id="new formats"),
    ],
)
def test_files_with_a_password_are_not_given_to_it(
    streams: dict[str, bytes], install: Callable[..., Path]
) -> None:
    folder = install()
    with pytest.raises(LoadError, match="needs a password"):
        load(build_compound(streams), "a.doc")
    assert not (folder / "arguments").exists()


def test_a_program_beside_the_documents_is_never_run(
    install: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = install()
    monkeypatch.chdir(folder)
    with pytest.raises(LoadError, match="install LibreOffice"):
        load(WORD, "a.doc")
    assert not (folder / "arguments").exists()


def test_old_files_are_read_at_the_next_run_once_it_is_installed(
    index: Index, tmp_path: Path, install: Callable[..., Path]
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "mill.doc").write_bytes(WORD)
    engine = LocalEngine(workers=0)
    assert index.update(docs, engine=engine).skipped == 1
    assert loader_fingerprint(1)["libraries"] == []
    install()
    report = index.update(docs, engine=engine)
    assert (report.skipped, report.updated + report.added) == (0, 1)
    assert list(docs.iterdir()) == [docs / "mill.doc"]
