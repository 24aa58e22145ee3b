"""A MuJoCo simulation of a demo's own: for what must not happen to the robot."""

from __future__ import annotations

from typing import Any

import mujoco


def spec_of(urdf: str, step_s: float) -> Any:
    """Return MuJoCo's description of a URDF, links kept apart, ready to be added to.

    Args:
        urdf: The description, unfolded.
        step_s: Duration of one step of the simulation.
    """
    spec = mujoco.MjSpec.from_string(urdf)
    spec.compiler.fusestatic = False
    spec.option.timestep = step_s
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    return spec
