"""The index in this process: a Qdrant Edge shard and an SQLite file of state, in one folder.

The shard has no write-ahead log: a folder is written once, flushed, and from then on only read
(`lectern.retrieval.collection` sees to that), so any number of processes may open it. Vectors are
compared as 8-bit integers and the best are scored again exactly. Small collections are scanned
whole, which finds everything; a large one gets a graph, for which a scan takes too long. Opening
maps vectors and payloads with all their pages, so that the first questions do not wait for them.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import qdrant_edge as qe

from lectern.errors import IndexCorrupt, StorageReadOnly
from lectern.retrieval.bm25 import SparseVector
from lectern.retrieval.embedders.base import Vectors
from lectern.retrieval.index.base import NOTHING, Payload, Point, PointId, Scored, StoredVectors

_SHARD = "shard"
_STATE = "state.sqlite"
_POINTS = "points"
_SCROLL = 1_000
# A shard is mapped into memory, where a full disk kills the process instead of raising an error. So
# no write begins without room for more than one batch of points takes.
_ROOM_BYTES = 16 << 20
# A scan of 50,000 vectors takes about 1 ms, and a search takes two.
_GRAPH_FROM_POINTS = 50_000
# With these, 99 % of the 100 nearest are found, see docs/retrieval.md.
_GRAPH_EDGES = 32
_GRAPH_CANDIDATES_TO_BUILD = 200
_GRAPH_CANDIDATES = 300


def _config(dimension: int, points: int) -> qe.EdgeConfig:
    graph = qe.HnswIndexConfig(
        m=_GRAPH_EDGES if points >= _GRAPH_FROM_POINTS else 0,
        ef_construct=_GRAPH_CANDIDATES_TO_BUILD,
        full_scan_threshold=1,
    )
    return qe.EdgeConfig(
        vectors={
            "dense": qe.EdgeVectorParams(
                size=dimension,
                distance=qe.Distance.Dot,
                hnsw_config=graph,
            )
        },
        sparse_vectors={"sparse": qe.EdgeSparseVectorParams()},
        quantization_config=qe.ScalarQuantizationConfig(type=qe.ScalarType.Int8),
        # A scan of two halves on two threads takes longer where other work has one of the cores.
        optimizers=qe.EdgeOptimizersConfig(default_segment_number=1),
        payload_memory=qe.Memory.Cached,  # vectors are so by default
        wal_enabled=False,
    )


class EdgeIndex:
    """A `PassageIndex` in a folder; create it with `create` or `open`."""

    def __init__(self, folder: Path, shard: qe.EdgeShard, state: sqlite3.Connection) -> None:
        self._folder = folder
        self._shard = shard
        self._state = state

    @classmethod
    def create(cls, folder: Path, dimension: int) -> EdgeIndex:
        """Make an empty index in a folder that does not exist yet or is empty."""
        (folder / _SHARD).mkdir(parents=True)
        shard = qe.EdgeShard.create(str(folder / _SHARD), _config(dimension, 0))
        state = sqlite3.connect(folder / _STATE, check_same_thread=False)
        state.execute("CREATE TABLE state (key TEXT PRIMARY KEY, value BLOB NOT NULL)")
        state.commit()
        return cls(folder, shard, state)

    @classmethod
    def open(cls, folder: Path) -> EdgeIndex:
        """Open an existing index.

        Raises:
            IndexCorrupt: The folder does not hold one that can be read.
            StorageReadOnly: The folder cannot be written to, which Qdrant Edge wants even to read.
        """
        with _damage_named(folder), ExitStack() as undo:
            # mode=rw: a missing file must be an error, not a new empty database.
            uri = (folder / _STATE).absolute().as_uri() + "?mode=rw"
            state = undo.enter_context(
                closing(sqlite3.connect(uri, uri=True, check_same_thread=False))
            )
            expected = state.execute("SELECT value FROM state WHERE key = ?", (_POINTS,)).fetchone()
            index = cls(folder, qe.EdgeShard.load(str(folder / _SHARD)), state)
            # A shard whose files were cut off may load, and know only some of its points.
            if expected and index.count() != int(expected[0]):
                raise ValueError(f"{index.count()} of {int(expected[0])} points are left")
            undo.pop_all()
            return index

    def nearest_dense(self, vector: Vectors, limit: int) -> Scored:
        """See `PassageIndex.nearest_dense`."""
        return self._query(qe.Query.Nearest(vector.tolist(), using="dense"), limit)

    def nearest_sparse(self, vector: SparseVector, limit: int) -> Scored:
        """See `PassageIndex.nearest_sparse`."""
        if not vector:
            return NOTHING
        return self._query(qe.Query.Nearest(_to_edge(vector), using="sparse"), limit)

    def _query(self, query: Any, limit: int) -> Scored:
        request = qe.QueryRequest(
            query=query,
            limit=limit,
            with_payload=False,
            with_vector=False,
            params=qe.SearchParams(
                hnsw_ef=_GRAPH_CANDIDATES,
                quantization=qe.QuantizationSearchParams(rescore=True, oversampling=1.5),
            ),
        )
        with _damage_named(self._folder):
            return Scored.of(self._shard.query(request))

    def vectors(self, ids: Sequence[PointId]) -> dict[PointId, StoredVectors]:
        """See `PassageIndex.vectors`."""
        records = self._retrieve(ids, with_payload=False, with_vector=True)
        return {int(record.id): _stored(record.vector) for record in records}

    def payloads(self, ids: Sequence[PointId]) -> dict[PointId, Payload]:
        """See `PassageIndex.payloads`."""
        records = self._retrieve(ids, with_payload=True, with_vector=False)
        return {int(record.id): record.payload for record in records}

    def _retrieve(self, ids: Sequence[PointId], **parts: bool) -> Any:
        with _damage_named(self._folder):
            return self._shard.retrieve(list(ids), **parts)

    def all_payloads(self) -> Iterator[tuple[PointId, Payload]]:
        """See `PassageIndex.all_payloads`."""
        offset = None
        while True:
            request = qe.ScrollRequest(
                limit=_SCROLL, offset=offset, with_payload=True, with_vector=False
            )
            with _damage_named(self._folder):
                records, offset = self._shard.scroll(request)
            yield from ((int(record.id), record.payload) for record in records if record.payload)
            if offset is None:
                return

    def count(self) -> int:
        """See `PassageIndex.count`."""
        return int(self._shard.count(qe.CountRequest(exact=True)))

    def upsert(self, points: Sequence[Point]) -> None:
        """See `PassageIndex.upsert`."""
        rows = [
            qe.Point(
                id=point.point_id,
                vector={"dense": point.dense.tolist()}
                | ({"sparse": _to_edge(point.sparse)} if point.sparse else {}),
                payload=point.payload,
            )
            for point in points
        ]
        self._update(qe.UpdateOperation.upsert_points(rows))

    def update_sparse(self, vectors: Mapping[PointId, SparseVector]) -> None:
        """See `PassageIndex.update_sparse`."""
        rows = [
            qe.PointVectors(id=identifier, vector={"sparse": _to_edge(vector)})
            for identifier, vector in vectors.items()
        ]
        self._update(qe.UpdateOperation.update_vectors(rows))

    def delete(self, ids: Sequence[PointId]) -> None:
        """See `PassageIndex.delete`."""
        self._update(qe.UpdateOperation.delete_points(list(ids)))

    def _update(self, operation: qe.UpdateOperation) -> None:
        self._require_room(0)
        self._shard.update(operation)

    def _require_room(self, size: int) -> None:
        if shutil.disk_usage(self._folder).free < size + _ROOM_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._folder))

    def read_state(self, key: str) -> bytes | None:
        """See `PassageIndex.read_state`."""
        row = self._state.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        return bytes(row[0]) if row else None

    def write_state(self, entries: Mapping[str, bytes | None]) -> None:
        """See `PassageIndex.write_state`."""
        with self._state:
            for key, value in entries.items():
                if value is None:
                    self._state.execute("DELETE FROM state WHERE key = ?", (key,))
                else:
                    self._state.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (key, value))

    def state_keys(self, prefix: str) -> list[str]:
        """See `PassageIndex.state_keys`."""
        rows = self._state.execute(
            "SELECT key FROM state WHERE substr(key, 1, ?) = ? ORDER BY key", (len(prefix), prefix)
        )
        return [str(row[0]) for row in rows]

    def finish(self, dimension: int) -> None:
        """Compact the shard, give a large one its graph, and write everything to disk.

        To be called once, before readers.
        """
        # Compacting writes the segments anew before it deletes the old ones.
        self._require_room(sum(f.stat().st_blocks * 512 for f in self._folder.rglob("*")))
        config = _config(dimension, self.count())
        # A shard takes a new configuration only when it is loaded.
        self._shard.flush()
        self._shard.close()
        self._shard = qe.EdgeShard.load(str(self._folder / _SHARD), config)
        self._shard.optimize()
        self._shard.flush()
        self.write_state({_POINTS: str(self.count()).encode()})

    def close(self) -> None:
        """See `PassageIndex.close`."""
        self._shard.close()
        self._state.close()


def _to_edge(vector: SparseVector) -> qe.SparseVector:
    return qe.SparseVector(indices=list(vector), values=list(vector.values()))


def _stored(vector: Mapping[str, Any]) -> StoredVectors:
    # `record.vector` is converted anew each time it is asked for, so it is asked for once.
    return StoredVectors(np.array(vector["dense"], np.float32), _from_edge(vector.get("sparse")))


def _from_edge(vector: qe.SparseVector | None) -> SparseVector:
    return {} if vector is None else dict(zip(vector.indices, vector.values, strict=True))


@contextmanager
def _damage_named(folder: Path) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        # Qdrant Edge raises plain Exception; its panics are not even that.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        if folder.is_dir() and not os.access(folder, os.W_OK):
            raise StorageReadOnly(
                f"Qdrant Edge must be able to write even to read, and {folder} is read-only.",
                "Make it writable, or set LECTERN_HOME to a copy that is.",
            ) from error
        raise IndexCorrupt(
            f"The index in {folder} cannot be read: {_first_line(error)}.",
            "Run `lectern ingest PATH --rebuild` to make it anew from the book.",
        ) from error


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
