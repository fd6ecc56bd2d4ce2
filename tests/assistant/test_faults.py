"""Every fault of a model's server, the whole way: what was found is shown first, then one plain line in its time.

``ASSISTANT_TEST_TRIALS=20`` tries each fault so often, and prints what came of it as a table.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from assistant import settings
from assistant.answer.question import Question
from assistant.cli import app
from assistant.cli.exits import ABSTAINED, ANSWERED, USER_ERROR
from assistant.errors import ModelError
from assistant.home import Home
from assistant.models import pump
from assistant.models.embedders import Embedders
from assistant.settings import Settings
from assistant.types import Answer, EvidenceFound, Finished, Notice, StatementReady, Turn, Waiting
from assistant.wiring import Application
from index.reading.load import load_bytes

TRIALS = int(os.environ.get("ASSISTANT_TEST_TRIALS", "1"))
TOWER = b"""# The oak tower

The tower was designed by Tom Reid and opened in 1888. It replaced a lamp that had burned on the hill for forty years.
"""
QUESTION = "Who designed the tower?"
SAID = "The tower was designed by Tom Reid and opened in 1888."
KEY = "key-of-mine-1234"


@dataclass(frozen=True)
class Fault:
    """What a server does, and what is to come of it."""

    name: str
    """As ``parties/fault_server.py`` calls it."""
    line: str
    within_s: float
    """Seconds from what was found to the line, on a machine that has nothing else to do."""
    requests: int = 1
    said: int = 0
    """Sentences that were whole, and stay."""
    limits: Mapping[str, float] = field(default_factory=dict)
    """Settings in seconds for this one; the default limits would make its test long."""


FAULTS = (
    Fault("refused", "WHO refused the connection; is it running?", 1, requests=0),
    Fault(
        "no such host",
        "WHO cannot be found: its name does not resolve. Check the address and the network.",
        6,
        requests=0,
    ),
    Fault("mute", "The model did not begin to answer within 1 s.", 1.5, limits={"first_token_s": 1}),
    Fault("comments", "The model did not begin to answer within 1 s.", 1.5, limits={"first_token_s": 1}),
    Fault("stalls", "The model stopped in mid-answer: nothing came for 1 s.", 1.5, said=1, limits={"idle_s": 1}),
    Fault("busy", "WHO takes no more requests for now (429); try again in 3600 s.", 1),
    Fault("busy-for-a-while", "WHO takes no more requests for now (429); try again in 100 s.", 1),
    Fault("500", "WHO failed (500); try again in a moment.", 3, requests=3),
    Fault("502", "WHO failed (502); try again in a moment.", 3, requests=3),
    Fault("503", "WHO failed (503); try again in a moment.", 3, requests=3),
    Fault("malformed", "WHO sent something that is not a chat completion; check the server's address.", 1, said=1),
    Fault("web-page", "WHO sent something that is not a chat completion; check the server's address.", 1),
    Fault(
        "truncated",
        "The model's answer broke off: the connection ended before the model said it was done.",
        1,
        said=1,
    ),
    Fault("torn", "WHO closed the connection before the answer was complete.", 1, said=1),
    Fault("error-in-stream", "WHO reported an error: out of memory", 1, said=1),
    Fault("endless", "The model had not finished after 3 s.", 3.5, said=1, limits={"total_s": 3}),
    Fault("flood", "The model did not stop writing; it was cut after 50,000 characters.", 3),
    # Asked once more, with half of the sentences.
    Fault("too-long", "The question and its passages are longer than WHO can hold.", 1, requests=2),
    Fault("wrong-key", "WHO refused the API key (401); check OPENAI_API_KEY.", 1),
    Fault("unknown", "WHO does not know the model 'unknown' (404); check its name and the server's address.", 1),
)
OLLAMAS = tuple(
    replace(fault, line=line or fault.line)
    for fault in FAULTS
    for name, line in {
        "refused": "",
        "mute": "",
        "stalls": "",
        "busy": "",
        "503": "",
        "malformed": "",
        "truncated": "",
        "error-in-stream": "",
        "endless": "",
        "unknown": "",
    }.items()
    if fault.name == name
)
named = partial(pytest.mark.parametrize, "fault", ids=lambda fault: fault.name)


@pytest.fixture(scope="module")
def application(small_models: Path, faults: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """One article, searched with minilm, and no reader; it has answered once, so that all is loaded."""
    home = Home(tmp_path_factory.mktemp("home"))
    (home.root / "models").symlink_to(small_models)
    for folder in (home.articles, home.index, home.conversations, home.logs):
        folder.mkdir()
    (home.index / "embedder").write_text("minilm\n")
    (home.articles / ".seeded").touch()
    with closing(Application(home)) as application, pytest.MonkeyPatch.context() as patch:
        application.library.add(load_bytes(TOWER, name="tower.md"))
        patch.setenv("OPENAI_BASE_URL", f"{faults.url}/v1")
        assert listen(application, "openai:good").line is None
        yield application


def use(application: Application, settings: Settings) -> None:
    """Have the next answers keep to these limits."""
    application.settings = application.roster._settings = settings
    application.roster._writers.clear()


Served = Callable[[str], str]


@pytest.fixture
def served(application: Application, faults: Any, monkeypatch: pytest.MonkeyPatch) -> Served:
    """Return a function that gives the whole name of a fault's model, its server's address being set."""
    for name in ("OPENAI_API_BASE", "OLLAMA_API_KEY", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    use(application, Settings())

    def name(fault: str, provider: str = "openai") -> str:
        url = faults.url
        if fault == "refused":
            with socket.create_server(("127.0.0.1", 0)) as unused:
                url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        elif fault == "no such host":
            url = "http://models.invalid"
        monkeypatch.setenv("OPENAI_BASE_URL", f"{url}/v1")
        monkeypatch.setenv("OLLAMA_HOST", url)
        # Requests are counted by name, so each trial has its own; but an unknown model is told by its name.
        return f"{provider}:{fault}" if fault == "unknown" else f"{provider}:{fault}@{time.monotonic_ns()}"

    return name


@dataclass
class Heard:
    """What came of a question."""

    kinds: list[type]
    statements: list[str]
    notices: list[str]
    found: int
    took_s: float
    line: str | None
    answer: Answer | None


def listen(application: Application, model: str, turns: tuple[Turn, ...] = ()) -> Heard:
    """Ask, and write down what comes; seconds count from what was found."""
    kinds, statements, notices, found, line, answer = [], [], [], 0, None, None
    began = time.monotonic()
    try:
        for event in application.ask(Question("And who designed it?" if turns else QUESTION, turns=turns), model=model):
            kinds.append(type(event))
            if isinstance(event, EvidenceFound):
                began = time.monotonic()
                found = len(event.evidence)
            statements += [event.statement.text] if isinstance(event, StatementReady) else []
            notices += [event.text] if isinstance(event, Notice) else []
            if isinstance(event, Finished):
                answer, line = event.answer, event.answer.interrupted
    except ModelError as error:
        line = str(error)
    return Heard(kinds, statements, notices, found, time.monotonic() - began, line, answer)


def left_running() -> tuple[int, set[str]]:
    """Return how many tasks stream, and the threads at work (those of the loop and its look-ups stay)."""

    async def count() -> int:
        return len(asyncio.all_tasks()) - 1

    tasks = asyncio.run_coroutine_threadsafe(count(), pump._LOOP.running()).result(5)
    return tasks, {
        one.name for one in threading.enumerate() if not one.name.startswith(("model-look-up", "model-streams"))
    }


def seen(faults: Any, model: str) -> dict[str, int]:
    """Return what the server counted of a model's name."""
    connection = http.client.HTTPConnection(faults.url.removeprefix("http://"), timeout=5)
    with closing(connection):
        connection.request("GET", f"/seen/{model.partition(':')[2]}")
        counted: dict[str, int] = json.loads(connection.getresponse().read())
        return counted


