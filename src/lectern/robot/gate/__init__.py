"""The motion gate: the one way to a motion, closed unless every check passes."""

from lectern.robot.gate.audit import AuditLog
from lectern.robot.gate.clock import Clock
from lectern.robot.gate.events import MotionEvent
from lectern.robot.gate.gate import MotionGate
from lectern.robot.gate.policy import Bounds, Policy
from lectern.robot.gate.proposal import Proposal
from lectern.robot.gate.session import MotionSession
from lectern.robot.gate.users import LOCAL, User
from lectern.robot.gate.workspace import Workspace

__all__ = [
    "LOCAL",
    "AuditLog",
    "Bounds",
    "Clock",
    "MotionEvent",
    "MotionGate",
    "MotionSession",
    "Policy",
    "Proposal",
    "User",
    "Workspace",
]
