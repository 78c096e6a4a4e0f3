from __future__ import annotations

import pytest

from ragkit.loading.markup import tokens, visible_text


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        pytest.param("a<b>c", [("", "a"), ("b", ""), ("", "c")], id="tag"),
        pytest.param('<p t="a>b">c', [("p", ' t="a>b"'), ("", "c")], id="quoted bracket"),
        pytest.param("a < b", [("", "a < b")], id="no tag"),
        pytest.param("a<!-- <b> -->c", [("", "a"), ("", "c")], id="comment"),
        pytest.param("<style>1<2</style>", [("style", ""), ("", "1<2"), ("/style", "")], id="raw"),
        pytest.param("<![CDATA[1<2]]>", [("", "1<2")], id="CDATA"),
    ],
)
def test_tokens(markup: str, expected: list[tuple[str, str]]) -> None:
    assert [token for token in tokens(markup) if token != ("", "")] == expected


def test_visible_text_has_no_tags() -> None:
    assert visible_text("a<b>b</b>&amp;<style>x</style>") == "ab&"
