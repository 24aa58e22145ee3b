"""`robot/run_demo`: the demos of the textbook."""

from __future__ import annotations

import json
from typing import Any

from lectern_interfaces.action import RunDemo

from lectern.error_numbers import OK, message_of, number_of
from lectern.errors import InvalidInput, RobotBusy
from lectern.graph.robot_messages import header_message
from lectern.motion import Motion
from lectern.robot.demos.running import DemoRun
from lectern.robot.gate.users import User
from lectern_nodes.robot import types
from lectern_nodes.robot.goals import Goal
from lectern_nodes.robot.plans import Plans
from lectern_nodes.robot.reports import Asked, Reports
from lectern_nodes.robot.stream import StateStream

TOOL = "run_demo"


class DemoWork:
    """What the action does with a goal.

    Args:
        motion: The robot behind its gate.
        stream: Its measurements, for the time.
        plans: What the gate says of motions.
        reports: Where the outcome goes.
        source: Fully qualified name of the action.
    """

    def __init__(
        self, motion: Motion, stream: StateStream, plans: Plans, reports: Reports, source: str
    ) -> None:
        self._motion = motion
        self._stream = stream
        self._plans = plans
        self._reports = reports
        self._source = source
        self._running = False

    async def carry_out(self, goal: Goal) -> Any:
        """Run the demo that a goal names; one at a time.

        Raises:
            RobotBusy: Another one is running.
            LecternError: As `Motion.run_demo` does.
        """
        async with self._reports.reporting(self._source, TOOL) as asked:
            if self._running:
                raise RobotBusy("Another demo is running.", "Wait for its end, or cancel it.")
            self._running = True
            try:
                return self._result(goal, await self._run(goal, asked))
            finally:
                self._running = False

    def failure(self, goal: Goal, error: Exception) -> Any:
        """Say what went wrong."""
        return RunDemo.Result(error_code=number_of(error), error_msg=message_of(error))

    async def _run(self, goal: Goal, asked: Asked) -> DemoRun:
        began_s, request = self._now_s(), goal.request
        goal.halt = lambda: self._halt(asked.user)

        def tell(message: str) -> None:
            goal.tell(RunDemo.Feedback(message=message, elapsed_s=self._now_s() - began_s))

        tell(f"Running {request.name[:80]}.")
        parameters = read_parameters(request.parameters)
        before = self._plans.digest_of(asked.user.name)
        try:
            return await self._motion.run_demo(
                asked.user, request.name, parameters, request.seed, tell=tell
            )
        finally:
            # Of its many plans, the newest is told; the audit log has them all.
            digest = self._plans.digest_of(asked.user.name)
            if digest != before:
                asked.digest, asked.began_s = digest, began_s

    def _result(self, goal: Goal, run: DemoRun) -> Any:
        now_s = self._now_s()
        pictures = [
            types.CompressedImage(header=header_message(types, now_s, name), format="png", data=png)
            for name, png in run.result.pictures.items()
            if goal.request.pictures
        ]
        document = json.dumps(run.result.document())
        return RunDemo.Result(result=document, pictures=pictures, error_code=OK)

    def _now_s(self) -> float:
        return self._stream.newest.stamp_s

    def _halt(self, user: User) -> None:
        self._motion.gate.halt(user, "its client cancelled the demo")


def read_parameters(text: str) -> dict[str, Any]:
    """Return a demo's parameters from JSON; empty: none.

    Raises:
        InvalidInput: It is no JSON object.
    """
    if not text.strip():
        return {}
    try:
        parameters = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"The parameters are no JSON: {error!s:.120}.", _OBJECT) from error
    if not isinstance(parameters, dict):
        raise InvalidInput("The parameters are no JSON object.", _OBJECT)
    return parameters


_OBJECT = 'Send an object such as {"speed_scale": 0.5}, or nothing.'
