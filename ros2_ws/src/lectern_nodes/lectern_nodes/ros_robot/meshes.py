"""Triangle meshes between files, which the core has, and messages, which MoveIt has.

Every mesh that was read or written is known by its content, so a mesh that comes back from the
planning scene is the very file that was sent.
"""

from __future__ import annotations

import hashlib
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import coal
import numpy as np
from numpy.typing import NDArray

from lectern.errors import SceneObjectInvalid
from lectern.robot.geometry import Floats
from lectern.robot.scene import Mesh

# A hull of more corners than this takes longer to check than a plan may.
MAX_TRIANGLES = 100_000


class Meshes:
    """Keeps meshes by content; meshes of others become OBJ files in a folder of its own."""

    def __init__(self) -> None:
        self._known: dict[str, Mesh] = {}
        self._lock = threading.Lock()
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def message(self, types: Any, mesh: Mesh) -> Any:
        """Return a `shape_msgs/Mesh`, scaled.

        Raises:
            SceneObjectInvalid: The file cannot be read.
        """
        vertices, triangles = _read(mesh)
        with self._lock:
            self._known[_digest(vertices, triangles)] = mesh
        return types.Mesh(
            triangles=[types.MeshTriangle(vertex_indices=row) for row in triangles.tolist()],
            vertices=[types.Point(x=x, y=y, z=z) for x, y, z in vertices.tolist()],
        )

    def mesh(self, message: Any) -> Mesh:
        """Return the mesh of a message, as the file it came from or as a new one.

        Raises:
            SceneObjectInvalid: It has too many triangles, or one names no vertex.
        """
        vertices = np.array([(p.x, p.y, p.z) for p in message.vertices]).reshape(-1, 3)
        rows = [tuple(t.vertex_indices) for t in message.triangles]
        triangles = np.array(rows, dtype=np.uint32).reshape(-1, 3)
        if not 0 < len(triangles) <= MAX_TRIANGLES or triangles.max() >= len(vertices):
            raise SceneObjectInvalid(
                f"A mesh of the planning scene has {len(triangles)} triangles of {len(vertices)} "
                "vertices.",
                f"Use 1 to {MAX_TRIANGLES} triangles between vertices that there are.",
            )
        digest = _digest(vertices, triangles)
        with self._lock:
            if digest not in self._known:
                self._known[digest] = Mesh(self._written(digest, vertices, triangles.tolist()))
            return self._known[digest]

    def close(self) -> None:
        """Remove the files of others' meshes."""
        with self._lock:
            if self._folder is not None:
                self._folder.cleanup()
            self._folder = None

    def _written(self, digest: str, vertices: Floats, triangles: Sequence[Sequence[int]]) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="lectern-meshes-")
        path = Path(self._folder.name) / f"{digest[:32]}.obj"
        corners = [f"v {x!r} {y!r} {z!r}" for x, y, z in vertices.tolist()]
        faces = [f"f {a + 1} {b + 1} {c + 1}" for a, b, c in triangles]
        path.write_text("\n".join([*corners, *faces, ""]), encoding="ascii")
        return path


def _read(mesh: Mesh) -> tuple[Floats, NDArray[np.uint32]]:
    """Return vertices, shape (v, 3), m, and the vertices of each triangle, shape (t, 3)."""
    try:
        body = coal.MeshLoader().load(str(mesh.path), np.full(3, mesh.scale))
        corners = [body.tri_indices(number) for number in range(body.num_tris)]
        triangles = np.array([[t[0], t[1], t[2]] for t in corners], dtype=np.uint32)
        return np.array(body.vertices(), dtype=np.float64), triangles.reshape(-1, 3)
    except (OSError, ValueError, RuntimeError) as error:
        raise SceneObjectInvalid(
            f"The mesh {mesh.path.name!r} cannot be read.", "Give an STL or OBJ file."
        ) from error


def _digest(vertices: Floats, triangles: NDArray[np.uint32]) -> str:
    sha = hashlib.sha256(np.ascontiguousarray(vertices, dtype="<f8").tobytes())
    sha.update(np.ascontiguousarray(triangles, dtype="<u4").tobytes())
    return sha.hexdigest()
