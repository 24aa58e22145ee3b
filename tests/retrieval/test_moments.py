from __future__ import annotations

import numpy as np
import pytest

from lectern.retrieval.embedders.base import unit
from lectern.retrieval.moments import Moments

RANDOM = np.random.default_rng(5)
VECTORS = unit(RANDOM.standard_normal((400, 16)).astype(np.float32) + 0.3)
# Each term occurs on its own, as the sparse side assumes.
SPARSE = [
    {int(t): float(RANDOM.uniform(0.2, 0.9)) for t in range(12) if RANDOM.random() < 0.2}
    for _ in range(3_000)
]


@pytest.fixture
def moments() -> Moments:
    counted = Moments()
    counted.count_dense(VECTORS)
    counted.count_sparse(SPARSE)
    return counted


def test_the_dense_scale_is_that_of_all_dot_products(moments):
    query = unit(RANDOM.standard_normal(16).astype(np.float32))
    scores = VECTORS @ query
    scale = moments.dense_scale(query)
    assert scale.mean == pytest.approx(scores.mean(), abs=1e-6)
    assert scale.deviation == pytest.approx(scores.std(), rel=1e-4)


def test_the_sparse_scale_is_that_of_all_scores_of_independent_terms(moments):
    query = {0: 1.5, 3: 0.7, 7: 2.0, 99: 4.0}
    scores = np.array([sum(w * d.get(t, 0.0) for t, w in query.items()) for d in SPARSE])
    scale = moments.sparse_scale(query)
    assert scale.mean == pytest.approx(scores.mean(), rel=1e-6)
    assert scale.deviation == pytest.approx(scores.std(), rel=0.05)


def test_what_is_taken_out_leaves_no_trace(moments):
    extra = unit(RANDOM.standard_normal((7, 16)).astype(np.float32))
    query = extra[0]
    before = moments.dense_scale(query), moments.sparse_scale({0: 1.0})
    moments.count_dense(extra)
    moments.count_sparse([{0: 0.9}, {1: 0.9}])
    assert moments.dense_scale(query) != before[0]
    moments.count_dense(extra, -1)
    moments.count_sparse([{0: 0.9}, {1: 0.9}], -1)
    assert moments.dense_scale(query).mean == pytest.approx(before[0].mean)
    assert moments.sparse_scale({0: 1.0}).deviation == pytest.approx(before[1].deviation)


def test_stored_moments_are_read_as_they_were(moments):
    read = Moments.from_bytes(moments.to_bytes())
    query = VECTORS[3]
    assert read.dense_scale(query) == moments.dense_scale(query)
    assert read.sparse_scale({0: 1.0, 5: 2.0}) == moments.sparse_scale({0: 1.0, 5: 2.0})


def test_nothing_counted_standardises_nothing():
    assert Moments().dense_scale(VECTORS[0]).deviation == 1.0
    assert Moments().sparse_scale({1: 1.0}).mean == 0.0
    with pytest.raises(ValueError, match="buffer"):
        Moments.from_bytes(b"x")
