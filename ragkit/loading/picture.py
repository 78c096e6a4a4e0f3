"""Picture files -> their text, read by OCR. Without OCR they are no documents."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

from ragkit.errors import LoadError
from ragkit.loading.content import LoadedContent, LoadOptions, MarkdownWriter
from ragkit.loading.ocr.pages import LABEL, ocr_labels, read_pages
from ragkit.loading.ocr.recognize import SIDE_PIXELS, how_to_install, is_installed

if TYPE_CHECKING:
    from PIL import Image

    from ragkit.loading.ocr.recognize import Picture

# Format -> what Pillow calls it, none of whose hundred other readers is ever asked; MIME type.
PICTURES = {
    "bmp": ("BMP", "image/bmp"),
    "jpg": ("JPEG", "image/jpeg"),
    "png": ("PNG", "image/png"),
    "tif": ("TIFF", "image/tiff"),
    "webp": ("WEBP", "image/webp"),
}
_BITMAP_HEADERS = {size.to_bytes(4, "little") for size in (12, 40, 52, 56, 64, 108, 124)}
# A sheet of 60 by 80 cm at 300 dots an inch; 240 MB in memory. Checked before it is unpacked.
_MOST_PIXELS = 80_000_000
_MOST_PAGES = 2_000
_TALL, _TALL_WIDTH, _TALL_HEIGHT = 2, 1000, 20_000
_SMALL_SIDE = 736  # the reader finds more in small pictures that are drawn larger


def picture_format(head: bytes) -> str:
    """The key in `PICTURES` of a file that begins so, "" for another."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if head.startswith((b"II*\0", b"MM\0*")):
        return "tif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    # Two letters are no proof: the size of its header is one of seven.
    is_bitmap = head.startswith(b"BM") and head[14:18] in _BITMAP_HEADERS
    return "bmp" if is_bitmap else ""


def picture_refusal(kind: str) -> LoadError:
    """The answer to a picture that is not read."""
    hint = "`ragkit index --ocr` reads the text in it"
    how = "" if is_installed() else f"; {how_to_install()}"
    return LoadError(f"a picture ({PICTURES[kind][1]}): {hint}{how}", outcome="skipped")


def load_picture(data: bytes, options: LoadOptions) -> LoadedContent:
    """The text in a picture; in a TIFF file each picture is a page.

    Raises LoadError: skipped when there is no text in it or OCR is off, failed when damaged;
    `PagesUnreadError` when OCR has yet to read it.
    """
    kind = picture_format(data[:32])
    if options.ocr is None:
        raise picture_refusal(kind)
    pages = _pages(data) if kind == "tif" else 1
    read = read_pages(range(1, pages + 1), options)
    if read.problem and not read.texts:
        raise LoadError(f"a picture that OCR could not read ({read.problem})")
    if not read.texts:
        if all(page is None for page in options.ocr.values()):
            raise picture_refusal(kind)
        raise LoadError("a picture: OCR found no text in it", outcome="skipped")
    out = MarkdownWriter()
    labels = ocr_labels((), pages, read.texts) if pages > 1 else [LABEL]
    for number, label in enumerate(labels, 1):
        out.page(label)
        for paragraph in read.texts.get(number, "").split("\n\n"):
            out.paragraph(paragraph)
    content = out.content(notes=read.notes(pages))
    return replace(content, media_type=PICTURES[kind][1])


def draw_picture(data: bytes, page: int) -> Picture:
    """One page of a picture file as (height, width, 3), upright, on white, no larger than it can be
    read. Raises `LoadError` when it is too large or damaged."""
    import numpy as np
    from PIL import Image, ImageOps

    with _opened(data) as image:
        try:
            if page > 1:
                image.seek(page - 1)
            _check_size(image)
            if image.height <= _TALL * image.width:  # a JPEG is unpacked smaller
                image.draft("RGB", (SIDE_PIXELS, SIDE_PIXELS))
            upright = ImageOps.exif_transpose(image)
            size = _size_to_read(*upright.size)
            if "A" in upright.getbands() or "transparency" in upright.info:
                upright = Image.alpha_composite(
                    Image.new("RGBA", upright.size, "white"), upright.convert("RGBA")
                )
            return np.asarray(upright.convert("RGB").resize(size, Image.Resampling.LANCZOS))
        except LoadError:
            raise
        except Exception as error:  # damaged pictures raise anything
            raise _damaged(error) from error


def _pages(data: bytes) -> int:
    """How many pictures a TIFF file holds."""
    if not is_installed():
        raise picture_refusal("tif")
    with _opened(data) as image:
        return min(int(getattr(image, "n_frames", 1)), _MOST_PAGES)


def _opened(data: bytes) -> Image.Image:
    """The picture with its head read, and nothing unpacked."""
    from PIL import Image

    try:
        return Image.open(BytesIO(data), formats=[name for name, _ in PICTURES.values()])
    except Exception as error:  # damaged pictures raise anything
        raise _damaged(error) from error


def _damaged(error: Exception) -> LoadError:
    return LoadError(f"damaged picture: {' '.join(str(error).split())[:120]}")


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if width * height > _MOST_PIXELS:
        size = f"{width:,} x {height:,} pixels"
        raise LoadError(f"larger than OCR reads: {size}; make it smaller", outcome="skipped")


def _size_to_read(width: int, height: int) -> tuple[int, int]:
    """Its size, made smaller where it is too large and up to twice as large where it is small. A
    tall picture, which is read piece by piece, only as far as its width asks for."""
    scale = min(2.0, max(1.0, _SMALL_SIDE / min(width, height)))
    if height > _TALL * width:
        scale = min(scale, _TALL_WIDTH / width, _TALL_HEIGHT / height)
    else:
        scale = min(scale, SIDE_PIXELS / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))
