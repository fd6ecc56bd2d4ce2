"""Real second parties, each in a process of its own: what they say streams in, is cited and counted, and can be left.

llama.cpp with the small model is reached as ``openai:``, with and without an API key, and behind Ollama's protocol.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import ModelError, UsageError
from assistant.home import Home
from assistant.types import Answer, EvidenceFound, Finished, StatementReady
from assistant.wiring import Application
from index.reading.load import load_bytes
from prompts import Message

TOWER = b"""# The oak tower

The tower was designed by Tom Reid and opened in 1888. It replaced a lamp that had burned on the hill for forty years.

The village had wanted a lighthouse of brick, but brick would have cost three times as much.
"""
QUESTION = "Why was no lighthouse built?"
COST = "The village had wanted a lighthouse of brick, but brick would have cost three times as much."

slow = pytest.mark.slow


@pytest.fixture(scope="module")
def application(small_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """One article, searched with minilm, and no reader: what the model says is all there is."""
    home = Home(tmp_path_factory.mktemp("home"))
    (home.root / "models").symlink_to(small_models)
    for folder in (home.articles, home.index, home.conversations, home.logs):
        folder.mkdir()
    (home.index / "embedder").write_text("minilm\n")
    (home.articles / ".seeded").touch()
    with closing(Application(home)) as application:
        application.library.add(load_bytes(TOWER, name="tower.md"))
        yield application


@pytest.fixture(autouse=True)
def fresh(application: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    """No key and address of whoever runs the tests, and no writer of the test before."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "OLLAMA_HOST", "OLLAMA_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    application.roster._writers.clear()


SERVED_BY = {
    "openai": "llama",
    "openai behind a key": "locked_llama",
    "configured behind a key": "locked_llama",
    "ollama": "ollama",
    "configured ollama": "ollama",
}


@pytest.fixture
def spoken_to(monkeypatch: pytest.MonkeyPatch) -> set[object]:
    """The addresses that were connected to, and the names that were looked up."""
    seen: set[object] = set()
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def connecting(self: socket.socket, address: Any) -> None:
        seen.add(address)
        connect(self, address)

    def looking_up(host: Any, *rest: Any, **more: Any) -> Any:
        if host != "127.0.0.1":
            seen.add(host)
        return look_up(host, *rest, **more)

    monkeypatch.setattr(socket.socket, "connect", connecting)
    monkeypatch.setattr(socket, "getaddrinfo", looking_up)
    return seen


