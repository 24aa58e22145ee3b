"""Install the launch files and parameters that lie at the top of the repository."""

from pathlib import Path

from setuptools import setup

NAME = "lectern_bringup"
HERE = Path(__file__).resolve().parent
# Both are symbolic links to folders of the repository.
FOLDERS = ("launch", "config")


def files_in(folder):
    """Return the files of a folder, relative to this package."""
    if not (HERE / folder).is_dir():
        raise SystemExit(
            f"error: {HERE / folder} is not there. {NAME} is built inside a whole checkout of the "
            "repository, with its symbolic links."
        )
    return [f"{folder}/{path.name}" for path in sorted((HERE / folder).iterdir()) if path.is_file()]


setup(
    name=NAME,
    version="0.1.0",
    description="What starts Lectern: launch files, and the parameters of every node.",
    maintainer="The Lectern developers",
    maintainer_email="maintainers@lectern.invalid",
    license="Apache-2.0",
    packages=[NAME],
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
        *((f"share/{NAME}/{folder}", files_in(folder)) for folder in FOLDERS),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=True,
)
