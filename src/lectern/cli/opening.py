"""Opening Lectern for a command, with the textbook taken in where that is due."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lectern.cli.output import say
from lectern.cli.progress import shown_progress
from lectern.errors import IndexBusy, StorageFull, StorageReadOnly

if TYPE_CHECKING:
    from lectern.app import Lectern
    from lectern.retrieval.embedders.base import Embedder
    from lectern.settings import Settings


def open_lectern(settings: Settings) -> Lectern:
    """Open the collection; the textbook is taken in first if nothing was ever ingested.

    Raises:
        LecternError: As `Lectern.open` and `ingest` do.
    """
    from lectern.app import Lectern, is_ingested
    from lectern.retrieval.embedders import make_embedder

    embedder = make_embedder(settings)
    if _is_default_collection(settings) and not is_ingested(settings):
        _take_in_textbook(settings, embedder)
    return Lectern.open(settings, embedder)


def open_newest(settings: Settings) -> Lectern:
    """Open the collection after bringing it in line with the book that `settings.book` names.

    A collection in which only other books were ingested is left alone, unless the book was chosen
    by the reader. When another process is writing, or the disk cannot be written, the last good
    index is used and the reader is told.

    Raises:
        LecternError: As `Lectern.open` and `ingest` do.
    """
    from lectern.app import Lectern, is_ingested
    from lectern.retrieval.embedders import make_embedder

    embedder = make_embedder(settings)
    if not is_ingested(settings):
        _take_in_textbook(settings, embedder)
    elif _holds_the_book(settings):
        try:
            _take_in_textbook(settings, embedder)
        except (IndexBusy, StorageFull, StorageReadOnly) as error:
            say(f"The book was not checked for changes: {error}")
    return Lectern.open(settings, embedder)


def _take_in_textbook(settings: Settings, embedder: Embedder) -> None:
    from lectern.ingest import ingest_textbook

    with shown_progress() as on_progress:
        report = ingest_textbook(settings, on_progress=on_progress, embedder=embedder)
    if report.added or report.changed or report.removed:
        say(
            f"Took in {settings.book}: {report.added} files added, {report.changed} changed, "
            f"{report.removed} removed."
        )


def _is_default_collection(settings: Settings) -> bool:
    return bool(settings.collection == type(settings).model_fields["collection"].default)


def _holds_the_book(settings: Settings) -> bool:
    from lectern.ingest import source_records, textbook_of
    from lectern.retrieval.collection import Collection
    from lectern.settings import default_book

    if settings.book != default_book():
        return True
    index = Collection(settings).open(settings.embedder).index
    try:
        return textbook_of(index) is not None or any(
            Path(record.source).is_relative_to(settings.book) for record in source_records(index)
        )
    finally:
        index.close()
