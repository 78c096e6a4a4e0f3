from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.ingest.chunking import chunk
from ragkit.retrieval.passages import to_passages
from ragkit.types import Chunk, ChunkSettings, Document, Hit

TEXT = "\n\n".join(f"Paragraph number {n} speaks of topic {n * 7} alone." for n in range(12))
BACKUP = "The backup of the archive server is tested every quarter by restoring it in room B04. "


def chunks(source: str = "a.md", text: str = TEXT, overlap: int = 0) -> list[Chunk]:
    count = lambda texts: [len(one.split()) for one in texts]  # noqa: E731
    return list(chunk(Document(source, text, ""), ChunkSettings(12, overlap, 0), count))


def hit(one: Chunk, score: float) -> Hit:
    return Hit(one, score, score, 0.0)


@given(st.lists(st.integers(0, 11), unique=True, max_size=12), st.integers(0, 6))
def test_every_hit_is_in_one_passage_whose_span_and_lines_are_true(
    picked: list[int], overlap: int
) -> None:
    pieces = chunks(overlap=overlap)
    hits = [hit(pieces[at], 1 - n / 20) for n, at in enumerate(picked) if at < len(pieces)]
    passages = to_passages(hits, per_document=99)
    assert sorted(id(h) for p in passages for h in p.hits) == sorted(map(id, hits))
    assert [p.number for p in passages] == list(range(1, len(passages) + 1))
    best = [p.hits[0].score for p in passages]
    assert best == sorted(best, reverse=True)
    for passage in passages:
        assert len(passage.text) == passage.end - passage.start
        assert passage.text.split() == TEXT[passage.start : passage.end].split()
        assert passage.first_line == TEXT.count("\n", 0, passage.start) + 1
        assert passage.last_line == TEXT.count("\n", 0, passage.end - 1) + 1


def test_neighbours_are_one_passage_and_strangers_are_not() -> None:
    pieces = chunks()
    passages = to_passages([hit(pieces[at], 1 - at / 20) for at in (5, 2, 3, 9, 4)])
    assert [[h.chunk.ordinal for h in p.hits] for p in passages] == [[2, 3, 4, 5], [9]]


def test_pages_are_not_joined() -> None:
    document = Document("b.pdf", "one page\ntwo page", "", page_starts=(0, 9))
    count = lambda texts: [len(one.split()) for one in texts]  # noqa: E731
    pieces = list(chunk(document, ChunkSettings(12, 0, 0), count))
    assert len(to_passages([hit(pieces[0], 1), hit(pieces[1], 0.9)])) == 2


def test_five_copies_are_one_passage_and_the_newest_speaks() -> None:
    hits = [hit(chunks(f"v{n}.md", BACKUP + f"Version {n}.")[0], 1 - n / 20) for n in range(1, 6)]
    modified = {"v1.md": 10, "v2.md": 50, "v3.md": 40, "v4.md": 20, "v5.md": 30}
    (passage,) = to_passages(hits, modified=modified)
    assert passage.source == "v2.md"
    assert [place.split(":")[0] for place in passage.duplicate_locations] == [
        "v3.md",
        "v5.md",
        "v4.md",
        "v1.md",
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(BACKUP, "Backups of the web server are never tested by anybody. ", id="words"),
        pytest.param(
            "备份每季度测试一次，由值班工程师恢复一台服务器。",
            "望远镜的主镜需要提前冷却四十分钟。",
            id="zh",
        ),
    ],
)
def test_different_passages_are_not_folded(one: str, other: str) -> None:
    hits = [hit(chunks("a.md", one)[0], 1), hit(chunks("b.md", other)[0], 0.9)]
    assert [p.duplicate_locations for p in to_passages(hits)] == [(), ()]


def test_no_document_takes_all_the_room() -> None:
    pieces = chunks()
    hits = [hit(pieces[at], 1 - at / 50) for at in range(0, 12, 2)]
    hits.append(hit(chunks("other.md", "Something else entirely.")[0], 0.1))
    passages = to_passages(hits, per_document=2)
    assert [p.source for p in passages] == ["a.md", "a.md", "other.md"]
    assert len(to_passages(hits, limit=3, per_document=99)) == 3


def test_no_hits_are_no_passages() -> None:
    assert to_passages([]) == ()
