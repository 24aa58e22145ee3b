"""Writing passages into an index: embedding them in batches, weighing their terms, taking them out.

Vectors are written to a journal as they are computed, so an ingest that was killed goes on where it
stopped instead of computing them again.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np

from lectern.book.model import Passage
from lectern.retrieval.bm25 import SparseVector, TermStatistics, document_vector
from lectern.retrieval.collection import IndexMeta, write_meta
from lectern.retrieval.embedders.base import EmbeddedPassage, Embedder
from lectern.retrieval.index.base import (
    MAX_WINDOWS,
    PassageIndex,
    Point,
    PointId,
    StoredVectors,
    batched,
    is_passage,
    point_id,
)
from lectern.retrieval.stored import IndexText, index_text, to_passage, to_payload
from lectern.retrieval.terms import count_terms

_BATCH = 64
# A drift of the mean length that moves no weight by more than about as much; above it, all
# weights are computed anew.
_MEAN_LENGTH_DRIFT = 0.01


class VectorJournal:
    """Vectors by what they were computed from, in an SQLite file that survives a kill."""

    def __init__(self, path: Path, embedder: Embedder) -> None:
        self._embedder = embedder
        try:
            self._database = _open_journal(path)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            # A damaged journal only costs the time to compute its vectors again.
            path.unlink()
            self._database = _open_journal(path)

    def __enter__(self) -> VectorJournal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()

    def embed(self, texts: Sequence[IndexText]) -> list[EmbeddedPassage]:
        """Return the vectors of each text, from the journal or computed now."""
        keys = [self._key(text) for text in texts]
        known = {key: self._read(key) for key in keys}
        missing = [i for i, key in enumerate(keys) if known[key] is None]
        fresh = self._embedder.embed_passages(
            [texts[i].text for i in missing], [texts[i].spans for i in missing]
        )
        with self._database:
            for i, made in zip(missing, fresh, strict=True):
                known[keys[i]] = made
                stacked = np.vstack([made.vector, made.windows, made.span_vectors])
                self._database.execute(
                    "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)",
                    (keys[i], len(made.windows), stacked.astype(np.float32).tobytes()),
                )
        return [vectors for key in keys if (vectors := known[key]) is not None]

    def _key(self, text: IndexText) -> bytes:
        content = f"{self._embedder.name}\0{text.text}\0{text.spans}"
        return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).digest()

    def _read(self, key: bytes) -> EmbeddedPassage | None:
        row = self._database.execute(
            "SELECT windows, data FROM vectors WHERE key = ?", (key,)
        ).fetchone()
        if row is None:
            return None
        stacked = np.frombuffer(row[1], np.float32).reshape(-1, self._embedder.dimension)
        split = 1 + int(row[0])
        return EmbeddedPassage(stacked[0], stacked[1:split], stacked[split:])


def _open_journal(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path)
    try:
        database.execute(
            "CREATE TABLE IF NOT EXISTS vectors"
            " (key BLOB PRIMARY KEY, windows INTEGER NOT NULL, data BLOB NOT NULL)"
        )
    except sqlite3.Error:
        database.close()
        raise
    return database


@dataclass(frozen=True)
class Record:
    """A passage with the text it is found by."""

    passage: Passage
    text: IndexText

    @classmethod
    def of(cls, passage: Passage) -> Record:
        """Make the record of a passage of a book."""
        return cls(passage, index_text(passage))


class IndexWriter:
    """Changes one index; call `finish` last."""

    def __init__(
        self,
        index: PassageIndex,
        journal: VectorJournal,
        embedder: Embedder,
        statistics: TermStatistics,
        mean_length: float | None,
    ) -> None:
        """Wrap an index that is being built.

        Args:
            index: What is changed.
            journal: Where vectors come from.
            embedder: Named in the index's description.
            statistics: Of the passages already in the index.
            mean_length: What the weights already in the index assume; None for an empty one.
        """
        self._index = index
        self._journal = journal
        self._embedder = embedder
        self._statistics = statistics
        self._mean_length = mean_length

    def remove(self, passage_ids: Iterable[str]) -> None:
        """Take passages out; unknown ones are ignored."""
        for batch in batched(passage_ids, _BATCH):
            points = [point_id(passage) for passage in batch]
            for payload in self._index.payloads(points).values():
                self._statistics.remove(count_terms(index_text(to_passage(payload)).text))
            windows = [p + n for p in points for n in range(MAX_WINDOWS + 1)]
            self._uncount(self._index.vectors(windows))
            self._index.delete(windows)

    def _uncount(self, stored: Mapping[PointId, StoredVectors]) -> None:
        moments = self._statistics.moments
        if stored:
            moments.count_dense(np.stack([vectors.dense for vectors in stored.values()]), -1)
            own = (vectors.sparse for point, vectors in stored.items() if is_passage(point))
            moments.count_sparse(own, -1)

    def add(
        self, records: Sequence[Record], on_progress: Callable[[int], None] = lambda _: None
    ) -> None:
        """Put passages in; `on_progress` gets how many are in so far."""
        counted = [count_terms(record.text.text) for record in records]
        for counts in counted:
            self._statistics.add(counts)
        if self._mean_length is None:
            self._mean_length = self._statistics.mean_length
        for start in range(0, len(records), _BATCH):
            batch = records[start : start + _BATCH]
            sparse = [
                document_vector(counts, self._mean_length)
                for counts in counted[start : start + _BATCH]
            ]
            vectors = self._journal.embed([record.text for record in batch])
            points: list[Point] = []
            for record, embedded, weights in zip(batch, vectors, sparse, strict=True):
                points += _points(record, embedded, weights)
            self._index.upsert(points)
            self._statistics.moments.count_dense(np.stack([point.dense for point in points]))
            self._statistics.moments.count_sparse(sparse)
            on_progress(start + len(batch))

    def finish(self) -> None:
        """Bring all weights up to date and describe the index."""
        mean_length = self._statistics.mean_length
        if self._mean_length is None:
            self._mean_length = mean_length
        if abs(mean_length / self._mean_length - 1.0) > _MEAN_LENGTH_DRIFT:
            self._mean_length = mean_length
            self._weigh_anew()
        meta = IndexMeta(
            embedder=self._embedder.name,
            dimension=self._embedder.dimension,
            mean_length=self._mean_length,
            passages=self._statistics.documents,
        )
        write_meta(self._index, meta, self._statistics)

    def _weigh_anew(self) -> None:
        # Read all before writing: an update may move points while they are being scrolled.
        texts = [
            (point, index_text(to_passage(payload)).text)
            for point, payload in self._index.all_payloads()
        ]
        self._statistics.moments.forget_sparse()
        for batch in batched(texts, _BATCH):
            vectors: dict[PointId, SparseVector] = {}
            for point, text in batch:
                vectors[point] = document_vector(count_terms(text), self._mean_length or 1.0)
            self._statistics.moments.count_sparse(vectors.values())
            self._index.update_sparse({p: v for p, v in vectors.items() if v})


def _points(record: Record, embedded: EmbeddedPassage, sparse: SparseVector) -> list[Point]:
    identifier = point_id(record.passage.passage_id)
    payload = to_payload(record.passage, record.text, embedded.span_vectors)
    windows = embedded.windows[:MAX_WINDOWS]
    return [
        Point(identifier, embedded.vector, sparse, payload),
        *(Point(identifier + 1 + n, window, {}, {}) for n, window in enumerate(windows)),
    ]
