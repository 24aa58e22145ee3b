"""Pictures of the simulation, rendered offscreen by EGL or OSMesa.

Whether this machine can render is found out once, in a child process, because a broken driver may
take the process down with it. Rendering runs on a thread of its own, on a copy of the state.
"""

from __future__ import annotations

import io
import math
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from lectern.errors import CameraUnavailable, InvalidInput
from lectern.robot.embedded.world import (
    CAMERA_FRAME,
    CAMERAS,
    DRAWN_GROUP,
    HULL_GROUP,
    MAX_HEIGHT,
    MAX_WIDTH,
    World,
    build_drawing,
)
from lectern.robot.geometry import Floats, Pose
from lectern.robot.image import CameraInfo
from lectern.robot.model import RobotModel

BACKENDS = ("egl", "osmesa")
_PROBE_S = 30.0
_probing = threading.Lock()
# Small pictures are drawn so many times as wide and high, then reduced, which smooths edges.
_FINER = 2
# MuJoCo's cameras look along -z with y up; an optical frame has z ahead and y down.
_OPTICAL = np.diag([1.0, -1.0, -1.0])
_PROBE = """
import importlib, sys, mujoco
gl = importlib.import_module("mujoco." + sys.argv[1])
context = gl.GLContext(64, 64)
context.make_current()
model = mujoco.MjModel.from_xml_string("<mujoco><worldbody><geom size='1'/></worldbody></mujoco>")
mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
print("rendering works")
"""
_REMEDY = (
    "Install a software renderer: the Debian package libegl1 (with libgl1-mesa-dri) or libosmesa6."
)


def backend() -> str:
    """Return the first of EGL and OSMesa that renders on this machine; tried once.

    Raises:
        CameraUnavailable: Neither does.
    """
    with _probing:
        name, failures = _tried(BACKENDS)
    if not name:
        raise CameraUnavailable(f"No picture can be rendered here ({failures}).", _REMEDY)
    return name


@lru_cache(maxsize=1)
def _tried(names: tuple[str, ...]) -> tuple[str, str]:
    """Return the first name that renders, else an empty one and why none does."""
    failures = []
    for name in names:
        reason = _try(name)
        if not reason:
            return name, ""
        failures.append(f"{name}: {reason}")
    return "", "; ".join(failures)


