"""Package Lectern's core for a ROS workspace; without ROS, the repository's pyproject.toml does."""

import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

NAME = "lectern"
HERE = Path(__file__).resolve().parent
CORE = HERE / "lectern"
ROOT = HERE.parents[2]
# What an installed core finds inside itself and a checkout beside itself: the same list as in
# pyproject.toml. With --symlink-install the core runs from the checkout, and nothing is copied.
CARRIED = {
    ROOT / "docs/book": "lectern/textbook",
    HERE.parent / "lectern_description/config": "lectern/robot/_description/config",
    HERE.parent / "lectern_description/urdf": "lectern/robot/_description/urdf",
}

for folder in (CORE, *CARRIED):
    if not folder.is_dir():
        raise SystemExit(
            f"error: {folder} is not there. {NAME} is built inside a whole checkout of the "
            "repository, with its symbolic links."
        )


class BuildWithBook(build_py):
    """Copies the textbook and the robot description into the package."""

    def run(self):
        """Build, then copy."""
        super().run()
        for source, target in self._copies():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)

    def get_outputs(self, include_bytecode=1):
        """Return every file that is written, so that colcon can take it away again."""
        copies = [str(target) for _, target in self._copies()]
        return super().get_outputs(include_bytecode) + copies

    def _copies(self):
        for folder, inside in CARRIED.items():
            for source in files_of(folder):
                yield source, Path(self.build_lib, inside, source.relative_to(folder))


def files_of(folder):
    """Return the files below a folder, without what Python wrote there."""
    return [p for p in sorted(folder.rglob("*")) if p.is_file() and "__pycache__" not in p.parts]


setup(
    name=NAME,
    version="0.1.0",
    description="The core of Lectern: the book, its answers, and the robot that shows them.",
    maintainer="The Lectern developers",
    maintainer_email="maintainers@lectern.invalid",
    license="Apache-2.0",
    packages=[NAME, *(f"{NAME}.{name}" for name in find_packages(str(CORE)))],
    package_data={
        NAME: [str(p.relative_to(CORE)) for p in files_of(CORE) if p.suffix not in {".py", ".pyc"}]
    },
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
    ],
    cmdclass={"build_py": BuildWithBook},
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=False,
    entry_points={"console_scripts": ["lectern = lectern.cli:main"]},
)
