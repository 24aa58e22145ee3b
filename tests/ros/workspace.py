"""What the tests of the ROS workspace know about its packages, read without ROS."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "ros2_ws" / "src"
# What Python calls a module, and rosdep the package it comes in.
ROSDEP_KEYS = {"PIL": "python3-pil", "prometheus_client": "python3-prometheus-client"}
_IN_ROSDEP = (
    "fastapi lxml matplotlib numpy platformdirs pydantic pytest rich scipy typer uvicorn websockets"
)
ROSDEP_KEYS |= {name: f"python3-{name}" for name in _IN_ROSDEP.split()} | {"yaml": "python3-yaml"}
# What only pip has under another name than its module.
PIP_NAMES = {
    "Stemmer": "PyStemmer",
    "markdown_it": "markdown-it-py",
    "pinocchio": "pin",
    "qdrant_edge": "qdrant-edge-py",
}


@dataclass(frozen=True)
class Package:
    """One package of the workspace."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def manifest(self) -> ElementTree.Element:
        return ElementTree.parse(self.folder / "package.xml").getroot()

    def text(self, tag: str) -> str:
        return self.manifest.findtext(tag, default="").strip()

    @property
    def build_type(self) -> str:
        return self.manifest.findtext("export/build_type", default="")

    def depends(self, *, with_tests: bool) -> set[str]:
        tags = ["depend", "exec_depend", *(["test_depend"] if with_tests else [])]
        return {entry.text or "" for tag in tags for entry in self.manifest.findall(tag)}

    def setup_keywords(self) -> dict[str, ast.expr]:
        """Return what setup.py passes to `setup`, not evaluated."""
        tree = ast.parse((self.folder / "setup.py").read_text(encoding="utf-8"))
        (call,) = (
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "setup"
        )
        return {word.arg: word.value for word in call.keywords if word.arg}

    def executables(self) -> dict[str, str]:
        """Return the console scripts, as `module:function` by name."""
        points = self.setup_keywords().get("entry_points")
        scripts = ast.literal_eval(points)["console_scripts"] if points else []
        return dict(script.split(" = ") for script in scripts)


def packages() -> list[Package]:
    return [Package(path.parent) for path in sorted(SOURCE.glob("*/package.xml"))]


def imports_of(files: list[Path]) -> set[str]:
    """Return the top-level modules outside the standard library that some files import."""
    names: set[str] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                names.add(node.module.split(".")[0])
    return names - sys.stdlib_module_names
