"""Fill the tables of docs/ros/*.md from the tables that nodes and launch files are made from.

Run it after changing what a node or a launch file offers: `python tools/node_docs.py`. A table
stands between two comments, and a test fails when it drifts:

    <!-- table: parameters of assistant_node -->
    <!-- end -->

The first word is `topics`, `services`, `actions`, `parameters` (of a node) or `arguments` (of a
launch file).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
# Where there is no ROS these packages are not installed; what is imported here needs none.
sys.path[:0] = [str(ROOT / "ros2_ws/src" / name) for name in ("lectern_bringup", "lectern_nodes")]

from lectern_bringup.arguments import LAUNCH_FILES, Argument  # noqa: E402
from lectern_nodes.assistant.offers import ASSISTANT  # noqa: E402
from lectern_nodes.robot.offers import ROBOT  # noqa: E402
from lectern_nodes.ros_robot.offers import ROS_ROBOT  # noqa: E402

if TYPE_CHECKING:
    from lectern_nodes.interface import NodeInterface, Parameter

PAGES = ROOT / "docs" / "ros"
NODES: Mapping[str, NodeInterface] = {node.name: node for node in (ASSISTANT, ROBOT, ROS_ROBOT)}
_TABLE = re.compile(
    r"(?P<open><!-- table: (?P<kind>\w+) of (?P<of>[\w.]+) -->\n).*?(?P<close><!-- end -->)",
    re.DOTALL,
)


class UnknownTableError(ValueError):
    """A page asks for a table of something that is not there."""


def filled(page: str) -> str:
    """Return a page with every table as it must be.

    Raises:
        UnknownTableError: A comment names a kind, a node or a launch file that there is not.
    """
    return _TABLE.sub(
        lambda found: found["open"] + table(found["kind"], found["of"]) + found["close"], page
    )


def tables_in(page: str) -> set[tuple[str, str]]:
    """Return what tables a page has, as pairs of kind and owner."""
    return {(found["kind"], found["of"]) for found in _TABLE.finditer(page)}


def wanted() -> set[tuple[str, str]]:
    """Return what tables the pages must have together: whatever would not be empty."""
    of_nodes = {(kind, name) for name in NODES for kind in _KINDS if table(kind, name)}
    return of_nodes | {("arguments", name) for name in LAUNCH_FILES}


def table(kind: str, of: str) -> str:
    """Return one table as Markdown; empty if it would have no rows.

    Raises:
        UnknownTableError: There is no such kind, node or launch file.
    """
    if kind == "arguments" and of in LAUNCH_FILES:
        return _arguments(LAUNCH_FILES[of])
    if kind in _KINDS and of in NODES:
        return _KINDS[kind](NODES[of])
    raise UnknownTableError(f"there is no table `{kind} of {of}`")


def _endpoints(*roles: str) -> Callable[[NodeInterface], str]:
    with_qos = "publishes" in roles
    head = ("name", "role", "type", *(["QoS"] if with_qos else []), "what it is")

    def rows(node: NodeInterface) -> Iterable[tuple[str, ...]]:
        for end in node.endpoints:
            if end.role in roles:
                qos = [end.qos] if with_qos else []
                yield f"`{end.name}`", end.role, f"`{end.type}`", *qos, end.description

    return lambda node: _markdown(head, rows(node))


def _parameters(node: NodeInterface) -> str:
    rows = (
        (f"`{p.name}`", _value(p.default), _accepted(p), _set(p), p.description)
        for p in node.parameters.values()
    )
    return _markdown(("parameter", "default", "accepted", "set", "what it is"), rows)


def _arguments(arguments: Iterable[Argument]) -> str:
    rows = (
        (
            f"`{a.name}`",
            f"`config/{a.default}`" if a.in_config else _value(a.default),
            ", ".join(f"`{choice}`" for choice in a.choices),
            a.description,
        )
        for a in arguments
    )
    return _markdown(("argument", "default", "accepted", "what it is"), rows)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "empty" if value in ("", []) else f"`{value}`"


def _accepted(parameter: Parameter) -> str:
    if parameter.choices:
        return ", ".join(_value(choice) for choice in parameter.choices)
    return parameter.range_text or type(parameter.default).__name__


def _set(parameter: Parameter) -> str:
    return "at start" if parameter.read_only else "any time"


def _markdown(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(cells)} |\n" for cells in rows]
    if not lines:
        return ""
    return "".join([f"| {' | '.join(head)} |\n", f"|{'---|' * len(head)}\n", *lines])


_KINDS: Mapping[str, Callable[[NodeInterface], str]] = {
    "topics": _endpoints("publishes", "subscribes"),
    "services": _endpoints("serves", "calls"),
    "actions": _endpoints("action server", "action client"),
    "parameters": _parameters,
}


if __name__ == "__main__":
    for path in sorted(PAGES.glob("*.md")):
        path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
