"""The audit log: on the disk before anything moves, or nothing moves."""

from __future__ import annotations

import fcntl
import json
import os
import stat
import threading

import pytest
from gatekit import ALICE, GO_READY, LOCAL, OPERATOR, Rig

from lectern.errors import AuditFailed, LecternError, PathBlocked
from lectern.robot.gate import AuditLog, Policy
from lectern.robot.gate.audit import read_audit
from lectern.robot.gate.repeats import Repeats
from lectern.robot.gate.rotation import files_of, rotate


class FailingAudit(AuditLog):
    """Breaks when it has written so many entries."""

    def __init__(self, path, after: int, error: Exception) -> None:
        super().__init__(path)
        self.left = after
        self.error = error

    def write(self, entry) -> None:
        if self.left <= 0:
            raise self.error
        self.left -= 1
        super().write(entry)


async def test_every_decision_is_on_record_before_it_takes_effect(rig):
    seen = []
    rig.robot.on_execute = lambda: seen.extend(read_audit(rig.audit.path))
    digest = await rig.approved()
    await rig.gate.execute(ALICE, digest)
    assert [(e["event"], e["user"], e["verdict"]) for e in seen] == [
        ("propose", "alice", "ask"),
        ("approve", "olga", "approved"),
        ("execute", "alice", "started"),
    ]
    last = rig.entries()[-1]
    assert (last["event"], last["verdict"], last["digest"]) == ("execute", "ended", digest)
    assert last["figures"]["duration_s"] == pytest.approx(6.0)
    for entry in rig.entries():
        assert entry["digest"] == digest
        assert entry["tool"] == "move_named"
        assert json.loads(entry["arguments"]) == {"name": "ready"}
        assert entry["unix_s"] == rig.hands.wall_s
        assert entry["time"].startswith("2027-01-15T")


async def test_a_refusal_is_on_record_with_its_check_and_reason(rig):
    digest = await rig.approved()
    rig.planner.blocked = True
    with pytest.raises(PathBlocked):
        await rig.gate.execute(ALICE, digest)
    last = rig.entries()[-1]
    assert (last["verdict"], last["check"], last["code"]) == ("denied", "collision", "path_blocked")
    assert last["reason"] == "forearm_link and wall touch."


@pytest.mark.parametrize("after", [0, 1, 2])
@pytest.mark.parametrize(
    "error",
    [AuditFailed("The disk is full."), OSError(28, "No space left"), MemoryError(), KeyError("x")],
    ids=lambda error: type(error).__name__,
)
async def test_a_log_that_breaks_at_any_moment_before_a_motion_keeps_it_from_moving(
    tmp_path, after, error
):
    rig = Rig(tmp_path, audit=FailingAudit(tmp_path / "a.jsonl", after, error))
    with pytest.raises(AuditFailed):
        await rig.gate.execute(ALICE, await rig.approved())
    assert rig.robot.executed == []
    with pytest.raises(LecternError):
        await rig.gate.propose(ALICE, *GO_READY)


@pytest.mark.parametrize("act", ["session", "set_scene", "reset"])
async def test_nothing_else_happens_without_a_record(tmp_path, act):
    audit = FailingAudit(tmp_path / "a.jsonl", 0, AuditFailed("The disk is full."))
    rig = Rig(tmp_path, Policy("auto"), audit=audit)
    before = rig.robot.scene()

    async def attempt() -> None:
        if act == "session":
            await rig.gate.session(LOCAL, "run_demo", {"name": "x"})
        elif act == "set_scene":
            await rig.gate.set_scene(OPERATOR, before.remove("red_cube"))
        else:
            await rig.gate.reset(OPERATOR)

    with pytest.raises(AuditFailed):
        await attempt()
    assert "red_cube" in rig.robot.scene().objects
    assert rig.robot.stops == []


class FullAfterwards(AuditLog):
    """The disk fills up while the robot moves."""

    full = False

    def _append(self, line) -> None:
        if self.full:
            raise AuditFailed("The disk is full.")
        super()._append(line)


async def test_an_outcome_that_cannot_be_written_is_kept_and_refuses_the_next_motion(tmp_path):
    audit = FullAfterwards(tmp_path / "a.jsonl")
    rig = Rig(tmp_path, Policy("auto"), audit=audit)
    proposal = await rig.gate.propose(ALICE, *GO_READY)
    rig.robot.on_execute = lambda: setattr(audit, "full", True)
    await rig.gate.execute(ALICE, proposal.digest)
    with pytest.raises(AuditFailed):
        await rig.gate.propose(ALICE, "grip", {"width_m": 0.04})
    audit.full = False
    await rig.gate.propose(ALICE, "grip", {"width_m": 0.04})
    assert [e["verdict"] for e in rig.entries()] == ["allowed", "started", "ended", "allowed"]


