"""The MuJoCo world: the robot's URDF and a scene made into one model.

The robot comes first in the model, so that its joints have the lowest addresses whatever stands
around it. Contacts: a finger meets an object with torsional friction (condim 4), so that a cube
held between two pads does not turn; elliptic cones with a high ratio of frictional to normal
impedance keep it from creeping (MuJoCo documentation, "Modeling", section "Preventing slip").
Objects at rest sleep, which costs nothing and keeps them from drifting; the robot never does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import mujoco
import numpy as np
from numpy.typing import NDArray

from lectern.errors import DescriptionInvalid, LecternError, SceneObjectInvalid
from lectern.robot.embedded.control import Gains, gains_of
from lectern.robot.geometry import Pose
from lectern.robot.model import RobotModel
from lectern.robot.scene import Box, Cylinder, Mesh, Scene, SceneObject, Sphere

STEP_S = 0.001
FLOOR_Z_M = -0.75
CAMERAS = ("overview", "tool")
# The largest picture, in pixels.
MAX_WIDTH, MAX_HEIGHT = 1280, 960
CAMERA_FRAME = "camera_optical_frame"

# Geoms collide where a type of one meets the affinity of the other.
_ROBOT, _OBJECT, _FLOOR = 1, 2, 4
# Group of the geoms that are drawn, and of those that only collide.
DRAWN_GROUP, HULL_GROUP = 1, 3
# Time constant and damping ratio of contacts with objects; MuJoCo asks for two steps at least.
_CONTACT_SOLREF = (0.004, 1.0)
_CONTACT_SOLIMP = (0.95, 0.99, 0.001, 0.5, 2.0)
# Contacts of the fingers, as stiff as steps allow. MuJoCo's friction asks for J qacc = -b v and
# leaves out the change of J, so that in a hand that turns at w with radius r, what it holds creeps
# outwards at w^2 r / b, whatever the force; b = 2 / time constant (less the share of _SOLIMP). That
# is 3 mm/s at the arm's full speed and reach, and a few mm over a long motion; at rest it is none.
_PAD_SOLREF = (0.002, 1.0)
# Turning and rolling friction, m: about the radius of a pad's contact patch.
_TORSION_M, _ROLLING_M = 0.01, 0.0001
_RUBBER = 1.0
_MAX_STL_BYTES = 50_000_000
# What MuJoCo calls an object: no name of a link, a joint or the floor, as objects have no `/`.
_OBJECT_PREFIX = "object/"
_IMPORT = (
    '<mujoco><compiler fusestatic="false" discardvisual="false" balanceinertia="false" '
    'strippath="false"/></mujoco>'
)


@dataclass(frozen=True, eq=False)
class World:
    """A compiled model with what is needed to find one's way in it.

    Attributes:
        model: MuJoCo's; joints and actuators begin with the robot's, fingers last.
        scene: What it was built from.
        joints: Names of the robot's joints, in the order of their addresses.
        objects: Body of every object of the scene.
        movable: Address in qpos of the objects that move.
        speeds: Address in qvel of the same.
        links: Body of every link of the robot.
        gains: Of the controllers built into it.
    """

    model: mujoco.MjModel
    scene: Scene
    joints: tuple[str, ...]
    objects: Mapping[str, int]
    movable: Mapping[str, int]
    speeds: Mapping[str, int]
    links: Mapping[str, int]
    gains: Gains


def build_world(robot: RobotModel, scene: Scene) -> World:
    """Compile robot and scene.

    Raises:
        DescriptionInvalid: The robot's URDF cannot be loaded.
        SceneObjectInvalid: MuJoCo cannot use an object's mesh or size, or its name is also a
            link's; the message names it.
    """
    gains = gains_of(robot, STEP_S)
    spec = _spec(robot, scene, gains)
    # What is only looked at would cost a tenth of the time of every step.
    spec.compiler.discardvisual = True
    links = {body.name for body in spec.bodies[1:]} - set(map(_called, scene.objects))
    try:
        model = spec.compile()
    except ValueError as error:
        raise _fault(robot, scene, gains, error) from error
    return _indexed(model, robot, scene, links, gains)


def build_drawing(robot: RobotModel, scene: Scene) -> mujoco.MjModel:
    """Compile robot and scene as `build_world` does, with what is only looked at.

    The state of one is a state of the other.

    Raises:
        LecternError: What `build_world` names.
    """
    return _spec(robot, scene, gains_of(robot, STEP_S)).compile()


def _spec(robot: RobotModel, scene: Scene, gains: Gains) -> mujoco.MjSpec:
    spec = _robot_spec(robot)
    links = {body.name for body in spec.bodies[1:]}
    _finish_robot(spec, robot, gains)
    _surroundings(spec)
    for item in scene.objects.values():
        _check_object(item, links)
        _add_object(spec, item)
    return spec


def _called(name: str) -> str:
    """Return what MuJoCo calls an object of the scene."""
    return _OBJECT_PREFIX + name


def _check_object(item: SceneObject, links: Iterable[str]) -> None:
    if item.name in links:
        raise SceneObjectInvalid(
            f"{item.name!r} is the name of a link of the robot.", "Use another name."
        )
    if isinstance(item.shape, Mesh):
        _check_mesh(item.name, item.shape)


def _fault(robot: RobotModel, scene: Scene, gains: Gains, error: ValueError) -> LecternError:
    """Return an error that names the object that MuJoCo cannot use, or else the robot."""
    for item in scene.objects.values():
        try:
            _spec(robot, Scene.of(item), gains).compile()
        except ValueError as alone:
            return SceneObjectInvalid(
                f"MuJoCo cannot use the object {item.name!r}: {alone}",
                "Give a closed mesh, binary STL or OBJ, and sizes and masses of real things.",
            )
    return DescriptionInvalid(
        f"MuJoCo cannot build {robot.name}: {error}", "Repair the description."
    )


def _robot_spec(robot: RobotModel) -> mujoco.MjSpec:
    head, root, body = robot.urdf.partition("<robot")
    tag, end, rest = body.partition(">")
    try:
        spec = mujoco.MjSpec.from_string(head + root + tag + end + _IMPORT + rest)
    except ValueError as error:
        raise DescriptionInvalid(
            f"The description of {robot.name} is no URDF that MuJoCo reads: {error}",
            "Repair the file or install Lectern again.",
        ) from error
    known = {joint.name for joint in spec.joints}
    missing = [name for name in (*robot.names, *robot.gripper.joints) if name not in known]
    if missing:
        raise DescriptionInvalid(
            f"The description of {robot.name} has no joint {missing[0]!r}.",
            "Repair the file or install Lectern again.",
        )
    return spec


def _finish_robot(spec: mujoco.MjSpec, robot: RobotModel, gains: Gains) -> None:
    option = spec.option
    option.timestep = STEP_S
    option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    option.impratio = 20.0
    option.enableflags |= mujoco.mjtEnableBit.mjENBL_SLEEP
    # A blow-up shall be seen, not hidden.
    option.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
    for body in spec.bodies[1:]:
        body.gravcomp = 1.0
    spec.joint(robot.names[0]).parent.sleep = mujoco.mjtSleepPolicy.mjSLEEP_NEVER
    for geom in spec.geoms:
        _finish_geom(geom)
    for pair in robot.may_touch:
        first, second = sorted(pair)
        spec.add_exclude(bodyname1=first, bodyname2=second)
    for equality in spec.equalities:
        equality.solref = _CONTACT_SOLREF
        equality.solimp = _CONTACT_SOLIMP
    _motors(spec, robot, gains)


def _finish_geom(geom: mujoco.MjsGeom) -> None:
    if geom.contype == 0 and geom.conaffinity == 0:
        geom.group = DRAWN_GROUP
        return
    geom.group = HULL_GROUP
    geom.contype, geom.conaffinity = _ROBOT, _ROBOT
    geom.friction = (0.3, _TORSION_M, _ROLLING_M)
    if "finger" in geom.parent.name:
        geom.condim = 4
        geom.friction = (_RUBBER, _TORSION_M, _ROLLING_M)
        geom.solref, geom.solimp = _PAD_SOLREF, _CONTACT_SOLIMP
        # What the pads touch adds nothing of its own: rubber decides.
        geom.priority = 1


def _motors(spec: mujoco.MjSpec, robot: RobotModel, gains: Gains) -> None:
    """Give every joint the actuator that `control` describes, within the joint's effort limit."""
    names = (*robot.names, *robot.gripper.joints)
    effort = (*robot.max_effort, *[robot.gripper.max_force_n] * len(robot.gripper.joints))
    for name, limit, stiffness, damping, rotor in zip(
        names, effort, gains.stiffness, gains.damping, gains.rotor, strict=True
    ):
        joint = spec.joint(name)
        joint.armature = rotor
        joint.actgravcomp = True
        joint.actfrclimited = True
        joint.actfrcrange = (-limit, limit)
        motor = spec.add_actuator(name=name, target=name)
        motor.trntype = mujoco.mjtTrn.mjTRN_JOINT
        motor.gaintype = mujoco.mjtGain.mjGAIN_FIXED
        motor.biastype = mujoco.mjtBias.mjBIAS_AFFINE
        # The command is the rate of the activation: u runs along a straight line in a chunk.
        motor.dyntype = mujoco.mjtDyn.mjDYN_INTEGRATOR
        motor.gainprm[0] = 1.0
        motor.biasprm[:3] = (0.0, -stiffness, -damping)
        if name in robot.gripper.joints:
            motor.forcelimited = True
            motor.forcerange = (-limit, limit)


