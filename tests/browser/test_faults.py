"""Faults of a model's server as a reader sees them: what was found and the line are on the screen, and one goes on."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from assistant.app.extensions import Extensions
from assistant.app.ui import RunningApp, start
from assistant.home import Home
from assistant.settings import Settings
from assistant.wiring import Application
from index.reading.load import load_bytes

pytestmark = [
    pytest.mark.slow,
    # Gradio counts its events with pandas, by an option and a keyword that pandas 3 no longer wants.
    pytest.mark.filterwarnings("ignore:'future.no_silent_downcasting' is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated:DeprecationWarning"),
]

TOWER = b"""# The oak tower

The tower was designed by Tom Reid and opened in 1888. It replaced a lamp that had burned on the hill for forty years.
"""
QUESTION = "Who designed the tower?"
SAID = "The tower was designed by Tom Reid and opened in 1888."
SAYS_NOTHING = {
    "refused": "refused the connection; is it running?",
    "busy": "takes no more requests for now (429); try again in 3600 s.",
    "too-long": "The question and its passages are longer than the model's server at ",
}
BREAKS_OFF = {"stalls": "The model stopped in mid-answer: nothing came for 3 s."}

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def app(small_models: Path, faults: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The app on a home with one article, and a configured model for each fault."""
    home = Home(tmp_path_factory.mktemp("home"))
    (home.root / "models").symlink_to(small_models)
    for folder in (home.articles, home.index, home.conversations, home.logs):
        folder.mkdir()
    (home.index / "embedder").write_text("minilm\n")
    (home.articles / ".seeded").touch()
    with socket.create_server(("127.0.0.1", 0)) as unused:
        nobody = f"http://127.0.0.1:{unused.getsockname()[1]}"
    (home.root / "models.toml").write_text(
        "".join(
            f'[{name}]\nprovider = "openai"\nmodel = "{name}"\nbase_url = "{url}/v1"\n'
            for name in (*SAYS_NOTHING, *BREAKS_OFF, "good")
            for url in (nobody if name == "refused" else faults.url,)
        )
    )
    settings = Settings(model="good", idle_s=3)
    with closing(Application(home, settings)) as application:
        application.library.add(load_bytes(TOWER, name="tower.md"))
        application.index()
        running = start(application, port=0, extensions=Extensions())
        yield running
        running.stop()


def ask(page: Page, model: str) -> float:
    """Ask a model; return when."""
    page.get_by_role("combobox", name="Model", exact=True).click()
    page.locator(f'li[role="option"][aria-label^="{model} ("]').click()
    box = page.get_by_label("Your question")
    box.fill(QUESTION)
    box.press("Enter")
    return time.monotonic()


def answered_next(page: Page, position: int) -> None:
    """Ask a model that works, on the same page."""
    ask(page, "good")
    exchange = page.locator(f"#history #m{position}")
    expect(exchange.locator(".sentence")).to_have_text([re.compile(re.escape(SAID)), re.compile("It replaced a lamp")])
    expect(page.get_by_role("alert")).to_have_count(0)


def found(place: Locator) -> None:
    expect(place.get_by_text(re.compile(r"^Found \d passages? in "))).to_be_visible()


@pytest.mark.parametrize("fault", SAYS_NOTHING)
def test_a_model_that_says_nothing_leaves_what_was_found_and_its_line(page: Page, fault: str, tried: Any) -> None:
    with tried("browser", fault) as trial:
        asked = ask(page, fault)
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text(SAYS_NOTHING[fault])
        trial.seconds, trial.line = time.monotonic() - asked, alert.locator("p").inner_text()
        found(page.locator("body"))
        answered_next(page, 0)


@pytest.mark.parametrize("fault", BREAKS_OFF)
def test_a_model_that_breaks_off_leaves_what_it_said_marked(page: Page, fault: str, tried: Any) -> None:
    with tried("browser", fault) as trial:
        asked = ask(page, fault)
        exchange = page.locator("#history #m0")
        expect(exchange.locator(".interrupted")).to_have_text(f"Ends early. {BREAKS_OFF[fault]}", timeout=15_000)
        trial.seconds, trial.line = time.monotonic() - asked, exchange.locator(".interrupted").inner_text()
        expect(exchange.locator(".sentence")).to_have_text(re.compile(re.escape(SAID)))
        found(exchange)
        answered_next(page, 1)
