"""The page is whole in itself, and no document can get out of its place in it."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ragkit.map import Map
from ragkit.map.page import embedded_json, map_page
from ragkit.types import Chunk, Hit

EVIL = "</script><script>alert(1)</script><!-- <img src=x onerror=alert(1)> \u2028 & \ud800 \x00"


def chunk(number: int, text: str, source: str = "a.md") -> Chunk:
    return Chunk(source, number, text, 0, len(text), 1, 1, heading=text)


CHUNKS = (chunk(0, "Walrus."), chunk(1, EVIL), chunk(0, "Ice.", f"{EVIL}.md"))
DRAWN = Map(
    CHUNKS,
    np.array([[0, 0.5], [1, 0.25], [0.5, 1]], np.float32),
    total=3,
    preserved_neighbours=1.0,
    query=EVIL,
    hits=(Hit(CHUNKS[2], 0.5, 0.5, 0.0), Hit(CHUNKS[0], 0.4, 0.4, 0.0)),
    query_point=(0.5, 0.75),
)


class Elements(HTMLParser):
    """The elements of a page, their attributes, and the text of each kind."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        if self.tags:
            self.texts.setdefault(self.tags[-1], []).append(data)


def test_no_document_can_leave_its_place() -> None:
    page = map_page(DRAWN, EVIL)
    elements = Elements(page)
    assert elements.tags.count("script") == 2
    assert "img" not in elements.tags
    assert not [name for name, _ in elements.attributes if name.startswith("on")]
    page.encode("utf-8")


def test_the_data_are_those_of_the_map() -> None:
    page = map_page(DRAWN, "title")
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])  # type: ignore[index]
    assert [point["x"] for point in data["points"]] == [0, 1, 0.5]
    assert data["points"][1]["text"] == EVIL.replace("\ud800", "?")
    assert data["points"][0]["location"] == "a.md:1"
    assert data["hits"] == [2, 0]
    assert data["query"] == [0.5, 0.75]
    assert len(data["documents"]) == 2


def test_the_page_forbids_connections_and_scripts_of_others() -> None:
    page = map_page(DRAWN, "title")
    policy = html.unescape(re.search(r'Policy" content="(.*?)">', page)[1])  # type: ignore[index]
    assert policy.startswith("default-src 'none'; ")
    assert "http" not in page.replace("http-equiv", "")
    assert "unsafe" not in policy
    for kind in ("script", "style"):
        body = re.search(rf"<{kind}>(.*?)</{kind}>", page, re.S)[1]  # type: ignore[index]
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy


def test_a_sample_is_said_to_be_one() -> None:
    assert "3 of 9,000 passages, spread evenly" in map_page(replace(DRAWN, total=9000), "t")
    assert "3 passages" in map_page(DRAWN, "t")


def test_long_passages_are_shortened() -> None:
    long = replace(DRAWN, chunks=(*CHUNKS[:2], chunk(0, "x" * 5000)), hits=())
    assert "x" * 700 + "…" in map_page(long, "t")
    assert "x" * 701 not in map_page(long, "t")


@given(st.text())
def test_embedded_json_is_json_without_markup(text: str) -> None:
    embedded = embedded_json({"text": text})
    assert not set("<>&\u2028\u2029") & set(embedded)
    assert json.loads(embedded) == {"text": text.encode("utf-8", "replace").decode()}
