"""The classes for DDS say exactly what the .msg files say, under the names that ROS 2 uses."""

from __future__ import annotations

import importlib.util
from dataclasses import fields
from pathlib import Path

import pytest

pytest.importorskip("cyclonedds", reason="needs Python 3.11 and the extra dds")

from lectern.assistant.model import Answer, Citation, CitationFound, NearSection, Token
from lectern.errors import Overloaded
from lectern.graph.dds import offers
from lectern.graph.dds.schemas import SCHEMAS
from lectern.graph.dds.types import class_of, message_types, shape_of
from lectern.graph.messages import Chunks, answer_message, refusal_message, time_message

ROOT = Path(__file__).parents[2]
ROS = Path("/opt/ros/humble/share")


def tool():
    spec = importlib.util.spec_from_file_location("dds_schemas", ROOT / "tools/dds_schemas.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def reached(type_name, found=None):
    """Return a message type and all that stand in it."""
    found = set() if found is None else found
    if type_name not in found:
        found.add(type_name)
        for kind in shape_of(type_name).values():
            base = kind.partition("[")[0]
            if "/" in base:
                reached(base, found)
    return found


ALL = sorted(set().union(*(reached(topic.type_name) for topic in offers.TOPICS)))
STANDARD = [name for name in ALL if not name.startswith("lectern_interfaces/")]


def test_the_shapes_of_lecterns_messages_are_those_of_their_files():
    module = tool()
    assert module.WRITTEN.read_text(encoding="utf-8") == module.as_module()


def test_every_message_of_lectern_on_a_topic_has_its_shape():
    assert {name for name in ALL if name not in STANDARD} <= set(SCHEMAS)


@pytest.mark.parametrize("type_name", STANDARD)
def test_the_shape_of_a_standard_message_is_that_of_ros_2(type_name):
    package, _, short = type_name.partition("/msg/")
    path = ROS / package / "msg" / f"{short}.msg"
    if not path.exists():
        pytest.skip("needs the message definitions of ROS 2 Humble")

    written = tool().fields(path.read_text(encoding="utf-8"), package)

    assert list(shape_of(type_name).items()) == list(written.items())


@pytest.mark.parametrize("type_name", ALL)
def test_a_class_has_the_fields_in_order_and_the_name_on_the_wire(type_name):
    package, _, short = type_name.partition("/msg/")
    kind = class_of(type_name)
    kind.__idl__.populate()

    assert kind.__idl__.idl_transformed_typename == f"{package}::msg::dds_::{short}_"
    assert [field.name for field in fields(kind)] == list(shape_of(type_name))
    assert kind.__idl__.keyless
    assert kind.__idl__.xcdrv1_head == 0  # final


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("int32 A = 1\nint32 a\n", {"a": "int32"}),
        ("string[] names # many\nOther[<=3] few", {"names": "string[]", "few": "p/msg/Other[<=3]"}),
        ("std_msgs/Header header\n\n# nothing", {"header": "std_msgs/msg/Header"}),
        ('float64 w 1\nstring s "a b"', {"w": "float64", "s": "string"}),
        ("uint8 KIND=2  # constant\nfloat64[9] k", {"k": "float64[9]"}),
    ],
)
def test_a_message_file_is_read_as_ros_reads_it(text, shape):
    assert tool().fields(text, "p") == shape


def test_a_field_that_cannot_be_read_is_named():
    with pytest.raises(ValueError, match=r"'int32 Upper'"):
        tool().fields("int32 Upper")


def test_every_kind_of_message_comes_back_as_it_was_sent():
    types = message_types()
    stamp = time_message(types, 12.25)
    citation = Citation("p", "t", ("t", "s"), "a", "b.md", "quöte ∑", 3, 2**32 - 1, 0.5)
    near = NearSection("p", "t", ("t",), "a", "b.md", 0.25)
    answer = Answer("q", "text", True, (citation,), "extractive", {}, (near,))
    particulars = {
        "question_id": "i", "conversation_id": "c", "stamp": stamp, "since_s": 0.1
    }  # fmt: skip
    chunks = Chunks(types, "i")
    messages = [
        answer_message(types, answer, **particulars),
        refusal_message(types, Overloaded("No."), question="q", **particulars),
        chunks.of(Token("a")),
        chunks.of(CitationFound(1, citation)),
        chunks.end(),
    ]

    for message in messages:
        assert type(message).deserialize(message.serialize()) == message
