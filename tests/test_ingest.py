from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from lectern.app import Lectern
from lectern.book.readers import read_document
from lectern.errors import InvalidInput, PassageNotFound
from lectern.ingest import Progress, ingest, source_records
from lectern.retrieval.collection import Collection
from lectern.retrieval.stored import to_passage, to_sentences

LIMIT = 10**8


def stored(settings):
    """Return all payloads of the index."""
    opened = Collection(settings).open("minilm")
    payloads = [payload for _, payload in opened.index.all_payloads()]
    opened.index.close()
    return payloads


def sources(settings):
    return sorted({Path(payload["source"]).name for payload in stored(settings)})


def test_a_first_ingest_reports_what_it_took_in(ingested):
    report = ingested.report
    assert (report.added, report.changed, report.unchanged, report.removed) == (6, 0, 0, 0)
    assert report.passages == len(stored(ingested.settings)) > 20
    assert report.skipped == ()
    assert report.seconds > 0


def test_every_stored_passage_is_an_exact_slice_of_its_source(ingested):
    texts = {}
    for payload in stored(ingested.settings):
        passage = to_passage(payload)
        if passage.source not in texts:
            texts[passage.source] = read_document(Path(passage.source), max_bytes=LIMIT).text
        assert texts[passage.source][passage.start : passage.end] == passage.text
        assert passage.text.strip() == passage.text != ""
    assert len(texts) == 6


def test_every_stored_sentence_lies_in_its_passage_and_has_a_vector(ingested):
    for payload in stored(ingested.settings):
        sentences = to_sentences(payload)
        assert sentences.vectors.shape == (len(sentences.spans), 384)
        for span, vector in zip(sentences.spans, sentences.vectors, strict=True):
            assert payload["text"][span.start : span.end].strip()
            assert 0.95 < vector @ vector < 1.05


def test_a_second_ingest_reads_and_embeds_nothing(home, small_book, counting):
    ingest(home, [small_book], embedder=counting)
    generation = Collection(home).generation()
    counting.texts.clear()
    report = ingest(home, [small_book], embedder=counting)
    assert (report.added, report.changed, report.unchanged, report.removed) == (0, 0, 5, 0)
    assert report.passages == len(stored(home))
    assert counting.texts == []
    assert Collection(home).generation() == generation


def test_only_a_changed_file_is_embedded_again(home, small_book, counting):
    ingest(home, [small_book], embedder=counting)
    counting.texts.clear()
    page = small_book / "encoders.md"
    page.write_text(page.read_text(encoding="utf-8") + "\n## Resolvers\n\nA resolver has coils.\n")
    report = ingest(home, [small_book], embedder=counting)
    assert (report.added, report.changed, report.unchanged, report.removed) == (0, 1, 4, 0)
    assert counting.texts
    assert all("Encoders" in text for text in counting.texts)
    own = [p for p in stored(home) if p["source"] == str(page)]
    text = page.read_text(encoding="utf-8")
    assert any("resolver" in p["text"] for p in own)
    assert all(text[p["start"] : p["end"]] == p["text"] for p in own)


def test_passages_that_moved_in_their_file_have_their_new_place(home, small_book, embedder):
    ingest(home, [small_book], embedder=embedder)
    page = small_book / "grippers.md"
    before = {p["passage_id"]: p["start"] for p in stored(home) if p["source"] == str(page)}
    text = page.read_text(encoding="utf-8").replace("\n## Par", "\nA line more 🤖.\n\n## Par")
    page.write_text(text, encoding="utf-8")
    ingest(home, [small_book], embedder=embedder)
    after = [p for p in stored(home) if p["source"] == str(page)]
    assert any(p["start"] > before.get(p["passage_id"], 10**9) for p in after)
    assert all(text[p["start"] : p["end"]] == p["text"] for p in after)


