"""Cyclone DDS, loaded when it is wanted and named when it is missing."""

from __future__ import annotations

import importlib
import importlib.util
import platform
import sys
from typing import Any

from lectern.errors import GraphUnavailable

OLDEST_PYTHON = (3, 11)
# The module that is imported, the package that brings it.
PACKAGES = {"cyclonedds": "cyclonedds", "ros2_pyterfaces": "ros2-pyterfaces"}


def check_library() -> None:
    """Check that this Python has what DDS takes; loads nothing.

    Raises:
        GraphUnavailable: Python is too old, or a package is not installed; the message names it.
    """
    if sys.version_info < OLDEST_PYTHON:
        raise GraphUnavailable(
            f"The graph without ROS needs Python 3.11; this is {platform.python_version()}.",
            "Use a newer Python, run Lectern's ROS 2 nodes, or set LECTERN_DDS=false.",
        )
    missing = [name for module, name in PACKAGES.items() if not importlib.util.find_spec(module)]
    if missing:
        raise GraphUnavailable(
            f"The graph without ROS needs {' and '.join(missing)}, not installed.",
            f"Run `python -m pip install {' '.join(missing)}` in Lectern's environment, or leave "
            "it out (--no-dds).",
        )


def load() -> Any:
    """Return the package `cyclonedds` with its modules.

    Raises:
        GraphUnavailable: It is missing or cannot be loaded.
    """
    check_library()
    try:
        return importlib.import_module("cyclonedds")
    except Exception as error:  # a broken binary can raise anything
        raise GraphUnavailable(
            f"Cyclone DDS cannot be loaded: {error}.",
            "Install the package cyclonedds anew, or leave it out (--no-dds).",
        ) from error
