"""The robot's surroundings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Path

from lectern.bridge.dependencies import MotionDep, RobotDep, UserDep
from lectern.bridge.problems import documented
from lectern.bridge.robot import RobotPart
from lectern.bridge.robot_models import ObjectIn, PoseModel, SceneOut
from lectern.bridge.routers.robot import PREFIX
from lectern.errors import (
    AuditFailed,
    BodyTooLarge,
    InvalidInput,
    ObjectInRobot,
    OriginNotAllowed,
    RobotBusy,
    RobotUnavailable,
    SceneObjectInvalid,
    SceneObjectUnknown,
    SimulationFailed,
    ToolNotAllowed,
)
from lectern.motion import Motion
from lectern.robot.gate.users import User
from lectern.robot.scene import Scene

router = APIRouter(prefix=f"{PREFIX}/scene", tags=["scene"])

Name = Annotated[str, Path(max_length=64, description="Of an object in the scene.")]
_READING = (RobotUnavailable, SimulationFailed)
_CHANGING = (
    *(
        OriginNotAllowed,
        BodyTooLarge,
        RobotUnavailable,
        SimulationFailed,
        ToolNotAllowed,
        RobotBusy,
    ),
    *(ObjectInRobot, InvalidInput, AuditFailed),
)


@router.get("", summary="Everything near the robot", responses=documented(*_READING))
async def read_scene(motion: MotionDep) -> SceneOut:
    """Return all objects, those that can move where they are now."""
    return SceneOut.of(motion.view.scene())


@router.post(
    "/objects",
    summary="Add an object",
    status_code=201,
    responses=documented(*_CHANGING, SceneObjectInvalid),
)
async def add_object(item: ObjectIn, motion: MotionDep, robot: RobotDep, user: UserDep) -> SceneOut:
    """Add an object and return the scene."""
    return await _change(motion, robot, user, lambda scene: scene.add(item.to_object()))


@router.put(
    "/objects/{name}/pose",
    summary="Put an object elsewhere",
    responses=documented(*_CHANGING, SceneObjectUnknown),
)
async def move_object(
    name: Name, pose: PoseModel, motion: MotionDep, robot: RobotDep, user: UserDep
) -> SceneOut:
    """Put an object elsewhere and return the scene."""
    return await _change(motion, robot, user, lambda scene: scene.move(name, pose.to_pose()))


@router.delete(
    "/objects/{name}",
    summary="Remove an object",
    responses=documented(*_CHANGING, SceneObjectUnknown),
)
async def remove_object(name: Name, motion: MotionDep, robot: RobotDep, user: UserDep) -> SceneOut:
    """Remove an object and return the scene; the robot lets go of it."""
    return await _change(motion, robot, user, lambda scene: scene.remove(name))


async def _change(
    motion: Motion, robot: RobotPart, user: User, change: Callable[[Scene], Scene]
) -> SceneOut:
    # One at a time, so that two that come at once both find the robot free.
    async with robot.scene_edit:
        seen = motion.view.scene()
        await motion.gate.set_scene(user, change(seen), base=seen)
    return SceneOut.of(motion.view.scene())
