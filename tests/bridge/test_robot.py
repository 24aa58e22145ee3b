from __future__ import annotations

import asyncio
import json
import socket
import threading
from xml.etree import ElementTree

import httpx
import pytest
from robot_bridge import (
    LIMIT_S,
    Message,
    RobotBridge,
    in_background,
    in_phase,
    kill_physics,
    next_message,
    of_type,
    running,
    running_robot,
)
from websockets.sync.client import ClientConnection

from lectern.errors import CameraUnavailable, RobotUnavailable
from lectern.robot.embedded.camera import backend

ARM = [f"joint_{number}" for number in range(1, 7)]
CUBE = {
    "name": "yellow_cube",
    "shape": {"type": "box", "size_m": [0.04, 0.04, 0.04]},
    "pose": {"position_m": [0.55, -0.1, 0.02]},
    "mass_kg": 0.045,
    "colour": [0.9, 0.75, 0.2],
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with running_robot(tmp_path_factory.mktemp("robot")) as bridge:
        yield bridge


@pytest.fixture
def bridge(shared: RobotBridge) -> RobotBridge:
    """The bridge of this module, its robot as it was at the start."""
    response = shared.http.post("/reset")
    assert response.status_code == 200, response.text
    return shared


def problem(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["request_id"] == response.headers["X-Request-ID"]
    return response.status_code, body["code"]


def test_the_robot_says_what_it_is_and_what_it_can(bridge):
    robot = bridge.http.get("").json()
    assert (robot["name"], robot["reality"], robot["policy"]) == ("arm", "sim", "auto")
    assert [joint["name"] for joint in robot["joints"]] == ARM
    assert all(joint["lower"] < joint["upper"] for joint in robot["joints"])
    assert robot["gripper"]["max_width_m"] == pytest.approx(0.08)
    assert all(len(pose) == 6 for pose in robot["named"].values())
    assert {"move_joints", "move_named", "move_pose", "move_line", "grip"} <= set(robot["tools"])
    assert bridge.http.get("/").json() == robot


@pytest.mark.parametrize("path", ["/urdf", "/urdf/base"])
def test_descriptions_are_urdf(bridge, path):
    response = bridge.http.get(path)
    assert response.headers["content-type"] == "application/xml"
    assert ElementTree.fromstring(response.text).tag == "robot"


def test_the_state_tells_joints_tool_and_gripper(bridge):
    state = bridge.http.get("/state").json()
    home = bridge.http.get("").json()["named"]["home"]
    assert state["names"][:6] == ARM
    assert state["positions"][:6] == pytest.approx(home, abs=0.01)
    assert state["activity"] == "idle"
    assert len(state["tool"]["position_m"]) == 3
    assert state["gripper_width_m"] == pytest.approx(2 * state["positions"][6])


def test_a_plan_is_shown_before_it_is_executed(bridge):
    before = bridge.http.get("/state").json()["positions"]
    plan = bridge.plan(name="ready")
    preview = plan["preview"]
    assert plan["verdict"] == "allowed"
    assert preview["names"] == ARM
    assert len(preview["times_s"]) == len(preview["positions"]) <= 200
    assert preview["times_s"][-1] == pytest.approx(plan["duration_s"], abs=1e-3)
    assert preview["positions"][0] == pytest.approx(before[:6], abs=0.01)
    assert bridge.http.get("/state").json()["positions"] == pytest.approx(before, abs=1e-6)
    assert bridge.http.get("/pending").json() == {"proposals": []}, "nobody is asked"


def test_a_plan_that_is_executed_brings_the_arm_to_its_goal(bridge):
    ready = bridge.http.get("").json()["named"]["ready"]
    ended = bridge.execute(bridge.plan(name="ready")["digest"]).json()
    assert ended["duration_s"] > 0.5
    assert ended["max_error_rad"] < 0.01
    positions = bridge.http.get("/state").json()["positions"]
    assert positions[:6] == pytest.approx(ready, abs=0.01)


def test_the_gripper_closes_as_far_as_it_is_told(bridge):
    ended = bridge.execute(bridge.plan("grip", width_m=0.03)["digest"]).json()
    assert ended["gripper_width_m"] == pytest.approx(0.03, abs=0.002)


def test_a_plan_is_executed_once(bridge):
    plan = bridge.plan(name="ready", speed_scale=1.0)
    assert bridge.execute(plan["digest"]).status_code == 200
    assert problem(bridge.execute(plan["digest"]))[0] in (403, 404)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param({"tool": "dance", "arguments": {}}, (403, "tool_not_allowed"), id="tool"),
        pytest.param(
            {"tool": "move_named", "arguments": {"name": "moon"}}, (422, "invalid_input"), id="name"
        ),
        pytest.param(
            {"tool": "move_joints", "arguments": {"positions_rad": [0.0] * 5}},
            (422, "invalid_input"),
            id="five joints",
        ),
        pytest.param(
            {"tool": "move_joints", "arguments": {"positions_rad": [9.0] + [0.0] * 5}},
            (422, "limits_exceeded"),
            id="limits",
        ),
        pytest.param(
            {
                "tool": "move_pose",
                "arguments": {"position_m": [1.0, 0, 0.9], "quaternion_xyzw": [0, 0, 0, 1]},
            },
            (422, "goal_unreachable"),
            id="out of reach",
        ),
        pytest.param(
            {"tool": "move_named", "arguments": {"name": "ready", "approved": True}},
            (422, "invalid_input"),
            id="argument too many",
        ),
        pytest.param(
            {"tool": "move_named", "arguments": {"name": "ready"}, "force": True},
            (422, "invalid_input"),
            id="field too many",
        ),
    ],
)
def test_a_plan_that_cannot_be_is_refused_by_name(bridge, wanted, expected):
    assert problem(bridge.http.post("/plan", json=wanted)) == expected


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        (
            "POST",
            "/plan",
            '{"tool": "move_joints", "arguments": {"positions_rad": [%s, 0, 0, 0, 0, 0]}}',
        ),
        ("PUT", "/scene/objects/red_cube/pose", '{"position_m": [%s, 0, 0.02]}'),
        ("POST", "/demos/jacobian", '{"parameters": {"deep": [{"er": %s}]}}'),
    ],
)
def test_numbers_that_are_none_get_no_further_than_the_bridge(bridge, method, path, body, number):
    headers = {"Content-Type": "application/json"}
    response = bridge.http.request(method, path, content=body % number, headers=headers)
    assert problem(response) == (422, "invalid_input")


