"""The app as a reader meets it, in a real browser."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from assistant.app.ui import RunningApp, serve, start
from assistant.errors import UsageError

pytestmark = [
    pytest.mark.slow,
    # Gradio counts its events with pandas, by an option and a keyword that pandas 3 no longer wants.
    pytest.mark.filterwarnings("ignore:'future.no_silent_downcasting' is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated:DeprecationWarning"),
]

LIT = "The lighthouse at Skerry Point was lit for the first time on 3 May 1871."
PATH = "The path is closed in May and June so that they are left in peace."
TICKET = "A return ticket costs 14 pounds."

OpenPage = Callable[..., Page]


def box(page: Page) -> Locator:
    return page.get_by_label("Your question")


def ask(page: Page, question: str, *, position: int = 0) -> Locator:
    """Ask with the keyboard and return the finished exchange."""
    box(page).fill(question)
    box(page).press("Enter")
    exchange = page.locator(f"#history #m{position}")
    expect(exchange.locator("footer")).to_be_visible()
    expect(exchange.locator(".question")).to_have_text(question)
    return exchange


def ask_endlessly(page: Page, question: str = "An endless question?") -> None:
    box(page).fill(question)
    box(page).press("Enter")
    expect(page.locator("#live-body .cite").nth(2)).to_be_visible()


def active(page: Page) -> Locator:
    return page.locator("#article mark.active")


def wait_until(page: Page, condition: Callable[[], bool]) -> None:
    """Let the page go on until something holds on the server's side."""
    for _ in range(200):
        if condition():
            return
        page.wait_for_function("() => new Promise(done => setTimeout(() => done(true), 50))")
    pytest.fail("What was waited for did not happen within ten seconds.")


def test_a_clicked_citation_shows_the_very_sentence(page: Page) -> None:
    exchange = ask(page, "When was it lit?")
    exchange.get_by_role("button", name=f"Source 3: {PATH}").click()
    expect(active(page)).to_have_text(PATH)
    expect(active(page)).to_be_in_viewport(ratio=1)
    expect(active(page)).to_be_focused()
    expect(page.locator("#article mark.cited")).to_have_text([LIT, "She was given brick.", PATH])


def test_markers_are_numbered_by_first_appearance(page: Page) -> None:
    exchange = ask(page, "When was it lit?")
    expect(exchange.locator(".answer .cite")).to_have_text(["1", "2", "3", "1"])
    expect(exchange.locator(".sources .number")).to_have_text(["1", "2", "3"])
    expect(exchange.locator(".sources q")).to_have_text([LIT, "She was given brick.", PATH])
    expect(exchange.locator(".support")).to_have_text(["97% support", "81% support", "92% support"])
    expect(exchange.locator(".facts")).to_have_text("local:small · evidence 41 ms · first sentence 1.2 s · total 3.1 s")


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_focused_marker_opens_by_key_and_escape_leads_back(page: Page, key: str) -> None:
    ask(page, "When was it lit?")
    marker = page.locator(".answer .cite").nth(2)
    marker.focus()
    page.keyboard.press(key)
    expect(active(page)).to_have_text(PATH)
    expect(active(page)).to_be_focused()
    page.keyboard.press("Escape")
    expect(marker).to_be_focused()


def test_hovering_or_focusing_a_marker_shows_its_quote(page: Page) -> None:
    ask(page, "When was it lit?")
    tip = page.get_by_role("tooltip")
    page.locator(".answer .cite").nth(2).hover()
    expect(tip).to_contain_text(PATH)
    expect(tip).to_contain_text("92% support")
    box(page).hover()
    expect(tip).to_be_hidden()
    page.locator(".answer .cite").nth(0).focus()
    page.keyboard.press("Tab")
    expect(tip).to_contain_text("She was given brick.")


def test_a_citation_in_another_article_switches_to_it(page: Page) -> None:
    exchange = ask(page, "What does the ferry cost?")
    title = page.get_by_role("region", name="Article").get_by_role("heading", level=1)
    expect(title).to_have_text("The lamp at Skerry Point")
    exchange.get_by_role("button", name=f"Source 4: {TICKET}").click()
    expect(title).to_have_text("The ferry to Skerry")
    expect(active(page)).to_have_text(TICKET)
    exchange.locator(".answer .cite").first.click()
    expect(title).to_have_text("The lamp at Skerry Point")
    expect(active(page)).to_have_text(LIT)