def test_a_vanished_file_is_forgotten(home, small_book, embedder):
    before = ingest(home, [small_book], embedder=embedder)
    (small_book / "batteries.html").unlink()
    report = ingest(home, [small_book], embedder=embedder)
    assert (report.added, report.changed, report.unchanged, report.removed) == (0, 0, 4, 1)
    assert report.passages < before.passages
    assert "batteries.html" not in sources(home)
    opened = Collection(home).open("minilm")
    assert len(source_records(opened.index)) == 4
    assert not [key for key in opened.index.state_keys("") if "batteries" in key]
    assert opened.statistics.documents == report.passages
    opened.index.close()


def test_a_folder_reached_by_another_name_is_the_same_folder(home, small_book, embedder):
    ingest(home, [small_book], embedder=embedder)
    around = small_book / ".." / small_book.name
    report = ingest(home, [around], embedder=embedder)
    assert (report.added, report.removed) == (0, 0)


def test_files_outside_the_given_folders_are_kept(home, small_book, tmp_path, embedder):
    ingest(home, [small_book], embedder=embedder)
    other = tmp_path / "other" / "page.md"
    other.parent.mkdir()
    other.write_text("# Cranes\n\nA crane lifts loads.\n", encoding="utf-8")
    report = ingest(home, [other.parent], embedder=embedder)
    assert (report.added, report.removed) == (1, 0)
    assert len(sources(home)) == 6


def test_a_renamed_file_is_found_under_its_new_name_only(home, small_book, embedder):
    before = ingest(home, [small_book], embedder=embedder)
    (small_book / "encoders.md").rename(small_book / "sensors.md")
    report = ingest(home, [small_book], embedder=embedder)
    assert (report.added, report.changed, report.unchanged, report.removed) == (1, 0, 4, 1)
    assert report.passages == before.passages
    assert "sensors.md" in sources(home)
    assert "encoders.md" not in sources(home)


def test_a_file_that_was_only_touched_costs_nothing(home, small_book, counting):
    ingest(home, [small_book], embedder=counting)
    counting.texts.clear()
    os.utime(small_book / "encoders.md", (1, 1))
    report = ingest(home, [small_book], embedder=counting)
    assert (report.changed, report.unchanged) == (0, 5)
    assert counting.texts == []
    generation = Collection(home).generation()
    ingest(home, [small_book], embedder=counting)
    assert Collection(home).generation() == generation


def test_a_rebuild_starts_from_nothing(home, small_book, tmp_path, embedder):
    other = tmp_path / "page.md"
    other.write_text("# Cranes\n\nA crane lifts loads.\n", encoding="utf-8")
    ingest(home, [other], embedder=embedder)
    report = ingest(home, [small_book], embedder=embedder, rebuild=True)
    assert (report.added, report.removed) == (5, 0)
    assert "page.md" not in sources(home)


def test_incremental_ingests_end_where_one_ingest_would(home, make_settings, small_book, embedder):
    """Statistics, weights and ranking, after the mean length of a passage has drifted far."""
    (small_book / "batteries.html").rename(small_book / "later.txt~")
    ingest(home, [small_book], embedder=embedder)
    (small_book / "later.txt~").rename(small_book / "batteries.html")
    page = small_book / "grippers.md"
    long = "\n".join(f"The {n}th jaw grips part {n} with {n * 3} N of force." for n in range(60))
    page.write_text(page.read_text(encoding="utf-8") + "\n## More\n\n" + long, encoding="utf-8")
    ingest(home, [small_book], embedder=embedder)
    whole = make_settings(collection="whole")
    ingest(whole, [small_book], embedder=embedder)
    one, other = (Collection(settings).open("minilm") for settings in (home, whole))
    assert one.statistics == other.statistics
    assert one.meta.mean_length == pytest.approx(other.meta.mean_length, rel=0.01)
    points = [point for point, _ in other.index.all_payloads()]
    assert sorted(point for point, _ in one.index.all_payloads()) == sorted(points)
    ours, theirs = one.index.vectors(points), other.index.vectors(points)
    for point in points:
        assert ours[point].sparse == pytest.approx(theirs[point].sparse, rel=0.01)
    one.index.close()
    other.index.close()


