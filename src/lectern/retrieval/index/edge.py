"""The index in this process: a Qdrant Edge shard and an SQLite file of state, in one folder.

The shard has no write-ahead log: a folder is written once, flushed, and from then on only read
(`lectern.retrieval.collection` sees to that), so any number of processes may open it. Vectors are
scanned without a graph, as 8-bit integers, and the best are scored again exactly: on two cores that
takes 2 ms for 100,000 passages, is exact in practice, and costs no time to build.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import qdrant_edge as qe

from lectern.errors import IndexCorrupt
from lectern.retrieval.bm25 import SparseVector
from lectern.retrieval.embedders.base import Vectors
from lectern.retrieval.index.base import NOTHING, Payload, Point, PointId, Scored, StoredVectors

_SHARD = "shard"
_STATE = "state.sqlite"
_SCROLL = 1_000


def _config(dimension: int) -> qe.EdgeConfig:
    return qe.EdgeConfig(
        vectors={
            "dense": qe.EdgeVectorParams(
                size=dimension,
                distance=qe.Distance.Dot,
                hnsw_config=qe.HnswIndexConfig(m=0, ef_construct=4, full_scan_threshold=1),
            )
        },
        sparse_vectors={"sparse": qe.EdgeSparseVectorParams()},
        quantization_config=qe.ScalarQuantizationConfig(type=qe.ScalarType.Int8),
        wal_enabled=False,
    )


class EdgeIndex:
    """A `PassageIndex` in a folder; create it with `create` or `open`."""

    def __init__(self, shard: qe.EdgeShard, state: sqlite3.Connection) -> None:
        self._shard = shard
        self._state = state

    @classmethod
    def create(cls, folder: Path, dimension: int) -> EdgeIndex:
        """Make an empty index in a folder that does not exist yet or is empty."""
        (folder / _SHARD).mkdir(parents=True)
        shard = qe.EdgeShard.create(str(folder / _SHARD), _config(dimension))
        state = sqlite3.connect(folder / _STATE, check_same_thread=False)
        state.execute("CREATE TABLE state (key TEXT PRIMARY KEY, value BLOB NOT NULL)")
        state.commit()
        return cls(shard, state)

    @classmethod
    def open(cls, folder: Path) -> EdgeIndex:
        """Open an existing index.

        Raises:
            IndexCorrupt: The folder does not hold one that can be read.
        """
        try:
            # mode=rw: a missing file must be an error, not a new empty database.
            uri = (folder / _STATE).absolute().as_uri() + "?mode=rw"
            state = sqlite3.connect(uri, uri=True, check_same_thread=False)
            state.execute("SELECT COUNT(*) FROM state").fetchone()
            return cls(qe.EdgeShard.load(str(folder / _SHARD)), state)
        except Exception as error:  # Qdrant Edge raises plain Exception
            raise IndexCorrupt(
                f"The index in {folder} cannot be read: {_first_line(error)}.",
                "Run `lectern ingest PATH --rebuild` to make it anew from the book.",
            ) from error

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
                quantization=qe.QuantizationSearchParams(rescore=True, oversampling=1.5)
            ),
        )
        return Scored.of(self._shard.query(request))

    def vectors(self, ids: Sequence[PointId]) -> dict[PointId, StoredVectors]:
        """See `PassageIndex.vectors`."""
        records: Any = self._shard.retrieve(list(ids), with_payload=False, with_vector=True)
        return {
            int(record.id): StoredVectors(
                np.array(record.vector["dense"], np.float32),
                _from_edge(record.vector.get("sparse")),
            )
            for record in records
        }

    def payloads(self, ids: Sequence[PointId]) -> dict[PointId, Payload]:
        """See `PassageIndex.payloads`."""
        records: Any = self._shard.retrieve(list(ids), with_payload=True, with_vector=False)
        return {int(record.id): record.payload for record in records}

    def all_payloads(self) -> Iterator[tuple[PointId, Payload]]:
        """See `PassageIndex.all_payloads`."""
        offset = None
        while True:
            records, offset = self._shard.scroll(
                qe.ScrollRequest(limit=_SCROLL, offset=offset, with_payload=True, with_vector=False)
            )
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
        self._shard.update(qe.UpdateOperation.upsert_points(rows))

    def update_sparse(self, vectors: Mapping[PointId, SparseVector]) -> None:
        """See `PassageIndex.update_sparse`."""
        rows = [
            qe.PointVectors(id=identifier, vector={"sparse": _to_edge(vector)})
            for identifier, vector in vectors.items()
        ]
        self._shard.update(qe.UpdateOperation.update_vectors(rows))

    def delete(self, ids: Sequence[PointId]) -> None:
        """See `PassageIndex.delete`."""
        self._shard.update(qe.UpdateOperation.delete_points(list(ids)))

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

    def finish(self) -> None:
        """Compact the shard and write everything to disk; to be called once, before readers."""
        self._shard.optimize()
        self._shard.flush()

    def close(self) -> None:
        """See `PassageIndex.close`."""
        self._shard.close()
        self._state.close()


def _to_edge(vector: SparseVector) -> qe.SparseVector:
    return qe.SparseVector(indices=list(vector), values=list(vector.values()))


def _from_edge(vector: qe.SparseVector | None) -> SparseVector:
    return {} if vector is None else dict(zip(vector.indices, vector.values, strict=True))


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
