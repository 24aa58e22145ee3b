"""The robot in the page: a real browser, a real bridge, the real simulated robot."""

from __future__ import annotations

import io
import json
import math
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import chromium
import pytest
from PIL import Image, ImageStat
from playwright.sync_api import Browser, Page, expect

pytestmark = [*chromium.NEEDED, pytest.mark.slow]

DESKTOP = {"width": 1280, "height": 800}
PATIENCE_MS = 60_000
JOINTS = """names => {
  const { arm } = document.getElementById("view-canvas").robotView;
  return names.map(name => arm.value(name));
}"""

SUM_SHIFTS = """
window.shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });"""
COUNT_MESSAGES = """
window.heard = 0;
window.WebSocket = class extends WebSocket {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", () => { window.heard += 1; });
  }
};"""


def start_bridge(policy: str, home: Path, port: int = 0) -> subprocess.Popen[str]:
    program = Path(__file__).with_name("robot_page.py")
    command = [sys.executable, str(program), policy, str(home), str(port)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


@contextmanager
def bridge(policy: str, home: Path, port: int = 0) -> Iterator[str]:
    with start_bridge(policy, home, port) as process:
        yield process.stdout.readline().strip()
        process.terminate()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    with bridge("auto", tmp_path_factory.mktemp("auto")) as address:
        yield address


@pytest.fixture(scope="module")
def asking(tmp_path_factory) -> Iterator[str]:
    """The same where a person approves each motion."""
    with bridge("ask", tmp_path_factory.mktemp("ask")) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.launched() as browser:
        yield browser


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained about; a test that expects something clears it."""
    return []


@pytest.fixture
def open_page(browser, complaints):
    """Open a page, by default in a wide window; it must not complain."""
    contexts = []

    def open_at(url: str, *, script: str = "", ready: bool = True, **options: Any) -> Page:
        context = browser.new_context(**{"viewport": DESKTOP, "reduced_motion": "reduce"} | options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        chromium.listen(page, complaints)
        if script:
            page.add_init_script(script)
        page.goto(url)
        if ready:
            page.locator("#view[data-ready]").wait_for(state="attached")
        return page

    yield open_at
    heard = list(complaints)
    for context in contexts:
        context.close()
    assert heard == []


@pytest.fixture(autouse=True, scope="module")
def _patience():
    expect.set_options(timeout=PATIENCE_MS)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def page(address, open_page) -> Page:
    post(address, "reset")
    return open_page(address)


def get(address: str, path: str) -> Any:
    with urllib.request.urlopen(f"{address}/api/v1/robot/{path}") as response:
        return json.load(response)


def post(address: str, path: str) -> None:
    urllib.request.urlopen(
        urllib.request.Request(f"{address}/api/v1/robot/{path}", data=b"", method="POST")
    ).close()


def choose(page: Page, demo: str) -> None:
    page.locator(f'button[data-demo="{demo}"]').click()


def move_to(page: Page, pose: str) -> None:
    page.get_by_role("tab", name="Move").click()
    page.get_by_role("group", name="Poses").get_by_role("button", name=pose).click()


def joint_values(page: Page) -> list[float]:
    return page.evaluate(JOINTS, [f"joint_{n}" for n in range(1, 7)])


def close(first: list[float], second: list[float], tolerance: float = 2e-3) -> bool:
    return all(abs(a - b) < tolerance for a, b in zip(first, second, strict=True))


def wait_for_pose(page: Page, wanted: list[float]) -> None:
    page.wait_for_function(
        f"""wanted => ({JOINTS})(wanted.map((_, n) => `joint_${{n + 1}}`))
            .every((value, n) => Math.abs(value - wanted[n]) < 0.01)""",
        arg=wanted,
    )


def test_the_arm_stands_in_its_scene_as_the_robot_reports_it(page, address):
    state = get(address, "state")
    shown = page.evaluate(JOINTS, state["names"])
    assert close(shown, state["positions"])
    names = page.evaluate(
        "document.getElementById('view-canvas').robotView.objects.group.children.map(o => o.name)"
    )
    assert sorted(names) == sorted(item["name"] for item in get(address, "scene")["objects"])
    picture = Image.open(io.BytesIO(page.locator("#view-canvas").screenshot())).convert("RGB")
    assert max(ImageStat.Stat(picture).stddev) > 25, "the picture is blank"
    assert len(picture.getcolors(maxcolors=2**24)) > 1_000
    expect(page.locator("#link")).to_have_text("Live")


def test_a_demo_moves_the_arm_and_shows_its_plot_and_numbers(page):
    before = joint_values(page)
    choose(page, "forward_kinematics")
    page.get_by_role("button", name="Run").click()
    result = page.get_by_role("region", name="Result")
    expect(result.locator("img").first).to_be_visible()
    page.wait_for_function("() => document.querySelector('.result img').naturalWidth > 300")
    assert not close(joint_values(page), before, 0.5)
    assert result.locator("tbody tr").count() > 2
    assert "[object Object]" not in page.locator("body").inner_text()
    assert page.evaluate("document.documentElement.scrollHeight") <= DESKTOP["height"]


def test_what_a_demo_does_is_told_while_it_runs(page, address, complaints):
    choose(page, "forward_kinematics")
    page.get_by_label("Speed scale").fill("0.1")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#activity")).to_have_text("Moving to the joint positions.")
    page.get_by_role("button", name="Stop the robot").click()
    expect(page.locator("#activity")).to_have_text("Ready")
    complaints.clear()


def test_an_object_that_is_a_mesh_is_named_as_not_drawn(address, open_page):
    post(address, "reset")
    page = open_page("about:blank", ready=False)

    def with_a_mesh(route):
        scene = route.fetch().json()
        cube = next(item for item in scene["objects"] if item["name"] == "red_cube")
        cube["shape"] = {"type": "mesh", "scale": 1.0}
        route.fulfill(json=scene)

    page.route("**/api/v1/robot/scene", with_a_mesh)
    page.goto(address)
    expect(page.locator("#view-undrawn")).to_have_text(
        "There, but not drawn, being meshes: red_cube"
    )
    page.unroute("**/api/v1/robot/scene")
    post(address, "reset")
    page.reload()
    expect(page.locator("#view[data-ready]")).to_be_attached()
    expect(page.locator("#view-undrawn")).to_be_empty()


def test_a_parameter_out_of_range_is_named_with_the_remedy(page, complaints):
    choose(page, "forward_kinematics")
    page.get_by_label("Speed scale").fill("7")
    page.get_by_role("button", name="Run").click()
    alert = page.locator(".after-run").get_by_role("alert")
    expect(alert).to_contain_text("speed_scale")
    expect(alert).to_contain_text("lectern demo list")
    expect(alert).to_contain_text("invalid_input")
    expect(page.get_by_role("button", name="Run")).to_be_enabled()
    complaints.clear()


def test_stop_ends_a_whole_demo(page, complaints):
    choose(page, "forward_kinematics")
    page.get_by_label("Speed scale").fill("0.1")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("body")).to_have_attribute("data-activity", "moving")
    page.get_by_role("button", name="Stop the robot").click()
    alert = page.locator(".after-run").get_by_role("alert")
    expect(alert).to_contain_text("motion_stopped")
    expect(page.locator("body")).to_have_attribute("data-activity", "idle")
    complaints.clear()


def test_a_demo_leads_to_its_section_in_the_book(page):
    choose(page, "forward_kinematics")
    page.get_by_role("button", name="A worked DH table: the 3R elbow arm").click()
    panel = page.get_by_role("dialog")
    expect(panel.locator("#passage-title")).to_contain_text("3R elbow arm")
    expect(panel.locator(".passage-body p").first).to_be_visible()


def start_a_long_motion(page: Page) -> None:
    page.get_by_role("tab", name="Move").click()
    page.get_by_role("slider", name="Speed").fill("10")
    move_to(page, "Stretched")
    expect(page.locator("body")).to_have_attribute("data-activity", "moving")


def assert_it_stopped_on_its_way(page: Page, address: str) -> None:
    expect(page.locator("body")).to_have_attribute("data-activity", "idle")
    first = get(address, "state")["positions"][:6]
    goal = get(address, "")["named"]["stretched"]
    assert not close(first, goal, 0.05), "the motion ended before it was stopped"
    wait_for_pose(page, first)
    assert close(get(address, "state")["positions"][:6], first)


@pytest.mark.parametrize("way", ["button", "Escape", "Space"])
def test_stop_halts_the_motion(page, address, complaints, way):
    start_a_long_motion(page)
    if way == "button":
        page.get_by_role("button", name="Stop the robot").click()
    else:
        page.locator("#view-canvas").focus()
        page.keyboard.press(way)
    assert_it_stopped_on_its_way(page, address)
    complaints.clear()  # the motion that was stopped answers with a problem


@pytest.mark.parametrize("place", ["question", "body", "slider"])
def test_escape_stops_wherever_the_focus_is(page, address, complaints, place):
    start_a_long_motion(page)
    if place == "question":
        page.get_by_label("Your question").focus()
    elif place == "body":
        page.evaluate("document.activeElement.blur()")
    else:
        page.get_by_role("slider", name="Joint 1").focus()
    page.keyboard.press("Escape")
    assert_it_stopped_on_its_way(page, address)
    complaints.clear()


def test_a_control_that_starts_a_motion_keeps_the_focus(page, complaints):
    choose(page, "forward_kinematics")
    page.get_by_label("Speed scale").fill("0.1")
    run = page.locator(".chosen-head .primary")
    run.focus()
    page.keyboard.press("Enter")
    expect(page.locator("body")).to_have_attribute("data-activity", "moving")
    expect(run).to_be_focused()
    expect(run).to_be_disabled()
    page.keyboard.press("Escape")
    expect(page.locator(".after-run")).to_contain_text("motion_stopped")
    complaints.clear()


def test_a_slider_that_is_switched_off_keeps_the_focus_and_does_not_slide(page, complaints):
    page.get_by_role("tab", name="Move").click()
    page.get_by_role("slider", name="Speed").fill("10")
    slider = page.get_by_role("slider", name="Joint 1")
    slider.focus()
    page.keyboard.press("End")
    expect(page.locator("body")).to_have_attribute("data-activity", "moving")
    expect(slider).to_be_focused()
    wished = slider.input_value()
    page.keyboard.press("Home")
    assert slider.input_value() == wished
    page.keyboard.press("Escape")
    expect(page.locator("body")).to_have_attribute("data-activity", "idle")
    expect(slider).not_to_have_value(wished)
    complaints.clear()


def test_escape_in_a_dialog_closes_it_and_the_next_one_stops(page, address, complaints):
    choose(page, "forward_kinematics")
    start_a_long_motion(page)
    page.get_by_role("tab", name="Demos").click()
    page.get_by_role("button", name="A worked DH table").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert get(address, "state")["activity"] == "moving"
    page.keyboard.press("Escape")
    assert_it_stopped_on_its_way(page, address)
    complaints.clear()


def test_a_killed_bridge_is_admitted_and_taken_up_soon_after_it_is_back(
    open_page, complaints, tmp_path
):
    port = free_port()
    with start_bridge("auto", tmp_path, port) as first:
        page = open_page(first.stdout.readline().strip())
        expect(page.locator("#activity")).to_have_text("Ready")
        first.kill()
    expect(page.locator("#link")).to_have_text("Reconnecting")
    expect(page.locator("#activity")).to_have_text("Unknown")
    move_to(page, "Ready")
    alert = page.locator("#robot-problem").get_by_role("alert")
    expect(alert).to_contain_text("The bridge cannot be reached")
    page.get_by_role("button", name="Stop the robot").click()
    expect(alert).to_contain_text("The stop did not reach the robot")
    expect(alert).to_contain_text("may still be moving")
    with bridge("auto", tmp_path, port) as address:
        expect(page.locator("#link")).to_have_text("Live", timeout=10_000)
        expect(alert).to_have_count(0)
        expect(page.locator("#activity")).to_have_text("Ready")
        move_to(page, "Ready")
        wait_for_pose(page, get(address, "")["named"]["ready"])
        page.close()
    complaints.clear()  # each attempt to connect is in the console


def test_a_demo_runs_with_the_seed_of_its_form(page):
    choose(page, "odometry")
    seed = page.get_by_label("Seed")
    expect(seed).to_have_value("0")
    page.get_by_role("button", name="New seed").click()
    expect(seed).not_to_have_value("0")
    seed.fill("7")
    with page.expect_request(re.compile("/demos/odometry$")) as sent:
        page.get_by_role("button", name="Run").click()
    assert sent.value.post_data_json["seed"] == 7
    expect(page.get_by_role("heading", name="Result with seed 7")).to_be_visible()


def test_what_is_left_to_chance_and_what_is_out_of_range_is_said(page):
    choose(page, "pick_and_place")
    for field in ("cube_x_m", "cube_y_m", "cube_yaw_deg"):
        expect(page.locator(f"#parameter-{field}")).to_have_attribute("placeholder", "by chance")
        expect(page.locator(f"#parameter-{field}")).to_have_value("")
    hint = page.locator("#parameter-speed_scale-hint").inner_text()
    assert hint.endswith(("More than 0, at most 1.", "0.01 to 1."))


def test_choosing_a_demo_far_down_leaves_the_tabs_in_sight(page):
    choose(page, "odometry")
    expect(page.get_by_role("heading", name="Odometry")).to_be_focused()
    assert page.evaluate("document.querySelector('.controls').scrollTop") == 0
    expect(page.get_by_role("tab", name="Demos")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("size", [(1280, 800), (360, 740), (740, 360)])
@pytest.mark.parametrize("pose", ["Up", "Stretched"])
def test_the_arm_is_in_the_picture_and_below_the_buttons(address, open_page, size, pose):
    post(address, "reset")
    page = open_page(address, ready=False, viewport={"width": size[0], "height": size[1]})
    if size[0] < 1024:
        page.get_by_role("tab", name="Robot").click()
    page.locator("#view[data-ready]").wait_for(state="attached")
    move_to(page, pose)
    wait_for_pose(page, get(address, "")["named"][pose.lower()])
    x, y, lowest = page.evaluate(
        """() => {
          const { arm, stage } = document.getElementById("view-canvas").robotView;
          const seen = arm.toolPosition().project(stage.camera);
          const view = document.getElementById("view").getBoundingClientRect();
          const tools = document.getElementById("view-tools").getBoundingClientRect();
          const top = (1 - seen.y) / 2 * view.height;
          return [seen.x, top / view.height, (tools.bottom - view.top) / view.height];
        }"""
    )
    assert -1 < x < 1
    assert lowest < y < 1


def test_stop_is_in_reach_while_a_passage_covers_the_robot(page, address, complaints):
    choose(page, "forward_kinematics")
    start_a_long_motion(page)
    page.get_by_role("tab", name="Demos").click()
    page.get_by_role("button", name="A worked DH table").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop the robot").click()
    assert_it_stopped_on_its_way(page, address)
    complaints.clear()


def test_a_motion_that_cannot_be_planned_says_why_and_what_to_do(page, complaints):
    page.get_by_role("tab", name="Move").click()
    slider = page.get_by_role("slider", name="Joint 2")
    slider.fill("-34.5")
    alert = page.locator("#robot-problem").get_by_role("alert")
    expect(alert).to_be_visible()
    text = alert.inner_text()
    assert re.search(r"code\s+\w+_\w+", text)
    assert "link" in text or "bench" in text
    assert "[object Object]" not in text
    complaints.clear()
    alert.get_by_role("button", name="Dismiss").click()
    expect(alert).to_have_count(0)
    expect(slider).to_be_enabled()


def test_a_slider_moves_the_arm_when_it_is_let_go(page, address):
    page.get_by_role("tab", name="Move").click()
    page.get_by_role("slider", name="Joint 1").fill("23")
    goal = [math.radians(23), *get(address, "")["named"]["home"][1:]]
    wait_for_pose(page, goal)
    expect(page.locator("#joints output").first).to_have_text("23.0°")


def test_a_plan_moves_only_after_a_person_approved_exactly_it(asking, open_page):
    post(asking, "reset")
    page = open_page(asking)
    start, goal = joint_values(page), get(asking, "")["named"]["ready"]
    move_to(page, "Ready")
    card = page.get_by_role("group", name="Approval wanted")
    expect(card).to_contain_text("Move to a named pose: ready")
    expect(card).to_contain_text("expires in")
    digest = get(asking, "pending")["proposals"][0]["digest"]
    expect(card).to_contain_text(digest[:12])
    card.get_by_role("button", name="Reject").click()
    expect(card).to_have_count(0)
    assert close(get(asking, "state")["positions"][:6], start)
    move_to(page, "Ready")
    card.get_by_role("button", name="Approve").click()
    wait_for_pose(page, goal)


def test_a_recorded_drive_is_played_in_the_view(page):
    choose(page, "odometry")
    page.get_by_role("button", name="Run").click()
    page.get_by_role("button", name="Play it in the view").click()
    player = page.get_by_role("group", name="Playback")
    expect(player).to_contain_text("Odometry")
    world = "document.getElementById('view-canvas').robotView.stage.world.visible"
    assert page.evaluate(world) is False
    player.get_by_role("button", name="Back to the arm").click()
    assert page.evaluate(world) is True


def test_nothing_is_drawn_while_nothing_moves(address, open_page):
    post(address, "reset")
    page = open_page(address, script=COUNT_MESSAGES)
    page.wait_for_function("() => !document.getElementById('view-canvas').robotView.stage.busy")
    frames = "document.getElementById('view-canvas').dataset.frames"
    drawn, heard = page.evaluate(frames), page.evaluate("window.heard")
    page.wait_for_function("enough => window.heard > enough", arg=heard + 30)
    assert page.evaluate(frames) == drawn


def test_a_lost_connection_is_shown_and_taken_up_again(address, open_page):
    post(address, "reset")
    page = open_page("about:blank", ready=False)
    routes = []

    def through(route):
        route.connect_to_server()
        routes.append(route)

    page.route_web_socket(re.compile("/robot/ws"), through)
    page.goto(address)
    expect(page.locator("#link")).to_have_text("Live")
    routes[0].close()
    expect(page.locator("#link")).to_have_text("Reconnecting")
    expect(page.locator("#link")).to_have_text("Live")
    assert len(routes) == 2


def test_the_chat_is_usable_before_the_view_is_fetched_and_nothing_jumps(address, open_page):
    page = open_page(address, script=SUM_SHIFTS)
    expect(page.get_by_label("Your question")).to_be_focused()
    painted, fetched = page.evaluate(
        """() => {
          const fetched = performance.getEntriesByType("resource");
          const view = fetched.find(({ name }) => name.includes("three-urdf"));
          return [performance.getEntriesByType("paint").at(-1).startTime, view.startTime];
        }"""
    )
    assert painted < fetched
    assert page.evaluate("window.shift") < 0.05


def test_without_webgl_the_page_says_so_and_everything_else_works(address, open_page):
    post(address, "reset")
    page = open_page(
        address,
        ready=False,
        script="""const get = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
          return kind.startsWith("webgl") ? null : get.call(this, kind, ...rest);
        };""",
    )
    expect(page.locator("#view-note")).to_contain_text("no WebGL")
    move_to(page, "Ready")
    expect(page.locator("#joints output").nth(1)).to_have_text("71.5°")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_two_tabs_share_the_page_and_nothing_sticks_out(
    address, open_page, complaints, tmp_path, scheme
):
    post(address, "reset")
    phone = {"width": 360, "height": 740}
    page = open_page(address, ready=False, viewport=phone, color_scheme=scheme)
    width = "document.documentElement.scrollWidth"
    assert page.evaluate(width) <= 360
    expect(page.locator("#robot")).to_be_hidden()
    page.get_by_label("Your question").fill("How do I get the tool velocity?")
    page.keyboard.press("Enter")
    expect(page.locator(".foot")).to_be_visible()
    assert page.evaluate(width) <= 360
    page.get_by_role("tab", name="Robot").click()
    expect(page.locator("main")).to_be_hidden()
    page.locator("#view[data-ready]").wait_for(state="attached")
    for tab in ("Demos", "Move"):
        page.get_by_role("tab", name=tab).click()
        assert page.evaluate(width) <= 360
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        expect(page.get_by_role("button", name="Stop the robot")).to_be_in_viewport()
        page.screenshot(path=tmp_path / f"{tab}-{scheme}.png")
    page.get_by_role("tab", name="Demos").click()
    choose(page, "forward_kinematics")
    page.get_by_role("button", name="Run").click()
    expect(page.locator(".result img").first).to_be_visible()
    assert page.evaluate(width) <= 360
    page.wait_for_function("() => document.querySelector('.result img').naturalWidth > 300")
    assert page.locator(".result img").first.bounding_box()["width"] > 600, "it cannot be read"
    page.get_by_role("button", name="Enlarge the picture").first.click()
    enlarged = page.get_by_role("dialog").locator("img")
    assert enlarged.evaluate("image => image.clientWidth >= image.naturalWidth")
    assert page.evaluate(width) <= 360
    page.get_by_role("button", name="Close").click()
    start_a_long_motion(page)
    page.get_by_role("tab", name="Ask").click()
    expect(page.get_by_label("Your question")).to_be_visible()
    assert page.evaluate(width) <= 360
    page.get_by_role("button", name="Stop the robot").click()
    expect(page.locator("body")).to_have_attribute("data-activity", "idle")
    complaints.clear()  # the motion that was stopped answers with a problem


def test_without_a_robot_the_page_says_so_and_answers(open_page, tmp_path):
    with bridge("none", tmp_path) as address:
        asked = []
        page = open_page("about:blank", ready=False)
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        expect(page.get_by_text("Started without a robot")).to_be_visible()
        expect(page.locator("#robot")).to_be_hidden()
        page.get_by_label("Your question").fill("How do I get the tool velocity?")
        page.keyboard.press("Enter")
        expect(page.locator(".foot")).to_be_visible()
        assert [url for url in asked if "/robot/ws" in url or "three" in url] == []
