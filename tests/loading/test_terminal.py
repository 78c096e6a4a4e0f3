from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.loading import load
from ragkit.loading.terminal import terminal_text

DOWNLOAD = "\r".join(f"Reading {done:3} % [{'=' * (done // 10):10}]" for done in range(0, 101, 5))


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        pytest.param("\x1b[1;31mERROR\x1b[0m: mill", "ERROR: mill", id="colours"),
        pytest.param("\x1b[38;2;1;2;3mmill\x1b[m", "mill", id="24-bit colour"),
        pytest.param("\x1b]8;;http://a.b/c\x1b\\the mill\x1b]8;;\x1b\\!", "the mill!", id="link"),
        pytest.param("\x1b]8;id=1;file:///a\x07the mill\x1b]8;;\x07", "the mill", id="link, BEL"),
        pytest.param("\x1b]0;my window\x07mill", "mill", id="window title"),
        pytest.param("Name\x1b[20GValue", "Name Value", id="column"),
        pytest.param("a\x1b[3Cb", "a   b", id="cursor right"),
        pytest.param("mill\x1b[K\x1b[?25l\x1b(B\x1b7\x1b=", "mill", id="erase and modes"),
        pytest.param("\x9b31mmill\x9b0m", "mill", id="8-bit introducer"),
        pytest.param("M\bMI\bIL\bLL\bL", "MILL", id="bold of a manual page"),
        pytest.param("M\bM\bM\bMILL", "MILL", id="bold by four strikes"),
        pytest.param("_\bm_\bi_\bl_\bl", "mill", id="underlined"),
        pytest.param("m\b_i\b_ll", "mill", id="underlined afterwards"),
        pytest.param("teh\b\bhe", "the", id="corrected while typing"),
        pytest.param("snake_case and a_b", "snake_case and a_b", id="underscores stay"),
        pytest.param("\b\bmill", "mill", id="backspace at the start"),
        pytest.param(f"start\n{DOWNLOAD}\nend", "start\nReading 100 % [==========]\nend", id="bar"),
        pytest.param(
            f"{DOWNLOAD}\rDone in 3 s\n", "Reading 100 % [==========]\nDone in 3 s\n", id="bar, end"
        ),
        pytest.param("a\r\r\nb\r\n", "a\nb\n", id="several returns"),
        pytest.param("one\rtwo\rthree", "one\ntwo\nthree", id="old Mac"),
        pytest.param("Jan 5\rJan 6\nFeb 1\n", "Jan 5\nJan 6\nFeb 1\n", id="mixed line ends"),
        pytest.param('print("\\033[31m")', 'print("\\033[31m")', id="a program that prints them"),
    ],
)
def test_text_is_what_a_terminal_shows(written: str, shown: str) -> None:
    assert terminal_text(written).text == shown


def test_lines_keep_the_number_they_have_in_the_file() -> None:
    log = f"\x1b[32mstart\x1b[0m\n{DOWNLOAD}\rDone\nthe mill key\n"
    document = load(log.encode(), "build.log")
    lines = document.text.split("\n")
    assert document.file_lines[lines.index("the mill key")] == 3
    assert [document.file_lines[at] for at, line in enumerate(lines) if line == "Done"] == [2]
    assert document.notes == ("20 states of progress bars left out",)


@given(st.text(st.characters(exclude_characters="\x1b\x9b\b\r"), max_size=200))
def test_other_text_stays_as_it_is(text: str) -> None:
    assert terminal_text(text).text == text


@given(st.text("\x1b[]8;m\x07\\KG\b_\r\n %5ab/", max_size=60))
def test_each_line_has_a_number_or_none_has(text: str) -> None:
    shown = terminal_text(text)
    assert "\r" not in shown.text
    assert "\b" not in shown.text
    assert len(shown.file_lines) in (0, shown.text.count("\n") + 1)


@pytest.mark.parametrize("piece", ["\x1b]8;", "\x1b[", "a\b", "9%\r", "\x1b]" + "x" * 500])
def test_time_grows_with_length(piece: str) -> None:
    began = time.perf_counter()
    terminal_text(piece * (1_000_000 // len(piece)) + "\n")
    assert time.perf_counter() - began < 5
