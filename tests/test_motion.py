from __future__ import annotations

import subprocess
import sys

import pytest

from lectern.errors import RobotUnavailable
from lectern.motion import PACKAGES, check_packages, open_motion
from lectern.robot.gate import LOCAL
from lectern.settings import load_settings


@pytest.mark.parametrize("module", ["lectern.app", "lectern.cli", "lectern.bridge.app"])
def test_answering_and_serving_load_nothing_of_the_robot(module):
    program = f"import sys, {module}; print(*sorted(set(sys.modules) & set({list(PACKAGES)})))"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


async def test_the_motion_line_moves_through_the_gate_and_records_it(tmp_path):
    settings = load_settings(home=tmp_path, robot_seed=5)
    motion = await open_motion(settings)
    try:
        assert motion.view.reality == "sim"
        assert motion.policy == "auto"
        plan = await motion.gate.propose(LOCAL, "move_named", {"name": "ready", "speed_scale": 1.0})
        await motion.gate.execute(LOCAL, plan.digest)
        ready = motion.view.model.named["ready"]
        at = motion.view.state().of(motion.view.model.names)
        assert at.tolist() == pytest.approx(ready, abs=0.01)
        run = await motion.run_demo(LOCAL, "jacobian", {})
        assert run.result.numbers
        assert {demo["name"] for demo in motion.demos()} >= {"jacobian", "pick_and_place"}
    finally:
        await motion.close()
    records = (tmp_path / "audit" / "motion.jsonl").read_text(encoding="utf-8")
    assert plan.digest in records


async def test_settings_that_want_no_robot_get_none(tmp_path):
    with pytest.raises(RobotUnavailable, match="no robot"):
        await open_motion(load_settings(home=tmp_path, robot="none"))


def test_packages_that_are_missing_are_named_with_what_to_do(monkeypatch):
    for module in ("ompl", "pinocchio"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(RobotUnavailable, match="ompl, pin, which are not installed") as caught:
        check_packages()
    assert "python -m pip install ompl pin" in caught.value.remedy
    assert "--no-robot" in caught.value.remedy
