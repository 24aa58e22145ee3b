"""Lectern's scene as MoveIt's planning scene and back, exactly.

What moveit_msgs/CollisionObject has no field for (mass, friction, colour) travels in its `type`,
which MoveIt keeps: key `lectern`, `db` a JSON object. An object without it is somebody else's: it
is fixed, so that nothing grips it, and has the core's default friction and colour.

An object that Lectern cannot check for collisions is never left out: it is refused by name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from lectern.errors import InvalidInput, LecternError, SceneObjectInvalid
from lectern.robot.geometry import WORLD, Pose
from lectern.robot.scene import (
    Attachment,
    Box,
    Cylinder,
    Mesh,
    Scene,
    SceneObject,
    Shape,
    Sphere,
)
from lectern_nodes.ros_robot.meshes import Meshes

_KEY = "lectern"
# Poses this close are the same: MoveIt takes them apart into rotation matrices and back.
_SAME = 1e-9
# Numbers of shape_msgs/SolidPrimitive.
_BOX, _SPHERE, _CYLINDER, _CONE = 1, 2, 3, 4
_ADD, _REMOVE, _MOVE = b"\x00", b"\x01", b"\x03"


def pose_message(types: Any, pose: Pose) -> Any:
    """Return a `geometry_msgs/Pose`; the frame stands elsewhere."""
    x, y, z = pose.position_m
    qx, qy, qz, qw = pose.quaternion_xyzw
    return types.Pose(
        position=types.Point(x=x, y=y, z=z),
        orientation=types.Quaternion(x=qx, y=qy, z=qz, w=qw),
    )


def pose_of(message: Any, frame: str = WORLD) -> Pose:
    """Return the pose of a `geometry_msgs/Pose`; a quaternion of zeros is no rotation."""
    p, q = message.position, message.orientation
    turn = (q.x, q.y, q.z, q.w) if any((q.x, q.y, q.z, q.w)) else (0.0, 0.0, 0.0, 1.0)
    return Pose((p.x, p.y, p.z), turn, frame)


class SceneMessages:
    """Turns scenes into messages and back.

    Args:
        types: Holds the message classes.
        touch_links: Links that an object in the hand may touch.
        root: Root link of the robot, which stands in the world.
        link_pose: Returns where a link is now, in the world.
    """

    def __init__(
        self,
        types: Any,
        touch_links: Iterable[str],
        root: str,
        link_pose: Callable[[str], Pose],
    ) -> None:
        self._types = types
        self._touch_links = list(touch_links)
        self._frames = (WORLD, root, "")
        self._link_pose = link_pose
        self._meshes = Meshes()

    def close(self) -> None:
        """Remove the files of others' meshes."""
        self._meshes.close()

    def change(self, present: Scene, wanted: Scene) -> Any:
        """Return the `moveit_msgs/PlanningScene` (a diff) that turns one scene into another."""
        types = self._types
        gone = [name for name in present.objects if name not in wanted.objects]
        held = {n: a for n, a in wanted.attached.items() if not _same_hold(present, wanted, n)}
        let_go = [n for n in present.attached if n not in wanted.attached]
        let_go += [n for n in held if n in present.attached]
        put = [
            item
            for name, item in wanted.objects.items()
            if name not in wanted.attached
            and (name in present.attached or not _same_item(present.objects.get(name), item))
        ]
        return types.PlanningScene(
            is_diff=True,
            robot_state=types.RobotState(
                is_diff=True,
                attached_collision_objects=[
                    *(self._released(name, present) for name in let_go),
                    *(self.attached(wanted.objects[name], hold) for name, hold in held.items()),
                ],
            ),
            world=types.PlanningSceneWorld(
                collision_objects=[*map(self._removed, gone), *map(self.object, put)]
            ),
            object_colors=[self._colour(i) for i in (*put, *(wanted.objects[n] for n in held))],
        )

    def object(self, item: SceneObject, frame: str = WORLD, pose: Pose | None = None) -> Any:
        """Return the `CollisionObject` that adds an object."""
        types, at = self._types, pose_message(self._types, Pose((0.0, 0.0, 0.0)))
        shape: dict[str, Any]
        if isinstance(item.shape, Mesh):
            shape = {"meshes": [self._meshes.message(types, item.shape)], "mesh_poses": [at]}
        else:
            shape = {"primitives": [_primitive(types, item.shape)], "primitive_poses": [at]}
        return types.CollisionObject(
            header=types.Header(frame_id=frame),
            pose=pose_message(types, item.pose if pose is None else pose),
            id=item.name,
            type=types.ObjectType(key=_KEY, db=_db(item)),
            operation=_ADD,
            **shape,
        )

    def attached(self, item: SceneObject, hold: Attachment) -> Any:
        """Return the `AttachedCollisionObject` that lets a link carry an object."""
        return self._types.AttachedCollisionObject(
            link_name=hold.link,
            object=self.object(item, hold.link, hold.pose),
            touch_links=self._touch_links,
            weight=float(item.mass_kg or 0.0),
        )

    def _released(self, name: str, present: Scene) -> Any:
        return self._types.AttachedCollisionObject(
            link_name=present.attached[name].link, object=self._removed(name)
        )

    def _removed(self, name: str) -> Any:
        types = self._types
        return types.CollisionObject(
            header=types.Header(frame_id=WORLD), id=name, operation=_REMOVE
        )

    def _colour(self, item: SceneObject) -> Any:
        red, green, blue = map(float, item.colour)
        colour = self._types.ColorRGBA(r=red, g=green, b=blue, a=1.0)
        return self._types.ObjectColor(id=item.name, color=colour)

    def scene(self, message: Any, known: Scene) -> Scene:
        """Return the scene of a whole `moveit_msgs/PlanningScene`.

        Args:
            message: With the geometry of the world's and of the attached objects.
            known: The scene as it was: objects that did not change stay the same to the bit.

        Raises:
            SceneObjectInvalid: An object cannot be checked for collisions, by its name.
        """
        scene = Scene()
        if len(message.world.octomap.octomap.data):
            raise SceneObjectInvalid(
                "The planning scene has an octomap, which Lectern cannot check for collisions.",
                "Switch MoveIt's sensors off, or clear the octomap.",
            )
        for each in message.world.collision_objects:
            for item in self._items(each, self._frame(each)):
                scene = scene.add(_kept(known, item))
        for each in message.robot_state.attached_collision_objects:
            link = each.object.header.frame_id or each.link_name
            for item in self._items(each.object, link):
                hold = Attachment(link, replace(item.pose, frame=link))
                world = self._link_pose(link) @ hold.pose
                scene = scene.add(_kept(known, replace(item, pose=world)))
                before = known.attached.get(item.name)
                same = before is not None and before.link == link and _near(before.pose, hold.pose)
                scene = scene.attach(item.name, before if same and before else hold)
        return scene

    def whole(self, scene: Scene) -> Any:
        """Return a scene as the whole `moveit_msgs/PlanningScene`."""
        message = self.change(Scene(), scene)
        message.is_diff = message.robot_state.is_diff = False
        return message

    def applied(self, present: Scene, message: Any) -> Scene:
        """Return a scene as a difference makes it, by the rules of MoveIt.

        Args:
            present: The scene, held objects where they are now.
            message: A `moveit_msgs/PlanningScene`; one that is no difference replaces everything.

        Raises:
            SceneObjectInvalid: An object cannot be used, by its name.
            SceneObjectUnknown: What should move or be taken is not there.
        """
        if not message.is_diff:
            return self.scene(message, present)
        scene = present
        for each in message.robot_state.attached_collision_objects:
            scene = self._with_held(scene, each)
        for each in message.world.collision_objects:
            scene = self._with_object(scene, each)
        return scene

    def _with_held(self, scene: Scene, message: Any) -> Scene:
        name, link = message.object.id, message.link_name
        if message.object.operation == _REMOVE:
            named = [n for n, hold in scene.attached.items() if hold.link == link or not link]
            for each in named if not name else [name]:
                if each in scene.attached:
                    scene = scene.detach(each, scene.get(each).pose)
            return scene
        if not message.object.primitives and not message.object.meshes:
            pose = self._link_pose(link).inverse(link) @ scene.get(name).pose
            return scene.attach(name, Attachment(link, pose))
        frame = message.object.header.frame_id or link
        (item,) = self._items(message.object, frame)
        pose = self._link_pose(frame) @ item.pose
        hold = Attachment(link, replace(self._link_pose(link).inverse(link) @ pose, frame=link))
        hold = Attachment(link, item.pose) if frame == link else hold
        if name in scene.objects:
            scene = scene.remove(name)
        return scene.add(replace(item, pose=pose)).attach(name, hold)

    def _with_object(self, scene: Scene, message: Any) -> Scene:
        name = message.id
        if message.operation == _REMOVE:
            for each in [n for n in scene.objects if n == name or not name]:
                scene = scene.remove(each)
            return scene
        if message.operation == _MOVE:
            return scene.move(name, pose_of(message.pose, self._frame(message)))
        if message.operation != _ADD:
            raise _refused(name, "an operation other than ADD, MOVE and REMOVE")
        for item in self._items(message, self._frame(message)):
            scene = scene.remove(item.name) if item.name in scene.objects else scene
            scene = scene.add(item)
        return scene

    def _frame(self, message: Any) -> str:
        """Return the world, in which an object must be given."""
        frame = message.header.frame_id
        if frame not in self._frames:
            raise SceneObjectInvalid(
                f"The object {message.id[:80]!r} of the planning scene is given in the frame "
                f"{frame[:80]!r}.",
                "Give it in the frame world.",
            )
        return WORLD

    def _items(self, message: Any, frame: str) -> list[SceneObject]:
        """Return an object, or, where it has several shapes, each as an object by itself."""
        if message.planes:
            raise _refused(message.id, "a plane")
        base = pose_of(message.pose, frame)
        primitives = zip(message.primitives, message.primitive_poses, strict=True)
        meshes = zip(message.meshes, message.mesh_poses, strict=True)
        try:
            shapes = [(_solid(message.id, p), pose_of(at)) for p, at in primitives]
            shapes += [(self._meshes.mesh(m), pose_of(at)) for m, at in meshes]
            known = _properties(message)
            names = [message.id, *(f"{message.id}-{n}" for n in range(2, len(shapes) + 1))]
            return [
                SceneObject(name, shape, _placed(base, at), **known)
                for name, (shape, at) in zip(names, shapes, strict=False)
            ]
        except InvalidInput as error:
            raise _refused(message.id, f"what Lectern cannot use: {error.detail}") from error


