"""One contract for every index: Qdrant Edge, qdrant-client in memory, a server if one is set."""

from __future__ import annotations

import os
import shutil
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from qdrant_client import QdrantClient

from lectern.errors import EndpointUnavailable, IndexCorrupt
from lectern.retrieval.index import edge
from lectern.retrieval.index.base import (
    MAX_WINDOWS,
    PassageIndex,
    Point,
    by_passage,
    point_id,
)
from lectern.retrieval.index.edge import EdgeIndex
from lectern.retrieval.index.server import ServerIndex, connect

SERVER = os.environ.get("LECTERN_TEST_QDRANT_URL", "")
DIMENSION = 8
# What qdrant-client's in-memory mode says about itself.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect:UserWarning"),
    pytest.mark.filterwarnings("ignore:Local mode is not recommended:UserWarning"),
]


def on_edge(folder: Path) -> EdgeIndex:
    return EdgeIndex.create(folder / "index", DIMENSION)


def in_memory(folder: Path) -> ServerIndex:
    index = ServerIndex(QdrantClient(":memory:"), "book")
    index.create(DIMENSION)
    return index


def on_server(folder: Path) -> ServerIndex:
    index = ServerIndex(
        QdrantClient(url=SERVER, check_compatibility=False), f"test-{uuid.uuid4().hex}", SERVER
    )
    index.create(DIMENSION)
    return index


# With LECTERN_TEST_QDRANT_URL set, the server itself stands the same tests.
@pytest.fixture(params=[on_edge, in_memory, *([on_server] if SERVER else [])])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PassageIndex]:
    made = request.param(tmp_path)
    yield made
    if request.param is on_server:
        made.drop()
    made.close()


def direction(*values: float) -> np.ndarray:
    vector = np.zeros(DIMENSION, np.float32)
    vector[: len(values)] = values
    return vector / np.linalg.norm(vector)


def point(name: str, dense: np.ndarray, sparse: dict[int, float] | None = None) -> Point:
    return Point(point_id(name), dense, sparse or {}, {"passage_id": name, "text": f"{name} 🤖"})


def window(name: str, number: int, dense: np.ndarray) -> Point:
    return Point(point_id(name) + number, dense, {}, {})


def test_the_nearest_come_by_dot_product_the_best_first(index):
    index.upsert([point("a", direction(1)), point("b", direction(1, 1)), point("c", direction(-1))])
    found = index.nearest_dense(direction(1), 10)
    assert found.points.tolist() == [point_id("a"), point_id("b"), point_id("c")]
    np.testing.assert_allclose(found.scores, [1.0, 0.5**0.5, -1.0], atol=1e-5)
    assert index.nearest_dense(direction(1), 1).points.tolist() == [point_id("a")]


