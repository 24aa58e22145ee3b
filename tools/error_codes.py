"""Write ErrorCode.msg from the table of error numbers: `python tools/error_codes.py`."""

from pathlib import Path

from lectern.error_numbers import as_message

MESSAGE = Path(__file__).parents[1] / "ros2_ws/src/lectern_interfaces/msg/ErrorCode.msg"

if __name__ == "__main__":
    MESSAGE.write_text(as_message(), encoding="utf-8")
