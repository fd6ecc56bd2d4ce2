"""Folders go into the library in a real browser: chosen or dropped, in rounds, and none of their files for another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from assistant.app.ui import RunningApp
from assistant.home import Home
from assistant.settings import Settings
from assistant.wiring import Application

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    # Gradio counts its events with pandas, by an option and a keyword that pandas 3 no longer wants.
    pytest.mark.filterwarnings("ignore:'future.no_silent_downcasting' is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated:DeprecationWarning"),
]

LOCK, WEIR = "# The lock\n\nThe lock was dug in 1820.\n", "# The weir\n\nThe weir was built in 1750.\n"


@pytest.fixture
def application(home: Home) -> Iterator[Application]:
    """An empty library, searched with minilm; no model but quoting is installed."""
    with closing(Application(home, Settings(model="extractive", reader=False))) as made:
        yield made


@pytest.fixture
def page(served: RunningApp, open_address: Callable[..., Page]) -> Page:
    page = open_address(served.url)
    expect(page.locator("#history .welcome")).to_be_visible(timeout=30_000)
    page.get_by_role("tab", name="Articles").click()
    expect(page.get_by_role("heading", name="Library")).to_be_visible()
    return page


@pytest.fixture
def sent(page: Page) -> list[str]:
    """The names of the files that the page has sent so far."""
    names: list[str] = []

    def note(url: str) -> None:
        if urlsplit(url).path == "/articles/upload":
            names.extend(parse_qs(urlsplit(url).query)["name"])

    page.on("request", lambda request: note(request.url))
    return names


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """A folder of sixty notes, two of them of one name, and of what is no article."""
    made = tmp_path / "reports"
    texts = {f"{2020 + n % 3}/note{n:02}.md": f"# Note {n}\n\nNumber {n} is here.\n" for n in range(58)}
    texts |= {
        "2020/plan.md": "# The lock\n\nThe lock was dug in 1820.\n",
        "2021/plan.md": "# The weir\n\nIt was built.\n",
    }
    texts |= {"2022/scan.pdf": "%PDF-1.4 none", ".hidden.md": "# No\n\nNo.\n", ".git/config.md": "# No\n\nNo.\n"}
    texts |= {"setup.exe": "MZ", "2020/photo.jpg": "none", "2020/~$plan.md": "none", "__MACOSX/plan.md": "none"}
    for name, text in texts.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(text)
    return made


# A folder as a browser shows one that was dropped, of {name: text, or a folder, or "gone", or "large"}.
DROP = """([name, inside]) => {
    const file = (name, text) => text === "large" ? { name, size: 20_000_001 } : new File([text], name);
    const entry = (name, inside) => typeof inside === "string"
        ? { name, isFile: true, isDirectory: false,
            file: (take, fail) => inside === "gone" ? fail(new Error("gone")) : take(file(name, inside)) }
        : { name, isFile: false, isDirectory: true, createReader: () => {
            const all = Object.entries(inside).map(([name, inside]) => entry(name, inside));
            return { readEntries: (take, fail) => inside.unreadable ? fail(new Error()) : take(all.splice(0, 100)) };
          } };
    const items = [
        { kind: "string", webkitGetAsEntry: () => null, getAsFile: () => null },
        { kind: "file", webkitGetAsEntry: () => entry(name, inside), getAsFile: () => new File([], name) },
        { kind: "file", webkitGetAsEntry: () => null, getAsFile: () => file("loose.md", "It is loose.") },
    ];
    const drop = new Event("drop", { bubbles: true, cancelable: true });
    Object.defineProperty(drop, "dataTransfer", { value: { types: ["Files"], items } });
    document.querySelector("#drop").dispatchEvent(drop);
}"""


def said(page: Page, text: Any) -> None:
    expect(page.locator("#articles-said")).to_have_text(text, timeout=60_000)


def failures(page: Page) -> dict[str, str]:
    """Return why each failed, of those that are listed."""
    failed = page.locator(".outcomes > li.failed")
    names, reasons = (failed.locator(part).all_inner_texts() for part in (".name", ".why-not"))
    return dict(zip(names, reasons, strict=True))


def test_a_chosen_folder_goes_in_in_rounds_and_a_second_time_nothing_changes(
    page: Page, sent: list[str], application: Application, reports: Path
) -> None:
    page.locator("#articles-folder").set_input_files(reports)
    said(page, "60 added, 1 failed.")
    assert len(sent) == 61
    ((name, why),) = failures(page).items()
    assert (name, "damaged" in why) == ("reports/2022/scan.pdf", True)
    library = application.library
    sources = {document.source for document in library.documents()}
    assert {"upload:reports/2020/plan.md", "upload:reports/2021/plan.md"} < sources
    assert (len(sources), {library.get("plan").title, library.get("plan-2").title}) == (60, {"The lock", "The weir"})
    before = library.stamp()
    page.locator("#articles-folder").set_input_files(reports)
    said(page, "60 unchanged, 1 failed.")
    assert library.stamp() == before


def test_a_dropped_folder_is_walked_to_its_end(page: Page, sent: list[str], application: Application) -> None:
    many = {f"n{n:03}.MD": f"# Note {n}\n\nNumber {n} is here.\n" for n in range(230)}
    notes = {name: text if number < 3 or number > 227 else "gone" for number, (name, text) in enumerate(many.items())}
    deep: dict[str, Any] = {"deepest.md": "# Deep\n\nIt is deep.\n"}
    for number in range(20):
        deep = {f"d{number}": deep}
    inside = {
        "notes": notes,
        "b": {"plan.md": LOCK},
        "a": {"plan.md": WEIR, "tool.exe": "MZ", ".x.md": "# No\n\nNo.\n", "~$plan.md": "none"},
        "__MACOSX": {"plan.md": "none"},
        ".git": {"config.md": "# No\n\nNo.\n"},
        "locked": {"unreadable": {}},
        "large.txt": "large",
        "deep": deep,
    }
    page.evaluate(DROP, ["given", inside])
    said(page, "8 added, 228 failed.")
    places = ["a/plan.md", "b/plan.md", *(f"notes/n{number:03}.MD" for number in (0, 1, 2, 228, 229))]
    assert sent == [*(f"given/{place}" for place in places), "loose.md"]
    assert {document.source for document in application.library.documents()} == {f"upload:{name}" for name in sent}
    reasons = failures(page)
    unreadable = "It could not be read: is it gone, or not yours?"
    assert reasons["given/notes/n003.MD"] == reasons["given/locked"] == unreadable
    assert reasons["given/deep/" + "/".join(f"d{n}" for n in range(19, 0, -1))] == "It lies more than 20 folders deep."


def test_a_folder_of_this_machine_can_be_dropped(page: Page, sent: list[str], reports: Path) -> None:
    few = reports.rename(reports.with_name("few"))
    for note in few.glob("*/note*.md"):
        note.unlink()
    (few / "loop").symlink_to(few)
    area = page.locator("#drop").bounding_box()
    assert area is not None
    protocol = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(few)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        event = {"type": kind, "x": area["x"] + 50, "y": area["y"] + 20, "data": data}
        protocol.send("Input.dispatchDragEvent", event)
    said(page, "2 added, 1 failed.")
    assert sent == ["few/2020/plan.md", "few/2021/plan.md", "few/2022/scan.pdf"]


def test_a_folder_without_articles_and_one_of_too_many_say_so(page: Page) -> None:
    page.evaluate(DROP, ["photos", {"a.jpg": "none", "empty": {}}])
    said(page, "1 added, 1 failed.")
    assert failures(page) == {"photos": "There is nothing in this folder that can be added."}
    page.evaluate(DROP, ["archive", {f"{n:04}.txt": "large" for n in range(1200)}])
    first = page.locator(".outcomes > li.failed").first
    expect(first).to_contain_text("More than 1,000 files", timeout=30_000)
    expect(first).to_contain_text("Only the first 1,000 files are added; the command “assistant add FOLDER” takes")
    expect(page.locator("#articles-taken .state")).to_have_text("1 added, 1,000 failed")


def test_cancelling_an_adding_stops_all_its_rounds(
    page: Page, sent: list[str], slow: threading.Semaphore, reports: Path
) -> None:
    page.locator("#articles-folder").set_input_files(reports)
    slow.release(3)
    expect(page.locator("#articles-adding")).to_contain_text("Adding 4 of 61", timeout=30_000)
    expect(page.locator("#sending")).to_be_hidden()
    page.locator("#articles-files").set_input_files([{"name": "a.md", "mimeType": "", "buffer": b"# A\n\nA.\n"}])
    said(page, "Other articles are being added: wait for them, or cancel them.")
    page.get_by_role("button", name="Cancel: adding articles").click()
    slow.release(100)
    expect(page.locator("#articles-said")).to_contain_text("Cancelled.", timeout=30_000)
    assert len(sent) == 50
    page.wait_for_timeout(500)
    page.locator("#articles-files").set_input_files([{"name": "a.md", "mimeType": "", "buffer": b"# A\n\nA.\n"}])
    said(page, "1 added.")
    assert sent[50:] == ["a.md"]


def test_cancelling_while_the_first_round_is_sent_adds_what_came(page: Page, reports: Path) -> None:
    page.evaluate("""() => {
        const send = window.fetch;
        let sent = 0;
        window.fetch = (place, options) => !`${place}`.startsWith("articles/") || ++sent <= 3 ? send(place, options)
            : new Promise((_, fail) => options.signal.addEventListener("abort", () => fail(options.signal.reason)));
    }""")
    page.locator("#articles-folder").set_input_files(reports)
    expect(page.locator("#sending")).to_contain_text("Sending 4 of 61…")
    page.locator("#sending").get_by_role("button", name="Cancel").click()
    said(page, "3 added, 1 failed.")
    assert failures(page) == {"58 files": "Not sent: it was cancelled."}
