"""Physics without threads: a world, its state, and what may go wrong when time passes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from types import MappingProxyType

import mujoco
import numpy as np

from lectern.errors import SceneObjectUnknown, SimulationFailed
from lectern.robot.embedded.world import HULL_GROUP, STEP_S, World, pose_in
from lectern.robot.geometry import Floats, Pose
from lectern.robot.scene import Scene

# Nothing on a workbench moves faster than this, m/s or rad/s; what does has blown up.
MAX_SPEED = 200.0
# Objects may touch the robot this deep before they count as inside it, m.
_OVERLAP_M = 0.001
# Steps between two looks at whether to go on: each takes Python's lock, which may be busy.
LOOK_STEPS = 5
_log = logging.getLogger(__name__)
# Left to itself, MuJoCo writes its warnings into a file in the folder it was started in.
mujoco.set_mju_user_warning(lambda text: _log.debug("MuJoCo: %s", text))
_REMEDY = "The robot was put back home and the objects to where the scene has them."


@dataclass(frozen=True)
class Overlap:
    """An object that is inside a link, and how deep, m."""

    name: str
    link: str
    depth_m: float


@dataclass
class Push:
    """A force at the centre of a body for a number of steps, N, in the world's axes."""

    body: int
    force_n: Floats
    steps: int


class Physics:
    """The state of one world; one thread at a time.

    Args:
        world: What is simulated.
        home_rad: Where the arm begins, shape (arm joints,).
        time_s: What the clock shows at the beginning.
    """

    def __init__(self, world: World, home_rad: Floats, time_s: float = 0.0) -> None:
        self._home = np.array(home_rad, dtype=np.float64)
        self._push: Push | None = None
        self.world = world
        self.data = mujoco.MjData(world.model)
        self.data.time = time_s
        self.reset()

    @property
    def joints(self) -> int:
        """Number of the robot's joints, fingers included."""
        return len(self.world.joints)

    @property
    def time_s(self) -> float:
        """Simulated time since the start."""
        return float(self.data.time)

    @property
    def state(self) -> Floats:
        """Time, positions and velocities of everything; shape (1 + nq + nv,); a copy."""
        data = self.data
        return np.concatenate([[data.time], data.qpos, data.qvel])

    @property
    def positions(self) -> Floats:
        """Of the robot's joints, rad or m; a copy."""
        return np.array(self.data.qpos[: self.joints])

    @property
    def velocities(self) -> Floats:
        """Of the robot's joints, rad/s or m/s; a copy."""
        return np.array(self.data.qvel[: self.joints])

    @property
    def efforts(self) -> Floats:
        """Of the robot's joints' motors, gravity compensation included, N m or N; a copy."""
        return np.array(self.data.qfrc_actuator[: self.joints])

    def reset(self) -> None:
        """Put the arm home, the fingers open, the objects where the scene has them, all at rest.

        The clock runs on.
        """
        model, data, n = self.world.model, self.data, len(self._home)
        time_s = data.time
        mujoco.mj_resetData(model, data)
        data.time = time_s
        data.qpos[:n] = self._home
        data.qpos[n : self.joints] = model.jnt_range[n : self.joints, 1]
        self.limit_grip(float(model.jnt_actfrcrange[n, 1]))
        self._push = None
        mujoco.mj_forward(model, data)

    def advance(
        self, commands: Floats, steps: int, stopped: Callable[[], bool] | None = None
    ) -> None:
        """Let time pass, in calls into MuJoCo with Python's lock released.

        Args:
            commands: For the motors at the beginning and at the end, shape (2, motors).
            steps: How many.
            stopped: Asked every few steps, in between calls into MuJoCo; true ends it early.

        Raises:
            SimulationFailed: MuJoCo warned, or something is not finite or absurdly fast; reset
                before going on.
        """
        data = self.data
        data.act[:] = commands[0]
        data.ctrl[:] = (commands[1] - commands[0]) / (steps * STEP_S)
        self._begin_push(steps)
        done = self._step(steps, stopped)
        self._end_push(done)
        self._judge()

    def _step(self, steps: int, stopped: Callable[[], bool] | None) -> int:
        """Let time pass; return how many steps."""
        if stopped is None:
            mujoco.mj_step(self.world.model, self.data, steps)
            return steps
        for begun in range(0, steps, LOOK_STEPS):
            if stopped():
                return begun
            mujoco.mj_step(self.world.model, self.data, min(LOOK_STEPS, steps - begun))
        return steps

    def push(self, body: str, force_n: Floats, duration_s: float) -> None:
        """Push a link or a movable object at its centre of mass; replaces an earlier push.

        Raises:
            SceneObjectUnknown: There is no such link or object.
        """
        self._let_go()
        bodies = {**self.world.links, **self.world.objects}
        if body not in bodies:
            raise SceneObjectUnknown(
                f"There is no link or object {body[:80]!r} to push.",
                f"There are: {', '.join(sorted(bodies))}.",
            )
        self._push = Push(bodies[body], np.array(force_n), max(1, round(duration_s / STEP_S)))

    def limit_grip(self, force_n: float) -> None:
        """Set the highest force of every finger's motor, N."""
        fingers = slice(len(self._home), self.joints)
        self.world.model.actuator_forcerange[fingers] = (-force_n, force_n)

    def replace(self, world: World, placed: frozenset[str]) -> None:
        """Go on in another world; whatever it shares with the present one keeps its motion.

        Args:
            world: The new one, of the same robot.
            placed: Objects that take their place from the new scene, at rest.
        """
        data = mujoco.MjData(world.model)
        carry_over(self.world, self.state, world, data, placed)
        data.act[:] = self.data.act
        world.model.actuator_forcerange[:] = self.world.model.actuator_forcerange
        self.world, self.data = world, data
        self._push = None
        mujoco.mj_forward(world.model, data)

    def poses(self) -> dict[str, Pose]:
        """Return where the movable objects are."""
        return object_poses(self.world, self.state)

    def speed_of(self, name: str) -> float:
        """Return the fastest coordinate of a movable object's velocity, m/s or rad/s."""
        start = self.world.speeds[name]
        return float(np.abs(self.data.qvel[start : start + 6]).max())

    def pose_in_link(self, name: str, link: str) -> Pose:
        """Return where an object is, in the frame of a link."""
        mujoco.mj_kinematics(self.world.model, self.data)
        outer = self._body_matrix(self.world.links[link])
        inner = self._body_matrix(self.world.objects[name])
        return Pose.from_matrix(np.linalg.inv(outer) @ inner, frame=link)

    def touching(self, body: int) -> frozenset[int]:
        """Return the bodies that touch a body."""
        geoms = self.data.contact.geom
        if not len(geoms):
            return frozenset()
        bodies = self.world.model.geom_bodyid[geoms]
        near = bodies[(bodies == body).any(axis=1)]
        return frozenset(int(b) for b in near.ravel()) - {body}

    def _begin_push(self, steps: int) -> None:
        """Apply the force, in its last steps so much less that the impulse is what was asked."""
        if self._push is not None:
            share = min(1.0, self._push.steps / steps)
            self.data.xfrc_applied[self._push.body, :3] = share * self._push.force_n

    def _end_push(self, done: int) -> None:
        if self._push is not None:
            self._push.steps -= done
            if self._push.steps <= 0:
                self._let_go()

    def _let_go(self) -> None:
        if self._push is not None:
            self.data.xfrc_applied[self._push.body] = 0.0
            self._push = None

    def _judge(self) -> None:
        data = self.data
        fastest = float(np.abs(data.qvel).max())
        # Also true where a number is not a number.
        if not fastest <= MAX_SPEED:
            raise SimulationFailed(
                f"Something moved at {fastest:.0f} m/s or rad/s, which nothing here can.", _REMEDY
            )
        if any(data.warning.number):
            numbers = enumerate(data.warning.number)
            names = [mujoco.mjtWarning(i).name for i, number in numbers if number]
            raise SimulationFailed(f"The physics gave up ({', '.join(names)}).", _REMEDY)

    def overlaps(self, names: Iterable[str]) -> list[Overlap]:
        """Return which of these objects are inside the robot, each once."""
        mujoco.mj_kinematics(self.world.model, self.data)
        return overlaps(self.world, self.data, names)

    def _body_matrix(self, body: int) -> Floats:
        matrix = np.eye(4)
        matrix[:3, :3] = self.data.xmat[body].reshape(3, 3)
        matrix[:3, 3] = self.data.xpos[body]
        return matrix


