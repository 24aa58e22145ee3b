"""What a node offers on the graph, as tables: the node declares them, the docs are made from them.

Nothing here needs ROS, so that the docs can be checked where there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias

Value: TypeAlias = "bool | int | float | str | list[str]"
Role: TypeAlias = Literal[
    "publishes", "subscribes", "serves", "calls", "action server", "action client"
]


@dataclass(frozen=True)
class Parameter:
    """One parameter of a node.

    Attributes:
        name: As in a parameter file.
        default: Its value unless one is given; its type is the parameter's type.
        description: One sentence, with the unit.
        lowest: Least number that is accepted; None: any.
        highest: Greatest number that is accepted; None: any.
        choices: Texts that are accepted; empty: any.
        read_only: Whether it can be set at start only.
    """

    name: str
    default: Value
    description: str
    lowest: float | None = None
    highest: float | None = None
    choices: tuple[str, ...] = ()
    read_only: bool = True

    def fault(self, value: Value) -> str:
        """Return why a value cannot be used; empty if it can."""
        if self.choices and value not in self.choices:
            return f"{self.name} is {value!r}; choose one of {', '.join(self.choices)}"
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            low = self.lowest is not None and not value >= self.lowest
            high = self.highest is not None and not value <= self.highest
            if low or high:
                return f"{self.name} is {value}; use {self.range_text}"
        return ""

    @property
    def range_text(self) -> str:
        """The accepted values, for people."""
        if self.choices:
            return ", ".join(self.choices)
        if self.lowest is None and self.highest is None:
            return ""
        if self.highest is None:
            return f"at least {self.lowest:g}"
        if self.lowest is None:
            return f"at most {self.highest:g}"
        return f"{self.lowest:g} to {self.highest:g}"


@dataclass(frozen=True)
class Endpoint:
    """One topic, service or action of a node.

    Attributes:
        role: What the node does with it.
        name: Relative to the namespace of the node.
        type: Such as `std_msgs/msg/String`.
        description: One sentence, with frames and units.
        qos: Reliability, durability and depth, and the rate in Hz, for people; empty: services.
    """

    role: Role
    name: str
    type: str
    description: str
    qos: str = ""


@dataclass(frozen=True)
class NodeInterface:
    """Everything that one node offers.

    Attributes:
        name: Of the executable, and of the node by default.
        summary: One sentence.
        endpoints: Topics, services and actions.
        parameters: By name.
    """

    name: str
    summary: str
    endpoints: tuple[Endpoint, ...]
    parameters: Mapping[str, Parameter] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(
        cls,
        name: str,
        summary: str,
        endpoints: tuple[Endpoint, ...],
        parameters: tuple[Parameter, ...],
    ) -> NodeInterface:
        """Return an interface with its parameters by name."""
        return cls(name, summary, endpoints, MappingProxyType({p.name: p for p in parameters}))
