from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from lectern.retrieval.collection import Collection
from lectern.settings import load_settings


@pytest.fixture
def notes(tmp_path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "wheels.md").write_text("# Wheels\n\nA wheel that slips spoils the odometry.\n")
    (folder / "photo.png").write_bytes(b"\x89PNG")
    (folder / "empty.md").touch()
    return folder


def test_a_folder_is_taken_in_and_what_was_skipped_is_reported(lectern, notes):
    report = lectern.json("ingest", str(notes))

    counts = [report[name] for name in ("added", "changed", "unchanged", "removed", "passages")]
    assert counts == [1, 0, 0, 0, 1]
    assert report["collection"] == "book"
    reasons = {skipped["source"]: skipped["reason"] for skipped in report["skipped"]}
    assert reasons["*.png"] == "1 file of an unread format"
    assert "is empty" in reasons[str(notes / "empty.md")]


def test_only_what_changed_is_read_again(lectern, notes):
    lectern.json("ingest", str(notes))
    (notes / "wheels.md").write_text("# Wheels\n\nOmnidirectional wheels carry rollers.\n")
    (notes / "more.md").write_text("# Tracks\n\nTracks grip soft ground.\n")

    report = lectern.json("ingest", str(notes))

    assert (report["added"], report["changed"], report["passages"]) == (1, 1, 2)


def test_people_read_the_report_on_stdout_and_progress_on_stderr(lectern, notes):
    result = lectern("ingest", str(notes))

    assert result.stdout.startswith("Collection 'book': 1 files added, 0 changed, 0 unchanged")
    assert f"Skipped {notes / 'empty.md'}: is empty." in result.stdout
    assert result.stderr.splitlines() == [
        "Reading: 2 of 2",
        "Embedding: 1 of 1",
        "Writing: 1 of 1",
    ]


def test_a_collection_of_its_own_is_filled_and_searched(lectern, notes):
    lectern.json("ingest", str(notes), "--collection", "course")

    found = lectern.json("search", "odometry", "--collection", "course")

    assert [result["title"] for result in found["results"]] == ["Wheels"]


@pytest.mark.parametrize("command", ["ask", "search"])
def test_the_textbook_is_taken_in_when_nothing_ever_was(lectern, command):
    result = lectern(command, "How do I get the tool velocity from the joint velocities?", "--json")

    assert result.exit_code == 0
    assert "Took in" in result.stderr
    assert "Took in" not in lectern(command, "What does a gripper do?").stderr


def test_a_foreign_book_is_not_joined_by_the_textbook(lectern, notes):
    lectern("ingest", str(notes))

    found = lectern.json("search", "Jacobian")

    assert {result["title"] for result in found["results"]} == {"Wheels"}


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        pytest.param(None, 2, "does not exist.", id="no such path"),
        pytest.param(b"", 2, "There is nothing to read in", id="nothing readable"),
    ],
)
def test_a_path_without_sources_is_wrong_use(lectern, tmp_path, content, code, said):
    path = tmp_path / "one.md"
    if content is not None:
        path.write_bytes(content)

    result = lectern("ingest", str(path))

    assert result.exit_code == code
    assert said in result.stderr.splitlines()[-1]


def test_a_name_that_is_not_utf8_is_skipped_and_kept_in_the_report(lectern, notes):
    name = os.fsdecode(os.fsencode(notes) + b"/caf\xe9.md")
    Path(name).write_text("# Coffee\n\nA robot that serves coffee.\n")

    report = lectern.json("ingest", str(notes))

    assert report["added"] == 1
    assert {"source": name, "reason": "Its name is not valid UTF-8. Rename it."} in report[
        "skipped"
    ]


def test_a_second_writer_is_told_who_the_first_is(lectern, notes):
    with Collection(load_settings()).lock():
        result = lectern("ingest", str(notes))

    assert result.exit_code == 1
    assert result.stderr.startswith("error: Another process is writing to the collection 'book'")
    assert str(os.getpid()) in result.stderr


def test_an_index_of_garbage_is_named_and_can_be_made_anew(lectern, notes, tmp_path):
    lectern("ingest", str(notes))
    generation = next((tmp_path / "home/collections/book").glob("generation-*"))
    for file in [path for path in generation.rglob("*") if path.is_file()]:
        file.write_bytes(b"garbage")

    broken = lectern("search", "odometry")

    assert broken.exit_code == 1
    assert "--rebuild" in broken.stderr
    assert broken.stderr.count("\n") == 1
    assert lectern("ingest", str(notes), "--rebuild").exit_code == 0
    assert lectern.json("search", "odometry")["results"]


def test_a_kill_in_the_middle_leaves_the_last_good_index(lectern, notes, start):
    lectern("ingest", str(notes))
    for number in range(400):
        text = f"# Page {number}\n\n" + f"Joint {number} turns by {number} degrees. " * 40
        (notes / f"page{number}.md").write_text(text)
    process = start("ingest", str(notes))
    said = iter(process.stderr.readline, b"")
    assert any(line.startswith(b"Embedding") for line in said)

    process.send_signal(signal.SIGKILL)

    assert process.wait(10) == -signal.SIGKILL
    assert [hit["title"] for hit in lectern.json("search", "odometry")["results"]] == ["Wheels"]
    assert lectern.json("ingest", str(notes / "wheels.md"))["unchanged"] == 1
