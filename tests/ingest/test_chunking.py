from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.ingest.chunking import chunk, split_chunk
from ragkit.types import Chunk, ChunkSettings, Document, Heading


def count_words(texts: Sequence[str]) -> list[int]:
    """A token is a word or a punctuation mark; a long word counts by its length."""
    return [
        sum((len(word) + 7) // 8 for word in re.findall(r"\w+|[^\w\s]", text)) for text in texts
    ]


def document(text: str, **fields: object) -> Document:
    return Document("notes.md", text, "", **fields)  # type: ignore[arg-type]


def markdown(text: str) -> Document:
    headings = tuple(
        Heading(m.start(), len(m[1]), m[2]) for m in re.finditer(r"^(#+) (.*)$", text, re.M)
    )
    return document(text, headings=headings, media_type="text/markdown")


def cut(document: Document, tokens: int = 40, overlap: int = 0, whole: int = 0) -> list[Chunk]:
    return list(chunk(document, ChunkSettings(tokens, overlap, whole), count_words))


BLOCKS = st.lists(
    st.one_of(
        st.text(max_size=300),
        st.sampled_from(
            [
                "# Title",
                "## Part two",
                "Title\n=====",
                "A sentence. Another one! A third? " * 6,
                "```\ncode = 1\n\nmore = 2\n```",
                "```python\nnever closed",
                "| a | b |\n|---|---|\n" + "| 1 | two three four |\n" * 30,
                "- item one\n- item two\n  - nested",
                "全文検索。これは文です。" * 20,
                "x" * 700,
                "\r\nwindows\r\nlines\r\n",
                "🎉 émoji ✅",
                "\x0c\u2028 odd blanks \u3000",
            ]
        ),
    ),
    max_size=8,
)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    text = "\n\n".join(draw(BLOCKS))
    pages: tuple[int, ...] = ()
    if text and draw(st.booleans()):
        cuts = draw(st.lists(st.integers(0, len(text)), max_size=4))
        pages = tuple(sorted({0, *cuts}))
    kind = draw(st.sampled_from(["text/markdown", "text/plain", "text/x-python"]))
    headings = markdown(text).headings
    return document(text, headings=headings, page_starts=pages, media_type=kind)


@given(documents(), st.integers(1, 60), st.integers(0, 20))
def test_offsets_lines_and_pages_are_exact(one: Document, tokens: int, overlap: int) -> None:
    line_of = [0]
    for character in one.text:
        line_of.append(line_of[-1] + (character == "\n"))
    for piece in cut(one, tokens, min(overlap, tokens - 1)):
        assert one.text[piece.start : piece.end] == piece.text
        assert piece.text == piece.text.strip()
        assert piece.first_line == line_of[piece.start] + 1
        assert piece.last_line == line_of[piece.end - 1] + 1
        if one.page_starts:
            ends = (*one.page_starts[1:], len(one.text))
            assert piece.page is not None
            assert one.page_starts[piece.page - 1] <= piece.start
            assert piece.end <= ends[piece.page - 1]
        else:
            assert piece.page is None


@given(documents(), st.integers(1, 60))
def test_every_visible_character_lies_in_exactly_one_chunk(one: Document, tokens: int) -> None:
    covered = [0] * len(one.text)
    for piece in cut(one, tokens):
        for at in range(piece.start, piece.end):
            covered[at] += 1
    for at, character in enumerate(one.text):
        assert covered[at] == 1 or (character.isspace() and covered[at] <= 1)


@given(documents(), st.integers(2, 60), st.integers(0, 30))
def test_no_chunk_is_larger_than_asked(one: Document, tokens: int, overlap: int) -> None:
    for piece in cut(one, tokens, min(overlap, tokens - 1)):
        assert count_words([piece.text])[0] <= tokens or len(piece.text) == 1


@given(documents(), st.integers(4, 60), st.integers(1, 30))
def test_chunks_advance_and_lose_nothing_with_overlap(
    one: Document, tokens: int, overlap: int
) -> None:
    pieces = cut(one, tokens, min(overlap, tokens - 1))
    assert [piece.ordinal for piece in pieces] == list(range(len(pieces)))
    starts = [piece.start for piece in pieces]
    assert starts == sorted(set(starts))
    covered = {at for piece in pieces for at in range(piece.start, piece.end)}
    missing = [c for at, c in enumerate(one.text) if at not in covered and not c.isspace()]
    assert not missing


@given(documents(), st.integers(1, 40))
def test_the_halves_of_a_chunk_are_the_chunk(one: Document, tokens: int) -> None:
    for piece in cut(one, tokens):
        halves = split_chunk(piece)
        if halves is None:
            assert len(piece.text) == 1
            continue
        first, second = halves
        assert first.text + second.text == piece.text
        for half in halves:
            assert one.text[half.start : half.end] == half.text
        assert first.first_line == piece.first_line
        assert second.last_line == piece.last_line
        newlines = piece.text.count("\n", 0, len(first.text))
        assert second.first_line == piece.first_line + newlines


def test_a_heading_never_ends_a_chunk() -> None:
    text = "\n\n".join(f"## Part {n}\n\n" + f"Words about part {n} here. " * 4 for n in range(12))
    for piece in cut(markdown(text)):
        assert not piece.text.splitlines()[-1].startswith("#")


def test_a_chunk_knows_its_headings() -> None:
    text = "# Backups\n\nIntro.\n\n## Restore\n\n" + "Restore one server. " * 10
    assert [piece.heading for piece in cut(markdown(text), 20)] == [
        "Backups",
        "Backups > Restore",
        "Backups > Restore",
    ]


def test_a_code_fence_that_fits_stays_whole() -> None:
    fence = "```\n" + "a = 1\n\nb = 2\n" * 3 + "```"
    text = "Some words come first here. " * 5 + "\n\n" + fence + "\n\n" + "And words after. " * 5
    assert sum(fence in piece.text for piece in cut(markdown(text))) == 1


def test_a_divided_table_carries_its_header() -> None:
    rows = "".join(f"| widget {n} | {n} euros |\n" for n in range(30))
    pieces = cut(markdown("| name | price |\n|---|---|\n" + rows))
    assert len(pieces) > 2
    assert pieces[0].table_header == ""
    assert {p.table_header for p in pieces[1:]} == {"| name | price |\n|---|---|"}
    assert all(line.startswith("| widget") for p in pieces[1:] for line in p.text.splitlines())


def test_what_is_left_is_divided_evenly() -> None:
    text = " ".join(f"Sentence number {n} stands here." for n in range(8))  # 48 tokens
    sizes = count_words([piece.text for piece in cut(document(text), 40)])
    assert len(sizes) == 2
    assert min(sizes) >= 18


def test_a_short_document_stays_whole() -> None:
    text = "\n\n".join(
        f"## Part {n}\n\n" + "Seven words stand here in a row. " * 3 for n in range(4)
    )
    size = count_words([text.strip()])[0]
    assert [piece.text for piece in cut(markdown(text), 40, whole=size)] == [text.strip()]
    assert len(cut(markdown(text), 40, whole=size - 1)) > 1
    paged = document(text, page_starts=(0, 200))
    assert len(cut(paged, 40, whole=size)) > 2


@given(documents(), st.integers(2, 40), st.integers(0, 200))
def test_a_document_that_stays_whole_is_one_chunk_within_the_limit(
    one: Document, tokens: int, whole: int
) -> None:
    pieces = cut(one, tokens, whole=whole)
    for piece in pieces:
        size = count_words([piece.text])[0]
        assert size <= tokens or len(piece.text) == 1 or (len(pieces) == 1 and size <= whole)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(" \n\t\r\n\u3000", id="blank"),
    ],
)
def test_a_blank_document_has_no_chunks(text: str) -> None:
    assert cut(document(text)) == []


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        pytest.param((), "notes.md p. 2", id="counted"),
        pytest.param(("p. i", "p. ii"), "notes.md p. ii", id="labelled"),
    ],
)
def test_pages_are_named_as_readers_name_them(label: tuple[str, ...], expected: str) -> None:
    pieces = cut(document("one\ntwo", page_starts=(0, 4), page_labels=label))
    assert pieces[1].location == expected


def test_lines_are_named_where_there_are_no_pages() -> None:
    pieces = cut(document("one\n\n" + "word " * 60 + "\nend"), 30)
    assert pieces[0].location == "notes.md:1-3"
    assert cut(document("one"))[0].location == "notes.md:1"
