"""BM25 exactly as Lucene scores it, split into a document side and a query side.

    score(q, d) = sum over terms t of q:  qtf(t) * idf(t) * tf / (tf + k1 * (1 - b + b * |d| / avg))
    idf(t)      = ln(1 + (N - n(t) + 0.5) / (n(t) + 0.5))

(Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009; the form without the
constant factor k1 + 1 is Lucene's since version 8, see Kamphuis et al., "Which BM25 Do You Mean?",
ECIR 2020.) The second factor is stored with the document as a sparse vector, the first is the
query's sparse vector, so any index with sparse dot products gives Lucene's ranking.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from lectern.retrieval.moments import Moments

K1 = 1.2
B = 0.75

SparseVector = dict[int, float]
"""Weights by term identifier."""


@lru_cache(maxsize=262_144)
def term_id(term: str) -> int:
    """Return a stable 32-bit identifier of a term.

    Two of 100,000 terms share one with a probability of about 0.7; what that does to a ranking is
    far below what a stemmer does.
    """
    return int.from_bytes(hashlib.blake2b(term.encode(), digest_size=4).digest(), "little")


@dataclass
class TermStatistics:
    """What scoring must know about the whole collection.

    Attributes:
        documents: Number of documents, N.
        total_terms: Terms in all documents, so that `total_terms / documents` is the mean length.
        document_frequency: Documents that hold a term, by term identifier.
        moments: What standardising scores must know; counted by the index's writer.
    """

    documents: int = 0
    total_terms: int = 0
    document_frequency: Counter[int] = field(default_factory=Counter)
    moments: Moments = field(default_factory=Moments, compare=False)

    def add(self, counts: Mapping[str, int]) -> None:
        """Count one document's terms."""
        self.documents += 1
        self.total_terms += sum(counts.values())
        self.document_frequency.update(term_id(term) for term in counts)

    def remove(self, counts: Mapping[str, int]) -> None:
        """Take one document's terms out again."""
        self.documents -= 1
        self.total_terms -= sum(counts.values())
        for term in counts:
            identifier = term_id(term)
            self.document_frequency[identifier] -= 1
            if self.document_frequency[identifier] <= 0:
                del self.document_frequency[identifier]

    @property
    def mean_length(self) -> float:
        """Mean number of terms in a document; 1 for an empty collection."""
        return self.total_terms / self.documents if self.documents and self.total_terms else 1.0

    @property
    def idf_unknown(self) -> float:
        """Return the inverse document frequency of a term that no document holds."""
        return _idf(self.documents, 0)

    def idf(self, identifier: int) -> float:
        """Return the inverse document frequency of a term."""
        return _idf(self.documents, self.document_frequency.get(identifier, 0))

    def idfs(self, identifiers: Iterable[int]) -> npt.NDArray[np.float64]:
        """Return the inverse document frequencies of many terms."""
        held = np.array([self.document_frequency.get(t, 0) for t in identifiers], np.float64)
        return np.log1p((self.documents - held + 0.5) / (held + 0.5))


@lru_cache(maxsize=65_536)
def _idf(documents: int, held: int) -> float:
    return math.log(1.0 + (documents - held + 0.5) / (held + 0.5))


def document_vector(
    counts: Mapping[str, int], mean_length: float, *, k1: float = K1, b: float = B
) -> SparseVector:
    """Return the saturated term frequencies of a document."""
    norm = k1 * (1.0 - b + b * sum(counts.values()) / mean_length)
    return {term_id(term): count / (count + norm) for term, count in counts.items()}


def query_vector(terms: Iterable[str], statistics: TermStatistics) -> SparseVector:
    """Return the weight of each query term that the collection knows."""
    vector: SparseVector = {}
    for term, count in Counter(terms).items():
        identifier = term_id(term)
        if identifier in statistics.document_frequency:
            vector[identifier] = vector.get(identifier, 0.0) + count * statistics.idf(identifier)
    return vector
