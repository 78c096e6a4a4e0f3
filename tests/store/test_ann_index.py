"""The index of the vectors: built and renewed by itself, as good as exact search."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

import lancedb
import numpy as np
import pytest
from command_line import CommandLine
from lancedb.index import IvfRq

from ragkit.store import Store
from ragkit.store.ann_index import LEAST_RECALL, LEAST_ROWS
from ragkit.store.async_reader import AsyncTableReader
from ragkit.store.schema import FORMAT
from ragkit.store.search import ChunkSearch
from ragkit.types import Chunk, ChunkFeatures, ChunkSettings, Manifest, ModelIdentity, VectorIndex

# Wide enough for no search to hold all vectors in memory at once; ODD is no multiple of 8.
WIDE, ODD = 64, 60
ROWS = 12_000
PER_FILE = 20


def vectors(rows: int, dimension: int, seed: int = 0) -> np.ndarray:
    """Unit vectors in clusters, as those of texts are."""
    chance = np.random.default_rng(seed)
    centres = np.random.default_rng(9).normal(size=(60, dimension))
    spread = chance.normal(size=(rows, dimension)) * 0.6
    found = centres[np.arange(rows) * 60 // rows] + spread
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def add(store: Store, matrix: np.ndarray, *, first_file: int = 0) -> None:
    chunks = [
        Chunk(f"f{first_file + n // PER_FILE:05}.md", n % PER_FILE, f"text {n}", 0, 5, 1, 1)
        for n in range(len(matrix))
    ]
    derived = [ChunkFeatures(f"{n:032}", "", "") for n in range(len(matrix))]
    store.chunks.write(chunks, list(matrix), derived, replacing=())


def new_store(place: Path, dimension: int) -> Store:
    identity = ModelIdentity("test/none", dimension)
    return Store.create(str(place), Manifest(identity, ChunkSettings(), FORMAT))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, np.ndarray]:
    """A store of 12,000 chunks that was tidied, and their vectors in order of row."""
    store = new_store(tmp_path_factory.mktemp("built") / ".ragkit", WIDE)
    matrix = vectors(ROWS, WIDE)
    add(store, matrix)
    store.maintain()
    return store, matrix


def raw_table(store: Store) -> lancedb.table.Table:
    return lancedb.connect(store.uri).open_table("chunks")


def index_names(store: Store) -> set[str]:
    return {one.index_type for one in raw_table(store).list_indices() if "vector" in one.columns}


def first_search(store: Store) -> ChunkSearch:
    return ChunkSearch(store.chunks, AsyncTableReader(store.location, store.version))


def recall(store: Store, asked: np.ndarray, sources: Collection[str] | None = None) -> float:
    """The share of the ten exact neighbours that a search finds, over all vectors asked."""
    shares = []
    for vector in asked:
        # Each by a search of its own: the second in a row would compare all vectors in memory.
        exact = first_search(store).nearest(vector, 100, sources=sources, exact=True)[0][:10]
        found = first_search(store).nearest(vector, 100, sources=sources)[0][:10]
        shares.append(np.isin(exact, found).mean())
    return float(np.mean(shares))


def test_a_table_that_is_quick_without_has_no_index(tmp_path: Path) -> None:
    store = new_store(tmp_path / ".ragkit", WIDE)
    add(store, vectors(LEAST_ROWS - 1, WIDE))
    store.maintain()
    assert store.chunks.vector_index is None
    assert index_names(store) == set()


def test_a_large_table_has_an_index_whose_recall_was_measured(
    built: tuple[Store, np.ndarray],
) -> None:
    store, _ = built
    index = store.chunks.vector_index
    assert index is not None
    assert (index.kind, index.rows) == ("IVF_RQ", ROWS)
    assert index.recall >= LEAST_RECALL
    assert index_names(store) == {"IvfRq"}
    assert recall(store, vectors(40, WIDE, seed=1)) >= LEAST_RECALL
    assert Store.open(store.uri).chunks.vector_index == index


def test_similarities_are_exact_for_every_candidate(built: tuple[Store, np.ndarray]) -> None:
    store, matrix = built
    asked = vectors(1, WIDE, seed=3)[0]
    rows, similarity = store.search.nearest(asked, 100)
    places = [
        int(chunk.source[1:6]) * PER_FILE + chunk.ordinal
        for chunk in store.search.load_chunks(rows.tolist())
    ]
    assert np.allclose(similarity, matrix[places] @ asked, atol=1e-5)
    assert np.all(np.diff(similarity) <= 0)


def test_exact_search_compares_every_row(built: tuple[Store, np.ndarray]) -> None:
    store, matrix = built
    for asked in vectors(10, WIDE, seed=4):
        _, similarity = store.search.nearest(asked, 100, exact=True)
        assert np.allclose(similarity, np.sort(matrix @ asked)[::-1][:100], atol=1e-5)


def test_a_dimension_that_is_no_multiple_of_8_has_an_index_of_another_kind(
    tmp_path: Path,
) -> None:
    store = new_store(tmp_path / ".ragkit", ODD)
    add(store, vectors(LEAST_ROWS, ODD))
    store.maintain()
    index = store.chunks.vector_index
    assert index is not None
    assert index.kind == "IVF_SQ"
    assert recall(store, vectors(20, ODD, seed=1)) >= LEAST_RECALL


@pytest.mark.parametrize("every", [pytest.param(n, id=f"1 file in {n}") for n in (600, 100, 4)])
def test_filters_do_not_harm_recall(tmp_path: Path, every: int) -> None:
    """In an index of many partitions, of which a search without a filter looks into one."""
    store = new_store(tmp_path / ".ragkit", WIDE)
    add(store, vectors(ROWS, WIDE))
    table = raw_table(store)
    table.create_index(
        "vector", config=IvfRq("cosine", num_bits=4, num_partitions=20), name="vector_idx"
    )
    narrow = VectorIndex("IVF_RQ", ROWS, probes=1, refine=1)
    keep(table, narrow)
    store.refresh()
    assert store.chunks.vector_index == narrow
    sources = [f"f{n:05}.md" for n in range(0, ROWS // PER_FILE, every)]
    between_clusters = np.random.default_rng(1).normal(size=(20, WIDE)).astype(np.float32)
    asked = between_clusters / np.linalg.norm(between_clusters, axis=1, keepdims=True)
    assert recall(store, asked) < LEAST_RECALL
    assert recall(store, asked, sources) == 1.0


def keep(table: lancedb.table.Table, index: VectorIndex) -> None:
    kept = {name: getattr(index, name) for name in VectorIndex.__dataclass_fields__}
    note = {"path": "vector", "metadata": {"ragkit.vector_index": json.dumps(kept)}}
    table.update_field_metadata(note)


def test_an_index_that_recalls_too_little_is_not_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = new_store(tmp_path / ".ragkit", WIDE)
    add(store, vectors(LEAST_ROWS, WIDE))
    keep(raw_table(store), VectorIndex("", LEAST_ROWS, recall=0.9))
    store.refresh()
    store.maintain()
    assert index_names(store) == set()
    assert recall(store, vectors(5, WIDE, seed=1)) == 1.0
    said = CommandLine(capsys)("status", "--db", store.uri).out
    assert "exact: an index found 90.0 % of the 10 nearest chunks, too few" in said


def test_new_rows_are_found_at_once_and_folded_or_built_in(tmp_path: Path) -> None:
    store = new_store(tmp_path / ".ragkit", WIDE)
    add(store, vectors(LEAST_ROWS, WIDE))
    store.maintain()
    first = store.chunks.vector_index
    new = vectors(400, WIDE, seed=5)
    add(store, new, first_file=10_000)
    assert all(store.search.nearest(one, 10)[1][0] == pytest.approx(1, abs=1e-5) for one in new[:9])
    store.maintain()
    assert raw_table(store).index_stats("vector_idx").num_unindexed_rows == 0
    assert all(store.search.nearest(one, 10)[1][0] == pytest.approx(1, abs=1e-5) for one in new[:9])
    assert store.chunks.vector_index == first
    add(store, vectors(LEAST_ROWS, WIDE, seed=6), first_file=20_000)
    store.maintain()
    renewed = store.chunks.vector_index
    assert renewed is not None
    assert renewed.rows == 2 * LEAST_ROWS + 400
    assert raw_table(store).index_stats("vector_idx").num_unindexed_rows == 0


def test_an_index_that_is_lost_is_built_again(tmp_path: Path) -> None:
    store = new_store(tmp_path / ".ragkit", WIDE)
    add(store, vectors(LEAST_ROWS, WIDE))
    store.maintain()
    raw_table(store).drop_index("vector_idx")
    store.refresh()
    assert recall(store, vectors(5, WIDE, seed=1)) == 1.0
    store.maintain()
    assert index_names(store) == {"IvfRq"}


def test_many_small_runs_leave_few_pieces(tmp_path: Path) -> None:
    store = new_store(tmp_path / ".ragkit", WIDE)
    add(store, vectors(LEAST_ROWS, WIDE))
    for run in range(13):
        store.maintain()
        add(store, vectors(220, WIDE, seed=run), first_file=10_000 + 100 * run)
    store.maintain()
    assert raw_table(store).index_stats("vector_idx").num_indices <= 11
    assert recall(store, vectors(20, WIDE, seed=1)) >= LEAST_RECALL


def test_status_tells_how_the_nearest_chunks_are_found(
    built: tuple[Store, np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    store, _ = built
    said = CommandLine(capsys)("status", "--db", store.uri).out
    assert "% of the 10 nearest chunks, measured at 12,000" in said
    kept = CommandLine(capsys)("status", "--db", store.uri, "--json").json
    assert kept["vector_index"]["recall"] >= LEAST_RECALL
    assert kept["vector_index"]["rows"] == ROWS
