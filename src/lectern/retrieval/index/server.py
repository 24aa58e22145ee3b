"""The index on a Qdrant server, chosen by `LECTERN_QDRANT_URL`.

Documents of state live in a companion collection, `NAME__state`, so that every machine that
reaches the server has all it needs to search.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from lectern.errors import EndpointUnavailable, ModelMissing
from lectern.retrieval.bm25 import SparseVector
from lectern.retrieval.embedders.base import Vectors
from lectern.retrieval.index.base import (
    NOTHING,
    Payload,
    Point,
    PointId,
    Scored,
    StoredVectors,
    batched,
    point_id,
)
from lectern.settings import Settings

_BATCH = 256
_T = TypeVar("_T")


def connect(settings: Settings) -> Any:
    """Return a `qdrant_client.QdrantClient` for the configured server.

    Raises:
        ModelMissing: The extra `server` is not installed.
    """
    try:
        from qdrant_client import QdrantClient
    except ImportError as error:
        raise ModelMissing(
            "LECTERN_QDRANT_URL is set, and the package qdrant-client is not installed.",
            "Install qdrant-client into Lectern's environment, or unset LECTERN_QDRANT_URL.",
        ) from error
    return QdrantClient(
        url=settings.qdrant_url,
        api_key=settings.qdrant_api_key.get_secret_value() or None,
        timeout=30,
        check_compatibility=False,  # it would warn from a thread of its own; errors say enough
    )


class ServerIndex:
    """A `PassageIndex` in two collections of a Qdrant server."""

    def __init__(self, client: Any, collection: str, url: str = "") -> None:
        self._client = client
        self._passages = collection
        self._state = f"{collection}__state"
        self._url = url

    def exists(self) -> bool:
        """Tell whether the collection has been created."""
        return bool(self._call(lambda: self._client.collection_exists(self._passages)))

    def create(self, dimension: int) -> None:
        """Create both collections, dropping what was there."""
        from qdrant_client import models

        self.drop()
        # The passages come last: where they are, the state can be asked for.
        self._call(lambda: self._client.create_collection(self._state, vectors_config={}))
        self._call(
            lambda: self._client.create_collection(
                self._passages,
                vectors_config={
                    "dense": models.VectorParams(size=dimension, distance=models.Distance.DOT)
                },
                sparse_vectors_config={"sparse": models.SparseVectorParams()},
            )
        )

    def drop(self) -> None:
        """Delete both collections."""
        for name in (self._passages, self._state):
            if self._call(lambda name=name: self._client.collection_exists(name)):  # type: ignore[misc]
                self._call(lambda name=name: self._client.delete_collection(name))  # type: ignore[misc]

    def nearest_dense(self, vector: Vectors, limit: int) -> Scored:
        """See `PassageIndex.nearest_dense`."""
        return self._query(vector.tolist(), "dense", limit)

    def nearest_sparse(self, vector: SparseVector, limit: int) -> Scored:
        """See `PassageIndex.nearest_sparse`."""
        return self._query(_to_server(vector), "sparse", limit) if vector else NOTHING

    def _query(self, query: Any, using: str, limit: int) -> Scored:
        reply = self._call(
            lambda: self._client.query_points(
                self._passages, query=query, using=using, limit=limit, with_payload=False
            )
        )
        return Scored.of(reply.points)

    def vectors(self, ids: Sequence[PointId]) -> dict[PointId, StoredVectors]:
        """See `PassageIndex.vectors`."""
        records = self._call(
            lambda: self._client.retrieve(
                self._passages, list(ids), with_payload=False, with_vectors=True
            )
        )
        return {
            int(record.id): StoredVectors(
                np.array(record.vector["dense"], np.float32),
                _from_server(record.vector.get("sparse")),
            )
            for record in records
        }

    def payloads(self, ids: Sequence[PointId]) -> dict[PointId, Payload]:
        """See `PassageIndex.payloads`."""
        records = self._call(
            lambda: self._client.retrieve(self._passages, list(ids), with_payload=True)
        )
        return {int(record.id): record.payload for record in records}

    def all_payloads(self) -> Iterator[tuple[PointId, Payload]]:
        """See `PassageIndex.all_payloads`."""
        for record in self._scroll(self._passages):
            if record.payload:
                yield int(record.id), record.payload

    def _scroll(self, collection: str) -> Iterator[Any]:
        offset = None
        while True:
            records, offset = self._call(
                lambda offset=offset: self._client.scroll(  # type: ignore[misc]
                    collection, limit=_BATCH, offset=offset, with_payload=True
                )
            )
            yield from records
            if offset is None:
                return

    def count(self) -> int:
        """See `PassageIndex.count`."""
        return int(self._call(lambda: self._client.count(self._passages, exact=True)).count)

    def upsert(self, points: Sequence[Point]) -> None:
        """See `PassageIndex.upsert`."""
        from qdrant_client import models

        for batch in batched(points, _BATCH):
            rows = [
                models.PointStruct(
                    id=point.point_id,
                    vector={"dense": point.dense.tolist()}
                    | ({"sparse": _to_server(point.sparse)} if point.sparse else {}),
                    payload=point.payload,
                )
                for point in batch
            ]
            self._call(lambda rows=rows: self._client.upsert(self._passages, rows, wait=True))  # type: ignore[misc]

    def update_sparse(self, vectors: Mapping[PointId, SparseVector]) -> None:
        """See `PassageIndex.update_sparse`."""
        from qdrant_client import models

        for batch in batched(vectors.items(), _BATCH):
            rows = [
                models.PointVectors(id=identifier, vector={"sparse": _to_server(vector)})
                for identifier, vector in batch
            ]
            self._call(lambda rows=rows: self._client.update_vectors(self._passages, rows))  # type: ignore[misc]

    def delete(self, ids: Sequence[PointId]) -> None:
        """See `PassageIndex.delete`."""
        if ids:
            self._call(lambda: self._client.delete(self._passages, list(ids), wait=True))

    def read_state(self, key: str) -> bytes | None:
        """See `PassageIndex.read_state`."""
        records = self._call(lambda: self._client.retrieve(self._state, [point_id(key)]))
        return base64.b64decode(records[0].payload["value"]) if records else None

    def write_state(self, entries: Mapping[str, bytes | None]) -> None:
        """See `PassageIndex.write_state`."""
        from qdrant_client import models

        stored = [
            models.PointStruct(
                id=point_id(key),
                vector={},
                payload={"key": key, "value": base64.b64encode(value).decode()},
            )
            for key, value in entries.items()
            if value is not None
        ]
        for batch in batched(stored, _BATCH):
            self._call(lambda batch=batch: self._client.upsert(self._state, batch, wait=True))  # type: ignore[misc]
        gone = [point_id(key) for key, value in entries.items() if value is None]
        if gone:
            self._call(lambda: self._client.delete(self._state, gone, wait=True))

    def state_keys(self, prefix: str) -> list[str]:
        """See `PassageIndex.state_keys`."""
        keys = (str(record.payload["key"]) for record in self._scroll(self._state))
        return sorted(key for key in keys if key.startswith(prefix))

    def close(self) -> None:
        """See `PassageIndex.close`."""
        self._client.close()

    def _call(self, operation: Callable[[], _T]) -> _T:
        try:
            return operation()
        except (OSError, RuntimeError, ValueError) as error:
            raise self._unavailable(error) from error
        except Exception as error:
            # qdrant-client wraps transport errors in classes of its own without a common base.
            if type(error).__module__.startswith(("qdrant_client", "httpx", "httpcore", "grpc")):
                raise self._unavailable(error) from error
            raise

    def _unavailable(self, error: Exception) -> EndpointUnavailable:
        return EndpointUnavailable(
            f"The Qdrant server at {self._url or 'this address'} did not answer: {error}",
            "Check LECTERN_QDRANT_URL and that the server runs.",
        )


def _to_server(vector: SparseVector) -> Any:
    from qdrant_client import models

    return models.SparseVector(indices=list(vector), values=list(vector.values()))


def _from_server(vector: Any) -> SparseVector:
    return {} if vector is None else dict(zip(vector.indices, vector.values, strict=True))
