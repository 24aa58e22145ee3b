"""What the gate's tests share: a fast planner, clocks to turn, a robot that keeps a record."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lectern.errors import PathBlocked
from lectern.robot.arm import textbook_arm
from lectern.robot.gate import LOCAL, AuditLog, Bounds, Clock, MotionGate, Policy, User, Workspace
from lectern.robot.gate.audit import read_audit
from lectern.robot.goals import JointGoal, NamedGoal, PlanRequest
from lectern.robot.memory import MemoryRobot
from lectern.robot.plan import Grip, Move, Plan
from lectern.robot.robot import Execution
from lectern.robot.trajectory import Trajectory

ARM = textbook_arm()
HOME = ARM.named["home"]
READY = ARM.named["ready"]
ALICE = User("alice", frozenset({"user"}))
BOB = User("bob", frozenset({"user"}))
OPERATOR = User("olga", frozenset({"operator"}))
VISITOR = User("vic", frozenset({"viewer"}))
GO_READY = ("move_named", {"name": "ready"})


def path(start=HOME, goal=READY, *, duration_s=6.0, points=21, names=ARM.names) -> Trajectory:
    """A smooth way from rest to rest: the quintic 10 s^3 - 15 s^4 + 6 s^5."""
    s = np.linspace(0.0, 1.0, points)[:, None]
    way = np.array(goal) - np.array(start)
    positions = np.array(start) + (10 * s**3 - 15 * s**4 + 6 * s**5) * way
    positions[-1] = goal  # exactly, so that a way there and back ends where it began
    velocities = (30 * s**2 - 60 * s**3 + 30 * s**4) * way / duration_s
    return Trajectory(tuple(names), s[:, 0] * duration_s, positions, velocities)


def swing(start=HOME, goal=READY, **more: Any) -> Plan:
    return Plan(ARM.name, (Move(path(start, goal, **more)),))


class StraightPlanner:
    """Plans straight through joint space, and finds blocked what a test says is blocked."""

    def __init__(self) -> None:
        self.blocked = False
        self.checked: list[Plan] = []
        self.plan_instead: Callable[[PlanRequest], Plan] | None = None

    def plan(self, request, start_rad, scene, finger_m) -> Plan:
        if self.plan_instead is not None:
            return self.plan_instead(request)
        goal = request.goal
        if isinstance(goal, NamedGoal):
            end = ARM.pose_named(goal.name)
        else:
            end = goal.positions_rad if isinstance(goal, JointGoal) else READY
        return swing(start_rad, end)

    def check(self, plan, scene, start_rad, finger_m) -> None:
        self.checked.append(plan)
        if self.blocked:
            raise PathBlocked("forearm_link and wall touch.", "Plan around it.")

    def robot_contacts(self, q, finger_m, scene) -> list[tuple[str, str]]:
        return []


class RecordingRobot(MemoryRobot):
    """A robot in memory that records what it was told, and lets a test in at two moments."""

    def __init__(self, planner, **more: Any) -> None:
        super().__init__(ARM, planner, **more)
        self.executed: list[Plan] = []
        self.stops: list[str] = []
        self.halts: list[str] = []
        self.on_execute: Callable[[], None] = lambda: None
        self.hold: asyncio.Event | None = None
        self.began = threading.Event()

    async def execute(self, plan, on_progress=None) -> Execution:
        self.on_execute()
        self.executed.append(plan)
        self.began.set()
        if self.hold is not None:
            await self.hold.wait()
        return await super().execute(plan, on_progress)

    def stop(self, reason) -> None:
        self.stops.append(reason)
        super().stop(reason)

    def halt(self, reason) -> None:
        self.halts.append(reason)
        super().halt(reason)


class Hands:
    """Clock hands that a test turns."""

    def __init__(self) -> None:
        self.wall_s = 1_800_000_000.0
        self.steady_s = 100.0
        self.clock = Clock(lambda: self.wall_s, lambda: self.steady_s)

    def turn(self, seconds: float) -> None:
        self.wall_s += seconds
        self.steady_s += seconds


class Rig:
    """A gate with everything around it within reach."""

    def __init__(
        self,
        folder: Path,
        policy: Policy | None = None,
        *,
        reality="sim",
        audit: AuditLog | None = None,
        bounds: Bounds | None = None,
        workspace: Workspace | None = None,
    ) -> None:
        self.planner = StraightPlanner()
        self.robot = RecordingRobot(self.planner, reality=reality)
        self.audit = audit or AuditLog(folder / "audit" / "motion.jsonl")
        self.hands = Hands()
        self.gate = MotionGate(
            self.robot,
            policy or Policy("ask"),
            self.audit,
            clock=self.hands.clock,
            bounds=bounds,
            workspace=workspace,
        )

    async def approved(self, user=ALICE, call=GO_READY) -> str:
        proposal = await self.gate.propose(user, *call)
        await self.gate.approve(OPERATOR, proposal.digest)
        return proposal.digest

    async def perform(self, plan: Plan, user=LOCAL) -> Execution:
        """Send a whole plan through the gate, as a demo does, approving what it asks for."""
        loop = asyncio.get_running_loop()
        tasks = []
        session = await self.gate.session(
            user,
            "run_demo",
            {"name": "test"},
            lambda p: tasks.append(loop.create_task(self.gate.approve(OPERATOR, p.digest))),
        )
        return await session.perform(plan)

    def entries(self) -> list[dict[str, Any]]:
        self.audit.settle()
        return list(read_audit(self.audit.path))


def altered(plan: Plan, **arrays: Any) -> Plan:
    """A plan of one move with some of its arrays replaced."""
    move = plan.steps[0].trajectory
    fields = {"times_s": move.times_s, "positions": move.positions, "velocities": move.velocities}
    return Plan(plan.robot, (Move(Trajectory(move.names, **{**fields, **arrays})),))


def grip(**fields: Any) -> Plan:
    return Plan(ARM.name, (Grip(**{"width_m": 0.05, "force_n": 10.0, **fields}),))
