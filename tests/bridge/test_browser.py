"""The page in a real browser, against a bridge that runs as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import chromium
import pytest
from playwright.sync_api import Browser, Page, expect

from lectern.book.model import Passage
from lectern.book.passages import cut_passages
from lectern.book.readers import read_document
from lectern.book.sentences import split_sentences
from lectern.settings import default_book

pytestmark = chromium.NEEDED

CHAPTERS = sorted(default_book().glob("0*.md"))
QUESTION = "How do I get the tool velocity from the joint velocities?"
HOSTILE_QUESTION = (
    "zyzzyva wombat <img src=x onerror='window.hacked=1'><script>window.hacked=2</script>"
)
HOSTILE_SOURCE = """# Zyzzyva <script>window.hacked=3</script>

The zyzzyva wombat says <img src=x onerror="window.hacked=4"> and <script>window.hacked=5</script>
with [a link](javascript:window.hacked=6) and $\\href{javascript:window.hacked=7}{x}$ in it.
"""


WIDE_SOURCE = (
    "# Wide\n\n$$\n\\text{quokka okapi numbat} = "
    + " + ".join(f"J_{{{n}}}(q)" for n in range(40))
    + "\n$$\n\n```python\n"
    + " + ".join(f"variable_{n}" for n in range(40))
    + "\n```\n\n|"
    + "| a long cell |" * 20
    + "|\n|"
    + "|---|" * 20
    + "|\n"
)


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    """Run a bridge over the chapters and over a page that means harm."""
    hostile, wide = (tmp_path_factory.mktemp("pages") / name for name in ("hostile.md", "wide.md"))
    hostile.write_text(HOSTILE_SOURCE, encoding="utf-8")
    wide.write_text(WIDE_SOURCE, encoding="utf-8")
    program = Path(__file__).with_name("shelf.py")
    command = [sys.executable, str(program), *map(str, [*CHAPTERS, hostile, wide])]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as bridge:
        yield bridge.stdout.readline().strip()
        bridge.terminate()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.launched() as browser:
        yield browser


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained about; a test that expects something clears it."""
    return []


@pytest.fixture
def page(browser, address, complaints) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, permissions=["clipboard-read", "clipboard-write"]
    )
    page = context.new_page()
    chromium.listen(page, complaints)
    page.goto(address)
    yield page
    before_closing = list(complaints)
    context.close()
    assert before_closing == []


def ask(page: Page, question: str) -> None:
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator(".exchange:last-child .foot")).to_be_visible()


def test_a_question_is_answered_and_its_citation_leads_to_the_marked_quote(page, tmp_path):
    expect(page.get_by_label("Your question")).to_be_focused()
    ask(page, QUESTION)
    answer = page.locator(".answer")
    expect(answer).to_contain_text("Jacobian matrix")
    expect(answer.locator(".katex").first).to_be_visible()
    page.screenshot(path=tmp_path / "answer.png")

    answer.get_by_role("button", name="Source 2").click()
    panel = page.get_by_role("dialog")
    expect(panel).to_be_visible()
    expect(panel.locator("mark").first).to_be_in_viewport()
    expect(panel.locator("mark").first).to_contain_text("The tool velocity is obtained from")
    expect(panel).to_contain_text("03-forward-kinematics-and-the-jacobian.md#")
    page.screenshot(path=tmp_path / "citation.png")
    assert (tmp_path / "citation.png").stat().st_size > 20_000


def test_the_keyboard_is_enough(page):
    page.keyboard.type("How do I get the tool velocity")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("from the joint velocities?")
    assert "\n" in page.get_by_label("Your question").input_value()
    page.keyboard.press("Enter")
    expect(page.locator(".foot")).to_be_visible()
    expect(page.get_by_label("Your question")).to_be_focused()
    reference = page.locator(".answer .ref").first
    reference.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.locator("#passage-title")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(reference).to_be_focused()


