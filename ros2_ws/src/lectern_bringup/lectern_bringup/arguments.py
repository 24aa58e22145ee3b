"""Arguments of the launch files, as tables: the files declare them, the docs are made from them.

Nothing here needs ROS, so that the docs can be checked where there is none.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Argument:
    """One argument of a launch file.

    Attributes:
        name: As on the command line, `name:=value`.
        default: Its value unless one is given.
        description: One sentence.
        choices: What is accepted; empty: anything.
        in_config: Whether the default is the name of a file that lectern_bringup installs.
    """

    name: str
    default: str
    description: str
    choices: tuple[str, ...] = ()
    in_config: bool = False


_SWITCH = ("true", "false")
_NAMESPACE = Argument("namespace", "", "Put before the names of all nodes, topics and services.")
_BRIDGE_PORT = Argument(
    "bridge_port", "", "Port of the HTTP API and the page; empty: what the parameter file says."
)
_ROBOTS = ("", "none", "embedded", "ros")
_LOG_LEVEL = Argument(
    "log_level",
    "info",
    "The least severe messages that are logged.",
    ("debug", "info", "warn", "error", "fatal"),
)
_RESPAWN = Argument(
    "respawn",
    "true",
    "Whether a node that was killed is started again; one that ends by itself has said why and "
    "stays down.",
    _SWITCH,
)

ASSISTANT = (
    _NAMESPACE,
    Argument("params_file", "assistant.yaml", "Parameters of assistant_node.", in_config=True),
    _BRIDGE_PORT,
    Argument(
        "robot",
        "",
        "Robot that the page shows and moves; empty: what the parameter file says.",
        _ROBOTS,
    ),
    Argument(
        "robot_scene",
        "",
        "With `robot:=ros`, where its surroundings are kept; empty: what the parameter file says.",
        ("", "planning_scene", "local"),
    ),
    Argument(
        "use_sim_time",
        "false",
        "Whether the node's clock is the topic `clock`; true beside a simulator.",
        _SWITCH,
    ),
    _LOG_LEVEL,
    _RESPAWN,
)

EMBEDDED = (
    _NAMESPACE,
    Argument(
        "assistant_params_file", "assistant.yaml", "Parameters of assistant_node.", in_config=True
    ),
    Argument("robot_params_file", "robot.yaml", "Parameters of robot_node.", in_config=True),
    _BRIDGE_PORT,
    Argument(
        "robot",
        "",
        "Robot that the page shows and moves; empty: the one of this launch (`ros`) if "
        "`bridge_port` is given, else what the parameter file says.",
        _ROBOTS,
    ),
    Argument("rviz", "false", "Whether RViz shows the robot; needs the package rviz2.", _SWITCH),
    Argument(
        "use_sim_time",
        "true",
        "Whether the clock of all nodes but robot_node is the robot's, on the topic `clock`.",
        _SWITCH,
    ),
    _LOG_LEVEL,
    _RESPAWN,
)

LAUNCH_FILES = {"assistant.launch.py": ASSISTANT, "embedded.launch.py": EMBEDDED}