def expected(fault: Fault) -> re.Pattern[str]:
    """Return the line of a fault, with the server's name, and the model's counted name, left open."""
    who = r"[Tt]he model's server at (?:127\.0\.0\.1:\d+|models\.invalid)"
    return re.compile(re.escape(fault.line).replace("WHO", who))


@pytest.mark.parametrize("_trial", range(TRIALS))
@named(argvalues=FAULTS)
def test_a_fault_is_one_line_after_what_was_found(
    application: Application, served: Served, faults: Any, fault: Fault, _trial: int, tried: Any, caplog: Any
) -> None:
    _fails_well(application, served(fault.name), faults, fault, tried, caplog)


@pytest.mark.parametrize("_trial", range(TRIALS))
@named(argvalues=OLLAMAS)
def test_a_fault_behind_ollamas_protocol_is_one_line_too(
    application: Application, served: Served, faults: Any, fault: Fault, _trial: int, tried: Any, caplog: Any
) -> None:
    _fails_well(application, served(fault.name, "ollama"), faults, fault, tried, caplog)


def _fails_well(application: Application, model: str, faults: Any, fault: Fault, tried: Any, caplog: Any) -> None:
    caplog.set_level(logging.WARNING)
    before = left_running()
    with tried("Application.ask, " + model.partition(":")[0], fault.name) as trial:
        use(application, replace(Settings(), **fault.limits))
        heard = listen(application, model)
        trial.seconds, trial.line = heard.took_s, heard.line
        assert heard.line is not None
        assert expected(fault).fullmatch(heard.line)
        others = [kind for kind in heard.kinds if kind not in {Waiting, Notice}]
        assert [kind.__name__ for kind in others[:2]] == ["Searched", "EvidenceFound"]
        assert heard.found > 0
        assert heard.statements == [SAID] * fault.said
        assert (heard.answer is not None) == bool(fault.said)
        assert heard.answer is None or heard.answer.evidence
        assert heard.took_s < fault.within_s + 15  # this machine may have other things to do
        if fault.requests and fault.name != "unknown":
            assert seen(faults, model)["requests"] == fault.requests
        assert left_running() == before
        assert KEY not in heard.line + caplog.text


