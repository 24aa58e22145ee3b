"""Kinds of parameters that several demos take."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field


def _split(value: Any) -> Any:
    """Take `1, 2, 3` as a list, as it comes from a command line or a form."""
    return (
        [part.strip() for part in value.strip("[] ").split(",")]
        if isinstance(value, str)
        else value
    )


_Angle = Annotated[float, Field(ge=-216, le=216)]
_Rate = Annotated[float, Field(ge=-90, le=90)]

SixAnglesDeg = Annotated[
    tuple[_Angle, _Angle, _Angle, _Angle, _Angle, _Angle], BeforeValidator(_split)
]
SixRatesRadPerS = Annotated[
    tuple[_Rate, _Rate, _Rate, _Rate, _Rate, _Rate], BeforeValidator(_split)
]
PointM = Annotated[
    tuple[
        Annotated[float, Field(ge=-1.2, le=1.2)],
        Annotated[float, Field(ge=-1.2, le=1.2)],
        Annotated[float, Field(ge=0.0, le=1.6)],
    ],
    BeforeValidator(_split),
]
SpeedScale = Annotated[float, Field(gt=0, le=1)]
