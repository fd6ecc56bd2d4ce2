"""The app with the measurement's tab and its form, in a real browser: the engine behind them plays a script."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from assistant.app.extensions import Extensions, NamedTab
from assistant.app.ui import RunningApp, start
from evals.cases.sets import SetChoice, load_set
from evals.numbers.compare import Comparison, RunView, compare
from evals.run.jobs import Plan
from evals.run.progress import RunProgress
from evals.run.runs import RunCard
from evals.tab.engine import report_file
from evals.tab.layout import EvalsTab
from evals.types import CaseResult, EvalCase

pytestmark = [
    pytest.mark.slow,
    # Gradio counts its events with pandas, by an option and a keyword that pandas 3 no longer wants.
    pytest.mark.filterwarnings("ignore:'future.no_silent_downcasting' is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated:DeprecationWarning"),
]

REPORT = """<!doctype html><title>A report</title><p id="said"></p>
<script>
document.getElementById("said").textContent = `the script runs from ${self.origin}`;
fetch("/gradio_api/info").catch(() => { document.body.dataset.network = "refused"; });
</script>"""
BRICK = "She was given brick."


class Engine:
    """A measurement whose one run goes on case by case as the test says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plans: list[Plan] = []
        self.step = threading.Semaphore(0)

    def sets(self) -> tuple[SetChoice, ...]:
        return (
            SetChoice("article", self.folder / "article", 120, own=True),
            SetChoice("mine", self.folder / "mine", 3, own=False),
        )

    def runs(self) -> tuple[RunCard, ...]:
        cards = []
        for file in sorted(self.folder.glob("runs/*/run.json"), reverse=True):
            saved = json.loads(file.read_text())
            headline = {"value": saved["value"], "low": 0.4, "high": 0.7, "n": 4}
            cards.append(
                RunCard(file.parent.name, file.parent, saved["model"], ("article",), 4, saved["done"],
                        saved["done"] == 4, False, saved["started"], headline)
            )  # fmt: skip
        return tuple(cards)

    def run(
        self, plan: Plan, on_progress: Callable[[RunProgress], None], stopped: Callable[[], bool]
    ) -> tuple[Path, ...]:
        self.plans.append(plan)
        done = 0
        on_progress(RunProgress(plan.models[0], 0, 4, 0, 0, 0.0, None, None))
        while done < 4 and not stopped():
            if self.step.acquire(timeout=0.05):
                done += 1
                on_progress(RunProgress(plan.models[0], done, 4, done, 0, done * 2.0, (4 - done) * 2.0, 0.5))
        return (self.save(f"run-{len(self.plans)}", plan.models[0], done, 0.5),)

    def save(self, name: str, model: str, done: int, value: float) -> Path:
        path = self.folder / "runs" / name
        path.mkdir(parents=True)
        (path / "report.html").write_text(REPORT)
        saved = {
            "format": 1,
            "model": model,
            "done": done,
            "value": value,
            "started": f"2026-01-02T03:04:0{round(10 * value)}+00:00",
        }
        (path / "run.json").write_text(json.dumps({**saved, "settings": {"retrieval_only": False}}))
        return path

    def compare(self, before: str, after: str) -> Comparison:
        return compare(*(self.view(name, turned) for name, turned in ((before, False), (after, True))))

    def view(self, name: str, turned: bool) -> RunView:
        rows = [
            CaseResult("s", str(n), {"answer": f"<b>said</b> {n}", "abstained": False},
                {"grounded_accuracy": float(turned or n > 5), "points": 1.0 if turned or n > 5 else -1.0},
                None if turned or n > 5 else "misread")
            for n in range(8)
        ]  # fmt: skip
        cases = {row.key: EvalCase("s", row.id, f"Question {row.id}?", True, (row.id,)) for row in rows}
        return RunView(name, {row.key: row for row in rows}, cases)

    def report(self, name: str) -> bytes | None:
        return report_file(self.folder / "runs", name)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path)


@pytest.fixture
def tabbed(script: Any, engine: Engine, tmp_path: Path) -> Iterator[RunningApp]:
    evals = EvalsTab(script, engine, tmp_path / "sets" / "mine")
    running = start(script, port=0, extensions=Extensions((NamedTab("evals", evals),)))
    yield running
    running.stop()


Visit = Callable[..., Page]


