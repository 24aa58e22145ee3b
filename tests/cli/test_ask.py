from __future__ import annotations

from pathlib import Path

import pytest

QUESTION = "How do I get the tool velocity from the joint velocities?"
UNANSWERED = "Who won the 1998 world cup?"
CITATION = {"passage_id", "title", "heading", "anchor", "source", "quote", "start", "end", "score"}

pytestmark = pytest.mark.usefixtures("at_home")


def test_an_answer_has_the_fields_of_the_contract(lectern):
    answer = lectern.json("ask", QUESTION)

    assert set(answer) == {
        *("question", "answer", "grounded", "citations", "answerer", "timings_ms"),
        *("near", "notice", "notice_code"),
    }
    assert answer["question"] == QUESTION
    assert answer["grounded"] is True
    assert answer["answerer"] == "extractive"
    assert answer["timings_ms"]["total"] > 0
    assert answer["citations"]
    assert all(set(citation) == CITATION for citation in answer["citations"])


def test_a_quote_is_the_text_of_the_file_between_its_offsets(lectern):
    for citation in lectern.json("ask", QUESTION)["citations"]:
        text = Path(citation["source"]).read_text(encoding="utf-8")
        assert text[citation["start"] : citation["end"]] == citation["quote"]


def test_a_source_below_the_current_folder_is_relative_to_it(lectern, book, monkeypatch):
    monkeypatch.chdir(book.parent)

    sources = {citation["source"] for citation in lectern.json("ask", QUESTION)["citations"]}

    assert sources == {"book/jacobian.md"}


def test_a_source_elsewhere_is_absolute(lectern, book):
    sources = {citation["source"] for citation in lectern.json("ask", QUESTION)["citations"]}

    assert sources == {str(book / "jacobian.md")}


def test_a_question_the_book_does_not_answer_exits_with_3_and_the_document(lectern):
    result = lectern("ask", UNANSWERED, "--json")

    assert result.exit_code == 3
    assert result.stderr == "The book does not answer this question.\n"
    answer = lectern.json("ask", UNANSWERED, code=3)
    assert answer["grounded"] is False
    assert answer["citations"] == []
    assert answer["near"]


def test_the_trace_is_given_when_asked_for(lectern):
    assert lectern.json("ask", QUESTION, "--trace")["trace"]["query"] == QUESTION
    assert '"answerability"' in lectern("ask", QUESTION, "--trace").stdout


def test_people_see_the_line_a_quote_begins_on(lectern, book):
    first = lectern.json("ask", QUESTION)["citations"][0]
    lines = Path(first["source"]).read_text(encoding="utf-8").splitlines()
    begins = first["quote"].splitlines()[0]
    line = next(number for number, text in enumerate(lines, start=1) if begins in text)

    stdout = lectern("ask", QUESTION).stdout

    assert f"[1] The Jacobian \u203a Tool velocity  {book / 'jacobian.md'}:{line}  (0." in stdout


@pytest.mark.parametrize(
    ("stdin", "code", "said"),
    [
        pytest.param(QUESTION.encode(), 0, "", id="a question"),
        pytest.param(b"gr\xff\xdf", 2, "not valid UTF-8 (byte 3", id="not UTF-8"),
        pytest.param(b"", 2, "The question is empty.", id="nothing"),
        pytest.param(b"a" * 2**20, 2, "more than 4,000 characters", id="one megabyte"),
    ],
)
def test_a_dash_reads_the_question_from_stdin(lectern, stdin, code, said):
    result = lectern("ask", "-", stdin=stdin)

    assert result.exit_code == code
    assert said in result.stderr
    assert result.stderr.count("\n") == (1 if said else 0)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        pytest.param(["ask", "  "], "The question is empty.", id="empty question"),
        pytest.param(["search", "  "], "The query is empty.", id="empty query"),
        pytest.param(["ask", "a" * 4_001], "The question has 4,001 characters", id="too long"),
        pytest.param(
            ["ask", "gr\udcff"], "The question is not valid UTF-8", id="bytes that are no text"
        ),
        pytest.param(["ask"], "Missing argument 'QUESTION'.", id="no question"),
        pytest.param(["ask", "a", "b"], "Got unexpected extra argument", id="two questions"),
        pytest.param(["search", "x", "-k", "0"], "Invalid value for '-k'", id="no results wanted"),
        pytest.param(["search", "x", "-k", "101"], "Invalid value for '-k'", id="too many wanted"),
        pytest.param(["ask", "x", "--collection", "../x"], "The setting collection", id="bad name"),
        pytest.param(["nonsense"], "No such command 'nonsense'.", id="no such command"),
    ],
)
def test_wrong_use_exits_with_2_and_one_line(lectern, args, said):
    result = lectern(*args)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"error: {said}")
    assert result.stderr.count("\n") == 1


def test_bytes_the_locale_could_not_decode_are_read_as_utf8(lectern):
    undecoded = "Gelenk gro\udcc3\udc9f"

    assert lectern.json("ask", undecoded, code=3)["question"] == "Gelenk groß"


def test_search_has_the_fields_of_the_contract(lectern):
    found = lectern.json("search", "gripper force", "-k", "2")

    assert set(found) == {"query", "results", "timings_ms"}
    assert len(found["results"]) == 2
    best = found["results"][0]
    assert set(best) == {"passage_id", "title", "heading", "anchor", "source", "text", "score"}
    assert best["heading"] == ["Grippers", "Closing"]
    assert best["text"] in Path(best["source"]).read_text(encoding="utf-8")


def test_people_see_hits_with_two_lines_of_text(lectern, book):
    lines = lectern("search", "gripper force", "-k", "1").stdout.splitlines()

    assert lines[0].startswith(f"1. Grippers \u203a Closing  {book / 'grippers.md'}:5  (")
    assert lines[1].startswith("    A parallel gripper closes two fingers")
    assert len(lines) == 3


def test_html_and_script_in_a_question_are_only_text(lectern):
    question = "<script>alert(1)</script> [bold]who[/bold] won the cup?"

    assert lectern.json("ask", question, code=3)["question"] == question


def test_a_collection_nothing_was_ingested_into_is_named(lectern):
    result = lectern("ask", QUESTION, "--collection", "other")

    assert result.exit_code == 1
    assert result.stderr.startswith("error: Nothing has been ingested into the collection 'other'")


def test_a_model_that_cannot_be_reached_leaves_an_answer_with_a_notice(lectern, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("LECTERN_CHAT_RETRIES", "0")

    answer = lectern.json("ask", QUESTION)

    assert answer["answerer"] == "extractive"
    assert answer["notice_code"] == "endpoint_unavailable"
