"""Checks of what Lectern needs on this machine, and of what it can use; nothing is changed."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lectern.errors import CameraUnavailable, IndexMissing, LecternError
from lectern.motion import PACKAGES, missing_packages
from lectern.settings import Settings

# An index of the textbook, and the files that Qdrant Edge maps while it is made.
_ROOM_MB = 200
_OLDEST_PYTHON = (3, 10)


@dataclass(frozen=True)
class Check:
    """Outcome of one check.

    Attributes:
        name: Short name of the part.
        ok: Whether the part is there and works.
        needed: Whether Lectern, as it is set up, cannot do its work without it.
        detail: What was found, one sentence.
        remedy: What to do about it; empty when `ok`.
    """

    name: str
    ok: bool
    needed: bool
    detail: str
    remedy: str = ""


def all_checks(settings: Settings) -> list[Check]:
    """Return every check, the needed parts first."""
    return [
        *needed_checks(settings),
        *robot_checks(settings),
        graph_check(settings),
        *package_checks(settings),
        *company_checks(settings),
    ]


def needed_checks(settings: Settings) -> list[Check]:
    """Check what no answer can be given without."""
    return [_python(), _model(settings), _index(settings), _book(settings), _home(settings)]


def package_checks(settings: Settings) -> list[Check]:
    """Check the packages that only some settings ask for."""
    return [
        _package("qdrant-client", "qdrant_client", needed=bool(settings.qdrant_url)),
        _package("fastembed", "fastembed", needed=settings.embedder.startswith("fastembed:")),
    ]


def robot_checks(settings: Settings) -> list[Check]:
    """Check what the embedded robot is made of, by loading it, and whether it can be drawn."""
    needed = settings.robot == "embedded"
    parts = [_loaded(module, package, needed=needed) for module, package in PACKAGES.items()]
    return [*parts, _camera(all(part.ok for part in parts))]


def missing_robot_checks(settings: Settings) -> list[Check]:
    """Return a failed check for each package that the robot needs and that is not installed."""
    if settings.robot == "none":
        return []
    return [_not_installed(package, needed=True) for package in missing_packages()]


def graph_check(settings: Settings) -> Check:
    """Check what the graph without ROS takes: packages, and settings that do not contradict."""
    from lectern.graph.dds.config import reach_of
    from lectern.graph.dds.library import load

    needed = settings.dds
    try:
        reach = reach_of(settings)
        load()
    except LecternError as error:
        return Check("DDS", False, needed, error.detail, error.remedy)
    if not needed:
        return Check("DDS", True, False, "Cyclone DDS is there; left out by setting.")
    commands = "" if reach.commands else ", the robot takes no commands from it"
    detail = f"Domain {settings.ros_domain_id}, {reach.words}{commands}."
    return Check("DDS", True, True, f"Version {_version('cyclonedds')}. {detail}")


def company_checks(settings: Settings) -> list[Check]:
    """Check what Lectern works with where it is there, and does without where it is not."""
    return [_chat_endpoint(settings), _ros()]


def _python() -> Check:
    ok = sys.version_info >= _OLDEST_PYTHON
    remedy = "" if ok else "Install Python 3.10 or newer."
    return Check("python", ok, True, f"Python {platform.python_version()}.", remedy)


def _model(settings: Settings) -> Check:
    if settings.embedder == "minilm":
        return _named("embedder", _genuine_minilm)
    # Making another embedder would load a model from elsewhere or call an endpoint.
    return Check("embedder", True, True, f"{settings.embedder}, chosen by setting; not loaded.")


def _genuine_minilm() -> str:
    from lectern.retrieval.embedders.minilm import model_folder, verify

    folder = model_folder()
    verify(folder)
    return f"all-MiniLM-L6-v2 in {folder}, the published files."


def _index(settings: Settings) -> Check:
    from lectern.retrieval.collection import Collection

    def opened() -> str:
        index = Collection(settings).open(settings.embedder)
        index.index.close()
        return (
            f"{index.meta.passages} passages in {settings.collection!r}, "
            f"made with the embedder {index.meta.embedder}."
        )

    try:
        return _named("index", opened)
    except IndexMissing as error:
        remedy = f"It is made by `lectern up`, or by `lectern ingest {settings.book}`."
        return Check("index", False, False, error.detail, remedy)


def _book(settings: Settings) -> Check:
    if settings.book.exists():
        return Check("book", True, True, f"The book is {settings.book}.")
    return Check(
        "book",
        False,
        True,
        f"The book {settings.book} does not exist.",
        "Set LECTERN_BOOK to a file or folder, or unset it.",
    )


def _home(settings: Settings) -> Check:
    home = settings.home
    place = next((folder for folder in (home, *home.parents) if folder.exists()), Path("/"))
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        return Check(
            "home",
            False,
            True,
            f"Nothing can be written to {home}.",
            "Set LECTERN_HOME to a folder of yours.",
        )
    free_mb = shutil.disk_usage(place).free >> 20
    if free_mb < _ROOM_MB:
        return Check(
            "home",
            False,
            True,
            f"The disk that holds {home} has {free_mb} MB free; an index needs {_ROOM_MB} MB.",
            "Make room, or set LECTERN_HOME to a folder on another disk.",
        )
    return Check("home", True, True, f"{home} can be written, {free_mb} MB free.")


def _package(name: str, module: str, *, needed: bool) -> Check:
    if importlib.util.find_spec(module):
        return Check(name, True, needed, "Installed.")
    why = "the settings ask for it" if needed else "nothing asks for it"
    remedy = f"Install {name} into Lectern's environment" + ("." if needed else " to use it.")
    return Check(name, False, needed, f"Not installed; {why}.", remedy)


def _loaded(module: str, package: str, *, needed: bool) -> Check:
    if importlib.util.find_spec(module) is None:
        return _not_installed(package, needed=needed)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a library says of itself is not asked here
            importlib.import_module(module)
    except Exception as error:  # a broken binary can raise anything
        detail = f"Version {_version(package)} cannot be loaded: {error}."
        return Check(package, False, needed, detail, f"Install {package} anew.")
    return Check(package, True, needed, f"Version {_version(package)}, for the robot.")


def _not_installed(package: str, *, needed: bool) -> Check:
    remedy = f"Run `python -m pip install {package}` in Lectern's environment"
    remedy += ", or leave the robot out (--no-robot)." if needed else " to use the robot."
    return Check(package, False, needed, "Not installed; the robot needs it.", remedy)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _camera(robot_loads: bool) -> Check:
    if not robot_loads:
        return Check("camera", False, False, "Not tried: the robot's packages are not there.")
    from lectern.robot.embedded.camera import backend

    try:
        return Check("camera", True, False, f"Pictures of the robot are drawn by {backend()}.")
    except CameraUnavailable as error:
        return Check("camera", False, False, error.detail, error.remedy)


def _chat_endpoint(settings: Settings) -> Check:
    if settings.generates:
        where = settings.openai_base_url or "the OpenAI service"
        return Check(
            "chat endpoint", True, False, f"{settings.chat_model} at {where}; it was not called."
        )
    return Check(
        "chat endpoint",
        False,
        False,
        "None in use; answers are quoted from the book.",
        "Set OPENAI_API_KEY or OPENAI_BASE_URL to let a model write them.",
    )


def _ros() -> Check:
    found = shutil.which("ros2")
    if found and importlib.util.find_spec("rclpy"):
        return Check("ROS 2", True, False, f"Found: {found}.")
    if found or Path("/opt/ros").is_dir():
        detail = "Installed, but not usable from this Python."
        return Check("ROS 2", False, False, detail, "Source its setup file before starting.")
    return Check(
        "ROS 2", False, False, "Not found; everything runs embedded.", "Install ROS 2 to use it."
    )


def _named(name: str, look: Callable[[], str]) -> Check:
    """Run a needed check that reports failure by a named error.

    Raises:
        IndexMissing: Passed on, because it is no failure.
    """
    try:
        return Check(name, True, True, look())
    except IndexMissing:
        raise
    except LecternError as error:
        return Check(name, False, True, error.detail, error.remedy)