@pytest.mark.parametrize("body", ["{", '{"tool": ', "\ufeff", "[" * 30_000])
def test_what_is_no_json_is_named(bridge, body):
    headers = {"Content-Type": "application/json"}
    response = bridge.http.post("/plan", content=body.encode(), headers=headers)
    assert problem(response)[0] in (400, 422)


@pytest.mark.parametrize("path", ["/plan", "/execute", "/stop", "/reset", "/scene/objects"])
def test_another_sites_page_cannot_move_anything(bridge, path):
    response = bridge.http.post(path, json={}, headers={"Origin": "https://evil.example"})
    assert problem(response) == (403, "origin_not_allowed")


@pytest.mark.parametrize("path", ["/approve", "/reject", "/execute"])
def test_a_plan_that_nobody_made_is_unknown(bridge, path):
    response = bridge.http.post(path, json={"digest": "0" * 64})
    assert problem(response) == (404, "plan_unknown")


def test_a_second_client_stops_the_motion_of_the_first_within_50_ms(bridge):
    with bridge.watch(rate=100) as socket:
        plan = bridge.plan(name="ready", speed_scale=1.0)
        moving = in_background(bridge.execute, plan["digest"])
        next_message(
            socket, lambda message: message["type"] == "state" and message["activity"] == "moving"
        )
        next_message(socket, lambda m: m["type"] == "motion" and m["fraction"] > 0.2)
        stop = bridge.http.post("/stop", json={"reason": "enough"}).json()
        assert stop["stopped"] is True
        rest = next_message(socket, lambda m: m["type"] == "state" and m["activity"] == "idle")
        # States come each 10 ms: the one before the stop is so old, the one after the rest so late.
        assert rest["stamp_s"] - stop["stamp_s"] < 0.05 + 2 * 0.01
    assert problem(moving.result(LIMIT_S)) == (409, "motion_stopped")
    assert bridge.http.get("/pending").json() == {"proposals": []}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"garbage", id="no JSON"),
        pytest.param(b"[" * 3000, id="deeply nested"),
        pytest.param(b'{"reason": "' + b"x" * 500 + b'"}', id="a long reason"),
        pytest.param(b'{"reason": 7, "more": true}', id="a reason that is no text"),
        pytest.param(b"x" * 200_000, id="more than any body may have"),
    ],
)
def test_a_stop_stops_whatever_comes_with_it(bridge, body):
    with bridge.watch() as socket:
        moving = in_background(bridge.execute, bridge.plan(name="ready")["digest"])
        next_message(socket, in_phase("started"))
        response = bridge.http.post(
            "/stop", content=body, headers={"Content-Type": "application/json"}
        )
        assert response.status_code == 200
        next_message(socket, in_phase("stopped"))
    assert problem(moving.result(LIMIT_S)) == (409, "motion_stopped")


