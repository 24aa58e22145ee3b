"""Every error Lectern raises on purpose, each with a stable code and a remedy.

Faces translate these into exit codes, HTTP problem details and ROS error codes; nothing else
decides what a failure is called.
"""

# ruff: noqa: N818 (IndexCorrupt says all that IndexCorruptError would)

from __future__ import annotations

from typing import ClassVar


class LecternError(Exception):
    """Base of all named errors.

    Attributes:
        code: Stable identifier that programs may rely on.
        status: The HTTP status that fits the error best.
        detail: One sentence that names the input and what is wrong with it.
        remedy: One sentence that says what to do; empty where nothing can be done.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500

    def __init__(self, detail: str, remedy: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.detail} {self.remedy}".strip()


class InvalidInput(LecternError):
    """The caller's input cannot be used as it is."""

    code = "invalid_input"
    status = 422


class QuestionTooLong(InvalidInput):
    """The question has more characters than the limit."""

    code = "question_too_long"
    status = 413


class SettingsError(LecternError):
    """A setting has a value that cannot be used."""

    code = "settings_invalid"
    status = 500


class PassageNotFound(LecternError):
    """No passage has this identifier."""

    code = "passage_not_found"
    status = 404


class SourceUnreadable(LecternError):
    """One source file cannot be read as what it claims to be."""

    code = "source_unreadable"
    status = 422


class IndexMissing(LecternError):
    """Nothing has been ingested into this collection yet."""

    code = "index_missing"
    status = 503


class IndexCorrupt(LecternError):
    """The index folder exists and cannot be read."""

    code = "index_corrupt"
    status = 503


class IndexMismatch(LecternError):
    """The index was made with another embedding model or another format."""

    code = "index_mismatch"
    status = 503


class IndexBusy(LecternError):
    """Another process is writing to this collection."""

    code = "index_busy"
    status = 503


class StorageFull(LecternError):
    """The disk has no room for what had to be written."""

    code = "storage_full"
    status = 507


class StorageReadOnly(LecternError):
    """A folder that had to be written to refuses it."""

    code = "storage_read_only"
    status = 507


class ModelMissing(LecternError):
    """The embedding model is not installed."""

    code = "model_missing"
    status = 503


class ModelCorrupt(LecternError):
    """The embedding model's files are not the ones that were published."""

    code = "model_corrupt"
    status = 503


class EndpointUnavailable(LecternError):
    """The configured model endpoint did not answer, or answered with an error."""

    code = "endpoint_unavailable"
    status = 502


class BudgetExceeded(LecternError):
    """The request would spend more than the configured token or cost limit."""

    code = "budget_exceeded"
    status = 429


class Overloaded(LecternError):
    """More is waiting than the service takes."""

    code = "overloaded"
    status = 503


class AddressUnavailable(LecternError):
    """The bridge cannot listen where it was told to."""

    code = "address_unavailable"
    status = 500


class BodyTooLarge(InvalidInput):
    """The request body has more bytes than the limit."""

    code = "body_too_large"
    status = 413


class HostNotAllowed(LecternError):
    """The request names a host that this bridge does not answer for."""

    code = "host_not_allowed"
    status = 421


class OriginNotAllowed(LecternError):
    """Another site's page sent the request."""

    code = "origin_not_allowed"
    status = 403


class StreamExpired(LecternError):
    """The stream to be taken up again is unknown or no longer kept."""

    code = "stream_expired"
    status = 410


class AnswerTooLong(LecternError):
    """An answer grew beyond what a stream keeps."""

    code = "answer_too_long"
    status = 502


class Cancelled(LecternError):
    """Who asked took the request back."""

    code = "cancelled"
    status = 499


class GraphUnavailable(LecternError):
    """Lectern cannot take part in the ROS graph as the settings ask."""

    code = "graph_unavailable"
    status = 503


class NodeInactive(LecternError):
    """The node is not active, so it does no work."""

    code = "node_inactive"
    status = 503


