"""The gate of the mobile base: the one way to a drive.

A drive is a stream of speeds and no plan, so that there is nothing exact that a person could
approve: where the policy asks, the base does not drive. What holds for every command, in order:
the user's role, finite numbers, the wheels' limits, the policy, no stop since the caller last let
go, and a record in the audit log before the first command of a drive moves anything.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field

from lectern.errors import ApprovalNeeded, LecternError, MotionStopped, RobotBusy, ShuttingDown
from lectern.robot.base import Base, BaseState, BaseView, ImuSample, Scan, wheel_speeds
from lectern.robot.description import BaseNumbers
from lectern.robot.gate.audit import AuditLog
from lectern.robot.gate.clock import Clock
from lectern.robot.gate.desk import named
from lectern.robot.gate.gate import MotionGate
from lectern.robot.gate.policy import Policy
from lectern.robot.gate.record import Record, name_of
from lectern.robot.gate.users import PROPOSERS, User, check_role
from lectern.robot.robot import Reality, Robot

# Users whose letting go since the last stop is remembered; more must let go once again.
_MOST_REMEMBERED = 256


@dataclass(eq=False)
class _Drive:
    """One user's commands, from the first to the last.

    Attributes:
        user: Its name.
        recorded: Done once the beginning is in the audit log; fails if it cannot be.
    """

    user: str
    recorded: Future[None] = field(default_factory=Future)


class BaseGate:
    """Holds the base, which it opens when somebody first asks for it; safe from any thread.

    Args:
        open_base: Makes the base.
        numbers: The base's wheels and their limits.
        policy: What a command that passes every other check may do.
        audit: Where it is recorded when driving begins and ends.
        reality: What kind of base it is.
        clock: Where the time of a record comes from.
    """

    def __init__(
        self,
        open_base: Callable[[], Base],
        numbers: BaseNumbers,
        policy: Policy,
        audit: AuditLog,
        *,
        reality: Reality = "sim",
        clock: Clock | None = None,
    ) -> None:
        self._open_base = open_base
        self._numbers = numbers
        self._policy = policy
        self._audit = audit
        self._reality: Reality = reality
        self._clock = clock or Clock()
        # Reentrant: a stop may come from a signal while the same thread is in here.
        self._lock = threading.RLock()
        self._opening = threading.Lock()
        self._base: Base | None = None
        self._closed = False
        self._drive: _Drive | None = None
        self._epoch = 0
        self._let_go: set[str] = set()
        self._last_refusal = ("", "")

    @property
    def numbers(self) -> BaseNumbers:
        """The base's wheels and their limits; opens nothing."""
        return self._numbers

    @property
    def opened(self) -> bool:
        """Whether anybody has asked for the base."""
        return self._base is not None

    async def view(self) -> BaseView:
        """Return the base to look at, opening it if nobody has asked for it before.

        Raises:
            LecternError: The base cannot be made.
            ShuttingDown: The gate is closed.
        """
        return _LookingOnly(await asyncio.to_thread(self._opened))

    async def drive(self, user: User, linear_m_s: float, angular_rad_s: float) -> None:
        """Drive at a speed for half a second, then brake to rest, unless the next command comes.

        After a stop, each user must let go first: send zero for both.

        Args:
            user: Who drives; one at a time.
            linear_m_s: Forward.
            angular_rad_s: To the left.

        Raises:
            ToolNotAllowed: This user may not.
            InvalidInput: A number is not finite.
            LimitsExceeded: A wheel would have to turn faster than it can.
            MotionOff: The policy lets nothing move.
            ApprovalNeeded: The policy wants approvals, which a drive cannot have.
            MotionStopped: A stop came, and this user has not let go since.
            RobotBusy: Somebody else drives.
            AuditFailed: It could not be recorded; nothing moves.
            SimulationFailed: Physics has failed.
        """
        epoch = self._epoch
        record = Record("drive", name_of(user), "drive")
        try:
            self._check(record, user, linear_m_s, angular_rad_s)
            if linear_m_s == 0 and angular_rad_s == 0:
                self._rest(user.name)
                return
            drive = self._join(record, epoch, linear_m_s, angular_rad_s)
            if drive is not None:
                await self._begun(drive)
                record.check = "motion"
                self._send(drive, epoch, linear_m_s, angular_rad_s)
        except Exception as error:
            refusal = named(error)
            self._record_refusal(record, refusal)
            if refusal is error:
                raise
            raise refusal from error

    def stop(self, user: User | None, reason: str) -> None:
        """Brake to rest, and take no command of anybody who has not let go since.

        From any thread, by anyone, at once; never raises.
        """
        text = str(reason)[:200] if isinstance(reason, str) else ""
        self.halt(text)
        with suppress(Exception):
            record = Record("stop", name_of(user), "drive")
            self._audit.owe(record.entry(self._clock, "stopped", reason=text))

    def halt(self, reason: str) -> None:
        """Do what `stop` does for a stop that is recorded elsewhere; never raises."""
        with self._lock:
            self._epoch += 1
            self._let_go.clear()
            drive = self._drive
            if self._base is not None:
                with suppress(Exception):
                    self._base.stop()
            if drive is not None:
                with suppress(Exception):
                    self._end(drive, f"stopped: {reason}")

    async def close(self) -> None:
        """Stop, and let go of the base."""
        self.halt("the gate is being closed")
        await asyncio.to_thread(self._shut)
        if self._base is not None:
            await self._base.close()

    def _check(self, record: Record, user: User, linear: float, angular: float) -> None:
        check_role(user, PROPOSERS, "drive the base")
        record.check = "limits"
        wheel_speeds(linear, angular, self._numbers)
        record.arguments = json.dumps({"linear_m_s": linear, "angular_rad_s": angular})
        record.check = "policy"
        if self._policy.verdict(self._reality) == "ask":
            raise ApprovalNeeded(
                "The policy wants every motion approved, and a drive is no plan to approve.",
                "Set the policy of a simulated robot to auto, or leave the base where it is.",
            )
        record.check = "motion"

    def _rest(self, user: str) -> None:
        """Take a user's zero command: it lets go, and what this user drives brakes."""
        with self._lock:
            if len(self._let_go) >= _MOST_REMEMBERED:
                self._let_go.clear()
            self._let_go.add(user)
            if self._drive is not None and self._drive.user == user and self._base is not None:
                self._base.drive(0.0, 0.0)

    def _join(self, record: Record, epoch: int, linear: float, angular: float) -> _Drive | None:
        """Send a command if its drive is under way; else return the drive that begins."""
        with self._lock:
            self._require(record.user, epoch)
            drive = self._drive
            if drive is None:
                drive = _Drive(record.user)
                self._begin(drive, record)
                self._drive = drive
            elif drive.user != record.user:
                raise RobotBusy("Somebody else drives the base.", "Wait until they have let go.")
            elif drive.recorded.done():
                self._send(drive, epoch, linear, angular)
                return None
            return drive

    def _require(self, user: str, epoch: int) -> None:
        """Check that a user may go on after the last stop.

        Raises:
            MotionStopped: May not.
        """
        if epoch != self._epoch:
            raise MotionStopped("The base was stopped.", "Send zero, then drive when it is safe.")
        if epoch and user not in self._let_go:
            raise MotionStopped(
                "The base was stopped, and this user has not let go since.",
                "Send zero, then drive when it is safe.",
            )

    def _begin(self, drive: _Drive, record: Record) -> None:
        """Open the base and record the beginning, on a thread: neither is at once."""
        entry = record.entry(self._clock, "allowed")

        def work() -> None:
            try:
                self._opened()
                self._audit.write(entry)
            except BaseException as error:
                with self._lock:
                    self._drive = None if self._drive is drive else self._drive
                drive.recorded.set_exception(error)
            else:
                self._last_refusal = ("", "")
                drive.recorded.set_result(None)

        threading.Thread(target=work, name="base-drive", daemon=True).start()

    async def _begun(self, drive: _Drive) -> None:
        """Wait until the beginning is recorded; a drive that nobody waits for any more ends."""
        waiter = asyncio.wrap_future(drive.recorded)
        waiter.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            await asyncio.wait([waiter])
        except asyncio.CancelledError:
            drive.recorded.add_done_callback(lambda _: self._end_idle(drive, "cancelled"))
            raise
        waiter.result()

    def _send(self, drive: _Drive, epoch: int, linear: float, angular: float) -> None:
        with self._lock:
            self._require(drive.user, epoch)
            if self._drive is not drive or self._base is None:
                raise MotionStopped("The drive has ended.", "Send the command again.")
            try:
                self._base.drive(linear, angular)
            except LecternError as error:
                self._end(drive, error.code)
                raise

    def _end(self, drive: _Drive, reason: str) -> None:
        """End a drive, and record it after its beginning."""
        with self._lock:
            if self._drive is not drive:
                return
            self._drive = None
        entry = Record("drive", drive.user, "drive").entry(self._clock, "ended", reason=reason)

        def record(begun: Future[None]) -> None:
            if begun.exception() is None:
                self._audit.owe(entry)

        drive.recorded.add_done_callback(record)

    def _end_idle(self, drive: _Drive, reason: str) -> None:
        """End a drive unless a command came meanwhile."""
        with self._lock:
            if self._base is None or not self._base.driving:
                self._end(drive, reason)

    def _on_expiry(self) -> None:
        """Hear from the base that no command came in time; on its thread."""
        drive = self._drive
        if drive is not None and drive.recorded.done():
            self._end_idle(drive, "no command in time")

    def _record_refusal(self, record: Record, refusal: LecternError) -> None:
        """Record a refusal once: a held joystick is refused fifty times a second."""
        what = (record.user, refusal.code)
        if what != self._last_refusal:
            self._last_refusal = what
            self._audit.owe(record.refusal(self._clock, refusal))

    def _opened(self) -> Base:
        with self._opening:
            if self._closed:
                raise ShuttingDown("The base is switched off.", "Start Lectern again.")
            if self._base is None:
                base = self._open_base()
                base.on_expiry(self._on_expiry)
                self._base = base
            return self._base

    def _shut(self) -> None:
        with self._opening:
            self._closed = True


class GateWithBase(MotionGate):
    """An arm's gate whose stop also stops a base."""

    def __init__(self, robot: Robot, policy: Policy, audit: AuditLog, base: BaseGate) -> None:
        super().__init__(robot, policy, audit)
        self._base_gate = base

    def stop(self, user: User | None, reason: str) -> None:
        """Bring arm and base to rest; see `MotionGate.stop`."""
        try:
            super().stop(user, reason)
        finally:
            self._base_gate.halt(str(reason)[:200] if isinstance(reason, str) else "")


class _LookingOnly(BaseView):
    """Passes on what `BaseView` names and nothing else of the base."""

    def __init__(self, base: Base) -> None:
        self.__base = base

    @property
    def numbers(self) -> BaseNumbers:
        """The wheels and their limits."""
        return self.__base.numbers

    @property
    def reality(self) -> Reality:
        """What kind of base it is."""
        return self.__base.reality

    def state(self) -> BaseState:
        """Return the newest state."""
        return self.__base.state()

    def imu(self) -> ImuSample:
        """Return the newest reading of the IMU."""
        return self.__base.imu()

    def scan(self) -> Scan:
        """Return the newest scan."""
        return self.__base.scan()
