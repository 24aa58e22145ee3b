"""The workspace builds in both install modes, and its tests pass; needs ROS 2."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from workspace import ROOT, packages

NEEDED = {"rclpy": "ROS 2", "colcon_core": "colcon: make install-ros"}
MISSING = [what for name, what in NEEDED.items() if importlib.util.find_spec(name) is None]

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"needs ROS 2 ({', '.join(MISSING)} is missing)"),
    pytest.mark.slow,
    pytest.mark.timeout(2_400),
]
COLCON = [sys.executable, "-m", "colcon"]
MODES = {"plain": [], "links": ["--symlink-install"]}
PROBE = """\
import lectern_interfaces.msg
from lectern.robot.description import unfold_arm
from lectern.settings import default_book
print(default_book() / "index.md")
assert (default_book() / "index.md").is_file() and "<robot" in unfold_arm()
"""


class Workspace:
    """Folders of one build; colcon writes nowhere else."""

    def __init__(self, folder: Path, mode: list[str]) -> None:
        self.folder = folder
        self.mode = mode

    def colcon(self, verb: str, *arguments: str) -> str:
        bases = ["--build-base", str(self.folder / "build")]
        bases += ["--install-base", str(self.folder / "install")]
        log = ["--log-base", str(self.folder / "log")]
        return run([*COLCON, *log, verb, *bases, *arguments], clean_environment())

    def sourced(self, command: str) -> str:
        setup = f". {self.folder}/install/setup.bash"
        return run(["bash", "-c", f"{setup}; {command}"], clean_environment())


def clean_environment() -> dict[str, str]:
    """Leave out what is for this pytest's own run, not for those that it starts."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "LECTERN_"))}


def run(command: list[str], environment: dict[str, str]) -> str:
    bin_first = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    environment |= {"PATH": bin_first, "VIRTUAL_ENV": sys.prefix}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module", params=MODES)
def workspace(request, tmp_path_factory) -> Workspace:
    made = Workspace(tmp_path_factory.mktemp(request.param), MODES[request.param])
    made.colcon("build", *made.mode)
    return made


def test_every_package_is_installed_with_what_belongs_to_it(workspace):
    share = workspace.folder / "install"
    for package in packages():
        installed = share / package.name / "share" / package.name
        assert (installed / "package.xml").is_file()
    bringup = share / "lectern_bringup" / "share" / "lectern_bringup"
    for folder in ("launch", "config"):
        there = {path.name for path in (bringup / folder).iterdir()}
        assert there == {path.name for path in (ROOT / folder).iterdir() if path.is_file()}


def test_the_core_finds_its_book_and_description_and_the_nodes_their_executables(workspace):
    book = workspace.sourced(f"cd /; {sys.executable} -c '{PROBE}'")
    assert book.startswith(str(ROOT)) == bool(workspace.mode)
    executables = workspace.sourced("ros2 pkg executables lectern_nodes")
    assert executables.split() == ["lectern_nodes", "assistant_node", "lectern_nodes", "robot_node"]


def test_the_tests_of_every_package_pass(workspace):
    # The nodes are the same files in both modes: once is enough for what takes minutes.
    chosen = ["--packages-select", "lectern", "lectern_bringup"] if workspace.mode else []
    workspace.colcon("test", *chosen)
    results = ["test-result", "--verbose", "--test-result-base", str(workspace.folder / "build")]
    told = run(
        [*COLCON, "--log-base", str(workspace.folder / "log"), *results], clean_environment()
    )
    assert " 0 errors, 0 failures" in told


@pytest.mark.parametrize("workspace", ["plain"], indirect=True)
def test_nodes_of_ros_and_the_graph_without_ros_hear_each_other(workspace):
    told = workspace.sourced(f"{sys.executable} -m pytest tests/graph/test_against_ros.py")
    assert "skipped" not in told
