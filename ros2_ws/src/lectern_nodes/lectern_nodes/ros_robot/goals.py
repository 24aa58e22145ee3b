"""Requests for a plan as MoveIt takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from lectern.robot.geometry import WORLD, Pose
from lectern.robot.goals import PlanRequest
from lectern.robot.model import RobotModel
from lectern_nodes.ros_robot.objects import pose_message

# How near to the goal MoveIt must end, rad; the gate allows 1e-4.
JOINT_TOLERANCE_RAD = 1e-5
_POSITION_TOLERANCE_M = 1e-4
_ORIENTATION_TOLERANCE_RAD = 1e-3
# Largest way of the tool, and of a joint, between two points of a straight line.
_LINE_STEP_M = 0.004
_LINE_JUMP_RAD = 0.15
_SPHERE = 2
# The core's planners as OMPL's default configurations name them.
PLANNERS: Mapping[str, str] = MappingProxyType(
    {
        "rrt_connect": "RRTConnectkConfigDefault",
        "rrt": "RRTkConfigDefault",
        "rrt_star": "RRTstarkConfigDefault",
        "informed_rrt_star": "InformedRRTstarkConfigDefault",
        "bit_star": "BITstarkConfigDefault",
        "kpiece": "KPIECEkConfigDefault",
    }
)


def start_message(
    types: Any, model: RobotModel, start_rad: Sequence[float], finger_m: float
) -> Any:
    """Return a `moveit_msgs/RobotState`: these joints, everything else as it is."""
    names = [*model.names, *model.gripper.joints]
    positions = [float(q) for q in start_rad] + [float(finger_m)] * len(model.gripper.joints)
    state = types.JointState(name=names, position=positions)
    return types.RobotState(joint_state=state, is_diff=True)


def joint_constraints(types: Any, model: RobotModel, positions_rad: Sequence[float]) -> Any:
    """Return `moveit_msgs/Constraints` for one place of every joint."""
    joints = [
        types.JointConstraint(
            joint_name=name,
            position=float(position),
            tolerance_above=JOINT_TOLERANCE_RAD,
            tolerance_below=JOINT_TOLERANCE_RAD,
            weight=1.0,
        )
        for name, position in zip(model.names, positions_rad, strict=True)
    ]
    return types.Constraints(joint_constraints=joints)


def pose_constraints(types: Any, model: RobotModel, pose: Pose) -> Any:
    """Return `moveit_msgs/Constraints` for one pose of the tool."""
    header = types.Header(frame_id=WORLD)
    at = pose_message(types, pose)
    centre = pose_message(types, Pose(pose.position_m))
    ball = types.SolidPrimitive(type=_SPHERE, dimensions=[_POSITION_TOLERANCE_M])
    place = types.PositionConstraint(
        header=header,
        link_name=model.tool_frame,
        constraint_region=types.BoundingVolume(primitives=[ball], primitive_poses=[centre]),
        weight=1.0,
    )
    turn = types.OrientationConstraint(
        header=header,
        link_name=model.tool_frame,
        orientation=at.orientation,
        absolute_x_axis_tolerance=_ORIENTATION_TOLERANCE_RAD,
        absolute_y_axis_tolerance=_ORIENTATION_TOLERANCE_RAD,
        absolute_z_axis_tolerance=_ORIENTATION_TOLERANCE_RAD,
        weight=1.0,
    )
    return types.Constraints(position_constraints=[place], orientation_constraints=[turn])


def plan_goal(
    types: Any,
    request: PlanRequest,
    *,
    start: Any,
    constraints: Any,
    group: str,
    pipeline: str,
    scene_diff: Any | None,
) -> Any:
    """Return the goal of a `moveit_msgs/action/MoveGroup` that plans and does not move."""
    wanted = types.MotionPlanRequest(
        start_state=start,
        goal_constraints=[constraints],
        pipeline_id=pipeline,
        planner_id=PLANNERS[request.planner],
        group_name=group,
        num_planning_attempts=1,
        allowed_planning_time=float(request.timeout_s),
        max_velocity_scaling_factor=float(request.speed_scale),
        max_acceleration_scaling_factor=float(request.speed_scale),
    )
    wanted.workspace_parameters = _workspace(types)
    options = types.PlanningOptions(plan_only=True)
    unchanged = types.RobotState(is_diff=True)
    empty = types.PlanningScene(is_diff=True, robot_state=unchanged)
    options.planning_scene_diff = empty if scene_diff is None else scene_diff
    return types.MoveGroup.Goal(request=wanted, planning_options=options)


def line_request(
    types: Any, model: RobotModel, pose: Pose, *, start: Any, group: str, avoid: bool
) -> Any:
    """Return the request of a `moveit_msgs/srv/GetCartesianPath` for one straight line."""
    return types.GetCartesianPath.Request(
        header=types.Header(frame_id=WORLD),
        start_state=start,
        group_name=group,
        link_name=model.tool_frame,
        waypoints=[pose_message(types, pose)],
        max_step=_LINE_STEP_M,
        revolute_jump_threshold=_LINE_JUMP_RAD,
        avoid_collisions=avoid,
    )


def _workspace(types: Any) -> Any:
    """Return a box that holds everything an arm reaches; only bases that drive are bound by it."""
    return types.WorkspaceParameters(
        header=types.Header(frame_id=WORLD),
        min_corner=types.Vector3(x=-3.0, y=-3.0, z=-3.0),
        max_corner=types.Vector3(x=3.0, y=3.0, z=3.0),
    )
