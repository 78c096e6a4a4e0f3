from __future__ import annotations

import io
import re
import sys
from xml.etree import ElementTree

import pytest
from PIL import Image, ImageColor

from ragkit.errors import RagkitError
from ragkit.evaluate import Measurement, compare_settings
from ragkit.evaluate.plot import Row, draw_page, draw_svg, lay_out_rows
from ragkit.evaluate.plot_png import draw_png

SVG = "{http://www.w3.org/2000/svg}"


def measured(mean: float) -> Measurement:
    row = (mean,) * 10
    return Measurement({}, row, row, (row, row, row), None, (0.01,) * 10)


def rows(*means: float) -> list[Row]:
    current, *others = [measured(mean) for mean in means]
    compared = compare_settings([current, *others])
    return [
        Row("now", current),
        *(Row(f"weight {at}", one.measurement, one) for at, one in enumerate(compared)),
    ]


@pytest.mark.parametrize(
    "means",
    [
        pytest.param((0.5,), id="nothing compared"),
        pytest.param((0.5, 0.8, 0.2), id="better and worse"),
        pytest.param((0.5, 0.5), id="no difference at all"),
        pytest.param((0.0, 0.0), id="nothing found"),
        pytest.param((1.0, 1.0), id="everything found"),
    ],
)
def test_all_that_is_drawn_lies_inside_the_picture(means: tuple[float, ...]) -> None:
    picture = ElementTree.fromstring(draw_svg("Title", rows(*means)))
    width, height = (float(picture.get(name) or 0) for name in ("width", "height"))
    for element in picture.iter():
        for name, limit in (("x", width), ("cx", width), ("x1", width), ("x2", width)):
            value = float(element.get(name) or 0)
            assert 0 <= value + float(element.get("width") or 0) * (name == "x") <= limit or (
                element is picture
            )
        assert 0 <= float(element.get("y") or 0) <= height
    texts = [element.text for element in picture.iter(f"{SVG}text")]
    assert texts.count("now") == 1
    assert sum(f"{mean:.3f}" in texts for mean in means) == len(means)


def test_a_png_shows_the_same_picture() -> None:
    picture = lay_out_rows("Title", rows(0.5, 0.8, 0.2))
    image = Image.open(io.BytesIO(draw_png(picture)))
    assert image.size == (picture.width * 2, picture.height * 2)
    colours = {colour for _, colour in image.convert("RGB").getcolors(1_000_000)}
    for kind in ("#4878a8", "#9a9a9a", "#2a7f3f", "#b03a2e"):
        assert ImageColor.getrgb(kind) in colours


def test_a_png_without_its_extra_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(RagkitError, match="extra `plot`"):
        draw_png(lay_out_rows("Title", rows(0.5)))


def test_verdicts_have_colours_of_their_own() -> None:
    picture = ElementTree.fromstring(draw_svg("Title", rows(0.5, 0.8, 0.2, 0.5)))
    groups = [element.get("class") for element in picture.iter(f"{SVG}g")]
    assert groups == ["better", "worse", "unclear"]


def test_the_page_asks_for_nothing_from_elsewhere_and_runs_nothing() -> None:
    page = draw_page("Title", rows(0.5, 0.8), ["A note."])
    assert not re.search(r"<script|<link|<img|@import|url\(|\bsrc=|\bhref=|\son\w+=", page)
    addresses = set(re.findall(r"https?://[^\s\"']+", page))
    assert addresses <= {"http://www.w3.org/2000/svg"}
    assert "<td>+0.3000</td><td>+0.3000 to +0.3000</td><td>better</td>" in page
    assert "<p>A note.</p>" in page


@pytest.mark.parametrize("text", ["<b>&\"'", "a\x00\x1b\ud800b", "ü 中 🙂"])
def test_any_text_can_be_drawn(text: str) -> None:
    drawn = draw_svg(text, [Row(text, measured(0.5))])
    assert ElementTree.fromstring(drawn.encode("utf-8")).tag == f"{SVG}svg"
    assert "<b>" not in draw_page(text, [Row(text, measured(0.5))], [text]).replace("<body>", "")
