"""Handing an approved plan to the robot, in a way that no stop can slip through."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Any

from lectern.errors import AuditFailed, LecternError, MotionStopped, RobotUnavailable
from lectern.robot.gate.approvals import Run
from lectern.robot.gate.desk import Desk
from lectern.robot.gate.events import Phase
from lectern.robot.gate.handover import watched
from lectern.robot.gate.record import Record
from lectern.robot.plan import Plan
from lectern.robot.robot import Execution, OnProgress, Progress, Robot

_log = logging.getLogger(__name__)


class Motion:
    """One execution.

    The order that closes the race with a stop: a stop first moves the epoch on, then stops the
    robot. An execution first checks the epoch (`Ledger.begin`), then hands the plan over, then
    looks at the epoch again, after each step of the robot's own code and at each progress.
    Whichever way the two are interleaved, either the epoch is found changed and nothing begins, or
    the robot is told to stop after it was told to move. A halt, which ends this execution alone,
    marks the run instead of the epoch, and keeps to the same order.
    """

    def __init__(
        self, desk: Desk, robot: Robot, record: Record, run: Run, on_progress: OnProgress | None
    ) -> None:
        self._desk = desk
        self._robot = robot
        self._record = record
        self._run = run
        self._on_progress = on_progress

    async def record_start(self) -> None:
        """Bring the start to the disk; whoever goes away meanwhile leaves an end there as well.

        Raises:
            AuditFailed: It could not be written.
        """
        try:
            await self._desk.write(self._record.entry(self._desk.clock, "started"))
        except asyncio.CancelledError:
            self._left()
            raise

    async def carry_out(self, plan: Plan) -> Execution:
        """Let the robot execute a plan, and record the outcome.

        Raises:
            MotionStopped: A stop was faster, or ended it.
            LecternError: What the robot said; `RobotUnavailable` if it broke.
        """
        try:
            done = await self._hand_over(plan)
        except asyncio.CancelledError:
            self._left()
            raise
        except MotionStopped as error:
            await self._settle("stopped", error)
            raise
        except LecternError as error:
            await self._settle("failed", error)
            raise
        except Exception as error:
            self._robot.stop("its execution broke")
            broken = RobotUnavailable(f"The robot broke: {error!r:.200}.", "Restart the robot.")
            await self._settle("failed", broken)
            raise broken from error
        self._owe("ended", duration_s=done.duration_s, final_error_rad=done.final_error_rad)
        await self._write_owed()
        return done

    async def _hand_over(self, plan: Plan) -> Execution:
        self._record.check = "motion"
        self._desk.ledger.begin(self._run)
        self._desk.announce("started", self._record.digest)
        return await watched(self._robot.execute(plan, self._progress), self._look)

    def _look(self) -> None:
        """Stop the robot if a stop or a halt came while it was taking the plan."""
        with suppress(Exception):  # its `stop` never fails; if it does, the motion is awaited
            if self._desk.ledger.epoch != self._run.epoch:
                self._robot.stop("a stop came while the motion began")
            elif self._run.halted is not None:
                self._robot.halt(self._run.halted)

    def _progress(self, progress: Progress) -> None:
        self._look()
        self._desk.announce("progress", self._record.digest, fraction=progress.fraction)
        if self._on_progress is not None:
            try:
                self._on_progress(progress)
            except Exception:
                _log.exception("whoever follows a motion failed; the motion goes on")

    def _left(self) -> None:
        self._owe("stopped", "motion_stopped", "Whoever waited for the motion went away.")

    async def _settle(self, phase: Phase, error: LecternError) -> None:
        self._owe(phase, error.code, error.detail)
        await self._write_owed()

    def _owe(self, phase: Phase, code: str = "", reason: str = "", **figures: Any) -> None:
        entry = self._record.entry(
            self._desk.clock, phase, code=code, reason=reason, figures=figures
        )
        self._desk.audit.owe(entry)
        self._desk.announce(phase, self._record.digest, code=code, reason=reason)

    async def _write_owed(self) -> None:
        # The motion is over: what cannot be written now refuses the next one.
        with suppress(AuditFailed):
            await asyncio.to_thread(self._desk.audit.settle)
