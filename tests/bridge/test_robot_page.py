"""The examples of docs/http.md do what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from robot_bridge import running_robot

PAGE = Path(__file__).parents[2] / "docs" / "http.md"
TEXT = PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What each example prints, one run after another as a reader would."""
    lines: list[str] = []
    with running_robot(tmp_path_factory.mktemp("page")) as bridge:
        known = {"print": lambda *values: lines.append(" ".join(map(str, values)))}
        for example in re.findall(r"```python\n(.*?)```", TEXT, re.S):
            here = bridge.address.removeprefix("http://")
            exec(compile(example.replace("127.0.0.1:8000", here), PAGE.name, "exec"), known)
        known["robot"].close()
    return lines


@pytest.mark.parametrize(
    "pattern",
    [
        r"[\d.]+ s, [1-9]\d* points to draw",
        r"followed within 0\.00\d+ rad",
        r"True",
        r"\[.+\] \['/api/v1/robot/demos/runs/.+\.png'.*\]",
        r"\{'joint_1': .+'finger_right_joint': .+\} [\d.]+ idle",
    ],
)
def test_an_example_prints(printed, pattern):
    assert any(re.fullmatch(pattern, line) for line in printed), printed


async def test_the_page_names_every_route(client):
    paths = (await client.get("/openapi.json")).json()["paths"]
    prefix = "/api/v1/robot"
    routes = {path.removeprefix(prefix) or "/" for path in paths if path.startswith(prefix)}
    named = set(re.findall(r"`(?:GET|POST|PUT|DELETE) (/[^`]*)`", TEXT.split("## Moving")[0]))
    assert routes - {"/demos/runs/{run}/pictures/{name}.png"} == named - {"/ws"}
