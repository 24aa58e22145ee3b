"""Taking a book in: find sources, read what changed, write its passages, forget what vanished."""

from __future__ import annotations

import hashlib
import json
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from lectern.book.model import Document
from lectern.book.passages import cut_passages
from lectern.book.readers import read_document
from lectern.book.sources import Skipped, find_sources
from lectern.errors import InvalidInput, SourceUnreadable
from lectern.retrieval.bm25 import TermStatistics
from lectern.retrieval.collection import Collection, IndexMeta, read_meta
from lectern.retrieval.embedders import make_embedder
from lectern.retrieval.embedders.base import Embedder
from lectern.retrieval.index.base import PassageIndex
from lectern.retrieval.writer import IndexWriter, Record, VectorJournal
from lectern.settings import Settings

# Raised whenever readers or passage cutting change, so that old passages are read anew.
READER_VERSION = 2
_DOCUMENT = "document:"
_TEXT = "text:"
_TEXTBOOK = "textbook"


@dataclass(frozen=True)
class Progress:
    """How far an ingest is: `done` of `total` in a phase (`read`, `embed`, `write`)."""

    phase: str
    done: int
    total: int
    current: str = ""


@dataclass(frozen=True)
class IngestReport:
    """What an ingest did; the first four count source files."""

    added: int
    changed: int
    unchanged: int
    removed: int
    passages: int
    skipped: tuple[Skipped, ...]
    seconds: float


@dataclass(frozen=True)
class SourceRecord:
    """What the index remembers of a source file."""

    source: str
    kind: str
    title: str
    size: int
    mtime_ns: int
    sha256: str
    reader_version: int
    passages: tuple[str, ...]


@dataclass
class _Plan:
    added: list[SourceRecord] = field(default_factory=list)
    changed: list[SourceRecord] = field(default_factory=list)
    touched: list[SourceRecord] = field(default_factory=list)
    unchanged: int = 0
    gone: list[SourceRecord] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    state: dict[str, bytes | None] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.changed or self.touched or self.gone or self.state)


OnProgress = Callable[[Progress], None]


def ingest(
    settings: Settings,
    paths: Sequence[Path],
    *,
    rebuild: bool = False,
    on_progress: OnProgress | None = None,
    embedder: Embedder | None = None,
    textbook: Path | None = None,
) -> IngestReport:
    """Bring the collection in line with the sources below `paths`.

    Only files that changed are read; files below `paths` that vanished are forgotten. Whatever
    happens before the end, the last good index stays usable.

    Args:
        settings: Say where and into which collection.
        paths: Files and folders.
        rebuild: Start from nothing instead of from the current index.
        on_progress: Called often.
        embedder: Used instead of a new one, when the caller has one.
        textbook: Remembered as the folder of the textbook; the one remembered before, from
            another checkout perhaps, is forgotten with all its passages.

    Raises:
        InvalidInput: A path does not exist, or there is nothing readable below any.
        IndexBusy: Another process is writing.
        IndexMismatch: The index was made with another model (`rebuild` gets around it).
        IndexCorrupt: The current index cannot be read (`rebuild` gets around it).
        StorageFull: The disk has no room.
    """
    started = time.monotonic()
    report = on_progress or (lambda _: None)
    roots = [_one_name(path) for path in paths]
    sources = find_sources(roots)
    collection = Collection(settings)
    model = embedder or make_embedder(settings)
    with collection.lock():
        if not rebuild and collection.exists():
            opened = collection.open(model.name)
            known = _known_sources(opened.index)
            passages = opened.meta.passages
            moved = (opened.index.read_state(_TEXTBOOK) or b"").decode()
            opened.index.close()
        else:
            known, passages, moved = {}, 0, ""
        if textbook and moved:
            roots.append(_one_name(Path(moved)))
        plan = _plan(settings, sources.files, roots, known, report)
        plan.skipped[:0] = sources.skipped
        if not known and not plan.records:
            raise InvalidInput(
                f"There is nothing to read in {', '.join(str(path) for path in paths)}"
                f"{_why_nothing(plan.skipped)}.",
                "Give Markdown, MDX, reStructuredText, HTML, notebooks or PDF with text.",
            )
        if textbook and moved != str(textbook):
            plan.state[_TEXTBOOK] = str(textbook).encode()
        if not plan.is_empty or rebuild:
            passages = _apply(collection, model, plan, rebuild=rebuild, report=report)
    return IngestReport(
        added=len(plan.added),
        changed=len(plan.changed),
        unchanged=plan.unchanged + len(plan.touched),
        removed=len(plan.gone),
        passages=passages,
        skipped=tuple(plan.skipped),
        seconds=time.monotonic() - started,
    )


def _one_name(path: Path) -> Path:
    """Return an absolute path without `..`, so that no file is known by two names."""
    return path.resolve() if ".." in path.parts else path.absolute()


def ingest_textbook(
    settings: Settings,
    *,
    on_progress: OnProgress | None = None,
    embedder: Embedder | None = None,
) -> IngestReport:
    """Bring the textbook of the settings into the collection; see `ingest`."""
    return ingest(
        settings,
        [settings.book],
        on_progress=on_progress,
        embedder=embedder,
        textbook=settings.book,
    )


def textbook_of(index: PassageIndex) -> Path | None:
    """Return the folder that was last taken in as the textbook; None if none ever was."""
    remembered = index.read_state(_TEXTBOOK)
    return Path(remembered.decode()) if remembered else None


def document_text(index: PassageIndex, source: str) -> str | None:
    """Return the extracted text of a source that offsets refer to; None if it is the file's own."""
    packed = index.read_state(_TEXT + source)
    return None if packed is None else zlib.decompress(packed).decode("utf-8", "surrogatepass")


