"""A collection on disk under everything that can go wrong: kills, full disks, two processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from qdrant_client import QdrantClient

from lectern.app import Lectern
from lectern.errors import (
    IndexBusy,
    IndexCorrupt,
    IndexMismatch,
    IndexMissing,
    StorageFull,
    StorageReadOnly,
)
from lectern.ingest import ingest
from lectern.retrieval.collection import Collection, read_meta, write_meta
from lectern.retrieval.index.edge import EdgeIndex
from lectern.settings import Settings

# An ingest that says where it is and waits there until its parent lets it go on, or kills it.
INGEST = """
import sys
from pathlib import Path
from lectern.ingest import ingest
from lectern.settings import Settings

home, book, event, skip = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])

def stop_at(name):
    global skip
    if name == event:
        skip -= 1
        if skip < 0:
            skip = 1_000_000
            print("here", flush=True)
            sys.stdin.readline()

sys.addaudithook(lambda name, args: stop_at(name))
report = ingest(
    Settings(_env_file=None, home=home), [Path(book)], on_progress=lambda p: stop_at(p.phase)
)
print(report.passages)
"""

# A reader that searches as often as it is asked to.
READER = """
import asyncio, json, sys
from lectern.app import Lectern
from lectern.settings import Settings

async def main():
    book = Lectern.open(Settings(_env_file=None, home=sys.argv[1]))
    for line in sys.stdin:
        result = await book.search(line)
        print(json.dumps([hit.passage.text for hit in result.hits]), flush=True)
    await book.close()

asyncio.run(main())
"""


class Child:
    """A Python program in a process of its own, talked to line by line."""

    def __init__(self, program: str, *arguments: object) -> None:
        command = [sys.executable, "-c", program, *map(str, arguments)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def hear(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def say(self, line: str = "") -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        assert self.process.wait(30) == -signal.SIGKILL

    def end(self) -> int:
        self.process.communicate(timeout=60)
        return self.process.returncode


@pytest.fixture
def start() -> Iterator[Callable[..., Child]]:
    children: list[Child] = []

    def make(program: str, *arguments: object) -> Child:
        children.append(Child(program, *arguments))
        return children[-1]

    yield make
    for child in children:
        if child.process.poll() is None:
            child.process.kill()
        child.process.communicate(timeout=30)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A page in a folder of its own."""
    path = tmp_path / "pages" / "page.md"
    path.parent.mkdir()
    path.write_text("# Arms\n\nThe old crane is painted heliotrope.\n", encoding="utf-8")
    return path


def new_sections(count: int) -> str:
    """Return Markdown with as many passages as sections."""
    words = "Each of these sentences is about the motor of joint number"
    return "# Arms\n\nThe new crane is painted vermilion.\n" + "".join(
        f"\n## Joint {n}\n\n{words} {n}. It turns {n} times an hour, and no more.\n"
        for n in range(count)
    )


def texts_about(settings: Settings, embedder, question: str) -> str:
    """Return the text of all passages found."""
    found = Lectern.open(settings, embedder)._find(question, 10)
    return "\n".join(passage.hit.passage.text for passage in found.passages)


def leftovers(settings: Settings) -> list[str]:
    return sorted(path.name for path in Collection(settings).folder.iterdir())


WHOLE = ["CURRENT", "generation-2", "lock"]


def test_a_kill_while_embedding_leaves_the_old_index_and_what_was_computed(
    home, page, embedder, counting, start
):
    ingest(home, [page.parent], embedder=embedder)
    page.write_text(new_sections(90), encoding="utf-8")
    child = start(INGEST, home.home, page.parent, "embed", 0)
    assert child.hear() == "here"
    child.kill()
    assert "heliotrope" in texts_about(home, embedder, "colour of the crane")
    report = ingest(home, [page.parent], embedder=counting)
    assert report.changed == 1
    assert report.passages == 91
    # The first batch of 64 was in the journal.
    assert len(counting.texts) == 91 - 64
    assert "vermilion" in texts_about(home, embedder, "colour of the crane")
    assert leftovers(home) == WHOLE


