"""Mean and deviation of a query's scores over the whole collection, without scoring all of it.

Dense: with the mean m and the covariance C of the stored vectors, the dot products with q have mean
q.m and variance q'Cq, exactly. Sparse: the weights of different terms are taken to be uncorrelated,
so that variances add up; the error is a common factor that hardly moves the fusion.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
_SMALLEST = 1e-6


@dataclass(frozen=True)
class Scale:
    """Mean and deviation of scores."""

    mean: float
    deviation: float


class Moments:
    """First and second moments of all stored vectors; kept up to date as passages come and go."""

    def __init__(self) -> None:
        self.vectors = 0
        self.total: Matrix = np.zeros(0)
        self.outer: Matrix = np.zeros((0, 0))
        self.passages = 0
        self.weights: dict[int, float] = {}
        self.squares: dict[int, float] = {}

    def count_dense(self, vectors: npt.NDArray[np.float32], sign: int = 1) -> None:
        """Add unit vectors, shape (n, dimension), or with sign -1 take them out again."""
        if not len(vectors):
            return
        rows = vectors.astype(np.float64)
        if not self.total.size:
            self.total = np.zeros(rows.shape[1])
            self.outer = np.zeros((rows.shape[1], rows.shape[1]))
        self.vectors += sign * len(rows)
        self.total += sign * rows.sum(axis=0)
        self.outer += sign * (rows.T @ rows)

    def count_sparse(self, vectors: Iterable[dict[int, float]], sign: int = 1) -> None:
        """Add the BM25 weights of passages, or with sign -1 take them out again."""
        for vector in vectors:
            self.passages += sign
            for term, weight in vector.items():
                self.weights[term] = self.weights.get(term, 0.0) + sign * weight
                self.squares[term] = self.squares.get(term, 0.0) + sign * weight * weight

    def forget_sparse(self) -> None:
        """Start the sparse side anew."""
        self.passages = 0
        self.weights, self.squares = {}, {}

    def dense_scale(self, query: npt.NDArray[np.float32]) -> Scale:
        """Return mean and deviation of the dot products of `query`, shape (dimension,)."""
        if not self.vectors:
            return Scale(0.0, 1.0)
        q = query.astype(np.float64)
        mean = float(q @ self.total) / self.vectors
        variance = float(q @ self.outer @ q) / self.vectors - mean * mean
        return Scale(mean, math.sqrt(max(variance, _SMALLEST)))

    def sparse_scale(self, query: dict[int, float]) -> Scale:
        """Return mean and deviation of the BM25 scores of a weighted query."""
        if not self.passages:
            return Scale(0.0, 1.0)
        mean = variance = 0.0
        for term, weight in query.items():
            term_mean = self.weights.get(term, 0.0) / self.passages
            mean += weight * term_mean
            spread = self.squares.get(term, 0.0) / self.passages - term_mean * term_mean
            variance += weight * weight * spread
        return Scale(mean, math.sqrt(max(variance, _SMALLEST)))

    def to_bytes(self) -> bytes:
        """Return a form to store."""
        terms = np.fromiter(self.weights.keys(), np.uint32)
        parts = (
            np.array([self.vectors, self.passages, self.total.size, len(terms)], np.int64),
            self.total,
            self.outer,
            terms,
            np.fromiter(self.weights.values(), np.float64),
            np.fromiter(self.squares.values(), np.float64),
        )
        return b"".join(part.tobytes() for part in parts)

    @classmethod
    def from_bytes(cls, raw: bytes) -> Moments:
        """Read what `to_bytes` made.

        Raises:
            ValueError: The bytes are not that.
        """
        moments = cls()
        head = np.frombuffer(raw, np.int64, 4)
        moments.vectors, moments.passages, dimension, terms = (int(n) for n in head)
        at = head.nbytes

        def take(kind: type[np.generic], count: int) -> Matrix:
            nonlocal at
            array = np.frombuffer(raw, kind, count, at)
            at += array.nbytes
            return np.array(array, np.float64)

        moments.total = take(np.float64, dimension)
        moments.outer = take(np.float64, dimension * dimension).reshape(dimension, dimension)
        keys = [int(term) for term in take(np.uint32, terms)]
        moments.weights = dict(zip(keys, take(np.float64, terms).tolist(), strict=True))
        moments.squares = dict(zip(keys, take(np.float64, terms).tolist(), strict=True))
        return moments