def test_a_slow_first_word_is_waited_for(application: Application, served: Served) -> None:
    heard = listen(application, served("slow"))
    assert (heard.line, heard.statements[0]) == (None, SAID)
    assert heard.took_s >= 0.5


def test_two_faults_in_a_row_and_then_a_good_answer(application: Application, served: Served, faults: Any) -> None:
    for model in (served("recovers"), served("busy-for-a-moment")):
        heard = listen(application, model)
        assert (heard.line, heard.statements) == (None, [SAID, "It replaced a lamp."])
        assert heard.answer is not None
        assert heard.answer.tokens == {"prompt": 40, "completion": 12}
    assert seen(faults, model)["requests"] == 2


def test_a_fault_leaves_nothing_behind_for_the_next_question(application: Application, served: Served) -> None:
    assert listen(application, served("web-page")).line
    assert listen(application, served("torn")).line
    assert listen(application, served("good")).line is None


def test_an_empty_answer_is_told_and_the_article_is_not_blamed_alone(application: Application, served: Served) -> None:
    for provider in ("openai", "ollama"):
        heard = listen(application, served("empty", provider))
        assert heard.notices == ["The model's reply was empty."]
        assert heard.answer is not None
        assert heard.answer.abstained


def test_what_was_found_is_shown_also_when_a_follow_up_cannot_be_rewritten(
    application: Application, served: Served, faults: Any
) -> None:
    turns = (Turn("user", "What is the tower made of?"), Turn("assistant", "The article does not say."))
    model = served("500")
    heard = listen(application, model, turns)
    assert heard.found > 0
    assert heard.line is not None
    assert "failed (500)" in heard.line
    assert seen(faults, model)["requests"] == 3  # the dead model is not asked for an answer, too


@pytest.mark.parametrize("provider", ["openai", "ollama"])
def test_whoever_leaves_in_mid_answer_is_rid_of_the_server_within_two_seconds(
    application: Application, served: Served, faults: Any, provider: str, tried: Any
) -> None:
    model = served("endless", provider)
    with tried("Application.ask, " + provider, "whoever asked leaves") as trial:
        events = application.ask(QUESTION, model=model)
        assert any(isinstance(event, StatementReady) for event in events)
        left = time.monotonic()
        events.close()
        while not seen(faults, model)["left"]:
            assert time.monotonic() - left < 2
            time.sleep(0.05)
        trial.seconds, trial.line = time.monotonic() - left, "the server has stopped writing"


