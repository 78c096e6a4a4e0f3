"""Promises of cutting text into sentences, rows, headings and code."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.language.sentence_ends import sentence_ends
from ragkit.language.sentences import split_sentences, to_plain_text


def pieces(text: str, table_header: str = "") -> list[str]:
    return [
        text[span.start : span.end] for span in split_sentences(text, table_header=table_header)
    ]


def kinds(text: str) -> list[str]:
    return [span.kind for span in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", [], id="empty"),
        pytest.param(" \n\t\n", [], id="blank"),
        pytest.param("One", ["One"], id="one word"),
        pytest.param("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"], id="plain"),
        pytest.param("Dr. May met Mrs. Li.", ["Dr. May met Mrs. Li."], id="titles"),
        pytest.param("It fell to 3.5 °C. Then 4.", ["It fell to 3.5 °C.", "Then 4."], id="decimal"),
        pytest.param("It weighs 6.4 t. It turns.", ["It weighs 6.4 t.", "It turns."], id="unit"),
        pytest.param("J. R. Stone wrote it.", ["J. R. Stone wrote it."], id="initials"),
        pytest.param(
            "See e.g. Fig. 3 of it. He saw it.", ["See e.g. Fig. 3 of it.", "He saw it."], id="e.g."
        ),
        pytest.param(
            "It lies in the U.S. The city is old.",
            ["It lies in the U.S.", "The city is old."],
            id="an abbreviation may end a sentence",
        ),
        pytest.param(
            "Take vitamin C. It helps.", ["Take vitamin C.", "It helps."], id="a letter may end one"
        ),
        pytest.param("It is no. 7 here.", ["It is no. 7 here."], id="number sign"),
        pytest.param("He said no. We left.", ["He said no.", "We left."], id="the word no"),
        pytest.param(
            '"Why now?" he asked. "So be it."',
            ['"Why now?" he asked.', '"So be it."'],
            id="quoted question",
        ),
        pytest.param(
            "It ends (so it seems. The rest is open). Next one.",
            ["It ends (so it seems.", "The rest is open).", "Next one."],
            id="sentences within brackets",
        ),
        pytest.param(
            "It grew.[12] Then it fell.", ["It grew.[12]", "Then it fell."], id="footnote"
        ),
        pytest.param("Wait ... what? Yes.", ["Wait ... what?", "Yes."], id="ellipsis"),
        pytest.param(
            "Am 3. Oktober war es z. B. kalt. Danach nicht.",
            ["Am 3. Oktober war es z. B. kalt.", "Danach nicht."],
            id="German ordinal and abbreviation",
        ),
        pytest.param(
            "Es war 1911. Die Stadt wuchs.", ["Es war 1911.", "Die Stadt wuchs."], id="year"
        ),
        pytest.param(
            "今天下雨。“真的吗？”他问。是的！",
            ["今天下雨。", "“真的吗？”", "他问。", "是的！"],
            id="Chinese",
        ),
        pytest.param("यह है। वह था।", ["यह है।", "वह था।"], id="Hindi"),
        pytest.param("هل هذا؟ نعم.", ["هل هذا؟", "نعم."], id="Arabic"),
        pytest.param("we waited. then we left.", ["we waited.", "then we left."], id="no capitals"),
        pytest.param("One .  Two .", ["One .", "Two ."], id="tokenised"),
        pytest.param("One.\r\nTwo.\r\n", ["One.", "Two."], id="CRLF"),
        pytest.param("😀 One. 😀 Two.", ["😀 One.", "😀 Two."], id="emoji"),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected


def test_a_wrapped_sentence_stays_whole() -> None:
    text = "The quick brown fox jumps over the lazy dog and then\nruns on. It rests."
    assert pieces(text) == [text[: text.index(" It")], "It rests."]


def test_lines_of_keys_and_values_are_units_of_their_own() -> None:
    assert pieces("name: Ada\nphone: 3 11\nroom: B04") == ["name: Ada", "phone: 3 11", "room: B04"]


def test_a_short_line_before_a_capital_ends_a_unit() -> None:
    text = "Opening hours\nWe are open from Monday to Friday between nine and five o'clock"
    assert pieces(text)[0] == "Opening hours"


def test_list_items_are_cut_and_lose_their_bullets_but_keep_their_numbers() -> None:
    assert pieces("- one thing\n  goes on\n* two\n3. three") == [
        "one thing\n  goes on",
        "two",
        "3. three",
    ]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        pytest.param("## Backups ##\nText.", "Backups", id="hashes"),
        pytest.param("Backups\n=======\nText.", "Backups", id="underlined"),
        pytest.param("Backups\n---\nText.", "Backups", id="dashes"),
    ],
)
def test_headings_are_told_from_sentences(text: str, title: str) -> None:
    first, second = split_sentences(text)
    assert (first.kind, to_plain_text(text, first)) == ("heading", title)
    assert second.kind == "sentence"


def test_a_table_row_reads_with_the_names_of_its_header() -> None:
    text = "| Name | Price |\n|------|------:|\n| bolt | 3 |\n| nut | 2 |\n\nAfter."
    spans = split_sentences(text)
    assert [span.kind for span in spans] == ["header", "row", "row", "sentence"]
    assert to_plain_text(text, spans[1]) == "Name: bolt; Price: 3"


def test_a_row_of_a_table_that_began_earlier_has_the_inherited_header() -> None:
    text = "| bolt | 3 |\n| nut | 2 |"
    spans = split_sentences(text, table_header="| Name | Price |\n|---|---|\n")
    assert [to_plain_text(text, span) for span in spans] == [
        "Name: bolt; Price: 3",
        "Name: nut; Price: 2",
    ]


def test_an_escaped_bar_stays_in_its_cell() -> None:
    text = "| a | b |\n|---|---|\n| x \\| y | z |"
    assert to_plain_text(text, split_sentences(text)[-1]) == "a: x | y; b: z"


def test_a_fence_is_one_unit_whatever_stands_in_it() -> None:
    text = "Run this:\n\n```sh\n# not a heading. Not a sentence.\n\n| no | row |\n```\nDone."
    assert kinds(text) == ["sentence", "code", "sentence"]


def test_an_open_fence_runs_to_the_end() -> None:
    assert pieces("~~~\na. B c. D") == ["~~~\na. B c. D"]


def test_markdown_marks_are_not_read_aloud() -> None:
    text = "See **the** [guide](https://x.example/a)\n> for __all__ of snake_case."
    assert to_plain_text(text, split_sentences(text)[0]) == "See the guide for all of snake_case."


STRUCTURED = st.text(
    alphabet=st.sampled_from("aB1 .!?\n\r\t-|#`~=*>。？：:;()[]\"'“”é中你U+\\"), max_size=200
)


@given(STRUCTURED | st.text(max_size=200))
def test_units_are_in_order_disjoint_trimmed_and_lose_no_letter(text: str) -> None:
    spans = split_sentences(text)
    assert all(text[s.start : s.end].strip() == text[s.start : s.end] != "" for s in spans)
    assert all(one.end <= other.start for one, other in pairwise(spans))
    inside = {position for s in spans for position in range(s.start, s.end)}
    outside = [c for position, c in enumerate(text) if position not in inside and c.isalnum()]
    assert outside == []
    assert all(to_plain_text(text, span) is not None for span in spans)


@pytest.mark.parametrize(
    "unit", [".", ". ! ", "[", "`", "| ", " -", "a.b", "(a", "``` ", "：", "1. "]
)
def test_hostile_repetition_costs_no_more_than_its_length(unit: str) -> None:
    text = unit * (200_000 // len(unit))  # minutes, were any rule quadratic
    for span in split_sentences(text):
        to_plain_text(text, span)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=120), st.booleans())
def test_sentence_ends_are_in_order_and_inside_of_the_paragraph(text: str, german: bool) -> None:
    ends = sentence_ends(text, 1, len(text), "de" if german else "en")
    assert ends == sorted(set(ends))
    assert all(1 < end < len(text) for end in ends)


@given(st.text(max_size=80))
def test_the_sentences_of_sentencex_put_together_are_its_text(text: str) -> None:
    """What our offsets are counted by."""
    import sentencex

    whole = text.encode("utf-8", "replace").decode("utf-8")
    assert "".join(sentencex.segment("en", whole)) == whole


def test_half_of_an_emoji_does_no_harm() -> None:
    assert pieces("It ends \ud83d here. And goes on.") == ["It ends \ud83d here.", "And goes on."]


def test_a_sentence_across_the_piece_that_is_cut_at_once_stays_whole() -> None:
    sentence = "The engineer on duty restores the archive server every quarter. "
    text = sentence * 400  # more than two pieces of 10,000 characters
    assert set(pieces(text)) == {sentence.strip()}
    assert len(pieces(text)) == 400


@pytest.mark.parametrize("unit", ["。", "。”", "！ ", "是。", ". ", "A. ", '." ', "[1]"])
def test_hostile_paragraphs_cost_no_more_than_their_length(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    sentence_ends(text, 0, len(text), "zh")
