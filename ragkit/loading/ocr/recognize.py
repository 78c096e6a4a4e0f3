"""The lines of text that stand in a picture, by RapidOCR with the models that lie in its wheel.

They read Latin letters with all accents, Chinese and Japanese; neither Greek, Cyrillic, Arabic,
Hebrew, Korean, Thai nor Indic scripts. The paths of the models are given, so that none is ever
looked for in the network. Loads some 100 MB of libraries: only worker processes import it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragkit.errors import LoadError, missing_library
from ragkit.types import OcrLine, OcrPage

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Picture = npt.NDArray[np.uint8]

_LIBRARIES = ("rapidocr", "onnxruntime")
_REQUIREMENTS = ("rapidocr==3.10.*", "onnxruntime")  # another version has other models
# Longest side of a picture that is read, by scripts/bench/ocr.py: 1,000 lose small print, 2,000
# take longer and find no more.
SIDE_PIXELS = 1600
MOST_SIDE_PIXELS = SIDE_PIXELS * 5 // 4
_MODELS = {
    "Det": "PP-OCRv6_det_small.onnx",
    "Cls": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
    "Rec": "PP-OCRv6_rec_small.onnx",
}
# Below this mean score a page may stand on its head, or hold no text.
_DOUBTFUL_SCORE = 0.8
_TALL = 1.5


def is_installed() -> bool:
    """Whether pictures can be read here. Imports nothing."""
    return all(find_spec(name) is not None for name in _LIBRARIES)


def how_to_install() -> str:
    """The message for a task that needs the libraries where they are missing."""
    return missing_library("reading scans and pictures", *_REQUIREMENTS)


def recognize(picture: Picture) -> OcrPage:
    """The lines of a picture (height, width, 3), in no order.

    A picture that lies on its side or stands on its head is turned first; a tall one, such as a
    receipt or a page of the web, is read piece by piece.
    """
    if picture.shape[0] > MOST_SIDE_PIXELS:
        return OcrPage(
            tuple(
                line._replace(top=line.top + top, bottom=line.bottom + top)
                for top, piece in _pieces(picture)
                for line in _lines(piece)
            )
        )
    lines = _lines(picture)
    tall = sum(line.bottom - line.top > _TALL * (line.right - line.left) for line in lines)
    if lines and 2 * tall > len(lines):
        turns = [1, 3]
    else:
        turns = [2] if lines and _score(lines) < _DOUBTFUL_SCORE else []
    readings = [lines, *(_lines(_turned(picture, turn)) for turn in turns)]
    best = max(readings, key=_weight)
    return OcrPage(tuple(best))


def _pieces(picture: Picture) -> Iterator[tuple[int, Picture]]:
    """A tall picture cut between lines, at the plainest row near each `SIDE_PIXELS`; where each
    piece begins."""
    top = 0
    while len(picture) - top > MOST_SIDE_PIXELS:
        first = top + 2 * SIDE_PIXELS - MOST_SIDE_PIXELS
        rows = picture[first : top + MOST_SIDE_PIXELS].std(axis=(1, 2))
        cut = first + int(rows.argmin())
        yield top, picture[top:cut]
        top = cut
    yield top, picture[top:]


def _turned(picture: Picture, quarters: int) -> Picture:
    import numpy as np

    return np.ascontiguousarray(np.rot90(picture, quarters))


def _score(lines: Sequence[OcrLine]) -> float:
    """The mean score of a character."""
    return _weight(lines) / max(sum(len(line.text) for line in lines), 1)


def _weight(lines: Sequence[OcrLine]) -> float:
    """How many characters were read, each weighed by its score; a wrong turn gives few and bad."""
    return sum((len(line.text) * line.score for line in lines), 0.0)


def _lines(picture: Picture) -> list[OcrLine]:
    found = _reader()(picture)
    if found.boxes is None or found.txts is None:
        return []
    lines = []
    for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
        left, top, right, bottom = (*map(int, box.min(axis=0)), *map(int, box.max(axis=0)))
        if text.strip():
            lines.append(OcrLine(left, top, right, bottom, round(float(score), 3), text.strip()))
    return lines


@lru_cache(maxsize=1)
def _reader() -> Any:
    """RapidOCR, loaded once a process. Its classifier of upside-down lines is left out: it turns
    one line in thirty of upright pages, which is then noise."""
    if not is_installed():
        raise LoadError(how_to_install(), outcome="skipped")
    # Since 1.29 onnxruntime reports to its maker, and keeps a number of this machine in the home
    # folder, unless this is set before its import.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import cv2
    import rapidocr

    folder = Path(rapidocr.__file__).parent / "models"
    missing = [name for name in _MODELS.values() if not (folder / name).is_file()]
    if missing:
        install = f'pip install "{_REQUIREMENTS[0]}"'
        raise LoadError(f"this version of rapidocr lacks the model {missing[0]}: {install}")
    cv2.setNumThreads(1)  # a worker is one core's work
    engine = "EngineConfig.onnxruntime"
    return rapidocr.RapidOCR(
        params={
            **{f"{part}.model_path": str(folder / name) for part, name in _MODELS.items()},
            f"{engine}.intra_op_num_threads": 1,
            f"{engine}.inter_op_num_threads": 1,
            "Global.log_level": "critical",
            "Global.use_cls": False,
            "Global.text_score": 0.0,
            "Global.max_side_len": MOST_SIDE_PIXELS,
            # The picture has its size already; "min" would blow up a strip a hundredfold.
            "Det.limit_type": "max",
            "Det.limit_side_len": MOST_SIDE_PIXELS,
        }
    )
