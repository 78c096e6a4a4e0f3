from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.ingest.chunking import chunk
from ragkit.loading import load
from ragkit.types import ChunkSettings


def clock(seconds: float, mark: str = ".") -> str:
    whole = int(seconds)
    rest = round(1000 * (seconds - whole))
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{mark}{rest:03}"


def vtt(*cues: tuple[float, float, str], head: str = "WEBVTT") -> str:
    shown = (f"{clock(start)} --> {clock(end)}\n{text}\n" for start, end, text in cues)
    return "\n".join([head + "\n", *shown])


def srt(*cues: tuple[float, float, str]) -> str:
    return "\n".join(
        f"{number}\n{clock(start, ',')} --> {clock(end, ',')}\n{text}\n"
        for number, (start, end, text) in enumerate(cues, 1)
    )


def text_of(subtitles: str, name: str = "a.vtt") -> str:
    return load(subtitles.encode(), name).text


@pytest.mark.parametrize(("make", "name"), [(srt, "a.srt"), (vtt, "a.vtt"), (srt, "a"), (vtt, "a")])
def test_sentences_run_over_cues(make, name: str) -> None:  # type: ignore[no-untyped-def]
    data = make(
        (1, 3, "The kiln is heated"), (3.1, 5, "for nine hours,\nthen left"), (5.2, 7, "to cool.")
    )
    document = load(data.replace("\n", "\r\n").encode("utf-8-sig"), name)
    assert document.text == "The kiln is heated for nine hours, then left to cool."
    assert document.page_labels == ("00:00:01",)


def test_a_hit_names_the_time_at_which_its_minute_begins() -> None:
    cues = [(10.0 * n, 10.0 * n + 9, f"Sentence number {n} ends here.") for n in range(80)]
    document = load(vtt(*cues).encode(), "talks/talk.vtt")
    assert document.page_labels[:3] == ("00:00:00", "00:01:00", "00:02:00")
    assert document.page_labels[-1] == "00:13:00"
    chunks = list(chunk(document, ChunkSettings(), lambda texts: [len(t) // 4 for t in texts]))
    found = next(one for one in chunks if "number 75 " in one.text)
    assert found.location == "talks/talk.vtt 00:12:00"


def test_a_page_ends_with_a_sentence_or_after_two_minutes() -> None:
    running = [(10.0 * n, 10.0 * n + 9, "and on it goes") for n in range(13)]
    assert load(vtt(*running).encode(), "a.vtt").page_labels == ("00:00:00", "00:02:00")
    running[8] = (80, 89, "and there it ends.")
    assert load(vtt(*running).encode(), "a.vtt").page_labels == ("00:00:00", "00:01:30")


def test_markup_and_places_on_the_screen_are_left_out() -> None:
    data = (
        "WEBVTT\nKind: captions\n\nSTYLE\n::cue { color: red }\n\nNOTE a note\nof two lines\n\n"
        "intro\n00:01.000 --> 00:02.000 align:start position:0%\n"
        "<c.yellow>The <i>old</i> mill</c> &amp; <00:00:01.500><ruby>barn<rt></ruby>\n\n"
        "NOTE another note\n\n2\n00:02.000 --> 00:04.000\n"
        "{\\an8}were <font size=3>sold\\Nat 3 < 4.\n"
    )
    assert text_of(data) == "The old mill & barn were sold at 3 < 4."


def test_who_speaks_is_named() -> None:
    data = vtt(
        (1, 2, "<v Ada Moor>Is it cold?</v>"),
        (2, 3, "<v.loud Bob>Yes."),
        (3, 4, "<v Bob>Very."),
        (4, 5, "<v Ada Moor>Oh. <v Bob>So."),
        (5, 6, "[wind]"),
    )
    assert text_of(data) == (
        "Ada Moor: Is it cold?\n\nBob: Yes. Very.\n\nAda Moor: Oh.\n\nBob: So.\n\n[wind]"
    )


def test_turns_of_a_dialogue_stand_on_lines_of_their_own() -> None:
    data = srt((1, 3, "- Is it cold?\n- Yes,"), (3, 4, "very."))
    assert text_of(data, "a.srt") == "- Is it cold?\n- Yes, very."


def test_a_silence_begins_a_paragraph() -> None:
    assert (
        text_of(vtt((1, 2, "One."), (2.5, 3, "Two."), (9, 10, "Three."))) == "One. Two.\n\nThree."
    )


def test_captions_that_roll_up_are_written_once() -> None:
    data = vtt(
        (0, 2, " \nhello<00:00:00.500><c> and welcome</c>"),
        (2, 2.01, "hello and welcome\n "),
        (2.01, 4, "hello and welcome\nto<00:00:03.000><c> the forge</c>"),
        (4, 4.01, "to the forge\n "),
        (4.01, 6, "to the forge\nwhere iron is bent"),
    )
    assert text_of(data) == "hello and welcome to the forge where iron is bent"


def test_captions_that_grow_are_written_once() -> None:
    data = vtt(
        (0, 1, "Iron"), (1, 2, "Iron is"), (2, 3, "Iron is bent"), (3, 4, "Iron is bent here.")
    )
    assert text_of(data) == "Iron is bent here."


def test_a_word_said_again_later_stays() -> None:
    assert text_of(vtt((0, 1, "Never."), (2, 3, "Never."))) == "Never. Never."


def test_numbers_and_blank_lines_inside_a_cue_stay() -> None:
    data = srt((1, 2, "In\n1984\n\nit burnt."), (3, 4, "77"))
    assert text_of(data, "a.srt") == "In 1984 it burnt. 77"


def test_the_title_of_a_file_is_kept() -> None:
    document = load(vtt((1, 2, "Words."), head="WEBVTT - Of kilns").encode(), "a.vtt")
    assert dict(document.metadata)["title"] == "Of kilns"


def test_a_file_without_cues_is_plain_text() -> None:
    assert text_of("1\nno time\n") == "1\nno time\n"


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param("<" * 500_000, id="opening brackets"),
        pytest.param("<v " * 200_000, id="open voices"),
        pytest.param("{\\" * 300_000, id="open codes"),
        pytest.param("1:" * 300_000, id="times"),
        pytest.param("." + "\u201d" * 300_000 + "x", id="quotes"),
    ],
)
def test_hostile_cues_take_linear_time(hostile: str) -> None:
    begun = time.process_time()
    text_of(vtt((1, 2, hostile), (2, 3, hostile)))
    assert time.process_time() - begun < 5


_WORDS = st.lists(st.text("abcdefg", min_size=1, max_size=6), min_size=1, max_size=6).map(" ".join)


@given(st.lists(st.tuples(_WORDS, st.floats(0, 200), st.floats(0, 9)), min_size=1, max_size=20))
def test_every_word_of_every_cue_is_read(cues: list[tuple[str, float, float]]) -> None:
    data = vtt(
        *((start, start + length, f"{n} {text}") for n, (text, start, length) in enumerate(cues))
    )
    found = text_of(data).split()
    for number, (text, _, _) in enumerate(cues):
        assert str(number) in found
        assert set(text.split()) <= set(found)