def test_the_nearest_agree_with_a_plain_computation(index):
    chance = np.random.default_rng(3)
    vectors = chance.normal(size=(300, DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index.upsert([point(str(n), vector) for n, vector in enumerate(vectors)])
    names = {point_id(str(n)): n for n in range(len(vectors))}
    for query in vectors[:20] + np.float32(0.1):
        found = index.nearest_dense(query, 10)
        expected = np.sort(vectors @ query)[::-1][:10]
        np.testing.assert_allclose(found.scores, expected, atol=1e-4)
        exact = [vectors[names[int(point)]] @ query for point in found.points]
        np.testing.assert_allclose(found.scores, exact, atol=1e-4)


def test_the_sparse_score_is_the_dot_product_and_leaves_out_what_shares_no_term(index):
    index.upsert(
        [
            point("a", direction(1), {7: 0.5, 9: 0.25}),
            point("b", direction(1), {9: 1.0, 4_294_967_295: 2.0}),
            point("c", direction(1), {11: 3.0}),
            point("d", direction(1)),
        ]
    )
    found = index.nearest_sparse({7: 2.0, 9: 4.0}, 10)
    assert found.points.tolist() == [point_id("b"), point_id("a")]
    np.testing.assert_allclose(found.scores, [4.0, 2.0], rtol=1e-5)
    best = index.nearest_sparse({4_294_967_295: 1.0}, 10)
    assert best.points.tolist() == [point_id("b")]


def test_a_question_without_known_terms_finds_nothing_on_the_sparse_side(index):
    index.upsert([point("a", direction(1), {7: 0.5})])
    assert len(index.nearest_sparse({}, 10)) == 0
    assert len(index.nearest_sparse({8: 1.0}, 10)) == 0


def test_an_empty_index_finds_nothing(index):
    assert len(index.nearest_dense(direction(1), 10)) == 0
    assert len(index.nearest_sparse({7: 1.0}, 10)) == 0
    assert index.count() == 0
    assert list(index.all_payloads()) == []
    assert index.payloads([point_id("a")]) == {}
    assert index.vectors([point_id("a")]) == {}
    assert index.payloads([]) == {}
    assert index.vectors([]) == {}


def test_further_windows_are_found_and_belong_to_their_passage(index):
    index.upsert(
        [
            point("long", direction(1)),
            window("long", 1, direction(0, 1)),
            window("long", MAX_WINDOWS, direction(0, 0, 1)),
            point("short", direction(0, 1, 1)),
        ]
    )
    found = index.nearest_dense(direction(0, 0, 1), 10)
    assert found.points[0] == point_id("long") + MAX_WINDOWS
    merged = by_passage(found)
    assert merged.points.tolist() == [point_id("long"), point_id("short")]
    np.testing.assert_allclose(merged.scores, [1.0, 0.5**0.5], atol=1e-5)
    assert index.count() == 4
    assert [identifier for identifier, _ in index.all_payloads()] != []
    assert {payload["passage_id"] for _, payload in index.all_payloads()} == {"long", "short"}


def test_vectors_and_payloads_come_back_as_they_went_in(index):
    stored = point("a", direction(3, 4), {7: 0.5, 4_000_000_000: 0.125})
    index.upsert([stored, point("b", direction(1))])
    vectors = index.vectors([point_id("a"), point_id("b"), point_id("unknown")])
    assert set(vectors) == {point_id("a"), point_id("b")}
    np.testing.assert_allclose(vectors[point_id("a")].dense, stored.dense, atol=1e-6)
    assert vectors[point_id("a")].sparse == pytest.approx(stored.sparse)
    assert vectors[point_id("b")].sparse == {}
    payloads = index.payloads([point_id("a"), point_id("unknown")])
    assert payloads == {point_id("a"): {"passage_id": "a", "text": "a 🤖"}}


def test_a_point_that_is_written_again_replaces_the_old_one(index):
    index.upsert([point("a", direction(1), {7: 1.0})])
    index.upsert([point("a", direction(0, 1), {8: 1.0})])
    assert index.count() == 1
    assert len(index.nearest_sparse({7: 1.0}, 5)) == 0
    assert index.nearest_sparse({8: 1.0}, 5).points.tolist() == [point_id("a")]
    assert index.nearest_dense(direction(0, 1), 1).scores[0] == pytest.approx(1.0, abs=1e-5)


def test_deleted_points_are_gone_and_unknown_ones_ignored(index):
    index.upsert([point("a", direction(1), {7: 1.0}), window("a", 1, direction(0, 1))])
    index.upsert([point("b", direction(1), {7: 1.0})])
    index.delete([point_id("a") + n for n in range(MAX_WINDOWS + 1)])
    index.delete([point_id("never there")])
    index.delete([])
    assert index.count() == 1
    assert index.nearest_dense(direction(1), 5).points.tolist() == [point_id("b")]
    assert index.nearest_sparse({7: 1.0}, 5).points.tolist() == [point_id("b")]
    assert [payload["passage_id"] for _, payload in index.all_payloads()] == ["b"]


def test_sparse_weights_can_be_replaced_alone(index):
    index.upsert(
        [point("a", direction(3, 4), {7: 1.0, 8: 1.0}), point("b", direction(1), {7: 2.0})]
    )
    index.update_sparse({point_id("a"): {7: 4.0}})
    index.update_sparse({})
    assert index.nearest_sparse({7: 1.0}, 5).points.tolist() == [point_id("a"), point_id("b")]
    assert len(index.nearest_sparse({8: 1.0}, 5)) == 0
    stored = index.vectors([point_id("a")])[point_id("a")]
    np.testing.assert_allclose(stored.dense, direction(3, 4), atol=1e-6)
    assert index.payloads([point_id("a")])[point_id("a")]["passage_id"] == "a"


def test_more_passages_than_fit_one_page_are_all_listed_once(index):
    names = [f"passage {number}" for number in range(2_300)]
    index.upsert([point(name, direction(1, number)) for number, name in enumerate(names)])
    listed = [payload["passage_id"] for _, payload in index.all_payloads()]
    assert sorted(listed) == sorted(names)


def test_documents_of_state_are_kept_replaced_listed_and_deleted(index):
    index.write_state({"document:b": b"\x00\xff", "document:a_%": b"", "text:ü": b"x" * 100_000})
    assert index.read_state("document:b") == b"\x00\xff"
    assert index.read_state("document:a_%") == b""
    assert index.read_state("text:ü") == b"x" * 100_000
    assert index.read_state("document:") is None
    assert index.state_keys("document:") == ["document:a_%", "document:b"]
    assert index.state_keys("document:a__") == []
    index.write_state({"document:b": b"new", "text:ü": None, "never there": None})
    assert index.read_state("document:b") == b"new"
    assert index.state_keys("") == ["document:a_%", "document:b"]
    index.write_state({})


def test_an_edge_index_is_whole_when_it_is_opened_again(tmp_path):
    index = on_edge(tmp_path)
    index.upsert([point("a", direction(1), {7: 1.0}), window("a", 1, direction(0, 1))])
    index.write_state({"meta": b"1"})
    index.finish(DIMENSION)
    index.close()
    for _ in range(2):
        again = EdgeIndex.open(tmp_path / "index")
        assert again.count() == 2
        assert again.read_state("meta") == b"1"
        assert again.nearest_dense(direction(0, 1), 1).points.tolist() == [point_id("a") + 1]
        assert again.nearest_sparse({7: 1.0}, 1).points.tolist() == [point_id("a")]
        again.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    index = on_edge(folder)
    index.upsert([point(str(n), direction(1, n), {n: 1.0}) for n in range(50)])
    index.write_state({"meta": b"1"})
    index.finish(DIMENSION)
    index.close()
    return folder / "index"


def without_state(folder: Path) -> None:
    (folder / "state.sqlite").unlink()


def with_an_empty_state(folder: Path) -> None:
    (folder / "state.sqlite").write_bytes(b"")


def with_garbage_for_state(folder: Path) -> None:
    (folder / "state.sqlite").write_bytes(b"garbage " * 1_000)


def with_another_database_for_state(folder: Path) -> None:
    (folder / "state.sqlite").unlink()
    other = sqlite3.connect(folder / "state.sqlite")
    other.execute("CREATE TABLE other (x)")
    other.close()


def without_the_shard(folder: Path) -> None:
    shutil.rmtree(folder / "shard")


def with_an_empty_shard(folder: Path) -> None:
    shutil.rmtree(folder / "shard")
    (folder / "shard").mkdir()


def with_nothing_at_all(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def with_garbage_for_configuration(folder: Path) -> None:
    (folder / "shard" / "edge_config.json").write_bytes(b"\x00garbage")


def with_half_of_its_point_numbers(folder: Path) -> None:
    (mappings,) = folder.rglob("mutable_id_tracker.mappings")
    os.truncate(mappings, mappings.stat().st_size // 2)


def with_a_file_that_makes_the_shard_panic(folder: Path) -> None:
    (status,) = folder.rglob("vector_storage-dense/deleted/status.dat")
    os.truncate(status, 0)


def without_a_folder(folder: Path) -> None:
    shutil.rmtree(folder)


def with_a_file_in_its_place(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_bytes(b"a file")


@pytest.mark.parametrize(
    "damage",
    [
        without_state,
        with_an_empty_state,
        with_garbage_for_state,
        with_another_database_for_state,
        without_the_shard,
        with_an_empty_shard,
        with_nothing_at_all,
        with_garbage_for_configuration,
        with_half_of_its_point_numbers,
        with_a_file_that_makes_the_shard_panic,
        without_a_folder,
        with_a_file_in_its_place,
    ],
    ids=lambda damage: damage.__name__,
)
def test_a_damaged_folder_is_a_clear_error(damage: Callable[[Path], None], whole, tmp_path):
    folder = Path(shutil.copytree(whole, tmp_path / "index"))
    damage(folder)
    with pytest.raises(IndexCorrupt, match="cannot be read") as caught:
        EdgeIndex.open(folder)
    assert str(folder) in caught.value.detail
    assert "--rebuild" in caught.value.remedy


@pytest.mark.parametrize("emptied", ["vector_storage-dense", "payload_storage"])
def test_damage_that_shows_only_in_a_search_is_a_clear_error(emptied, whole, tmp_path):
    folder = Path(shutil.copytree(whole, tmp_path / "index"))
    for path in folder.rglob("*"):
        if emptied in path.parts and path.name in ("chunk_0.mmap", "page_0.dat"):
            os.truncate(path, 0)
    index = EdgeIndex.open(folder)

    def search() -> None:
        index.payloads([int(point) for point in index.nearest_dense(direction(1), 5).points])

    with pytest.raises(IndexCorrupt, match="cannot be read"):
        search()
    index.close()


def test_a_server_that_is_not_there_is_a_clear_error(make_settings):
    settings = make_settings(qdrant_url="http://127.0.0.1:9")
    index = ServerIndex(connect(settings), "book", settings.qdrant_url)
    with pytest.raises(EndpointUnavailable, match=r"127\.0\.0\.1:9") as caught:
        index.exists()
    assert "LECTERN_QDRANT_URL" in caught.value.remedy
    index.close()


def test_a_large_edge_index_gets_a_graph_and_keeps_finding_what_is_near(tmp_path, monkeypatch):
    monkeypatch.setattr(edge, "_GRAPH_FROM_POINTS", 1_000)
    # So many components that Qdrant Edge deems the segment worth a graph.
    dimension, count = 2_048, 2_500
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((count, dimension)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = EdgeIndex.create(tmp_path / "index", dimension)
    for batch in np.array_split(np.arange(count), 10):
        index.upsert([Point(int(n) << 8, vectors[n], {}, {"n": int(n)}) for n in batch])
    index.finish(dimension)
    assert [*(tmp_path / "index").rglob("links*.bin")]
    index.delete([0])
    index.upsert([Point(count << 8, vectors[0], {}, {"n": count})])
    index.finish(dimension)
    index.close()
    again = EdgeIndex.open(tmp_path / "index")
    assert again.nearest_dense(vectors[0], 1).points.tolist() == [count << 8]
    exact = np.argsort(-(vectors[1:] @ vectors[7]))[:100] + 1
    found = again.nearest_dense(vectors[7], 100).points >> 8
    assert len({*exact.tolist()} & {*found.tolist()}) >= 95
    again.close()
