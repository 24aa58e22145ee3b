"""Parameters of a node, declared from its table with types, ranges and descriptions."""

from __future__ import annotations

from typing import Any

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from lectern.errors import SettingsError
from lectern_nodes.interface import NodeInterface, Parameter

_LOWEST_INT, _HIGHEST_INT = -(2**63), 2**63 - 1
_HIGHEST_FLOAT = 1.7e308


def declare(node: Node, interface: NodeInterface) -> None:
    """Declare every parameter of a node.

    Raises:
        SettingsError: A value that was given at start cannot be used; the message names it.
    """
    for parameter in interface.parameters.values():
        try:
            node.declare_parameter(parameter.name, parameter.default, _descriptor(parameter))
        except Exception as error:  # rclpy has several, without a common base
            raise SettingsError(
                f"{node.get_fully_qualified_name()}: the parameter {parameter.name} cannot be "
                f"used: {error}.",
                f"It is {type(parameter.default).__name__} {parameter.range_text}.",
            ) from error
        fault = parameter.fault(value(node, parameter.name))
        if fault:
            raise SettingsError(
                f"{node.get_fully_qualified_name()}: {fault}.", "Correct the parameter file."
            )
    node.add_on_set_parameters_callback(lambda changed: _check(interface, changed))


def value(node: Node, name: str) -> Any:
    """Return the present value of a parameter."""
    return node.get_parameter(name).value


def _check(interface: NodeInterface, changed: list[RosParameter]) -> SetParametersResult:
    for parameter in changed:
        known = interface.parameters.get(parameter.name)
        fault = known.fault(parameter.value) if known else ""
        if fault:
            return SetParametersResult(successful=False, reason=fault)
    return SetParametersResult(successful=True)


def _descriptor(parameter: Parameter) -> ParameterDescriptor:
    descriptor = ParameterDescriptor(
        description=parameter.description,
        read_only=parameter.read_only,
        additional_constraints=f"one of {parameter.range_text}" if parameter.choices else "",
    )
    low, high = parameter.lowest, parameter.highest
    if low is None and high is None:
        return descriptor
    if isinstance(parameter.default, int):
        descriptor.integer_range = [
            IntegerRange(
                from_value=_LOWEST_INT if low is None else int(low),
                to_value=_HIGHEST_INT if high is None else int(high),
                step=0,
            )
        ]
    else:
        descriptor.floating_point_range = [
            FloatingPointRange(
                from_value=-_HIGHEST_FLOAT if low is None else float(low),
                to_value=_HIGHEST_FLOAT if high is None else float(high),
                step=0.0,
            )
        ]
    return descriptor
