"""The audit log: on the disk before anything moves, or nothing moves."""

from __future__ import annotations

import json
import os
import stat
import threading

import pytest
from gatekit import ALICE, GO_READY, LOCAL, OPERATOR, Rig

from lectern.errors import AuditFailed, LecternError, PathBlocked
from lectern.robot.gate import AuditLog, Policy
from lectern.robot.gate.audit import read_audit


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
