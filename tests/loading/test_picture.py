from __future__ import annotations

import io
import struct
import time
import zlib
from collections.abc import Callable

import pytest
from pictures import draw, needs_ocr, page, saved

from ragkit.errors import LoadError
from ragkit.loading import LoadOptions, find_loader, load, refusal
from ragkit.loading.ocr.pages import PagesUnreadError
from ragkit.loading.picture import draw_picture, picture_format
from ragkit.types import OcrLine, OcrPage

PNG = b"\x89PNG\r\n\x1a\n"
ON = LoadOptions(ocr={})
LINE = OcrLine(0, 0, 100, 20, 0.99, "The walrus")


def png(width: int, height: int) -> bytes:
    """A PNG of that size, whose rows are one short run of zeros."""

    def part(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    return PNG + part(b"IHDR", head) + part(b"IDAT", rows) + part(b"IEND", b"")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        pytest.param(PNG, "png", id="png"),
        pytest.param(b"\xff\xd8\xff\xe0", "jpg", id="jpeg"),
        pytest.param(b"II*\0", "tif", id="tiff of Intel"),
        pytest.param(b"MM\0*", "tif", id="tiff of Motorola"),
        pytest.param(b"RIFF\1\2\3\4WEBPVP8 ", "webp", id="webp"),
        pytest.param(b"BM" + bytes(12) + b"\x28\0\0\0", "bmp", id="bitmap"),
        pytest.param(b"BMW is a maker of cars", "", id="text like a bitmap"),
        pytest.param(b"RIFF\1\2\3\4WAVEfmt ", "", id="sound"),
        pytest.param(b"GIF89a", "", id="gif"),
        pytest.param(b"", "", id="empty"),
    ],
)
def test_pictures_are_known_by_their_first_bytes(head: bytes, expected: str) -> None:
    assert picture_format(head) == expected


def test_without_ocr_a_picture_is_skipped_and_says_how_it_is_read() -> None:
    refused = refusal("scan.png", PNG)
    assert refused is not None
    assert refused.outcome == "skipped"
    assert "a picture (image/png): `ragkit index --ocr` reads the text in it" in str(refused)


def test_with_ocr_a_picture_has_a_loader_whatever_it_is_called() -> None:
    assert refusal("scan.txt", PNG, ocr=True) is None
    assert find_loader(PNG, "scan.txt", ON) == "png"


def test_a_text_that_is_called_a_picture_is_a_text() -> None:
    assert find_loader(b"plain words", "notes.png", ON) == "txt"
    assert find_loader(b"plain words", "notes.tif") == "txt"


def test_a_picture_asks_for_ocr_first() -> None:
    with pytest.raises(PagesUnreadError) as caught:
        load(PNG, "scan.png", ON)
    assert caught.value.pages == (1,)


def test_what_ocr_has_read_is_the_text() -> None:
    document = load(PNG, "scan.png", LoadOptions(ocr={1: OcrPage((LINE,))}))
    assert document.text == "The walrus"
    assert document.page_labels == ("read by OCR",)
    assert document.media_type == "image/png"
    assert document.notes == ("read by OCR",)
    assert document.metadata == (("format", "png"),)


@pytest.mark.parametrize(
    ("read", "outcome", "reason"),
    [
        pytest.param(OcrPage(), "skipped", "OCR found no text in it", id="blank"),
        pytest.param(None, "skipped", "`ragkit index --ocr` reads", id="OCR turned off again"),
        pytest.param(OcrPage(problem="damaged"), "failed", "p. 1: damaged", id="damaged"),
    ],
)
def test_a_picture_without_text_says_why(read: OcrPage | None, outcome: str, reason: str) -> None:
    with pytest.raises(LoadError, match=reason) as caught:
        load(PNG, "scan.png", LoadOptions(ocr={1: read}))
    assert caught.value.outcome == outcome


@needs_ocr
def test_the_pictures_of_a_tiff_are_its_pages() -> None:
    data = saved([page("one"), page("two"), page("three")], "TIFF")
    with pytest.raises(PagesUnreadError) as caught:
        load(data, "scan.tif", ON)
    assert caught.value.pages == (1, 2, 3)
    second = LINE._replace(text="The carpenter")
    read = {1: OcrPage((LINE,)), 2: OcrPage((second,)), 3: OcrPage()}
    document = load(data, "scan.tif", LoadOptions(ocr=read))
    assert document.text.split() == ["The", "walrus", "The", "carpenter"]
    assert document.page_labels == ("p. 1, read by OCR", "p. 2, read by OCR", "p. 3")
    assert document.notes[0] == "2 of 3 pages read by OCR"
    assert document.pages_without_text == 1
    assert draw_picture(data, 3).shape == draw_picture(data, 1).shape


@needs_ocr
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "WEBP"])
def test_every_kind_of_picture_is_drawn(kind: str) -> None:
    drawn = draw_picture(saved([page("words")], kind), 1)
    assert drawn.shape[2] == 3
    assert drawn.min() < 80
    assert drawn.max() > 250


@needs_ocr
def test_a_picture_is_drawn_upright_and_what_is_transparent_white() -> None:
    from PIL import Image

    image = Image.new("RGBA", (900, 800), (0, 0, 0, 0))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned
    target = io.BytesIO()
    image.save(target, "PNG", exif=exif)
    drawn = draw_picture(target.getvalue(), 1)
    assert drawn.shape[:2] == (900, 800)
    assert drawn.min() == 255


@needs_ocr
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: png(30_000, 30_000), id="bomb"),
        pytest.param(lambda: png(2**31 - 1, 1), id="one endless row"),
        pytest.param(lambda: png(0, 0), id="of no size"),
        pytest.param(lambda: PNG, id="head alone"),
        pytest.param(lambda: saved([page("words")], "JPEG")[:500], id="cut off"),
        pytest.param(lambda: b"II*\0" + b"\xff" * 500, id="tiff of noise"),
        pytest.param(lambda: b"RIFF\1\2\3\4WEBPVP8 ", id="webp cut off"),
    ],
)
def test_a_hostile_picture_is_an_error_at_once(make: Callable[[], bytes]) -> None:
    data = make()
    started = time.process_time()
    with pytest.raises(LoadError):
        draw_picture(data, 1)
    assert time.process_time() - started < 2


@needs_ocr
def test_a_picture_of_one_pixel_is_no_error() -> None:
    assert draw_picture(saved([draw([], (1, 1))], "PNG"), 1).shape == (2, 2, 3)


@needs_ocr
@pytest.mark.parametrize(
    ("size", "expected"),
    [
        pytest.param((4000, 3000), (1600, 1200), id="photo"),
        pytest.param((400, 300), (800, 600), id="small"),
        pytest.param((1000, 8000), (1000, 8000), id="page of the web"),
        pytest.param((8000, 100), (1600, 20), id="strip"),
    ],
)
def test_a_picture_is_made_as_large_as_it_can_be_read(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    height, width, _ = draw_picture(saved([draw([], size)], "PNG"), 1).shape
    assert (width, height) == expected
