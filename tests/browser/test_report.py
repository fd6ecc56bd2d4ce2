"""The report in a real Chromium: what it shows is what was measured, and nothing it shows can act."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from assistant.types import Turn
from evals.numbers.summary import summarise, to_json
from evals.report.page import ReportRun, write_report
from evals.types import CaseResult, EvalCase, GoldSpan
from index.types import Block, Document

pytestmark = pytest.mark.slow

HOSTILE = (
    '</script><script>document.title="hacked"</script><img src="https://evil.example/x.png" onerror="alert(1)">'
    "<style>@import url(https://evil.example/y.css)</style><base href=https://evil.example/>"
)
BLOCKS = [
    (1, f"The lamp at Skerry Point {HOSTILE}"),
    (0, "The lighthouse 🏮🏮 was lit in 1871. Ada Holm chose granite 𠮷, and she was given brick. It stands yet."),
    (0, "A cable brings the power from the village."),
    *((0, f"Paragraph {n} speaks of the weather. It was mild.") for n in range(9)),
    (2, "Visitors"),
    (0, "About 6,000 people climb the 142 steps every year. Dogs must wait. There is no lift."),
    (0, f"Printed as it is: {HOSTILE} ${{7*7}}"),
]
LIT, BRICK, CLIMB = (
    "The lighthouse 🏮🏮 was lit in 1871.",
    "Ada Holm chose granite 𠮷, and she was given brick.",
    "About 6,000 people climb the 142 steps every year.",
)


def article() -> Document:
    text, blocks = "", []
    for level, body in BLOCKS:
        text += "\n\n" if text else ""
        blocks.append(Block("heading" if level else "paragraph", len(text), len(text) + len(body), level))
        text += body
    return Document("lamp", BLOCKS[0][1], text, tuple(blocks))


LAMP = article()


def place(quote: str) -> tuple[int, int]:
    start = LAMP.text.index(quote)
    return start, start + len(quote)


def cited(quote: str) -> dict[str, Any]:
    start, end = place(quote)
    return {"document": "lamp", "title": LAMP.title, "start": start, "end": end, "quote": quote, "support": 0.9}


def result(*said: tuple[str, list[str]]) -> dict[str, Any]:
    start, end = place(BLOCKS[1][1])
    return {
        "question": "",
        "searched": "what was searched for",
        "answer": " ".join(text for text, _ in said) or "The article does not say.",
        "abstained": not said,
        "statements": [
            {"text": text, "verdict": "supported", "citations": [cited(quote) for quote in quotes]}
            for text, quotes in said
        ],
        "evidence": [{"document": "lamp", "start": start, "end": end, "score": 0.8}],
        "timings_ms": {"evidence": 41, "total": 1300},
        "tokens": {"prompt": 400, "completion": 20},
    }


def cases(number: int) -> list[EvalCase]:
    made = [
        EvalCase("mine", "lit", "When was it lit?", True, ("lamp",), (), ("1871",), (),
                 (GoldSpan("lamp", *place(LIT), LIT),), (), "en", ("date",)),
        EvalCase("mine", "climb", "And how many climb it?", True, ("lamp",),
                 (Turn("user", "Is it open?"), Turn("assistant", "Yes.")), ("6,000",), (),
                 (GoldSpan("lamp", *place(CLIMB), CLIMB),), (), "en", ("number",)),
        EvalCase("odd", f"id {HOSTILE}", f"Question {HOSTILE}", False, ("lamp",), lang="ja", tags=(HOSTILE,)),
    ]  # fmt: skip
    return made + [EvalCase("mine", f"more-{n}", f"Filler {n}?", False, ("lamp",)) for n in range(number)]


def report(path: Path, *, fillers: int = 3, only: bool = False) -> Path:
    asked = cases(fillers)
    known = {one.key: one for one in asked}

    def rows(skilled: bool) -> Iterator[CaseResult]:
        for one in asked:
            if only:
                yield CaseResult(
                    one.set, one.id, {**result(), "answer": ""}, {"hit@5": 1.0 if one.answerable else None}
                )
            elif one.id == "lit":
                both = result(("It was lit in 1871.", [LIT]), ("The granite became brick.", [BRICK, LIT]))
                yield CaseResult(one.set, one.id, both, right | {"accuracy": 1.0, "hit@5": 1.0})
            elif one.id == "climb" and not skilled:
                yield CaseResult(one.set, one.id, None, {}, error=f"ModelError: broke off {HOSTILE}")
            elif one.answerable or (one.set == "odd" and not skilled):
                failure = "misread" if one.answerable else "should have refused"
                yield CaseResult(one.set, one.id, result((f"It is so. {HOSTILE}", [BRICK])), wrong, failure)
            else:
                yield CaseResult(one.set, one.id, result(), right | {"refused": 1.0})

    right = {"grounded_accuracy": 1.0, "points": 1.0, "ms_total": 1300.0}
    wrong = {"grounded_accuracy": 0.0, "points": -1.0, "ms_total": 900.0}
    runs = [
        ReportRun(
            name, f"local:{name}", "minilm", {"machine": HOSTILE, "command": HOSTILE},
            to_json(summarise(list(rows(skilled)), known)), list(rows(skilled)), known, {"lamp": LAMP}, [HOSTILE],
        )
        for name, skilled in (("plain", False), ("skilled-with-a-rather-long-name-instruct", True))
    ]  # fmt: skip
    write_report(runs, path)
    return path


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report(tmp_path_factory.mktemp("report") / "report.html")


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def opened(chromium: Browser, complaints: list[str]) -> Iterator[Any]:
    """A function that opens a report; a request, a dialog, an error or refused content fails the test."""
    contexts = []

    def at(file: Path, address: str = "", **options: Any) -> Page:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        own = file.as_uri()
        page.on("request", lambda request: request.url.startswith((own, "data:,")) or complaints.append(request.url))
        page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(own + address)
        expect(page.locator(".row").first).to_be_attached()
        return page

    yield at
    for context in contexts:
        context.close()
    assert complaints == []


def choose(page: Page, question: str) -> None:
    page.locator(".row", has_text=question).click()
    expect(page.locator(".question")).to_contain_text(question)


def test_hostile_text_is_shown_as_it_is_and_does_nothing(opened, file):
    page = opened(file)
    choose(page, "Question </script>")
    expect(page.locator(".question")).to_have_text(f"Question {HOSTILE}")
    expect(page.locator(".answer .said").first).to_contain_text(f"It is so. {HOSTILE}")
    expect(page.locator(".article h3")).to_have_text(LAMP.title)
    page.get_by_role("button", name="Whole article").click()
    expect(page.locator(".text-of")).to_contain_text(BLOCKS[-1][1])
    choose(page, "And how many")
    expect(page.locator(".answer .broken").first).to_have_text(f"ModelError: broke off {HOSTILE}")
    assert "hacked" not in page.title().split(":")
    assert page.locator("img, iframe, base, article script, link[rel=stylesheet]").count() == 0


def test_an_injected_script_would_be_refused(chromium, file):
    context = chromium.new_context()
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(file.as_uri())
    ran = page.evaluate(
        """() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1';
                   document.body.append(s); return window.ran ?? 0 }"""
    )
    context.close()
    assert ran == 0
    assert any("Content Security Policy" in text for text in refused)


def test_what_is_highlighted_is_the_cited_quote_letter_for_letter(opened, file):
    page = opened(file)
    choose(page, "When was it lit?")
    marked = page.evaluate(
        """() => { const found = {};
             for (const mark of document.querySelectorAll('.text-of mark'))
               for (const name of mark.dataset.names.split(' ')) found[name] = (found[name] ?? '') + mark.textContent;
             return found }"""
    )
    assert marked == {"0-1": LIT, "0-2": BRICK, "1-1": LIT, "1-2": BRICK}
    gold = page.evaluate("[...document.querySelectorAll('.text-of .gold')].map((one) => one.textContent).join('')")
    assert gold == LIT


def test_a_citation_leads_to_its_place_and_the_place_back_to_its_sentence(opened, file):
    page = opened(file)
    choose(page, "When was it lit?")
    page.locator('.said [data-cite="0-2"]').click()
    expect(page.locator("mark.active")).to_have_text([BRICK])
    expect(page.locator("mark.active")).to_be_in_viewport()
    page.locator('.text-of [data-cite="0-2"]').click()
    expect(page.locator('.said [data-cite="0-2"]')).to_be_focused()


def test_the_article_opens_around_its_places_and_whole_on_request(opened, file):
    page = opened(file)
    choose(page, "When was it lit?")
    text = page.locator(".text-of")
    expect(text).to_contain_text(BLOCKS[2][1])  # the paragraph after
    expect(text).not_to_contain_text("Paragraph 5")
    page.get_by_role("button", name="Whole article").click()
    expect(text).to_contain_text("Paragraph 5")
    page.get_by_role("button", name="Only the places").click()
    expect(text).not_to_contain_text("Paragraph 5")


def test_search_reads_questions_answers_and_ids_whatever_the_case_and_width(opened, file):
    page = opened(file)
    search = page.get_by_label("Search")
    for words, found in (
        ("WHEN lit", "1 of 6 cases"),
        ("ｇｒａｎｉｔｅ brick", "1 of 6"),
        ("more-2", "1 of 6"),
        ("zzz", "0 of 6"),
    ):
        search.fill(words)
        expect(page.locator("#found")).to_contain_text(found)
    expect(page.locator("#rows")).to_contain_text("No case is like that")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#found")).to_have_text("6 cases")


def test_filters_show_what_they_say(opened, file):
    page = opened(file)
    for name, option, found in (
        ("verdict", "not right", 2),
        ("set", "mine", 5),
        ("lang", "ja", 1),
        ("tag", "date", 1),
        ("answerable", "no", 4),
    ):
        page.locator(f"#{name}").select_option(option)
        expect(page.locator(".row")).to_have_count(found)
        page.get_by_role("button", name="Clear").click()
        expect(page.locator(".row")).to_have_count(6)
    page.get_by_label("Models differ").check()
    expect(page.locator(".row .q")).to_have_text(["And how many climb it?", f"Question {HOSTILE}"])


def test_a_count_opens_as_many_cases_as_it_says(opened, file):
    page = opened(file)
    buttons = page.locator("button[data-verdict]")
    total = {"0": 0, "1": 0}
    for n in range(buttons.count()):
        button = buttons.nth(n)
        button.click()
        expect(page.locator(".row")).to_have_count(int(button.inner_text()))
        total[button.get_attribute("data-model") or ""] += int(button.inner_text())
    assert total == {"0": 6, "1": 6}


def test_keys_move_through_the_list_and_find_the_search(opened, file):
    page = opened(file)
    page.locator("#list").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".question")).to_have_text("And how many climb it?")
    assert page.url.endswith("#case=mine/climb")
    page.keyboard.press("ArrowUp")
    expect(page.locator(".question")).to_have_text("When was it lit?")
    page.keyboard.press("End")
    expect(page.locator(".question")).to_have_text("Filler 2?")
    page.keyboard.press("k")
    expect(page.locator(".question")).to_have_text("Filler 1?")
    page.keyboard.press("/")
    expect(page.get_by_label("Search")).to_be_focused()
    page.keyboard.type("jk/")
    expect(page.get_by_label("Search")).to_have_value("jk/")


def test_an_address_opens_its_case(opened, file):
    page = opened(file, "#case=mine/climb")
    expect(page.locator(".question")).to_have_text("And how many climb it?")
    expect(page.locator(".turn")).to_have_text(["Is it open?", "Yes."])


def test_slices_follow_the_number_chosen(opened, file):
    page = opened(file)
    line = page.locator("#slice-tables tr", has_text="not answerable")
    expect(line.locator("td b")).to_have_text(["75%", "100%"])
    page.get_by_label("Number shown").select_option("points")
    expect(line.locator("td b")).to_have_text(["+0.50", "+1.00"])


@pytest.mark.parametrize("width", [360, 390, 768])
def test_a_phone_scrolls_down_only(opened, file, width):
    page = opened(file, viewport={"width": width, "height": 800}, has_touch=True)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.locator(".row", has_text="Question").click()
    expect(page.locator("#list")).to_be_hidden()
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.get_by_role("button", name="All cases").click()
    expect(page.locator("#list")).to_be_visible()


def test_a_long_list_holds_only_the_rows_in_sight(opened, tmp_path):
    page = opened(report(tmp_path / "long.html", fillers=2900))
    expect(page.locator("#found")).to_have_text("2,903 cases")
    assert page.locator(".row").count() < 60
    page.locator("#list").focus()
    page.keyboard.press("End")
    expect(page.locator(".question")).to_have_text("Filler 2899?")
    expect(page.locator(".row[aria-selected=true]")).to_be_in_viewport()
    took = page.evaluate(
        """() => { const began = performance.now(); const search = document.getElementById('search');
             search.value = 'filler 77'; filter(); return performance.now() - began }"""
    )
    assert took < 500
    expect(page.locator("#found")).to_contain_text(
        "56 of"
    )  # n77 twenty-nine times, 77n thirty times, three of them both


def test_a_run_that_only_retrieved_shows_what_was_found(opened, tmp_path):
    page = opened(report(tmp_path / "only.html", only=True))
    expect(page.locator(".scatter, #refusal")).to_have_count(0)
    expect(page.locator("#details details[open]")).to_have_count(1)
    choose(page, "When was it lit?")
    expect(page.locator(".passages li")).to_have_count(1)
    expect(page.locator(".passages .is-gold")).to_contain_text("proof")
    page.locator(".passages button").click()
    expect(page.locator(".text-of .found").first).to_be_in_viewport()


def test_dark_and_light_and_print_have_their_own_colours(opened, file):
    page = opened(file, color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.emulate_media(color_scheme="light")
    light = page.evaluate(ground)
    page.emulate_media(media="print", color_scheme="dark")
    assert [dark, light, page.evaluate(ground)] == ["rgb(19, 21, 23)", "rgb(246, 245, 241)", "rgb(255, 255, 255)"]
    expect(page.locator("#list")).to_be_hidden()
