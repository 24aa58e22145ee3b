"""What goes over the wire about the robot; units stand in the names, frames in the descriptions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from lectern.robot.gate.proposal import Proposal
from lectern.robot.geometry import Pose
from lectern.robot.model import Gripper, RobotModel
from lectern.robot.plan import Move, Plan
from lectern.robot.robot import Execution, Reality, RobotView
from lectern.robot.scene import Box, Cylinder, Mesh, Scene, SceneObject, Shape, Sphere

MAX_PREVIEW_POINTS = 200
_DIGEST = "9b1c7d0e" * 8
_NAME = r"^[A-Za-z][A-Za-z0-9_-]{0,63}$"

Finite: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]
Vector: TypeAlias = tuple[Finite, Finite, Finite]
Quaternion: TypeAlias = tuple[Finite, Finite, Finite, Finite]
Digest: TypeAlias = Annotated[
    str, Field(pattern=r"^[0-9a-f]{64}$", description="Of a plan, as `plan` gave it.")
]
ObjectName: TypeAlias = Annotated[str, Field(pattern=_NAME, description="Name of an object.")]


def _only_finite(value: Any) -> Any:
    # Python reads NaN and Infinity, which are no JSON, and they must not get near a motor.
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number is not finite")
    for part in value.values() if isinstance(value, dict) else _parts(value):
        _only_finite(part)
    return value


def _parts(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


Arguments: TypeAlias = Annotated[dict[str, Any], AfterValidator(_only_finite)]


class _In(BaseModel):
    """What clients send: nothing that is not known, and no number that is not finite."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class PoseModel(_In):
    """Where a frame stands, in the world: z up, the arm's base at the origin, x forward."""

    position_m: Vector = Field(description="x, y, z.", examples=[[0.5, 0.1, 0.02]])
    quaternion_xyzw: Quaternion = Field(
        default=(0.0, 0.0, 0.0, 1.0), description="Orientation; normalised when read."
    )

    @classmethod
    def of(cls, pose: Pose) -> PoseModel:
        """Convert a pose."""
        return cls(position_m=pose.position_m, quaternion_xyzw=pose.quaternion_xyzw)

    def to_pose(self) -> Pose:
        """Convert to a pose.

        Raises:
            InvalidInput: The quaternion has length zero.
        """
        return Pose(self.position_m, self.quaternion_xyzw)


class BoxModel(_In):
    """A cuboid around its origin; full edge lengths."""

    type: Literal["box"]
    size_m: Vector


class SphereModel(_In):
    """A ball around its origin."""

    type: Literal["sphere"]
    radius_m: Finite


class CylinderModel(_In):
    """A cylinder around its origin, along its z-axis."""

    type: Literal["cylinder"]
    radius_m: Finite
    length_m: Finite


class MeshModel(_In):
    """A triangle mesh; cannot be sent, because it lies in a file of the server."""

    type: Literal["mesh"] = "mesh"
    scale: Finite


ShapeIn: TypeAlias = Annotated[
    BoxModel | SphereModel | CylinderModel, Field(discriminator="type", description="Its form.")
]
ShapeOut: TypeAlias = Annotated[
    BoxModel | SphereModel | CylinderModel | MeshModel,
    Field(discriminator="type", description="Its form."),
]


def _shape_of(shape: Shape) -> BoxModel | SphereModel | CylinderModel | MeshModel:
    if isinstance(shape, Box):
        return BoxModel(type="box", size_m=shape.size_m)
    if isinstance(shape, Sphere):
        return SphereModel(type="sphere", radius_m=shape.radius_m)
    if isinstance(shape, Cylinder):
        return CylinderModel(type="cylinder", radius_m=shape.radius_m, length_m=shape.length_m)
    return MeshModel(scale=shape.scale)


def _to_shape(shape: BoxModel | SphereModel | CylinderModel) -> Box | Sphere | Cylinder | Mesh:
    if isinstance(shape, BoxModel):
        return Box(shape.size_m)
    if isinstance(shape, SphereModel):
        return Sphere(shape.radius_m)
    return Cylinder(shape.radius_m, shape.length_m)


