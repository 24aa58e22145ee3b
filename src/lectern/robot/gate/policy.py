"""Whether a person is asked before a motion, and how much the gate keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from lectern.errors import MotionOff, SettingsError
from lectern.robot.robot import Reality

SimMode: TypeAlias = Literal["auto", "ask", "off"]
RealMode: TypeAlias = Literal["ask", "off"]
Mode: TypeAlias = Literal["auto", "ask", "off"]

_MODES: dict[str, tuple[Mode, ...]] = {"sim": ("auto", "ask", "off"), "real": ("ask", "off")}
_MAX_APPROVAL_S = 3600.0


@dataclass(frozen=True)
class Policy:
    """What happens to a plan that passed every other check.

    Attributes:
        sim: For a simulated robot: `auto` runs it, `ask` waits for a person, `off` refuses.
        real: For a real robot; `auto` does not exist here.
        approval_s: How long a proposal and its approval are good for, at most an hour.

    Raises:
        SettingsError: A mode does not exist for that kind of robot, or the time is out of range.
    """

    sim: SimMode = "auto"
    real: RealMode = "off"
    approval_s: float = 60.0

    def __post_init__(self) -> None:
        for reality in ("sim", "real"):
            self._check(reality, getattr(self, reality))
        if not 0 < self.approval_s <= _MAX_APPROVAL_S:
            raise SettingsError(
                f"Approvals cannot be good for {self.approval_s} s.",
                f"Use more than 0 and at most {_MAX_APPROVAL_S:g} s.",
            )

    def _check(self, reality: str, mode: object) -> None:
        if mode not in _MODES[reality]:
            raise SettingsError(
                f"The motion policy of a robot of kind {reality!r} cannot be {mode!r:.40}.",
                f"Use one of {', '.join(_MODES[reality])}.",
            )

    def mode(self, reality: Reality) -> Mode:
        """Return what applies to a robot; `off` for anything that is not known."""
        known = _MODES.get(reality, ())
        chosen = getattr(self, reality, "off") if known else "off"
        return next((mode for mode in known if mode == chosen), "off")

    def verdict(self, reality: Reality) -> Literal["allowed", "ask"]:
        """Return what a plan that is otherwise right may do.

        Raises:
            MotionOff: Nothing may move.
        """
        mode = self.mode(reality)
        if mode == "off":
            raise MotionOff(
                "The motion policy lets nothing move.", "Set the policy to ask or, in sim, auto."
            )
        return "allowed" if mode == "auto" else "ask"


@dataclass(frozen=True)
class Bounds:
    """How much the gate takes, so that nobody can fill it up.

    Attributes:
        proposals: Waiting or in the making, of all users.
        proposals_per_user: Of one user.
        argument_bytes: Of a tool call, as JSON.
        trajectory_bytes: The same where a whole trajectory is sent.
        steps: Of one plan.
        points: Of all moves of one plan.
        duration_s: Of all moves of one plan.
        plan_timeout_s: Longest time that a caller may let the planner search.
        listeners: Of events.
    """

    proposals: int = 64
    proposals_per_user: int = 8
    argument_bytes: int = 16_384
    trajectory_bytes: int = 4 * 2**20
    steps: int = 200
    points: int = 50_000
    duration_s: float = 600.0
    plan_timeout_s: float = 60.0
    listeners: int = 256