def test_a_reader_of_the_websocket_can_stop_the_motion(bridge):
    with bridge.watch() as socket:
        moving = in_background(bridge.execute, bridge.plan(name="ready")["digest"])
        next_message(socket, in_phase("started"))
        socket.send(json.dumps({"type": "stop"}))
        next_message(socket, in_phase("stopped"))
    assert problem(moving.result(LIMIT_S)) == (409, "motion_stopped")


def test_stop_is_answered_though_every_place_and_every_thread_is_taken(bridge):
    with bridge.watch() as socket:
        moving = in_background(bridge.execute, bridge.plan(name="ready")["digest"])
        next_message(socket, in_phase("started"))
        with bridge.everything_taken():
            assert bridge.http.post("/stop").status_code == 200
            next_message(socket, lambda m: m["type"] == "state" and m["activity"] == "idle")
    assert problem(moving.result(LIMIT_S)) == (409, "motion_stopped")


def test_two_clients_at_once_get_one_motion_and_one_refusal(bridge):
    first, second = bridge.plan(name="ready"), bridge.plan("grip", width_m=0.02)
    with bridge.watch() as socket:
        moving = in_background(bridge.execute, first["digest"])
        next_message(socket, in_phase("started"))
        assert problem(bridge.execute(second["digest"])) == (409, "robot_busy")
    assert moving.result(LIMIT_S).status_code == 200


def test_a_client_that_goes_away_does_not_stop_the_motion(bridge):
    plan = bridge.plan(name="ready")
    body = json.dumps({"digest": plan["digest"]})
    with bridge.watch() as socket:
        url = httpx.URL(bridge.address)
        with socket_to(url) as caller:
            caller.sendall(
                (
                    f"POST /api/v1/robot/execute HTTP/1.1\r\nHost: {url.host}\r\n"
                    f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
                ).encode()
            )
            next_message(socket, in_phase("started"))
        ended = next_message(socket, in_phase("ended"))
    assert ended["digest"] == plan["digest"]
    assert ended["fraction"] == 1.0


def socket_to(url: httpx.URL) -> socket.socket:
    return socket.create_connection((url.host, url.port), timeout=LIMIT_S)


def test_objects_come_move_and_go(bridge):
    added = bridge.http.post("/scene/objects", json=CUBE)
    assert added.status_code == 201
    assert CUBE["name"] in [item["name"] for item in added.json()["objects"]]
    where = {"position_m": [0.5, -0.2, 0.02]}
    moved = bridge.http.put("/scene/objects/yellow_cube/pose", json=where).json()
    cube = next(item for item in moved["objects"] if item["name"] == "yellow_cube")
    assert cube["pose"]["position_m"] == pytest.approx(where["position_m"], abs=0.005)
    assert cube["shape"] == CUBE["shape"]
    gone = bridge.http.delete("/scene/objects/yellow_cube").json()
    assert "yellow_cube" not in [item["name"] for item in gone["objects"]]
    assert bridge.http.get("/scene").json()["attached"] == {}


FAR_BOX = {**CUBE, "name": "far_box", "pose": {"position_m": [-0.4, 0.4, 0.02]}}


