"""Pseudo-relevance feedback: the query learns from the first round's best passages.

Sparse side: a relevance model in the manner of RM3 (Abdul-Jaleel et al., TREC 2004) whose term
weights are BM25's own. Dense side: Rocchio's rule on the unit vectors (Rocchio, 1971).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lectern.retrieval.bm25 import SparseVector, TermStatistics
from lectern.retrieval.embedders.base import Vectors, unit
from lectern.retrieval.fusion import FusionParameters
from lectern.retrieval.index.base import StoredVectors


def passage_weights(scores: Sequence[float], sharpness: float) -> list[float]:
    """Return the softmax of the passages' fused scores."""
    powers = np.exp(sharpness * (np.array(scores) - max(scores)))
    return [float(weight) for weight in powers / powers.sum()]


def expand_sparse(
    query: SparseVector,
    passages: Sequence[StoredVectors],
    weights: Sequence[float],
    statistics: TermStatistics,
    parameters: FusionParameters,
) -> SparseVector:
    """Mix the query with the terms that stand out in the passages.

    Both sides are scaled to sum 1, in units of query term weight without idf, so that
    `feedback_weight` is a share.
    """
    terms, values = _relevance_model(passages, weights, statistics)
    # Of equal terms the larger identifier, whatever order they came in.
    chosen = np.lexsort((-terms, -values))[: parameters.feedback_terms]
    terms, values = terms[chosen], values[chosen]
    counts = {term: weight / statistics.idf(term) for term, weight in query.items()}
    count_total = sum(counts.values()) or 1.0
    share = parameters.feedback_weight if query else 1.0
    expanded = {t: (1.0 - share) * weight / count_total for t, weight in query.items()}
    added = share * values / (values.sum() or 1.0) * statistics.idfs(terms.tolist())
    for term, weight in zip(terms.tolist(), added.tolist(), strict=True):
        expanded[term] = expanded.get(term, 0.0) + weight
    return expanded


def _relevance_model(
    passages: Sequence[StoredVectors], weights: Sequence[float], statistics: TermStatistics
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the terms of the passages and how much each stands out, mixed by weight."""
    terms = [np.array([*passage.sparse], np.int64) for passage in passages]
    shares = []
    for passage, weight in zip(passages, weights, strict=True):
        salience = np.array([*passage.sparse.values()]) * statistics.idfs(passage.sparse)
        shares.append(weight * salience / (salience.sum() or 1.0))
    united, places = np.unique(np.concatenate(terms), return_inverse=True)
    mixed = np.bincount(places, np.concatenate(shares), len(united))
    return united, mixed.astype(np.float64)


def expand_dense(
    query: Vectors,
    passages: Sequence[StoredVectors],
    weights: Sequence[float],
    parameters: FusionParameters,
) -> Vectors:
    """Move the query towards the passages; half of the result stays with the query as asked."""
    centre = np.zeros_like(query)
    for passage, weight in zip(passages, weights, strict=True):
        centre += weight * passage.dense
    moved = unit(query + parameters.feedback_pull * unit(centre))
    return np.asarray((moved + query) / 2.0, np.float32)