@pytest.fixture
def visit(tabbed: RunningApp, open_address: Callable[..., Page]) -> Visit:
    def visited(**options: Any) -> Page:
        page = open_address(tabbed.url, **options)
        expect(page.locator("#history .welcome")).to_be_visible()
        return page

    return visited


def ask(page: Page, question: str, *, position: int = 0) -> Locator:
    box = page.get_by_label("Your question")
    box.fill(question)
    box.press("Enter")
    exchange = page.locator(f"#history #m{position}")
    expect(exchange.locator("footer")).to_be_visible()
    return exchange


def open_evals(page: Page) -> None:
    page.get_by_role("tab", name="Evals").click()
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible()
    expect(page.locator("#evals-runs :is(p, table)").first).to_be_visible()


def open_case(page: Page, position: int = 0) -> None:
    page.locator(f"#m{position}").get_by_role("button", name="Poor answer").click()
    page.locator(f"#m{position}").get_by_role("button", name="Make this an eval case").click()
    expect(page.get_by_label("Question", exact=True)).to_be_focused()


def select(page: Page, start: str, end: str | None = None) -> None:
    """Select from the first characters of one text of the article to the last of another, as a mouse would."""
    page.evaluate(
        """([first, last]) => {
          const text = document.querySelector("#article .article-text");
          const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
          const range = document.createRange();
          for (let node; (node = walker.nextNode()); ) {
            if (node.data.includes(first)) range.setStart(node, node.data.indexOf(first));
            if (node.data.includes(last)) { range.setEnd(node, node.data.indexOf(last) + last.length); break; }
          }
          getSelection().removeAllRanges();
          getSelection().addRange(range);
        }""",
        [start, end or start],
    )
    page.wait_for_function("() => new Promise(done => setTimeout(() => done(true), 60))")


def test_without_an_extension_there_is_no_tab_of_one_and_no_case_to_make(page: Page) -> None:
    expect(page.get_by_role("tab")).to_have_text(["Ask", "Articles", "Models"])
    exchange = ask(page, "When was it lit?")
    exchange.get_by_role("button", name="Poor answer").click()
    expect(exchange.get_by_role("button", name="Poor answer")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("eval case")).to_have_count(0)
    assert page.locator("[id^=case], [id^=evals]").count() == 0


def test_with_one_a_quiet_bar_has_its_tab_too_and_the_panes_fill_the_page(visit: Visit) -> None:
    page = visit()
    expect(page.get_by_role("tab")).to_have_text(["Ask", "Articles", "Models", "Evals"])
    bar, topbar = page.get_by_role("tablist").bounding_box(), page.locator("#topbar").bounding_box()
    assert bar is not None
    assert topbar is not None
    assert bar["y"] + bar["height"] <= topbar["y"] + topbar["height"]
    for pane in ("#conversation-pane", "#article-pane"):
        box = page.locator(pane).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] == pytest.approx(800, abs=1)
    open_evals(page)
    expect(page.get_by_role("button", name="New conversation")).to_be_hidden()
    page.get_by_role("tab", name="Ask").click()
    exchange = ask(page, "When was it lit?")
    exchange.locator(".answer .cite").nth(2).click()
    expect(page.locator("#article mark.active")).to_be_in_viewport(ratio=1)


def test_a_phone_has_tabs_and_panes_and_nothing_is_wider_than_it(visit: Visit) -> None:
    page = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.get_by_role("button", name="Article", exact=True).tap()
    expect(page.get_by_role("region", name="Article")).to_be_visible()
    open_evals(page)
    expect(page.get_by_role("button", name="Article", exact=True)).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("#evals").evaluate("node => node.scrollWidth <= node.clientWidth")
    page.get_by_role("tab", name="Ask").click()
    expect(page.get_by_role("region", name="Article")).to_be_visible()


