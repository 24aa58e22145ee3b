"""The service `SearchBook`."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")


def test_a_search_returns_the_best_passages_first(client):
    found = client.search("vacuum suction cup", 2)

    assert (found.error_code, found.error_msg) == (0, "")
    assert len(found.results) == 2
    assert found.results[0].heading == ["Grippers", "Suction cups"]
    assert found.results[0].score >= found.results[1].score
    assert "60 kPa" in found.results[0].text
    assert 0 < found.duration_s < 60


def test_ten_passages_are_returned_unless_said_otherwise(client):
    # The book has fewer: all of them.
    assert len(client.search("force").results) == len(client.search("force", 100).results) > 2


@pytest.mark.parametrize(
    ("query", "k", "code", "says"),
    [
        pytest.param("", 1, 2, "The query is empty.", id="empty"),
        pytest.param("force", 101, 2, "The number of results is 101.", id="too many"),
        pytest.param("force", 2**32 - 1, 2, "Ask for 1 to 100 results.", id="far too many"),
        pytest.param("x" * 501, 1, 100, "the limit is 500", id="too long"),
    ],
)
def test_a_search_that_cannot_be_made_is_refused_by_name(client, query, k, code, says):
    found = client.search(query, k)

    assert found.error_code == code
    assert says in found.error_msg
    assert found.results == []


def test_any_unicode_can_be_searched_for(client):
    assert client.search("Sauger 吸盘 🤖 suction", 1).error_code == 0
