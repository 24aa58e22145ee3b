"""The packages of the ROS workspace fit together; seen without ROS."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from lectern_bringup.arguments import LAUNCH_FILES
from lectern_nodes.assistant.offers import ASSISTANT
from lectern_nodes.robot.offers import ROBOT
from workspace import PIP_NAMES, ROOT, ROSDEP_KEYS, SOURCE, Package, imports_of, packages

PACKAGES = packages()
PYTHON_PACKAGES = [package for package in PACKAGES if package.build_type == "ament_python"]
INTERFACES = SOURCE / "lectern_interfaces"
DEFINITIONS = sorted(
    path for kind in ("msg", "srv", "action") for path in INTERFACES.glob(kind + "/*")
)
CONFIG = ROOT / "config"
VIEWS = sorted((SOURCE / "lectern_description" / "rviz").glob("*.rviz"))
RVIZ_TYPES = {
    "rviz_default_plugins/Image": "sensor_msgs/msg/Image",
    "rviz_default_plugins/LaserScan": "sensor_msgs/msg/LaserScan",
    "rviz_default_plugins/MarkerArray": "visualization_msgs/msg/MarkerArray",
    "rviz_default_plugins/Odometry": "nav_msgs/msg/Odometry",
    "rviz_default_plugins/RobotModel": "std_msgs/msg/String",
}


def of_package(value: object) -> str:
    return value.name if isinstance(value, (Package, Path)) else str(value)


every_package = pytest.mark.parametrize("package", PACKAGES, ids=of_package)
every_python_package = pytest.mark.parametrize("package", PYTHON_PACKAGES, ids=of_package)


def test_the_workspace_has_the_packages_of_the_design():
    assert {package.name for package in PACKAGES} >= {
        "lectern",
        "lectern_bringup",
        "lectern_description",
        "lectern_interfaces",
        "lectern_nodes",
        "lectern_system_tests",
    }


@every_package
def test_a_manifest_names_its_folder_the_version_and_the_licence(package):
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    version = re.search(r'^version = "(.+)"$', text, re.MULTILINE)
    assert version
    assert package.text("name") == package.name
    assert package.text("version") == version[1]
    assert package.text("license") == "Apache-2.0"
    assert package.text("description").endswith(".")
    # A manifest without this line is taken for none when it does not parse.
    assert "<?xml-model " in (package.folder / "package.xml").read_text(encoding="utf-8")


@every_package
def test_a_package_is_built_as_its_manifest_says(package):
    build = {"ament_python": "setup.py", "ament_cmake": "CMakeLists.txt"}[package.build_type]
    assert (package.folder / build).is_file()


@every_python_package
def test_setup_says_the_same_as_the_manifest(package):
    told = package.setup_keywords()
    assert ast.literal_eval(told["version"]) == package.text("version")
    assert ast.literal_eval(told["license"]) == package.text("license")
    assert f'NAME = "{package.name}"' in (package.folder / "setup.py").read_text(encoding="utf-8")
    assert (package.folder / "resource" / package.name).is_file()
    # `ros2 run` looks for executables there.
    config = (package.folder / "setup.cfg").read_text(encoding="utf-8")
    assert config.count(f"$base/lib/{package.name}\n") == 2


@every_python_package
def test_every_executable_has_a_main(package):
    for target in package.executables().values():
        module, function = target.split(":")
        source = package.folder / Path(*module.split("."))
        file = source / "__init__.py" if source.is_dir() else source.with_suffix(".py")
        assert re.search(rf"^def {function}\(", file.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("with_tests", [False, True], ids=["what runs", "with the tests"])
@pytest.mark.parametrize("package", PYTHON_PACKAGES[1:], ids=of_package)
def test_every_import_has_a_dependency(package, with_tests):
    files = list(package.folder.glob(f"{package.name}/**/*.py"))
    if package.name == "lectern_bringup":
        files += (ROOT / "launch").glob("*.py")
    if with_tests:
        files += (package.folder / "test").rglob("*.py")
    # The contract that every robot keeps stands in the root's tests.
    own = {package.name, "contract", *(file.stem for file in files)}
    needed = {ROSDEP_KEYS.get(name, name) for name in imports_of(files) - own}
    # What comes with the core, and pip alone has.
    with_core = {"coal", "structlog"}
    assert needed - with_core <= package.depends(with_tests=with_tests)


def test_every_message_package_that_the_nodes_depend_on_is_used():
    (nodes,) = (package for package in PACKAGES if package.name == "lectern_nodes")
    used = imports_of(list(nodes.folder.glob("*/**/*.py")))
    assert {name for name in nodes.depends(with_tests=False) if name.endswith("_msgs")} <= used


def test_the_core_depends_on_what_it_imports_and_the_docs_name_what_only_pip_has():
    core = PACKAGES[0]
    assert core.name == "lectern"
    building = (ROOT / "docs" / "ros" / "building.md").read_text(encoding="utf-8")
    known = core.depends(with_tests=False)
    for module in sorted(imports_of(list((ROOT / "src").rglob("*.py"))) - {"lectern"}):
        only_in_pip = PIP_NAMES.get(module, module.replace("_", "-"))
        assert ROSDEP_KEYS.get(module, module) in known or f"`{only_in_pip}`" in building, module


def test_the_links_of_the_workspace_lead_into_the_repository_and_form_no_loop():
    links = [path for path in SOURCE.rglob("*") if path.is_symlink()]
    assert {str(link.relative_to(SOURCE)) for link in links} == {
        "lectern/lectern",
        "lectern_bringup/config",
        "lectern_bringup/launch",
    }
    for link in links:
        target = link.resolve()
        assert target.is_dir()
        assert ROOT in target.parents
        assert target not in link.parents
        assert not link.readlink().is_absolute()


@pytest.mark.parametrize("name", ["lectern", "lectern_bringup"])
def test_a_package_with_a_dangling_link_is_not_built_and_says_why(name, tmp_path):
    pytest.importorskip("setuptools", reason="needs setuptools, as colcon does")
    (tmp_path / "setup.py").write_bytes((SOURCE / name / "setup.py").read_bytes())
    for link in (path for path in (SOURCE / name).iterdir() if path.is_symlink()):
        (tmp_path / link.name).symlink_to(link.readlink())
    done = subprocess.run(
        [sys.executable, "setup.py", "--version"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert re.match(r"error: .* is not there\. .* checkout", done.stderr)


def test_colcon_is_given_settings_of_packages_that_there_are():
    meta = json.loads((ROOT / "colcon.meta").read_text(encoding="utf-8"))
    assert set(meta) == {"names"}
    assert set(meta["names"]) <= {package.name for package in PACKAGES}


def test_every_launch_file_has_a_table_of_its_arguments():
    files = {path.name for path in (ROOT / "launch").glob("*.launch.py")}
    assert files == set(LAUNCH_FILES)
    for arguments in LAUNCH_FILES.values():
        names = [argument.name for argument in arguments]
        assert len(set(names)) == len(names)
        for argument in arguments:
            assert argument.description.endswith(".")
            assert not argument.choices or argument.default in argument.choices
            assert not argument.in_config or (CONFIG / argument.default).is_file()


def test_launch_files_start_executables_that_there_are():
    there = {(package.name, name) for package in PYTHON_PACKAGES for name in package.executables()}
    for path in (ROOT / "launch").glob("*.launch.py"):
        text = path.read_text(encoding="utf-8")
        started = set(re.findall(r'"(lectern_nodes)",\s+"(\w+)"', text))
        assert started
        assert started <= there


@pytest.mark.parametrize(
    ("file", "node"),
    [("assistant.yaml", ASSISTANT), ("robot.yaml", ROBOT)],
    ids=["assistant", "robot"],
)
def test_a_parameter_file_holds_what_its_node_takes_under_any_name(file, node):
    content = yaml.safe_load((CONFIG / file).read_text(encoding="utf-8"))
    assert set(content) == {"/**"}
    given = content["/**"]["ros__parameters"]
    for name, value in given.items():
        parameter = node.parameters[name]
        assert parameter.fault(value) == ""
        assert type(value) is type(parameter.default), name


def test_cyclone_is_kept_on_the_loopback_with_room_for_more_than_ten_processes():
    text = (CONFIG / "cyclonedds.xml").read_text(encoding="utf-8")
    (limit,) = re.findall(r"<MaxAutoParticipantIndex>(\d+)<", text)
    assert int(limit) >= 100
    assert 'name="lo"' in text
    assert "<AllowMulticast>false<" in text


@pytest.mark.parametrize("view", VIEWS, ids=of_package)
def test_rviz_shows_what_the_nodes_publish(view):
    offered = {f"/{end.name}": (end.type, end.qos) for end in ROBOT.endpoints}
    displays = yaml.safe_load(view.read_text(encoding="utf-8"))["Visualization Manager"]["Displays"]
    for display in displays:
        topic = display.get("Topic") or display.get("Description Topic")
        if topic is None:
            continue
        kind, qos = offered[topic["Value"]]
        assert kind == RVIZ_TYPES[display["Class"]]
        assert (topic.get("Durability Policy") == "Transient Local") == ("transient local" in qos)


def test_every_interface_is_generated():
    listed = re.findall(
        r"^  (\w+/\w+\.\w+)$",
        (INTERFACES / "CMakeLists.txt").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert listed == sorted(str(path.relative_to(INTERFACES)) for path in DEFINITIONS)


@pytest.mark.parametrize("definition", DEFINITIONS, ids=of_package)
def test_every_field_has_a_comment_with_the_unit_of_a_quantity(definition):
    comment = ""
    for line in definition.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line == "---":
            comment = ""
        elif line.startswith("#"):
            comment += line
        elif "=" not in line:
            kind, name = line.split("#")[0].split()[:2]
            told = comment + line.partition("#")[2]
            explained = kind[0].isupper() or name.endswith("_id")
            assert told or explained, f"{name} has no comment"
            if name.endswith("_s"):
                assert re.search(r"\bs\b", told), f"{name} has no unit"


def test_every_result_has_an_error_code_and_its_message():
    for path in DEFINITIONS:
        parts = path.read_text(encoding="utf-8").split("---")
        if len(parts) > 1:
            assert "int32 error_code\n" in parts[1]
            assert "string error_msg\n" in parts[1]
