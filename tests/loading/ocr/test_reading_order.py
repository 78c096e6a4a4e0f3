from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.loading.ocr.reading_order import text_in_order
from ragkit.types import OcrLine

HEIGHT = 20
LEFT = ["the first column begins here", "and goes on for some lines", "so that one can see that it"]
LEFT += ["is prose and not a table of", "names beside their numbers."]
RIGHT = [
    "The second column is read after",
    "the whole of the first one, as a",
    "person would do who",
]
RIGHT += ["holds the page in their hands,", "and never line by line across."]


def line(x: int, y: int, text: str, score: float = 0.99, letter: int = 10) -> OcrLine:
    return OcrLine(x, y, x + letter * len(text), y + HEIGHT, score, text)


def column(x: int, texts: list[str], top: int = 100) -> list[OcrLine]:
    return [line(x, top + 26 * number, text) for number, text in enumerate(texts)]


def test_two_columns_are_read_one_after_the_other() -> None:
    text = text_in_order([*column(0, LEFT), *column(400, RIGHT)]).text
    assert text.index("beside their numbers") < text.index("The second column")


def test_a_title_above_and_a_note_below_two_columns_stay_there() -> None:
    title = line(60, 0, "A title that runs over both of the columns of its page")
    note = line(60, 400, "A note that runs over both of the columns of its page, too")
    lines = [*column(0, LEFT), note, *column(400, RIGHT), title]
    text = text_in_order(lines).text
    places = [text.index(words) for words in ("A title", "first column", "second column", "A note")]
    assert places == sorted(places)


def test_three_columns_are_three() -> None:
    third = [one.upper() for one in LEFT]
    text = text_in_order([*column(0, LEFT), *column(400, RIGHT), *column(800, third)]).text
    places = [text.index(words) for words in ("names beside", "line by line", "IS PROSE")]
    assert places == sorted(places)


def test_the_cells_of_a_row_stay_on_its_line() -> None:
    rows = [("Measurement", "Value", "Normal"), ("Blood pressure", "142/88", "120/80")]
    rows += [("Heart rate", "78 bpm", "60-100"), ("Temperature", "98.6", "97.8-99.1")] * 3
    lines = [
        line(300 * at, 40 * number, cell)
        for number, row in enumerate(rows)
        for at, cell in enumerate(row)
    ]
    assert "Blood pressure | 142/88 | 120/80\n" in text_in_order(lines).text


def test_lines_of_a_paragraph_are_joined_and_broken_words_mended() -> None:
    texts = [
        "The walrus and the carpenter were walk-",
        "ing close at hand, and wept to see",
        "sand.",
    ]
    paragraph = "The walrus and the carpenter were walking close at hand, and wept to see sand."
    assert text_in_order(column(0, texts)).text == paragraph


def test_items_of_a_list_keep_their_lines() -> None:
    texts = ["- the first item of the list goes here", "- the second item of this list is longer"]
    assert text_in_order(column(0, texts)).text == "\n".join(texts)


def test_a_gap_parts_paragraphs() -> None:
    lines = [line(0, 0, "One paragraph of text"), line(0, 80, "Another paragraph")]
    assert text_in_order(lines).text == "One paragraph of text\n\nAnother paragraph"


def test_uncertain_lines_are_left_out_and_counted() -> None:
    lines = [line(0, 0, "clear"), line(0, 30, "stain", score=0.3), line(0, 60, "x", score=0.49)]
    assert text_in_order(lines) == ("clear", 2)


@pytest.mark.parametrize("lines", [[], [line(0, 0, "  ")]], ids=["none", "blank"])
def test_nothing_is_no_text(lines: list[OcrLine]) -> None:
    assert text_in_order(lines).text == ""


PLACES = st.integers(0, 2000)
LINES = st.lists(
    st.builds(
        lambda x, y, width, height, letters: OcrLine(x, y, x + width, y + height, 0.9, letters),
        PLACES,
        PLACES,
        st.integers(1, 900),
        st.integers(1, 90),
        st.text("abcdefghij klmn", min_size=1, max_size=40).filter(str.strip),
    ),
    max_size=30,
)


@given(LINES)
def test_every_letter_of_every_line_is_there_once(lines: list[OcrLine]) -> None:
    text = text_in_order(lines).text
    letters = sorted(mark for one in lines for mark in one.text if mark.strip())
    assert sorted(mark for mark in text if mark.strip() and mark != "|") == letters


def test_a_page_of_a_thousand_lines_takes_no_time() -> None:
    lines = [line(7 * number % 900, 3 * number, "some words of a line") for number in range(1000)]
    started = time.process_time()
    text_in_order(lines)
    assert time.process_time() - started < 5