def test_a_folder_that_is_a_file_is_named_as_the_reason(tmp_path):
    (tmp_path / "audit").write_text("in the way")
    with pytest.raises(AuditFailed, match=r"motion\.jsonl cannot be written"):
        AuditLog(tmp_path / "audit" / "motion.jsonl").write({"event": "x"})


def test_a_log_that_is_a_link_is_not_followed(tmp_path):
    (tmp_path / "motion.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AuditFailed):
        AuditLog(tmp_path / "motion.jsonl").write({"event": "x"})
    assert not (tmp_path / "elsewhere").exists()


def test_a_full_disk_is_named_as_the_reason():
    from pathlib import Path

    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(AuditFailed, match="No space left"):
        AuditLog(Path("/dev/full")).write({"event": "x"})


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), object(), b"x", {1, 2}],
    ids=["not a number", "infinity", "an object", "bytes", "a set"],
)
def test_an_entry_that_is_no_json_is_refused_and_leaves_the_log_whole(tmp_path, value):
    log = AuditLog(tmp_path / "a.jsonl")
    log.write({"event": "before"})
    with pytest.raises(AuditFailed, match="no JSON"):
        log.write({"event": value})
    log.write({"event": "after"})
    assert [e["event"] for e in read_audit(log.path)] == ["before", "after"]


@pytest.mark.parametrize("rest", [b'{"event": "brok', b"\x00\xff", b"[1]\n", b"null\n", b'{"a": '])
def test_a_line_that_a_crash_broke_breaks_neither_reading_nor_writing(tmp_path, rest):
    log = AuditLog(tmp_path / "a.jsonl")
    log.write({"event": "before"})
    with log.path.open("ab") as file:
        file.write(rest)
    log.write({"event": "after"})
    AuditLog(log.path).write({"event": "later"})
    assert [e["event"] for e in read_audit(log.path)] == ["before", "after", "later"]


def test_a_log_that_was_never_written_reads_as_empty(tmp_path):
    assert list(read_audit(tmp_path / "none.jsonl")) == []


def test_only_its_owner_reads_the_log(tmp_path):
    log = AuditLog(tmp_path / "a.jsonl")
    log.write({"event": "x"})
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600


def test_an_entry_stays_one_line_whatever_it_contains(tmp_path):
    log = AuditLog(tmp_path / "a.jsonl")
    text = 'x\n{"event": "approve", "user": "olga"}\r\u2028\ud800'
    log.write({"event": text})
    assert log.path.read_bytes().count(b"\n") == 1
    assert [e["event"] for e in read_audit(log.path)] == [text]


def test_a_write_waits_for_the_disk(tmp_path, monkeypatch):
    synced = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (synced.append(handle), real(handle)))
    AuditLog(tmp_path / "a.jsonl").write({"event": "x"})
    assert len(synced) == 1


def test_a_disk_that_takes_a_line_in_pieces_gets_all_of_it(tmp_path, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, data[:3]))
    log = AuditLog(tmp_path / "a.jsonl")
    log.write({"event": "in pieces"})
    assert [e["event"] for e in read_audit(log.path)] == ["in pieces"]


def test_writers_on_many_threads_do_not_mix_their_lines(tmp_path):
    log = AuditLog(tmp_path / "a.jsonl")

    def work(number: int) -> None:
        for i in range(20):
            (log.write if i % 2 else log.owe)({"writer": number, "i": i, "fill": "x" * 300})

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    log.settle()
    entries = [(e["writer"], e["i"]) for e in read_audit(log.path)]
    assert sorted(entries) == [(n, i) for n in range(8) for i in range(20)]


def test_what_is_owed_is_bounded_and_says_how_much_was_lost(tmp_path):
    log = AuditLog(tmp_path / "a.jsonl")
    with log._lock:  # a disk that hangs
        for number in range(1500):
            log.owe({"event": "stop", "number": number})
    log.settle()
    entries = list(read_audit(log.path))
    assert len(entries) == 1001
    assert entries[-1] == {"event": "lost", "entries": 500}


def sizes(log) -> list[int]:
    return [file.stat().st_size for file in files_of(log.path) if file.exists()]


def test_a_full_log_is_set_aside_and_read_back_in_order(tmp_path):
    log = AuditLog(tmp_path / "a.jsonl", max_file_bytes=200)
    for number in range(30):
        log.write({"number": number})
    assert len(sizes(log)) > 2
    assert max(sizes(log)) <= 200
    assert [e["number"] for e in read_audit(log.path)] == list(range(30))


def test_a_log_takes_no_more_than_eight_files_and_forgets_the_oldest(tmp_path):
    log = AuditLog(tmp_path / "a.jsonl", max_file_bytes=200)
    for number in range(500):
        log.write({"number": number})
    assert len(list(tmp_path.iterdir())) == 8
    assert max(sizes(log)) <= 200
    left = [e["number"] for e in read_audit(log.path)]
    assert left == list(range(left[0], 500))
    assert len(left) > 50


