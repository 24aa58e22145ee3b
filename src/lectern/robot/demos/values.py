"""Kinds of parameters that several demos take."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError


def _numbers(count: int) -> BeforeValidator:
    """Take `1, 2, 3` as a list, as it comes from a command line or a form; it must have `count`."""

    def split(value: Any) -> Any:
        if isinstance(value, str):
            value = [part.strip() for part in value.strip("[] ").split(",")]
        if isinstance(value, (list, tuple)) and len(value) != count:
            raise PydanticCustomError(
                "count",
                "{wanted} numbers with commas between them are wanted, not {given}",
                {"wanted": _WORDS[count], "given": len(value)},
            )
        return value

    return BeforeValidator(split)


_WORDS = {3: "three", 6: "six"}
_Angle = Annotated[float, Field(ge=-216, le=216)]
_Rate = Annotated[float, Field(ge=-90, le=90)]

SixAnglesDeg = Annotated[tuple[_Angle, _Angle, _Angle, _Angle, _Angle, _Angle], _numbers(6)]
SixRatesRadPerS = Annotated[tuple[_Rate, _Rate, _Rate, _Rate, _Rate, _Rate], _numbers(6)]
PointM = Annotated[
    tuple[
        Annotated[float, Field(ge=-1.2, le=1.2)],
        Annotated[float, Field(ge=-1.2, le=1.2)],
        Annotated[float, Field(ge=0.0, le=1.6)],
    ],
    _numbers(3),
]
# A hundredth of the speed takes a hundred times as long; slower motions would fill the memory.
SpeedScale = Annotated[float, Field(ge=0.01, le=1)]