def _placed(base: Pose, at: Pose) -> Pose:
    """Return a pose in a frame; to the bit the other's where one of the two changes nothing."""
    if replace(at, frame=base.frame) == Pose((0.0, 0.0, 0.0), frame=base.frame):
        return base
    return base @ at


def _primitive(types: Any, shape: Shape) -> Any:
    if isinstance(shape, Box):
        return types.SolidPrimitive(type=_BOX, dimensions=[float(v) for v in shape.size_m])
    if isinstance(shape, Sphere):
        return types.SolidPrimitive(type=_SPHERE, dimensions=[float(shape.radius_m)])
    assert isinstance(shape, Cylinder)
    size = [float(shape.length_m), float(shape.radius_m)]
    return types.SolidPrimitive(type=_CYLINDER, dimensions=size)


def _solid(name: str, message: Any) -> Shape:
    size = [float(value) for value in message.dimensions]
    if message.type == _BOX and len(size) == 3:
        return Box((size[0], size[1], size[2]))
    if message.type == _SPHERE and len(size) == 1:
        return Sphere(size[0])
    # A cone fits into its cylinder: what is clear of that is clear of the cone.
    if message.type in (_CYLINDER, _CONE) and len(size) == 2:
        return Cylinder(radius_m=size[1], length_m=size[0])
    raise _refused(name, f"a solid of type {message.type} with {len(size)} dimensions")