def test_the_evidence_opens_in_the_article(page: Page) -> None:
    exchange = ask(page, "When was it lit?")
    exchange.get_by_text("Found 6 passages in 41 ms").click()
    exchange.locator(".passage").nth(3).click()
    expect(active(page)).to_contain_text("The storm of January 2005")
    expect(active(page)).to_be_in_viewport()


def test_evidence_and_sentences_are_there_while_the_answer_still_runs(page: Page) -> None:
    ask_endlessly(page)
    expect(page.locator("#live-head .question")).to_have_text("An endless question?")
    expect(page.locator("#live-head")).to_contain_text("Found 6 passages in 41 ms")
    expect(page.locator("#live-status")).to_have_text(re.compile(r"Writing… \d+ s"))
    page.locator("#live-head .found summary").click()
    page.locator("#live-body .cite").nth(2).click()
    expect(active(page)).to_have_text(PATH)
    expect(page.locator("#live-head .passage").first).to_be_visible()
    expect(page.get_by_role("button", name="Send")).to_be_hidden()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#m0 footer")).to_be_visible()


def test_stop_really_stops_and_keeps_what_was_said(page: Page, script: Any) -> None:
    question = "An endless question to stop?"
    ask_endlessly(page, question)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#m0 .interrupted")).to_have_text("Ends early. You stopped it.")
    expect(page.locator("#m0 .cite")).to_have_count(4)
    assert question in script.closed
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    expect(box(page)).to_be_focused()


def test_escape_stops(page: Page, script: Any) -> None:
    question = "An endless question to escape?"
    ask_endlessly(page, question)
    page.keyboard.press("Escape")
    expect(page.locator("#m0 .interrupted")).to_be_visible()
    assert question in script.closed


def test_a_closed_tab_stops_the_answer(open_page: OpenPage, script: Any) -> None:
    page, onlooker = open_page(), open_page()
    question = "An endless question to leave?"
    ask_endlessly(page, question)
    page.close()
    wait_until(onlooker, lambda: question in script.closed)


def test_another_model_can_be_chosen(page: Page, script: Any) -> None:
    page.get_by_role("combobox", name="Model").click()
    page.get_by_role("option", name="Extractive").click()
    ask(page, "Which model?")
    assert script.asked[-1]["model"] == "extractive"


def test_a_model_that_is_not_ready_says_why_and_leaves_the_choice_as_it_was(page: Page, script: Any) -> None:
    page.get_by_role("combobox", name="Model").click()
    page.get_by_role("option", name="Big remote model (not ready)").click()
    expect(page.locator("#note")).to_have_text("Big remote model cannot answer now: OPENAI_API_KEY is not set.")
    expect(page.get_by_role("combobox", name="Model")).to_have_value("Small local model")
    ask(page, "Which model now?")
    assert script.asked[-1]["model"] is None


def test_a_model_that_still_loads_says_so_until_it_is_ready(open_page: OpenPage, script: Any) -> None:
    script.roster.loaded = False
    page = open_page()
    line = page.locator("#loading")
    expect(line).to_have_text("Small local model: it is still loading. Answers are quoted from the article meanwhile.")
    script.roster.loaded = True
    expect(line).to_have_text("", timeout=10_000)


def test_one_article_can_be_asked_alone(page: Page, script: Any) -> None:
    picker = page.locator("#picked input")
    expect(picker).to_have_attribute("placeholder", "All articles")
    picker.click()
    page.get_by_role("option", name="The ferry to Skerry").click()
    expect(page.get_by_role("heading", name="Ask “The ferry to Skerry”")).to_be_visible()
    expect(page.get_by_role("region", name="Article").get_by_role("heading", level=1)).to_have_text(
        "The ferry to Skerry"
    )
    ask(page, "What does it cost?")
    assert script.asked[-1]["articles"] == ("ferry",)


