"""Image messages as PNG pictures."""

from __future__ import annotations

import io
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from lectern.errors import CameraUnavailable, InvalidInput

_SIZES = (16, 2048)
# Bytes of a pixel, and where red, green and blue are among them.
_ENCODINGS: Mapping[str, tuple[int, tuple[int, int, int]]] = MappingProxyType(
    {
        "rgb8": (3, (0, 1, 2)),
        "bgr8": (3, (2, 1, 0)),
        "rgba8": (4, (0, 1, 2)),
        "bgra8": (4, (2, 1, 0)),
        "mono8": (1, (0, 0, 0)),
    }
)


def check_size(width: int, height: int) -> None:
    """Check the size of a picture that is asked for.

    Raises:
        InvalidInput: It is out of range.
    """
    low, high = _SIZES
    if not (low <= width <= high and low <= height <= high):
        raise InvalidInput(
            f"A picture cannot be {width} by {height} pixels.", f"Use {low} to {high} each way."
        )


def pixels_of(message: Any) -> NDArray[np.uint8]:
    """Return red, green and blue of a `sensor_msgs/Image`, shape (height, width, 3).

    Raises:
        CameraUnavailable: It has another encoding, or too few bytes.
    """
    size, channels = _ENCODINGS.get(message.encoding, (0, (0, 0, 0)))
    rows, row_bytes = int(message.height), int(message.width) * size
    data = np.frombuffer(bytes(message.data), dtype=np.uint8)
    step = int(message.step) or row_bytes
    if not size or not rows or row_bytes == 0 or step < row_bytes or data.size < rows * step:
        raise CameraUnavailable(
            f"The camera sends {message.width} by {message.height} pixels as "
            f"{message.encoding[:40]!r} in {data.size} bytes, which is no picture.",
            f"Use one of {', '.join(_ENCODINGS)}.",
        )
    pixels = data[: rows * step].reshape(rows, step)[:, :row_bytes]
    return np.ascontiguousarray(pixels.reshape(rows, -1, size)[:, :, list(channels)])


def png_of(message: Any, width: int, height: int) -> bytes:
    """Return a `sensor_msgs/Image` as a PNG of a size; what does not fit its shape is cut off.

    Raises:
        CameraUnavailable: It has an encoding that is not known.
    """
    picture = Image.fromarray(pixels_of(message))
    if picture.size != (width, height):
        picture = ImageOps.fit(picture, (width, height))
    file = io.BytesIO()
    picture.save(file, format="PNG", compress_level=3)
    return file.getvalue()
