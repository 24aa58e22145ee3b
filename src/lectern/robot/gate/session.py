"""Several motions under one tool, each checked, approved and recorded by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from lectern.errors import InvalidInput
from lectern.robot.gate.desk import Desk
from lectern.robot.gate.record import Record
from lectern.robot.gate.sealing import seal
from lectern.robot.gate.surroundings import Surroundings
from lectern.robot.gate.tools import Intent, tool_for
from lectern.robot.gate.users import User
from lectern.robot.gate.waiting import OnApproval, approved
from lectern.robot.goals import PlanRequest
from lectern.robot.plan import Grip, Plan
from lectern.robot.robot import Execution
from lectern.robot.scene import Scene

Execute: TypeAlias = Callable[[User, str], Awaitable[Execution]]


class MotionSession:
    """What a demo moves with; made by `MotionGate.session`.

    Every call goes through all checks of a proposal and of an execution. Where the policy asks, it
    waits until a person approves, rejects, or the proposal expires. After a stop, every call raises
    `MotionStopped`: a session does not outlive a stop.
    """

    def __init__(
        self,
        desk: Desk,
        surroundings: Surroundings,
        *,
        execute: Execute,
        user: User,
        arguments: str,
        epoch: int,
        on_approval: OnApproval | None,
    ) -> None:
        self._desk = desk
        self._surroundings = surroundings
        self._execute = execute
        self._user = user
        self._arguments = arguments
        self._epoch = epoch
        self._on_approval = on_approval

    async def move(self, request: PlanRequest) -> Execution:
        """Plan one motion and make it.

        Raises:
            LecternError: As `MotionGate.propose` and `MotionGate.execute` do.
            ApprovalInvalid: A person rejected it, or nobody approved it in time.
        """
        if type(request) is not PlanRequest:
            raise InvalidInput("This is no request for a plan.", "Give a PlanRequest.")
        return await self._go(request)

    async def grip(
        self, width_m: float, force_n: float, attach: str = "", detach: str = ""
    ) -> Execution:
        """Open or close the gripper; raises what `move` does."""
        return await self._go(Grip(width_m, force_n, attach, detach))

    async def perform(self, plan: Plan) -> Execution:
        """Execute a plan that was made with the view, for instance to look at it before.

        Raises what `move` does.
        """
        return await self._go(plan)

    async def set_scene(self, scene: Scene) -> None:
        """Replace the surroundings of a simulated robot, which whoever may run a demo may do.

        On a real robot, where an object taken out of the scene is one that the arm may hit, it
        takes the role that `MotionGate.set_scene` takes. Raises what that does.
        """
        desk, user = self._desk, self._user
        record = Record("change_scene", user.name, "run_demo", step="change_scene")
        async with desk.deciding(record):
            desk.ledger.require(self._epoch)
            reality = desk.inspector.view.reality
            tool_for("run_demo" if reality == "sim" else "change_scene", user, reality)
            await self._surroundings.change(record, scene, None, self._epoch)

    async def _go(self, what: Intent | Plan) -> Execution:
        desk, user = self._desk, self._user
        record = Record("propose", user.name, "run_demo", self._arguments)
        record.step = describe(what)
        async with desk.deciding(record):
            desk.ledger.require(self._epoch)
            tool_for(record.tool, user, desk.inspector.view.reality)
            record.check = "schema"
            with desk.ledger.making(user):
                if isinstance(what, Plan):
                    plan = seal(what)
                else:
                    plan = await desk.inspector.plan(record, what)
                ticket = await desk.keep(record, user, plan, self._epoch)
            await approved(desk, record, ticket, self._on_approval)
        try:
            return await self._execute(user, ticket.proposal.digest)
        finally:
            desk.ledger.withdraw(ticket)


def describe(what: Intent | Plan) -> str:
    """Return what the log keeps of one motion of a session."""
    if isinstance(what, Plan):
        return f"a plan of {len(what.steps)} steps"
    return repr(what.goal if isinstance(what, PlanRequest) else what)[:400]
