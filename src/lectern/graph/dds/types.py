"""Message classes for Cyclone DDS, as `rmw_cyclonedds_cpp` of ROS 2 Humble knows them.

The shapes of the standard messages come from ros2-pyterfaces, those of Lectern's own from its .msg
files. What a type is called on the wire is `package::msg::dds_::Type_`; under any other name a node
and Lectern would not find each other.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType, SimpleNamespace
from typing import Any

from lectern.graph.dds.library import load
from lectern.graph.dds.offers import TOPICS
from lectern.graph.dds.schemas import SCHEMAS

# Larger samples are not read: reading takes time, and nobody has so much to say.
MAX_SAMPLE_BYTES = 1_048_576
# ros2-pyterfaces has everything else that is needed.
_TF = {"tf2_msgs/msg/TFMessage": {"transforms": "geometry_msgs/msg/TransformStamped[]"}}
# Messages that only stand in others, and which are made by hand.
_PARTS = ("geometry_msgs/msg/Point", "geometry_msgs/msg/Pose")


@dataclass
class Unreadable:
    """A sample that is no message of its topic's type.

    Attributes:
        reason: What is wrong with it.
        sample_info: About the sample, set by Cyclone DDS.
    """

    reason: str
    sample_info: Any = None


def _make_tolerant(kind: Any) -> Any:
    """Let one bad sample be one bad sample, and not an error for all that came with it."""
    strict = kind.deserialize

    def deserialize(cls: type, data: bytes, *args: Any, **kwargs: Any) -> Any:
        if len(data) > MAX_SAMPLE_BYTES:
            return Unreadable(f"{len(data)} bytes; at most {MAX_SAMPLE_BYTES} are read")
        try:
            return strict(data, *args, **kwargs)
        except Exception as error:  # bytes from outside can fail in any way
            return Unreadable(f"{type(error).__name__}: {error}"[:200])

    def deserialize_key(cls: type, *args: Any, **kwargs: Any) -> Any:
        # It comes when a writer leaves, and no message here has a key.
        return Unreadable("no message")

    # Not by a base class: Cyclone DDS takes bases for parts of the type on the wire.
    kind.deserialize = classmethod(deserialize)
    kind.deserialize_key = classmethod(deserialize_key)
    return kind


@cache
def message_types() -> SimpleNamespace:
    """Return the classes of every message on Lectern's topics and in them, by their short names.

    Fields are taken by keyword, in any order.

    Raises:
        GraphUnavailable: Cyclone DDS or ros2-pyterfaces is missing.
    """
    load()
    for name in (*(topic.type_name for topic in TOPICS), *_PARTS):
        class_of(name)
    return SimpleNamespace(**{kind.__name__: kind for kind in _classes.values()})


_classes: dict[str, Any] = {}


def class_of(type_name: str) -> Any:
    """Return the class of one message.

    Args:
        type_name: `package/msg/Type`.
    """
    if type_name not in _classes:
        package, _, short = type_name.rpartition("/")
        fields = {name: _hint(kind) for name, kind in shape_of(type_name).items()}
        name = f"{package.replace('/', '.')}.dds_.{short}_"
        _classes[type_name] = _make_tolerant(load().idl.make_idl_struct(short, name, fields))
    return _classes[type_name]


def shape_of(type_name: str) -> Mapping[str, str]:
    """Return the fields of a message, name and type as .msg files write them, in order."""
    known = {**SCHEMAS, **_TF}.get(type_name)
    return known if known is not None else _standard_shape(type_name)


def _standard_shape(type_name: str) -> Mapping[str, str]:
    package, _, short = type_name.partition("/msg/")
    schema = getattr(importlib.import_module(f"ros2_pyterfaces.core.{package}.msg"), short)
    fields = {name: _written(entry) for name, entry in schema.items() if name != "__typename"}
    return MappingProxyType(fields)


def _written(entry: Any) -> str:
    """Return the type of a field of ros2-pyterfaces as .msg files write it."""
    if isinstance(entry, str):
        return entry
    if isinstance(entry, Mapping):
        return str(entry["__typename"])
    bound = f"<={entry.max_length}" if entry.max_length else ""
    return f"{_written(entry.subtype)}[{bound}]"


def _hint(kind: str) -> Any:
    """Return the type hint from which Cyclone DDS knows how a field is written."""
    base, bracket, bound = kind.partition("[")
    hint = _plain(base)
    if not bracket:
        return hint
    most = bound.removeprefix("<=").removesuffix("]")
    sequence = load().idl.types.sequence
    return sequence[hint, int(most)] if most else sequence[hint]


def _plain(base: str) -> Any:
    if "/" in base:
        return class_of(base)
    plain = {"string": str, "bool": bool}
    return plain[base] if base in plain else getattr(load().idl.types, base)