@pytest.mark.parametrize(
    "stop",
    [
        pytest.param(("shutil.copytree", 0), id="before the old index is copied"),
        pytest.param(("os.mkdir", 3), id="while it is copied"),
        pytest.param(("write", 0), id="before the terms are counted"),
        pytest.param(("os.rename", 0), id="before the new index gets its name"),
        pytest.param(("os.rename", 1), id="before the pointer moves to it"),
        pytest.param(("os.remove", 1), id="before the journal is deleted"),
        pytest.param(("shutil.rmtree", 0), id="before the old index is deleted"),
    ],
)
def test_a_kill_at_any_step_leaves_an_index_that_answers_and_can_be_written(
    stop, home, page, embedder, start
):
    ingest(home, [page.parent], embedder=embedder)
    page.write_text(new_sections(1), encoding="utf-8")
    child = start(INGEST, home.home, page.parent, *stop)
    assert child.hear() == "here"
    child.kill()
    assert "painted" in texts_about(home, embedder, "colour of the crane")
    ingest(home, [page.parent], embedder=embedder)
    text = texts_about(home, embedder, "colour of the crane")
    assert "vermilion" in text
    assert "heliotrope" not in text
    page.write_text(new_sections(2), encoding="utf-8")
    assert ingest(home, [page.parent], embedder=embedder).passages == 3
    assert [name for name in leftovers(home) if not name.startswith("generation")] == [
        "CURRENT",
        "lock",
    ]
    assert len([name for name in leftovers(home) if name.startswith("generation")]) == 1


def test_a_kill_during_the_first_ingest_leaves_nothing_in_the_way(home, page, embedder, start):
    child = start(INGEST, home.home, page.parent, "embed", 0)
    assert child.hear() == "here"
    child.kill()
    with pytest.raises(IndexMissing, match="lectern ingest"):
        Lectern.open(home, embedder)
    assert ingest(home, [page.parent], embedder=embedder).passages == 1


@pytest.fixture
def on_server(monkeypatch, make_settings):
    """Settings for a Qdrant server, for which qdrant-client's in-memory mode stands in."""
    client = QdrantClient(":memory:")
    monkeypatch.setattr(client, "close", lambda: None)
    monkeypatch.setattr("lectern.retrieval.collection.connect", lambda settings: client)
    return make_settings(qdrant_url="http://127.0.0.1:9")


def test_a_first_ingest_into_a_server_that_stops_midway_leaves_nothing_in_the_way(
    on_server, page, embedder
):
    def stop(progress) -> None:
        if progress.phase == "embed":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest(on_server, [page.parent], embedder=embedder, on_progress=stop)
    with pytest.raises(IndexMissing):
        Lectern.open(on_server, embedder)
    assert ingest(on_server, [page.parent], embedder=embedder).added == 1
    assert "heliotrope" in texts_about(on_server, embedder, "colour of the crane")


def test_a_book_on_a_server_is_kept_up_to_date(on_server, page, embedder):
    ingest(on_server, [page.parent], embedder=embedder)
    page.write_text(new_sections(3), encoding="utf-8")
    report = ingest(on_server, [page.parent], embedder=embedder)
    assert (report.changed, report.passages) == (1, 4)
    text = texts_about(on_server, embedder, "colour of the crane")
    assert "vermilion" in text
    assert "heliotrope" not in text
    assert ingest(on_server, [page.parent], embedder=embedder).unchanged == 1


def test_a_second_writer_is_told_who_is_writing(home, page, embedder, start):
    child = start(INGEST, home.home, page.parent, "embed", 0)
    assert child.hear() == "here"
    with pytest.raises(IndexBusy, match=f"process {child.process.pid}") as caught:
        ingest(home, [page.parent], embedder=embedder)
    assert caught.value.code == "index_busy"
    child.say()
    assert child.hear() == "1"
    assert child.end() == 0
    assert ingest(home, [page.parent], embedder=embedder).unchanged == 1


