"""Looking at the robot, planning, approving, moving and stopping."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Request, Response, WebSocket
from starlette.concurrency import run_in_threadpool

from lectern.bridge.dependencies import MotionDep, RobotDep, UserDep
from lectern.bridge.fanout import RATES_HZ, rate_for
from lectern.bridge.problems import documented
from lectern.bridge.robot_models import (
    DigestIn,
    DigestOut,
    ExecutionOut,
    PendingOut,
    PlanIn,
    PlanOut,
    PoseModel,
    ProposalOut,
    ResetIn,
    ResetOut,
    RobotOut,
    StateOut,
    StopOut,
)
from lectern.bridge.stopping import STOP_SCHEMA, stop_reason
from lectern.errors import (
    ApprovalInvalid,
    ApprovalNeeded,
    AuditFailed,
    BodyTooLarge,
    CameraUnavailable,
    GoalInCollision,
    GoalUnreachable,
    InvalidInput,
    LimitsExceeded,
    MotionOff,
    MotionStopped,
    OriginNotAllowed,
    Overloaded,
    PathBlocked,
    PlanningTimeout,
    PlanOutdated,
    PlanUnknown,
    RobotBusy,
    RobotUnavailable,
    ShuttingDown,
    SimulationFailed,
    StartInCollision,
    ToolNotAllowed,
    TrackingLost,
)
from lectern.robot.geometry import Floats

PREFIX = "/api/v1/robot"
MAX_PIXELS = 1_280
DEFAULT_RATE_HZ = 50
XML, PNG = "application/xml", "image/png"

router = APIRouter(prefix=PREFIX, tags=["robot"])

_PLANNING = (
    *(LimitsExceeded, ToolNotAllowed, MotionOff, StartInCollision, GoalInCollision),
    *(GoalUnreachable, PathBlocked, PlanningTimeout, Overloaded, ShuttingDown),
)
_MOVING = (
    *(PlanUnknown, ApprovalNeeded, ApprovalInvalid, AuditFailed, RobotBusy, PlanOutdated),
    *(PathBlocked, MotionStopped, TrackingLost, SimulationFailed),
)
_POST = (OriginNotAllowed, BodyTooLarge, InvalidInput, RobotUnavailable)

Pixels = Annotated[int, Query(ge=16, le=MAX_PIXELS, description="Pixels.")]
Rate = Annotated[
    int,
    Query(ge=1, le=RATES_HZ[-1], description="States a second; rounded up to 10, 20, 30, 50, 100."),
]


@router.get("", summary="What the robot is", responses=documented(RobotUnavailable))
async def describe(motion: MotionDep, robot: RobotDep) -> RobotOut:
    """Return joints with their limits, the gripper, named poses, tools and the policy."""
    return RobotOut.of(motion.view, motion.policy, motion.tools, await robot.has_camera())


@router.get("/", include_in_schema=False)
async def describe_again(motion: MotionDep, robot: RobotDep) -> RobotOut:
    """Return the same as without the slash."""
    return await describe(motion, robot)


@router.get(
    "/urdf",
    summary="The arm's description",
    response_class=Response,
    responses={200: {"content": {XML: {}}}, **documented(RobotUnavailable)},
)
async def urdf(motion: MotionDep) -> Response:
    """Return the arm as URDF."""
    return Response(motion.view.model.urdf, media_type=XML)


@router.get(
    "/urdf/base",
    summary="The mobile base's description",
    response_class=Response,
    responses={200: {"content": {XML: {}}}, **documented(RobotUnavailable)},
)
async def urdf_of_base(motion: MotionDep) -> Response:
    """Return the differential-drive base, which demos play back, as URDF."""
    return Response(await run_in_threadpool(_base), media_type=XML)


@router.get(
    "/state",
    summary="Where every joint is",
    responses=documented(RobotUnavailable),
)
async def state(motion: MotionDep) -> StateOut:
    """Return the newest measurement; of a simulation that has died the last, `failed`."""
    measured, model = motion.view.state(), motion.view.model
    return StateOut(
        names=list(measured.names),
        positions=_finite(measured.positions),
        velocities=_finite(measured.velocities),
        efforts=_finite(measured.efforts),
        stamp_s=measured.stamp_s,
        activity=measured.activity.value,
        tool=PoseModel.of(motion.kinematics.forward(measured.of(model.names))),
        gripper_width_m=float(2 * measured.of(model.gripper.joints[:1])[0]),
    )


@router.get(
    "/picture",
    summary="A picture from a camera",
    response_class=Response,
    responses={
        200: {"content": {PNG: {}}},
        **documented(InvalidInput, CameraUnavailable, RobotUnavailable, SimulationFailed),
    },
)
async def picture(
    motion: MotionDep,
    robot: RobotDep,
    camera: Annotated[str, Query(max_length=64, description="`overview` or `tool`.")] = "overview",
    width: Pixels = 640,
    height: Pixels = 480,
) -> Response:
    """Return what a camera sees now, as PNG."""
    async with robot.drawing.enter():
        return Response(await motion.view.picture(width, height, camera), media_type=PNG)


@router.post("/plan", summary="Plan a motion", responses=documented(*_POST, *_PLANNING))
async def plan(wanted: PlanIn, motion: MotionDep, robot: RobotDep, user: UserDep) -> PlanOut:
    """Plan one motion without moving; the digest is what `approve` and `execute` take."""
    async with robot.planning.enter():
        proposal = await motion.gate.propose(user, wanted.tool, wanted.arguments)
        return PlanOut.of(proposal)


@router.get("/pending", summary="Plans to decide on", responses=documented(RobotUnavailable))
async def pending(motion: MotionDep) -> PendingOut:
    """Return the plans that wait for a person to approve or reject them, oldest first."""
    return PendingOut(proposals=[ProposalOut.of(one) for one in motion.gate.pending()])


@router.post(
    "/approve",
    summary="Approve one exact plan",
    responses=documented(*_POST, PlanUnknown, ApprovalInvalid, ToolNotAllowed, AuditFailed),
)
async def approve(plan: DigestIn, motion: MotionDep, user: UserDep) -> DigestOut:
    """Let one exact plan be executed, once, until it expires."""
    await motion.gate.approve(user, plan.digest)
    return DigestOut(digest=plan.digest)


@router.post(
    "/reject",
    summary="Reject one exact plan",
    responses=documented(*_POST, PlanUnknown, ToolNotAllowed, AuditFailed),
)
async def reject(plan: DigestIn, motion: MotionDep, user: UserDep) -> DigestOut:
    """Let one exact plan never be executed."""
    await motion.gate.reject(user, plan.digest)
    return DigestOut(digest=plan.digest)


@router.post(
    "/execute",
    summary="Carry out a plan",
    responses=documented(*_POST, *_MOVING),
)
async def execute(
    plan: DigestIn, motion: MotionDep, robot: RobotDep, user: UserDep
) -> ExecutionOut:
    """Carry out a plan and answer when it has ended.

    A client that goes away does not stop the motion; its end shows on the WebSocket.
    """
    return ExecutionOut.of(await robot.carry_through(motion.gate.execute(user, plan.digest)))


@router.post(
    "/stop",
    summary="Stop everything",
    responses=documented(OriginNotAllowed, RobotUnavailable),
    openapi_extra={"requestBody": {"content": {"application/json": {"schema": STOP_SCHEMA}}}},
)
async def stop(motion: MotionDep, request: Request) -> StopOut:
    """Bring the robot to rest and void every plan and approval; waits for nothing and nobody.

    Whatever the body is, the robot stops; a JSON object with a `reason` has it recorded.
    """
    motion.gate.stop(None, await stop_reason(request))
    return StopOut(stamp_s=motion.view.state().stamp_s)


@router.post(
    "/reset",
    summary="Begin anew",
    responses=documented(*_POST, ToolNotAllowed, AuditFailed, SimulationFailed),
)
async def reset(
    motion: MotionDep, robot: RobotDep, user: UserDep, wanted: ResetIn | None = None
) -> ResetOut:
    """Put robot and scene back to where they started; whatever runs is stopped."""
    seed = (wanted or ResetIn()).seed
    await robot.carry_through(motion.gate.reset(user, seed))
    return ResetOut(seed=seed, stamp_s=motion.view.state().stamp_s)


@router.websocket("/ws")
async def watch(
    websocket: WebSocket, robot: RobotDep, motion: MotionDep, rate: Rate = DEFAULT_RATE_HZ
) -> None:
    """Send joint states and everything that happens; take `{"type": "stop"}`."""
    await robot.watch(websocket, motion, rate_for(rate))


@lru_cache(maxsize=1)
def _base() -> str:
    from lectern.robot.description import unfold_base

    return unfold_base()


def _finite(values: Floats) -> list[float | None]:
    numbers = np.asarray(values, dtype=np.float64).tolist()
    return [number if math.isfinite(number) else None for number in numbers]
