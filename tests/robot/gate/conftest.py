"""The gate's tests stand on `gatekit`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from gatekit import Rig


@pytest.fixture
def rig(tmp_path) -> Rig:
    """A gate whose policy asks."""
    return Rig(tmp_path)


@pytest.fixture
def open_rig(tmp_path) -> Rig:
    """A gate whose policy lets a simulated robot move at once."""
    from lectern.robot.gate import Policy

    return Rig(tmp_path, Policy("auto"))