def test_a_run_shows_how_far_it_is_while_the_chat_goes_on_and_opens_its_report(visit: Visit, engine: Engine) -> None:
    page = visit()
    open_evals(page)
    expect(page.locator("#evals-runs")).to_contain_text("No run yet.")
    page.get_by_label("Small local model").check()
    page.get_by_label("Extractive").uncheck()
    page.get_by_label("Cases at most").fill("4")
    page.get_by_role("button", name="Run", exact=True).click()
    engine.step.release(2)
    now = page.locator("#evals-now")
    expect(now).to_contain_text("small 2 of 4 · 2.0 s a case · 4 s left · grounded accuracy so far 50%")
    page.get_by_role("tab", name="Ask").click()
    ask(page, "When was it lit?")
    page.get_by_role("tab", name="Evals").click()
    engine.step.release(2)
    expect(now).to_contain_text("Done.")
    assert engine.plans == [Plan(sets=(engine.folder / "article",), models=("local:small",), limit=4)]
    expect(page.locator("#evals-runs tbody tr")).to_contain_text(["50%Grounded accuracy 40%–70%, n = 4"])
    with page.expect_popup() as popup:
        now.get_by_role("link", name="Open report").click()
    report = popup.value
    # A page of its own: its script runs, but from no origin of ours and with no network.
    expect(report.locator("#said")).to_have_text("the script runs from null")
    expect(report.locator("body")).to_have_attribute("data-network", "refused")


def test_a_run_can_be_stopped_and_another_page_sees_it(visit: Visit, engine: Engine) -> None:
    page, other = visit(), visit()
    open_evals(page)
    page.get_by_role("button", name="Run", exact=True).click()
    engine.step.release(1)
    expect(page.locator("#evals-now")).to_contain_text("1 of 4")
    other.get_by_role("tab", name="Evals").click()
    expect(other.locator("#evals-now")).to_contain_text("1 of 4")
    other.get_by_role("button", name="Stop").click()
    for one in (page, other):
        expect(one.locator("#evals-now")).to_contain_text("Stopped after 1 of 4 cases")
        expect(one.locator("#evals-runs")).to_contain_text("1 of 4unfinished")


def test_what_cannot_be_run_is_said_in_a_line(visit: Visit, engine: Engine) -> None:
    page = visit()
    open_evals(page)
    page.get_by_label("Extractive").uncheck()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#evals-said")).to_have_text("Choose a model, or search alone.")
    assert engine.plans == []


def test_two_runs_are_compared_by_metric_and_case(visit: Visit, engine: Engine) -> None:
    engine.save("first", "extractive", 4, 0.4)
    engine.save("second", "local:small", 4, 0.6)
    page = visit()
    open_evals(page)
    page.get_by_role("button", name="Compare").click()
    compared = page.locator("#evals-compared")
    expect(compared.get_by_role("row", name="Grounded accuracy")).to_contain_text("25%")
    expect(compared).to_contain_text("6 of 8 cases changed")
    compared.get_by_text("Question 0?").click()
    expect(compared.locator("li").first).to_contain_text("<b>said</b> 0")


def test_reports_are_served_to_the_own_page_alone_and_nothing_else_is(
    visit: Visit, engine: Engine, tabbed: RunningApp
) -> None:
    engine.save("first", "extractive", 4, 0.4)
    request = visit().request
    at = f"{tabbed.url}tabs/evals"
    reply = request.get(f"{at}/first")
    assert (reply.status, reply.text()) == (200, REPORT)
    assert reply.headers["content-security-policy"].startswith("sandbox allow-scripts; default-src 'none'")
    assert request.get(f"{at}/first", headers={"Host": "evil.example"}).status == 400
    assert request.post(f"{at}/first").status == 404
    for name in ("", "other", "..%2f..%2fpyproject.toml", "first%2frun.json", "first/../../x", "%2e%2e", "first%00"):
        assert request.get(f"{at}/{name}").status in {404, 400}, name
    assert request.get(f"{tabbed.url}tabs/nobody/first").status == 404


def test_a_poor_answer_becomes_a_case_of_the_own_set(visit: Visit, tmp_path: Path) -> None:
    page = visit()
    ask(page, "When was it lit?")
    exchange = ask(page, "And of what?", position=1)
    expect(exchange.get_by_role("button", name="Make this an eval case")).to_have_count(0)
    open_case(page, 1)
    expect(page.get_by_label("Question", exact=True)).to_have_value("And of what?")
    page.get_by_role("button", name="Save case").click()
    expect(page.locator("#case-trouble")).to_contain_text("Write the expected answer, or add its proof")
    page.get_by_role("button", name="Add selection as evidence").click()
    expect(page.locator("#case-trouble")).to_contain_text("Nothing is selected")
    select(page, BRICK)
    page.get_by_label("Expected answer").fill("brick")
    page.get_by_role("button", name="Add selection as evidence").click()
    evidence = page.locator("#case-evidence li")
    expect(evidence).to_have_text([f"{BRICK}Remove"])
    select(page, "She was given", "A lamp that")
    page.get_by_role("button", name="Add selection as evidence").click()
    expect(evidence).to_have_count(2)
    evidence.last.get_by_role("button", name="Remove").click()
    expect(evidence).to_have_count(1)
    page.get_by_role("button", name="Save case").click()
    expect(page.locator("#case-said")).to_have_text("Saved. Your own set “mine” has 1 case.")
    expect(page.get_by_label("Your question")).to_be_focused()
    (case,) = load_set(tmp_path / "sets" / "mine").cases
    assert (case.question, case.answers, [gold.quote for gold in case.evidence]) == (
        "And of what?",
        ("brick",),
        [BRICK],
    )
    assert [turn.role for turn in case.history] == ["user", "assistant"]
    ask(page, "And then?", position=2)