def _try(name: str) -> str:
    """Return why a backend does not render; empty if it does."""
    environment = {**os.environ, "PYOPENGL_PLATFORM": name, "MUJOCO_GL": name}
    try:
        done = subprocess.run(  # noqa: S603  our own interpreter and our own program
            [sys.executable, "-c", _PROBE, name],
            env=environment,
            capture_output=True,
            text=True,
            timeout=_PROBE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{type(error).__name__}"
    if done.returncode == 0 and "rendering works" in done.stdout:
        return ""
    lines = done.stderr.strip().splitlines()
    return lines[-1][:200] if lines else f"the trial ended with {done.returncode}"


def camera_info(world: World, width: int, height: int, camera: str) -> CameraInfo:
    """Return the calibration of pictures of a size; see `lectern.robot.image`.

    A pinhole with the field of view fovy from the upper edge of the picture to the lower has the
    focal length (height / 2) / tan(fovy / 2) in pixels. The axis goes through the middle of the
    picture, which lies half a pixel before the coordinate width / 2, as (0, 0) is the middle of a
    pixel.

    Raises:
        InvalidInput: There is no such camera, or the size is out of range.
    """
    _check(width, height, camera)
    seen = world.model.camera(camera)
    half_fovy_rad = math.radians(float(seen.fovy[0])) / 2
    return CameraInfo(
        camera=camera,
        width=width,
        height=height,
        focal_px=height / 2 / math.tan(half_fovy_rad),
        centre_px=((width - 1) / 2, (height - 1) / 2),
        frame=CAMERA_FRAME if camera == "tool" else f"{camera}_optical_frame",
        pose=None if camera == "tool" else _optical_pose(seen),
    )


def _optical_pose(seen: Any) -> Pose:
    """Return where the optical frame of a camera that stands still in the world is."""
    rotation = np.zeros(9)
    mujoco.mju_quat2Mat(rotation, seen.quat)
    transform = np.eye(4)
    transform[:3, :3] = rotation.reshape(3, 3) @ _OPTICAL
    transform[:3, 3] = seen.pos
    return Pose.from_matrix(transform)


def _check(width: int, height: int, camera: str) -> None:
    if camera not in CAMERAS:
        raise InvalidInput(
            f"There is no camera {camera[:80]!r}.", f"Cameras: {', '.join(CAMERAS)}."
        )
    if not (16 <= width <= MAX_WIDTH and 16 <= height <= MAX_HEIGHT):
        raise InvalidInput(
            f"A picture of {width} x {height} pixels cannot be taken.",
            f"Use 16 x 16 to {MAX_WIDTH} x {MAX_HEIGHT}.",
        )


class Camera:
    """Takes pictures one after another; any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: ThreadPoolExecutor | None = None
        self._studio: _Studio | None = None

    def picture(
        self,
        robot: RobotModel,
        world: World,
        state: Floats,
        *,
        width: int,
        height: int,
        camera: str,
    ) -> bytes:
        """Return a PNG picture of a state; takes and raises what `pixels` does."""
        return _png(self.pixels(robot, world, state, width=width, height=height, camera=camera))

    def pixels(
        self,
        robot: RobotModel,
        world: World,
        state: Floats,
        *,
        width: int,
        height: int,
        camera: str,
    ) -> NDArray[np.uint8]:
        """Return a picture of a state, RGB from the top, shape (height, width, 3), read only.

        Args:
            robot: Its description.
            world: What the state belongs to.
            state: Time, positions and velocities.
            width: In pixels, at most 1280.
            height: In pixels, at most 960.
            camera: `overview` or `tool`.

        Raises:
            CameraUnavailable: This machine cannot render.
            InvalidInput: There is no such camera, or the size is out of range.
        """
        _check(width, height, camera)
        name = backend()
        view = (width, height, camera)
        return self._on_thread(lambda: self._take(name, robot, world, state, view))

    def close(self) -> None:
        """Let go of the graphics context."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.submit(self._strike).result()
            thread.shutdown()

    def _on_thread(self, work: Callable[[], NDArray[np.uint8]]) -> NDArray[np.uint8]:
        # A graphics context belongs to one thread.
        with self._lock:
            if self._thread is None:
                self._thread = ThreadPoolExecutor(1, thread_name_prefix="camera")
            future = self._thread.submit(work)
        return future.result()

    def _take(
        self,
        name: str,
        robot: RobotModel,
        world: World,
        state: Floats,
        view: tuple[int, int, str],
    ) -> NDArray[np.uint8]:
        if self._studio is None or self._studio.world is not world:
            self._strike()
            self._studio = _Studio(name, build_drawing(robot, world.scene), world)
        width, height, camera = view
        finer = _FINER if _FINER * width <= MAX_WIDTH and _FINER * height <= MAX_HEIGHT else 1
        return _reduced(self._studio.shoot(state, finer * width, finer * height, camera), finer)

    def _strike(self) -> None:
        if self._studio is not None:
            self._studio.close()
            self._studio = None


class _Studio:
    """A graphics context with everything that one model needs to be drawn; one thread alone."""

    def __init__(self, name: str, model: mujoco.MjModel, world: World) -> None:
        self.model = model
        self.world = world
        self._gl: Any = _gl_module(name).GLContext(MAX_WIDTH, MAX_HEIGHT)
        self._gl.make_current()
        self._data = mujoco.MjData(model)
        self._scene = mujoco.MjvScene(model, maxgeom=2000)
        self._option = mujoco.MjvOption()
        self._option.geomgroup[DRAWN_GROUP] = 1
        self._option.geomgroup[HULL_GROUP] = 0
        self._camera = mujoco.MjvCamera()
        self._camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_50)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)

    def shoot(self, state: Floats, width: int, height: int, camera: str) -> NDArray[np.uint8]:
        """Return the picture, shape (height, width, 3)."""
        self._gl.make_current()
        positions, velocities = np.split(state[1:], [self.model.nq])
        self._data.qpos[:], self._data.qvel[:] = positions, velocities
        mujoco.mj_forward(self.model, self._data)
        self._camera.fixedcamid = self.model.camera(camera).id
        everything = int(mujoco.mjtCatBit.mjCAT_ALL)
        mujoco.mjv_updateScene(
            self.model, self._data, self._option, None, self._camera, everything, self._scene
        )
        view = mujoco.MjrRect(0, 0, width, height)
        mujoco.mjr_render(view, self._scene, self._context)
        pixels = np.empty((height, width, 3), np.uint8)
        mujoco.mjr_readPixels(pixels, None, view, self._context)
        return pixels[::-1]

    def close(self) -> None:
        """Let go of everything."""
        self._context.free()
        self._gl.free()


def _gl_module(name: str) -> Any:
    """Return MuJoCo's module for a backend; PyOpenGL must be told before it is first imported."""
    os.environ.setdefault("PYOPENGL_PLATFORM", name)
    if name == "egl":
        from mujoco import egl

        return egl
    from mujoco import osmesa

    return osmesa


def _reduced(pixels: NDArray[np.uint8], reduction: int) -> NDArray[np.uint8]:
    from PIL import Image

    reduced = np.array(Image.fromarray(pixels).reduce(reduction))
    reduced.setflags(write=False)
    return reduced


def _png(pixels: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG", compress_level=3)
    return file.getvalue()
