"""The tab of articles in a real browser, over a real home folder: files, pages and texts go in, and are asked."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from articles_of_every_format import pdf
from fixtures.markup import vectors
from playwright.sync_api import Locator, Page, expect

from assistant.answer.question import Question
from assistant.app.ui import RunningApp
from assistant.home import Home
from assistant.library import intake
from assistant.library.intake import Source
from assistant.settings import Settings
from assistant.wiring import Application
from index.errors import LoadError
from index.reading.load import document_from_text, load_bytes

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    # Gradio counts its events with pandas, by an option and a keyword that pandas 3 no longer wants.
    pytest.mark.filterwarnings("ignore:'future.no_silent_downcasting' is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated:DeprecationWarning"),
]

HOSTILE = "<img src=x onerror=window.hacked=1>"
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def application(home: Home) -> Iterator[Application]:
    """A home folder of three articles, searched with minilm; no model but quoting is installed."""
    with closing(Application(home, Settings(model="extractive", reader=False))) as made:
        for name, year in {"bridge": 1931, "tower": 1888, "mill": 1702}.items():
            text = f"# The {name}\n\nThe {name} was opened in {year}.\n"
            made.library.add(load_bytes(text.encode(), name=f"{name}.md"))
        yield made


Visit = Callable[..., Page]


@pytest.fixture
def visit(served: RunningApp, open_address: Callable[..., Page]) -> Visit:
    """Return a function that opens the app's tab of articles; whatever a page complains of fails the test."""

    def visited(**options: Any) -> Page:
        page = open_address(served.url, **options)
        expect(page.locator("#history .welcome")).to_be_visible(timeout=30_000)
        open_articles(page)
        return page

    return visited


def open_articles(page: Page) -> None:
    page.get_by_role("tab", name="Articles").click()
    expect(page.get_by_role("heading", name="Library")).to_be_visible()


def titles(page: Page) -> Locator:
    return page.locator("#articles-list h3")


def said(page: Page) -> Locator:
    return page.locator("#articles-said")


def outcomes(page: Page) -> list[str]:
    return [re.sub(r"\n+", "\n", line) for line in page.locator(".outcomes > li").all_inner_texts()]


def file(name: str, text: str) -> Any:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": text.encode()}


def test_files_are_added_and_one_that_fails_hides_no_other(visit: Visit) -> None:
    page, other = visit(), visit()
    expect(titles(page)).to_have_text(["The bridge", "The mill", "The tower"])
    good = "# The lock\n\nThe lock was dug in 1820.\n"
    odd = f"# \\{HOSTILE}\n\nThe weir was built in 1750.\n"
    files = [file("lock.md", good), file(f"{HOSTILE}.pdf", "%PDF-1.4 none"), file("odd.md", odd)]
    page.locator("#articles-files").set_input_files(
        [*files, file("same.md", good), file("large.txt", "x" * 20_000_001)]
    )
    expect(said(page)).to_have_text("2 added, 1 unchanged, 2 failed.", timeout=60_000)
    assert [line.split("\n")[:2] for line in outcomes(page)] == [
        ["Failed", "large.txt"],
        ["Failed", f"{HOSTILE}.pdf"],
        ["Added", "The lock"],
        ["Added", HOSTILE],
        ["Unchanged", "The lock"],
    ]
    # Another page, too, shows what is there now; it can be asked at once.
    expect(titles(other)).to_have_text([HOSTILE, "The bridge", "The lock", "The mill", "The tower"])
    page.locator(".outcomes").get_by_role("button", name="The lock").first.click()
    expect(page.locator("#article .article-title")).to_have_text("The lock")
    expect(page.get_by_role("heading", name="Ask 5 articles")).to_be_visible()
    page.get_by_label("Your question").fill("When was the lock dug?")
    page.get_by_label("Your question").press("Enter")
    expect(page.locator("#m0 .answer")).to_contain_text("The lock was dug in 1820.", timeout=60_000)
    assert page.evaluate("window.hacked") is None