def test_only_its_owner_reads_what_was_set_aside_and_what_follows(tmp_path):
    log = AuditLog(tmp_path / "a.jsonl", max_file_bytes=50)
    for number in range(4):
        log.write({"number": number, "fill": "x" * 20})
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}


def test_an_entry_larger_than_a_file_has_one_of_its_own(tmp_path):
    log = AuditLog(tmp_path / "a.jsonl", max_file_bytes=100)
    for text in ("a", "b" * 1000, "c"):
        log.write({"text": text})
    assert [len(e["text"]) for e in read_audit(log.path)] == [1, 1000, 1]
    assert len(sizes(log)) == 3


async def test_a_full_log_that_cannot_be_set_aside_keeps_everything_from_moving(tmp_path):
    log = AuditLog(tmp_path / "a.jsonl", max_file_bytes=3000)
    rig = Rig(tmp_path, Policy("auto"), audit=log)
    proposal = await rig.gate.propose(ALICE, *GO_READY)
    (tmp_path / "a.jsonl.7").mkdir()
    (tmp_path / "a.jsonl.6").write_text("")
    log.write({"fill": "x" * (2990 - log.path.stat().st_size - len('{"fill": ""}'))})
    with pytest.raises(AuditFailed, match=r"a\.jsonl cannot be written"):
        await rig.gate.execute(ALICE, proposal.digest)
    assert rig.robot.executed == []
    (tmp_path / "a.jsonl.7").rmdir()
    await rig.gate.execute(ALICE, (await rig.gate.propose(ALICE, *GO_READY)).digest)


def test_a_crash_between_two_renames_loses_nothing(tmp_path):
    log = AuditLog(tmp_path / "a.jsonl", max_file_bytes=100)
    for number in range(6):
        log.write({"number": number, "fill": "x" * 20})
    for number in (2, 1):  # as far as it got: the file itself was not set aside yet
        older = tmp_path / f"a.jsonl.{number}"
        older.rename(tmp_path / f"a.jsonl.{number + 1}")
    for number in range(6, 12):
        log.write({"number": number, "fill": "x" * 20})
    assert [e["number"] for e in read_audit(log.path)] == list(range(12))


def test_a_file_that_another_process_has_set_aside_is_not_set_aside_twice(tmp_path):
    first = AuditLog(tmp_path / "a.jsonl", max_file_bytes=100)
    first.write({"number": 0, "fill": "x" * 60})
    inode = first.path.stat().st_ino
    first.write({"number": 1, "fill": "x" * 60})
    rotate(first.path, inode)
    assert first.path.exists()
    assert [e["number"] for e in read_audit(first.path)] == [0, 1]
    assert len(sizes(first)) == 2


def test_a_full_log_waits_while_another_process_sets_it_aside(tmp_path):
    log = AuditLog(tmp_path / "a.jsonl", max_file_bytes=10)
    log.write({"number": 0})
    other = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    writing = threading.Thread(target=log.write, args=({"number": 1},))
    writing.start()
    writing.join(0.1)
    assert writing.is_alive()
    assert len(sizes(log)) == 1
    os.close(other)
    writing.join(20)
    assert [e["number"] for e in read_audit(log.path)] == [0, 1]


def test_what_was_held_back_comes_before_what_is_owed_later(tmp_path):
    log = AuditLog(tmp_path / "a.jsonl")
    log._often = Repeats(lambda: 0.0)
    with log._lock:  # a disk that is slow
        for _ in range(3):
            log.owe_often({"event": "stop"})
        log.owe({"event": "ended"})
    log.settle()
    entries = [(e["event"], e.get("times", 1)) for e in read_audit(log.path)]
    assert entries == [("stop", 1), ("stop", 2), ("ended", 1)]


def test_a_file_that_is_gone_is_not_set_aside(tmp_path):
    rotate(tmp_path / "a.jsonl", 1)
    assert list(tmp_path.iterdir()) == []


def test_two_logs_of_one_file_lose_nothing_while_they_set_it_aside(tmp_path):
    path = tmp_path / "a.jsonl"

    def work(writer: int) -> None:
        log = AuditLog(path, max_file_bytes=2000)
        for i in range(40):
            log.write({"writer": writer, "i": i, "fill": "x" * 20})

    threads = [threading.Thread(target=work, args=(n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    entries = [(e["writer"], e["i"]) for e in read_audit(path)]
    assert sorted(entries) == [(n, i) for n in range(5) for i in range(40)]


def test_a_link_in_the_place_of_a_full_log_is_not_followed(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("x" * 1000)
    (tmp_path / "a.jsonl").symlink_to(elsewhere)
    with pytest.raises(AuditFailed):
        AuditLog(tmp_path / "a.jsonl", max_file_bytes=10).write({"event": "x"})
    assert elsewhere.read_text() == "x" * 1000
