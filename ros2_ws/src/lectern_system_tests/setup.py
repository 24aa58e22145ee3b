"""Package nothing but tests: `colcon test` runs them beside everything that was built."""

from setuptools import setup

NAME = "lectern_system_tests"

setup(
    name=NAME,
    version="0.1.0",
    description="Launch tests of the whole of Lectern.",
    maintainer="The Lectern developers",
    maintainer_email="maintainers@lectern.invalid",
    license="Apache-2.0",
    packages=[],
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=True,
)
