"""How well pictures of pages are read: pages with a text of their own are drawn, read by OCR, and
compared with that text.

    .venv/bin/python scripts/bench/ocr.py [--pages 12] [--sides 1000 1600 2000]

Prints, for each length of the longest side in pixels, the share of words and of characters that
were read (each as often as it stands there), and the seconds of one processor a page took. Needs
the extra `ocr`. Pages whose text stands in tables of tiny print, or runs up the page, come out
low: so they do for a person at that size.
"""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter
from pathlib import Path

import pypdfium2
from data import folder

from ragkit.loading.ocr import recognize as ocr

_WORD = re.compile(r"\w{2,}")


def main() -> None:
    """Prints a line a page and size, and a line for each size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=12)
    parser.add_argument("--sides", type=int, nargs="+", default=[1000, 1600, 2000])
    options = parser.parse_args()
    totals: dict[int, list[tuple[float, float, float]]] = {side: [] for side in options.sides}
    for path, number, page in sample(options.pages):
        truth = re.sub(r"-\r?\n", "", page.get_textpage().get_text_range())
        for side in options.sides:
            measured = measure(page, truth, side)
            totals[side].append(measured)
            words, characters, seconds = measured
            row = f"{side:>5} px  words {words:.3f}  characters {characters:.3f}  {seconds:5.1f} s"
            print(f"{row}  {path.name} p. {number}")
    for side, rows in totals.items():
        words, characters, seconds = (sum(column) / len(rows) for column in zip(*rows, strict=True))
        row = f"words {words:.3f}  characters {characters:.3f}  {seconds:.1f} s a page"
        print(f"{side:>5} px  {row}, {len(rows)} pages")


def sample(pages: int) -> list[tuple[Path, int, pypdfium2.PdfPage]]:
    """Pages full of text, one of each file, in the order of their names."""
    found = []
    for path in sorted(folder("sec10q").rglob("*.pdf")) + sorted(folder("messy").rglob("*.pdf")):
        try:
            document = pypdfium2.PdfDocument(path)
        except pypdfium2.PdfiumError:
            continue
        for at in range(len(document) // 3, len(document)):
            if document[at].get_textpage().count_chars() > 1000:
                found.append((path, at + 1, document[at]))
                break
    return found[:: max(1, len(found) // pages)][:pages]


def measure(page: pypdfium2.PdfPage, truth: str, side: int) -> tuple[float, float, float]:
    """Shares of words and characters read, and the processor time that took."""
    pixels = page.render(scale=side / max(page.get_size())).to_numpy()[:, :, :3].copy()
    started = time.process_time()
    lines = ocr.recognize(pixels).lines
    seconds = time.process_time() - started
    text = re.sub(r"-\n", "", "\n".join(line.text for line in lines))
    words = share(_WORD.findall(truth.lower()), _WORD.findall(text.lower()))
    return words, share(list("".join(truth.split())), list("".join(text.split()))), seconds


def share(wanted: list[str], found: list[str]) -> float:
    """How much of one is in the other, each as often as it occurs."""
    return (Counter(wanted) & Counter(found)).total() / max(len(wanted), 1)


if __name__ == "__main__":
    main()