def test_how_sure_an_answer_must_be_is_chosen_beside_the_question(page: Page, script: Any) -> None:
    ask(page, "When was it lit?")
    page.get_by_label("How sure an answer must be").click()
    page.get_by_role("option", name="Bold").click()
    ask(page, "And when again?", position=1)
    assert [one["caution"] for one in script.asked[-2:]] == ["balanced", "bold"]


def test_unproven_sentences_are_shown_on_request_and_marked_in_words(page: Page) -> None:
    exchange = ask(page, "Was she pleased?")
    expect(exchange.locator(".dropped summary")).to_have_text("1 sentence was left out: the article does not prove it")
    expect(exchange.locator(".answer")).not_to_contain_text("pleased")
    page.get_by_label("Show unproven sentences").check()
    exchange = ask(page, "Was she really pleased?", position=1)
    expect(exchange.locator(".unproven")).to_contain_text("Not proven by the article: nothing on how she felt about it")


def test_the_whole_way_by_keyboard(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the question")).to_be_focused()
    page.keyboard.press("Enter")
    expect(box(page)).to_be_focused()
    page.keyboard.type("First line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("second line?")
    page.keyboard.press("Enter")
    expect(page.locator("#m0 .question")).to_have_text("First line\nsecond line?", use_inner_text=True)
    expect(page.locator("#m0 footer")).to_be_visible()
    marker = page.locator("#m0 .answer .cite").first
    for _ in range(40):
        page.keyboard.press("Shift+Tab")
        if marker.evaluate("node => node === document.activeElement"):
            break
    assert marker.evaluate("node => getComputedStyle(node).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(active(page)).to_have_text(LIT)
    page.keyboard.press("Escape")
    expect(marker).to_be_focused()


def test_a_phone_shows_one_pane_and_a_way_back(open_page: OpenPage) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, wait_for="conversation")
    conversation, article = page.get_by_role("region", name="Conversation"), page.get_by_role("region", name="Article")
    expect(article).to_be_hidden()
    ask(page, "When was it lit?")
    page.locator("#m0 .answer .cite").nth(2).tap()
    expect(conversation).to_be_hidden()
    expect(active(page)).to_have_text(PATH)
    expect(active(page)).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="Back to the answer").tap()
    expect(page.locator("#m0 .answer .cite").nth(2)).to_be_focused()
    expect(article).to_be_hidden()
    page.get_by_role("button", name="Article", exact=True).tap()
    expect(article).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_twice_the_size_everything_is_in_reach(open_page: OpenPage) -> None:
    page = open_page(viewport={"width": 640, "height": 400}, wait_for="conversation")
    ask(page, "When was it lit?")
    for name in ("Send", "New conversation"):
        expect(page.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
    expect(box(page)).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 640


LIGHT, DARK = "rgb(246, 245, 241)", "rgb(19, 21, 23)"


@pytest.mark.parametrize(
    ("scheme", "query", "colour"),
    [("light", "", LIGHT), ("dark", "", DARK), ("light", "?__theme=dark", DARK)],
)
def test_the_theme_follows_the_system_or_the_address(open_page: OpenPage, scheme: str, query: str, colour: str) -> None:
    page = open_page(query, color_scheme=scheme)
    expect(page.locator("body")).to_have_css("background-color", colour)


def test_an_abstention_is_calm_and_its_nearest_sentences_open_in_the_article_as_no_source(page: Page) -> None:
    exchange = ask(page, "How far is the moon?")
    expect(exchange.locator(".verdict")).to_have_text("The article does not say.")
    near = exchange.locator(".nearest .near")
    expect(near).to_have_count(2)
    near.first.click()
    expect(active(page)).to_have_text("Since 1984 the lamp has worked without a keeper.")
    expect(active(page)).to_have_css("background-color", "rgba(0, 0, 0, 0)")
    expect(active(page)).to_have_attribute("data-says", "near the question, not proof")
    expect(page.locator("#article mark.cited")).to_have_count(0)


def test_only_the_newest_answer_or_one_gone_back_to_is_highlighted(page: Page) -> None:
    ask(page, "When was it lit?")
    mark = page.locator("#article mark.cited").first
    expect(mark).not_to_have_css("background-color", "rgba(0, 0, 0, 0)")
    ask(page, "How far is the moon?", position=1)
    expect(mark).to_have_css("background-color", "rgba(0, 0, 0, 0)")
    page.locator("#m0 .answer .cite").nth(2).click()
    expect(active(page)).to_have_text(PATH)
    expect(mark).not_to_have_css("background-color", "rgba(0, 0, 0, 0)")


def test_an_answer_that_broke_off_says_why(page: Page) -> None:
    exchange = ask(page, "Will you go halfway?")
    expect(exchange.locator(".interrupted")).to_have_text(
        "Ends early. The model broke off; it may have run out of memory."
    )
    expect(exchange.locator(".sentence")).to_have_count(3)


def test_a_failure_is_one_line_and_can_be_retried(page: Page, script: Any) -> None:
    script.failures = 1
    box(page).fill("Will you refuse?")
    box(page).press("Enter")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The model server refused the connection. Start it, then press Retry.")
    alert.get_by_role("button", name="Retry").click()
    expect(page.locator("#m0 footer")).to_be_visible()
    expect(alert).to_have_count(0)


def test_a_fault_of_ours_leaves_a_page_that_works(page: Page, complaints: list[str]) -> None:
    box(page).fill("Will you crash?")
    box(page).press("Enter")
    expect(page.locator("#note")).to_contain_text("Something broke inside the assistant")
    expect(box(page)).to_have_value("Will you crash?")
    ask(page, "And now?")
    complaints.clear()


def test_what_was_found_stays_when_the_model_fails(page: Page) -> None:
    box(page).fill("Did someone unplug it?")
    box(page).press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("closed the connection")
    failed = page.locator(".exchange.failed")
    failed.get_by_text("Found 6 passages in 41 ms").click()
    failed.locator(".passage").first.click()
    expect(active(page)).to_be_in_viewport()


def compare_with(page: Page, model: str) -> None:
    page.get_by_label("Compare with").click()
    page.get_by_role("option", name=model, exact=True).click()


def test_two_models_answer_side_by_side_and_the_better_one_is_kept(page: Page, script: Any) -> None:
    compare_with(page, "Extractive")
    box(page).fill("When was it lit?")
    box(page).press("Enter")
    sides = page.locator("#m0 .side")
    expect(sides.locator(".who")).to_have_text(["small", "Quotes alone"])
    assert script.compared == [("local:small", "extractive")]
    expect(page.locator("#m0 > .found")).to_have_count(1)
    for side, name in ((0, "m0-3"), (1, "m0b-3")):
        marker = sides.nth(side).locator(".answer .cite").nth(2)
        expect(marker).to_have_attribute("data-cite", name)
        marker.click()
        expect(active(page)).to_have_text(PATH)
        expect(active(page)).to_have_attribute("data-names", re.compile(name))
        expect(active(page)).to_have_attribute("data-numbers", "3")
    better = sides.nth(1).get_by_role("button", name="This one was better")
    better.click()
    expect(better).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(better).to_have_attribute("aria-pressed", "true")
    sides.nth(0).get_by_role("button", name="This one was better").click()
    expect(better).to_have_attribute("aria-pressed", "false")
    better.click()
    better.click()
    expect(better).to_have_attribute("aria-pressed", "false")


def test_two_running_answers_can_be_stopped_and_what_was_said_is_kept(page: Page) -> None:
    compare_with(page, "Extractive")
    ask_endlessly(page)
    expect(page.locator("#live-body .side .who")).to_have_text(["small", "Quotes alone"])
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#m0 .side")).to_have_count(2)
    expect(page.locator("#m0 .side").first).to_contain_text("You stopped it.")


def test_the_last_question_is_asked_again_of_another_model(page: Page, script: Any) -> None:
    ask(page, "When was it lit?")
    page.get_by_label("Regenerate with another model").select_option("extractive")
    expect(page.locator("#m0 .facts .model")).to_have_text("extractive")
    expect(page.locator("#history .exchange")).to_have_count(1)
    assert [asked["model"] for asked in script.asked[-2:]] == [None, "extractive"]
    expect(page.get_by_label("Model", exact=True)).to_have_value("Small local model")


def test_regenerate_puts_a_new_answer_in_the_place_of_the_last(page: Page, script: Any) -> None:
    ask(page, "When was it lit?")
    ask(page, "And where?", position=1)
    before = len(script.asked)
    page.get_by_role("button", name="Regenerate").click()
    wait_until(page, lambda: len(script.asked) == before + 1)
    expect(page.locator("#m1 footer")).to_be_visible()
    expect(page.locator("#history .exchange")).to_have_count(2)
    assert script.asked[-1]["question"] == "And where?"
    assert script.asked[-1]["turns"] == 2


def test_what_a_follow_up_was_searched_as_is_shown_and_can_be_edited(page: Page, script: Any) -> None:
    ask(page, "When was it lit?")
    exchange = ask(page, "And where?", position=1)
    expect(exchange.locator(".searched summary")).to_contain_text("And where at Skerry Point lighthouse")
    exchange.locator(".searched summary").click()
    page.get_by_label("Search for", exact=True).fill("place of the tower")
    page.keyboard.press("Enter")
    expect(exchange.locator(".searched summary")).to_contain_text("place of the tower")
    expect(page.locator("#history .exchange")).to_have_count(2)
    assert script.asked[-1]["searched"] == "place of the tower"


def test_a_copied_answer_has_its_quotes(open_page: OpenPage) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    ask(page, "When was it lit?")
    page.get_by_role("button", name="Copy with citations").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("**When was it lit?**\n\nThe lamp was first lit on 3 May 1871. [1] The tower is of brick")
    assert f"3. “{PATH}” — *The lamp at Skerry Point*, characters " in copied


def test_thumbs_are_kept_and_can_be_taken_back(page: Page) -> None:
    ask(page, "When was it lit?")
    up, down = page.get_by_role("button", name="Good answer"), page.get_by_role("button", name="Poor answer")
    up.click()
    expect(up).to_have_attribute("aria-pressed", "true")
    down.click()
    expect(down).to_have_attribute("aria-pressed", "true")
    expect(up).to_have_attribute("aria-pressed", "false")
    page.reload()
    expect(down).to_have_attribute("aria-pressed", "true")
    down.click()
    expect(down).to_have_attribute("aria-pressed", "false")


def test_reloading_keeps_the_conversation_until_a_new_one_is_begun(page: Page) -> None:
    ask(page, "When was it lit?")
    page.reload()
    expect(page.locator("#m0 .question")).to_have_text("When was it lit?")
    expect(page.locator("#article mark.cited")).to_have_text([LIT, "She was given brick.", PATH])
    page.locator("#m0 .answer .cite").nth(2).click()
    expect(active(page)).to_have_text(PATH)
    page.get_by_role("button", name="New conversation").click()
    expect(page.get_by_role("heading", name="Ask 2 articles")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Ask 2 articles")).to_be_visible()
    expect(page.locator("#history .exchange")).to_have_count(0)


def test_suggested_questions_are_asked_by_a_click(page: Page) -> None:
    page.get_by_role("button", name="When was the lamp first lit?").click()
    expect(page.locator("#m0 .question")).to_have_text("When was the lamp first lit?")
    expect(page.locator("#m0 footer")).to_be_visible()


def test_hostile_text_is_shown_as_it_is_and_does_nothing(page: Page) -> None:
    question = "hostile <img src=x onerror=window.hacked=1> ${7*7} {{7*7}}"
    exchange = ask(page, question)
    expect(exchange.locator(".answer")).to_contain_text("<script>window.hacked=1</script>")
    expect(exchange.locator(".answer")).to_contain_text("${7*7} {{7*7}}</b> ![](https://evil.example/x.png)")
    odd = '${7*7} {{7*7}} <img src=x onerror="window.hacked=1"> [9] <|im_start|>'
    expect(page.get_by_role("region", name="Article")).to_contain_text(f"{odd} are printed here as they are.")
    exchange.locator(".answer .cite").last.hover()
    expect(page.get_by_role("tooltip")).to_contain_text(odd)
    exchange.locator(".answer .cite").last.click()
    expect(active(page)).to_have_text(odd)
    assert page.evaluate("window.hacked") is None
    assert page.locator("#scroller img, #scroller script, #article img, #tip img").count() == 0


def test_script_slipped_into_the_page_would_not_run(page: Page, complaints: list[str]) -> None:
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img id=slipped src=x onerror=\"window.hacked=1\">')")
    wait_until(page, lambda: page.evaluate("document.getElementById('slipped').complete"))
    assert page.evaluate("window.hacked") is None
    assert any("Content Security Policy" in complaint for complaint in complaints)
    complaints.clear()


def test_the_page_is_served_with_strict_headers(page: Page, app: RunningApp) -> None:
    reply = page.request.get(app.url)
    assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert page.request.get(app.url, headers={"Host": "evil.example"}).status == 400
    assert (
        page.request.post(app.url + "gradio_api/queue/join", headers={"Origin": "https://evil.example"}, data={}).status
        == 403
    )
    assert page.request.post(app.url + "gradio_api/queue/join", data="x" * 1_100_000).status == 413
    assert page.request.get(app.url + "gradio_api/file=/etc/passwd").status == 404


def test_the_address_offers_no_programs_interface(page: Page, app: RunningApp) -> None:
    assert page.request.get(app.url + "gradio_api/info").json()["named_endpoints"] == {}
    assert page.locator("footer:visible").count() == 0


def test_a_question_that_is_too_long_is_refused_and_kept(page: Page, script: Any) -> None:
    asked = len(script.asked)
    box(page).fill("x" * 4001)
    box(page).press("Enter")
    expect(page.locator("#note")).to_contain_text("The question has 4,001 characters; at most 4,000 can be asked.")
    expect(box(page)).to_have_value("x" * 4001)
    assert len(script.asked) == asked


def test_an_empty_question_asks_nothing_and_keeps_the_focus(page: Page, script: Any) -> None:
    asked = len(script.asked)
    box(page).fill("   ")
    page.get_by_role("button", name="Send").click()
    expect(box(page)).to_be_focused()
    ask(page, "When was it lit?")
    assert len(script.asked) == asked + 1


ASK_IN_THE_TAIL = """
async (rounds) => {
  const box = document.querySelector("#question textarea");
  const send = (text) => {
    box.value = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
  };
  for (let round = 0; round < rounds; round++) {
    send(`Question ${round}?`);
    await new Promise((done, failed) => {
      const late = setTimeout(() => failed(new Error(`no answer to question ${round}`)), 10000);
      const look = () => document.querySelector(`#history #m${round} footer`) && (clearTimeout(late), done(true), true);
      const watch = new MutationObserver(() => look() && watch.disconnect());
      if (!look()) watch.observe(document.body, { childList: true, subtree: true });
    });
  }
  return [...document.querySelectorAll("#history .question")].map((one) => one.textContent);
}
"""


def test_a_question_sent_the_moment_an_answer_ends_is_answered(page: Page, script: Any) -> None:
    asked = len(script.asked)
    assert page.evaluate(ASK_IN_THE_TAIL, 10) == [f"Question {one}?" for one in range(10)]
    assert len(script.asked) == asked + 10
    expect(box(page)).to_have_value("")


def test_a_question_typed_while_an_answer_runs_waits_in_its_box(page: Page, script: Any) -> None:
    ask_endlessly(page, "An endless question before another?")
    asked = len(script.asked)
    box(page).fill("The next question?")
    for _ in range(3):
        box(page).press("Enter")
    page.wait_for_function("() => new Promise(done => setTimeout(() => done(true), 300))")
    expect(box(page)).to_have_value("The next question?")
    page.keyboard.press("Escape")
    expect(page.locator("#m0 .interrupted")).to_be_visible()
    expect(box(page)).to_have_value("The next question?")
    box(page).press("Enter")
    expect(page.locator("#m1 footer")).to_be_visible()
    expect(box(page)).to_have_value("")
    assert [one["question"] for one in script.asked[asked:]] == ["The next question?"]


def test_pressing_twice_asks_once_and_what_is_typed_meanwhile_stays(page: Page, script: Any) -> None:
    asked = len(script.asked)
    box(page).fill("Pressed twice?")
    page.evaluate("""() => {
      const box = document.querySelector("#question textarea");
      for (let press = 0; press < 2; press++)
        box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
      box.value += " And";
      box.dispatchEvent(new Event("input", { bubbles: true }));
    }""")
    expect(page.locator("#m0 footer")).to_be_visible()
    expect(box(page)).to_have_value(" And")
    assert [one["question"] for one in script.asked[asked:]] == ["Pressed twice?"]


ASK_AT_ONCE_IN_A_NEW_ONE = """() => {
  document.querySelector("#new").click();
  const box = document.querySelector("#question textarea");
  box.value = "A question of the new one?";
  box.dispatchEvent(new Event("input", { bubbles: true }));
  box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
}"""


def test_a_question_asked_while_the_former_conversation_still_answers_is_asked_in_the_new_one(page: Page) -> None:
    ask_endlessly(page, "An endless question of the old conversation?")
    page.evaluate(ASK_AT_ONCE_IN_A_NEW_ONE)
    expect(page.locator("#history .question")).to_have_text(["A question of the new one?"])
    expect(page.locator("#m0 footer")).to_be_visible()


def test_a_question_asked_before_the_new_conversation_is_there_is_asked_in_it(page: Page) -> None:
    ask(page, "A question of the old conversation?")
    page.evaluate(ASK_AT_ONCE_IN_A_NEW_ONE)
    expect(page.locator("#history .question")).to_have_text(["A question of the new one?"])
    expect(page.locator("#m0 footer")).to_be_visible()
    expect(box(page)).to_have_value("")
    page.reload()
    expect(page.locator("#history .question")).to_have_text(["A question of the new one?"])


def test_the_enter_that_ends_the_writing_of_japanese_does_not_send(page: Page, script: Any) -> None:
    asked = len(script.asked)
    box(page).fill("灯台はいつ")
    for composing in ("{isComposing: true}", "{keyCode: 229}"):
        page.evaluate(f"""() => document.querySelector("#question textarea").dispatchEvent(
          new KeyboardEvent("keydown", {{ key: "Enter", bubbles: true, ...{composing} }}))""")
    ask(page, "灯台はいつ点灯したか")
    assert len(script.asked) == asked + 1


def test_two_readers_do_not_meet(open_page: OpenPage) -> None:
    first, second = open_page(), open_page()
    ask_endlessly(first, "An endless question of the first reader?")
    ask(second, "A question of the second reader?")
    expect(second.locator("body")).not_to_contain_text("first reader")
    expect(first.locator("body")).not_to_contain_text("second reader")
    first.get_by_role("button", name="Stop").click()
    expect(first.locator("#m0 .interrupted")).to_be_visible()
    expect(second.locator("#m0 .interrupted")).to_have_count(0)
    second.reload()
    expect(second.locator("#history .question")).to_have_text(["A question of the second reader?"])


def test_a_taken_port_is_refused_in_one_line(script: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=rf"port {port} on 127\.0\.0\.1 cannot be used .*--port"):
            start(script, port=port)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.org"])  # noqa: S104 it is refused
def test_other_machines_are_not_served(script: Any, host: str) -> None:
    with pytest.raises(UsageError, match="no password"):
        serve(script, host=host)


def test_an_article_that_was_removed_leaves_the_conversation_readable(page: Page, script: Any) -> None:
    ask(page, "What does the ferry cost?")
    ferry = script.library.pop("ferry")
    try:
        page.reload()
        expect(page.locator("#m0 .question")).to_have_text("What does the ferry cost?")
        page.get_by_role("button", name=f"Source 4: {TICKET}").click()
        before = page.locator("#article .cited-before")
        expect(before).to_contain_text("The article is no longer in the library.")
        expect(before.locator("blockquote")).to_have_text(TICKET)
        expect(before).to_contain_text("The ferry to Skerry")
        expect(before).to_be_focused()
        expect(active(page)).to_have_count(0)
    finally:
        script.library["ferry"] = ferry


def test_a_citation_of_an_article_that_has_changed_shows_what_it_cited_and_marks_nothing_wrong(
    page: Page, script: Any
) -> None:
    ask(page, "What does the ferry cost?")
    ferry = script.library["ferry"]
    text = ferry.text.replace("14 pounds", "15 pounds")
    script.library["ferry"] = replace(ferry, text=text)
    try:
        page.reload()
        page.get_by_role("button", name=f"Source 4: {TICKET}").click()
        before = page.locator("#article .cited-before")
        expect(before).to_contain_text("The article has changed since.")
        expect(before.locator("blockquote")).to_have_text(TICKET)
        expect(page.locator("#article .article-text")).to_contain_text("15 pounds")
        expect(page.locator("#article mark")).to_have_count(0)
    finally:
        script.library["ferry"] = ferry


def test_an_answer_names_the_articles_it_cites_and_each_opens_at_its_first_citation(page: Page) -> None:
    exchange = ask(page, "What does the ferry cost?")
    line = exchange.locator(".from-articles")
    expect(line).to_have_text("From: The lamp at Skerry Point [1][2][3], The ferry to Skerry [4]")
    line.get_by_role("button", name="The ferry to Skerry").click()
    expect(active(page)).to_have_text(TICKET)
    line.get_by_role("button", name="The lamp at Skerry Point").click()
    expect(active(page)).to_have_text(LIT)


def test_a_reader_who_scrolled_up_is_left_where_they_read(page: Page) -> None:
    ask(page, "When was it lit?")
    ask(page, "How far is the moon?", position=1)
    ask_endlessly(page)
    page.locator("#m0 .question").scroll_into_view_if_needed()
    expect(page.locator("#live-status")).to_have_text(re.compile(r"Writing… ([3-9]|\d\d+) s"))
    expect(page.locator("#m0 .question")).to_be_in_viewport()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#m2 footer")).to_be_attached()
    expect(page.locator("#m0 .question")).to_be_in_viewport()


FRAMES = """() => new Promise(done => {
  const watch = new MutationObserver(changes => { window.redrawn += changes.length; });
  window.redrawn = 0;
  watch.observe(document.body, {childList: true, subtree: true});
  setTimeout(() => done({
    redrawn: window.redrawn,
    running: document.getAnimations().filter(one => one.playState === 'running').length,
    told: document.querySelector('#live-status .heartbeat').textContent,
  }), 4000);
})"""


def test_a_page_that_waits_draws_nothing_again_and_its_seconds_go_on(page: Page, script: Any) -> None:
    script.beats_s = 0.25
    try:
        ask_endlessly(page)
        before = page.locator("#live-status .heartbeat").inner_text()
        page.wait_for_timeout(3000)
        seen = page.evaluate(FRAMES)
        page.keyboard.press("Escape")
    finally:
        script.beats_s = 0.02
    # A word of the server each five seconds, and the second that is counted: no beat is drawn for itself.
    assert seen["redrawn"] <= 4
    assert seen["running"] == 0
    assert seen["told"] != before


def test_a_page_asks_for_no_frame_after_frame_for_ever(open_page: OpenPage) -> None:
    page = open_page()
    asked = """() => new Promise(done => {
      let frames = 0;
      const count = () => { frames += 1; requestAnimationFrame(count); };
      count();
      setTimeout(() => { frames = 0; setTimeout(() => done(frames), 3000); }, 12000);
    })"""
    assert page.evaluate(asked) <= 15


def test_to_answer_anyway_shows_what_the_model_made_of_it_as_unproven_also_after_a_reload(
    page: Page, script: Any
) -> None:
    exchange = ask(page, "How far is the moon?")
    exchange.get_by_role("button", name="Answer anyway").click()
    made = page.locator("#m0 .made")
    expect(made).to_contain_text("Not proven")
    expect(made).to_contain_text("as far as the lamp can be seen")
    expect(page.locator("#m0 .verdict")).to_have_text("The article does not say.")
    expect(page.locator("#m0 :is(.cite, .source)")).to_have_count(0)
    expect(page.locator("#article mark")).to_have_count(0)
    assert script.asked[-1]["anyway"]
    page.reload()
    expect(made).to_contain_text("as far as the lamp can be seen")
    expect(page.get_by_role("button", name="Answer anyway")).to_have_count(0)
