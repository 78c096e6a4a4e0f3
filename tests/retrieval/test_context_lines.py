"""The lines around a chunk are those of its document."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ragkit.ingest.chunking import chunk
from ragkit.models.wordllama import WordLlamaEmbedder
from ragkit.retrieval.context_lines import ContextLines, context_lines
from ragkit.types import Chunk, ChunkSettings, Document

COUNT = WordLlamaEmbedder().token_counter
PARTS = st.lists(
    st.one_of(
        st.lists(
            st.sampled_from(["walrus", "Ice", "sea.", "no", "map"]), min_size=1, max_size=9
        ).map(" ".join),
        st.just(""),
        st.just("# Heading"),
        st.just("| a | b |"),
    ),
    min_size=1,
    max_size=30,
)


def chunks_of(text: str, tokens: int, overlap: int) -> list[Chunk]:
    document = Document("a.md", text, "", media_type="text/markdown")
    return list(chunk(document, ChunkSettings(tokens, overlap, tokens), COUNT))


@given(PARTS, st.sampled_from([(6, 0), (12, 3), (40, 0)]), st.integers(1, 12))
def test_they_are_the_lines_of_the_document(
    parts: list[str], sizes: tuple[int, int], lines: int
) -> None:
    text = "\n".join(parts).strip("\n") + "\n"
    chunks = chunks_of(text, *sizes)
    for one in chunks:
        around = context_lines(one, chunks, lines)
        before = text[: one.start].lstrip("\n")
        after = text[one.end :].rstrip("\n")
        expected_before = before.removesuffix("\n").split("\n")[-lines:] if before else []
        expected_after = after.removeprefix("\n").split("\n")[:lines] if after else []
        assert [line.rstrip() for line in around.before] == [x.rstrip() for x in expected_before]
        assert [line.strip() for line in around.after] == [x.strip() for x in expected_after]


FIVE = [Chunk("a.md", n, f"line {n}", n * 8, n * 8 + 6, 2 * n + 1, 2 * n + 1) for n in range(5)]


def test_blank_lines_between_count() -> None:
    around = context_lines(FIVE[2], FIVE, 3)
    assert around == ContextLines(("", "line 1", "")[-3:], ("", "line 3", ""))


def test_another_page_is_no_surrounding() -> None:
    paged = [replace(one, page=1 + one.ordinal // 2) for one in FIVE]
    assert context_lines(paged[2], paged, 9) == ContextLines((), ("", "line 3"))


def test_nothing_is_shown_behind_a_gap() -> None:
    late = [replace(one, start=one.start + 500, end=one.end + 500) for one in FIVE[3:]]
    assert context_lines(FIVE[2], [*FIVE[:3], *late], 9).after == ()


def test_a_neighbour_that_is_missing_ends_them() -> None:
    assert context_lines(FIVE[4], [FIVE[2], FIVE[4]], 9) == ContextLines()