def test_a_reader_sees_the_old_index_during_an_ingest_and_the_new_one_after_it(
    home, page, embedder, start
):
    ingest(home, [page.parent], embedder=embedder)
    readers = [start(READER, home.home) for _ in range(2)]

    def ask() -> list[str]:
        for reader in readers:
            reader.say("What colour is the crane?")
        return [reader.hear() for reader in readers]

    assert all("heliotrope" in reply for reply in ask())
    page.write_text(new_sections(3), encoding="utf-8")
    child = start(INGEST, home.home, page.parent, "write", 0)
    assert child.hear() == "here"
    assert all("heliotrope" in reply for reply in ask())
    child.say()
    assert child.hear() == "4"
    for reply in ask():
        assert "heliotrope" not in reply
        assert "vermilion" in json.loads(reply)[0]
    assert [reader.end() for reader in readers] == [0, 0]


def test_an_index_that_is_replaced_while_it_is_being_opened_is_opened_anew(
    home, page, embedder, monkeypatch
):
    ingest(home, [page.parent], embedder=embedder)
    original = EdgeIndex.open

    def overtaken(folder: Path) -> EdgeIndex:
        monkeypatch.setattr(EdgeIndex, "open", original)
        page.write_text(new_sections(1), encoding="utf-8")
        ingest(home, [page.parent], embedder=embedder)
        return original(folder)

    monkeypatch.setattr(EdgeIndex, "open", overtaken)
    opened = Collection(home).open("minilm")
    assert opened.generation == "generation-2"
    assert opened.meta.passages == 2
    opened.index.close()


def test_an_index_of_another_embedder_is_refused_with_both_ways_out(home, page, counting):
    ingest(home, [page.parent], embedder=counting)
    counting.name = "fastembed:another"
    with pytest.raises(IndexMismatch, match=r"'minilm'.*'fastembed:another'") as caught:
        Lectern.open(home, counting)
    assert "LECTERN_EMBEDDER=minilm" in caught.value.remedy
    assert "--rebuild" in caught.value.remedy
    with pytest.raises(IndexMismatch):
        ingest(home, [page.parent], embedder=counting)
    ingest(home, [page.parent], embedder=counting, rebuild=True)
    Lectern.open(home, counting)


def test_an_index_of_another_format_is_refused(home, page, embedder):
    ingest(home, [page.parent], embedder=embedder)
    index = EdgeIndex.open(Collection(home).folder / "generation-1")
    meta, statistics = read_meta(index, "")
    write_meta(index, replace(meta, format=meta.format + 1), statistics)
    index.close()
    with pytest.raises(IndexMismatch, match=f"format {meta.format + 1}.*format {meta.format}"):
        Lectern.open(home, embedder)


def empty_description(folder: Path) -> None:
    index = EdgeIndex.open(folder / "generation-1")
    index.write_state({"meta": None})
    index.close()


def garbage_statistics(folder: Path) -> None:
    index = EdgeIndex.open(folder / "generation-1")
    index.write_state({"statistics": b"garbage"})
    index.close()


def no_generation(folder: Path) -> None:
    shutil.rmtree(folder / "generation-1")


def pointer_to_nothing(folder: Path) -> None:
    (folder / "CURRENT").write_bytes(b"generation-7\0")


def pointer_of_garbage(folder: Path) -> None:
    (folder / "CURRENT").write_bytes(b"\xff\xfe\x80")


def pointer_is_a_folder(folder: Path) -> None:
    (folder / "CURRENT").unlink()
    (folder / "CURRENT").mkdir()


@pytest.mark.parametrize(
    "damage",
    [
        empty_description,
        garbage_statistics,
        no_generation,
        pointer_to_nothing,
        pointer_of_garbage,
        pointer_is_a_folder,
    ],
    ids=lambda damage: damage.__name__,
)
def test_a_damaged_collection_is_a_clear_error_and_can_be_made_anew(damage, home, page, embedder):
    ingest(home, [page.parent], embedder=embedder)
    damage(Collection(home).folder)
    with pytest.raises(IndexCorrupt, match="cannot be read") as caught:
        Lectern.open(home, embedder)
    assert "--rebuild" in caught.value.remedy
    with pytest.raises(IndexCorrupt):
        ingest(home, [page.parent], embedder=embedder)
    if damage is pointer_is_a_folder:
        return  # nothing of ours makes one, so nothing of ours removes it
    assert ingest(home, [page.parent], embedder=embedder, rebuild=True).passages == 1
    assert "heliotrope" in texts_about(home, embedder, "colour of the crane")