class ObjectIn(_In):
    """An object to add."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "yellow_cube",
                    "shape": {"type": "box", "size_m": [0.04, 0.04, 0.04]},
                    "pose": {"position_m": [0.55, -0.1, 0.02]},
                    "mass_kg": 0.045,
                    "colour": [0.9, 0.75, 0.2],
                }
            ]
        }
    )

    name: ObjectName
    shape: ShapeIn
    pose: PoseModel = Field(description="Of its origin, in the world.")
    mass_kg: Finite | None = Field(
        default=None, description="What it weighs; none: it is fixed and never moves."
    )
    friction: Finite = Field(default=0.9, description="Coulomb friction of its surface.")
    colour: Vector = Field(default=(0.6, 0.62, 0.65), description="Red, green, blue, 0 to 1.")

    def to_object(self) -> SceneObject:
        """Convert to an object.

        Raises:
            SceneObjectInvalid: A size, mass, friction or colour is out of range.
        """
        return SceneObject(
            self.name,
            _to_shape(self.shape),
            self.pose.to_pose(),
            self.mass_kg,
            self.friction,
            self.colour,
        )


class ObjectOut(BaseModel):
    """One object of the scene, where it is now."""

    name: str
    shape: ShapeOut
    pose: PoseModel
    mass_kg: float | None = Field(description="None: it is fixed and never moves.")
    friction: float
    colour: Vector

    @classmethod
    def of(cls, item: SceneObject) -> ObjectOut:
        """Convert an object."""
        return cls(
            name=item.name,
            shape=_shape_of(item.shape),
            pose=PoseModel.of(item.pose),
            mass_kg=item.mass_kg,
            friction=item.friction,
            colour=item.colour,
        )


class SceneOut(BaseModel):
    """Everything near the robot."""

    objects: list[ObjectOut]
    attached: dict[str, str] = Field(description="Objects that the robot holds: the link by name.")

    @classmethod
    def of(cls, scene: Scene) -> SceneOut:
        """Convert a scene."""
        return cls(
            objects=[ObjectOut.of(item) for item in scene.objects.values()],
            attached={name: held.link for name, held in scene.attached.items()},
        )


class JointOut(BaseModel):
    """One joint of the arm; rad and rad/s."""

    name: str
    lower: float = Field(description="Lower limit, rad.")
    upper: float = Field(description="Upper limit, rad.")
    velocity: float = Field(description="Highest speed, rad/s.")


class GripperOut(BaseModel):
    """The gripper."""

    joints: list[str]
    max_width_m: float = Field(description="Distance between the open fingers.")
    max_force_n: float

    @classmethod
    def of(cls, gripper: Gripper) -> GripperOut:
        """Convert a gripper."""
        return cls(
            joints=list(gripper.joints),
            max_width_m=gripper.max_width_m,
            max_force_n=gripper.max_force_n,
        )


class RobotOut(BaseModel):
    """What the robot is and what may be done with it."""

    name: str
    reality: Reality = Field(description="`sim` or `real`.")
    joints: list[JointOut]
    gripper: GripperOut
    named: dict[str, list[float]] = Field(description="Joint positions by name, rad.")
    policy: Literal["auto", "ask", "off"] = Field(
        description="`auto`: a plan may run at once; `ask`: after an approval; `off`: never."
    )
    tools: list[str]
    camera: bool = Field(description="Whether `picture` works on this machine.")

    @classmethod
    def of(
        cls, view: RobotView, policy: Literal["auto", "ask", "off"], tools: list[str], camera: bool
    ) -> RobotOut:
        """Convert a robot."""
        model = view.model
        return cls(
            name=model.name,
            reality=view.reality,
            joints=_joints(model),
            gripper=GripperOut.of(model.gripper),
            named={name: list(pose) for name, pose in model.named.items()},
            policy=policy,
            tools=tools,
            camera=camera,
        )


def _joints(model: RobotModel) -> list[JointOut]:
    return [
        JointOut(
            name=joint.name,
            lower=joint.limits.lower,
            upper=joint.limits.upper,
            velocity=joint.limits.velocity,
        )
        for joint in model.joints
    ]


class StateOut(BaseModel):
    """The newest measurement; lists are in the order of `names`."""

    names: list[str]
    positions: list[float | None] = Field(description="rad, fingers m.")
    velocities: list[float | None] = Field(description="rad/s, fingers m/s.")
    efforts: list[float | None] = Field(description="N m, fingers N.")
    stamp_s: float = Field(description="On the robot's own clock, since it started.")
    activity: str = Field(
        description="`idle`, `moving`, `stopping`, or `failed`: the simulation has died, reset it."
    )
    tool: PoseModel = Field(description="Pose of the tool frame, in the world.")
    gripper_width_m: float


class PlanIn(_In):
    """A motion to be planned; nothing moves yet."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"tool": "move_named", "arguments": {"name": "ready", "speed_scale": 0.5}},
                {
                    "tool": "move_pose",
                    "arguments": {
                        "position_m": [0.45, 0.1, 0.3],
                        "quaternion_xyzw": [1.0, 0.0, 0.0, 0.0],
                    },
                },
                {"tool": "grip", "arguments": {"width_m": 0.08}},
            ]
        }
    )

    tool: str = Field(max_length=64, description="One of the robot's `tools`.")
    arguments: Arguments = Field(description="As the tool takes them.")