def test_the_answer_is_announced_to_those_who_do_not_see_it(page):
    ask(page, QUESTION)
    expect(page.locator("#announcer")).to_contain_text("Jacobian matrix")
    expect(page.locator(".answer")).to_have_attribute("aria-busy", "false")


def test_where_the_book_is_silent_the_nearest_sections_can_be_opened(page):
    ask(page, "Who won the 1998 football world cup?")
    expect(page.locator(".answer")).to_contain_text("does not answer")
    page.get_by_role("region", name="Nearest sections").get_by_role("button").first.click()
    panel = page.get_by_role("dialog")
    expect(panel.locator(".passage-body p").first).to_be_visible()
    expect(panel.locator("mark")).to_have_count(0)


def test_an_example_can_be_clicked_and_a_new_conversation_begun(page):
    page.get_by_role("button", name="tool velocity").click()
    expect(page.locator(".foot")).to_be_visible()
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".exchange")).to_have_count(0)
    expect(page.get_by_text("Ask the book.")).to_be_visible()


def test_a_follow_up_stays_in_the_conversation(page):
    ask(page, QUESTION)
    with page.expect_request("**/api/v1/chat/stream") as sent:
        ask(page, "And the Jacobian near a singularity?")
    assert sent.value.post_data_json["conversation_id"]
    expect(page.locator(".exchange")).to_have_count(2)


def test_an_answer_can_be_copied_with_its_sources(page):
    ask(page, QUESTION)
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert QUESTION in copied
    assert "[1] Forward kinematics and the Jacobian" in copied


def test_a_question_that_is_too_long_is_not_sent_and_says_why(page):
    field = page.get_by_label("Your question")
    field.fill("é" * 4_001)
    expect(page.locator("#limit")).to_contain_text("Too long: 4,001 of 4,000 characters")
    expect(page.get_by_role("button", name="Send")).to_be_disabled()
    page.keyboard.press("Enter")
    expect(page.locator(".exchange")).to_have_count(0)
    field.fill("😀" * 4_000)  # as many characters as are allowed, twice as many UTF-16 units
    expect(page.get_by_role("button", name="Send")).to_be_enabled()


def test_script_and_markup_stay_text_wherever_they_come_from(page):
    ask(page, HOSTILE_QUESTION)
    expect(page.locator(".asked")).to_have_text(HOSTILE_QUESTION)
    expect(page.locator(".answer")).to_contain_text("<script>window.hacked=5</script>")
    page.locator(".answer .ref").first.click()
    body = page.locator(".passage-body")
    expect(body.locator("mark, .quoted").first).to_be_visible()
    expect(body).to_contain_text("[a link](javascript:window.hacked=6)")
    assert page.evaluate("window.hacked") is None
    assert (
        page.locator("main :is(script, img, iframe), dialog :is(script, img, iframe)").count() == 0
    )
    assert page.locator("[href^='javascript']").count() == 0


def test_a_failure_shows_its_code_and_can_be_tried_again(page, complaints):
    page.route("**/api/v1/chat/stream", lambda route: route.abort())
    page.get_by_label("Your question").fill(QUESTION)
    with page.expect_event("requestfailed"):
        page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("unreachable")
    page.unroute("**/api/v1/chat/stream")
    complaints.clear()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".foot")).to_be_visible()
    expect(page.locator(".exchange")).to_have_count(1)


def test_a_problem_of_the_bridge_is_shown_with_its_request_id(page, complaints):
    page.route(
        "**/api/v1/chat/stream",
        lambda route: route.continue_(post_data='{"question": ""}'),
    )
    page.get_by_label("Your question").fill("anything")
    with page.expect_response("**/api/v1/chat/stream") as response:
        page.keyboard.press("Enter")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("invalid_input")
    expect(alert).to_contain_text(response.value.headers["x-request-id"])
    complaints.clear()


