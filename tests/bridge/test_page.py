from __future__ import annotations

import hashlib
import re

import pytest

from lectern.bridge.routers.page import PAGE

VENDOR = PAGE / "vendor"


def vendored():
    return {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "README.md"
    }


def test_vendored_files_are_the_ones_that_are_listed():
    text = (VENDOR / "README.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^([0-9a-f]{64})  (\S+)$", text, re.M))
    assert {name: digest for digest, name in listed.items()} == vendored()


@pytest.mark.parametrize("folder", [path.name for path in VENDOR.iterdir() if path.is_dir()])
def test_vendored_parts_come_with_their_licence(folder):
    assert any("LICENSE" in path.name for path in (VENDOR / folder).iterdir())


@pytest.mark.parametrize("path", ["/", "/docs"])
async def test_a_page_has_no_inline_script_and_no_other_host(client, path):
    response = await client.get(path)
    html = response.text
    assert response.status_code == 200
    assert "{{" not in html
    assert not re.search(r"<script(?![^>]*\bsrc=)", html)
    assert not re.search(r"\son\w+=|\sstyle=|<style", html)
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", html)


async def test_everything_the_page_names_is_there(client):
    for page in ("/", "/docs"):
        for name in re.findall(r'(?:src|href)="(assets/[^"]+)"', (await client.get(page)).text):
            assert (await client.get(f"/{name}")).status_code == 200, name


async def test_the_page_knows_the_limit_of_a_question(client_with):
    html = (await client_with(max_question_chars=321).get("/")).text
    assert 'data-max-chars="321"' in html


def test_no_script_of_ours_turns_text_into_html():
    ours = list((PAGE / "js").rglob("*.js"))
    assert ours
    for script in ours:
        text = script.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)


async def test_assets_are_asked_for_again_cheaply(client):
    first = await client.get("/assets/style.css")
    again = await client.get("/assets/style.css", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path", ["/assets/../app.py", "/assets/%2e%2e/app.py", "/assets//etc/passwd"]
)
async def test_assets_do_not_lead_out_of_their_folder(client, path):
    assert (await client.get(path)).status_code == 404


async def test_openapi_describes_every_operation_with_examples_and_problems(client):
    api = (await client.get("/openapi.json")).json()
    assert set(api["paths"]) == {
        "/api/v1/chat",
        "/api/v1/chat/stream",
        "/api/v1/search",
        "/api/v1/passages/{passage_id}",
        "/api/v1/robot",
        "/api/v1/robot/urdf",
        "/api/v1/robot/urdf/base",
        "/api/v1/robot/state",
        "/api/v1/robot/picture",
        "/api/v1/robot/plan",
        "/api/v1/robot/pending",
        "/api/v1/robot/approve",
        "/api/v1/robot/reject",
        "/api/v1/robot/execute",
        "/api/v1/robot/stop",
        "/api/v1/robot/reset",
        "/api/v1/robot/scene",
        "/api/v1/robot/scene/objects",
        "/api/v1/robot/scene/objects/{name}",
        "/api/v1/robot/scene/objects/{name}/pose",
        "/api/v1/robot/demos",
        "/api/v1/robot/demos/{name}",
        "/api/v1/robot/demos/runs/{run}/pictures/{name}.png",
        "/health",
        "/health/ready",
        "/metrics",
    }
    assert "HTTPValidationError" not in api["components"]["schemas"]
    for path, methods in api["paths"].items():
        for operation in methods.values():
            assert operation["summary"], path
            assert operation["description"], path
            for status, response in operation["responses"].items():
                if path.startswith("/api") and int(status) >= 400:
                    examples = response["content"]["application/problem+json"]["examples"]
                    assert all(one["value"]["status"] == int(status) for one in examples.values())
