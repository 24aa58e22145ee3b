"""What holds for the repository as a whole."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "lectern"
# Put together here, so that this file does not name what it forbids.
MACHINE_PATHS = ["/" + name + "/" for name in ("root", "work")]
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("proxy", "golang", "org"),
        ("index", "crates", "io"),
    )
]


def run(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def python(*arguments: str) -> None:
    run(sys.executable, *arguments)


def test_imports_keep_the_arrows_of_the_design():
    run(str(Path(sys.executable).with_name("lint-imports")), "--no-cache")


def test_the_code_passes_the_linter():
    python("-m", "ruff", "check", ".")


def test_the_code_is_formatted():
    python("-m", "ruff", "format", "--check", "src", "tests", "benchmarks")


def test_the_code_passes_the_strict_type_checker():
    python("-m", "mypy")


@pytest.fixture(scope="module")
def committed() -> list[Path]:
    """All files that git keeps; outside a checkout there is nothing to look at."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


@pytest.mark.parametrize("word", [*MACHINE_PATHS, *REGISTRIES])
def test_no_file_names_a_registry_or_a_place_on_one_machine(word, committed):
    found = [str(path) for path in committed if word.encode() in path.read_bytes()]
    assert found == []


def test_every_module_says_what_it_is_for():
    silent = [
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_only_the_settings_read_the_environment():
    readers = [
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if any(word in path.read_text(encoding="utf-8") for word in ("os.environ", "os.getenv"))
    ]
    # PyOpenGL takes the renderer from the environment and from nowhere else.
    assert set(readers) <= {"settings.py", "robot/embedded/camera.py"}
