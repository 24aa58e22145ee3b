"""The motion gate: proposes, lets people approve, executes, stops; nothing else moves the robot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from lectern.errors import ToolNotAllowed
from lectern.robot.gate.approvals import Ledger, Ticket
from lectern.robot.gate.arguments import freeze
from lectern.robot.gate.audit import AuditLog
from lectern.robot.gate.clock import Clock
from lectern.robot.gate.desk import Desk
from lectern.robot.gate.events import Announcer, Listener
from lectern.robot.gate.inspection import Inspector
from lectern.robot.gate.motion import Motion
from lectern.robot.gate.policy import Bounds, Policy
from lectern.robot.gate.proposal import Proposal
from lectern.robot.gate.record import Record, name_of, text_of
from lectern.robot.gate.session import MotionSession
from lectern.robot.gate.surroundings import Surroundings
from lectern.robot.gate.tools import Intent, Tool, tool_for
from lectern.robot.gate.users import APPROVERS, PROPOSERS, User, check_role
from lectern.robot.gate.view import LookingOnly
from lectern.robot.gate.waiting import OnApproval, OnProposal, approved
from lectern.robot.gate.workspace import Workspace
from lectern.robot.robot import Execution, OnProgress, Robot, RobotView
from lectern.robot.scene import Scene

# Longest time that a reset waits for a motion to come to rest.
_HALT_S = 3.0


class MotionGate:
    """The one way to a motion.

    Every method checks in the order of the design and refuses with a named error; whatever breaks
    while it checks refuses too. Each decision is in the audit log before anything moves.
    """

    def __init__(
        self,
        robot: Robot,
        policy: Policy,
        audit: AuditLog,
        *,
        workspace: Workspace | None = None,
        bounds: Bounds | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Take the robot; from now on nothing else may hold it."""
        self._robot = robot
        self._view = LookingOnly(robot)
        self._policy = policy
        self._audit = audit
        self._bounds = bounds or Bounds()
        self._clock = clock or Clock()
        self._ledger = Ledger(self._bounds, self._clock)
        self._inspector = Inspector(self._view, policy, workspace or Workspace(), self._bounds)
        self._announcer = Announcer(self._bounds.listeners)
        self._desk = Desk(self._inspector, self._ledger, audit, self._announcer, self._clock)
        self._surroundings = Surroundings(self._desk, robot)

    @property
    def view(self) -> RobotView:
        """The robot to look at and to plan with; it cannot move anything."""
        return self._view

    @property
    def policy(self) -> Policy:
        """What happens to plans that pass every other check."""
        return self._policy

    async def propose(self, user: User, tool: str, arguments: Mapping[str, Any]) -> Proposal:
        """Plan a motion, check it, and keep it for its execution.

        Args:
            user: Who asks.
            tool: `move_joints`, `move_named`, `move_pose`, `move_line`, `follow_trajectory` or
                `grip`.
            arguments: Of the tool.

        Raises:
            LecternError: It is refused; see docs/motion-gate.md.
        """
        record = Record("propose", name_of(user), text_of(tool, 80))
        async with self._desk.deciding(record):
            return (await self._kept(record, user, tool, arguments)).proposal

    async def perform(
        self,
        user: User,
        tool: str,
        arguments: Mapping[str, Any],
        on_progress: OnProgress | None = None,
        on_approval: OnApproval | None = None,
        *,
        on_proposal: OnProposal | None = None,
    ) -> Execution:
        """Propose a motion, wait for its approval where the policy asks, and execute it.

        Cancelling the waiting task takes the proposal back or brings the robot to rest.

        Args:
            user: Who asks.
            tool: As in `propose`.
            arguments: Of the tool.
            on_progress: Called while the robot moves.
            on_approval: Called with the proposal if it waits for a person.
            on_proposal: Called with the proposal once there is one, whatever the policy, before
                anything moves.

        Raises:
            ApprovalInvalid: A person rejected it, or nobody approved it in time.
            LecternError: As `propose` and `execute` do.
        """
        record = Record("propose", name_of(user), text_of(tool, 80))
        async with self._desk.deciding(record):
            ticket = await self._kept(record, user, tool, arguments)
            await approved(self._desk, record, ticket, on_approval, on_proposal)
        try:
            return await self.execute(user, ticket.proposal.digest, on_progress)
        finally:
            self._ledger.withdraw(ticket)

    async def approve(self, approver: User, digest: str) -> None:
        """Approve one exact plan for one execution.

        Raises:
            ToolNotAllowed: This user may not approve.
            PlanUnknown: No plan with this digest is waiting.
            ApprovalInvalid: It has expired, or needs no approval.
            MotionStopped: A stop was faster.
            AuditFailed: The approval could not be recorded.
        """
        record = Record("approve", name_of(approver), digest=text_of(digest, 65), check="approval")
        async with self._desk.deciding(record):
            check_role(approver, APPROVERS, "approve motions")
            ticket = self._ledger.undecided(record.digest)
            record.tool, record.arguments = ticket.proposal.tool, ticket.arguments
            await self._desk.write(record.entry(self._clock, "approved", of=ticket.proposal.user))
            self._ledger.approve(ticket, approver)
        self._desk.announce("approved", digest)

    async def reject(self, approver: User, digest: str) -> None:
        """Take a proposal away; its own user and whoever may approve it may do so.

        Where several users wait for this very plan, an approver's rejection is for all of them,
        and a user's for its own.

        Raises:
            ToolNotAllowed: This user may not.
            PlanUnknown: No plan with this digest is waiting.
            AuditFailed: It was taken away, but that could not be recorded.
        """
        record = Record("reject", name_of(approver), digest=text_of(digest, 65), check="approval")
        async with self._desk.deciding(record):
            check_role(approver, PROPOSERS, "reject motions")
            decides = bool(approver.roles & APPROVERS)
            self._ledger.reject(record.digest, own=None if decides else approver)
            self._desk.announce("rejected", digest)
            await self._desk.write(record.entry(self._clock, "rejected"))

    async def execute(
        self, user: User, digest: str, on_progress: OnProgress | None = None
    ) -> Execution:
        """Check a plan again, against the present state and scene, and carry it out.

        Uses the approval up, whatever comes of it; only `RobotBusy` leaves it good. Cancelling the
        waiting task brings the robot to rest first.

        Raises:
            LecternError: It is refused (see docs/motion-gate.md), or the motion failed.
        """
        record = Record("execute", name_of(user), digest=text_of(digest, 65), check="approval")
        async with self._desk.deciding(record):
            check_role(user, PROPOSERS, "execute motions")
            run = self._ledger.claim(user, record.digest)
        motion = Motion(self._desk, self._robot, record, run, on_progress)
        try:
            async with self._desk.deciding(record):
                plan = await self._desk.recheck(record, user, run)
                await motion.record_start()
            return await motion.carry_out(plan)
        finally:
            self._ledger.release(run)

    def stop(self, user: User | None, reason: str) -> None:
        """Bring the robot to rest and make void every proposal, approval and session before now.

        From any thread, by anyone, at once; never raises. Stops one after another, with nothing
        begun in between, have one line a second in the audit log.
        """
        text = str(reason)[:200] if isinstance(reason, str) else ""
        changes = self._ledger.void(text)
        with suppress(Exception):
            self._robot.stop(text)
        with suppress(Exception):
            self._ledger.tidy()
            record = Record("stop", name_of(user))
            owe = self._audit.owe if changes else self._audit.owe_often
            owe(record.entry(self._clock, "stopped", reason=text))
            self._desk.announce("stopped", reason=text)

    def halt(self, user: User, reason: str) -> bool:
        """Bring the motion that a user has running to rest as fast as a stop does; nothing else.

        Proposals, approvals and sessions stay good, others' and the user's own. From any thread;
        never raises.

        Args:
            user: Whose motion; one that only waits to begin does not begin.
            reason: In words, for the log and for whoever waits for the motion.

        Returns:
            Whether there was one that was not halted before.
        """
        text = str(reason)[:200] if isinstance(reason, str) else ""

        def tell_robot() -> None:
            with suppress(Exception):  # the motion looks for itself while it runs
                self._robot.halt(text)

        ticket = self._ledger.halt(name_of(user), text, tell_robot)
        if ticket is None:
            return False
        with suppress(Exception):
            proposal = ticket.proposal
            record = Record("halt", proposal.user, proposal.tool, ticket.arguments, proposal.digest)
            self._audit.owe(record.entry(self._clock, "stopped", reason=text))
        return True

    def pending(self) -> tuple[Proposal, ...]:
        """Return the proposals that wait for a person, oldest first."""
        return self._ledger.pending()

    async def session(
        self,
        user: User,
        tool: str,
        arguments: Mapping[str, Any],
        on_approval: OnApproval | None = None,
    ) -> MotionSession:
        """Return a way to make several motions, each checked, approved and recorded by itself.

        Args:
            user: Who asks.
            tool: `run_demo`.
            arguments: `name` of the demo and its `parameters`.
            on_approval: Called with each proposal that waits for a person.

        Raises:
            ToolNotAllowed: The tool is unknown or not for this user.
            InvalidInput: The arguments do not fit.
            MotionOff: The policy lets nothing move.
            AuditFailed: The session could not be recorded.
        """
        record = Record("session", name_of(user), text_of(tool, 80))
        epoch = self._ledger.enter()
        async with self._desk.deciding(record):
            chosen = tool_for(tool, user, self._view.reality)
            if chosen.name != "run_demo":
                raise ToolNotAllowed(f"{chosen.name} is a single motion.", "Propose it.")
            record.check = "schema"
            record.arguments = freeze(arguments, self._bounds.argument_bytes)
            chosen.parse(record.arguments)
            record.check = "policy"
            verdict = self._policy.verdict(self._view.reality)
            record.check = "audit"
            await self._desk.write(record.entry(self._clock, verdict))
        return MotionSession(
            self._desk,
            self._surroundings,
            execute=self.execute,
            user=user,
            arguments=record.arguments,
            epoch=epoch,
            on_approval=on_approval,
        )

    async def set_scene(self, user: User, scene: Scene, base: Scene | None = None) -> None:
        """Change the surroundings; takes no approval, but a role that could approve.

        Args:
            user: Who asks.
            scene: The scene to be.
            base: The scene that `scene` was made from: only what differs between the two changes,
                and everything else stays as it is by then. None: everything is replaced.

        Raises:
            ToolNotAllowed: This user may not change the scene.
            SceneObjectInvalid: The scene contradicts itself, or a name is taken by now.
            SceneObjectUnknown: What should change is gone by now.
            MotionOff: The policy lets nothing move.
            RobotBusy: A plan is being executed.
            MotionStopped: A stop came in between.
            ObjectInRobot: An object would overlap the robot.
            AuditFailed: It could not be recorded; nothing changed.
        """
        record = Record("change_scene", name_of(user), "change_scene")
        epoch = self._ledger.enter()
        async with self._desk.deciding(record):
            tool_for("change_scene", user, self._view.reality)
            await self._surroundings.change(record, scene, base, epoch)

    async def reset(self, user: User, seed: int = 0) -> None:
        """Put a simulated robot and its scene back to where they started, stopping what runs.

        Raises:
            ToolNotAllowed: Not for this user, or not for this robot.
            InvalidInput: The seed is no number from 0 to 2^32 - 1.
            MotionOff: The policy lets nothing move.
            AuditFailed: It could not be recorded; nothing changed.
        """
        record = Record("reset", name_of(user), "reset")
        async with self._desk.deciding(record):
            chosen = tool_for("reset", user, self._view.reality)
            record.check = "schema"
            record.arguments = freeze({"seed": seed}, self._bounds.argument_bytes)
            chosen.parse(record.arguments)
            record.check = "policy"
            self._policy.verdict(self._view.reality)
            record.check = "audit"
            await self._desk.write(record.entry(self._clock, "allowed"))
            record.check = "motion"
            await self._start_over(seed)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call a listener, on a thread of the gate's own, for each event from now on.

        Returns:
            What ends the subscription.

        Raises:
            Overloaded: There are too many listeners.
        """
        return self._announcer.subscribe(listener)

    async def close(self) -> None:
        """Stop, let go of the robot, tell listeners what they wait for, and settle the records.

        Raises:
            AuditFailed: What is owed to the log cannot be written.
        """
        self.stop(None, "the gate is being closed")
        try:
            await self._robot.close()
        finally:
            try:
                await asyncio.to_thread(self._announcer.close)
            finally:
                await asyncio.to_thread(self._audit.settle)

    async def _kept(
        self, record: Record, user: User, tool: str, arguments: Mapping[str, Any]
    ) -> Ticket:
        """Plan and check what is asked for, and return what waits for its execution."""
        epoch = self._ledger.enter()
        chosen = tool_for(tool, user, self._view.reality)
        if chosen.intent is None:
            raise ToolNotAllowed(f"{chosen.name} is no single motion.", "Use its own way in.")
        record.check = "schema"
        if chosen.heavy:  # reading a large trajectory would hold the loop up
            intent = await asyncio.to_thread(self._read, record, chosen, arguments)
        else:
            intent = self._read(record, chosen, arguments)
        with self._ledger.making(user):
            plan = await self._inspector.plan(record, intent)
            return await self._desk.keep(record, user, plan, epoch)

    def _read(self, record: Record, tool: Tool, arguments: Mapping[str, Any]) -> Intent:
        """Return what is asked for; the record keeps the arguments, or what stands for them."""
        bounds = self._bounds
        given = freeze(arguments, bounds.trajectory_bytes if tool.heavy else bounds.argument_bytes)
        record.arguments = given[: bounds.argument_bytes]
        parsed = tool.parse(given)
        record.arguments = parsed.recorded(given)
        assert tool.intent is not None
        return tool.intent(parsed)

    async def _start_over(self, seed: int) -> None:
        """Stop what runs, wait for its end, and reset; what never ends is reset as well."""
        reason = "the robot is being reset"
        self._ledger.void(reason)
        self._robot.stop(reason)
        self._ledger.tidy()
        if (running := self._ledger.running()) is not None:
            finished = asyncio.wrap_future(running.finished)
            if not (await asyncio.wait([finished], timeout=_HALT_S))[0]:
                # Whatever is stuck keeps the robot, so that nothing else can begin meanwhile.
                await self._robot.reset(seed)
                return
        with self._ledger.occupied(reason, self._ledger.enter()):
            await self._robot.reset(seed)
