"""The gate's books: what waits, what is approved, what runs, and what a stop has made void.

A stop moves the epoch on, which takes no lock; whatever began in an earlier epoch can no longer
begin to move. Everything else is done under one lock that is held for a few dictionary operations
and never while anything waits.
"""

from __future__ import annotations

import itertools
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, InvalidStateError
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from lectern.errors import (
    ApprovalInvalid,
    ApprovalNeeded,
    LecternError,
    MotionStopped,
    Overloaded,
    PlanUnknown,
    RobotBusy,
    ToolNotAllowed,
)
from lectern.robot.gate.clock import Clock, Moment
from lectern.robot.gate.policy import Bounds
from lectern.robot.gate.proposal import Proposal
from lectern.robot.gate.users import User
from lectern.robot.plan import Plan

_REMEMBERED = 256
_ANEW = "Propose the motion again."
# Longest that a stop, already in effect, waits to wake those who wait for an approval.
_TIDY_S = 0.05


@dataclass(eq=False)
class Ticket:
    """A proposal with what only the gate may hold.

    Attributes:
        proposal: What the others see.
        plan: The copy that is executed; nobody else has it.
        arguments: As JSON, for the records.
        epoch: In which it began.
        expires: When it is void.
        approved_by: Name of who approved it; empty: nobody yet.
        decided: Done when somebody approves; fails when it becomes void.
    """

    proposal: Proposal
    plan: Plan
    arguments: str
    epoch: int
    expires: Moment
    approved_by: str = ""
    decided: Future[None] = field(default_factory=Future)

    @property
    def key(self) -> tuple[str, str]:
        """User and digest: what an approval is bound to."""
        return (self.proposal.user, self.proposal.digest)

    @property
    def undecided(self) -> bool:
        """Whether it needs an approval and has none."""
        return self.proposal.verdict != "allowed" and not self.approved_by


@dataclass(eq=False)
class Run:
    """Something that has the robot to itself.

    Attributes:
        what: In words, for those who must wait.
        epoch: In which it began.
        ticket: The approved plan; None: a change of scene or a reset.
        halted: Why it shall come to its end before its time; None: it shall not.
        finished: Done when the robot is free again.
    """

    what: str
    epoch: int
    ticket: Ticket | None = None
    halted: str | None = None
    finished: Future[None] = field(default_factory=Future)