def test_what_the_robot_holds_stays_held_while_something_else_is_added(bridge):
    with bridge.watch() as socket:
        demo = in_background(post_demo, bridge, "pick_and_place")
        next_message(socket, lambda m: m.get("text", "").startswith("Placing"))
        bridge.http.post("/stop")
    assert problem(demo.result(LIMIT_S)) == (409, "motion_stopped")
    held = bridge.http.get("/scene").json()["attached"]
    assert len(held) == 1
    assert bridge.http.post("/scene/objects", json=FAR_BOX).json()["attached"] == held
    assert bridge.http.delete("/scene/objects/far_box").json()["attached"] == held
    assert bridge.http.delete(f"/scene/objects/{next(iter(held))}").json()["attached"] == {}


def test_what_falls_goes_on_falling_while_something_else_is_added(bridge):
    high = {**CUBE, "pose": {"position_m": [0.55, -0.1, 4.0]}}
    with bridge.watch(rate=100) as socket:
        assert bridge.http.post("/scene/objects", json=high).status_code == 201
        before = heights(socket, "yellow_cube", 3.9)
        added = in_background(lambda: bridge.http.post("/scene/objects", json=FAR_BOX))
        after = heights(socket, "yellow_cube", 0.5)
    assert added.result(LIMIT_S).status_code == 201
    assert before + after == sorted(before + after, reverse=True)


def heights(socket: ClientConnection, name: str, down_to_m: float) -> list[float]:
    """Return the heights of an object, m, until it is below one."""
    seen: list[float] = []
    while not seen or seen[-1] > down_to_m:
        moved = next_message(socket, lambda m: name in m.get("objects", {}))
        seen.append(moved["objects"][name][2])
    return seen


def test_changes_of_two_clients_at_once_are_both_kept(bridge):
    names = [f"ball_{number}" for number in range(6)]
    balls = [
        {
            "name": name,
            "shape": {"type": "sphere", "radius_m": 0.02},
            "pose": {"position_m": [0.3 + 0.08 * number, -0.25, 0.02]},
        }
        for number, name in enumerate(names)
    ]
    added = [
        in_background(
            lambda ball=ball: httpx.post(
                f"{bridge.http.base_url}scene/objects", json=ball, timeout=LIMIT_S
            )
        )
        for ball in balls
    ]
    assert [one.result(LIMIT_S).status_code for one in added] == [201] * 6
    objects = {item["name"] for item in bridge.http.get("/scene").json()["objects"]}
    assert set(names) <= objects


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"name": "red_cube"}, (422, "scene_object_invalid"), id="name taken"),
        pytest.param({"name": "../etc"}, (422, "invalid_input"), id="name"),
        pytest.param(
            {"pose": {"position_m": [0.0, 0.0, 0.1]}}, (409, "object_in_robot"), id="in the robot"
        ),
        pytest.param(
            {"shape": {"type": "box", "size_m": [0.0, 1.0, 1.0]}},
            (422, "scene_object_invalid"),
            id="no size",
        ),
        pytest.param(
            {"shape": {"type": "mesh", "path": "/etc/passwd"}}, (422, "invalid_input"), id="mesh"
        ),
        pytest.param({"mass_kg": -1}, (422, "scene_object_invalid"), id="mass"),
        pytest.param(
            {"pose": {"position_m": [1, 1, 1], "quaternion_xyzw": [0, 0, 0, 0]}},
            (422, "invalid_input"),
            id="no rotation",
        ),
    ],
)
def test_an_impossible_object_is_refused_and_changes_nothing(bridge, change, expected):
    before = bridge.http.get("/scene").json()["objects"]
    assert problem(bridge.http.post("/scene/objects", json={**CUBE, **change})) == expected
    after = bridge.http.get("/scene").json()["objects"]
    assert [item["name"] for item in after] == [item["name"] for item in before]


def test_an_object_that_is_not_there_is_named(bridge):
    where = {"position_m": [0.5, -0.2, 0.02]}
    for response in (
        bridge.http.put("/scene/objects/ghost/pose", json=where),
        bridge.http.delete("/scene/objects/ghost"),
    ):
        assert problem(response) == (404, "scene_object_unknown")


