"""Tool arguments from outside: frozen as JSON of bounded size before anything looks at them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lectern.errors import InvalidInput

_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"))


def freeze(arguments: Mapping[str, Any], max_bytes: int) -> str:
    """Return arguments as JSON, which nobody can change afterwards.

    Raises:
        InvalidInput: They are no JSON object, contain a number that is not finite, or are too big.
    """
    if not isinstance(arguments, Mapping):
        raise InvalidInput("The arguments are not a mapping.", "Give named arguments.")
    parts, size = [], 0
    try:
        for part in _ENCODER.iterencode(dict(arguments)):
            parts.append(part)
            size += len(part)
            if size > max_bytes:
                raise InvalidInput(
                    f"The arguments are longer than {max_bytes} bytes.", "Ask for less at once."
                )
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(
            f"The arguments are not plain JSON with finite numbers: {str(error)[:120]}.",
            "Use numbers, texts, lists and objects only.",
        ) from error
    return "".join(parts)
