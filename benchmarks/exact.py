"""The plain way to search exactly: a NumPy matrix product and a SciPy sparse one over everything.

It stands behind the same `Searcher` as the real index, so both do the same work in the same run,
and what the real index leaves out shows as a difference of the results.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np
import scipy.sparse  # type: ignore[import-untyped]

from lectern.retrieval.bm25 import SparseVector
from lectern.retrieval.embedders.base import Vectors
from lectern.retrieval.index.base import (
    NOTHING,
    PassageIndex,
    Payload,
    PointId,
    Scored,
    StoredVectors,
    batched,
)

_BATCH = 1_000


class ExactIndex:
    """The searching half of a `PassageIndex`, over the contents of another one."""

    def __init__(self, source: PassageIndex) -> None:
        """Copy all vectors into memory; the payloads stay in `source`."""
        self._source = source
        ids: list[PointId] = []
        dense: list[Vectors] = []
        rows, columns, weights = array("i"), array("i"), array("f")
        self._column: dict[int, int] = {}
        for batch in batched((point for point, _ in source.all_payloads()), _BATCH):
            for point, stored in source.vectors(batch).items():
                for term, weight in stored.sparse.items():
                    rows.append(len(ids))
                    columns.append(self._column.setdefault(term, len(self._column)))
                    weights.append(weight)
                ids.append(point)
                dense.append(stored.dense)
        self._ids = np.array(ids, np.int64)
        self._row = {point: row for row, point in enumerate(ids)}
        self._dense = np.stack(dense)
        shape = (len(ids), len(self._column))
        self._sparse = scipy.sparse.csc_matrix(
            (np.array(weights), (np.array(rows), np.array(columns))), shape, np.float32
        )
        self._by_row = self._sparse.tocsr()
        self._terms = np.array(list(self._column), np.int64)

    def nearest_dense(self, vector: Vectors, limit: int) -> Scored:
        """See `PassageIndex.nearest_dense`."""
        return self._best(self._dense @ vector, limit)

    def nearest_sparse(self, vector: SparseVector, limit: int) -> Scored:
        """See `PassageIndex.nearest_sparse`."""
        known = {self._column[term]: w for term, w in vector.items() if term in self._column}
        if not known:
            return NOTHING
        scores = np.zeros(len(self._ids), np.float32)
        starts, rows, values = self._sparse.indptr, self._sparse.indices, self._sparse.data
        for column, weight in known.items():
            part = slice(starts[column], starts[column + 1])
            scores[rows[part]] += weight * values[part]
        best = self._best(scores, limit)
        kept = int(np.count_nonzero(best.scores > 0))
        return Scored(best.points[:kept], best.scores[:kept])

    def _best(self, scores: Vectors, limit: int) -> Scored:
        if limit < len(scores):
            top = np.argpartition(-scores, limit)[:limit]
        else:
            top = np.arange(len(scores))
        top = top[np.argsort(-scores[top], kind="stable")]
        return Scored(self._ids[top], scores[top].astype(np.float64))

    def vectors(self, ids: Sequence[PointId]) -> dict[PointId, StoredVectors]:
        """See `PassageIndex.vectors`."""
        found = {}
        for point in ids:
            row = self._row[point]
            part = slice(self._by_row.indptr[row], self._by_row.indptr[row + 1])
            terms = self._terms[self._by_row.indices[part]].tolist()
            sparse = dict(zip(terms, self._by_row.data[part].tolist(), strict=True))
            found[point] = StoredVectors(self._dense[row], sparse)
        return found

    def payloads(self, ids: Sequence[PointId]) -> dict[PointId, Payload]:
        """See `PassageIndex.payloads`."""
        return self._source.payloads(ids)
