"""From the node's parameters to the settings of the core. Nothing here needs ROS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lectern.settings import Settings, load_settings

_ANY_FREE_PORT = -1


def settings_of(read: Callable[[str], Any]) -> Settings:
    """Return settings; secrets, and what no parameter names, come from the environment.

    Args:
        read: Returns the value of a parameter.

    Raises:
        SettingsError: A value cannot be used; the message names the setting.
    """
    return load_settings(
        home=read("home") or None,
        book=read("book") or None,
        collection=read("collection") or None,
        answerer=read("answerer"),
        chat_model=read("chat_model") or None,
        answer_threshold=threshold_of(read("answer_threshold")),
        max_question_chars=read("max_question_chars"),
        workers=read("workers"),
        max_waiting=read("max_waiting"),
        host=read("bridge_host"),
        port=max(0, read("bridge_port")),
        robot="embedded" if read("robot") == "embedded" else "none",
        robot_policy=read("robot_policy"),
    )


def has_bridge(bridge_port: int) -> bool:
    """Tell whether the parameter `bridge_port` asks for a bridge."""
    return bridge_port == _ANY_FREE_PORT or bridge_port > 0


def threshold_of(parameter: float) -> float | None:
    """Return the setting for the parameter `answer_threshold`; None is the fitted one."""
    return None if parameter < 0 else parameter
