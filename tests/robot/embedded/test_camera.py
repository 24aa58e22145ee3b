"""Offscreen pictures."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lectern.errors import CameraUnavailable, InvalidInput
from lectern.robot.arm import textbook_arm
from lectern.robot.embedded import camera
from lectern.robot.embedded.robot import EmbeddedRobot
from lectern.robot.geometry import Pose

ARM = textbook_arm()


def renders() -> bool:
    try:
        return bool(camera.backend())
    except CameraUnavailable:
        return False


needs_renderer = pytest.mark.skipif(not renders(), reason="neither EGL nor OSMesa renders here")


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)), dtype=float)


@needs_renderer
async def test_a_picture_has_the_size_asked_for_and_shows_the_red_cube() -> None:
    robot = EmbeddedRobot.start(ARM, paced=False)
    picture = pixels(await robot.picture(320, 240))
    assert picture.shape == (240, 320, 3)
    red = (picture[..., 0] > 2.5 * picture[..., 1]) & (picture[..., 0] > 100)
    assert red.sum() > 20
    await robot.close()


@needs_renderer
@pytest.mark.parametrize(("width", "height"), [(1280, 960), (16, 16), (641, 480), (333, 201)])
async def test_a_picture_has_any_size_up_to_the_largest(width: int, height: int) -> None:
    robot = EmbeddedRobot.start(ARM, paced=False)
    assert pixels(await robot.picture(width, height)).shape == (height, width, 3)
    await robot.close()


@needs_renderer
async def test_the_edges_of_a_picture_are_smooth() -> None:
    robot = EmbeddedRobot.start(ARM, paced=False)
    small = pixels(await robot.picture(640, 480))
    large = pixels(await robot.picture(1280, 960))
    await robot.close()
    mean = large.reshape(480, 2, 640, 2, 3).mean(axis=(1, 3))
    assert np.abs(small - mean).max() <= 1.0


@needs_renderer
async def test_a_picture_shows_the_present_scene_and_both_cameras_differ() -> None:
    robot = EmbeddedRobot.start(ARM, paced=False)
    first = pixels(await robot.picture(320, 240))
    await robot.set_scene(robot.scene().move("red_cube", Pose((0.4, -0.2, 0.02))))
    second = pixels(await robot.picture(320, 240))
    tool = pixels(await robot.picture(320, 240, camera="tool"))
    assert (np.abs(second - first).max(axis=2) > 30).sum() > 20
    assert np.abs(tool - second).mean() > 5
    await robot.close()


async def test_an_unknown_camera_is_named() -> None:
    robot = EmbeddedRobot.start(ARM, paced=False)
    with pytest.raises(InvalidInput, match=r"'side'.*overview, tool"):
        await robot.picture(camera="side")
    await robot.close()


@pytest.mark.parametrize(
    ("width", "height"), [(0, 480), (640, -1), (1281, 960), (1280, 961), (100_000, 100_000)]
)
async def test_an_impossible_size_is_refused(width: int, height: int) -> None:
    robot = EmbeddedRobot.start(ARM, paced=False)
    with pytest.raises(InvalidInput, match="pixels"):
        await robot.picture(width, height)
    await robot.close()


def test_a_machine_that_cannot_render_is_told_which_packages_are_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(camera, "BACKENDS", ("no_such_library",))
    with pytest.raises(CameraUnavailable, match=r"no_such_library.*libegl1.*libosmesa6"):
        camera.backend()


def test_whether_a_machine_renders_is_tried_once_also_if_it_does_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    marks = tmp_path / "marks"
    monkeypatch.setattr(camera, "BACKENDS", ("another_missing_library",))
    monkeypatch.setattr(
        camera, "_PROBE", f"open({str(marks)!r}, 'a').write('x'); raise SystemExit('no renderer')"
    )
    for _ in range(3):
        with pytest.raises(CameraUnavailable, match="no renderer"):
            camera.backend()
    assert marks.read_text() == "x"