def test_a_damaged_journal_costs_time_and_nothing_else(home, page, embedder):
    collection = Collection(home)
    collection.folder.mkdir(parents=True)
    collection.journal.write_bytes(b"garbage " * 1_000)
    assert ingest(home, [page.parent], embedder=embedder).passages == 1


needs_mounts = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")


@pytest.fixture
def disk(tmp_path: Path, make_settings) -> Iterator[Callable[[str], Settings]]:
    """Make settings whose home is a disk of its own, mounted with these options."""
    mounted: list[Path] = []

    def mount(options: str) -> Settings:
        place = tmp_path / "disk"
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "none", str(place)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"cannot mount a small disk: {done.stderr.strip()}")
        mounted.append(place)
        return make_settings(home=place)

    yield mount
    for place in mounted:
        subprocess.run(["umount", "-l", str(place)], check=True)


@needs_mounts
def test_a_disk_that_is_too_small_from_the_start_is_a_clear_error(disk, page, embedder):
    settings = disk("size=32m")
    with pytest.raises(StorageFull, match="MB free") as caught:
        ingest(settings, [page.parent], embedder=embedder)
    assert caught.value.code == "storage_full"
    assert "LECTERN_HOME" in caught.value.remedy
    with pytest.raises(IndexMissing):
        Lectern.open(settings, embedder)


@needs_mounts
@pytest.mark.parametrize("left", [0, 8_192, 1_000_000])
@pytest.mark.parametrize("had_an_index", [True, False])
def test_a_disk_that_fills_up_in_the_middle_is_a_clear_error(
    left, had_an_index, disk, page, embedder
):
    settings = disk("size=500m")
    if had_an_index:
        ingest(settings, [page.parent], embedder=embedder)
    page.write_text(new_sections(100), encoding="utf-8")
    filler = settings.home / "filler"

    def fill(progress) -> None:
        if progress.phase == "embed" and not filler.exists():
            free = shutil.disk_usage(settings.home).free
            with filler.open("wb") as stream:
                os.posix_fallocate(stream.fileno(), 0, free - left)

    with pytest.raises(StorageFull, match=r"full|MB free") as caught:
        ingest(settings, [page.parent], embedder=embedder, on_progress=fill)
    assert caught.value.code == "storage_full"
    if had_an_index:
        assert "heliotrope" in texts_about(settings, embedder, "colour of the crane")
    filler.unlink()
    assert ingest(settings, [page.parent], embedder=embedder).passages == 101
    assert "vermilion" in texts_about(settings, embedder, "colour of the crane")


@needs_mounts
def test_a_home_that_cannot_be_written_is_a_clear_error(disk, page, embedder):
    settings = disk("size=300m")
    ingest(settings, [page.parent], embedder=embedder)
    subprocess.run(["mount", "-o", "remount,ro", str(settings.home)], check=True)
    for use in (
        lambda: ingest(settings, [page.parent], embedder=embedder),
        lambda: Lectern.open(settings, embedder),
    ):
        with pytest.raises(StorageReadOnly) as caught:
            use()
        assert str(settings.home) in caught.value.detail
        assert "LECTERN_HOME" in caught.value.remedy


def test_a_home_below_a_file_is_a_clear_error(make_settings, page, embedder):
    settings = make_settings(home=page / "home")
    with pytest.raises(StorageReadOnly, match="cannot be written to"):
        ingest(settings, [page.parent], embedder=embedder)


def test_a_copied_index_takes_no_more_room_than_its_data(home, page, embedder):
    ingest(home, [page.parent], embedder=embedder)
    page.write_text(new_sections(1), encoding="utf-8")
    ingest(home, [page.parent], embedder=embedder)
    used = sum(path.stat().st_blocks * 512 for path in home.home.rglob("*"))
    assert used < 20 << 20
