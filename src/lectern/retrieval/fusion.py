"""Fusing two ranked lists whose scores have nothing in common.

Each list is standardised by the mean and deviation of its own best scores, and the two are added
with a weight (a convex combination of z-scores; Bruch et al. analyse the family in "An Analysis of
Fusion Functions for Hybrid Retrieval", TOIS 2023). Unlike reciprocal rank fusion it keeps how far
ahead a hit is; unlike min-max it does not hang on the single best and worst score. The comparison
that led here is in `docs/retrieval.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

Scores = dict[int, float]
"""Score by point."""


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

    def __call__(self, score: float | None) -> float:
        if score is None:
            return self.floor
        return max((score - self.mean) / self.deviation, self.floor)


def _scale(scores: Mapping[int, float], length: int) -> _Scale:
    """Fit to the list; what a short list lacks up to `length` counts as score 0."""
    values = np.zeros(max(length, len(scores), 1))
    values[: len(scores)] = list(scores.values())
    mean, deviation = float(values.mean()), float(values.std()) + 1e-9
    return _Scale(mean, deviation, max((float(values.min()) - mean) / deviation, -1.0))


def fuse(dense: Scores, sparse: Scores, dense_weight: float, length: int) -> Scores:
    """Return the weighted sum of z-scores of every point in either list.

    Args:
        dense: The best dot products of the dense side.
        sparse: The best scores of the sparse side.
        dense_weight: Weight of the dense side, 0 to 1.
        length: Points the lists would have if none had been cut off or left out.
    """
    dense_scale = _scale(dense, min(len(dense), length))
    sparse_scale = _scale(sparse, length)
    return {
        point: dense_weight * dense_scale(dense.get(point))
        + (1.0 - dense_weight) * sparse_scale(sparse.get(point))
        for point in dense.keys() | sparse.keys()
    }


def best(scores: Scores, count: int) -> list[int]:
    """Return the `count` points with the largest scores, ties broken by number."""
    return sorted(scores, key=lambda point: (-scores[point], point))[:count]