class Ledger:
    """What waits and what runs; every method is atomic."""

    def __init__(self, bounds: Bounds, clock: Clock) -> None:
        self._bounds = bounds
        self._clock = clock
        self._lock = threading.Lock()
        self._tickets: OrderedDict[tuple[str, str], Ticket] = OrderedDict()
        self._past: OrderedDict[tuple[str, str], LecternError] = OrderedDict()
        self._making: Counter[str] = Counter()
        self._run: Run | None = None
        self._epoch = 0
        self._entered = -1
        self._epochs = itertools.count(1)
        self._last_stop = ""

    @property
    def epoch(self) -> int:
        """How many stops there have been."""
        return self._epoch

    def enter(self) -> int:
        """Return the epoch that something begins in, which a stop from now on makes void."""
        epoch = self._epoch
        self._entered = epoch
        return epoch

    def require(self, epoch: int) -> None:
        """Check that nothing was stopped since an epoch.

        Raises:
            MotionStopped: It was.
        """
        if epoch != self._epoch:
            raise self._stopped()

    @contextmanager
    def making(self, user: User) -> Iterator[None]:
        """Hold a place for a proposal in the making; a user's oldest gives way to the newest.

        Raises:
            Overloaded: Too many wait already, of all users or approved ones of this user.
        """
        with self._lock:
            self._sweep()
            self._make_room(user.name)
            self._making[user.name] += 1
        try:
            yield
        finally:
            with self._lock:
                self._making -= Counter((user.name,))

    def add(self, ticket: Ticket) -> None:
        """Keep a proposal; an equal one of the same user is replaced.

        Raises:
            MotionStopped: A stop came since it was begun.
        """
        with self._lock:
            self.require(ticket.epoch)
            if ticket.key in self._tickets:
                self._drop(ticket.key, ApprovalInvalid("The same plan was proposed again.", _ANEW))
            self._past.pop(ticket.key, None)
            self._tickets[ticket.key] = ticket

    def pending(self) -> tuple[Proposal, ...]:
        """Return what waits for a person, oldest first."""
        with self._lock:
            self._sweep()
            return tuple(t.proposal for t in self._tickets.values() if t.undecided)

    def undecided(self, digest: str) -> Ticket:
        """Return the one proposal that waits for an approval under a digest.

        Raises:
            PlanUnknown: There is none.
            ApprovalInvalid: It has expired, needs no approval, has one, or two users wait for it.
        """
        with self._lock:
            self._sweep()
            found = [t for t in self._tickets.values() if t.proposal.digest == digest]
            if not found:
                raise self._past_of(digest)
            if len(found) > 1:
                raise ApprovalInvalid("Two users wait for this very plan.", "Reject it first.")
            if not found[0].undecided:
                raise ApprovalInvalid("This plan needs no further approval.", "Execute it.")
            return found[0]

    def approve(self, ticket: Ticket, approver: User) -> None:
        """Approve a proposal that is still waiting.

        Raises:
            ApprovalInvalid: It is not any more.
            MotionStopped: A stop was faster.
        """
        with self._lock:
            self._sweep()
            self.require(ticket.epoch)
            if self._tickets.get(ticket.key) is not ticket or ticket.approved_by:
                raise ApprovalInvalid("This plan does not wait for an approval any more.", _ANEW)
            ticket.approved_by = approver.name
            with suppress(InvalidStateError):  # nobody waits any more
                ticket.decided.set_result(None)

    def reject(self, digest: str, own: User | None = None) -> None:
        """Take proposals away, approved or not: everybody's, or a user's own.

        Raises:
            PlanUnknown: There is none.
            ToolNotAllowed: There are only others'.
        """
        with self._lock:
            self._sweep()
            found = [key for key in self._tickets if key[1] == digest]
            if not found:
                raise self._past_of(digest)
            mine = [key for key in found if own is None or key[0] == own.name]
            if not mine:
                raise ToolNotAllowed("This plan is another user's.", "Ask an operator.")
            for key in mine:
                self._drop(key, ApprovalInvalid("The plan was rejected.", _ANEW))

    def withdraw(self, ticket: Ticket) -> None:
        """Take a proposal away that its user waits for no longer."""
        with self._lock:
            if self._tickets.get(ticket.key) is ticket:
                self._drop(ticket.key, ApprovalInvalid("The proposal was withdrawn.", _ANEW))

    def claim(self, user: User, digest: str) -> Run:
        """Use a proposal up, once, and take the robot.

        Raises:
            PlanUnknown: This plan does not wait.
            ApprovalInvalid: It is another user's, has expired or was used.
            ApprovalNeeded: Nobody has approved it.
            MotionStopped: A stop made it void.
            RobotBusy: Something else has the robot; the approval stays good.
        """
        with self._lock:
            self._sweep()
            ticket = self._tickets.get((user.name, digest))
            if ticket is None:
                raise self._past_of(digest, user.name)
            if ticket.undecided:
                raise ApprovalNeeded(
                    "Nobody has approved this plan yet.", "Let an operator approve it."
                )
            run = self._take(Run("a plan is being executed", ticket.epoch, ticket))
            self._drop(ticket.key, ApprovalInvalid("The plan's approval was used.", _ANEW))
            return run

    @contextmanager
    def occupied(self, what: str, epoch: int) -> Iterator[None]:
        """Take the robot for something other than a plan that began in an epoch.

        Raises:
            RobotBusy: Something else has it.
            MotionStopped: A stop was faster.
        """
        with self._lock:
            run = self._take(Run(what, epoch))
        try:
            self.begin(run)
            yield
        finally:
            self.release(run)

    def begin(self, run: Run) -> None:
        """Check, as the last thing before the robot is told, that it still may.

        Raises:
            MotionStopped: A stop was faster, or a halt.
            ApprovalInvalid: It took too long to get here.
        """
        with self._lock:
            self.require(run.epoch)
            if run.halted is not None:
                raise MotionStopped(f"It was halted before it began: {run.halted}.", _ANEW)
            if run.ticket is not None and not self._clock.before(run.ticket.expires):
                raise _expired()

    def halt(self, user: str, reason: str, tell_robot: Callable[[], None]) -> Ticket | None:
        """Let the plan that a user has running come to its end before its time.

        The robot is told under the lock: nobody else can have taken it by then, so that no other
        motion is hit. Telling it must not wait.

        Returns:
            What was running; None: nothing of this user, or it was halted before.
        """
        with self._lock:
            run = self._run
            mine = run is not None and run.ticket is not None and run.ticket.key[0] == user
            if run is None or not mine or run.halted is not None:
                return None
            run.halted = reason
            tell_robot()
            return run.ticket

    def release(self, run: Run) -> None:
        """Give the robot back."""
        with self._lock:
            if self._run is run:
                self._run = None
        with suppress(InvalidStateError):  # nobody waits any more
            run.finished.set_result(None)

    def running(self) -> Run | None:
        """Return what has the robot."""
        return self._run

    def void(self, reason: str) -> bool:
        """Make void whatever began before now; takes no lock and cannot fail.

        Two stops at once may set the epoch in either order; both values are new.

        Returns:
            Whether anything began since the stop before.
        """
        before = self._epoch
        self._last_stop = reason
        self._epoch = next(self._epochs)
        return self._entered == before

    def tidy(self) -> None:
        """Wake those who wait for an approval that is void by now."""
        if self._lock.acquire(timeout=_TIDY_S):
            try:
                self._sweep()
            finally:
                self._lock.release()

    def _make_room(self, user: str) -> None:
        mine = [ticket for key, ticket in self._tickets.items() if key[0] == user]
        if self._making[user] + len(mine) >= self._bounds.proposals_per_user:
            oldest = next((ticket for ticket in mine if not ticket.approved_by), None)
            if oldest is None:
                raise _overloaded()
            self._drop(oldest.key, ApprovalInvalid("Newer proposals took its place.", _ANEW))
        if sum(self._making.values()) + len(self._tickets) >= self._bounds.proposals:
            raise _overloaded()

    def _take(self, run: Run) -> Run:
        if self._run is not None:
            raise RobotBusy(f"The robot is busy: {self._run.what}.", "Wait for its end or stop it.")
        self._run = run
        return run

    def _sweep(self) -> None:
        for key, ticket in tuple(self._tickets.items()):
            if ticket.epoch != self._epoch:
                self._drop(key, self._stopped())
            elif not self._clock.before(ticket.expires):
                self._drop(key, _expired())

    def _drop(self, key: tuple[str, str], why: LecternError) -> None:
        ticket = self._tickets.pop(key)
        self._past[key] = why
        while len(self._past) > _REMEMBERED:
            self._past.popitem(last=False)
        with suppress(InvalidStateError):  # decided already, or nobody waits any more
            ticket.decided.set_exception(why)

    def _past_of(self, digest: str, user: str | None = None) -> LecternError:
        """Return why a plan does not wait; its own user's reason comes before others'."""
        if user is not None and (user, digest) in self._past:
            return _again(self._past[user, digest])
        if user is not None and any(key[1] == digest for key in self._tickets):
            return ApprovalInvalid("This plan is another user's.", "Propose it yourself.")
        past = [why for key, why in self._past.items() if key[1] == digest]
        if past:
            return _again(past[-1])
        return PlanUnknown("No plan with this digest is waiting.", _ANEW)

    def _stopped(self) -> MotionStopped:
        return MotionStopped(f"A stop came in between: {self._last_stop}.", _ANEW)


def _again(error: LecternError) -> LecternError:
    """Return an equal error: one that is raised twice would carry both tracebacks."""
    return type(error)(error.detail, error.remedy)


def _overloaded() -> Overloaded:
    return Overloaded("Too many proposed motions are waiting.", "Execute or reject some first.")


def _expired() -> ApprovalInvalid:
    return ApprovalInvalid("The proposal or its approval has expired.", _ANEW)
