"""What the ROS robot is told: which planner, whose names on the graph, how long to wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeAlias

from lectern.errors import SettingsError
from lectern.robot.robot import Reality

PlannerChoice: TypeAlias = Literal["moveit", "embedded"]
SceneChoice: TypeAlias = Literal["planning_scene", "local"]

PREFIX = "ros_robot."


@dataclass(frozen=True)
class RosRobotSettings:
    """Settings of one ROS robot; names are relative to the node's namespace.

    Attributes:
        planner: `moveit` asks move_group, `embedded` plans in this process.
        scene: `planning_scene` shares MoveIt's, `local` keeps its own.
        initial_scene: Put into a scene that is empty at the start; empty: nothing.
        reality: `sim`, or `real`: people can be hurt, so the gate asks.
        group: MoveIt's planning group of the arm.
        pipeline: MoveIt's planning pipeline; empty: its default.
        joint_states: Topic.
        arm_action: FollowJointTrajectory of the arm's controller.
        gripper_action: GripperCommand of the gripper's controller.
        gripper_feels: Whether fingers stop at what is between them; mock hardware's do not.
        move_action: MoveIt's MoveGroup.
        execute_action: MoveIt's ExecuteTrajectory.
        stop_service: Called by a stop as well; empty: none.
        overview_camera: Image topic; empty: none.
        tool_camera: Image topic; empty: none.
        wait_s: Longest wait for a server to appear and for a service to answer.
        stale_s: Joint states older than this are no news, and the robot counts as gone.
    """

    planner: PlannerChoice = "embedded"
    scene: SceneChoice = "local"
    initial_scene: str = "bench"
    reality: Reality = "sim"
    group: str = "arm"
    pipeline: str = ""
    joint_states: str = "joint_states"
    arm_action: str = "arm_controller/follow_joint_trajectory"
    gripper_action: str = "gripper_controller/gripper_cmd"
    gripper_feels: bool = True
    move_action: str = "move_action"
    execute_action: str = "execute_trajectory"
    stop_service: str = "robot/stop"
    overview_camera: str = "camera/image_raw"
    tool_camera: str = ""
    wait_s: float = 5.0
    stale_s: float = 1.0

    def __post_init__(self) -> None:
        if self.planner == "moveit" and self.scene != "planning_scene":
            raise SettingsError(
                "MoveIt plans in its own planning scene, and ros_robot.scene is 'local'.",
                "Set ros_robot.scene to planning_scene, or ros_robot.planner to embedded.",
            )

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> RosRobotSettings:
        """Return settings from the values of parameters, named with the prefix `ros_robot.`.

        Raises:
            SettingsError: They contradict each other.
        """
        known = {field.name for field in fields(cls)}
        given = {name.removeprefix(PREFIX): value for name, value in values.items()}
        return cls(**{name: value for name, value in given.items() if name in known})

    @property
    def cameras(self) -> dict[str, str]:
        """Image topics by the name of the camera; those that there are."""
        both = {"overview": self.overview_camera, "tool": self.tool_camera}
        return {name: topic for name, topic in both.items() if topic}
