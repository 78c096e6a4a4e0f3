from __future__ import annotations

import io
import random
import sys
from xml.etree import ElementTree

import pytest

from ragkit.errors import RagkitError
from ragkit.evaluation import Measurement, compare_settings
from ragkit.evaluation.plot import Row, draw_plot

pytest.importorskip("matplotlib", reason="the extra 'plot' is not installed")
SVG = "{http://www.w3.org/2000/svg}"


def measured(mean: float, *, spread: float = 0.0) -> Measurement:
    chance = random.Random(round(mean * 100))
    row = tuple(min(1.0, max(0.0, chance.gauss(mean, spread))) for _ in range(40))
    return Measurement({}, row, row, (row, row, row), None, (0.01,) * 40)


def rows(*means: float, spread: float = 0.0) -> list[Row]:
    current, *others = [measured(mean, spread=spread) for mean in means]
    compared = compare_settings([current, *others])
    return [
        Row("now", current),
        *(Row(f"weight {at}", one.measurement, one) for at, one in enumerate(compared)),
    ]


def texts(svg: bytes) -> list[str]:
    return ["".join(one.itertext()) for one in ElementTree.fromstring(svg).iter(f"{SVG}text")]


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
def test_every_setting_is_a_row_with_its_mean(means: tuple[float, ...]) -> None:
    drawn = texts(draw_plot("Title", rows(*means), "svg"))
    assert "Title" in drawn
    assert drawn.count("now") == 1
    assert all(f"weight {at}" in drawn for at in range(len(means) - 1))
    assert all(f"{mean:.3f}" in drawn for mean in means)


def test_gains_are_drawn_where_settings_are_compared() -> None:
    drawn = texts(draw_plot("Title", rows(0.5, 0.8), "svg"))
    assert "+0.300" in drawn
    assert any("gained" in text for text in drawn)
    assert not any("gained" in text for text in texts(draw_plot("Title", rows(0.5), "svg")))


@pytest.mark.parametrize(("form", "start"), [("png", b"\x89PNG\r\n"), ("pdf", b"%PDF-")])
def test_other_formats_are_drawn(form: str, start: bytes) -> None:
    assert draw_plot("Title", rows(0.5, 0.8, 0.2), form).startswith(start)


def test_verdicts_have_colours_of_their_own() -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    drawn = draw_plot("Title", rows(0.5, 0.8, 0.2, spread=0.1), "png")
    colours = {one for _, one in image.open(io.BytesIO(drawn)).convert("RGB").getcolors(1_000_000)}
    assert {(0x33, 0x33, 0x33), (0x2A, 0x7F, 0x3F), (0xB0, 0x3A, 0x2E)} <= colours


def test_the_svg_runs_nothing_and_loads_nothing() -> None:
    drawn = draw_plot("Title", rows(0.5, 0.8), "svg").decode()
    assert not any(text in drawn for text in ("<script", "<image", "@import", "onload"))


@pytest.mark.parametrize("form", ["svg", "png", "pdf"])
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("$x$ and $\\frac{1}{", id="formula"),
        pytest.param("<script>alert(1)</script>&\"'", id="markup"),
        pytest.param("a\x00\x1b\ud800b\n", id="control characters"),
        pytest.param("ü 中 🙂", id="letters of other scripts"),
        pytest.param("long " * 99, id="long"),
        pytest.param("", id="empty"),
    ],
)
def test_any_name_is_shown_as_text(text: str, form: str) -> None:
    drawn = draw_plot(text, [Row(text, measured(0.5))], form)
    if form == "svg":
        shown = texts(drawn)
        assert f"{SVG}script" not in {one.tag for one in ElementTree.fromstring(drawn).iter()}
        if "$" in text or "<" in text:
            assert shown.count(text) == 2


def test_a_missing_matplotlib_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(RagkitError, match="pip install matplotlib"):
        draw_plot("Title", rows(0.5), "png")