def _surroundings(spec: mujoco.MjSpec) -> None:
    _sky_and_floor(spec)
    world = spec.worldbody
    world.add_light(
        pos=(0.9, -1.1, 2.4), dir=(-0.3, 0.45, -1.0), castshadow=True, diffuse=(0.62, 0.6, 0.57)
    )
    world.add_light(
        pos=(-1.0, 1.6, 2.0), dir=(0.5, -0.6, -1.0), castshadow=False, diffuse=(0.28, 0.3, 0.34)
    )
    world.add_camera(name="overview", pos=(1.45, -1.15, 0.95), quat=_looking((-1.15, 1.1, -0.6)))
    frame = spec.body(CAMERA_FRAME)
    if frame is not None:
        # MuJoCo's cameras look along -z with y up; an optical frame has z ahead and y down.
        frame.add_camera(name="tool", quat=(0.0, 1.0, 0.0, 0.0), fovy=60.0)


def _sky_and_floor(spec: mujoco.MjSpec) -> None:
    texture = mujoco.mjtTexture
    spec.add_texture(
        name="sky",
        type=texture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=(0.93, 0.95, 0.97),
        rgb2=(0.55, 0.63, 0.72),
        width=128,
        height=128,
    )
    spec.add_texture(
        name="tiles",
        type=texture.mjTEXTURE_2D,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_CHECKER,
        rgb1=(0.78, 0.80, 0.82),
        rgb2=(0.72, 0.74, 0.77),
        width=256,
        height=256,
    )
    floor = spec.add_material(name="floor", texrepeat=(2, 2), texuniform=True, reflectance=0.05)
    floor.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = "tiles"
    spec.worldbody.add_geom(
        name="floor",
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=(6.0, 6.0, 0.1),
        pos=(0.0, 0.0, FLOOR_Z_M),
        material="floor",
        contype=_FLOOR,
        conaffinity=0,
    )
    head = spec.visual.headlight
    head.ambient, head.diffuse, head.specular = (0.32,) * 3, (0.28,) * 3, (0.05,) * 3
    # Memory goes into these: several samples of a pixel would take 60 MB more. Pictures are
    # smoothed by drawing them larger instead.
    spec.visual.quality.offsamples, spec.visual.quality.shadowsize = 0, 1024
    spec.visual.map.znear = 0.01
    spec.visual.map.zfar = 40.0
    spec.visual.global_.offwidth, spec.visual.global_.offheight = MAX_WIDTH, MAX_HEIGHT
    spec.stat.extent = 1.5


