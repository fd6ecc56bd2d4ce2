"""A page behind a password: the browser asks for it once, and everything on the page works."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, expect

from assistant.app.extensions import Extensions
from assistant.app.password import Password
from assistant.app.ui import RunningApp, start

pytestmark = [
    pytest.mark.slow,
    # Gradio summarises its queue with an option that pandas has deprecated.
    pytest.mark.filterwarnings("ignore:'future.no_silent_downcasting' is deprecated:DeprecationWarning"),
]

SECRET = "a red gate by the sea"


@pytest.fixture(scope="module")
def app(script: Any) -> Iterator[RunningApp]:
    running = start(script, port=0, extensions=Extensions(), password=Password(SECRET, made=False))
    yield running
    running.stop()


def test_a_reader_who_knows_it_asks_opens_a_citation_and_adds_a_file(open_page: Any) -> None:
    page = open_page(http_credentials={"username": "reader", "password": SECRET})
    page.get_by_label("Your question").fill("What does the ferry cost?")
    page.get_by_label("Your question").press("Enter")
    expect(page.locator("#history #m0 footer")).to_be_visible()
    page.locator("#m0 .answer .cite").first.click()
    expect(page.locator("#article mark.active")).to_be_visible()
    page.get_by_role("tab", name="Articles").click()
    page.locator("#articles-files").set_input_files(
        {"name": "lamp.txt", "mimeType": "text/plain", "buffer": b"The lamp was lit at dusk, and put out at dawn."}
    )
    expect(page.locator("#place-articles")).to_contain_text("lamp.txt")


def test_a_reader_who_does_not_know_it_sees_nothing(chromium: Browser, app: RunningApp) -> None:
    unknown = chromium.new_context()
    with pytest.raises(Error, match="ERR_INVALID_AUTH_CREDENTIALS"):  # nobody is there to type it
        unknown.new_page().goto(app.url)
    unknown.close()
    wrong = chromium.new_context(http_credentials={"username": "reader", "password": "a red gate by the lake"})
    page = wrong.new_page()
    answered = page.goto(app.url)
    assert answered is not None
    assert (answered.status, page.locator("body").inner_text()) == (401, "This is not the password.")
    wrong.close()