def test_reset_brings_the_arm_home_and_the_scene_back(bridge):
    bridge.go("ready")
    bridge.http.delete("/scene/objects/red_cube")
    answer = bridge.http.post("/reset", json={"seed": 3}).json()
    assert answer["seed"] == 3
    home = bridge.http.get("").json()["named"]["home"]
    assert bridge.http.get("/state").json()["positions"][:6] == pytest.approx(home, abs=0.01)
    names = [item["name"] for item in bridge.http.get("/scene").json()["objects"]]
    assert "red_cube" in names


def can_draw() -> bool:
    try:
        backend()
    except CameraUnavailable:
        return False
    return True


def test_a_camera_gives_a_picture_or_says_why_not(bridge):
    response = bridge.http.get("/picture", params={"width": 64, "height": 48})
    assert bridge.http.get("").json()["camera"] is can_draw()
    if can_draw():
        assert response.content.startswith(b"\x89PNG")
    else:
        assert problem(response) == (503, "camera_unavailable")
    wrong = bridge.http.get("/picture", params={"camera": "spy"})
    assert problem(wrong) == (422, "invalid_input")
    assert problem(bridge.http.get("/picture", params={"width": 9_999})) == (422, "invalid_input")


def test_demos_are_listed_with_their_sections_and_parameters(bridge):
    demos = bridge.http.get("/demos").json()["demos"]
    assert len({demo["name"] for demo in demos}) == len(demos) > 0
    assert all("#" in demo["section"] and demo["title"] for demo in demos)


def test_a_demo_tells_what_it_does_and_its_pictures_can_be_fetched(bridge):
    with bridge.watch() as socket:
        ran = bridge.http.post("/demos/jacobian", json={"parameters": {}, "seed": 1}).json()
        told = [next_message(socket, of_type("demo"))["text"] for _ in range(2)]
    assert told == ["Passing the joint positions at constant joint rates.", ""]
    assert ran["demo"] == "jacobian"
    assert ran["result"]["numbers"]
    assert ran["pictures"]
    for picture in ran["pictures"]:
        image = httpx.get(bridge.address + picture["url"])
        assert image.headers["content-type"] == "image/png"
        assert image.content.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        pytest.param("/demos/ballet", {}, (404, "demo_unknown"), id="unknown"),
        pytest.param(
            "/demos/jacobian", {"parameters": {"speed": 1}}, (422, "invalid_input"), id="parameter"
        ),
        pytest.param("/demos/jacobian", {"seed": -1}, (422, "invalid_input"), id="seed"),
    ],
)
def test_a_demo_that_cannot_run_is_refused_by_name(bridge, path, body, expected):
    assert problem(bridge.http.post(path, json=body)) == expected


@pytest.mark.parametrize("path", ["/demos/runs/none/pictures/none.png"])
def test_a_picture_that_is_not_kept_is_named(bridge, path):
    assert problem(bridge.http.get(path)) == (404, "picture_unknown")


def test_one_demo_runs_at_a_time_and_can_be_stopped(bridge):
    with bridge.watch() as socket:
        first = in_background(post_demo, bridge, "forward_kinematics")
        next_message(socket, in_phase("started"))
        assert problem(post_demo(bridge, "jacobian")) == (409, "robot_busy")
        bridge.http.post("/stop")
    assert problem(first.result(LIMIT_S)) == (409, "motion_stopped")
    assert post_demo(bridge, "forward_kinematics").status_code == 200


def post_demo(bridge: RobotBridge, name: str) -> httpx.Response:
    return httpx.post(f"{bridge.http.base_url}demos/{name}", json={}, timeout=LIMIT_S)


def test_a_simulation_that_dies_is_named_and_comes_back_with_a_reset(tmp_path, shared):
    ours = set(threading.enumerate())
    with running_robot(tmp_path) as bridge, bridge.watch() as socket:
        moving = in_background(bridge.execute, bridge.plan(name="ready")["digest"])
        next_message(socket, in_phase("started"))
        kill_physics(ours)
        assert problem(moving.result(LIMIT_S)) == (503, "simulation_failed")
        told = [next_message(socket, tells_of_failure) for _ in range(2)]
        event = next(message for message in told if message["type"] == "motion")
        assert event["error"]["code"] == "simulation_failed"
        assert {message["type"] for message in told} == {"motion", "state"}
        state = bridge.http.get("/state")
        assert (state.status_code, state.json()["activity"]) == (200, "failed")
        ready = httpx.get(f"{bridge.address}/health/ready")
        assert ready.status_code == 503
        assert not ready.json()["parts"]["robot"]["ready"]
        assert bridge.http.post("/stop").status_code == 200
        assert bridge.http.post("/reset").status_code == 200
        next_message(socket, lambda m: m["type"] == "state" and m["activity"] == "idle")
        bridge.go("ready")
        assert httpx.get(f"{bridge.address}/health/ready").json()["ready"]


