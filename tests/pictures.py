"""Pictures of text that tests draw for OCR."""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ragkit.loading.ocr.recognize import is_installed

if TYPE_CHECKING:
    from PIL.Image import Image

needs_ocr = pytest.mark.skipif(
    not is_installed(), reason="OCR is not installed: pip install ragkit[ocr]"
)


def draw(
    texts: Sequence[tuple[int, int, str]], size: tuple[int, int] = (640, 480), letters: int = 28
) -> Image:
    """A white picture with these texts at (x, y)."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", size, "white")
    canvas = ImageDraw.Draw(image)
    font = ImageFont.truetype(_font(), letters)
    for x, y, text in texts:
        canvas.text((x, y), text, fill="black", font=font)
    return image


def _font() -> Path:
    """A font with umlauts: Pillow's own has none, matplotlib's has."""
    found = find_spec("matplotlib")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "mpl-data/fonts/ttf/DejaVuSans.ttf"


def page(text: str) -> Image:
    """A picture of one line, large enough to be taken for a scan."""
    return draw([(30, 60, text)])


def saved(images: Sequence[Image], kind: str) -> bytes:
    """The bytes of a file of that kind ("PNG", "TIFF", "PDF", ...) with these pictures."""
    target = io.BytesIO()
    first, *others = images
    more = {"save_all": True, "append_images": others} if others else {}
    first.save(target, kind, **more)
    return target.getvalue()
