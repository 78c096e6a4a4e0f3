from __future__ import annotations

import time

import pytest

from ragkit.loading import load
from ragkit.loading.html import (
    html_to_text,
    markup_to_markdown,
    page_metadata,
)

PAGE = """<!doctype html><html><head><title>Tea &amp; cake</title>
<meta name="author" content="Jo"><meta name="keywords" content="tea, cake">
<style>p { color: red }</style><script>var hidden = "<p>no</p>";</script></head><body>
<h1>Head</h1><p>snake_case and <b>bold</b> <a href="http://example.org/long">link</a>.</p>
<h2>Sub
head</h2><table><tr><th>Name</th><th>Price</th></tr><tr><td>Tea</td><td>3</td></tr></table>
<ul><li>one<li>two</ul><pre>
# code
  indented
</pre></body></html>"""


def test_a_page_keeps_headings_tables_lists_and_code() -> None:
    document = load(PAGE.encode(), "a.html")
    assert document.media_type == "text/markdown"
    assert [(h.level, h.title) for h in document.headings] == [(1, "Head"), (2, "Sub head")]
    assert all(document.text[h.start] == "#" for h in document.headings)
    assert "| Name | Price |\n| --- | --- |\n| Tea | 3 |" in document.text
    assert "- one\n- two" in document.text
    assert "# code\n  indented" in document.text
    assert dict(document.metadata) == {
        "format": "html",
        "title": "Tea & cake",
        "author": "Jo",
        "tags": "tea, cake",
    }


def test_only_the_words_of_a_sentence_stay() -> None:
    text = html_to_text(PAGE)
    assert "snake_case and bold link." in text
    assert "color" not in text
    assert "hidden" not in text


@pytest.mark.parametrize("convert", [html_to_text, markup_to_markdown])
def test_both_readings_agree_on_structure(convert) -> None:  # type: ignore[no-untyped-def]
    text = convert(PAGE)
    for piece in ("# Head", "## Sub head", "| Tea | 3 |", "- two", "  indented"):
        assert piece in text


def test_a_table_inside_a_table_loses_no_cell() -> None:
    page = (
        "<table><tr><td><table><tr><td>in</td><td>ner</td></tr></table></td><td>outer</td></table>"
    )
    assert "| in | ner |" in markup_to_markdown(page)
    for text in (html_to_text(page), html_to_text(page.replace("<td>outer", "<td><b>outer"))):
        assert all(word in text for word in ("in", "ner", "outer"))


def test_deep_nesting_loses_no_text() -> None:
    assert (
        html_to_text("<div>" * 100_000 + "deep words" + "</div>" * 100_000).strip() == "deep words"
    )


@pytest.mark.parametrize(
    "unit",
    [
        "<",
        "<a href='x ",
        "<!-- ",
        "<script>",
        "<table><tr><td>",
        "&",
        '<p a="b',
        "<![CDATA[",
        "<b>x",
    ],
)
def test_bad_markup_takes_linear_time(unit: str) -> None:
    start = time.process_time()
    html_to_text("<html>" + unit * (300_000 // len(unit)))
    assert time.process_time() - start < 5


def test_a_declared_encoding_is_used() -> None:
    page = '<html><meta charset="windows-1251"><p>Континент</p>'.encode("cp1251")
    assert "Континент" in load(page, "a.html").text


def test_metadata_of_a_page_without_a_head_is_empty() -> None:
    assert page_metadata("<p>words</p>") == ()
