from __future__ import annotations

import json
import logging

from lectern.bridge.logs import configure_logs


def configure(settings, log, **changes):
    configure_logs(settings.model_copy(update=changes), log)


def lines(log):
    return [json.loads(line) for line in log.getvalue().splitlines()]


async def test_a_request_leaves_one_access_line_with_its_id(client, settings, log, question):
    configure(settings, log, log_format="json")
    headers = {"X-Request-ID": "abc"}
    await client.post("/api/v1/chat", json={"question": question}, headers=headers)
    access = [line for line in lines(log) if line["logger"] == "lectern.access"]
    assert len(access) == 1
    assert access[0]["route"] == "/api/v1/chat"
    assert access[0]["status"] == 200
    assert access[0]["ms"] > 0
    assert {line["request_id"] for line in lines(log)} == {"abc"}


async def test_what_was_asked_is_not_logged(client, settings, log, question):
    configure(settings, log, log_format="json")
    await client.post("/api/v1/chat", json={"question": question})
    await client.get("/api/v1/search", params={"q": question})
    assert lines(log)
    assert "velocity" not in log.getvalue()


async def test_a_fault_is_logged_with_its_trace_and_request_id(
    client, shelf, settings, log, question
):
    configure(settings, log, log_format="json")
    shelf.fail_with = RuntimeError("secret detail")
    response = await client.post("/api/v1/chat", json={"question": question})
    fault = next(line for line in lines(log) if line["level"] == "error")
    assert "RuntimeError: secret detail" in fault["exception"]
    assert fault["request_id"] == response.json()["request_id"]


async def test_a_fault_on_the_console_does_not_spill_what_was_asked(
    client, shelf, settings, log, question
):
    configure(settings, log, log_format="console")
    shelf.fail_with = RuntimeError("secret detail")
    await client.post("/api/v1/chat", json={"question": question})
    assert "RuntimeError: secret detail" in log.getvalue()
    assert "tool velocity" not in log.getvalue()


async def test_the_console_form_is_for_people(client, settings, log):
    configure(settings, log, log_format="console")
    await client.get("/health")
    assert "route=/health" in log.getvalue()
    assert not log.getvalue().startswith("{")


async def test_auto_means_json_where_nobody_looks_at_a_terminal(client, settings, log):
    configure(settings, log)
    await client.get("/health")
    assert lines(log)[0]["route"] == "/health"


async def test_the_level_silences_the_access_lines(client, settings, log):
    configure(settings, log, log_level="warning")
    await client.get("/health")
    assert log.getvalue() == ""


def test_other_libraries_log_in_the_same_form(settings, log):
    configure(settings, log, log_format="json")
    logging.getLogger("elsewhere").warning("watch %s", "out")
    assert lines(log)[0]["event"] == "watch out"
    assert lines(log)[0]["logger"] == "elsewhere"
