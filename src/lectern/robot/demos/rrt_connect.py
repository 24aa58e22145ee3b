"""Around an obstacle: two trees of random motions grow until they meet."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from lectern.errors import PlanningTimeout
from lectern.robot.demos import chain, style
from lectern.robot.demos.base import Demo, DemoResult, Parameters, Stage, rounded
from lectern.robot.demos.motions import dense
from lectern.robot.demos.values import SpeedScale
from lectern.robot.geometry import Floats, Pose
from lectern.robot.goals import JointGoal, PlanRequest
from lectern.robot.model import RobotModel
from lectern.robot.scene import Box, Scene, SceneObject
from lectern.robot.scenes import bench

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PILLAR = "pillar"
# Tool pointing down at the right and at the left of the base, with the pillar between.
_POSTURE_RAD = (1.2477, -2.0029, 0.0, -0.8156, 0.0)
_TURN_DEG = 50.0
# A motion of the trees is looked at this often; the planner checks what is taken without gaps.
_LOOK_RAD = 0.05
_TIMEOUT_S = 20.0
_MOST_ROUNDS = 5000


class RrtConnectParameters(Parameters):
    """The obstacle and the planner."""

    pillar_height_m: float = Field(1.0, ge=0.2, le=1.4, description="Height of the pillar.")
    pillar_width_m: float = Field(0.15, ge=0.04, le=0.25, description="Width of the pillar.")
    # Nearer than this, the widest pillar would stand where the upper arm is at the goal.
    pillar_x_m: float = Field(0.5, ge=0.45, le=0.8, description="Place of the pillar, forward.")
    step_rad: float = Field(0.25, ge=0.1, le=2, description="Length of a step of a tree.")
    speed_scale: SpeedScale = Field(0.6, description="Share of the speed limits to move with.")


@dataclass
class Tree:
    """Joint positions, each joined to the one it was reached from.

    Attributes:
        nodes: Each of shape (6,); the first is the root.
        parents: For each node the index of the one before it; -1 for the root.
    """

    nodes: list[Floats]
    parents: list[int]

    def add(self, q_rad: Floats, parent: int) -> int:
        """Add a node and return its index."""
        self.nodes.append(q_rad)
        self.parents.append(parent)
        return len(self.nodes) - 1

    def nearest(self, q_rad: Floats) -> int:
        """Return the index of the node nearest to some joint positions."""
        return int(np.linalg.norm(np.array(self.nodes) - q_rad, axis=1).argmin())

    def to_root(self, index: int) -> list[Floats]:
        """Return the nodes from one to the root."""
        path = [self.nodes[index]]
        while (index := self.parents[index]) >= 0:
            path.append(self.nodes[index])
        return path

    def edges(self) -> list[tuple[Floats, Floats]]:
        """Return every node but the root with its parent."""
        pairs = zip(self.nodes[1:], self.parents[1:], strict=True)
        return [(self.nodes[parent], node) for node, parent in pairs]


@dataclass(frozen=True)
class Found:
    """What the search came to.

    Attributes:
        trees: From the start and from the goal.
        path: From the start to the goal, shape (points, 6).
        checks: How many joint positions were looked at.
    """

    trees: tuple[Tree, Tree]
    path: Floats
    checks: int


class RrtConnect(Demo[RrtConnectParameters]):
    """The search tree around a pillar, its path, and the shortened path that the arm takes."""

    name = "rrt_connect"
    title = "RRT-Connect: a path around an obstacle"
    section = "01-what-a-robot-is.md#reactive-deliberative-and-hybrid-architectures"
    section_title = "Reactive, deliberative and hybrid architectures"
    Parameters = RrtConnectParameters

    async def run(self, stage: Stage, parameters: RrtConnectParameters) -> DemoResult:
        """Grow the trees, then let the planner search and shorten, and the arm follow."""
        start, goal = ends()
        scene = surroundings(parameters)
        await stage.prepare(bench())
        await stage.session.move(PlanRequest(JointGoal(tuple(start.tolist())), seed=stage.seed))
        await stage.session.set_scene(scene)
        stage.tell("Growing trees from the start and from the goal.")
        tree = await stage.compute(grow, stage.view.model, scene, parameters.step_rad, stage.seed)
        request = PlanRequest(
            JointGoal(tuple(goal.tolist())),
            speed_scale=parameters.speed_scale,
            timeout_s=_TIMEOUT_S,
            seed=stage.seed,
        )
        plan = await stage.view.plan(request)
        stage.tell("Following the path that the planner found in the same way and shortened.")
        await stage.session.perform(plan)
        taken = dense(plan)[1]
        return DemoResult(
            numbers=judge(tree, taken),
            series={
                "tree_path_m": rounded(chain.tool_path(finely(tree.path))),
                "taken_path_m": rounded(chain.tool_path(taken[:: max(1, len(taken) // 100)])),
            },
            pictures={
                "tree": await stage.compute(
                    style.picture, lambda figure: draw(figure, parameters, tree, taken), 560
                )
            },
        )


def ends() -> tuple[Floats, Floats]:
    """Return the joint positions at the start, right of the pillar, and at the goal, left of it."""
    start, goal = (np.array([np.radians(s * _TURN_DEG), *_POSTURE_RAD]) for s in (-1, 1))
    return start, goal


def surroundings(parameters: RrtConnectParameters) -> Scene:
    """Return the bare bench with the pillar."""
    width, height = parameters.pillar_width_m, parameters.pillar_height_m
    pose = Pose((parameters.pillar_x_m, 0.0, height / 2))
    pillar = SceneObject(PILLAR, Box((width, width, height)), pose, colour=(0.75, 0.33, 0.25))
    return Scene.of(bench().get("bench"), pillar)


class Search:
    """RRT-Connect: one tree steps towards a random point, the other connects to the new node.

    Kuffner and LaValle, "RRT-Connect: an efficient approach to single-query path planning", 2000.
    """

    def __init__(self, model: RobotModel, scene: Scene, step_rad: float, seed: int) -> None:
        from lectern.robot.planning.collision import CollisionWorld

        self._model = model
        self._world = CollisionWorld(model, scene, model.gripper.max_width_m / 2)
        self._step_rad = step_rad
        self._chance = np.random.default_rng(seed)
        self.checks = 0

    def run(self, start_rad: Floats, goal_rad: Floats) -> Found:
        """Grow both trees until they meet.

        Raises:
            PlanningTimeout: They did not meet.
        """
        trees = (Tree([start_rad], [-1]), Tree([goal_rad], [-1]))
        growing, other = trees
        for _ in range(_MOST_ROUNDS):
            target = self._chance.uniform(self._model.lower, self._model.upper)
            new = self._step(growing, growing.nearest(target), target)
            if new is not None:
                met = self._connect(other, growing.nodes[new])
                if met is not None:
                    ends = (new, met) if growing is trees[0] else (met, new)
                    path = trees[0].to_root(ends[0])[::-1] + trees[1].to_root(ends[1])[1:]
                    return Found(trees, np.array(path), self.checks)
            growing, other = other, growing
        raise PlanningTimeout(
            f"The trees did not meet in {_MOST_ROUNDS} rounds.",
            "Try another seed, or a smaller pillar.",
        )

    def _step(self, tree: Tree, near: int, target_rad: Floats) -> int | None:
        """Go one step from a node towards a target; None: something is in the way."""
        here = tree.nodes[near]
        away = float(np.linalg.norm(target_rad - here))
        there = here + (target_rad - here) * min(1.0, self._step_rad / max(away, 1e-9))
        if any(not self._free(q) for q in between(here, there)[1:]):
            return None
        return tree.add(there, near)

    def _connect(self, tree: Tree, target_rad: Floats) -> int | None:
        """Step on towards a target; return the node that reaches it, or None."""
        node: int | None = tree.nearest(target_rad)
        while node is not None:
            if np.linalg.norm(tree.nodes[node] - target_rad) < 1e-9:
                return node
            node = self._step(tree, node, target_rad)
        return None

    def _free(self, q_rad: Floats) -> bool:
        self.checks += 1
        return not self._world.contacts(q_rad)


def grow(model: RobotModel, scene: Scene, step_rad: float, seed: int) -> Found:
    """Search from the start to the goal."""
    return Search(model, scene, step_rad, seed).run(*ends())


def between(first_rad: Floats, second_rad: Floats, step_rad: float = _LOOK_RAD) -> Floats:
    """Return joint positions on a straight motion, both ends included, shape (points, 6)."""
    count = max(1, int(np.ceil(np.abs(second_rad - first_rad).max() / step_rad)))
    return np.linspace(first_rad, second_rad, count + 1, dtype=np.float64)


def finely(path_rad: Floats, step_rad: float = 0.1) -> Floats:
    """Return a path of straight motions with points in between."""
    parts = [between(a, b, step_rad) for a, b in itertools.pairwise(path_rad)]
    return np.concatenate(parts)


def length_rad(path_rad: Floats) -> float:
    """Return the length of a path in joint space."""
    return float(np.linalg.norm(np.diff(path_rad, axis=0), axis=1).sum())


def judge(tree: Found, taken_rad: Floats) -> dict[str, Any]:
    """Return the size of the tree and what shortening gained."""
    start, goal = ends()
    return {
        "nodes_of_the_start_tree": len(tree.trees[0].nodes),
        "nodes_of_the_goal_tree": len(tree.trees[1].nodes),
        "joint_positions_checked": tree.checks,
        "straight_distance_rad": rounded(float(np.linalg.norm(goal - start)), 3),
        "tree_path_length_rad": rounded(length_rad(tree.path), 3),
        "tree_path_corners": len(tree.path) - 2,
        "taken_path_length_rad": rounded(length_rad(taken_rad), 3),
    }


def draw(figure: Figure, parameters: RrtConnectParameters, tree: Found, taken_rad: Floats) -> None:
    """Draw the tool's way along every motion of the trees, from above and from the front."""
    grid = figure.add_gridspec(2, 2, height_ratios=[2.6, 1])
    views = (
        (grid[0, 0], "From above", "y (m)", "x (m)", (1, 0)),
        (grid[:, 1], "From the front", "y (m)", "z (m)", (1, 2)),
    )
    edges = [
        (chain.tool_path(between(*edge, 0.1)), color)
        for grown, color in zip(tree.trees, (style.GREY, style.GREEN), strict=True)
        for edge in grown.edges()
    ]
    found, taken = chain.tool_path(finely(tree.path)), chain.tool_path(taken_rad)
    for place, title, across, up, (i, j) in views:
        axes = style.plot(figure, place, title, across, up)
        for edge, color in edges:
            axes.plot(edge[:, i], edge[:, j], color=color, linewidth=1.2, alpha=0.9)
        axes.plot(found[:, i], found[:, j], color=style.ORANGE, linewidth=1.8)
        axes.plot(taken[:, i], taken[:, j], color=style.BLUE, linewidth=2.4)
        _draw_pillar(axes, parameters, j)
        for point, name in ((taken[0], "start"), (taken[-1], "goal")):
            axes.plot(point[i], point[j], "o", color=style.INK, markersize=5)
            style.mark(axes, (point[i], point[j]), name)
        axes.set_aspect("equal")
        axes.invert_xaxis()
        axes.margins(0.1)
    figure.axes[0].plot(0, 0, "o", color=style.INK, markersize=8)
    style.mark(figure.axes[0], (0, 0), "base", xytext=(9, -3))
    _name_lines(figure, grid[1, 0])


def _draw_pillar(axes: Any, parameters: RrtConnectParameters, up: int) -> None:
    half, height = parameters.pillar_width_m / 2, parameters.pillar_height_m
    low, high = (0.0, height) if up == 2 else np.array([-half, half]) + parameters.pillar_x_m
    axes.fill([-half, half, half, -half], [low, low, high, high], color=style.RED, alpha=0.45, lw=0)


def _name_lines(figure: Figure, place: Any) -> None:
    axes = figure.add_subplot(place)
    axes.set_axis_off()
    names = {
        "tree from the start": style.GREY,
        "tree from the goal": style.GREEN,
        "path found": style.ORANGE,
        "path taken, shortened": style.BLUE,
        "pillar": style.RED,
    }
    for line, (name, color) in enumerate(names.items()):
        axes.text(0.0, 0.95 - 0.2 * line, name, color=color, fontsize=8.5, va="top")
