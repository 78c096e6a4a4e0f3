from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.index import Index
from ragkit.retrieval.hybrid_search import DOCUMENT_SHARE, DocumentScores, fuse_scores

Write = Callable[..., Path]

_scores = st.lists(
    st.tuples(st.floats(-1, 1, width=32), st.floats(0, 1, width=32), st.floats(0, 0.625, width=32)),
    min_size=1,
    max_size=20,
)


@given(_scores, st.floats(0, 2))
def test_the_score_is_cosine_plus_weighted_words_and_document(
    rows: list[tuple[float, float, float]], weight: float
) -> None:
    similarity, keyword, document = np.array(rows, dtype=np.float32).T
    expected = similarity + weight * (keyword + document)
    assert fuse_scores(similarity, keyword, document, weight) == pytest.approx(expected, abs=1e-5)
    assert (fuse_scores(similarity, keyword, document, 0.0) == similarity).all()


def test_a_document_adds_at_most_its_share_and_less_to_its_first_chunk() -> None:
    headers = DocumentScores({"a.pdf": 8.0, "b.pdf": 4.0})
    later, half, first, other = headers.of_chunks(
        [("a.pdf", 3), ("b.pdf", 3), ("a.pdf", 0), ("c.pdf", 1)]
    )
    assert later == pytest.approx(DOCUMENT_SHARE)
    assert half == pytest.approx(DOCUMENT_SHARE / 2)
    assert 0 < first < later
    assert other == 0.0
    assert DocumentScores({}).of_chunks([("a.pdf", 1)]).tolist() == [0.0]


def test_a_document_beyond_a_full_list_counts_as_its_last() -> None:
    headers = DocumentScores({"a.pdf": 8.0, "b.pdf": 4.0}, others=4.0)
    beyond, last = headers.of_chunks([("c.pdf", 1), ("b.pdf", 1)])
    assert beyond == last


@pytest.fixture
def reports(index: Index, write: Write, tmp_path: Path) -> Index:
    """Four reports alike but for their first lines; no later chunk says whose it is."""
    body = "\n\n".join(
        f"## Item {n}\n\n" + f"Operating expenses and net sales of segment {n} changed. " * 30
        for n in range(1, 6)
    )
    for company, when in (("Acme", "Q1"), ("Acme", "Q2"), ("Borealis", "Q1"), ("Borealis", "Q2")):
        write(f"2023 {when} {company[:4].upper()}.md", f"{company} Corporation\n\n{body}")
    index.update(tmp_path / "docs")
    return index


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        pytest.param("net sales of segment 4 at Borealis in Q1", "2023 Q1 BORE.md", id="quarter"),
        pytest.param("Acme operating expenses, Q2: segment 3", "2023 Q2 ACME.md", id="name first"),
    ],
)
def test_a_question_that_names_a_document_finds_its_later_pages(
    reports: Index, question: str, wanted: str
) -> None:
    (best,) = reports.search(question, limit=1)
    assert best.chunk.source == f"docs/{wanted}"
    assert best.chunk.ordinal > 0
    assert best.document_score > 0


def test_each_hit_shows_parts_that_add_up_to_its_score(reports: Index) -> None:
    for hit in reports.search("net sales of Acme in Q2", limit=10, keyword_weight=0.4):
        parts = hit.similarity + 0.4 * (hit.keyword + hit.document_score)
        assert hit.score == pytest.approx(parts, abs=1e-5)


def test_without_keyword_weight_the_score_is_the_cosine(reports: Index) -> None:
    for hit in reports.search("net sales of Acme in Q2", limit=10, keyword_weight=0):
        assert (hit.score, hit.document_score) == (hit.similarity, 0.0)


def test_title_author_and_tags_of_a_file_find_it(
    index: Index, write: Write, tmp_path: Path
) -> None:
    page = "A paragraph about walls and roofs. " * 80
    for name, author in (("a.md", "Wanda Quirke"), ("b.md", "Peter Smith"), ("c.md", "Ann Lee")):
        write(name, f"---\nauthor: {author}\ntags: [t{name[0]}]\n---\n\n{page}\n\n{page}")
    index.update(tmp_path / "docs")
    hits = index.search("walls, by Wanda Quirke", limit=2)
    assert {hit.chunk.source for hit in hits} == {"docs/a.md"}


def test_a_question_of_signs_alone_is_no_error(reports: Index) -> None:
    assert all(hit.document_score == 0 for hit in reports.search("?!", limit=3))


def test_one_file_gives_as_many_passages_as_are_asked_for(reports: Index) -> None:
    question = "How did the net sales and operating expenses of segments change?"
    for most in (1, 2):
        found = reports.ask(question, model="none", limit=6, per_document=most, min_score=0.0)
        taken = Counter(passage.source for passage in found.passages)
        assert max(taken.values()) <= most
    with pytest.raises(ValueError, match="per_document must be at least 1"):
        reports.ask(question, model="none", per_document=0)


def test_a_single_file_may_give_more_passages_when_asked(
    index: Index, write: Write, tmp_path: Path
) -> None:
    parts = [
        f"Budget of year {n}: {' '.join(f'item{n}x{m}' for m in range(250))}" for n in range(12)
    ]
    write("budget.txt", "\f".join(parts))
    write("other.txt", "Nothing of the kind.")
    index.update(tmp_path / "docs")
    counts = []
    for most in (1, 3, 8):
        found = index.ask("budget of year 3", model="none", per_document=most, min_score=0.0)
        counts.append(sum(passage.source == "docs/budget.txt" for passage in found.passages))
    assert counts[0] == 1 < counts[1] <= 3
    assert counts[1] <= counts[2]
