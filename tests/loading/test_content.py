from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ragkit.loading.content import MarkdownWriter
from ragkit.loading.headings import markdown_headings

BLOCKS = st.lists(
    st.tuples(
        st.sampled_from(["page", "heading", "paragraph", "item", "code", "table"]),
        st.text(alphabet="a#`~| \n-b", max_size=20),
    ),
    max_size=12,
)


@given(BLOCKS)
def test_the_headings_of_the_text_are_those_that_were_written(
    blocks: list[tuple[str, str]],
) -> None:
    writer = MarkdownWriter()
    for kind, text in blocks:
        if kind == "page":
            writer.page("p")
        elif kind == "heading":
            writer.heading(2, f"T {text} x")
        elif kind == "table":
            writer.table([["h", text], [text, "v"]])
        else:
            getattr(writer, kind)(text)
    content = writer.content()
    found = [heading.start for heading in markdown_headings(content.text) if heading.level == 2]
    starts = [heading.start for heading in content.headings]
    assert set(starts) <= set(found)
    assert all(content.text[start : start + 4] == "## T" for start in starts)
    assert list(content.page_starts) == sorted(content.page_starts)


def test_a_table_of_one_column_is_lines() -> None:
    writer = MarkdownWriter()
    writer.table([["a"], [""], ["b"]])
    writer.table([["", ""], ["", ""]])
    assert writer.content().text == "a\nb"


def test_blank_pages_are_counted() -> None:
    writer = MarkdownWriter()
    writer.page("slide 1")
    writer.page("slide 2")
    writer.paragraph("words")
    content = writer.content()
    assert content.pages_without_text == 1
    assert content.text[content.page_starts[1] :] == "words"
