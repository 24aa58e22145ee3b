"""The launch files declare what their tables say."""

from pathlib import Path

import pytest
from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.utilities import perform_substitutions
from lectern_bringup.arguments import LAUNCH_FILES

SHARE = Path(get_package_share_directory("lectern_bringup"))


@pytest.mark.parametrize("file", LAUNCH_FILES)
def test_a_launch_file_declares_its_arguments_with_defaults_that_can_be_used(file):
    context = LaunchContext()
    description = PythonLaunchDescriptionSource(
        str(SHARE / "launch" / file)
    ).get_launch_description(context)
    declared = {
        argument.name: argument
        for argument in description.entities
        if hasattr(argument, "default_value")
    }
    assert list(declared) == [argument.name for argument in LAUNCH_FILES[file]]
    for argument in LAUNCH_FILES[file]:
        default = perform_substitutions(context, declared[argument.name].default_value)
        if argument.in_config:
            assert Path(default).is_file()
        else:
            assert default == argument.default
