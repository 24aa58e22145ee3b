"""A collection on disk: which index is current, who may write, and how a new one takes its place.

    home/collections/NAME/
        CURRENT          name of the generation that readers open
        generation-N/    an index, written once and then only read
        building-N/      a generation that is being written
        vectors.sqlite   vectors computed so far by an ingest that has not finished
        lock             held by the one process that writes

A writer copies the current generation, changes the copy, and moves `CURRENT` over to it in one
rename. So a reader never sees half an ingest, and a writer that dies leaves the last good index as
it was. With a Qdrant server there are no generations: points are replaced in place, so a
reader can meet a half-finished ingest there.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import numpy as np

from lectern.errors import (
    IndexBusy,
    IndexCorrupt,
    IndexMismatch,
    IndexMissing,
    LecternError,
    StorageFull,
    StorageReadOnly,
)
from lectern.retrieval.bm25 import TermStatistics
from lectern.retrieval.index.base import PassageIndex
from lectern.retrieval.index.edge import EdgeIndex
from lectern.retrieval.index.server import ServerIndex, connect
from lectern.retrieval.moments import Moments
from lectern.settings import Settings

FORMAT = 2
# Qdrant Edge maps files of this order before the first vector is in them.
_ROOM_TO_START_BYTES = 160 << 20
_BALLAST_BYTES = 8 << 20
_REFUSALS = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST)
_META, _STATISTICS, _MOMENTS = "meta", "statistics", "moments"


@dataclass(frozen=True)
class IndexMeta:
    """What an index was made with.

    Attributes:
        embedder: Name of the embedding model.
        dimension: Length of its vectors.
        mean_length: Mean number of terms that the stored BM25 weights assume.
        passages: Number of passages.
        format: Version of the layout.
    """

    embedder: str
    dimension: int
    mean_length: float
    passages: int
    format: int = FORMAT


@dataclass
class OpenIndex:
    """An index with what BM25 needs; `generation` changes when a new one takes its place."""

    index: PassageIndex
    meta: IndexMeta
    statistics: TermStatistics
    generation: str


def write_meta(index: PassageIndex, meta: IndexMeta, statistics: TermStatistics) -> None:
    """Store both beside the passages."""
    terms = np.fromiter(statistics.document_frequency.keys(), np.uint32)
    counts = np.fromiter(statistics.document_frequency.values(), np.uint32)
    head = np.array([statistics.documents, statistics.total_terms], np.uint64)
    index.write_state(
        {
            _META: json.dumps(asdict(meta)).encode(),
            _STATISTICS: zlib.compress(head.tobytes() + terms.tobytes() + counts.tobytes()),
            _MOMENTS: statistics.moments.to_bytes(),
        }
    )


def read_meta(index: PassageIndex, place: str) -> tuple[IndexMeta, TermStatistics]:
    """Return what `write_meta` stored; `place` names the index in the error.

    Raises:
        IndexCorrupt: It is missing or cannot be read.
    """
    try:
        raw_meta = index.read_state(_META)
        if raw_meta is None:
            raise ValueError("its description is missing")
        meta = IndexMeta(**json.loads(raw_meta))
        if meta.format != FORMAT:
            return meta, TermStatistics()  # to be refused by `Collection.check`
        packed, moments = index.read_state(_STATISTICS), index.read_state(_MOMENTS)
        if packed is None or moments is None:
            raise ValueError("its statistics are missing")
        raw = zlib.decompress(packed)
        documents, total_terms = (int(n) for n in np.frombuffer(raw[:16], np.uint64))
        terms, counts = np.frombuffer(raw[16:], np.uint32).reshape(2, -1)
        frequency = Counter(dict(zip(terms.tolist(), counts.tolist(), strict=True)))
        return meta, TermStatistics(documents, total_terms, frequency, Moments.from_bytes(moments))
    except LecternError:
        raise
    except Exception as error:
        raise IndexCorrupt(
            f"The index in {place} cannot be read: {error}.",
            "Run `lectern ingest PATH --rebuild` to make it anew from the book.",
        ) from error


class Collection:
    """One named collection of the configured home."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.folder = settings.home / "collections" / settings.collection

    @property
    def journal(self) -> Path:
        """File in which a running ingest keeps the vectors it has computed."""
        return self.folder / "vectors.sqlite"

    def generation(self) -> str:
        """Return the name of the current generation; empty when there is none."""
        if self._settings.qdrant_url:
            return "server"
        try:
            return (self.folder / "CURRENT").read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise self._corrupt(error) from error

    def exists(self) -> bool:
        """Tell whether something has been ingested."""
        if self._settings.qdrant_url:
            server = self._server()
            try:
                return _is_finished(server)
            finally:
                server.close()
        return bool(self.generation())

    def open(self, embedder: str) -> OpenIndex:
        """Open the current index for reading.

        Args:
            embedder: Name of the model that questions will be embedded with.

        Raises:
            IndexMissing: Nothing has been ingested.
            IndexCorrupt: The index cannot be read.
            IndexMismatch: It was made with another model or by another version.
        """
        # A generation can vanish while it is being opened; then there is a newer one.
        for attempt in range(3):
            generation = self.generation()
            try:
                index = self._open_raw(generation)
                break
            except IndexCorrupt:
                if attempt == 2 or generation == self.generation():
                    raise
        try:
            meta, statistics = read_meta(index, str(self.folder))
            self.check(meta, embedder)
        except LecternError:
            index.close()
            raise
        return OpenIndex(index, meta, statistics, generation)

    def check(self, meta: IndexMeta, embedder: str) -> None:
        """Refuse an index that this process cannot search.

        Raises:
            IndexMismatch: It was made with another model or by another version.
        """
        if meta.format != FORMAT:
            raise IndexMismatch(
                f"The index of {self._settings.collection!r} has format {meta.format}; this "
                f"version of Lectern reads format {FORMAT}.",
                "Run `lectern ingest PATH --rebuild`.",
            )
        if meta.embedder != embedder:
            raise IndexMismatch(
                f"The index of {self._settings.collection!r} was made with the embedder "
                f"{meta.embedder!r}, and the settings say {embedder!r}.",
                f"Set LECTERN_EMBEDDER={meta.embedder}, or run `lectern ingest PATH --rebuild`.",
            )

    def _open_raw(self, generation: str) -> PassageIndex:
        if self._settings.qdrant_url:
            server = self._server()
            if _is_finished(server):
                return server
            server.close()
            raise self._missing()
        if not generation:
            raise self._missing()
        return EdgeIndex.open(self.folder / generation)

    def _server(self) -> ServerIndex:
        client = connect(self._settings)
        return ServerIndex(client, self._settings.collection, self._settings.qdrant_url)

    def _missing(self) -> IndexMissing:
        return IndexMissing(
            f"Nothing has been ingested into the collection {self._settings.collection!r} yet.",
            "Run `lectern ingest PATH`, or `lectern up` for the textbook.",
        )

    def _corrupt(self, error: Exception) -> IndexCorrupt:
        return IndexCorrupt(
            f"The index in {self.folder} cannot be read: {error}.",
            "Run `lectern ingest PATH --rebuild` to make it anew from the book.",
        )

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the right to write.

        Raises:
            IndexBusy: Another process holds it.
            StorageFull: The folder cannot be made for lack of room.
            StorageReadOnly: The folder cannot be written to.
        """
        with disk_errors_named(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            stream = (self.folder / "lock").open("a+")
        with stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise IndexBusy(
                    f"Another process is writing to the collection {self._settings.collection!r}"
                    f"{_holder(stream)}.",
                    "Wait until it has finished, or stop it.",
                ) from error
            stream.seek(0)
            stream.truncate()
            stream.write(str(os.getpid()))
            stream.flush()
            yield

    @contextmanager
    def build(self, dimension: int, *, rebuild: bool) -> Iterator[PassageIndex]:
        """Give an index to change; it takes the old one's place when the block ends well.

        To be called with the lock held.

        Raises:
            IndexCorrupt: The current index cannot be read (`rebuild` ignores it).
            StorageFull: The disk has no room.
        """
        if self._settings.qdrant_url:
            yield from self._build_on_server(dimension, rebuild=rebuild)
        else:
            with disk_errors_named(self.folder):
                yield from self._build_generation(dimension, rebuild=rebuild)

    def _build_on_server(self, dimension: int, *, rebuild: bool) -> Iterator[PassageIndex]:
        server = self._server()
        try:
            if rebuild or not _is_finished(server):
                server.create(dimension)
            yield server
        finally:
            server.close()

    def _build_generation(self, dimension: int, *, rebuild: bool) -> Iterator[PassageIndex]:
        self._sweep()
        current = "" if rebuild else self.generation()
        number = 1 + max((int(p.name.partition("-")[2]) for p in self._generations()), default=0)
        building = self.folder / f"building-{number}"
        self._require_room(self.folder / current if current else None)
        try:
            index = self._start(building, current, dimension)
            try:
                with self._ballast():
                    yield index
                    index.finish(dimension)
            finally:
                index.close()
            self._publish(building, f"generation-{number}")
        except BaseException:
            shutil.rmtree(building, ignore_errors=True)
            raise

    def _start(self, building: Path, current: str, dimension: int) -> EdgeIndex:
        if not current:
            return EdgeIndex.create(building, dimension)
        try:
            shutil.copytree(self.folder / current, building, copy_function=_copy_with_holes)
        except shutil.Error as error:
            if _is_full(error):
                raise
            raise self._corrupt(error) from error
        return EdgeIndex.open(building)

    @contextmanager
    def _ballast(self) -> Iterator[None]:
        # Closing a shard writes to its maps, too. What is dropped here gives that the room which
        # another program may have taken meanwhile.
        ballast = self.folder / "ballast"
        with ballast.open("wb") as stream:
            os.posix_fallocate(stream.fileno(), 0, _BALLAST_BYTES)
        try:
            yield
        finally:
            ballast.unlink(missing_ok=True)

    def _publish(self, building: Path, name: str) -> None:
        building.rename(self.folder / name)
        pointer = self.folder / "CURRENT.new"
        with pointer.open("w", encoding="utf-8") as stream:
            stream.write(name)
            stream.flush()
            os.fsync(stream.fileno())
        pointer.replace(self.folder / "CURRENT")
        self.journal.unlink(missing_ok=True)
        self._sweep()

    def _generations(self) -> list[Path]:
        return [p for p in self.folder.glob("generation-*") if p.name.split("-")[1].isdigit()]

    def _sweep(self) -> None:
        """Remove what no reader will open: unfinished and superseded generations."""
        keep = ""
        with suppress(IndexCorrupt):
            keep = self.generation()
        leftovers = [p for p in self._generations() if p.name != keep]
        for folder in [*leftovers, *self.folder.glob("building-*")]:
            shutil.rmtree(folder, ignore_errors=True)

    def _require_room(self, current: Path | None) -> None:
        # A shard is mapped into memory: running out of room inside it would kill the process
        # instead of raising an error, so the room is asked for beforehand.
        used = sum(f.stat().st_blocks * 512 for f in current.rglob("*")) if current else 0
        free = shutil.disk_usage(self.folder).free
        need = 2 * used + _ROOM_TO_START_BYTES
        if free < need:
            raise StorageFull(
                f"The disk that holds {self.folder} has {free >> 20} MB free, and the index needs "
                f"about {need >> 20} MB.",
                "Make room, or set LECTERN_HOME to a folder on another disk.",
            )


def _is_finished(server: ServerIndex) -> bool:
    # What a first ingest that was killed left behind has no description yet.
    return server.exists() and server.read_state(_META) is not None


@contextmanager
def disk_errors_named(folder: Path) -> Iterator[None]:
    """Turn the many errors of a full disk into `StorageFull`, refusals into `StorageReadOnly`."""
    try:
        yield
    except LecternError:
        raise
    except Exception as error:
        if _is_full(error):
            raise StorageFull(
                f"The disk that holds {folder} is full; the last good index is unchanged.",
                "Make room, or set LECTERN_HOME to a folder on another disk.",
            ) from error
        if isinstance(error, OSError) and error.errno in _REFUSALS:
            raise StorageReadOnly(
                f"The folder {folder} cannot be written to: {error.strerror}.",
                "Make it writable, or set LECTERN_HOME to a folder that is.",
            ) from error
        raise


def _is_full(error: Exception) -> bool:
    if isinstance(error, sqlite3.Error):
        return "full" in str(error)
    full = isinstance(error, OSError) and error.errno == errno.ENOSPC
    return full or "No space left" in str(error)


def _copy_with_holes(source: str, target: str) -> None:
    """Copy a file; holes, which make up most of a small shard, take no room in the copy either."""
    with Path(source).open("rb") as old, Path(target).open("wb") as new:
        size = new.truncate(os.fstat(old.fileno()).st_size)
        end = 0
        while end < size:
            try:
                start = os.lseek(old.fileno(), end, os.SEEK_DATA)
            except OSError as error:
                if error.errno != errno.ENXIO:  # which says: nothing but a hole is left
                    raise
                return
            end = os.lseek(old.fileno(), start, os.SEEK_HOLE)
            new.seek(start)
            while start < end:
                start += os.sendfile(new.fileno(), old.fileno(), start, end - start)


def _holder(stream: IO[str]) -> str:
    stream.seek(0)
    holder = stream.read(16).strip()
    return f" (process {holder})" if holder.isdigit() else ""
