"""The number of every error on the ROS graph, where results carry integers.

Each range belongs to one server. A number is never given to another code: programs of others are
built against them. `ros2_ws/src/lectern_interfaces/msg/ErrorCode.msg` is written from this table
by `tools/error_codes.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from lectern.errors import LecternError

OK = 0

# Who owns a range, and its codes by number.
_RANGES: Mapping[str, Mapping[int, str]] = {
    "any server": {
        1: "internal",
        2: "invalid_input",
        3: "settings_invalid",
        4: "overloaded",
        5: "shutting_down",
        6: "cancelled",
        7: "storage_full",
        8: "storage_read_only",
        9: "check_failed",
    },
    "the assistant": {
        100: "question_too_long",
        101: "passage_not_found",
        102: "source_unreadable",
        110: "index_missing",
        111: "index_corrupt",
        112: "index_mismatch",
        113: "index_busy",
        120: "model_missing",
        121: "model_corrupt",
        130: "endpoint_unavailable",
        131: "budget_exceeded",
        132: "answer_too_long",
    },
    "the robot": {
        200: "description_invalid",
        201: "trajectory_invalid",
        202: "limits_exceeded",
        203: "start_in_collision",
        204: "goal_in_collision",
        205: "goal_unreachable",
        206: "path_blocked",
        207: "planning_timeout",
        208: "plan_outdated",
        210: "robot_busy",
        211: "robot_unavailable",
        212: "motion_stopped",
        213: "tracking_lost",
        214: "grasp_failed",
        215: "simulation_failed",
        216: "camera_unavailable",
        220: "scene_object_unknown",
        221: "scene_object_invalid",
        222: "object_in_robot",
    },
    "the motion gate": {
        300: "tool_not_allowed",
        301: "motion_off",
        302: "approval_needed",
        303: "approval_invalid",
        304: "plan_unknown",
        305: "audit_failed",
    },
    "the demos": {
        400: "demo_unknown",
        401: "picture_unknown",
    },
    "the bridge": {
        500: "bad_request",
        501: "not_found",
        502: "method_not_allowed",
        503: "body_too_large",
        504: "host_not_allowed",
        505: "origin_not_allowed",
        506: "stream_expired",
        507: "address_unavailable",
        508: "http_error",
    },
    "the ROS graph": {
        600: "graph_unavailable",
        601: "node_inactive",
    },
}

NUMBERS: Mapping[str, int] = MappingProxyType(
    {code: number for codes in _RANGES.values() for number, code in codes.items()}
)


def number_of(error: Exception) -> int:
    """Return the number of an error; what Lectern did not raise on purpose is `internal`."""
    return NUMBERS[error.code if isinstance(error, LecternError) else LecternError.code]


def message_of(error: Exception) -> str:
    """Return what may be told about an error outside: nothing of the inside of Lectern."""
    if isinstance(error, LecternError):
        return str(error)
    return "Something went wrong inside Lectern. The log has the details."


def as_message() -> str:
    """Return the text of ErrorCode.msg."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# What `error_code` may be, the same codes as HTTP problems have. Written from"
    yield "# src/lectern/error_numbers.py by tools/error_codes.py; do not edit."
    yield ""
    yield f"int32 OK = {OK}"
    for owner, codes in _RANGES.items():
        yield ""
        yield f"# {owner}: from {min(codes) // 100 * 100 or 1} to {min(codes) // 100 * 100 + 99}"
        for number, code in codes.items():
            yield f"int32 {code.upper()} = {number}"
