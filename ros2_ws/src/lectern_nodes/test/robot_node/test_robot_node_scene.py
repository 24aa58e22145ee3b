"""The planning scene that the robot's node serves is the one that physics has."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
sys.path.append(str(Path(__file__).parent))

from control_msgs.action import GripperCommand
from control_msgs.msg import GripperCommand as Command
from geometry_msgs.msg import Pose
from lectern_nodes.robot.planning_scene import as_held
from moveit_msgs.msg import (
    AttachedCollisionObject,
    CollisionObject,
    PlanningScene,
    PlanningSceneWorld,
    RobotState,
)
from moveit_msgs.srv import ApplyPlanningScene, GetPlanningScene
from shape_msgs.msg import SolidPrimitive

from conftest import READY, follow_goal
from lectern.errors import SceneObjectInvalid
from lectern.robot.geometry import Pose as CorePose
from lectern.robot.scene import Attachment
from lectern.robot.scenes import bench

# With the hand down: over the red cube, and around it.
OVER = [0.1974, 0.694, -1.9455, 0.0, -0.3192, 0.1974]
AROUND = [0.1974, 0.4459, -1.8692, 0.0, -0.1475, 0.1974]
HOLD = Attachment("tool_link", CorePose((0.0, 0.0, 0.0), frame="tool_link"))


def scene_of(client):
    return client.call(GetPlanningScene, "get_planning_scene").scene


def names_in(scene):
    return {item.id for item in scene.world.collision_objects}


def held_in(scene):
    return [each.object.id for each in scene.robot_state.attached_collision_objects]


def box(name, x_m, operation=CollisionObject.ADD):
    shape = SolidPrimitive(type=SolidPrimitive.BOX, dimensions=[0.05, 0.05, 0.05])
    item = CollisionObject(id=name, operation=operation)
    item.header.frame_id = "world"
    item.pose.position.x, item.pose.position.y, item.pose.position.z = x_m, -0.5, 0.5
    item.pose.orientation.w = 1.0
    if operation == CollisionObject.ADD:
        item.primitives, item.primitive_poses = [shape], [Pose()]
        item.primitive_poses[0].orientation.w = 1.0
    return item


def applied(client, *items, held=()):
    change = PlanningScene(
        is_diff=True,
        world=PlanningSceneWorld(collision_objects=list(items)),
        robot_state=RobotState(is_diff=True, attached_collision_objects=list(held)),
    )
    request = ApplyPlanningScene.Request(scene=change)
    return client.call(ApplyPlanningScene, "apply_planning_scene", request).success


def grip(client, position_m):
    goal = GripperCommand.Goal(command=Command(position=position_m))
    return client.send(GripperCommand, "gripper_controller/gripper_cmd", goal).result()


def test_the_scene_of_physics_is_served(robot, client):
    present = robot._face._motion.view.scene()
    assert names_in(scene_of(client)) == set(present.objects)


def test_what_is_added_and_removed_is_so_in_physics_and_is_told(robot, client):
    news = client.inbox(PlanningScene, "monitored_planning_scene")
    view = robot._face._motion.view
    assert applied(client, box("crate", 0.4))
    assert "crate" in view.scene().objects
    news.first(lambda m: "crate" in names_in(m))
    assert applied(client, box("crate", 0.4, CollisionObject.REMOVE))
    assert "crate" not in view.scene().objects


def test_a_change_while_the_arm_moves_is_refused(robot, client):
    sent = client.follow(follow_goal((3.0, READY)))
    sent.feedback.until(1)
    assert not applied(client, box("crate", 0.4))
    assert sent.result()[1].error_code == 0
    assert "crate" not in robot._face._motion.view.scene().objects


def test_an_object_in_the_robot_is_refused(robot, client):
    inside = box("crate", 0.0)
    inside.pose.position.y, inside.pose.position.z = 0.0, 0.2
    assert not applied(client, inside)
    assert "crate" not in robot._face._motion.view.scene().objects


def test_what_the_gripper_takes_is_attached_and_what_it_drops_is_not(client):
    news = client.inbox(PlanningScene, "monitored_planning_scene")
    grip(client, 0.04)
    client.go(READY)
    client.go(OVER)
    client.go(AROUND)
    grip(client, 0.0)
    assert held_in(scene_of(client)) == ["red_cube"]
    news.first(lambda m: "red_cube" in held_in(m))
    # Whoever grips through MoveIt says so as well; it is so already.
    cube = CollisionObject(id="red_cube", operation=CollisionObject.ADD)
    assert applied(client, held=[AttachedCollisionObject(link_name="tool_link", object=cube)])
    released = CollisionObject(id="red_cube", operation=CollisionObject.REMOVE)
    assert applied(client, held=[AttachedCollisionObject(link_name="tool_link", object=released)])
    assert held_in(scene_of(client)) == ["red_cube"]
    grip(client, 0.04)
    assert held_in(scene_of(client)) == []
    client.go(OVER)


def test_nothing_is_attached_that_the_hand_does_not_hold(client):
    cube = CollisionObject(id="red_cube", operation=CollisionObject.ADD)
    assert not applied(client, held=[AttachedCollisionObject(link_name="tool_link", object=cube)])


def test_what_is_held_stays_where_physics_has_it():
    free = bench()
    held = free.attach("red_cube", HOLD)
    elsewhere = held.detach("red_cube", CorePose((0.3, 0.0, 0.5)))
    assert as_held(elsewhere, held) is held
    with pytest.raises(SceneObjectInvalid, match="red_cube"):
        as_held(held, free)


def test_a_held_object_can_be_taken_out_of_the_scene():
    held = bench().attach("red_cube", HOLD)
    gone = as_held(held.remove("red_cube"), held)
    assert "red_cube" not in gone.objects
    assert not gone.attached
