from __future__ import annotations

import asyncio
import shutil

import pytest

from lectern.app import Lectern, is_ingested
from lectern.errors import (
    IndexMissing,
    InvalidInput,
    ModelMissing,
    PassageNotFound,
    SettingsError,
)
from lectern.ingest import ingest
from lectern.retrieval.collection import Collection
from lectern.retrieval.embedders import make_embedder, minilm


@pytest.fixture
async def book(ingested, embedder):
    book = Lectern.open(ingested.settings, embedder)
    yield book
    await book.close()


def test_nothing_ingested_is_a_clear_error(home, embedder):
    assert not is_ingested(home)
    with pytest.raises(IndexMissing, match="'book'") as caught:
        Lectern.open(home, embedder)
    assert "lectern ingest" in caught.value.remedy


def test_what_was_ingested_is_known(ingested):
    assert is_ingested(ingested.settings)


async def test_search_gives_hits_timings_and_trace(book):
    result = await book.search("  friction force of the jaws\n", k=3)
    assert result.query == "friction force of the jaws"
    assert len(result.hits) == 3
    assert set(result.timings_ms) == {"embed", "search", "total"}
    assert [row["passage_id"] for row in result.trace["hits"]] == [
        hit.passage.passage_id for hit in result.hits
    ]
    assert "friction" in result.hits[0].passage.text


@pytest.mark.parametrize("k", [0, -1, 101])
async def test_a_number_of_results_out_of_range_is_refused(k, book):
    with pytest.raises(InvalidInput, match=str(k)):
        await book.search("crane", k=k)


async def test_a_passage_comes_back_by_its_identifier(book):
    hit = (await book.search("encoder")).hits[0]
    assert await book.passage(hit.passage.passage_id) == hit.passage


@pytest.mark.parametrize("identifier", ["", "0" * 16, "../../etc", "🤖", "a" * 10_000])
async def test_an_unknown_passage_is_a_clear_error(identifier, book):
    with pytest.raises(PassageNotFound) as caught:
        await book.passage(identifier)
    assert len(caught.value.detail) < 200


@pytest.mark.parametrize("source", ["", "/etc/passwd", "../pyproject.toml", "\0"])
async def test_only_sources_of_the_book_can_be_read(source, book):
    with pytest.raises(PassageNotFound):
        await book.document_text(source)


async def test_parts_name_what_is_ready(book, ingested):
    parts = book.parts()
    assert set(parts) == {"index", "embedder", "answerer"}
    assert all(part.ready for part in parts.values())
    assert str(ingested.report.passages) in parts["index"].detail
    assert "minilm" in parts["embedder"].detail
    assert "extractive" in parts["answerer"].detail


async def test_a_new_index_is_picked_up_while_questions_run(home, small_book, embedder):
    ingest(home, [small_book], embedder=embedder)
    book = Lectern.open(home, embedder)
    page = small_book / "grippers.md"
    page.write_text("# Grippers\n\nVelcro holds cloth.\n", encoding="utf-8")
    asking = [asyncio.create_task(book.search("What holds cloth?")) for _ in range(20)]
    await asyncio.to_thread(ingest, home, [small_book], embedder=embedder)
    for result in await asyncio.gather(*asking):
        assert result.hits
    assert "Velcro" in (await book.search("What holds cloth?")).hits[0].passage.text
    await book.close()


@pytest.mark.parametrize("damage", ["pointer", "index", "everything"])
async def test_damage_leaves_an_open_book_usable_and_shows_in_its_parts(
    damage, home, small_book, embedder
):
    ingest(home, [small_book], embedder=embedder)
    book = Lectern.open(home, embedder)
    folder = Collection(home).folder
    pointer = (folder / "CURRENT").read_bytes()
    if damage == "pointer":
        (folder / "CURRENT").write_bytes(b"\xff\xfe")
    elif damage == "index":
        (folder / "CURRENT").write_text("generation-9", encoding="utf-8")
    else:
        shutil.rmtree(folder)
    assert (await book.search("encoder")).hits
    assert not book.parts()["index"].ready
    assert book.parts()["index"].detail
    folder.mkdir(exist_ok=True)
    (folder / "CURRENT").write_bytes(pointer)
    assert (await book.search("encoder")).hits
    assert book.parts()["index"].ready
    await book.close()


async def test_many_questions_at_once_get_the_answers_they_get_alone(book):
    questions = ["What does an encoder do?", "What is a Jacobian?", "How are cells stored?"] * 6
    alone = [await book.ask(question) for question in questions[:3]]
    together = await asyncio.gather(*map(book.ask, questions))
    for answer, expected in zip(together, alone * 6, strict=True):
        assert (answer.answer, answer.citations) == (expected.answer, expected.citations)


@pytest.mark.parametrize("name", ["", "unknown", "minilm:x", "fastembed", "openai", "openai:"])
def test_an_unknown_embedder_is_refused_with_the_choices(name, make_settings):
    with pytest.raises(SettingsError, match=repr(name)) as caught:
        make_embedder(make_settings(embedder=name))
    assert "fastembed:MODEL" in caught.value.remedy


def test_an_embedding_endpoint_without_address_and_key_is_refused(make_settings):
    with pytest.raises(SettingsError, match="endpoint"):
        make_embedder(make_settings(embedder="openai:text-embedding-3-small"))


def test_a_missing_model_is_a_clear_error(ingested, monkeypatch):
    monkeypatch.setattr(minilm, "PACKAGE", "a_package_that_is_not_there")
    with pytest.raises(ModelMissing):
        Lectern.open(ingested.settings)
