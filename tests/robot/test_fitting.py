import numpy as np
import pytest

from lectern.errors import InvalidInput, LimitsExceeded, PlanOutdated, SceneObjectUnknown
from lectern.robot.arm import textbook_arm
from lectern.robot.fitting import check_fits
from lectern.robot.plan import Grip, Move, Plan
from lectern.robot.scenes import bench
from lectern.robot.trajectory import Trajectory

MODEL = textbook_arm()
SCENE = bench()
FIXED = next(name for name, item in SCENE.objects.items() if item.mass_kg is None)
MOVABLE = next(name for name, item in SCENE.objects.items() if item.mass_kg is not None)


def move(names=MODEL.names) -> Move:
    still = np.zeros((2, len(names)))
    return Move(Trajectory(names, np.array([0.0, 1.0]), still, still))


def test_a_plan_for_this_robot_fits():
    widest = MODEL.gripper.max_width_m
    check_fits(
        Plan(MODEL.name, (move(), Grip(widest, 20.0, attach=MOVABLE), Grip(0.0, 20.0))),
        MODEL,
        SCENE,
    )


@pytest.mark.parametrize(
    ("plan", "error", "words"),
    [
        (Plan("other", ()), PlanOutdated, "for 'other'"),
        (Plan(MODEL.name, (move(MODEL.names[::-1]),)), InvalidInput, "joints"),
        (Plan(MODEL.name, (move(MODEL.names[:3]),)), InvalidInput, "joints"),
        (Plan(MODEL.name, (Grip(1.0, 20.0),)), LimitsExceeded, "open to 1.0 m"),
        (Plan(MODEL.name, (Grip(-0.01, 20.0),)), LimitsExceeded, "open to -0.01 m"),
        (Plan(MODEL.name, (Grip(float("nan"), 20.0),)), LimitsExceeded, "open to nan"),
        (Plan(MODEL.name, (Grip(0.0, 0.0),)), LimitsExceeded, "0.0 N"),
        (Plan(MODEL.name, (Grip(0.0, 1e9),)), LimitsExceeded, "N"),
        (Plan(MODEL.name, (Grip(0.0, 20.0, attach=FIXED),)), SceneObjectUnknown, "fixed"),
        (Plan(MODEL.name, (Grip(0.0, 20.0, detach="ghost"),)), SceneObjectUnknown, "ghost"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_plan_that_does_not_fit_is_refused_by_name(plan, error, words):
    with pytest.raises(error, match=words):
        check_fits(plan, MODEL, SCENE)
