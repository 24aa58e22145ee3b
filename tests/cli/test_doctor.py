from __future__ import annotations

import sys

import pytest

from lectern import __version__
from lectern.retrieval.embedders import minilm


def _by_name(document):
    return {check["name"]: check for check in document["checks"]}


@pytest.mark.usefixtures("at_home")
def test_a_working_lectern_passes_every_needed_check(lectern, monkeypatch):
    monkeypatch.delenv("LECTERN_DDS")  # as it comes
    document = lectern.json("doctor")

    assert document["ok"] is True
    assert document["version"] == __version__
    checks = _by_name(document)
    assert [name for name, check in checks.items() if check["needed"]] == [
        *("python", "embedder", "index", "book", "home"),
        *("mujoco", "ompl", "pin", "coal", "toppra", "xacro", "matplotlib"),
        *(["DDS"] if sys.version_info >= (3, 11) else []),
    ]
    assert all(checks[name]["ok"] for name in checks if checks[name]["needed"])
    assert checks["index"]["detail"].endswith("made with the embedder minilm.")


def test_a_home_without_an_index_is_not_broken(lectern, tmp_path):
    check = _by_name(lectern.json("doctor"))["index"]

    assert (check["ok"], check["needed"]) == (False, False)
    assert "lectern up" in check["remedy"]
    assert not (tmp_path / "home").exists()


def test_weights_that_are_not_the_published_ones_are_broken(lectern, tmp_path, monkeypatch):
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    monkeypatch.setattr(minilm, "model_folder", lambda: tmp_path)

    result = lectern("doctor")

    assert result.exit_code == 1
    assert result.stderr == "error: Needed and not working: embedder.\n"
    assert "BROKEN  embedder" in result.stdout
    assert "SHA-256" in result.stdout


@pytest.mark.parametrize(
    ("variable", "value", "name"),
    [
        pytest.param("LECTERN_HOME", "/proc/version/home", "home", id="home"),
        pytest.param("LECTERN_BOOK", "/nowhere/book", "book", id="book"),
        pytest.param("LECTERN_EMBEDDER", "fastembed:none/such", "fastembed", id="extra"),
    ],
)
def test_a_setting_that_leads_nowhere_is_broken(lectern, monkeypatch, variable, value, name):
    monkeypatch.setenv(variable, value)

    check = _by_name(lectern.json("doctor", code=1))[name]

    assert (check["ok"], check["needed"]) == (False, True)
    assert check["remedy"]


def test_a_chat_endpoint_is_named_without_its_key(lectern, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret-of-mine")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")

    result = lectern("doctor")

    assert "gpt-4o-mini at http://127.0.0.1:9/v1; it was not called." in result.stdout
    assert "secret-of-mine" not in result.stdout


def test_a_package_of_the_robot_that_is_missing_is_named_with_what_to_do(lectern, monkeypatch):
    monkeypatch.setitem(sys.modules, "ompl", None)

    document = lectern.json("doctor", code=1)

    check = _by_name(document)["ompl"]
    assert (check["ok"], check["needed"]) == (False, True)
    assert "python -m pip install ompl" in check["remedy"]
    assert "--no-robot" in check["remedy"]
    assert _by_name(document)["camera"]["detail"].startswith("Not tried")


def test_nothing_of_the_robot_is_needed_where_there_shall_be_none(lectern, monkeypatch):
    monkeypatch.setenv("LECTERN_ROBOT", "none")
    monkeypatch.setitem(sys.modules, "mujoco", None)

    check = _by_name(lectern.json("doctor"))["mujoco"]

    assert (check["ok"], check["needed"]) == (False, False)
