"""What the graph without ROS takes is named where it is missing."""

from __future__ import annotations

import importlib.util

import pytest

from lectern.cli.checks import graph_check
from lectern.errors import GraphUnavailable
from lectern.graph.dds import library


@pytest.fixture
def old_python(monkeypatch):
    monkeypatch.setattr(library, "OLDEST_PYTHON", (99, 0))


@pytest.fixture
def without_cyclone(monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(library, "OLDEST_PYTHON", (3, 10))
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "cyclonedds" else real(name)
    )


@pytest.mark.usefixtures("old_python")
def test_a_python_that_is_too_old_is_named_with_what_to_do():
    with pytest.raises(GraphUnavailable, match=r"needs Python 3\.11.*LECTERN_DDS=false"):
        library.check_library()


@pytest.mark.usefixtures("without_cyclone")
def test_a_package_that_is_missing_is_named_with_what_to_do():
    with pytest.raises(GraphUnavailable, match=r"needs .*cyclonedds.*pip install cyclonedds"):
        library.load()


@pytest.mark.usefixtures("old_python")
@pytest.mark.parametrize("wanted", [True, False])
def test_the_doctor_calls_it_needed_only_where_it_is_wanted(make_settings, wanted):
    check = graph_check(make_settings(dds=wanted))

    assert (check.name, check.ok, check.needed) == ("DDS", False, wanted)
    assert "3.11" in check.detail


def test_the_doctor_names_settings_that_contradict_each_other(make_settings):
    settings = make_settings(dds=True, dds_network="any", ros_localhost_only=True)
    check = graph_check(settings)

    assert (check.ok, check.needed) == (False, True)
    assert "ROS_LOCALHOST_ONLY" in check.detail