class ShuttingDown(LecternError):
    """The bridge is about to stop and takes nothing new."""

    code = "shutting_down"
    status = 503


class DescriptionInvalid(LecternError):
    """A robot description cannot be read or contradicts itself."""

    code = "description_invalid"
    status = 500


class TrajectoryInvalid(InvalidInput):
    """A trajectory is malformed: shapes, times, or numbers that are not finite."""

    code = "trajectory_invalid"
    status = 422


class LimitsExceeded(InvalidInput):
    """A position, speed, acceleration or place is outside what is allowed."""

    code = "limits_exceeded"
    status = 422


class StartInCollision(LecternError):
    """The robot touches something where the motion would begin."""

    code = "start_in_collision"
    status = 409


class GoalInCollision(LecternError):
    """The robot would touch something where the motion would end."""

    code = "goal_in_collision"
    status = 409


class GoalUnreachable(LecternError):
    """No joint positions within the limits reach the goal."""

    code = "goal_unreachable"
    status = 422


class PathBlocked(LecternError):
    """A motion would touch something on its way."""

    code = "path_blocked"
    status = 409


class PlanningTimeout(LecternError):
    """No path was found in the time given."""

    code = "planning_timeout"
    status = 504


class PlanOutdated(LecternError):
    """The robot is not where the plan begins."""

    code = "plan_outdated"
    status = 409


class RobotBusy(LecternError):
    """The robot is carrying out another plan."""

    code = "robot_busy"
    status = 409


class RobotUnavailable(LecternError):
    """There is no robot here, or a part of it is not installed."""

    code = "robot_unavailable"
    status = 503


class MotionStopped(LecternError):
    """A stop ended the motion."""

    code = "motion_stopped"
    status = 409


class TrackingLost(LecternError):
    """The arm could not follow its trajectory."""

    code = "tracking_lost"
    status = 500


class GraspFailed(LecternError):
    """The gripper closed and holds nothing, or lost what it held."""

    code = "grasp_failed"
    status = 409


class SimulationFailed(LecternError):
    """Physics blew up, or the thread that runs it died."""

    code = "simulation_failed"
    status = 503


class CameraUnavailable(LecternError):
    """No picture can be rendered on this machine, or there is no such camera."""

    code = "camera_unavailable"
    status = 503


class SceneObjectUnknown(LecternError):
    """The scene has no object of this name."""

    code = "scene_object_unknown"
    status = 404


class SceneObjectInvalid(InvalidInput):
    """An object of the scene has an impossible name, size or mass."""

    code = "scene_object_invalid"
    status = 422


class ObjectInRobot(LecternError):
    """An object would overlap the robot."""

    code = "object_in_robot"
    status = 409


class ToolNotAllowed(LecternError):
    """The tool is unknown, or this user may not use it on this robot."""

    code = "tool_not_allowed"
    status = 403


class MotionOff(LecternError):
    """The policy lets nothing move."""

    code = "motion_off"
    status = 403


class ApprovalNeeded(LecternError):
    """A person must approve this exact plan first."""

    code = "approval_needed"
    status = 403


class ApprovalInvalid(LecternError):
    """The approval is for another plan or user, has expired, or was used."""

    code = "approval_invalid"
    status = 403


class PlanUnknown(LecternError):
    """No plan with this digest is waiting."""

    code = "plan_unknown"
    status = 404


class AuditFailed(LecternError):
    """The audit record could not be written, so nothing may move."""

    code = "audit_failed"
    status = 503


class DemoUnknown(LecternError):
    """There is no demo of this name."""

    code = "demo_unknown"
    status = 404


class CheckFailed(LecternError):
    """A check of the motion gate broke, so the motion is refused."""

    code = "check_failed"
    status = 500


class PictureUnknown(LecternError):
    """A run of a demo has no picture of this name, or is no longer kept."""

    code = "picture_unknown"
    status = 404