# The same at the command line


@pytest.fixture
def at_the_terminal(
    application: Application, served: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Served:
    """Commands of this process find the home, and share its loaded embedder."""
    embedder = application.embedder()
    monkeypatch.setenv("ASSISTANT_HOME", str(application.home.root))
    monkeypatch.setattr(Embedders, "load", lambda _self, _name: embedder)
    monkeypatch.chdir(tmp_path)
    return served


@named(argvalues=FAULTS)
def test_a_command_says_the_line_and_exits_with_1(
    application: Application,
    at_the_terminal: Served,
    fault: Fault,
    tried: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings, "Settings", partial(Settings, **fault.limits))
    with tried("assistant ask", fault.name) as trial:
        began = time.monotonic()
        done = CliRunner().invoke(app, ["ask", QUESTION, "-m", at_the_terminal(fault.name)])
        trial.seconds, trial.line = time.monotonic() - began, done.stderr
        _ended_well(done.exit_code, done.stdout, done.stderr, fault)
        assert KEY not in (application.home.logs / "assistant.log").read_text()


def _ended_well(code: int, out: str, err: str, fault: Fault) -> None:
    assert code == USER_ERROR
    # Before it, what was left out in the hope that it fits then.
    assert err.count("\n") == (2 if fault.name == "too-long" else 1)
    line = err.splitlines()[-1].removeprefix("assistant: ")
    assert expected(fault).fullmatch(line[0].upper() + line[1:])
    assert out.startswith(f"{SAID} [1]\n" if fault.said else "")
    assert bool(out) == bool(fault.said)


def test_a_command_tells_of_an_empty_answer(at_the_terminal: Served) -> None:
    done = CliRunner().invoke(app, ["ask", QUESTION, "-m", at_the_terminal("empty")])
    assert (done.exit_code, done.stderr) == (ABSTAINED, "The model's reply was empty.\n")


LAUNCH = """
import sys
from functools import partial
from assistant import settings
settings.Settings = partial(settings.Settings, idle_s=1)
from assistant.cli import main
main()
"""


@pytest.mark.slow
@pytest.mark.parametrize("_trial", range(TRIALS))
def test_a_command_in_a_process_of_its_own_ends_in_its_time(
    application: Application, served: Served, monkeypatch: pytest.MonkeyPatch, tried: Any, _trial: int
) -> None:
    """Several at once: each reads the article, loads its embedder, and is told the line."""
    monkeypatch.setenv("ASSISTANT_HOME", str(application.home.root))
    ask = [sys.executable, "-c", LAUNCH, "ask", QUESTION, "-m"]
    chosen = [fault for fault in FAULTS if fault.name in {"no such host", "stalls", "busy", "torn"}]
    began = time.monotonic()
    running = [
        (fault, subprocess.Popen([*ask, served(fault.name)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        for fault in chosen
    ]
    for fault, process in running:
        with tried("assistant ask, its own process", fault.name) as one, process:
            out, err = process.communicate(timeout=100)
            one.seconds, one.line = time.monotonic() - began, err
            _ended_well(process.returncode, out, err, fault)


@pytest.mark.slow
def test_a_look_up_of_a_name_that_hangs_does_not_keep_the_command(
    application: Application, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some resolvers take half a minute; the line is there after six seconds, and so is the prompt."""
    monkeypatch.setenv("ASSISTANT_HOME", str(application.home.root))
    hangs = "import socket, time\nsocket.getaddrinfo = lambda *_, **__: time.sleep(60)\n"
    told = subprocess.run(
        [sys.executable, "-c", hangs + LAUNCH, "ask", QUESTION, "-m", served("no such host")],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert (told.returncode, told.stderr.count("\n")) == (USER_ERROR, 1)
    assert "did not answer in time" in told.stderr


def test_after_a_fault_the_same_command_answers(at_the_terminal: Served) -> None:
    assert CliRunner().invoke(app, ["ask", QUESTION, "-m", at_the_terminal("503")]).exit_code == USER_ERROR
    assert CliRunner().invoke(app, ["ask", QUESTION, "-m", at_the_terminal("good")]).exit_code == ANSWERED