def _looking(direction: tuple[float, float, float]) -> NDArray[np.float64]:
    """Return the quaternion w, x, y, z of a camera that looks along a direction, upright."""
    back = -np.asarray(direction) / np.linalg.norm(direction)
    right = np.cross((0.0, 0.0, 1.0), back)
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(back, right), back], axis=1)
    quaternion = np.zeros(4)
    mujoco.mju_mat2Quat(quaternion, rotation.ravel())
    return quaternion


def _add_object(spec: mujoco.MjSpec, item: SceneObject) -> None:
    name = _called(item.name)
    body = spec.worldbody.add_body(
        name=name, pos=item.pose.position_m, quat=wxyz(item.pose.quaternion_xyzw)
    )
    geom = body.add_geom(
        name=name,
        rgba=(*item.colour, 1.0),
        friction=(item.friction, _TORSION_M, _ROLLING_M),
        contype=_OBJECT,
        conaffinity=_ROBOT | _OBJECT | _FLOOR,
        condim=3,
        solref=_CONTACT_SOLREF,
        solimp=_CONTACT_SOLIMP,
    )
    _give_shape(spec, geom, item)
    if item.mass_kg is not None:
        geom.mass = item.mass_kg
        body.add_freejoint(name=name)


def _give_shape(spec: mujoco.MjSpec, geom: mujoco.MjsGeom, item: SceneObject) -> None:
    kinds, shape = mujoco.mjtGeom, item.shape
    if isinstance(shape, Box):
        geom.type, geom.size = kinds.mjGEOM_BOX, np.asarray(shape.size_m) / 2
    elif isinstance(shape, Sphere):
        # A ball rolls; without rolling friction it would never come to rest.
        geom.type, geom.size, geom.condim = kinds.mjGEOM_SPHERE, (shape.radius_m, 0, 0), 6
    elif isinstance(shape, Cylinder):
        size = (shape.radius_m, shape.length_m / 2, 0)
        geom.type, geom.size, geom.condim = kinds.mjGEOM_CYLINDER, size, 6
    else:
        name = _called(item.name)
        spec.add_mesh(name=name, file=str(shape.path.resolve()), scale=(shape.scale,) * 3)
        geom.type, geom.meshname = kinds.mjGEOM_MESH, name


