"""A plan that passed the checks, as people and faces see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from lectern.robot.plan import Plan

Verdict: TypeAlias = Literal["allowed", "ask"]


@dataclass(frozen=True, eq=False)
class Proposal:
    """A plan that may be executed, at once or after an approval.

    Attributes:
        digest: Of the plan; what is approved and executed.
        plan: A copy to look at; changing it changes nothing that is executed.
        tool: Name of the tool that asked for it.
        user: Name of the user it belongs to.
        verdict: `allowed`: may be executed; `ask`: a person must approve it first.
        expires_at: Unix time in seconds after which it is void.
        reason: One sentence that says why the verdict is what it is.
    """

    digest: str
    plan: Plan
    tool: str
    user: str
    verdict: Verdict
    expires_at: float
    reason: str
