"""A model's writer: a script's, and a local one's that is started, watched and revived."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.errors import ModelError, UsageError
from assistant.models import writer as writer_module
from assistant.models.llm import parse_model_name
from assistant.models.local import LocalServers
from assistant.models.pump import Usage
from assistant.models.scripted import Reply, ScriptedChatModel
from assistant.models.writer import writer_of
from assistant.settings import Settings
from assistant.types import Notice
from prompts import Message

QUESTION = [
    Message("system", "Be brief."),
    Message("user", "What is a bridge?"),
    Message("assistant", "A way over."),
    Message("user", "Name a color."),
]
STARTED_AGAIN = Notice("The local model had stopped; it was started again.")
ASKED_AGAIN = Notice("The local model stopped answering; it was restarted and is asked again.")
DIED = "The local model m.gguf ended by itself (signal 6); llama.cpp's log is l."


class Server:
    """A local server in a test's hands; ``breaks`` says what it becomes when a reply breaks off."""

    def __init__(self, state: str, *, loads: bool = True, breaks: str = "dead") -> None:
        self.state, self.loads, self.breaks = state, loads, breaks
        self.model_path = Path("m.gguf")
        self.holds = 4096
        self.restarts: list[str] = []

    def ensure(self) -> bool:
        died = self.state == "dead"
        if self.state != "ready":
            self.state = "loading"
        return died

    def wait_ready(self, timeout_s: float) -> str:
        if self.state == "loading" and timeout_s:
            self.state = "ready" if self.loads else "dead"
            raise ModelError("still loading")
        if self.state != "ready":
            raise ModelError("llama.cpp cannot load m.gguf: it is torn.")
        return "http://127.0.0.1:1/v1"

    def healthy(self) -> bool:
        return self.state == "ready"

    def restart(self, why: str) -> None:
        self.restarts.append(why)
        self.state = "loading"


class Servers:
    def __init__(self, *servers: Server) -> None:
        self.servers = list(servers)

    def get(self, _: Path, *, context: int | None = None) -> Server:
        assert context is None
        return self.servers.pop(0) if len(self.servers) > 1 else self.servers[0]


def write(
    server: Server,
    *scripts: str | Reply,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    later: Server | None = None,
    settings: Settings | None = None,
) -> Iterator[object]:
    """Return what a local writer says over this server; each time it is asked, the next script answers."""
    model = tmp_path / "m.gguf"
    model.write_bytes(b"GGUF")
    models = [ScriptedChatModel.of(script) for script in scripts]

    def chat_model(*_: object, **__: object) -> ScriptedChatModel:
        model = models.pop(0)
        if model.script[0].error:
            server.state = server.breaks
        return model

    monkeypatch.setattr(writer_module, "chat_model", chat_model)
    said = writer_of(
        parse_model_name(f"local:{model}"),
        weights_path=Path,
        servers=Servers(server, *([later] if later else [])),  # type: ignore[arg-type]
        settings=settings or Settings(),
    )
    assert said is not None
    return said(QUESTION)


def words(pieces: Iterator[object]) -> list[object]:
    """Join the text of a reply; leave out heartbeats and counts."""
    kept: list[object] = []
    for piece in pieces:
        if isinstance(piece, str) and kept and isinstance(kept[-1], str):
            kept[-1] += piece
        elif piece is not None and not isinstance(piece, Usage):
            kept.append(piece)
    return kept


def test_quoting_needs_no_voice() -> None:
    assert writer_of(parse_model_name("extractive"), weights_path=Path, servers=Servers(), settings=Settings()) is None  # type: ignore[arg-type]


def test_a_script_is_spoken_piece_by_piece_and_counted(tmp_path: Path) -> None:
    script = tmp_path / "s.json"
    script.write_text(
        '[{"reply": "It is red.", "chunks": ["It is", " red."], "usage": {"prompt": 40, "completion": 4}}]'
    )
    with LocalServers(tmp_path / "log") as servers:
        said = writer_of(
            parse_model_name(f"scripted:{script}"), weights_path=Path, servers=servers, settings=Settings()
        )
        assert said is not None
        assert [piece for piece in said(QUESTION) if piece is not None] == ["It is", " red.", Usage(40, 4)]
        with pytest.raises(ModelError, match="has no reply left"):
            list(said(QUESTION))


def test_a_model_hears_every_role() -> None:
    heard = writer_module._as_langchain(QUESTION)
    assert [(message.type, message.content) for message in heard] == [
        ("system", "Be brief."),
        ("human", "What is a bridge?"),
        ("ai", "A way over."),
        ("human", "Name a color."),
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("local:/nowhere/m.gguf", "There is no model file /nowhere/m.gguf; give the path of a .gguf file."),
        (
            "smollm2-135m-instruct",
            "The weights of smollm2-135m-instruct are not here yet; run `assistant models pull smollm2-135m-instruct`.",
        ),
        ("scripted:/nowhere/s.json", "The script /nowhere/s.json cannot be read: No such file or directory."),
    ],
)
def test_what_is_not_there_is_said_before_anything_is_asked(name: str, message: str, tmp_path: Path) -> None:
    with LocalServers(tmp_path / "log") as servers, pytest.raises(UsageError) as error:
        writer_of(
            parse_model_name(name), weights_path=lambda file: tmp_path / file, servers=servers, settings=Settings()
        )
    assert str(error.value) == message


