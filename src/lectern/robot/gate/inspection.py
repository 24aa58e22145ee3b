"""The checks of a request and of a plan, in their order, each under its name."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import numpy as np

from lectern.errors import PathBlocked, SceneObjectInvalid, TrajectoryInvalid
from lectern.robot.gate.continuity import check_continuity, check_holding
from lectern.robot.gate.limits import check_form, check_intent, check_pace, check_plan
from lectern.robot.gate.policy import Bounds, Policy
from lectern.robot.gate.proposal import Verdict
from lectern.robot.gate.record import Record
from lectern.robot.gate.scenes import fixed
from lectern.robot.gate.sealing import seal
from lectern.robot.gate.tools import Intent
from lectern.robot.gate.workspace import Workspace
from lectern.robot.goals import JointGoal, NamedGoal, PlanRequest
from lectern.robot.model import RobotModel
from lectern.robot.plan import Grip, Move, Plan
from lectern.robot.robot import RobotView
from lectern.robot.scene import Scene

_GOAL_TOLERANCE_RAD = 1e-4


@dataclass(frozen=True)
class Inspector:
    """Looks at requests and plans; never moves anything.

    Attributes:
        view: The robot.
        policy: What a plan that is right may do.
        workspace: Where the arm may be.
        bounds: How large a plan may be.
    """

    view: RobotView
    policy: Policy
    workspace: Workspace
    bounds: Bounds

    async def plan(self, record: Record, intent: Intent) -> Plan:
        """Check what is asked for and return a plan for it, sealed and not yet checked.

        Raises:
            LecternError: It is refused, or no plan was found.
        """
        if isinstance(intent, Move):  # somebody else planned: there is nothing but the plan
            return seal(Plan(self.view.model.name, (intent,)))
        record.check = "limits"
        check_intent(intent, self.view.model, self.workspace, self.bounds)
        record.check = "planning"
        if isinstance(intent, Grip):
            grips = let_go(intent, self.view.scene(), self.view.model)
            return seal(Plan(self.view.model.name, grips))
        plan = seal(await self.view.plan(intent))
        _check_end(plan, intent, self.view.model)
        record.check = "limits"
        await asyncio.to_thread(check_pace, plan, intent.speed_scale, self.view.model)
        return plan

    async def inspect(self, record: Record, plan: Plan) -> Verdict:
        """Check a sealed plan against limits, scene, present state and policy.

        Raises:
            LecternError: It is refused; `record.check` names the check.
        """
        model = self.view.model
        record.check = "schema"
        check_form(plan, model, self.bounds)
        record.check = "limits"
        await asyncio.to_thread(check_plan, plan, model, self.workspace)
        record.check = "collision"
        await self.view.check(plan)
        await self._check_unnamed(plan)
        record.check = "continuity"
        check_continuity(plan, self.view.state(), model)
        check_holding(plan, self.view.scene())
        record.check = "policy"
        return self.policy.verdict(self.view.reality)

    async def _check_unnamed(self, plan: Plan) -> None:
        """Check that fingers meet only what they are told to take.

        The robot lets closing fingers meet what is free to move, for that is how they grip. What
        they take without a name would be an obstacle, not a load, to the next plan. So the check
        is made again with everything fixed.
        """
        if not any(type(step) is Grip for step in plan.steps):
            return
        try:
            await self.view.check(plan, fixed(self.view.scene()))
        except PathBlocked as error:
            raise SceneObjectInvalid(
                error.detail, "Name the object that is between the fingers as `attach`."
            ) from error


def let_go(grip: Grip, scene: Scene, model: RobotModel) -> tuple[Grip, ...]:
    """Return what a grip comes to: fingers that open fully let go of everything, named or not."""
    if grip.width_m < model.gripper.max_width_m or grip.detach or grip.attach:
        return (grip,)
    return tuple(replace(grip, detach=name) for name in scene.attached) or (grip,)


def _check_end(plan: Plan, request: PlanRequest, model: RobotModel) -> None:
    """Check that a plan ends at the joint positions that were asked for."""
    if isinstance(request.goal, JointGoal):
        wanted = request.goal.positions_rad
    elif isinstance(request.goal, NamedGoal):
        wanted = model.pose_named(request.goal.name)
    else:
        return
    last = plan.steps[-1] if plan.steps else None
    ends = last.trajectory.positions[-1] if isinstance(last, Move) else np.array([])
    if ends.shape != (len(wanted),) or not (np.abs(ends - wanted) <= _GOAL_TOLERANCE_RAD).all():
        raise TrajectoryInvalid("The plan does not end at its goal.", "Plan the motion anew.")
