"""A domain that nobody else uses, on loopback; a book that was taken in once."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

if importlib.util.find_spec("rclpy") is None:
    collect_ignore_glob = ["test_*.py"]

BOOK = """\
# Grippers

## Parallel jaws

Two parallel jaws move along one axis and hold a part by friction. A jaw that presses with 20 N on
rubber with a coefficient of 0.8 holds at most 16 N per finger.
"""


@pytest.fixture(scope="session", autouse=True)
def _own_graph() -> Iterator[None]:
    from ament_index_python.packages import get_package_share_directory
    from domain_coordinator import domain_id

    settings = Path(get_package_share_directory("lectern_bringup"), "config", "cyclonedds.xml")
    for name in [name for name in os.environ if name.startswith(("LECTERN_", "OPENAI_"))]:
        del os.environ[name]
    os.environ["CYCLONEDDS_URI"] = f"file://{settings}"
    with domain_id() as number:
        os.environ["ROS_DOMAIN_ID"] = str(number)
        yield
        # `ros2 topic echo` starts it.
        subprocess.run(["ros2", "daemon", "stop"], check=True, capture_output=True)


@pytest.fixture(scope="session")
def _taken_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("book")
    (top / "book").mkdir()
    (top / "book" / "grippers.md").write_text(BOOK, encoding="utf-8")
    environment = {**os.environ, "LECTERN_HOME": str(top / "home")}
    ingest = ["ros2", "run", "lectern", "lectern", "ingest", str(top / "book")]
    subprocess.run(ingest, env=environment, check=True, capture_output=True)
    return top


@pytest.fixture
def new_home(_taken_in: Path, tmp_path: Path) -> Callable[[], dict[str, str]]:
    """Make a data folder with the book in it; return the settings that choose both."""

    def make() -> dict[str, str]:
        home = tmp_path / f"home{len(list(tmp_path.iterdir()))}"
        shutil.copytree(_taken_in / "home", home)
        return {"LECTERN_HOME": str(home), "LECTERN_BOOK": str(_taken_in / "book")}

    return make


@pytest.fixture
def listener() -> Iterator[Any]:
    from listening import Listener

    made = Listener()
    try:
        yield made
    finally:
        made.close()
