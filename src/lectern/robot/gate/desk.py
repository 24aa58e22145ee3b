"""Where decisions are made and recorded: the parts of the gate that requests and sessions share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from lectern.errors import ApprovalNeeded, AuditFailed, CheckFailed, LecternError
from lectern.robot.gate.approvals import Ledger, Run, Ticket
from lectern.robot.gate.audit import AuditLog
from lectern.robot.gate.clock import Clock
from lectern.robot.gate.events import Announcer, MotionEvent, Phase
from lectern.robot.gate.inspection import Inspector
from lectern.robot.gate.proposal import Proposal, Verdict
from lectern.robot.gate.record import Record
from lectern.robot.gate.sealing import seal
from lectern.robot.gate.tools import tool_for
from lectern.robot.gate.users import User
from lectern.robot.plan import Plan

_log = logging.getLogger(__name__)
_REASONS: Mapping[Verdict, str] = {
    "allowed": "The policy lets plans that pass every check run.",
    "ask": "A person must approve this plan.",
}


class Desk:
    """Makes decisions, records them, and tells listeners."""

    def __init__(
        self,
        inspector: Inspector,
        ledger: Ledger,
        audit: AuditLog,
        announcer: Announcer,
        clock: Clock,
    ) -> None:
        self.inspector = inspector
        self.ledger = ledger
        self.audit = audit
        self.announcer = announcer
        self.clock = clock

    @asynccontextmanager
    async def deciding(self, record: Record) -> AsyncIterator[None]:
        """Turn whatever goes wrong within into a recorded refusal.

        Raises:
            LecternError: The refusal; `CheckFailed` if a check broke.
            AuditFailed: The refusal could not be recorded either.
        """
        try:
            yield
        except Exception as error:
            refusal = named(error)
            await self.write(record.refusal(self.clock, refusal))
            if refusal is error:
                raise
            raise refusal from error

    async def write(self, entry: Mapping[str, Any]) -> None:
        """Bring an entry to the disk.

        A caller that is cancelled meanwhile goes on waiting for the disk, so that whatever it
        records afterwards comes afterwards.

        Raises:
            AuditFailed: It could not be written.
        """
        loop = asyncio.get_running_loop()
        try:
            await _to_its_end(loop.run_in_executor(None, self.audit.write, entry))
        except AuditFailed:
            raise
        except Exception as error:
            raise AuditFailed(
                f"The audit log broke: {error!r:.200}.", "Nothing moves until it works."
            ) from error

    def announce(self, phase: Phase, digest: str = "", **more: Any) -> None:
        """Let listeners know; never waits."""
        self.announcer.tell(MotionEvent(phase, self.clock.wall(), digest, **more))

    async def keep(self, record: Record, user: User, plan: Plan, epoch: int) -> Ticket:
        """Check a sealed plan, record the verdict, and let it wait for its execution.

        Raises:
            LecternError: It is refused.
        """
        verdict = await self.inspector.inspect(record, plan)
        expires = self.clock.after(self.inspector.policy.approval_s)
        shown = seal(plan)
        proposal = Proposal(
            shown.digest,
            shown,
            record.tool,
            user.name,
            verdict,
            expires.wall_s,
            _REASONS[verdict],
        )
        record.digest = proposal.digest
        record.check = "audit"
        await self.write(record.entry(self.clock, verdict))
        ticket = Ticket(proposal, plan, record.arguments, epoch, expires)
        self.ledger.add(ticket)
        self.announce("proposal", proposal.digest, proposal=proposal, reason=proposal.reason)
        return ticket

    async def recheck(self, record: Record, user: User, run: Run) -> Plan:
        """Return the plan that may be executed now: made anew from the one that was approved.

        Raises:
            LecternError: It is refused, for it changed, or what is around it did.
        """
        ticket = run.ticket
        assert ticket is not None
        record.tool, record.arguments = ticket.proposal.tool, ticket.arguments
        record.check = "tool"
        tool_for(record.tool, user, self.inspector.view.reality)
        record.check = "approval"
        plan = seal(ticket.plan)
        if plan.digest != ticket.key[1]:
            raise CheckFailed("The plan is not the one that was approved.", "Propose it again.")
        verdict = await self.inspector.inspect(record, plan)
        if verdict == "ask" and not ticket.approved_by:
            raise ApprovalNeeded("Nobody has approved this plan.", "Let an operator approve it.")
        record.check = "audit"
        return plan


async def _to_its_end(work: asyncio.Future[None]) -> None:
    """Wait for some work, cancelled or not."""
    cancelled = None
    while not work.done():
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError as error:
            cancelled = error
    failure = work.exception()
    if cancelled is not None:
        raise cancelled
    if failure is not None:
        raise failure


def named(error: Exception) -> LecternError:
    """Return an error under a name: its own, or that of a check that broke."""
    if isinstance(error, LecternError):
        return error
    return CheckFailed(
        f"A check broke ({type(error).__name__}: {str(error)[:200]}).", "Report this as a bug."
    )