def test_a_case_without_its_history_asks_the_standalone_question_and_may_have_no_answer(
    visit: Visit, tmp_path: Path
) -> None:
    page = visit()
    ask(page, "When was it lit?")
    ask(page, "And where?", position=1)
    open_case(page, 1)
    page.get_by_label("Keep the question before it").uncheck()
    expect(page.get_by_label("Question", exact=True)).to_have_value("And where at Skerry Point lighthouse")
    page.get_by_label("The article does not say").check()
    expect(page.get_by_label("Expected answer")).to_be_hidden()
    expect(page.get_by_role("button", name="Add selection as evidence")).to_be_hidden()
    page.get_by_role("button", name="Save case").click()
    expect(page.locator("#case-said")).to_contain_text("Saved.")
    (case,) = load_set(tmp_path / "sets" / "mine").cases
    assert (case.question, case.answerable, case.history) == ("And where at Skerry Point lighthouse", False, ())


def test_a_selection_beyond_the_article_is_refused_and_cancel_leaves_the_chat(visit: Visit) -> None:
    page = visit()
    ask(page, "When was it lit?")
    open_case(page)
    page.evaluate("""() => {
      const range = document.createRange();
      range.selectNodeContents(document.querySelector("#article .byline"));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
    }""")
    page.wait_for_function("() => new Promise(done => setTimeout(() => done(true), 60))")
    page.get_by_role("button", name="Add selection as evidence").click()
    expect(page.locator("#case-trouble")).to_contain_text("not exactly the article's own text")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#case")).to_have_count(0)
    ask(page, "And where?", position=1)


def test_on_a_phone_the_proof_is_added_over_the_article(visit: Visit) -> None:
    page = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    ask(page, "When was it lit?")
    open_case(page)
    page.get_by_role("button", name="Article", exact=True).tap()
    expect(page.locator("#case-float")).to_be_hidden()
    select(page, BRICK)
    page.get_by_role("button", name="Add selection as evidence").tap()
    expect(page.locator("#case-evidence li q")).to_have_text(BRICK)
    expect(page.locator("#case-evidence li q")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


class Odd:
    """An extension whose tab cannot be laid out and does not close."""

    label = "Odd"
    feedback = None

    def build(self, blocks: Any, tab: Any) -> None:  # noqa: ARG002
        raise RuntimeError("cannot")

    def page(self, name: str) -> bytes | None:  # noqa: ARG002
        return None

    def close(self) -> None:
        raise RuntimeError("will not")


@pytest.fixture
def with_an_odd_tab(script: Any) -> Iterator[RunningApp]:
    running = start(script, port=0, extensions=Extensions((NamedTab("odd", Odd()),)))
    yield running
    running.stop()


def test_an_extension_that_fails_does_not_stop_the_app(
    with_an_odd_tab: RunningApp, open_address: Callable[..., Page]
) -> None:
    page = open_address(with_an_odd_tab.url)
    expect(page.locator("#history .welcome")).to_be_visible()
    page.get_by_role("tab", name="Odd").click()
    expect(page.get_by_text("This tab cannot be shown (odd); the log says why.")).to_be_visible()
    page.get_by_role("tab", name="Ask").click()
    ask(page, "When was it lit?")


def test_closing_the_app_stops_a_run(script: Any, engine: Engine, tmp_path: Path) -> None:
    evals = EvalsTab(script, engine, tmp_path / "sets" / "mine")
    running = start(script, port=0, extensions=Extensions((NamedTab("evals", evals),)))
    evals._runner.start(Plan(sets=(tmp_path,)))
    began = time.monotonic()
    running.stop()
    assert not evals._runner.status.running
    assert time.monotonic() - began < 8
