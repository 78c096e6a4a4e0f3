"""Promises of cutting a passage that is too long for its room."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.answering.prompt import build_prompt
from ragkit.answering.truncate import truncate_passage
from ragkit.types import Chunk, Hit, Passage

SENTENCES = [f"Sentence number {n} says what hall {n * 3} of the museum shows." for n in range(40)]
PROSE = "\n".join(SENTENCES)
TABLE = "| bolt | price |\n|---|---|\n" + "\n".join(f"| bolt M{n} | {n} euros |" for n in range(60))
CODE = "Run this:\n\n```python\n" + "\n".join(f"print('line {n}')" for n in range(60)) + "\n```"


def passage(text: str, best: int = 0, *, table_header: str = "") -> Passage:
    """It lies at 1000 of its document, on line 11; its best hit begins at `best` of it."""
    chunk = Chunk("a.md", 0, text[best:], 1000 + best, 1000 + len(text), 1, 1)
    hits = (Hit(chunk, 1.0, 1.0, 0.0),)
    last = 11 + text.count("\n")
    end = 1000 + len(text)
    return Passage(1, "a.md", text, 1000, end, 11, last, None, "", "", hits, table_header)


def room(characters: int) -> Callable[[Passage], bool]:
    return lambda part: len(part.text) + len(part.table_header) <= characters


@given(st.integers(0, 39), st.integers(0, len(PROSE) + 100))
def test_a_part_is_whole_sentences_from_where_the_best_hit_begins(best: int, size: int) -> None:
    whole = passage(PROSE, PROSE.index(SENTENCES[best]))
    part = truncate_passage(whole, room(size))
    if part is None:
        assert size < 200 + 2 * len(SENTENCES[-1])
        return
    assert len(part.text) <= size
    assert set(part.text.split("\n")) <= set(SENTENCES)
    assert SENTENCES[best] in part.text
    start = part.start - whole.start
    assert PROSE[start : start + len(part.text)] == part.text
    assert part.end - part.start == len(part.text)
    assert part.first_line == 11 + PROSE.count("\n", 0, start)
    assert part.last_line == part.first_line + part.text.count("\n")


def test_what_goes_before_is_added_only_when_all_of_the_hit_fits() -> None:
    best = PROSE.index(SENTENCES[20])
    part = truncate_passage(passage(PROSE, best), room(len(PROSE) - best - 100))
    assert part is not None
    assert part.text.startswith(SENTENCES[20])
    part = truncate_passage(passage(PROSE, best), room(len(PROSE) - best + 200))
    assert part is not None
    assert part.text.endswith(SENTENCES[-1])
    assert part.text.startswith(SENTENCES[17])


@pytest.mark.parametrize("size", range(250, 900, 50))
def test_a_table_is_cut_between_its_rows_and_keeps_its_header(size: int) -> None:
    part = truncate_passage(passage(TABLE, TABLE.index("| bolt M7")), room(size))
    assert part is not None
    assert set(part.text.split("\n")) <= set(TABLE.split("\n"))
    assert part.text.startswith("| bolt M7 |")
    assert part.table_header == "| bolt | price |"


def test_a_code_block_stays_whole_where_it_fits() -> None:
    text = f"{CODE}\n\n{PROSE}"
    part = truncate_passage(passage(text), room(len(CODE) + 300))
    assert part is not None
    assert part.text.startswith(CODE)


def test_a_code_block_that_is_too_long_alone_is_cut_between_its_lines() -> None:
    part = truncate_passage(passage(CODE, CODE.index("```")), room(400))
    assert part is not None
    lines = part.text.split("\n")
    assert lines[0] == "```python"
    assert lines[1:] == [f"print('line {n}')" for n in range(len(lines) - 1)]
    assert 350 < len(part.text) <= 400


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("word " * 400, id="one sentence without end"),
        pytest.param("Short.", id="too short to be worth it"),
    ],
)
def test_what_cannot_be_cut_well_is_left_out(text: str) -> None:
    assert truncate_passage(passage(text), room(0)) is None
    assert truncate_passage(passage(text), room(150)) is None


def test_the_first_passage_that_does_not_fit_is_cut_and_others_are_left_out() -> None:
    texts = ["Backups are tested.", PROSE, TABLE, "Tapes are kept."]
    passages = [
        Passage(n, f"{n}.md", text, 0, len(text), 1, 1, None, "", "", ())
        for n, text in enumerate(texts, 1)
    ]
    fitted = build_prompt(
        "Why?", passages, window=1400, reserve=400, count_tokens=lambda t: len(t) // 3
    )
    assert [one.number for one in fitted.used] == [1, 2]
    assert [one.number for one in fitted.omitted] == [3, 4]
    assert PROSE.startswith(fitted.used[1].text)
    assert fitted.used[1].text in fitted.messages[-1].content
    assert fitted.estimated_tokens <= 1000
