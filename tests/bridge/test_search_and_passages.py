from __future__ import annotations

from pathlib import Path

import pytest

from lectern.bridge.app import create_app

QUERY = "tool velocity Jacobian"
RESULT_FIELDS = {"passage_id", "title", "heading", "anchor", "source", "text", "score"}


def text_at(place):
    text = Path(place["source"]).read_text(encoding="utf-8")
    return text[place["start"] : place["end"]]


async def test_search_answers_the_same_by_address_and_by_body(client):
    by_address = await client.get("/api/v1/search", params={"q": QUERY, "k": 3})
    by_body = await client.post("/api/v1/search", json={"query": QUERY, "k": 3})
    assert by_address.status_code == 200
    assert by_address.json() == by_body.json()
    body = by_address.json()
    assert set(body) == {"query", "results", "timings_ms"}
    assert len(body["results"]) == 3
    assert all(set(result) == RESULT_FIELDS for result in body["results"])


@pytest.mark.parametrize("k", ["0", "101", "many"])
async def test_a_number_of_results_out_of_range_is_a_problem_naming_it(client, k):
    response = await client.get("/api/v1/search", params={"q": QUERY, "k": k})
    body = response.json()
    assert (response.status_code, body["code"]) == (422, "invalid_input")
    assert body["errors"][0]["field"] == "query.k"


async def test_a_passage_is_the_exact_span_of_its_file(client):
    found = (await client.get("/api/v1/search", params={"q": QUERY, "k": 1})).json()["results"][0]
    response = await client.get(f"/api/v1/passages/{found['passage_id']}")
    passage = response.json()
    assert response.status_code == 200
    assert text_at(passage) == passage["text"] == found["text"]
    assert passage["kind"] == "markdown"
    assert passage["extracted_text"] is None


async def test_a_passage_of_a_page_comes_with_the_text_its_offsets_refer_to(
    tmp_path, settings, client_for
):
    page = tmp_path / "page.html"
    page.write_text(
        "<html><head><title>Wheels</title></head><body><main><h1>Wheels</h1>"
        "<p>A castor wheel swivels about a vertical axis that does not pass through its "
        "contact point with the floor.</p></main></body></html>",
        encoding="utf-8",
    )
    client = client_for([page], settings)
    found = (await client.get("/api/v1/search", params={"q": "castor wheel"})).json()["results"][0]
    passage = (await client.get(f"/api/v1/passages/{found['passage_id']}")).json()
    assert passage["kind"] == "html"
    extracted = passage["extracted_text"]
    assert extracted[passage["start"] : passage["end"]] == passage["text"]


@pytest.fixture
async def client_for(client_of_app, make_shelf):
    def make(files, settings):
        return client_of_app(create_app(make_shelf(files), settings))

    return make


async def test_an_unknown_passage_is_a_problem(client):
    response = await client.get("/api/v1/passages/0123456789abcdef")
    assert (response.status_code, response.json()["code"]) == (404, "passage_not_found")