def _refused(name: str, what: str) -> LecternError:
    return SceneObjectInvalid(
        f"The object {name[:80]!r} of the planning scene has {what}.",
        "Use boxes, spheres, cylinders or meshes, named with letters, digits, _ and -.",
    )


def _db(item: SceneObject) -> str:
    known = {"mass_kg": item.mass_kg, "friction": item.friction, "colour": list(item.colour)}
    return json.dumps(known)


def _properties(message: Any) -> dict[str, Any]:
    """Return what only Lectern writes; nothing where somebody else made the object."""
    if message.type.key != _KEY:
        return {}
    try:
        known = json.loads(message.type.db)
        mass = known["mass_kg"]
        red, green, blue = (float(value) for value in known["colour"])
        return {
            "mass_kg": None if mass is None else float(mass),
            "friction": float(known["friction"]),
            "colour": (red, green, blue),
        }
    except (ValueError, KeyError, TypeError) as error:
        raise _refused(message.id, "a type that only looks like Lectern's") from error


def _kept(known: Scene, item: SceneObject) -> SceneObject:
    before = known.objects.get(item.name)
    return before if before is not None and _same_item(before, item) else item


def _same_item(first: SceneObject | None, second: SceneObject) -> bool:
    if first is None or replace(first, pose=second.pose) != second:
        return False
    return _near(first.pose, second.pose)


def _same_hold(present: Scene, wanted: Scene, name: str) -> bool:
    alike = replace(wanted.objects[name], pose=Pose((0.0, 0.0, 0.0)))
    before = present.objects.get(name)
    same = before is not None and replace(before, pose=alike.pose) == alike
    return same and present.attached.get(name) == wanted.attached[name]


def _near(first: Pose, second: Pose) -> bool:
    return first.frame == second.frame and bool(
        abs(first.matrix() - second.matrix()).max() <= _SAME
    )
