"""Demos that show a section of the book on the robot."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from lectern.bridge.dependencies import MotionDep, RobotDep, UserDep
from lectern.bridge.problems import documented
from lectern.bridge.robot_models import DemoIn, DemoOut, DemoRunOut, DemosOut
from lectern.bridge.routers.robot import PNG, PREFIX
from lectern.errors import (
    ApprovalInvalid,
    ApprovalNeeded,
    AuditFailed,
    BodyTooLarge,
    DemoUnknown,
    GraspFailed,
    InvalidInput,
    MotionOff,
    MotionStopped,
    OriginNotAllowed,
    PathBlocked,
    PictureUnknown,
    RobotBusy,
    RobotUnavailable,
    SimulationFailed,
    ToolNotAllowed,
    TrackingLost,
)

router = APIRouter(prefix=f"{PREFIX}/demos", tags=["demos"])

_RUNNING = (
    *(
        OriginNotAllowed,
        BodyTooLarge,
        RobotUnavailable,
        DemoUnknown,
        InvalidInput,
        RobotBusy,
        ToolNotAllowed,
    ),
    *(MotionOff, ApprovalNeeded, ApprovalInvalid, MotionStopped, PathBlocked, GraspFailed),
    *(TrackingLost, SimulationFailed, AuditFailed),
)


@router.get("", summary="All demos", responses=documented(RobotUnavailable))
async def list_demos(motion: MotionDep) -> DemosOut:
    """Return every demo with its parameters and the section of the book that it shows."""
    return DemosOut(demos=[DemoOut(**demo) for demo in motion.demos()])


@router.post("/{name}", summary="Run a demo", responses=documented(*_RUNNING))
async def run_demo(
    name: Annotated[str, Path(max_length=64, description="Of a demo.")],
    motion: MotionDep,
    robot: RobotDep,
    user: UserDep,
    wanted: DemoIn | None = None,
) -> DemoRunOut:
    """Run a demo and answer when it has ended; one runs at a time.

    A client that goes away does not stop it. What it does is told on the WebSocket, and so is each
    motion that waits for an approval, where the policy asks.
    """
    chosen = wanted or DemoIn()
    demo = motion.run_demo(
        user, name, chosen.parameters, chosen.seed, tell=robot.fanout.tell_of_demo
    )
    ran = await robot.one_demo(demo)
    run = robot.runs.keep(ran.result.pictures)
    return DemoRunOut.of(
        run,
        ran.demo,
        ran.parameters,
        ran.result.document(),
        {
            picture: f"{router.prefix}/runs/{run}/pictures/{picture}.png"
            for picture in ran.result.pictures
        },
    )


@router.get(
    "/runs/{run}/pictures/{name}.png",
    summary="A picture that a demo drew",
    response_class=Response,
    responses={200: {"content": {PNG: {}}}, **documented(PictureUnknown, InvalidInput)},
)
async def read_picture(
    run: Annotated[str, Path(max_length=64, description="As the run's answer gave it.")],
    name: Annotated[str, Path(max_length=64, description="Of a picture of the run.")],
    robot: RobotDep,
) -> Response:
    """Return a picture of one of the newest runs, as PNG."""
    return Response(robot.runs.picture(run, name), media_type=PNG)
