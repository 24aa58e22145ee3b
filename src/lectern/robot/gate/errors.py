"""What the gate says when one of its own checks breaks."""

# ruff: noqa: N818 (named as those of lectern.errors are)

from __future__ import annotations

from lectern.errors import LecternError


class CheckFailed(LecternError):
    """A check of the gate broke, so the motion is refused."""

    code = "check_failed"
    status = 500