def test_a_text_is_pasted_with_a_title_of_its_own_and_is_what_an_empty_library_begins_with(
    visit: Visit, application: Application
) -> None:
    for name in ("bridge", "tower", "mill"):
        application.shelf.remove(name)
    page = visit()
    expect(page.locator("#articles-list")).to_have_text("No article yet: add one above.")
    page.get_by_label("A pasted text").fill("The weir was built in 1750.\n\n" + "It holds. " * 150_000)
    page.get_by_label("Title of the pasted text").fill(HOSTILE)
    page.get_by_role("button", name="Add text").click()
    expect(titles(page)).to_have_text([HOSTILE], timeout=60_000)
    expect(page.get_by_label("A pasted text")).to_have_value("")
    page.get_by_role("button", name="Cancel: adding articles").click(timeout=20_000)
    expect(said(page)).to_have_text("Cancelled. 1 added; what was added stays.", timeout=60_000)
    page.get_by_role("tab", name="Ask").click()
    expect(page.get_by_role("heading", name=f"Ask “{HOSTILE}”")).to_be_visible()
    expect(page.locator("#article .article-title")).to_have_text(HOSTILE)


def test_a_page_that_cannot_be_fetched_says_why(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refuse(url: str, **_: Any) -> Any:
        asked.append(url)
        raise LoadError(f"Found nothing at {url}; expected a page.")

    monkeypatch.setattr(intake, "fetch", refuse)
    page = visit()
    for address in ("example.org/story", "/etc/passwd", "file:///etc/passwd"):
        page.get_by_label("The address of a page").fill(address)
        page.get_by_label("The address of a page").press("Enter")
        expect(page.locator(".outcomes .why-not")).to_contain_text(address, timeout=30_000)
        expect(page.get_by_role("button", name="Cancel: adding articles")).to_have_count(0, timeout=30_000)
    assert asked == ["https://example.org/story", "https:///etc/passwd", "file:///etc/passwd"]
    assert outcomes(page) == [f"Failed\n{asked[-1]}\nFound nothing at {asked[-1]}; expected a page."]


def test_adding_is_told_and_cancelled_from_any_page(visit: Visit, slow: threading.Semaphore) -> None:
    page, other = visit(), visit()
    files = [file(f"{number}.md", f"# Note {number}\n\nNumber {number} is here.\n") for number in range(5)]
    page.locator("#articles-files").set_input_files(files)
    slow.release(2)
    for one in (page, other):
        expect(one.locator("#articles-adding")).to_contain_text("Adding 3 of 5", timeout=20_000)
        expect(one.get_by_role("progressbar", name="Adding articles")).to_have_attribute("aria-valuenow", "40")
        expect(one.locator(".outcomes > li")).to_have_count(2)
    page.get_by_label("The address of a page").fill("https://example.org/")
    page.get_by_role("button", name="Add page").click()
    expect(said(page)).to_have_text("Other articles are being added: wait for them, or cancel them.")
    other.get_by_role("button", name="Cancel: adding articles").click()
    slow.release(10)
    for one in (page, other):
        expect(said(one)).to_have_text(re.compile(r"Cancelled\. [23] added; what was added stays\."), timeout=20_000)
        expect(one.get_by_role("progressbar")).to_have_count(0)
    assert titles(page).count() in {5, 6}


def test_articles_are_found_renamed_removed_and_brought_back(visit: Visit, application: Application) -> None:
    page = visit()
    page.get_by_label("Search the library").fill("BRIDGE")
    expect(titles(page)).to_have_text(["The bridge"])
    page.get_by_label("Search the library").fill("<nothing>")
    expect(page.locator("#articles-list")).to_have_text(
        "No title, author or site of the 3 articles has “<nothing>” in it."
    )
    page.get_by_label("Search the library").fill("")
    expect(titles(page)).to_have_count(3)

    rename = page.get_by_role("button", name="Rename: The mill")
    rename.click()
    field = page.get_by_label("New title of The mill")
    expect(field).to_be_focused()
    field.press("Escape")
    expect(field).to_be_hidden()
    expect(rename).to_be_focused()
    rename.press("Enter")
    page.keyboard.type(HOSTILE)
    application.shelf.rename("tower", "A tower")  # what is typed stays while the list is drawn anew
    expect(titles(page)).to_have_text(["A tower", "The bridge", "The mill"])
    expect(field).to_have_value(HOSTILE)
    field.press("Enter")
    expect(titles(page)).to_have_text([HOSTILE, "A tower", "The bridge"])
    expect(page.locator("form.rename:visible")).to_have_count(0)

    page.get_by_role("button", name="Remove: A tower").click()
    expect(said(page)).to_contain_text("Removed “A tower”.")
    expect(titles(page)).to_have_text([HOSTILE, "The bridge"])
    expect(page.get_by_role("button", name="Undo: remove A tower")).to_be_focused()
    page.keyboard.press("Enter")
    expect(said(page)).to_have_text("“A tower” is back.")
    expect(titles(page)).to_have_text([HOSTILE, "A tower", "The bridge"])
    titles(page).nth(1).get_by_role("button").click()
    expect(page.locator("#article .article-title")).to_have_text("A tower")


def test_a_conversation_uses_the_articles_that_are_chosen_also_after_a_reload(
    visit: Visit, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    ask = application.ask

    def remember(question: Question, **options: Any) -> Any:
        asked.append(question.articles)
        return ask(question, **options)

    monkeypatch.setattr(application, "ask", remember)
    page = visit()
    page.get_by_role("tab", name="Ask").click()
    picker = page.locator("#picked input")
    for typed, title in (("tow", "The tower"), ("mill", "The mill")):
        picker.fill(typed)
        page.get_by_role("option", name=title).click()
    expect(page.get_by_role("heading", name="Ask 2 articles")).to_be_visible()
    page.reload()
    tokens = page.locator("#picked .token")
    expect(tokens).to_have_count(2)
    question = page.get_by_label("Your question")
    question.fill("When was the bridge opened?")
    question.press("Enter")
    expect(page.locator("#m0 footer")).to_be_visible(timeout=60_000)
    assert set(asked[0]) == {"tower", "mill"}
    expect(page.locator("#m0 .answer")).not_to_contain_text("1931")
    application.shelf.remove("mill")  # in another page, say
    expect(tokens).to_have_count(1, timeout=15_000)
    question.fill("When was it opened?")
    question.press("Enter")
    expect(page.locator("#m1 footer")).to_be_visible(timeout=60_000)
    assert asked[1] == ("tower",)


LOCK = pdf([["The lock was dug in 1820."], [], ["It was closed in 1931."]], title="The lock", author=HOSTILE)


def open_lock(visit: Visit, application: Application, **options: Any) -> Page:
    """Return a page that reads an article of three pages, of which the second is a photo."""
    list(application.shelf.take([Source("upload", "lock.pdf", LOCK)]))
    page = visit(**options)
    page.get_by_role("button", name="The lock", exact=True).click()
    expect(page.locator("#article .article-title")).to_have_text("The lock")
    return page


def text_on_screen(page: Page) -> str:
    text: str = page.locator("#article .article-text").evaluate("node => node.textContent")
    assert page.locator("#article .article-text").inner_text().split() == text.split()
    return text


def test_a_page_of_a_pdf_is_opened_as_a_picture_where_it_begins_and_closed(
    visit: Visit, application: Application
) -> None:
    page = open_lock(visit, application)
    buttons = page.get_by_role("button", name=re.compile(r"^Page \d of the original$"))
    expect(buttons).to_have_count(3)
    expect(page.locator("#article img")).to_have_count(0)
    text = application.library.get("lock").text
    assert text_on_screen(page) == text

    buttons.first.focus()
    page.keyboard.press("Enter")
    expect(buttons.first).to_have_attribute("aria-expanded", "true")
    first = page.get_by_role("img", name="Page 1 of The lock")
    expect(first).to_be_visible()
    buttons.nth(1).click()
    second = page.get_by_role("img", name="Page 2 of The lock")
    for image in (first, second):
        image.scroll_into_view_if_needed()
        expect(image).to_have_js_property("complete", value=True)
        assert image.evaluate("node => [node.naturalWidth, node.naturalHeight]") == [1200, 1698]
    with page.context.expect_page() as opened:
        first.click()
    assert opened.value.evaluate("document.images[0].naturalWidth") == 1200  # alone, to be looked at closely
    opened.value.close()
    assert second.evaluate("node => node.clientWidth") <= page.locator("#article").evaluate("node => node.clientWidth")
    # Each stands under its own page's button.
    tops = [one.bounding_box()["y"] for one in (buttons.first, first, buttons.nth(1), second, buttons.nth(2))]  # type: ignore[index]
    assert tops[0] < tops[1] < tops[2] < tops[3] < tops[4]
    assert text_on_screen(page) == text

    # An answer draws the article anew; the pictures stay, and its citation is found among them.
    question = page.get_by_label("Your question")
    question.fill("When was the lock closed?")
    question.press("Enter")
    expect(page.locator("#m0 footer")).to_be_visible(timeout=60_000)
    page.locator("#m0 .cite").first.click()
    expect(page.locator("#article mark.active")).to_be_in_viewport()
    expect(page.locator("#article img")).to_have_count(2)
    assert text_on_screen(page) == text

    for number in (0, 1):
        buttons.nth(number).press("Space")
        expect(buttons.nth(number)).to_have_attribute("aria-expanded", "false")
    expect(page.locator("#article img")).to_have_count(0)
    expect(page.locator("#article .page-picture")).to_have_count(0)
    page.locator("#m0 .cite").first.click()
    expect(page.locator("#article img")).to_have_count(0)
    assert page.evaluate("window.hacked") is None


@pytest.mark.parametrize("options", [PHONE, {"color_scheme": "dark"}], ids=["phone", "dark"])
def test_a_page_of_a_pdf_is_white_and_fits_everywhere(
    visit: Visit, application: Application, options: dict[str, Any]
) -> None:
    page = open_lock(visit, application, **options)
    page.get_by_role("button", name="Page 3 of the original").click()
    image = page.get_by_role("img", name="Page 3 of The lock")
    image.scroll_into_view_if_needed()
    expect(image).to_have_js_property("complete", value=True)
    assert image.evaluate("node => getComputedStyle(node).backgroundColor") == "rgb(255, 255, 255)"
    box, pane = image.bounding_box(), page.locator("#article").bounding_box()
    assert box
    assert pane
    assert pane["x"] <= box["x"] < box["x"] + box["width"] <= pane["x"] + pane["width"]
    assert box["width"] > 250
    assert page.locator("#article").evaluate("node => node.scrollWidth <= node.clientWidth")


def test_an_article_without_an_original_has_no_page_to_open_and_one_that_is_gone_says_so(
    visit: Visit, application: Application
) -> None:
    first = open_lock(visit, application)
    page = first.context.new_page()  # whose console may speak of what is not found
    page.goto(first.url)
    expect(page.locator("#article .article-title")).to_have_text("The lock")
    text = text_on_screen(page)
    next(application.library.folder.glob("*.pdf")).unlink()
    button = page.get_by_role("button", name="Page 1 of the original")
    button.click()
    line = page.get_by_label("There is no such page: the article has changed, or is gone.")
    expect(line).to_be_visible()
    assert "There is no such page" in line.evaluate("node => getComputedStyle(node, '::before').content")
    expect(page.locator("#article img")).to_have_count(0)
    assert text_on_screen(page) == text
    button.click()
    expect(line).to_have_count(0)
    page.reload()
    expect(page.locator("#article .page-start")).to_have_count(2)
    expect(button).to_have_count(0)
    assert text_on_screen(page) == text


def test_a_large_library_is_listed_in_parts_and_opens_quickly(visit: Visit, application: Application) -> None:
    for number in range(120):
        text = f"# Note {number:03}\n\nNumber {number} is here.\n"
        application.library.add(load_bytes(text.encode(), name=f"note{number}.md"))
    page = visit(**PHONE)
    expect(page.locator("#articles-list .count")).to_have_text("123 articles")
    expect(titles(page)).to_have_count(50)
    page.get_by_role("button", name="Show more").tap()
    expect(titles(page)).to_have_count(100)
    page.get_by_role("button", name="Show more").tap()
    expect(titles(page)).to_have_count(123)
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("#articles").evaluate("node => node.scrollWidth <= node.clientWidth")


# An element that came of a text: something of it stands where a browser would act on it.
ACTS = """() => [...document.querySelectorAll('*')].filter(element =>
    /hacked|evil\\.example|vector-/.test([...element.attributes]
        .filter(one => !/^(title|value|placeholder|alt|download|aria-|data-)/.test(one.name))
        .map(one => one.name + '=' + one.value).join(' '))
    || (/^(script|style|iframe|object|embed|link|meta|base)$/i.test(element.tagName)
        && /hacked|evil\\.example|vector-/.test(element.outerHTML))).map(element => element.outerHTML.slice(0, 200))"""


@pytest.mark.timeout(600)
def test_markup_in_titles_authors_headings_texts_and_names_is_text_wherever_it_is_shown(
    visit: Visit, application: Application
) -> None:
    markup = vectors()
    assert len(markup) >= 200
    for number, vector in enumerate(markup):
        text = f"The weir {number} was built by {vector}."
        article = document_from_text(text, id=f"v{number}", title=f"{vector} weir", language="en")
        application.library.add(replace(article, author=vector, site=vector, questions=(f"Who built {vector}?",)))
    whole = "\n\n".join(f"## {vector}\n\nThe dam {number}: {vector}" for number, vector in enumerate(markup))
    application.library.add(load_bytes(f"# A dam\n\n{whole}\n".replace("<", "\\<").encode(), name="dam.md"))
    page = visit()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    def holds(place: str, least: int) -> None:
        shown = page.locator(place).inner_text()
        assert len(set(re.findall(r"vector-\d+", shown))) >= least, place
        assert page.evaluate(ACTS) == []
        assert page.evaluate("window.hacked") is None
        assert [url for url in asked if urlsplit(url).hostname != "127.0.0.1"] == []

    while page.get_by_role("button", name="Show more").count():
        page.get_by_role("button", name="Show more").click()
        page.wait_for_timeout(300)
    holds("#articles-list", 200)
    page.locator("#articles-files").set_input_files([file(f"{vector}.exe", "\0") for vector in markup[::6]])
    expect(said(page)).to_contain_text(f"{len(markup[::6])} failed", timeout=60_000)
    holds(".outcomes", len(markup[::6]))
    page.get_by_label("Search the library").fill("A dam")
    page.locator("#articles-list h3 button", has_text="A dam").click()
    expect(page.locator("#article .article-title")).to_have_text("A dam")
    holds("#article", 200)
    page.locator("#picked input").click()
    page.wait_for_timeout(500)
    holds("body", 200)
    page.keyboard.press("Escape")
    question = page.get_by_label("Your question")
    for number in range(0, len(markup), 40):
        question.fill(f"Who built the weir {number}? {markup[number]}")
        question.press("Enter")
        turn = page.locator(f"#m{number // 40}")
        expect(turn.locator("footer")).to_be_visible(timeout=60_000)
        for summary in turn.locator("details > summary").all():
            summary.click()
        holds(f"#m{number // 40}", 1)
    page.reload()
    expect(page.locator("#m0 footer")).to_be_visible(timeout=60_000)
    holds("#history", 5)
