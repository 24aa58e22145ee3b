"""Fusing two ranked lists whose scores have nothing in common.

Each list is standardised by the mean and deviation of its own best scores, and the two are added
with a weight (a convex combination of z-scores; Bruch et al. analyse the family in "An Analysis of
Fusion Functions for Hybrid Retrieval", TOIS 2023). Unlike reciprocal rank fusion it keeps how far
ahead a hit is; unlike min-max it does not hang on the single best and worst score. The comparison
that led here is in `docs/retrieval.md`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lectern.retrieval.index.base import Scored

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FusionParameters:
    """How lists are fused and fed back; the defaults were chosen on development sets.

    Attributes:
        depth: Length of the lists the scores are standardised over.
        dense_weight: Weight of the dense list, 0 to 1; the sparse one has the rest.
        feedback_passages: Passages of the first round that the query is expanded from; 0 turns
            the second round off.
        feedback_terms: Terms taken from them.
        feedback_weight: Share of the expansion in the sparse query, 0 to 1.
        feedback_pull: How far the dense query moves to the passages' mean.
        feedback_sharpness: How much more the better passages count (softmax of fused scores).
    """

    depth: int = 1_000
    dense_weight: float = 0.6
    feedback_passages: int = 3
    feedback_terms: int = 40
    feedback_weight: float = 0.5
    feedback_pull: float = 0.5
    feedback_sharpness: float = 4.0


@dataclass(frozen=True)
class _Scale:
    mean: float
    deviation: float
    floor: float

    @classmethod
    def fit(cls, scores: FloatArray, length: int) -> _Scale:
        """Fit to a list; what it lacks up to `length` counts as score 0."""
        values = np.zeros(max(length, len(scores), 1))
        values[: len(scores)] = scores
        mean, deviation = float(values.mean()), float(values.std()) + 1e-9
        return cls(mean, deviation, max((float(values.min()) - mean) / deviation, -1.0))

    def __call__(self, scores: FloatArray) -> FloatArray:
        return np.maximum((scores - self.mean) / self.deviation, self.floor)


def fuse(dense: Scored, sparse: Scored, dense_weight: float, length: int) -> Scored:
    """Return the weighted sum of z-scores of every point in either list, the best first.

    A point that one list lacks gets the lowest score of that list.

    Args:
        dense: The best dot products of the dense side, one for each passage.
        sparse: The best scores of the sparse side.
        dense_weight: Weight of the dense side, 0 to 1.
        length: Points the sparse list would have if none had been left out for scoring 0.
    """
    points = np.union1d(dense.points, sparse.points)
    fused = np.zeros(len(points))
    for scored, weight, full in (
        (dense, dense_weight, len(dense)),
        (sparse, 1.0 - dense_weight, length),
    ):
        scale = _Scale.fit(scored.scores, full)
        column = np.full(len(points), scale.floor)
        column[np.searchsorted(points, scored.points)] = scale(scored.scores)
        fused += weight * column
    order = np.lexsort((points, -fused))
    return Scored(points[order], fused[order])
