"""What MoveIt and the controllers answer, as Lectern's named errors."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lectern import errors
from lectern.errors import (
    GoalInCollision,
    GoalUnreachable,
    InvalidInput,
    LecternError,
    LimitsExceeded,
    MotionStopped,
    PathBlocked,
    PlanningTimeout,
    PlanOutdated,
    RobotUnavailable,
    StartInCollision,
    TrackingLost,
    TrajectoryInvalid,
)

MOVEIT_SUCCESS = 1
# moveit_msgs/MoveItErrorCodes: the error, and what it says there.
_MOVEIT: Mapping[int, tuple[type[LecternError], str]] = MappingProxyType(
    {
        99999: (PlanningTimeout, "found no plan"),
        -1: (PlanningTimeout, "found no path in the time given"),
        -2: (PathBlocked, "found only a path that its own check refuses"),
        -3: (PathBlocked, "stopped: the surroundings changed and the plan does not fit any more"),
        -4: (TrackingLost, "could not carry out the motion: a controller failed"),
        -5: (RobotUnavailable, "gets no sensor data"),
        -6: (PlanningTimeout, "found no path in the time given"),
        -7: (MotionStopped, "was told to stop"),
        -10: (StartInCollision, "says that something touches where the motion begins"),
        -11: (InvalidInput, "says that the start violates the path's constraints"),
        -12: (GoalInCollision, "says that something would touch at the goal"),
        -13: (GoalUnreachable, "says that the goal violates the path's constraints"),
        -14: (GoalUnreachable, "cannot meet the goal"),
        -15: (RobotUnavailable, "does not know the planning group"),
        -16: (InvalidInput, "cannot use the goal"),
        -17: (InvalidInput, "cannot use the state of the robot"),
        -18: (RobotUnavailable, "does not know a link"),
        -19: (InvalidInput, "does not know an object"),
        -21: (RobotUnavailable, "cannot transform between frames"),
        -22: (RobotUnavailable, "cannot check for collisions"),
        -23: (RobotUnavailable, "has no recent state of the robot"),
        -24: (RobotUnavailable, "has no recent sensor data"),
        -25: (RobotUnavailable, "lost its connection"),
        -26: (LimitsExceeded, "says that the start is outside the limits"),
        -27: (LimitsExceeded, "says that the goal is outside the limits"),
        -28: (InvalidInput, "does not know this kind of goal"),
        -29: (RobotUnavailable, "crashed"),
        -30: (RobotUnavailable, "gave up"),
        -31: (GoalUnreachable, "finds no joint positions that reach the goal"),
    }
)
_REMEDIES: Mapping[type[LecternError], str] = MappingProxyType(
    {
        PlanningTimeout: "Give it more time, or choose another goal.",
        PathBlocked: "Make room, and plan anew.",
        TrackingLost: "See what stands in the arm's way, and the log of the controller.",
        RobotUnavailable: "Look at the log of move_group and at its configuration.",
        MotionStopped: "Plan it anew.",
        StartInCollision: "Move the robot or the object apart.",
        GoalInCollision: "Choose another goal, or make room.",
        GoalUnreachable: "Choose another goal.",
        LimitsExceeded: "Stay within the joints' limits.",
        InvalidInput: "Correct the request.",
    }
)

# control_msgs/action/FollowJointTrajectory_Result.
CONTROLLER_SUCCESSFUL = 0
_CONTROLLER: Mapping[int, type[LecternError]] = MappingProxyType(
    {
        -1: TrajectoryInvalid,
        -2: InvalidInput,
        -3: PlanOutdated,
        -4: TrackingLost,
        -5: TrackingLost,
    }
)
_CONTROLLER_TEXT: Mapping[int, str] = MappingProxyType(
    {
        -1: "calls the trajectory invalid",
        -2: "has other joints",
        -3: "says that the trajectory lies in the past",
        -4: "aborted: the arm left the path by more than its tolerance",
        -5: "aborted: the arm did not reach the goal within its tolerance",
    }
)


def moveit_error(code: int, what: str = "MoveIt") -> LecternError | None:
    """Return the error that a MoveItErrorCodes value stands for; None: success."""
    if code == MOVEIT_SUCCESS:
        return None
    kind, text = _MOVEIT.get(code, (RobotUnavailable, "answered with an unknown code"))
    return kind(f"{what} {text} ({code}).", _REMEDIES[kind])


def controller_error(code: int, text: str, what: str) -> LecternError | None:
    """Return the error of a controller's result; None: success.

    Args:
        code: `error_code` of the result.
        text: `error_string`; a Lectern robot_node begins it with the code of its named error.
        what: Names the controller in the message.
    """
    if code == CONTROLLER_SUCCESSFUL:
        return None
    named = _named(text)
    if named is not None:
        return named
    kind = _CONTROLLER.get(code, TrackingLost)
    says = _CONTROLLER_TEXT.get(code, "failed")
    said = f": {text[:200]}" if text else ""
    return kind(f"{what} {says} ({code}){said}.", "See what the controller's log says; plan anew.")


def _named(text: str) -> LecternError | None:
    """Return the error whose code a text begins with, as in `plan_outdated: joint_1 is ...`."""
    code, colon, rest = text.partition(":")
    kind = _KINDS.get(code.strip()) if colon else None
    return kind(rest.strip()[:400]) if kind else None


_KINDS: Mapping[str, type[LecternError]] = MappingProxyType(
    {
        kind.code: kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, LecternError) and kind is not LecternError
    }
)
