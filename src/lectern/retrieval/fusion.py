"""Fusing two ranked lists whose scores have nothing in common.

Each side's scores are standardised by their mean and deviation over the whole collection
(`lectern.retrieval.moments`) and the two are added with a weight: a convex combination of z-scores
(Bruch et al. analyse the family in "An Analysis of Fusion Functions for Hybrid Retrieval", TOIS
2023). Unlike reciprocal rank fusion it keeps how far ahead a hit is; unlike min-max it does not
hang on the single best and worst score. The comparison that led here is in `docs/retrieval.md`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lectern.retrieval.index.base import Scored
from lectern.retrieval.moments import Scale


@dataclass(frozen=True)
class FusionParameters:
    """How lists are fused and fed back; the defaults were chosen on development sets.

    Attributes:
        depth: Length of the lists that are fused.
        dense_weight: Weight of the dense list, 0 to 1; the sparse one has the rest.
        feedback_passages: Passages of the first round that the query is expanded from; 0 turns
            the second round off.
        feedback_terms: Terms taken from them.
        feedback_weight: Share of the expansion in the sparse query, 0 to 1.
        feedback_pull: How far the dense query moves to the passages' mean.
        feedback_sharpness: How much more the better passages count (softmax of fused scores).
    """

    depth: int = 100
    dense_weight: float = 0.65
    feedback_passages: int = 3
    feedback_terms: int = 40
    feedback_weight: float = 0.5
    feedback_pull: float = 0.5
    feedback_sharpness: float = 2.0


@dataclass(frozen=True)
class Side:
    """One ranked list with what its scores are measured by.

    Attributes:
        scored: The list, the best first.
        scale: Mean and deviation of the scores over the whole collection.
        floor: What a point that the list lacks scores at most.
    """

    scored: Scored
    scale: Scale
    floor: float


def fuse(dense: Side, sparse: Side, dense_weight: float) -> Scored:
    """Return the weighted sum of z-scores of every point in either list, the best first.

    Args:
        dense: The dense side, one score for each passage.
        sparse: The sparse side.
        dense_weight: Weight of the dense side, 0 to 1.
    """
    points = np.union1d(dense.scored.points, sparse.scored.points)
    fused = np.zeros(len(points))
    for side, weight in ((dense, dense_weight), (sparse, 1.0 - dense_weight)):
        column = np.full(len(points), side.floor)
        column[np.searchsorted(points, side.scored.points)] = side.scored.scores
        fused += weight * (column - side.scale.mean) / side.scale.deviation
    order = np.lexsort((points, -fused))
    return Scored(points[order], fused[order])
