"""What demos there are, what they take, and which section of the book each shows."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from lectern.errors import DemoUnknown, InvalidInput
from lectern.robot.demos.catalogue import DEMOS, describe, find
from lectern.robot.demos.running import parse

DOCS = Path(__file__).parents[3] / "docs"
NAMES = (
    "forward_kinematics",
    "jacobian",
    "singularity",
    "inverse_kinematics",
    "interpolation",
    "trajectory",
    "pid",
    "rrt_connect",
    "pick_and_place",
    "push",
    "odometry",
)
every_demo = pytest.mark.parametrize("demo", DEMOS.values(), ids=lambda demo: demo.name)


def headings(page: Path) -> dict[str, str]:
    """Return the headings of a page by their anchors."""
    found = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {slug_of(f"# {heading}"): heading.strip() for heading in found}


def test_there_are_eleven_demos():
    assert tuple(DEMOS) == NAMES


@every_demo
def test_the_section_of_a_demo_exists_in_the_book_under_its_title(demo):
    page, _, anchor = demo.section.partition("#")

    assert headings(DOCS / "book" / page)[anchor] == demo.section_title


@every_demo
def test_the_section_of_a_demo_links_to_it(demo):
    page, _, anchor = demo.section.partition("#")
    text = (DOCS / "book" / page).read_text(encoding="utf-8")
    parts = re.split(r"^(?=#{2,3} )", text, flags=re.MULTILINE)
    (section,) = [p for p in parts if p.startswith("#") and slug_of(p) == anchor]

    assert f"[Watch the demo.](../demos.md#{demo.name.replace('_', '-')})" in section


def slug_of(part: str) -> str:
    heading = part.split("\n", 1)[0].lstrip("# ")
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def test_every_link_to_a_demo_leads_to_the_section_that_says_how_to_run_it():
    page = (DOCS / "demos.md").read_text(encoding="utf-8")
    linked = {
        anchor
        for chapter in (DOCS / "book").glob("*.md")
        for anchor in re.findall(
            r"\(\.\./demos\.md#([\w-]+)\)", chapter.read_text(encoding="utf-8")
        )
    }

    assert linked == {name.replace("_", "-") for name in NAMES}
    assert linked < set(headings(DOCS / "demos.md"))
    assert all(f"`lectern demo run {name}" in page for name in NAMES)


@every_demo
def test_the_page_of_the_demos_shows_a_small_picture_of_each(demo):
    picture = DOCS / "pictures" / "demos" / f"{demo.name}.png"

    assert f"pictures/demos/{demo.name}.png" in (DOCS / "demos.md").read_text(encoding="utf-8")
    assert picture.stat().st_size < 60_000


@every_demo
def test_parameters_have_defaults_descriptions_and_ranges(demo):
    properties = demo.Parameters.model_json_schema()["properties"]

    assert properties
    for name, field in properties.items():
        assert "default" in field, name
        assert field["description"].endswith("."), name
        assert re.search(r"minimum|maximum|exclusiveMinimum|enum", json.dumps(field)), name


@every_demo
def test_no_speed_is_so_slow_that_a_motion_fills_the_memory(demo):
    speed = demo.Parameters.model_json_schema()["properties"].get("speed_scale")

    assert speed is None or speed["minimum"] >= 0.01


@every_demo
def test_defaults_are_within_their_own_ranges(demo):
    given = demo.Parameters().model_dump(mode="json")

    assert parse(demo, given) == demo.Parameters()


def test_descriptions_are_json():
    (first, *_) = json.loads(json.dumps(describe()))

    assert set(first) == {"name", "title", "section", "section_title", "parameters"}


def test_an_unknown_demo_is_named_with_those_there_are():
    with pytest.raises(DemoUnknown, match=r"no demo 'juggle'.*forward_kinematics, jacobian"):
        find("juggle")


@pytest.mark.parametrize(
    ("name", "raw", "said"),
    [
        pytest.param("pid", {"kp": 1}, "pid has no parameter 'kp'", id="unknown"),
        pytest.param("pid", {"kp_nm_per_rad": 5}, "kp_nm_per_rad .* '5'", id="too small"),
        pytest.param("pid", {"kp_nm_per_rad": "much"}, "kp_nm_per_rad .* 'much'", id="a word"),
        pytest.param("pid", {"kp_nm_per_rad": float("nan")}, "kp_nm_per_rad", id="no number"),
        pytest.param("pid", {"joint": "joint_9"}, "joint .* 'joint_9'", id="no such joint"),
        pytest.param(
            "jacobian", {"joint_positions_deg": "1,2,x,4,5,6"}, r"joint_positions_deg\.2", id="list"
        ),
        pytest.param(
            "jacobian",
            {"joint_positions_deg": [1, 2]},
            r"joint_positions_deg of the demo jacobian cannot be '\[1, 2\]': six numbers with "
            r"commas between them are wanted, not 2\. `lectern",
            id="short",
        ),
        pytest.param(
            "jacobian", {"joint_positions_deg": "1,2,3"}, r"'1,2,3': six numbers", id="short text"
        ),
        pytest.param("jacobian", {"joint_positions_deg": ""}, r"six .* not 1", id="empty text"),
        pytest.param(
            "jacobian", {"joint_positions_deg": 7}, "joint_positions_deg", id="one number"
        ),
        pytest.param(
            "interpolation", {"end_m": "0,0,0,0"}, r"three numbers .* not 4", id="too many"
        ),
        pytest.param("odometry", {"laps": 1.5}, "laps", id="no whole number"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(name, raw, said):
    with pytest.raises(InvalidInput, match=said):
        parse(find(name), raw)


def test_numbers_may_come_as_text_as_from_a_command_line():
    parameters = parse(find("jacobian"), {"joint_positions_deg": "0, 30,60,0,0,0"})

    assert parameters.model_dump()["joint_positions_deg"] == (0, 30, 60, 0, 0, 0)
