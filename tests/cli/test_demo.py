"""`lectern demo`: what it lists, runs, prints and refuses."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from lectern.robot.demos.catalogue import DEMOS
from lectern.robot.gate.audit import read_audit


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Take away the handler that a command installed; what it writes to ends with the command."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers, root.level = handlers, level


def test_the_list_has_every_demo_with_section_and_parameters(lectern):
    document = lectern.json("demo", "list")

    assert [entry["name"] for entry in document["demos"]] == list(DEMOS)
    fields = {"name", "title", "section", "section_title", "parameters"}
    assert all(set(entry) == fields for entry in document["demos"])


def test_the_list_for_people_shows_how_to_set_each_parameter(lectern):
    result = lectern("demo", "list")

    assert result.exit_code == 0
    assert "pid: PID step response" in result.stdout
    assert "--set kp_nm_per_rad=600.0" in result.stdout
    assert "--set joint_positions_deg=90,30,60,0,0,0" in result.stdout


def test_a_run_prints_one_document_and_writes_its_pictures_below_the_home(lectern, tmp_path):
    document = lectern.json("demo", "run", "odometry", "--set", "route=circle", "--seed", "3")

    assert set(document) == {"demo", "parameters", "result", "pictures"}
    assert document["demo"] == "odometry"
    assert document["parameters"]["route"] == "circle"
    assert document["result"]["numbers"]["path_length_m"] > 3
    (picture,) = document["pictures"]
    assert Path(picture).parent == tmp_path / "home" / "demos" / "odometry"
    assert Image.open(io.BytesIO(Path(picture).read_bytes())).width == 1000


def test_a_run_that_moves_the_arm_tells_its_steps_on_stderr_and_is_audited(lectern, tmp_path):
    result = lectern(
        "demo",
        "run",
        "forward_kinematics",
        "--set",
        "joint_positions_deg=0,60,-60,0,30,0",
        "--out",
        str(tmp_path / "here"),
    )

    assert result.exit_code == 0
    assert "wrist_centre_m" in result.stdout
    assert "Moving to the joint positions." in result.stderr
    assert (tmp_path / "here" / "frames.png").is_file()
    entries = list(read_audit(tmp_path / "home" / "audit" / "motion.jsonl"))
    assert [entry["verdict"] for entry in entries].count("started") >= 2
    assert entries[-1]["reason"] == "the gate is being closed", "what was owed is written"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["juggle"], "There is no demo 'juggle'. Demos: forward", id="unknown demo"),
        pytest.param(["pid", "--set", "kp=1"], "no parameter 'kp'", id="unknown parameter"),
        pytest.param(["pid", "--set", "step_deg=90"], "step_deg", id="out of range"),
        pytest.param(
            ["forward_kinematics", "--set", "joint_positions_deg=1,2,3"],
            "cannot be '1,2,3': six numbers with commas between them are wanted, not 3.",
            id="too few numbers",
        ),
        pytest.param(["pid", "--set", "step_deg"], "has no key and value", id="no value"),
        pytest.param(["pid", "--seed", "-1"], "--seed", id="seed"),
        pytest.param([], "NAME", id="no name"),
    ],
)
def test_wrong_use_is_one_clear_line(lectern, arguments, said, tmp_path):
    result = lectern("demo", "run", *arguments)

    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""
    assert not (tmp_path / "home" / "audit").exists()


def test_a_motion_that_the_gate_refuses_is_a_failure(lectern):
    # The elbow would be far below the bench.
    result = lectern(
        "demo", "run", "forward_kinematics", "--set", "joint_positions_deg=0,-30,-30,0,0,0"
    )

    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("error: At the goal, ")


@pytest.mark.parametrize("arguments", [("run", "pid"), ("list",)])
def test_without_the_extra_the_missing_packages_are_named(lectern, monkeypatch, arguments):
    for module in ("ompl", "pinocchio"):
        monkeypatch.setitem(sys.modules, module, None)

    result = lectern("demo", *arguments)

    assert result.exit_code == 1
    assert result.stderr.startswith("error: The robot needs ompl, pin, which are not installed. ")
    assert result.stderr.count("\n") == 1


def spoil_by_a_file(audit: Path) -> None:
    audit.parent.mkdir(parents=True)
    audit.touch()


def spoil_by_a_folder(audit: Path) -> None:
    (audit / "motion.jsonl").mkdir(parents=True)


def spoil_by_a_link(audit: Path) -> None:
    audit.mkdir(parents=True)
    (audit / "motion.jsonl").symlink_to("/dev/full")


@pytest.mark.parametrize("spoil", [spoil_by_a_file, spoil_by_a_folder, spoil_by_a_link])
def test_without_an_audit_log_nothing_moves_and_one_line_says_why(lectern, tmp_path, spoil):
    spoil(tmp_path / "home" / "audit")

    result = lectern("demo", "run", "forward_kinematics")

    assert result.exit_code == 1
    assert result.stdout == ""
    errors = [line for line in result.stderr.splitlines() if not line.endswith("positions.")]
    assert len(errors) == 1
    assert errors[0].startswith("error: The audit log motion.jsonl cannot be written: ")


def test_a_folder_that_cannot_be_written_is_named_before_anything_is_computed(lectern, tmp_path):
    result = lectern("demo", "run", "odometry", "--out", "/dev/null/x")

    assert result.exit_code == 2
    assert result.stderr == (
        "error: No picture can be written to /dev/null/x: Not a directory. "
        "Name another folder with --out.\n"
    )
    assert not (tmp_path / "home" / "audit").exists()


def test_without_a_command_the_help_is_shown_as_it_is_and_the_use_is_wrong(lectern):
    result, help_page = lectern("demo"), lectern("demo", "--help")

    assert result.exit_code == 2
    assert help_page.exit_code == 0
    assert result.stderr == help_page.stdout
    assert "\n  list  " in result.stderr
    assert result.stdout == ""