def _check_mesh(name: str, mesh: Mesh) -> None:
    path = Path(mesh.path)
    if path.suffix.lower() not in (".stl", ".obj") or not path.is_file():
        raise SceneObjectInvalid(
            f"The mesh of {name!r} is not an STL or OBJ file: {path.name}.",
            "Give the path of an existing .stl or .obj file.",
        )
    if path.stat().st_size > _MAX_STL_BYTES:
        raise SceneObjectInvalid(
            f"The mesh of {name!r} is larger than {_MAX_STL_BYTES // 1_000_000} MB.",
            "Give a coarser mesh.",
        )


def _indexed(
    model: mujoco.MjModel, robot: RobotModel, scene: Scene, links: Iterable[str], gains: Gains
) -> World:
    joints = (*robot.names, *robot.gripper.joints)
    addresses = [int(model.joint(name).qposadr[0]) for name in joints]
    if addresses != list(range(len(joints))):
        raise DescriptionInvalid(
            f"The joints of {robot.name} do not stand in the order of the description.",
            "List the joints from the base to the fingers.",
        )
    free = {
        name: model.joint(_called(name))
        for name, item in scene.objects.items()
        if item.mass_kg is not None
    }
    return World(
        model=model,
        scene=scene,
        joints=joints,
        objects=MappingProxyType({name: model.body(_called(name)).id for name in scene.objects}),
        movable=MappingProxyType({name: int(joint.qposadr[0]) for name, joint in free.items()}),
        speeds=MappingProxyType({name: int(joint.dofadr[0]) for name, joint in free.items()}),
        links=MappingProxyType({name: model.body(name).id for name in links}),
        gains=gains,
    )


def wxyz(quaternion_xyzw: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """Return a quaternion in MuJoCo's order."""
    x, y, z, w = quaternion_xyzw
    return (w, x, y, z)


def pose_in(values: NDArray[np.float64]) -> Pose:
    """Return the pose that a free joint's seven coordinates describe."""
    x, y, z, qw, qx, qy, qz = (float(value) for value in values[:7])
    return Pose((x, y, z), (qx, qy, qz, qw))
