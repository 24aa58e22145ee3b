"""What an index of passages must offer, and the values that go in and out.

An index stores passages with a dense and a sparse vector and finds the nearest by dot product. It
does no thinking: fusion, feedback and scores live in `lectern.retrieval.search`. It also keeps
named documents of state (the term statistics, what was read from which file), so that an index is
complete in itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from lectern.retrieval.bm25 import SparseVector
from lectern.retrieval.embedders.base import Vectors

Payload = dict[str, Any]
PointId = int


WINDOW_BITS = 8
MAX_WINDOWS = (1 << WINDOW_BITS) - 1


def point_id(passage_id: str) -> PointId:
    """Return the number under which a passage is stored.

    The low 8 bits are zero: they number the further windows of a long passage, which are points of
    their own with nothing but a dense vector.
    """
    digest = hashlib.blake2b(passage_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (WINDOW_BITS + 1) << WINDOW_BITS


def is_passage(point: PointId) -> bool:
    """Tell a passage from a further window of one."""
    return not point & MAX_WINDOWS


@dataclass(frozen=True)
class Point:
    """A passage as it is stored, or a further window of one (empty `sparse` and `payload`).

    `dense` has shape (dimension,) and unit length.
    """

    point_id: PointId
    dense: Vectors
    sparse: SparseVector
    payload: Payload


@dataclass(frozen=True)
class StoredVectors:
    """The vectors of a stored passage."""

    dense: Vectors
    sparse: SparseVector


@dataclass(frozen=True)
class Scored:
    """Points with their scores, the best first; both arrays have shape (points,)."""

    points: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64]

    @classmethod
    def of(cls, scored: Sequence[Any]) -> Scored:
        """Take over objects with `id` and `score`."""
        count = len(scored)
        return cls(
            np.fromiter((point.id for point in scored), np.int64, count),
            np.fromiter((point.score for point in scored), np.float64, count),
        )

    def __len__(self) -> int:
        return len(self.points)

    def by_point(self) -> dict[PointId, float]:
        """Return the score of each point, in the order of the list."""
        return dict(zip(self.points.tolist(), self.scores.tolist(), strict=True))


def by_passage(scored: Scored) -> Scored:
    """Keep for each passage the best of its windows."""
    owners = scored.points >> WINDOW_BITS << WINDOW_BITS
    # The list is sorted, so the first of each owner is its best.
    _, first = np.unique(owners, return_index=True)
    first.sort()
    return Scored(owners[first], scored.scores[first])


NOTHING = Scored(np.zeros(0, np.int64), np.zeros(0))


class PassageIndex(Protocol):
    """Where passages are kept and found."""

    def nearest_dense(self, vector: Vectors, limit: int) -> Scored:
        """Return the `limit` largest dot products with `vector`, the best first."""
        ...

    def nearest_sparse(self, vector: SparseVector, limit: int) -> Scored:
        """Return the `limit` largest positive dot products with `vector`, the best first."""
        ...

    def vectors(self, ids: Sequence[PointId]) -> dict[PointId, StoredVectors]:
        """Return the vectors of the points that exist among `ids`."""
        ...

    def payloads(self, ids: Sequence[PointId]) -> dict[PointId, Payload]:
        """Return the payloads of the points that exist among `ids`."""
        ...

    def all_payloads(self) -> Iterator[tuple[PointId, Payload]]:
        """Iterate over all passages (not their further windows)."""
        ...

    def count(self) -> int:
        """Return the number of points, further windows included."""
        ...

    def upsert(self, points: Sequence[Point]) -> None:
        """Store points, replacing those with the same identifier."""
        ...

    def update_sparse(self, vectors: Mapping[PointId, SparseVector]) -> None:
        """Replace the sparse vectors of stored points."""
        ...

    def delete(self, ids: Sequence[PointId]) -> None:
        """Forget points; unknown identifiers are ignored."""
        ...

    def read_state(self, key: str) -> bytes | None:
        """Return a document of state, or None."""
        ...

    def write_state(self, entries: Mapping[str, bytes | None]) -> None:
        """Store documents of state; None deletes one."""
        ...

    def state_keys(self, prefix: str) -> list[str]:
        """Return the keys that start with `prefix`, sorted."""
        ...

    def close(self) -> None:
        """Write what is pending and let go of all resources."""
        ...


def batched(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Cut an iterable into lists of at most `size`."""
    batch: list[Any] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
