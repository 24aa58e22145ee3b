"""All demos by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from lectern.errors import DemoUnknown
from lectern.robot.demos.base import Demo

_ALL: tuple[Demo[Any], ...] = ()

DEMOS: Mapping[str, Demo[Any]] = MappingProxyType({demo.name: demo for demo in _ALL})


def find(name: str) -> Demo[Any]:
    """Return one demo.

    Raises:
        DemoUnknown: There is none of this name; the remedy lists those there are.
    """
    if name not in DEMOS:
        raise DemoUnknown(f"There is no demo {name[:80]!r}.", f"Demos: {', '.join(DEMOS)}.")
    return DEMOS[name]


def describe() -> list[dict[str, Any]]:
    """Return name, title, book section and parameters (JSON schema) of every demo."""
    return [
        {
            "name": demo.name,
            "title": demo.title,
            "section": demo.section,
            "parameters": demo.Parameters.model_json_schema().get("properties", {}),
        }
        for demo in DEMOS.values()
    ]