@pytest.fixture(
    params=["openai", "openai behind a key", "configured behind a key", "ollama", "configured ollama", "scripted"]
)
def party(
    application: Application, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """The name of a model that a second party serves, which can be reached."""
    match request.param:
        case "openai":
            monkeypatch.setenv("OPENAI_BASE_URL", f"{request.getfixturevalue('llama').url}/v1")
        case "openai behind a key":
            monkeypatch.setenv("OPENAI_BASE_URL", f"{request.getfixturevalue('locked_llama').url}/v1")
            monkeypatch.setenv("OPENAI_API_KEY", "right-key")
        case "configured behind a key":
            monkeypatch.setenv("MINE", "right-key")
            url = f"{request.getfixturevalue('locked_llama').url}/v1"
            return configure(application, "mine", provider="openai", base_url=url, more='key_env = "MINE"')
        case "configured ollama":
            return configure(application, "mine", provider="ollama", base_url=request.getfixturevalue("ollama").url)
        case "ollama":
            monkeypatch.setenv("OLLAMA_HOST", request.getfixturevalue("ollama").url)
            return "ollama:smollm2"
        case "scripted":
            script = tmp_path / "replies.json"
            script.write_text(
                json.dumps(
                    [
                        {
                            "reply": "A lighthouse of brick would have cost three times as much [4].",
                            "repeat": True,
                            "usage": {"prompt": 380, "completion": 15},
                        }
                    ]
                )
            )
            return f"scripted:{script}"
    return "openai:smollm2"


def whole(application: Application, model: str, question: str = QUESTION) -> tuple[list[object], Answer]:
    events: list[Any] = list(application.ask(question, model=model))
    assert isinstance(events[-1], Finished)
    return events, events[-1].answer


@slow
def test_a_second_party_answers_with_citations_and_counts_and_nobody_else_is_spoken_to(
    application: Application, party: str, spoken_to: set[object], request: pytest.FixtureRequest
) -> None:
    events, answer = whole(application, party)
    assert (answer.model, answer.interrupted, answer.abstained) == (party, None, False)
    kinds = [type(event) for event in events]
    assert kinds.index(EvidenceFound) < kinds.index(StatementReady)
    document = application.library.documents()[0]
    citations = [citation for statement in answer.statements for citation in statement.citations]
    assert [citation.quote for citation in citations] == [COST]
    assert document.text[citations[0].start : citations[0].end] == COST
    assert answer.tokens["prompt"] > 300
    assert answer.tokens["completion"] > 5
    server = SERVED_BY.get(request.node.callspec.params["party"])
    port = int(request.getfixturevalue(server).url.rpartition(":")[2]) if server else 0
    assert spoken_to == ({("127.0.0.1", port)} if server else set())


@slow
def test_it_streams(application: Application, party: str) -> None:
    write = application.roster.writer(party)
    assert write is not None
    assert len([piece for piece in write([Message("user", "Say hello.")]) if isinstance(piece, str)]) > 5


@slow
@pytest.mark.parametrize("party", ["openai", "openai behind a key", "ollama"], indirect=True)
def test_leaving_ends_the_writing_of_the_server_within_two_seconds(
    application: Application, party: str, request: pytest.FixtureRequest
) -> None:
    locked = request.node.callspec.params["party"] == "openai behind a key"
    process = request.getfixturevalue("locked_llama" if locked else "llama").process_id
    write = application.roster.writer(party)
    assert write is not None
    stream = write([Message("user", "Tell me a very long story about the sea.")])
    assert next(piece for piece in stream if piece)
    assert works(process)
    left = time.monotonic()
    stream.close()
    while works(process):
        assert time.monotonic() - left < 2


def works(process: int) -> bool:
    """Whether a process uses the processor: looked at for a quarter of a second."""

    def used() -> int:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    before = used()
    time.sleep(0.25)
    return used() - before > 1


@slow
@pytest.mark.parametrize("key", ["wrong-key-of-mine", None], ids=["wrong key", "no key"])
def test_a_wrong_key_is_one_line_that_says_where_to_look(
    application: Application,
    locked_llama: Any,
    key: str | None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", f"{locked_llama.url}/v1")
    if key:
        monkeypatch.setenv("OPENAI_API_KEY", key)
    found, line = failing(application, "openai:smollm2")
    where = locked_llama.url.removeprefix("http://")
    assert line == f"The model's server at {where} refused the API key (401); check OPENAI_API_KEY."
    assert found > 0
    assert "wrong-key-of-mine" not in caplog.text


@slow
@pytest.mark.parametrize(
    ("named", "told"),
    [
        ('key_env = "MINE"', "MINE"),
        ('key_file = "mine.key"', "the key_file of 'behind-a-key'"),
        ("", "models.toml, where 'behind-a-key' names no key"),
    ],
)
def test_a_configured_model_whose_key_is_refused_names_its_own_place(
    application: Application, locked_llama: Any, named: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINE", "wrong-key-of-mine")
    key = application.home.root / "mine.key"
    key.touch(mode=0o600)
    key.write_text("wrong-key-of-mine\n")
    configure(application, "behind-a-key", provider="openai", base_url=f"{locked_llama.url}/v1", more=named)
    _, line = failing(application, "behind-a-key")
    assert line.endswith(f"refused the API key (401); check {told}.")
    assert "wrong-key-of-mine" not in line


def configure(application: Application, name: str, *, provider: str, base_url: str, more: str = "") -> str:
    """Write the file of configured models with this one in it, and return its name."""
    table = f'[{name}]\nprovider = "{provider}"\nmodel = "smollm2"\nbase_url = "{base_url}"\n{more}\n'
    (application.home.root / "models.toml").write_text(table)
    return name


def failing(application: Application, model: str) -> tuple[int, str]:
    """Return how many passages were shown before the model failed, and its line."""
    found = 0
    try:
        for event in application.ask(QUESTION, model=model):
            found = len(event.evidence) if isinstance(event, EvidenceFound) else found
    except ModelError as error:
        return found, str(error)
    pytest.fail("It answered.")


@slow
def test_a_model_that_ollama_does_not_have_is_one_line(
    application: Application, ollama: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", ollama.url)
    found, line = failing(application, "ollama:llama9")
    who = f"The model's server at {ollama.url.removeprefix('http://')}"
    assert line == f"{who} does not know the model 'llama9' (404); check its name and the server's address."
    assert found > 0


def test_ollama_that_does_not_run_is_one_line(application: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    monkeypatch.setenv("OLLAMA_HOST", f"http://127.0.0.1:{port}")
    found, line = failing(application, "ollama:smollm2")
    assert line == f"The model's server at 127.0.0.1:{port} refused the connection; is it running?"
    assert found > 0


def test_a_provider_whose_package_is_missing_names_the_extra(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"install this project with the extra 'ollama'\.$"):
        application.check("ollama:smollm2")
