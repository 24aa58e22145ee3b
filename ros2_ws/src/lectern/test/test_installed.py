"""The core is complete wherever the workspace put it."""

from lectern.bridge.routers.page import PAGE
from lectern.robot.description import unfold_arm
from lectern.settings import default_book


def test_the_textbook_is_there_with_its_programs():
    assert (default_book() / "index.md").is_file()
    assert list((default_book() / "code").glob("*.py"))


def test_the_robot_description_unfolds():
    assert '<robot name="' in unfold_arm()


def test_the_page_is_there_with_its_scripts():
    assert (PAGE / "index.html").is_file()
    assert list((PAGE / "js").glob("*.js"))