def source_records(index: PassageIndex) -> list[SourceRecord]:
    """Return what the index remembers of its sources."""
    return list(_known_sources(index).values())


def _known_sources(index: PassageIndex) -> dict[str, SourceRecord]:
    known = {}
    for key in index.state_keys(_DOCUMENT):
        raw = json.loads(index.read_state(key) or b"{}")
        record = SourceRecord(**{**raw, "passages": tuple(raw["passages"])})
        known[record.source] = record
    return known


def _plan(
    settings: Settings,
    files: Sequence[Path],
    roots: Sequence[Path],
    known: dict[str, SourceRecord],
    report: OnProgress,
) -> _Plan:
    plan = _Plan()
    for number, path in enumerate(files):
        report(Progress("read", number, len(files), str(path)))
        _plan_file(plan, path, known.get(str(path)), max_bytes=int(settings.max_source_mb * 2**20))
    report(Progress("read", len(files), len(files)))
    seen = {str(path) for path in files}
    for source, record in known.items():
        below = any(Path(source).is_relative_to(root) for root in roots)
        if source not in seen and below:
            plan.gone.append(record)
            plan.stale += record.passages
    return plan


def _plan_file(plan: _Plan, path: Path, old: SourceRecord | None, *, max_bytes: int) -> None:
    try:
        _require_utf8_name(path)
        stat = path.stat()
        if (
            old
            and (old.size, old.mtime_ns) == (stat.st_size, stat.st_mtime_ns)
            and old.reader_version == READER_VERSION
        ):
            plan.unchanged += 1
            return
        digest = _sha256(path) if stat.st_size <= max_bytes else ""
        if old and digest == old.sha256 and old.reader_version == READER_VERSION:
            plan.touched.append(_moved(old, stat.st_size, stat.st_mtime_ns))
            return
        document = read_document(path, max_bytes=max_bytes)
    except (SourceUnreadable, OSError) as error:
        # Most errors name the file themselves.
        plan.skipped.append(Skipped(str(path), str(error).removeprefix(str(path)).lstrip()))
        if old:
            plan.gone.append(old)
            plan.stale += old.passages
        return
    _plan_document(plan, document, old, (stat.st_size, stat.st_mtime_ns, digest))


def _require_utf8_name(path: Path) -> None:
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError as error:
        raise SourceUnreadable("Its name is not valid UTF-8.", "Rename it.") from error


def _plan_document(
    plan: _Plan, document: Document, old: SourceRecord | None, file: tuple[int, int, str]
) -> None:
    passages = cut_passages(document)
    if not passages:
        plan.skipped.append(Skipped(document.source, "It has headings at most, and no text."))
    kept = set(old.passages) if old else set()
    # A passage whose text stayed may have moved in its file, so all are written again; their
    # vectors come from the journal or cost what the file costs.
    plan.stale += [p for p in kept if p not in {q.passage_id for q in passages}]
    plan.stale += [p.passage_id for p in passages if p.passage_id in kept]
    plan.records += [Record.of(passage) for passage in passages]
    if document.kind.is_extracted:
        encoded = document.text.encode("utf-8", "surrogatepass")
        plan.state[_TEXT + document.source] = zlib.compress(encoded)
    size, mtime_ns, digest = file
    record = SourceRecord(
        source=document.source,
        kind=document.kind.value,
        title=document.title,
        size=size,
        mtime_ns=mtime_ns,
        sha256=digest,
        reader_version=READER_VERSION,
        passages=tuple(passage.passage_id for passage in passages),
    )
    (plan.changed if old else plan.added).append(record)


def _apply(
    collection: Collection,
    embedder: Embedder,
    plan: _Plan,
    *,
    rebuild: bool,
    report: OnProgress,
) -> int:
    total = len(plan.records)
    with (
        collection.build(embedder.dimension, rebuild=rebuild) as index,
        VectorJournal(collection.journal, embedder) as journal,
    ):
        meta, statistics = _described(index, collection)
        writer = IndexWriter(
            index, journal, embedder, statistics, meta.mean_length if meta else None
        )
        writer.remove(plan.stale)
        writer.add(plan.records, lambda done: report(Progress("embed", done, total)))
        report(Progress("write", 0, 1))
        index.write_state(_state_changes(plan))
        writer.finish()
        passages = statistics.documents
    report(Progress("write", 1, 1))
    return passages


def _described(
    index: PassageIndex, collection: Collection
) -> tuple[IndexMeta | None, TermStatistics]:
    if index.read_state("meta") is None:
        return None, TermStatistics()
    return read_meta(index, str(collection.folder))


def _state_changes(plan: _Plan) -> dict[str, bytes | None]:
    changes: dict[str, bytes | None] = dict(plan.state)
    for record in plan.gone:
        changes[_DOCUMENT + record.source] = None
        changes[_TEXT + record.source] = None
    for record in (*plan.added, *plan.changed, *plan.touched):
        changes[_DOCUMENT + record.source] = json.dumps(asdict(record)).encode()
    return changes


def _moved(old: SourceRecord, size: int, mtime_ns: int) -> SourceRecord:
    return SourceRecord(**{**asdict(old), "size": size, "mtime_ns": mtime_ns})


def _sha256(path: Path) -> str:
    digest = hashlib.new("sha256")
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _why_nothing(skipped: Sequence[Skipped]) -> str:
    if not skipped:
        return ""
    first = skipped[0]
    more = f" (and {len(skipped) - 1} more)" if len(skipped) > 1 else ""
    return f": {first.source}: {first.reason.rstrip('.')}{more}"
