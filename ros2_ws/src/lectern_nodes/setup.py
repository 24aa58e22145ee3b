"""Package the nodes; metadata stands here because setuptools of Ubuntu 22.04 reads no other."""

from setuptools import find_packages, setup

NAME = "lectern_nodes"

setup(
    name=NAME,
    version="0.1.0",
    description="Lectern on the ROS graph: assistant, embedded robot, and the robot behind ROS.",
    maintainer="The Lectern developers",
    maintainer_email="maintainers@lectern.invalid",
    license="Apache-2.0",
    packages=find_packages(include=[NAME, f"{NAME}.*"]),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=True,
    entry_points={
        "console_scripts": [
            "assistant_node = lectern_nodes.assistant_node:main",
            "robot_node = lectern_nodes.robot_node:main",
        ]
    },
)