class PreviewOut(BaseModel):
    """The motion at evenly spaced times, to draw it; the arm's joints only."""

    names: list[str]
    times_s: list[float] = Field(description=f"At most {MAX_PREVIEW_POINTS}.")
    positions: list[list[float]] = Field(description="rad, one list for each time.")

    @classmethod
    def of(cls, plan: Plan) -> PreviewOut:
        """Sample the moves of a plan; the gripper's steps take no time here."""
        moves = [step.trajectory for step in plan.steps if isinstance(step, Move)]
        if not moves:
            return cls(names=[], times_s=[], positions=[])
        share = max(2, MAX_PREVIEW_POINTS // len(moves))
        times, positions, start_s = [], [], 0.0
        for path in moves[: MAX_PREVIEW_POINTS // 2]:
            moments = np.linspace(0.0, path.duration_s, share, dtype=np.float64)
            times += (moments + start_s).round(4).tolist()
            positions += path.sample(moments)[0].round(5).tolist()
            start_s += path.duration_s
        return cls(names=list(moves[0].names), times_s=times, positions=positions)


class ProposalOut(BaseModel):
    """A plan that passed every check and may be executed, at once or after an approval."""

    digest: str = Field(examples=[_DIGEST])
    tool: str
    verdict: Literal["allowed", "ask"] = Field(
        description="`allowed`: may be executed; `ask`: a person must approve it first."
    )
    expires_at: float = Field(description="Unix time in seconds after which it is void.")
    duration_s: float = Field(description="Of all moves; the gripper's time is not in it.")
    figures: dict[str, float] = Field(description="How the plan was found.")
    reason: str = Field(description="One sentence that says why the verdict is what it is.")

    @classmethod
    def of(cls, proposal: Proposal) -> ProposalOut:
        """Convert a proposal."""
        return cls(**_proposal_fields(proposal))


class PlanOut(ProposalOut):
    """A proposal with what is needed to draw it."""

    preview: PreviewOut

    @classmethod
    def of(cls, proposal: Proposal) -> PlanOut:
        """Convert a proposal."""
        return cls(**_proposal_fields(proposal), preview=PreviewOut.of(proposal.plan))


def _proposal_fields(proposal: Proposal) -> dict[str, Any]:
    figures = proposal.plan.figures
    return {
        "digest": proposal.digest,
        "tool": proposal.tool,
        "verdict": proposal.verdict,
        "expires_at": proposal.expires_at,
        "duration_s": proposal.plan.duration_s,
        "figures": {key: value for key, value in figures.items() if math.isfinite(value)},
        "reason": proposal.reason,
    }


class PendingOut(BaseModel):
    """Plans that wait for a person, oldest first."""

    proposals: list[ProposalOut]


class DigestIn(_In):
    """Which plan is meant."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"digest": _DIGEST}]})

    digest: Digest


class DigestOut(BaseModel):
    """The plan that was approved or rejected."""

    digest: str


class ExecutionOut(BaseModel):
    """What a motion that ended well came to."""

    duration_s: float = Field(description="On the robot's own clock.")
    max_error_rad: float = Field(description="Largest distance of a joint from its command.")
    final_error_rad: float
    gripper_width_m: float

    @classmethod
    def of(cls, execution: Execution) -> ExecutionOut:
        """Convert an execution."""
        return cls(
            duration_s=execution.duration_s,
            max_error_rad=execution.max_error_rad,
            final_error_rad=execution.final_error_rad,
            gripper_width_m=execution.gripper_width_m,
        )


class StopOut(BaseModel):
    """The stop was given; the robot comes to rest within 50 ms of its own time."""

    stopped: Literal[True] = True
    stamp_s: float = Field(description="Time of the robot's own clock.")


class ResetIn(_In):
    """How to begin anew."""

    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="Of everything random.")


class ResetOut(BaseModel):
    """The robot stands where it started."""

    seed: int
    stamp_s: float = Field(description="Time of the robot's own clock.")


class DemoOut(BaseModel):
    """A demo that can be run."""

    name: str
    title: str
    section: str = Field(description="The place in the book that it shows: file, `#`, anchor.")
    section_title: str = Field(description="The heading of that place.")
    parameters: dict[str, Any] = Field(description="JSON schema of each parameter, by name.")


class DemosOut(BaseModel):
    """All demos."""

    demos: list[DemoOut]


class DemoIn(_In):
    """How to run a demo."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"parameters": {}, "seed": 0}]})

    parameters: Arguments = Field(
        default_factory=dict, description="By name; those left out take their defaults."
    )
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="Of everything random.")


class DemoResultOut(BaseModel):
    """What a demo found out; keys end with the unit."""

    numbers: dict[str, Any]
    series: dict[str, Any]
    playback: dict[str, Any] | None


class PictureOut(BaseModel):
    """Where a picture is."""

    name: str
    url: str


class DemoRunOut(BaseModel):
    """A demo that ran."""

    run: str = Field(description="Identifies the run in the pictures' addresses.")
    demo: str
    parameters: dict[str, Any] = Field(description="Those it ran with, defaults filled in.")
    result: DemoResultOut
    pictures: list[PictureOut] = Field(description="PNG; kept until newer runs push them out.")

    @classmethod
    def of(
        cls,
        run: str,
        demo: str,
        parameters: Mapping[str, Any],
        document: Mapping[str, Any],
        pictures: Mapping[str, str],
    ) -> DemoRunOut:
        """Put a run together; `pictures` holds addresses by name."""
        return cls(
            run=run,
            demo=demo,
            parameters=dict(parameters),
            result=DemoResultOut(**document),
            pictures=[PictureOut(name=name, url=url) for name, url in pictures.items()],
        )
