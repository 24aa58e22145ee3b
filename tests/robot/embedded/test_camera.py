"""Offscreen pictures."""

from __future__ import annotations

import io
import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.spatial import ConvexHull

from lectern.errors import CameraUnavailable, InvalidInput
from lectern.robot.arm import textbook_arm
from lectern.robot.embedded import camera
from lectern.robot.embedded.robot import EmbeddedRobot
from lectern.robot.geometry import Pose
from lectern.robot.image import Image as RawImage
from lectern.robot.planning.kinematics import Kinematics
from lectern.robot.scene import Box, SceneObject
from lectern.robot.scenes import free

ARM = textbook_arm()
EDGE_M = 0.12
# Turned, so that corners stand out on all sides.
TURNED = (0.0, 0.0, math.sin(0.3), math.cos(0.3))


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


def magenta_cube(x_m: float, y_m: float) -> SceneObject:
    pose = Pose((x_m, y_m, EDGE_M / 2), TURNED)
    return SceneObject("cube", Box((EDGE_M,) * 3), pose, colour=(1.0, 0.0, 1.0))


def corners_px(cube: SceneObject, robot: EmbeddedRobot, width: int, height: int, camera: str):
    """Project the corners of the cube with the calibration alone; shape (8, 2)."""
    info = robot.camera_info(width, height, camera)
    optical = info.pose
    if optical is None:
        joints = robot.state().of(ARM.names)
        optical = Kinematics(ARM).link_pose(joints, info.frame)
    signs = np.array(list(itertools.product((-1, 1), repeat=3)))
    corners = np.column_stack([signs * EDGE_M / 2, np.ones(8)])
    seen = np.linalg.inv(optical.matrix()) @ cube.pose.matrix() @ corners.T
    assert (seen[2] > 0).all()  # z is ahead
    u, v, depth = info.matrix() @ seen[:3]
    return np.column_stack([u / depth, v / depth])


@needs_renderer
@pytest.mark.parametrize(
    ("camera", "place_m"), [("overview", (0.5, -0.25)), ("overview", (0.35, 0.45)), ("tool", None)]
)
@pytest.mark.parametrize(("width", "height"), [(640, 480), (1280, 960), (801, 333)])
async def test_the_corners_of_a_cube_are_where_the_calibration_says(
    camera: str, place_m: tuple[float, float] | None, width: int, height: int
) -> None:
    robot = EmbeddedRobot.start(ARM, free(), paced=False)
    if place_m is None:
        ahead = Kinematics(ARM).link_pose(robot.state().of(ARM.names), "camera_optical_frame")
        place_m = on_the_bench(ahead)
    cube = magenta_cube(*place_m)
    await robot.set_scene(free().add(cube))
    corners = corners_px(cube, robot, width, height, camera)
    image = await robot.image(width, height, camera)
    await robot.close()
    rows, columns = np.nonzero(magenta(image))
    assert len(rows) > 100
    shown = np.column_stack([columns, rows])
    # What sticks out furthest in a direction is a corner of the cube, projected or in the picture.
    for angle_rad in np.arange(16) * math.pi / 8:
        direction = np.array([math.cos(angle_rad), math.sin(angle_rad)])
        assert (shown @ direction).max() == pytest.approx((corners @ direction).max(), abs=2.0)


@needs_renderer
@pytest.mark.parametrize("camera", ["overview", "tool"])
async def test_a_pixel_shows_the_cube_where_the_ray_through_its_middle_meets_it(
    camera: str,
) -> None:
    # Of this size a picture is drawn as it is, one ray for each pixel, and not made smaller.
    width, height = 1280, 960
    robot = EmbeddedRobot.start(ARM, free(), paced=False)
    ahead = Kinematics(ARM).link_pose(robot.state().of(ARM.names), "camera_optical_frame")
    cube = magenta_cube(*on_the_bench(ahead)) if camera == "tool" else magenta_cube(0.35, 0.45)
    await robot.set_scene(free().add(cube))
    edges = ConvexHull(corners_px(cube, robot, width, height, camera)).equations
    shown = magenta(await robot.image(width, height, camera))
    await robot.close()
    v, u = np.indices(shown.shape)
    expected = np.all([a * u + b * v + c <= 0 for a, b, c in edges], axis=0)
    assert expected.sum() > 1000
    assert (shown != expected).sum() <= 3


def magenta(image: RawImage) -> np.ndarray:
    """Return where a picture shows the cube, shape (height, width)."""
    red, green, blue = np.moveaxis(image.pixels.astype(int), 2, 0)
    return np.asarray((red > green + 40) & (blue > green + 40))


def on_the_bench(optical: Pose) -> tuple[float, float]:
    """Where the optical axis meets the bench."""
    transform = optical.matrix()
    origin, axis = transform[:3, 3], transform[:3, 2]
    x, y, _ = origin - axis * origin[2] / axis[2]
    return float(x), float(y)


@needs_renderer
async def test_a_raw_image_is_the_picture_with_stamp_and_calibration() -> None:
    robot = EmbeddedRobot.start(ARM, paced=False)
    await robot.wait(0.25)
    image = await robot.image(320, 240, "overview")
    picture = np.asarray(Image.open(io.BytesIO(await robot.picture(320, 240))))
    assert image.pixels.shape == (240, 320, 3)
    assert image.pixels.dtype == np.uint8
    assert image.pixels.flags.c_contiguous
    assert not image.pixels.flags.writeable
    np.testing.assert_array_equal(image.pixels, picture)
    assert image.stamp_s == robot.state().stamp_s > 0.2
    assert image.info == robot.camera_info(320, 240, "overview")
    await robot.close()


async def test_the_focal_length_follows_from_the_field_of_view_and_the_axis_is_in_the_middle() -> (
    None
):
    robot = EmbeddedRobot.start(ARM, paced=False)
    tool = robot.camera_info(640, 480, "tool")
    await robot.close()
    assert tool.focal_px == pytest.approx(240 / math.tan(math.radians(30)))
    assert tool.centre_px == (319.5, 239.5)
    assert tool.matrix().tolist() == [
        [tool.focal_px, 0.0, 319.5],
        [0.0, tool.focal_px, 239.5],
        [0.0, 0.0, 1.0],
    ]
    # This frame is a link of the description: the joints say where it is.
    assert (tool.frame, tool.pose) == ("camera_optical_frame", None)


async def test_calibration_is_there_for_the_cameras_and_sizes_of_pictures_alone() -> None:
    robot = EmbeddedRobot.start(ARM, paced=False)
    assert robot.cameras.names == ("overview", "tool")
    with pytest.raises(InvalidInput, match=r"'side'.*overview, tool"):
        robot.cameras.info(640, 480, "side")
    with pytest.raises(InvalidInput, match="pixels"):
        await robot.cameras.image(2000, 480, "tool")
    await robot.close()


async def test_whoever_has_the_cameras_has_nothing_that_moves_the_robot() -> None:
    robot = EmbeddedRobot.start(ARM, paced=False)
    assert {name for name in dir(robot.cameras) if not name.startswith("_")} == {
        "image",
        "info",
        "names",
    }
    await robot.close()