def test_a_silent_model_is_given_up_after_the_settings_limit(tmp_path: Path) -> None:
    script = tmp_path / "s.json"
    script.write_text('[{"reply": "late", "delay_s": 5}]')
    settings = replace(Settings(), first_token_s=0.3)
    with LocalServers(tmp_path / "log") as servers:
        said = writer_of(parse_model_name(f"scripted:{script}"), weights_path=Path, servers=servers, settings=settings)
        assert said is not None
        with pytest.raises(ModelError, match=r"did not begin to answer within 0\.3 s"):
            list(said(QUESTION))


def test_a_model_of_this_machine_is_waited_for_five_times_as_long(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    impatient, late = replace(Settings(), first_token_s=0.3), Reply("Red.", delay_s=0.6)
    assert words(write(Server("ready"), late, monkeypatch=monkeypatch, tmp_path=tmp_path, settings=impatient)) == [
        "Red."
    ]


@pytest.mark.parametrize("state", ["stopped", "loading", "ready"])
def test_a_server_is_started_when_first_needed_with_heartbeats_meanwhile(
    state: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pieces = list(write(Server(state), "Red.", monkeypatch=monkeypatch, tmp_path=tmp_path))
    assert pieces[0] == ("Red." if state == "ready" else None)
    assert words(iter(pieces)) == ["Red."]


def test_a_dead_server_is_started_again_and_the_reader_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert words(write(Server("dead"), "Red.", monkeypatch=monkeypatch, tmp_path=tmp_path)) == [STARTED_AGAIN, "Red."]


def test_a_model_that_cannot_load_is_an_error_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    server = Server("dead", loads=False)
    pieces = write(server, monkeypatch=monkeypatch, tmp_path=tmp_path)
    assert next(pieces) is None
    with pytest.raises(ModelError, match="it is torn"):
        next(pieces)
    assert server.restarts == []


def test_a_server_that_dies_before_a_word_is_restarted_and_asked_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = Server("ready")
    pieces = write(server, Reply("", error=DIED), "Red.", monkeypatch=monkeypatch, tmp_path=tmp_path)
    assert words(pieces) == [ASKED_AGAIN, "Red."]
    assert server.restarts == [DIED]


def test_a_server_that_dies_twice_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pieces = write(
        Server("ready"), Reply("", error=DIED), Reply("", error="Again."), monkeypatch=monkeypatch, tmp_path=tmp_path
    )
    with pytest.raises(ModelError, match="Again"):
        list(pieces)


def test_a_server_that_dies_in_mid_answer_is_restarted_for_the_next_question(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = Server("ready")
    pieces = write(server, Reply("It is", error=DIED), monkeypatch=monkeypatch, tmp_path=tmp_path)
    assert next(piece for piece in pieces if piece) == "It "
    with pytest.raises(ModelError, match="signal 6"):
        list(pieces)
    assert server.restarts == [DIED]


def test_an_error_of_a_healthy_server_is_passed_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    server = Server("ready", breaks="ready")
    with pytest.raises(ModelError, match="too long"):
        list(write(server, Reply("", error="The prompt is too long."), monkeypatch=monkeypatch, tmp_path=tmp_path))
    assert server.restarts == []


def test_a_server_stopped_to_make_room_for_another_model_is_asked_for_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    evicted, anew = Server("ready", breaks="stopped"), Server("stopped")
    pieces = write(
        evicted, Reply("", error="It is stopped."), "Red.", monkeypatch=monkeypatch, tmp_path=tmp_path, later=anew
    )
    assert words(pieces) == [ASKED_AGAIN, "Red."]
    assert (evicted.state, evicted.restarts, anew.state) == ("stopped", [], "ready")


@pytest.mark.slow
def test_a_killed_server_costs_one_answer_at_most(
    smollm2: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between questions: started again, with a notice. Killed in mid-answer: an error, and the next works."""
    monkeypatch.setattr(writer_module, "LONGEST_ANSWER", 16)

    def ask(servers: LocalServers, *, kill_after_words: int | None = None) -> list[object]:
        said = writer_of(parse_model_name(f"local:{smollm2}"), weights_path=Path, servers=servers, settings=Settings())
        assert said is not None
        kept: list[object] = []
        for piece in said([Message("user", "Count from one to fifty, in words.")]):
            kept += [] if piece is None else [piece]
            if len([one for one in kept if isinstance(one, str)]) == kill_after_words:
                kill(servers)
                kill_after_words = None
        return kept

    def kill(servers: LocalServers) -> None:
        server = servers.get(smollm2)
        assert server.process_id is not None
        os.kill(server.process_id, signal.SIGKILL)
        deadline = time.monotonic() + 5
        while server.state != "dead" and time.monotonic() < deadline:
            time.sleep(0.01)

    with LocalServers(tmp_path / "log") as servers:
        first = ask(servers)
        assert isinstance(first[-1], Usage)
        kill(servers)
        assert ask(servers) == [STARTED_AGAIN, *first]
        with pytest.raises(ModelError):
            ask(servers, kill_after_words=1)
        assert ask(servers) == first
