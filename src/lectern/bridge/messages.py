"""What readers of the robot's WebSocket get, as JSON."""

from __future__ import annotations

import json
import math
import time
from typing import Any, TypeAlias

from lectern.bridge.robot_models import ProposalOut
from lectern.robot.gate.events import MotionEvent
from lectern.robot.geometry import Pose
from lectern.robot.robot import RobotView
from lectern.robot.scene import Scene, SceneObject
from lectern.robot.state import RobotState

Poses: TypeAlias = dict[str, tuple[float, ...]]
SceneKey: TypeAlias = tuple[tuple[Any, ...], ...]
MAX_TEXT = 300
SCENE_CHANGED = '{"type":"scene"}'


def encode(message: dict[str, Any]) -> str:
    """Return a message as JSON without spaces.

    Raises:
        ValueError: A number in it is not finite.
    """
    return json.dumps(message, separators=(",", ":"), allow_nan=False)


def hello_message(view: RobotView, rate_hz: int) -> dict[str, Any]:
    """Return the first message of a connection: what the numbers of the states mean."""
    model = view.model
    return {
        "type": "hello",
        "names": [*model.names, *model.gripper.joints],
        "robot": model.name,
        "reality": view.reality,
        "rate_hz": rate_hz,
    }


def state_message(state: RobotState) -> dict[str, Any]:
    """Return a state; `sent_s` is the machine's monotonic clock when the state was taken up."""
    return {
        "type": "state",
        "stamp_s": round(state.stamp_s, 4),
        "sent_s": round(time.monotonic(), 6),
        "positions": [_finite(value) for value in state.positions.tolist()],
        "activity": state.activity.value,
    }


def event_message(event: MotionEvent) -> dict[str, Any] | None:
    """Return an event of the gate; None for what readers need not know."""
    if event.phase == "proposal":
        return _approval_message(event)
    if event.phase in ("approved", "rejected"):
        return {"type": event.phase, "digest": event.digest}
    message: dict[str, Any] = {
        "type": "motion",
        "phase": event.phase,
        "fraction": 1.0 if event.phase == "ended" else round(event.fraction, 4),
        "digest": event.digest,
    }
    if event.phase in ("failed", "stopped"):
        message["error"] = {"code": event.code or "motion_stopped", "detail": event.reason}
    return message


def demo_message(text: str) -> dict[str, Any]:
    """Return one sentence about what the running demo does; an empty one when it has ended."""
    return {"type": "demo", "text": text[:MAX_TEXT]}


def movable_poses(scene: Scene) -> Poses:
    """Return x, y, z (m) and the quaternion of everything that can move, rounded to 0.1 mm."""
    return {
        name: tuple(round(value, 4) + 0.0 for value in _seven(item.pose))
        for name, item in scene.objects.items()
        if item.mass_kg is not None
    }


def scene_key(scene: Scene) -> SceneKey:
    """Return what differs when a scene was changed other than by things moving on their own."""
    held = ((name, attachment.link) for name, attachment in scene.attached.items())
    return (*map(_object_key, scene.objects.values()), *held)


def _object_key(item: SceneObject) -> tuple[Any, ...]:
    place = item.pose if item.mass_kg is None else None
    return (item.name, item.shape, place, item.mass_kg, item.friction, item.colour)


def _approval_message(event: MotionEvent) -> dict[str, Any] | None:
    if event.proposal is None or event.proposal.verdict != "ask":
        return None
    proposal = ProposalOut.of(event.proposal).model_dump(mode="json")
    return {"type": "approval", "proposal": proposal}


def _seven(pose: Pose) -> tuple[float, ...]:
    return (*pose.position_m, *pose.quaternion_xyzw)


def _finite(value: float) -> float | None:
    # JSON knows no NaN; a joint that is not known is null.
    return round(value, 6) if math.isfinite(value) else None
