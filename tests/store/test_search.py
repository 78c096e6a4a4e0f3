"""Searches of a small table in memory find what LanceDB finds, and see what was written since."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.errors import RagkitError
from ragkit.retrieval.hybrid_search import hybrid_search
from ragkit.retrieval.query_parsing import parse_query
from ragkit.store import Store
from ragkit.store.memory_cache import InMemoryTable, RowIndex
from ragkit.store.schema import FORMAT
from ragkit.types import Chunk, ChunkFeatures, ChunkSettings, Manifest, ModelIdentity

DIMENSION = 2_048  # so that a few vectors are many bytes
ASKED = np.eye(DIMENSION, dtype=np.float32)[0]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    manifest = Manifest(ModelIdentity("test/none", DIMENSION), ChunkSettings(), FORMAT)
    store = Store.create(str(tmp_path / ".ragkit"), manifest)
    add(store, range(300))
    return store


def add(store: Store, numbers: range) -> None:
    texts = [f"note {n} of {'walrus' if n % 7 == 0 else 'oyster'}" for n in numbers]
    chunks = [
        Chunk(f"f{n // 10}.md", n % 10, text, 0, len(text), 1, 1)
        for n, text in zip(numbers, texts, strict=True)
    ]
    drawn = np.random.default_rng(numbers.start).normal(size=(len(numbers), DIMENSION))
    vectors = drawn / np.linalg.norm(drawn, axis=1, keepdims=True) * 0.995  # nearly of length 1
    derived = [ChunkFeatures(f"{n:032}", "", "") for n in numbers]
    store.chunks.write(chunks, list(vectors.astype(np.float32)), derived, replacing=())


def test_the_second_search_finds_what_the_first_found(store: Store) -> None:
    rows, similarity = store.search.nearest(ASKED, 50)
    matches = store.search.match(parse_query("walrus 14"), 20, documents=20)
    places, vectors = store.search.locate_rows(rows.tolist())
    chunks = store.search.load_chunks(rows.tolist())
    assert not store.search.cache.full_table()
    again, similarity_again = store.search.nearest(ASKED, 50)
    assert store.search.cache.full_table()
    assert again.tolist() == rows.tolist()
    assert np.allclose(similarity_again, similarity, atol=1e-5)
    places_again, vectors_again = store.search.locate_rows(rows.tolist())
    assert places_again == places
    assert np.allclose(vectors_again, vectors)
    assert store.search.load_chunks(rows.tolist()) == chunks
    in_memory = store.search.match(parse_query("walrus 14"), 20, documents=20)
    assert in_memory.rows.tolist() == matches.rows.tolist()
    assert np.allclose(in_memory.scores, matches.scores)
    assert in_memory.headers == matches.headers


def test_what_was_written_since_is_found_and_what_was_deleted_is_not(store: Store) -> None:
    for _ in range(3):
        store.search.nearest(ASKED, 5)
    add(store, range(300, 400))
    rows, _ = store.search.nearest(ASKED, 1_000)
    assert len(rows) == 400
    store.chunks.delete(["f0.md"])
    rows, _ = store.search.nearest(ASKED, 1_000)
    assert len(rows) == 390
    assert ("f0.md", 0) not in store.search.locate_rows(rows.tolist())[0]
    store.optimize()
    assert len(store.search.load_chunks(store.search.nearest(ASKED, 1_000)[0].tolist())) == 390


def test_another_process_is_seen_after_a_refresh(store: Store) -> None:
    for _ in range(3):
        store.search.nearest(ASKED, 5)
    add(Store.open(store.uri), range(300, 310))
    assert len(store.search.nearest(ASKED, 1_000)[0]) == 300
    store.refresh()
    assert len(store.search.nearest(ASKED, 1_000)[0]) == 310


@given(
    st.lists(st.sampled_from([-0.5, 0.0, 0.25, 1.0]), min_size=1, max_size=30),
    st.integers(1, 40),
)
def test_the_nearest_are_the_best_and_of_equal_ones_the_first(
    similarities: list[float], limit: int
) -> None:
    values = np.array(similarities, dtype=np.float32)
    vectors = np.stack([values, np.sqrt(1 - values**2)], axis=1)
    rows = np.arange(len(values), dtype=np.int64) * 3
    held = InMemoryTable(RowIndex(rows, pa.table({})), vectors, pa.chunked_array([], pa.string()))
    found, similarity = held.nearest(np.array([1, 0], dtype=np.float32), limit)
    expected = sorted(range(len(values)), key=lambda at: (-values[at], at))[:limit]
    assert found.tolist() == [3 * at for at in expected]
    assert similarity.tolist() == [values[at] for at in expected]


def test_the_first_searches_of_a_process_may_come_from_several_threads(store: Store) -> None:
    script = (
        "import sys\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from ragkit.retrieval.query_parsing import parse_query\n"
        "from ragkit.store import Store\n"
        "store = Store.open(sys.argv[1])\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    asked = [parse_query(f'note {n}') for n in range(8)]\n"
        "    found = pool.map(lambda one: store.search.match(one, 5).rows, asked)\n"
        "    print(sum(map(len, found)))\n"
    )
    command = [sys.executable, "-c", script, store.uri]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "40\n", done.stderr


@pytest.mark.parametrize("searches", [1, 3])
def test_rows_that_moved_are_not_taken_for_others(store: Store, searches: int) -> None:
    for _ in range(searches):  # from the third on from memory
        rows, _ = store.search.nearest(ASKED, 300)
    store.chunks.delete(["f0.md"])
    store.optimize()
    for look_up in (store.search.load_chunks, store.search.locate_rows):
        with pytest.raises(RagkitError):
            look_up(rows.tolist())


def test_searches_while_the_table_is_written_find_what_is_there(store: Store) -> None:
    embedder = Fixed()

    def write() -> None:
        for start in range(300, 600, 100):
            add(store, range(start, start + 100))
            store.chunks.delete([f"f{start // 10 - 30}.md"])
            store.optimize()

    with ThreadPoolExecutor(1) as beside:
        writing = beside.submit(write)
        while not writing.done():
            hits = hybrid_search(store, embedder, "walrus", limit=10)
            assert len(hits) == 10
            assert all("walrus" in hit.chunk.text for hit in hits)
        writing.result()


class Fixed:
    """An embedder with one vector for every question."""

    name = "test/none"
    identity = ModelIdentity(name, DIMENSION)

    def embed_query(self, text: str) -> np.ndarray:
        return ASKED
