"""A picture of measurements as PNG, by Pillow (extra `plot`)."""

from __future__ import annotations

import io
from typing import Any

from ragkit.errors import RagkitError
from ragkit.evaluate.shapes import Box, Label, Line, Picture, Whisker

_SCALE = 2  # pixels of the file for one of the picture: text stays sharp
_COLOURS = {
    "": "#222222",
    "small": "#555555",
    "bar": "#4878a8",
    "current": "#9a9a9a",
    "axis": "#888888",
    "better": "#2a7f3f",
    "worse": "#b03a2e",
    "unclear": "#777777",
}
_DOT = 4


def draw_png(picture: Picture) -> bytes:
    """The picture as a PNG file. Raises `RagkitError` when Pillow is not installed."""
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ImportError as error:
        raise RagkitError(
            "a .png needs the extra `plot`: pip install pillow; .svg and .html need nothing"
        ) from error
    image = Image.new("RGB", (picture.width * _SCALE, picture.height * _SCALE), "#ffffff")
    pen = ImageDraw.Draw(image)
    fonts = {kind: ImageFont.load_default(size * _SCALE) for kind, size in _SIZES.items()}
    for shape in picture.shapes:
        colour = _COLOURS[shape.kind]
        if isinstance(shape, Label):
            place = (shape.x * _SCALE, shape.y * _SCALE)
            font: Any = fonts.get(shape.kind, fonts[""])
            pen.text(place, shape.text, fill=colour, font=font, anchor="ls")
        elif isinstance(shape, Box):
            corner = (shape.x + shape.width, shape.y + shape.height)
            pen.rectangle(_scaled(shape.x, shape.y, *corner), fill=colour)
        elif isinstance(shape, Line):
            pen.line(_scaled(*shape[1:]), fill=colour, width=_SCALE)
        elif isinstance(shape, Whisker):
            pen.line(_scaled(shape.low, shape.y, shape.high, shape.y), fill=colour, width=4)
            dot = (shape.mean - _DOT, shape.y - _DOT, shape.mean + _DOT, shape.y + _DOT)
            pen.ellipse(_scaled(*dot), fill=colour)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


_SIZES = {"": 13, "small": 11}


def _scaled(*values: float) -> tuple[float, ...]:
    return tuple(value * _SCALE for value in values)
