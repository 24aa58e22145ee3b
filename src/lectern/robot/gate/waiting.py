"""Waiting until a person has decided about a proposal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from lectern.errors import ApprovalInvalid
from lectern.robot.gate.approvals import Ticket
from lectern.robot.gate.desk import Desk
from lectern.robot.gate.proposal import Proposal
from lectern.robot.gate.record import Record

OnApproval: TypeAlias = Callable[[Proposal], None]
OnProposal: TypeAlias = Callable[[Proposal], None]


async def approved(
    desk: Desk,
    record: Record,
    ticket: Ticket,
    on_approval: OnApproval | None,
    on_proposal: OnProposal | None = None,
) -> None:
    """Wait until somebody has approved a proposal that needs it; withdraw it if nobody does.

    Args:
        desk: Of the gate.
        record: Of the request.
        ticket: The proposal.
        on_approval: Called if a person must approve it.
        on_proposal: Called in any case, before.

    Raises:
        ApprovalInvalid: A person rejected it, or nobody approved it in time.
        MotionStopped: A stop made it void.
    """
    try:
        if on_proposal is not None:
            on_proposal(ticket.proposal)
        if ticket.proposal.verdict == "allowed":
            return
        record.check = "approval"
        if on_approval is not None:
            on_approval(ticket.proposal)
        await _decided(ticket, desk.inspector.policy.approval_s)
    except BaseException:
        desk.ledger.withdraw(ticket)
        raise


async def _decided(ticket: Ticket, limit_s: float) -> None:
    # Not wait_for: before Python 3.12 it loses a cancellation that comes with the approval.
    decided = asyncio.wrap_future(ticket.decided)
    decided.add_done_callback(lambda done: done.cancelled() or done.exception())
    await asyncio.wait([decided], timeout=limit_s)
    if not decided.done():
        raise ApprovalInvalid("Nobody approved it in time.", "Ask again.")
    decided.result()