def tells_of_failure(message: Message) -> bool:
    return "failed" in (message.get("phase"), message.get("activity"))


def test_a_policy_that_asks_lets_nothing_move_before_the_approval(tmp_path):
    with running_robot(tmp_path, robot_policy="ask") as bridge, bridge.watch() as socket:
        assert bridge.http.get("").json()["policy"] == "ask"
        plan = bridge.plan(name="ready", speed_scale=1.0)
        assert plan["verdict"] == "ask"
        asked = next_message(socket, lambda message: message["type"] == "approval")["proposal"]
        assert (asked["digest"], asked["verdict"]) == (plan["digest"], "ask")
        waiting = bridge.http.get("/pending").json()["proposals"]
        assert [one["digest"] for one in waiting] == [plan["digest"]]
        assert problem(bridge.execute(plan["digest"])) == (403, "approval_needed")
        assert bridge.http.post("/approve", json={"digest": plan["digest"]}).status_code == 200
        next_message(socket, lambda message: message["type"] == "approved")
        assert bridge.http.get("/pending").json() == {"proposals": []}, "it is decided"
        assert bridge.execute(plan["digest"]).status_code == 200
        other = bridge.plan("grip", width_m=0.01)
        assert bridge.http.post("/reject", json={"digest": other["digest"]}).status_code == 200
        assert problem(bridge.execute(other["digest"]))[0] in (403, 404)


def test_a_policy_of_off_lets_nothing_move(tmp_path):
    with running_robot(tmp_path, robot_policy="off") as bridge:
        wanted = {"tool": "move_named", "arguments": {"name": "ready"}}
        assert problem(bridge.http.post("/plan", json=wanted)) == (403, "motion_off")
        assert bridge.http.get("/state").status_code == 200
        assert bridge.http.post("/stop").status_code == 200


ROUTES = [
    *(("GET", path) for path in ("", "/urdf", "/urdf/base", "/state", "/scene", "/pending")),
    *(("GET", path) for path in ("/demos", "/picture")),
    *(("POST", path) for path in ("/stop", "/reset", "/demos/jacobian")),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_a_bridge_without_a_robot_says_so_on_every_route(client, method, path):
    response = await client.request(method, f"/api/v1/robot{path}")
    assert problem(response) == (503, "robot_unavailable")
    assert "--no-robot" in response.json()["remedy"]


def test_a_robot_that_is_still_starting_says_so_and_a_page_knows_that_one_will_come(tmp_path):
    go = threading.Event()

    async def slow():
        await asyncio.to_thread(go.wait, LIMIT_S)
        raise RobotUnavailable("The robot needs ompl, which is not installed.", "Install ompl.")

    with running(tmp_path, slow) as bridge:
        try:
            starting = bridge.http.get("/state")
            assert problem(starting) == (503, "robot_unavailable")
            assert "still starting" in starting.json()["detail"]
            parts = httpx.get(f"{bridge.address}/health/ready").json()["parts"]
            assert not parts["robot"]["ready"]
            assert parts["shelf"]["ready"]
            assert 'data-robot="on"' in httpx.get(bridge.address).text
        finally:
            go.set()
        bridge.wait_until_started()
        failed = bridge.http.get("/state").json()
        assert failed["detail"] == "The robot needs ompl, which is not installed."
        assert failed["remedy"] == "Install ompl."


def test_a_robot_whose_start_breaks_is_reported_and_the_rest_works(tmp_path):
    async def broken():
        raise ZeroDivisionError("half of nothing")

    with running(tmp_path, broken) as bridge:
        bridge.wait_until_started()
        assert problem(bridge.http.get("/state")) == (503, "robot_unavailable")
        answer = httpx.get(f"{bridge.address}/api/v1/search", params={"q": "Jacobian"})
        assert answer.status_code == 200
