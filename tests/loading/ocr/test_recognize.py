from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pictures import draw, needs_ocr

from ragkit.engines.local import LocalEngine
from ragkit.loading.ocr.reading_order import text_in_order
from ragkit.loading.ocr.recognize import recognize
from ragkit.types import OcrPage

pytestmark = needs_ocr
LINES = [
    "The walrus and the carpenter",
    "were walking close at hand.",
    "Größe: 4711 Stück für 85,20 €",
]


def read(image: object) -> str:
    """The text of a picture, read in a process of its own, as it always is."""
    import numpy as np

    results = dict(LocalEngine(workers=1).imap(recognize, [np.asarray(image)]))
    assert isinstance(results[0], OcrPage), results[0]
    return text_in_order(results[0].lines).text


def poem(size: tuple[int, int] = (800, 320)) -> object:
    return draw([(30, 40 + 60 * at, text) for at, text in enumerate(LINES)], size, 36)


def test_lines_are_read_with_accents_and_signs() -> None:
    text = read(poem())
    assert "The walrus and the carpenter" in text
    assert "Größe: 4711 Stück für 85,20 €" in text


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_picture_on_its_side_or_head_is_turned(degrees: int) -> None:
    assert "walking close at hand" in read(poem().rotate(degrees, expand=True))  # type: ignore[attr-defined]


def test_a_tall_picture_is_read_to_its_end() -> None:
    texts = [(20, 90 * number, f"Line number {number} of many") for number in range(40)]
    text = read(draw(texts, (500, 3600)))
    assert all(f"number {number} of many" in text for number in range(40))


def test_a_blank_picture_has_no_lines() -> None:
    assert read(draw([])) == ""


_PROGRAM = """
import logging, sys
import numpy as np
from ragkit.loading.ocr.recognize import recognize
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        raise AssertionError(event)
sys.addaudithook(refuse)
logging.disable(logging.NOTSET)
level = logging.getLogger().level
recognize(np.full((64, 64, 3), 255, np.uint8))
assert logging.getLogger().level == level and not logging.getLogger().handlers
"""


def test_reading_writes_nothing_prints_nothing_and_asks_nobody(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    # Whatever makes a library silent in tests must not make it so here.
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    environment = {**environment, "HOME": str(home), "TMPDIR": str(home)}
    environment |= {"XDG_CACHE_HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], env=environment, capture_output=True, check=True
    )
    assert (done.stdout, done.stderr) == (b"", b"")
    assert list(home.iterdir()) == []
