"""The ROS classes of everything that the assistant says, for `lectern.graph.messages`."""

from builtin_interfaces.msg import Time
from lectern_interfaces.msg import (
    Answer,
    AnswerChunk,
    Citation,
    NearSection,
    Question,
    SearchHit,
)

__all__ = ["Answer", "AnswerChunk", "Citation", "NearSection", "Question", "SearchHit", "Time"]
