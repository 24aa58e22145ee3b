"""The MuJoCo model of the base in its arena, from the URDF and a scene."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from lectern.errors import DescriptionInvalid, SceneObjectInvalid
from lectern.robot.base import IMU_FRAME, LIDAR_FRAME, WHEELS
from lectern.robot.description import BaseNumbers
from lectern.robot.embedded.world import wxyz
from lectern.robot.scene import Box, Cylinder, Scene, SceneObject

STEP_S = 0.002
# Torque of a wheel's motor for each rad/s that it is too slow, N m s/rad.
SERVO_NM_S = 2.0
# Inertia of a motor's rotor as the wheel feels it through the gear, kg m^2. It also keeps a wheel
# without grip stable: SERVO_NM_S * STEP_S must stay below twice its inertia.
ROTOR_KG_M2 = 0.006
# Group of the geoms that the lidar sees, and of those that are the base itself.
SEEN_GROUP, OWN_GROUP = 0, 3
_OWN, _OTHER = 1, 2
# Stiff contacts, as stiff as steps allow: otherwise tyres creep where real ones grip.
_SOLREF = (2 * STEP_S, 1.0)
# The caster stands on a spring, so that it does not chatter while it slides.
_CASTER_SOLREF = (0.02, 1.0)
_FLOOR_HALF_M = 10.0
_TYRE_FRICTION, _CASTER_FRICTION = 1.0, 0.01
_IMPORT = '<mujoco><compiler fusestatic="false" discardvisual="true" strippath="false"/></mujoco>'


@dataclass(frozen=True, eq=False)
class BaseWorld:
    """A compiled model with what is needed to find one's way in it.

    Attributes:
        model: MuJoCo's.
        wheel_positions: Addresses of the wheels' angles in qpos, left and right.
        wheel_speeds: Addresses of their speeds in qvel.
        free: Address of the base's free joint in qpos; it is that of `base_footprint`.
        base_link: Number of that body.
    """

    model: mujoco.MjModel
    wheel_positions: tuple[int, int]
    wheel_speeds: tuple[int, int]
    free: int
    base_link: int


def build_base_world(urdf: str, numbers: BaseNumbers, arena: Scene) -> BaseWorld:
    """Compile the base, standing at the world's origin and looking along x, and what is around it.

    Raises:
        DescriptionInvalid: The URDF lacks a part, or MuJoCo cannot use it.
        SceneObjectInvalid: An object of the arena is neither a box nor a cylinder.
    """
    try:
        spec = _base_spec(urdf)
        _finish(spec, numbers)
        for item in arena.objects.values():
            _add(spec, item)
        return _indexed(spec.compile())
    except (ValueError, KeyError, AttributeError) as error:
        raise DescriptionInvalid(
            f"MuJoCo cannot build the base: {error}", "Repair the description."
        ) from error


def _base_spec(urdf: str) -> mujoco.MjSpec:
    head, root, body = urdf.partition("<robot")
    tag, end, rest = body.partition(">")
    return mujoco.MjSpec.from_string(head + root + tag + end + _IMPORT + rest)


def _finish(spec: mujoco.MjSpec, numbers: BaseNumbers) -> None:
    option = spec.option
    option.timestep = STEP_S
    # Not an implicit one: it takes back some of the motors' torque after the contacts were solved
    # for all of it, and a base that speeds up then runs ahead of its wheels.
    option.integrator = mujoco.mjtIntegrator.mjINT_EULER
    option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    option.impratio = 10.0
    # A blow-up shall be seen, not hidden.
    option.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
    spec.body("base_footprint").add_freejoint(name="base")
    for geom in spec.geoms:
        _finish_own(geom)
    for wheel, side in zip(WHEELS, ("left", "right"), strict=True):
        _add_tyre(spec, side, numbers.wheel_radius_m)
        _add_motor(spec, wheel, numbers.max_wheel_effort_nm)
    spec.worldbody.add_geom(
        name="floor",
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=(_FLOOR_HALF_M, _FLOOR_HALF_M, 0.1),
        group=SEEN_GROUP,
        contype=_OTHER,
        conaffinity=_OWN | _OTHER,
        solref=_SOLREF,
    )
    _add_sensors(spec)


def _finish_own(geom: mujoco.MjsGeom) -> None:
    geom.group = OWN_GROUP
    if geom.contype == 0 and geom.conaffinity == 0:
        return
    # The base does not collide with itself. Its wheels touch by their tyres; see `_add_tyre`.
    geom.contype, geom.conaffinity = _OWN, 0
    geom.solref = _SOLREF
    name = geom.parent.name
    if name == "caster_link":
        # Its own friction decides: the caster slides on any floor.
        geom.priority, geom.condim, geom.friction = 1, 3, (_CASTER_FRICTION, 0.0, 0.0)
        geom.solref = _CASTER_SOLREF
    elif name.startswith("wheel_"):
        geom.contype = 0


def _add_tyre(spec: mujoco.MjSpec, side: str, radius_m: float) -> None:
    """Give a wheel a tyre that touches in one point.

    The distance between the wheels' middles is then the track, as the odometry has it; a flat
    cylinder would scrub on its two edges.
    """
    spec.body(f"wheel_{side}_link").add_geom(
        name=f"tyre_{side}",
        type=mujoco.mjtGeom.mjGEOM_SPHERE,
        size=(radius_m, 0, 0),
        mass=0.0,
        group=OWN_GROUP,
        contype=_OWN,
        conaffinity=0,
        priority=1,
        friction=(_TYRE_FRICTION, 0.0, 0.0),
        solref=_SOLREF,
    )


def _add_motor(spec: mujoco.MjSpec, joint: str, effort_nm: float) -> None:
    """Let the torque grow with what the wheel is too slow, up to what the motor has."""
    spec.joint(joint).armature = ROTOR_KG_M2
    motor = spec.add_actuator(name=joint, target=joint)
    motor.trntype = mujoco.mjtTrn.mjTRN_JOINT
    motor.gaintype = mujoco.mjtGain.mjGAIN_FIXED
    motor.biastype = mujoco.mjtBias.mjBIAS_AFFINE
    motor.gainprm[0] = SERVO_NM_S
    motor.biasprm[:3] = (0.0, 0.0, -SERVO_NM_S)
    motor.forcelimited = True
    motor.forcerange = (-effort_nm, effort_nm)


def _add_sensors(spec: mujoco.MjSpec) -> None:
    imu = spec.body(IMU_FRAME)
    site = imu.add_site(name=IMU_FRAME)
    spec.body(LIDAR_FRAME).add_site(name=LIDAR_FRAME)
    kinds = mujoco.mjtSensor
    for name, kind in (
        ("orientation", kinds.mjSENS_FRAMEQUAT),
        ("gyro", kinds.mjSENS_GYRO),
        ("accelerometer", kinds.mjSENS_ACCELEROMETER),
    ):
        spec.add_sensor(name=name, type=kind, objtype=mujoco.mjtObj.mjOBJ_SITE, objname=site.name)


def _add(spec: mujoco.MjSpec, item: SceneObject) -> None:
    name = f"object/{item.name}"
    body = spec.worldbody.add_body(
        name=name, pos=item.pose.position_m, quat=wxyz(item.pose.quaternion_xyzw)
    )
    geom = body.add_geom(
        name=name,
        group=SEEN_GROUP,
        friction=(item.friction, 0.005, 0.0001),
        contype=_OTHER,
        conaffinity=_OWN | _OTHER,
        solref=_SOLREF,
    )
    shape = item.shape
    if isinstance(shape, Box):
        geom.type, geom.size = mujoco.mjtGeom.mjGEOM_BOX, np.asarray(shape.size_m) / 2
    elif isinstance(shape, Cylinder):
        geom.type = mujoco.mjtGeom.mjGEOM_CYLINDER
        geom.size = (shape.radius_m, shape.length_m / 2, 0)
    else:
        raise SceneObjectInvalid(
            f"The object {item.name!r} of the arena is neither a box nor a cylinder.",
            "Use one of the two.",
        )
    if item.mass_kg is not None:
        geom.mass = item.mass_kg
        body.add_freejoint(name=name)


def _indexed(model: mujoco.MjModel) -> BaseWorld:
    left, right = (model.joint(name) for name in WHEELS)
    return BaseWorld(
        model=model,
        wheel_positions=(int(left.qposadr[0]), int(right.qposadr[0])),
        wheel_speeds=(int(left.dofadr[0]), int(right.dofadr[0])),
        free=int(model.joint("base").qposadr[0]),
        base_link=int(model.body("base_link").id),
    )