def test_a_reader_can_stop_an_answer(page, complaints):
    page.route("**/api/v1/chat/stream", lambda route: None)  # no answer ever comes
    page.get_by_label("Your question").fill(QUESTION)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".after")).to_contain_text("Stopped.")
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    complaints.clear()


def test_a_lost_connection_is_taken_up_again_where_it_broke(page, complaints):
    seen = []

    def cut(route):
        """Let the first connection break after three events."""
        seen.append(route.request.headers.get("last-event-id"))
        if len(seen) > 1:
            route.continue_()
            return
        whole = route.fetch().text()
        route.fulfill(
            body="".join(f"{event}\n\n" for event in whole.split("\n\n")[:3]),
            content_type="text/event-stream",
        )

    page.route("**/api/v1/chat/stream", cut)
    ask(page, QUESTION)
    assert seen[0] is None
    assert seen[1].endswith(":3")
    expect(page.locator(".answer")).to_contain_text("Jacobian matrix")


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_sticks_out_and_nothing_jumps(browser, address, tmp_path, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 740}, color_scheme=scheme)
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver(list => { for (const entry of list.getEntries())"
        " window.shift += entry.value }).observe({type: 'layout-shift', buffered: true})"
    )
    page.goto(address)
    ask(page, QUESTION)
    ask(page, "Who won the 1998 football world cup?")
    ask(page, "quokka okapi numbat")
    page.locator(".exchange:last-child .ref").first.click()
    expect(page.locator(".passage-body .formula.quoted")).to_be_visible()
    page.screenshot(path=tmp_path / f"{width}-{scheme}.png")
    assert page.evaluate("document.querySelector('.passage').scrollWidth") <= width
    page.keyboard.press("Escape")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("window.shift") < 0.05
    page.close()


MARKED = """async ([passages, quotes]) => {
  const { renderPassage } = await import(new URL("assets/js/quote.js", location.href));
  const { render } = await import(new URL("assets/js/markdown.js", location.href));
  const plain = (root) => {
    const copy = root.cloneNode(true);
    copy.querySelectorAll(".formula").forEach((formula) => formula.replaceWith("@"));
    return copy.textContent.replace(/\\s+/g, "");
  };
  return quotes.map(([index, quote]) => {
    const fragment = renderPassage(passages[index], quote);
    const marked = [...fragment.querySelectorAll("mark, .quoted")];
    const whole = document.createElement("div");
    for (const element of marked) whole.append(element.matches("mark") ? element.textContent : "@");
    return { marked: whole.textContent.replace(/\\s+/g, ""), wanted: plain(render(quote.quote)),
             unread: fragment.querySelectorAll(".formula > code").length };
  });
}"""


def marked_in_browser(page: Page, passages: list[Passage], spans: list[tuple[int, int, int]]):
    sent = [
        {"text": p.text, "kind": p.kind.value, "start": p.start, "end": p.end} for p in passages
    ]
    quotes = [
        (
            i,
            {
                "quote": passages[i].text[a:b],
                "start": passages[i].start + a,
                "end": passages[i].start + b,
            },
        )
        for i, a, b in spans
    ]
    return page.evaluate(MARKED, [sent, quotes])


def test_every_sentence_of_the_book_can_be_marked_in_its_passage(page):
    documents = [read_document(chapter, max_bytes=2**25) for chapter in CHAPTERS]
    passages = [passage for document in documents for passage in cut_passages(document)]
    spans = [
        (index, span.start, span.end)
        for index, passage in enumerate(passages)
        for span in split_sentences(passage.text)
    ]
    assert len(spans) > 500
    results = marked_in_browser(page, passages, spans)
    wrong = [
        (passages[span[0]].text[span[1] : span[2]], result["marked"])
        for span, result in zip(spans, results, strict=True)
        if result["marked"] != result["wanted"]
    ]
    assert wrong == []
    assert sum(result["unread"] for result in results) == 0, "formulas that cannot be read"
