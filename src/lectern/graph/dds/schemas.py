"""Shapes of Lectern's own messages, each field with its type, in order.

Written from ros2_ws/src/lectern_interfaces/msg by tools/dds_schemas.py; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SCHEMAS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "lectern_interfaces/msg/Answer": {
            "stamp": "builtin_interfaces/msg/Time",
            "question_id": "string",
            "conversation_id": "string",
            "question": "string",
            "text": "string",
            "grounded": "bool",
            "citations": "lectern_interfaces/msg/Citation[]",
            "near": "lectern_interfaces/msg/NearSection[]",
            "answerer": "string",
            "notice": "string",
            "notice_code": "string",
            "duration_s": "float64",
            "error_code": "int32",
            "error_msg": "string",
        },
        "lectern_interfaces/msg/AnswerChunk": {
            "question_id": "string",
            "index": "uint32",
            "kind": "uint8",
            "text": "string",
            "number": "uint32",
            "citation": "lectern_interfaces/msg/Citation[<=1]",
            "tool": "string",
        },
        "lectern_interfaces/msg/Citation": {
            "passage_id": "string",
            "title": "string",
            "heading": "string[]",
            "anchor": "string",
            "source": "string",
            "quote": "string",
            "start": "uint32",
            "end": "uint32",
            "score": "float64",
        },
        "lectern_interfaces/msg/MotionReport": {
            "stamp": "builtin_interfaces/msg/Time",
            "source": "string",
            "tool": "string",
            "digest": "string",
            "duration_s": "float64",
            "error_code": "int32",
            "error_msg": "string",
        },
        "lectern_interfaces/msg/NearSection": {
            "passage_id": "string",
            "title": "string",
            "heading": "string[]",
            "anchor": "string",
            "source": "string",
            "score": "float64",
        },
        "lectern_interfaces/msg/Question": {
            "id": "string",
            "text": "string",
            "conversation_id": "string",
        },
        "lectern_interfaces/msg/SearchHit": {
            "passage_id": "string",
            "title": "string",
            "heading": "string[]",
            "anchor": "string",
            "source": "string",
            "text": "string",
            "score": "float64",
        },
    }
)
