"""Where is the tool? Multiply one matrix per joint, then look where the tool really is."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from lectern.robot.demos import chain, style
from lectern.robot.demos.base import Demo, DemoResult, Parameters, Stage, rounded
from lectern.robot.demos.values import SixAnglesDeg, SpeedScale
from lectern.robot.geometry import Floats
from lectern.robot.goals import JointGoal, PlanRequest

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class ForwardKinematicsParameters(Parameters):
    """Where the joints shall stand."""

    joint_positions_deg: SixAnglesDeg = Field(
        (90, 30, 60, 0, 0, 0), description="Joints 1 to 6; the first three are the book's example."
    )
    speed_scale: SpeedScale = Field(0.5, description="Share of the speed limits to move with.")


class ForwardKinematics(Demo[ForwardKinematicsParameters]):
    """The DH product, matrix by matrix, against the pose of the simulated tool."""

    name = "forward_kinematics"
    title = "Forward kinematics: from six joint angles to the pose of the tool"
    section = "03-forward-kinematics-and-the-jacobian.md#a-worked-dh-table-the-3r-elbow-arm"
    section_title = "A worked DH table: the 3R elbow arm"
    Parameters = ForwardKinematicsParameters

    async def run(self, stage: Stage, parameters: ForwardKinematicsParameters) -> DemoResult:
        """Move to the joint positions and compare the two poses."""
        from lectern.robot.planning.kinematics import Kinematics

        wanted = np.radians(parameters.joint_positions_deg)
        stage.tell("Moving to the joint positions.")
        await stage.prepare()
        goal = JointGoal(tuple(wanted.tolist()))
        await stage.session.move(
            PlanRequest(goal, speed_scale=parameters.speed_scale, seed=stage.seed)
        )
        model = stage.view.model
        measured = stage.view.state().of(model.names)
        simulated = Kinematics(model).forward(measured).matrix()
        poses = chain.frames(wanted)
        return DemoResult(
            numbers=compare(wanted, measured, simulated),
            series={
                "dh_frames_in_base": rounded(np.array(poses)),
                "dh_steps": [rounded(step) for step in steps(poses)],
            },
            pictures={"frames": await stage.compute(style.picture, lambda f: draw(f, wanted), 620)},
        )


def steps(poses: list[Floats]) -> list[Floats]:
    """Return the matrix of each joint: the pose of frame {i} in frame {i-1}."""
    return [np.linalg.inv(a) @ b for a, b in itertools.pairwise(poses)]


def compare(wanted_rad: Floats, measured_rad: Floats, simulated: Floats) -> dict[str, Any]:
    """Return the tool pose by the DH product, and how far the simulated tool is from it."""
    tool = chain.tool_pose(wanted_rad)
    same = chain.tool_pose(measured_rad)
    return {
        "wrist_centre_m": rounded(chain.wrist_centre(wanted_rad), 3),
        "tool_position_m": rounded(tool[:3, 3]),
        "tool_z_axis": rounded(tool[:3, 2]),
        "simulated_tool_position_m": rounded(simulated[:3, 3]),
        # How well the arm holds its joints:
        "largest_joint_error_mrad": rounded(
            1e3 * float(np.abs(measured_rad - wanted_rad).max()), 3
        ),
        "tool_error_mm": rounded(1e3 * float(np.linalg.norm(tool[:3, 3] - simulated[:3, 3])), 3),
        # How well the DH table and the URDF agree, at the very same joint positions:
        "dh_against_urdf_nm": rounded(1e9 * float(np.linalg.norm((same - simulated)[:3, 3])), 2),
    }


def draw(figure: Figure, wanted_rad: Floats) -> None:
    """Draw the arm with the frames of its DH table, and the table beside it."""
    grid = figure.add_gridspec(1, 2, width_ratios=[1.15, 1])
    poses = chain.frames(wanted_rad)
    points = np.array([pose[:3, 3] for pose in poses])
    axes = style.space(figure, grid[0], "Frames {0} to {6} of the DH table")
    style.draw_arm(axes, points[[0, 1, 2, 4, 6]], style.GREY)
    for pose in poses:
        _draw_frame(axes, pose)
    for numbers, point in _grouped(points):
        axes.text(*(point + 0.03), numbers, fontsize=9, color=style.INK)
    style.frame_space(axes, points, 0.15)
    axes.view_init(elev=18, azim=-35)
    style.write(figure, grid[1], "One matrix per row", _table_lines(wanted_rad, points))


def _table_lines(wanted_rad: Floats, origins_m: Floats) -> list[str]:
    rows = ["      a alpha     d  theta", "i     m   deg     m    deg"]
    for number, (row, angle) in enumerate(zip(chain.table(), wanted_rad, strict=True), 1):
        alpha, theta = np.degrees([row.alpha_rad, angle + row.theta_offset_rad])
        rows.append(f"{number} {row.a_m:5.1f} {alpha:5.0f} {row.d_m:5.1f} {theta:6.1f}")
    rows += ["", "multiplied from the left:", "         x       y       z  (m)"]
    rows += [
        f"{{{number}}}" + "".join(f"{value + 0.0:8.3f}" for value in np.round(origin, 3))
        for number, origin in enumerate(origins_m)
    ]
    return rows


def _draw_frame(axes: Any, pose: Floats, length_m: float = 0.11) -> None:
    for column, color in enumerate((style.RED, style.GREEN, style.BLUE)):
        line = np.array([pose[:3, 3], pose[:3, 3] + length_m * pose[:3, column]])
        axes.plot(*line.T, color=color, linewidth=2, zorder=5)


def _grouped(points: Floats) -> list[tuple[str, Floats]]:
    """Join the names of frames that share an origin."""
    names: dict[tuple[float, ...], list[int]] = {}
    for number, point in enumerate(points):
        names.setdefault(tuple(np.round(point, 6).tolist()), []).append(number)
    return [("{" + "}, {".join(map(str, n)) + "}", np.array(p)) for p, n in names.items()]
