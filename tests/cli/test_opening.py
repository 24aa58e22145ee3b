from __future__ import annotations

import asyncio

import pytest

from lectern.app import is_ingested
from lectern.cli import opening
from lectern.ingest import ingest
from lectern.retrieval.collection import Collection
from lectern.settings import load_settings


@pytest.fixture
def textbook(tmp_path, monkeypatch):
    """The default book, as if the reader had chosen none."""
    folder = tmp_path / "textbook"
    folder.mkdir()
    (folder / "one.md").write_text("# One\n\nA robot senses, plans and acts.\n")
    monkeypatch.setattr("lectern.settings.default_book", lambda: folder)
    monkeypatch.setenv("LECTERN_BOOK", str(folder))
    return folder


def titles(settings) -> list[str]:
    async def search() -> list[str]:
        lectern = opening.open_newest(settings)
        try:
            found = await lectern.search("robot", 10)
        finally:
            await lectern.close()
        return sorted(hit.passage.title for hit in found.hits)

    return asyncio.run(search())


def test_up_sees_what_changed_in_the_textbook(textbook):
    settings = load_settings()
    assert titles(settings) == ["One"]

    (textbook / "two.md").write_text("# Two\n\nA robot has joints.\n")

    assert titles(settings) == ["One", "Two"]


def test_up_leaves_a_collection_of_other_books_alone(textbook, tmp_path, embedder):
    (tmp_path / "other.md").write_text("# Other\n\nA robot of another book.\n")
    settings = load_settings()
    ingest(settings, [tmp_path / "other.md"], embedder=embedder)

    assert titles(settings) == ["Other"]


def test_up_adds_a_book_that_was_chosen(textbook, tmp_path, embedder):
    (tmp_path / "other.md").write_text("# Other\n\nA robot of another book.\n")
    ingest(load_settings(), [textbook], embedder=embedder)

    assert titles(load_settings(book=tmp_path / "other.md")) == ["One", "Other"]


def test_up_serves_the_last_good_index_while_another_process_writes(textbook, capsys):
    settings = load_settings()
    titles(settings)

    with Collection(settings).lock():
        assert titles(settings) == ["One"]

    assert "The book was not checked for changes: Another process" in capsys.readouterr().err
    assert is_ingested(settings)
