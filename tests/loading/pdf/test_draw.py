from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from pictures import draw, needs_ocr, saved

from ragkit.errors import LoadError
from ragkit.loading import LoadOptions, load
from ragkit.loading.ocr.pages import PagesUnreadError
from ragkit.loading.pdf.draw import draw_page
from ragkit.types import OcrLine, OcrPage

READ = OcrPage((OcrLine(0, 0, 100, 20, 0.99, "The walrus"),))


def scan(pages: int, *, turned: int = 0, password: str = "") -> bytes:
    """A PDF of pictures, each with a black corner at its top left."""
    import pypdf
    from PIL import ImageDraw

    image = draw([], (800, 1000))
    ImageDraw.Draw(image).rectangle((0, 0, 200, 100), fill="black")
    writer = pypdf.PdfWriter(io.BytesIO(saved([image] * pages, "PDF")))
    for page in writer.pages:
        page.rotate(turned)
    if password:
        writer.encrypt(password, algorithm="AES-256")
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


pytestmark = needs_ocr


@pytest.mark.parametrize(
    ("turned", "shape", "corner"),
    [
        pytest.param(0, (1600, 1280), (50, 50), id="upright"),
        pytest.param(90, (1280, 1600), (50, 1550), id="turned to the right"),
        pytest.param(180, (1600, 1280), (1550, 1230), id="on its head"),
    ],
)
def test_a_page_is_drawn_as_it_is_shown(
    turned: int, shape: tuple[int, int], corner: tuple[int, int]
) -> None:
    drawn = draw_page(scan(1, turned=turned), 1)
    assert drawn.shape == (*shape, 3)
    assert drawn[corner].max() < 40


def test_the_password_opens_it() -> None:
    data = scan(1, password="secret")
    assert draw_page(data, 1, ("wrong", "secret")).shape == (1600, 1280, 3)
    with pytest.raises(LoadError, match="cannot be drawn"):
        draw_page(data, 1)


@pytest.mark.parametrize(
    ("make", "page"),
    [
        pytest.param(lambda: b"%PDF-1.4 nothing", 1, id="damaged"),
        pytest.param(lambda: scan(1), 2, id="no page"),
    ],
)
def test_what_cannot_be_drawn_is_an_error(make: Callable[[], bytes], page: int) -> None:
    with pytest.raises(LoadError, match="cannot be drawn"):
        draw_page(make(), page)


def test_pages_without_text_ask_for_ocr_and_have_its_text() -> None:
    data = scan(3)
    with pytest.raises(PagesUnreadError) as caught:
        load(data, "scan.pdf", LoadOptions(ocr={2: OcrPage()}))
    assert caught.value.pages == (1, 3)
    document = load(data, "scan.pdf", LoadOptions(ocr={1: READ, 2: READ, 3: OcrPage()}))
    assert document.text == "The walrus\nThe walrus\n"
    assert document.page_labels == ("p. 1, read by OCR", "p. 2, read by OCR", "p. 3")
    assert document.pages_without_text == 1
    assert "2 of 3 pages read by OCR" in document.notes
    assert "OCR found no text on 1 of 3 pages" in document.notes


def test_a_page_that_ocr_could_not_read_is_said() -> None:
    read = {1: READ, 2: OcrPage(problem="took longer than 150 s"), 3: READ}
    notes = load(scan(3), "scan.pdf", LoadOptions(ocr=read)).notes
    assert "OCR failed (p. 2: took longer than 150 s)" in notes