def object_poses(world: World, state: Floats) -> dict[str, Pose]:
    """Return where the movable objects of a world are in a state."""
    return {
        name: pose_in(state[1 + address : 8 + address]) for name, address in world.movable.items()
    }


def scene_in(scene: Scene, world: World, state: Floats) -> Scene:
    """Return a scene with its movable objects where a state has them."""
    objects = dict(scene.objects)
    for name, pose in object_poses(world, state).items():
        item = objects.get(name)
        if item is not None and item.pose != pose:
            objects[name] = replace(item, pose=pose)
    return Scene(MappingProxyType(objects), scene.attached)


def overlaps(world: World, data: mujoco.MjData, names: Iterable[str]) -> list[Overlap]:
    """Return which of these objects are inside the robot, each once; `data` has its kinematics."""
    model = world.model
    hulls = [i for i in range(model.ngeom) if model.geom_group[i] == HULL_GROUP]
    found = []
    for name in sorted(names):
        thing = int(model.body_geomadr[world.objects[name]])
        for hull in hulls:
            apart_m = mujoco.mj_geomDistance(model, data, thing, hull, 0.01, None)
            if apart_m < -_OVERLAP_M:
                found.append(Overlap(name, model.body(model.geom_bodyid[hull]).name, -apart_m))
                break
    return found


def carry_over(
    before: World, state: Floats, after: World, data: mujoco.MjData, placed: frozenset[str]
) -> None:
    """Copy the state of all that two worlds share into the data of the second."""
    positions, velocities = np.split(state[1:], [before.model.nq])
    data.time = state[0]
    n = len(after.joints)
    data.qpos[:n], data.qvel[:n] = positions[:n], velocities[:n]
    for name, address in after.movable.items():
        if name not in before.movable or name in placed:
            continue
        source = before.movable[name]
        data.qpos[address : address + 7] = positions[source : source + 7]
        to, from_ = after.speeds[name], before.speeds[name]
        data.qvel[to : to + 6] = velocities[from_ : from_ + 6]
