"""A page of a PDF file as a picture, for OCR."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragkit.errors import LoadError
from ragkit.loading.ocr.recognize import SIDE_PIXELS

if TYPE_CHECKING:
    from ragkit.loading.ocr.recognize import Picture


def draw_page(data: bytes, page: int, passwords: tuple[str, ...] = ()) -> Picture:
    """One page, turned as it is to be read, as (height, width, 3); its longest side is that of a
    picture that OCR reads. Raises `LoadError` when it cannot be drawn."""
    import pypdfium2

    for password in (None, "", *passwords):
        try:
            document = pypdfium2.PdfDocument(data, password=password)
            break
        except pypdfium2.PdfiumError as error:
            failure = error
    else:
        raise LoadError(f"the page cannot be drawn: {failure}")
    try:
        drawn = document[page - 1]
        scale = SIDE_PIXELS / max(1.0, *drawn.get_size())
        pixels: Picture = drawn.render(scale=scale, rev_byteorder=True).to_numpy()
        return pixels[:, :, :3].copy()
    except (pypdfium2.PdfiumError, IndexError) as error:
        raise LoadError(f"the page cannot be drawn: {error}") from error
    finally:
        document.close()
