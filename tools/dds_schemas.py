"""Write the shapes of Lectern's own messages for DDS from their .msg files.

`python tools/dds_schemas.py`; a test holds the written file against the .msg files.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
MESSAGES = ROOT / "ros2_ws/src/lectern_interfaces/msg"
WRITTEN = ROOT / "src/lectern/graph/dds/schemas.py"
PACKAGE = "lectern_interfaces"
HEAD = '''\
"""Shapes of Lectern's own messages, each field with its type, in order.

Written from ros2_ws/src/lectern_interfaces/msg by tools/dds_schemas.py; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SCHEMAS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
'''
TAIL = "    }\n)\n"
_FIELD = re.compile(
    r"(?P<type>[A-Za-z0-9_/]+(?:\[[<=0-9]*\])?)\s+(?P<name>[a-z][a-z0-9_]*)(\s+\S.*)?$"
)
_PRIMITIVES = {
    *("bool", "byte", "char", "float32", "float64", "string"),
    *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
}


def fields(text: str, package: str = PACKAGE) -> dict[str, str]:
    """Return the fields of a .msg file: name and type, nested types in full.

    Raises:
        ValueError: A line is neither a comment, a constant nor a field.
    """
    found = {}
    for line in text.splitlines():
        bare = line.split("#", 1)[0].strip()
        if not bare or "=" in re.sub(r"\[<=\d+\]", "", bare):
            continue
        match = _FIELD.match(bare)
        if match is None:
            raise ValueError(f"cannot read the field {bare!r}")
        found[match["name"]] = _full(match["type"], package)
    return found


def _full(name: str, package: str) -> str:
    base, bracket, bound = name.partition("[")
    if base not in _PRIMITIVES:
        owner, _, short = base.rpartition("/")
        base = f"{owner.removesuffix('/msg') or package}/msg/{short}"
    return base + bracket + bound


def as_module() -> str:
    """Return the text of the module of shapes."""
    lines = [HEAD]
    for path in sorted(MESSAGES.glob("*.msg")):
        shape = fields(path.read_text(encoding="utf-8"))
        if not shape:  # a list of constants has no message of its own
            continue
        lines.append(f'        "{PACKAGE}/msg/{path.stem}": {{\n')
        lines += [f'            "{name}": "{kind}",\n' for name, kind in shape.items()]
        lines.append("        },\n")
    return "".join([*lines, TAIL])


if __name__ == "__main__":
    WRITTEN.write_text(as_module(), encoding="utf-8")