BAD = {
    "latin1.md": "# Größe\n\nEin Weg über die Brücke.".encode("latin-1"),
    "utf16.md": "# Title\n\nText.".encode("utf-16"),
    "binary.md": bytes(range(256)) * 50,
    "empty.md": b"",
    "blank.md": b" \n\t\n",
    "headings.md": b"# Only\n\n## Headings\n",
    "broken.ipynb": b'{"cells": [',
    "number.ipynb": b"42",
    "broken.pdf": b"%PDF-1.7 and nothing else",
    "empty.html": b"",
    "binary.html": b"\0\1\2\3" * 1_000,
    "invalid.rst": b"Title\n=====\n\n\xff\xfe\xfa",
}


def test_bad_files_are_skipped_with_a_reason_and_stop_nothing(home, small_book, embedder):
    for name, content in BAD.items():
        (small_book / name).write_bytes(content)
    (small_book / "folder.md").mkdir()
    os.mkfifo(small_book / "pipe.md")
    (small_book / "broken-link.md").symlink_to(small_book / "nowhere.md")
    (small_book / "own-link.md").symlink_to(small_book / "own-link.md")
    (small_book / "loop").symlink_to(small_book, target_is_directory=True)
    report = ingest(home, [small_book], embedder=embedder)
    reasons = {Path(skipped.source).name: skipped.reason for skipped in report.skipped}
    missing = set(BAD) - set(reasons)
    assert not missing
    assert {"pipe.md", "broken-link.md", "own-link.md"} <= set(reasons)
    assert all(reasons.values())
    assert not any(str(small_book) in reason for reason in reasons.values())
    assert "0xf6" in reasons["latin1.md"]
    good = ["batteries.html", "encoders.md", "grippers.md", "magnets.pdf", "odometry.ipynb"]
    assert sources(home) == good


def test_a_file_above_the_limit_is_skipped_without_being_read(home, small_book, embedder):
    with (small_book / "huge.md").open("wb") as stream:
        stream.truncate(50 << 20)
    report = ingest(home, [small_book], embedder=embedder)
    (skipped,) = report.skipped
    assert skipped.source.endswith("huge.md")
    assert "LECTERN_MAX_SOURCE_MB" in skipped.reason


def test_a_large_file_within_the_limit_is_read(make_settings, tmp_path, embedder):
    page = tmp_path / "large.md"
    page.write_text("# Large\n\nThe crane lifts.\n\n<!--\n" + "x" * (3 << 20) + "\n-->\n")
    report = ingest(make_settings(max_source_mb=4), [page], embedder=embedder)
    assert report.added == 1


def test_a_file_that_becomes_bad_is_forgotten_and_named(home, small_book, embedder):
    ingest(home, [small_book], embedder=embedder)
    (small_book / "encoders.md").write_bytes(b"\xff\xfe\0")
    report = ingest(home, [small_book], embedder=embedder)
    assert (report.removed, len(report.skipped)) == (1, 1)
    assert "encoders.md" not in sources(home)
    (small_book / "encoders.md").write_text("# Encoders\n\nGood again.\n", encoding="utf-8")
    assert ingest(home, [small_book], embedder=embedder).added == 1


def test_when_the_last_file_vanishes_the_index_is_empty_and_can_be_searched(
    home, tmp_path, embedder
):
    page = tmp_path / "pages" / "page.md"
    page.parent.mkdir()
    page.write_text("# Cranes\n\nA crane lifts loads.\n", encoding="utf-8")
    ingest(home, [page.parent], embedder=embedder)
    page.unlink()
    report = ingest(home, [page.parent], embedder=embedder)
    assert (report.removed, report.passages) == (1, 0)
    assert Lectern.open(home, embedder)._find("crane", 10).passages == ()


@pytest.mark.parametrize("make", ["nothing", "an empty folder", "only bad files"])
def test_nothing_to_read_is_a_clear_error(make, home, tmp_path, embedder):
    place = tmp_path / "place"
    if make != "nothing":
        place.mkdir()
    if make == "only bad files":
        (place / "bad.md").write_bytes(b"\0")
    with pytest.raises(InvalidInput, match=str(place)) as caught:
        ingest(home, [place], embedder=embedder)
    assert caught.value.remedy
    if make == "only bad files":
        assert "bad.md" in caught.value.detail


def test_progress_tells_phases_in_order_and_never_goes_back(home, small_book, embedder):
    told: list[Progress] = []
    ingest(home, [small_book], embedder=embedder, on_progress=told.append)
    phases = [progress.phase for progress in told]
    assert list(dict.fromkeys(phases)) == ["read", "embed", "write"]
    assert phases == sorted(phases, key=["read", "embed", "write"].index)
    for phase in set(phases):
        own = [progress for progress in told if progress.phase == phase]
        assert [p.done for p in own] == sorted(p.done for p in own)
        assert own[-1].done == own[-1].total > 0


TRICKY = (
    "# Größe 🤖\r\n\r\nDer Arm 🦾 hebt é und e\u0301. Der zweite Satz.\r\n\r\n"
    "```c\r\nint a;\r\n```\r\n"
)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
async def test_offsets_count_code_points_whatever_the_line_ends(mark, home, tmp_path, embedder):
    page = tmp_path / "page.md"
    page.write_bytes((mark + TRICKY).encode("utf-8"))
    ingest(home, [page], embedder=embedder)
    book = Lectern.open(home, embedder)
    text = page.read_bytes().decode("utf-8")
    (payload,) = stored(home)
    assert text[payload["start"] : payload["end"]] == payload["text"]
    assert payload["text"].startswith("Der Arm 🦾 hebt")
    assert payload["text"].endswith("int a;\r\n```")
    assert payload["heading"] == ["Größe 🤖"]
    assert await book.document_text(str(page)) == text
    await book.close()


@pytest.mark.parametrize("name", ["batteries.html", "odometry.ipynb", "magnets.pdf"])
async def test_the_extracted_text_is_kept_and_offsets_point_into_it(name, ingested, embedder):
    book = Lectern.open(ingested.settings, embedder)
    source = str(ingested.folder / name)
    text = await book.document_text(source)
    own = [p for p in stored(ingested.settings) if p["source"] == source]
    assert own
    for payload in own:
        assert text[payload["start"] : payload["end"]] == payload["text"]
    assert "never text" not in text
    await book.close()


async def test_the_text_of_a_source_that_is_gone_or_spoilt_is_a_clear_error(
    home, small_book, embedder
):
    ingest(home, [small_book], embedder=embedder)
    book = Lectern.open(home, embedder)
    (small_book / "encoders.md").unlink()
    (small_book / "grippers.md").write_bytes(b"\xff\xfe")
    for name in ("encoders.md", "grippers.md", "never.md"):
        with pytest.raises(PassageNotFound, match=name.replace(".", r"\.")):
            await book.document_text(str(small_book / name))
    await book.close()


def test_two_collections_do_not_mix(home, make_settings, small_book, embedder):
    other = make_settings(collection="other")
    ingest(home, [small_book / "encoders.md"], embedder=embedder)
    ingest(other, [small_book / "grippers.md"], embedder=embedder)
    assert sources(home) == ["encoders.md"]
    assert sources(other) == ["grippers.md"]


def test_lone_surrogates_in_a_notebook_do_not_stop_an_ingest(home, tmp_path, embedder):
    cell = {"cell_type": "markdown", "metadata": {}, "source": "# A\n\nThe arm \ud83e bends."}
    path = tmp_path / "odd.ipynb"
    path.write_text(json.dumps({"cells": [cell], "nbformat": 4, "metadata": {}}))
    assert ingest(home, [path], embedder=embedder).added == 1
