"""The stream under time limits: a server with every fault we know of, each ending in one plain line in its time."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import AsyncGeneratorType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from assistant.errors import ContextTooLongError, ModelError
from assistant.models import llm
from assistant.models import pump as pump_module
from assistant.models.local import LocalServers
from assistant.models.model_errors import explain
from assistant.models.pump import Usage, pump
from assistant.models.scripted import Reply, ScriptedChatModel

ASK: list[BaseMessage] = [HumanMessage("When did it open?")]


def heard(items: list[str | Usage | None]) -> str:
    return "".join(item for item in items if isinstance(item, str))


def listen(model: BaseChatModel, *, retries: int = 0, **limits: float) -> tuple[str, str, float]:
    """Return the text, the error's line (empty when there was none), and the seconds it took."""
    text, error, started = "", "", time.monotonic()
    try:
        for item in pump(model, ASK, beat_s=0.05, retries=retries, **limits):  # type: ignore[arg-type]
            text += item if isinstance(item, str) else ""
    except ModelError as problem:
        error = str(problem)
    assert "\n" not in error
    return text, error, time.monotonic() - started


def left_open() -> list[str]:
    """Return the async generators that stand where a reply left them, for the garbage collector to trip over."""
    # By its very type: to ask some packages' objects for their class loads half of them.
    generators = [thing for thing in gc.get_objects() if type(thing) is AsyncGeneratorType]
    return [generator.__qualname__ for generator in generators if generator.ag_frame is not None]


# The stream itself, with a scripted model


def test_the_pieces_come_as_they_were_said_and_the_usage_last() -> None:
    model = ScriptedChatModel.of(Reply("It opened in 1812.", usage=(40, 6)))
    items = [item for item in pump(model, ASK) if item is not None]
    assert items == ["It ", "opened ", "in ", "1812.", Usage(40, 6)]
    assert model.asked == [ASK]


@given(st.lists(st.text(max_size=8), max_size=12))
def test_however_the_reply_is_cut_the_pieces_join_to_it(chunks: list[str]) -> None:
    items = list(pump(ScriptedChatModel.of(Reply("".join(chunks), chunks=tuple(chunks))), ASK))
    assert heard(items) == "".join(chunks)
    assert isinstance(items[-1], Usage)


def test_an_empty_reply_is_no_error() -> None:
    items = [item for item in pump(ScriptedChatModel.of(""), ASK) if item is not None]
    assert items == [Usage(5 - 1, 0)]


def test_there_is_a_heartbeat_while_the_model_is_silent_and_while_it_speaks() -> None:
    silent = list(pump(ScriptedChatModel.of(Reply("word", delay_s=0.5)), ASK, beat_s=0.05))
    assert silent.index("word") >= 5
    talking = list(pump(ScriptedChatModel.of(Reply("a " * 50, delay_s=0.01)), ASK, beat_s=0.1))
    assert talking.count(None) >= 3


def test_leaving_cancels_the_model_at_once() -> None:
    model = ScriptedChatModel.of(Reply("one two", chunks=("one ", "two"), delay_s=0.1), Reply("x", delay_s=30))
    stream = pump(model, ASK, beat_s=0.02)
    assert next(item for item in stream if item) == "one "
    stream.close()
    slow = pump(model, ASK, beat_s=0.02)
    assert next(slow) is None
    started = time.monotonic()
    slow.close()
    assert time.monotonic() - started < 0.5
    assert _tasks_left() == 0


def _tasks_left() -> int:
    async def count() -> int:
        return len(asyncio.all_tasks()) - 1

    return asyncio.run_coroutine_threadsafe(count(), pump_module._LOOP.running()).result(5)


def test_many_streams_run_side_by_side_and_keep_to_themselves() -> None:
    heard_by: dict[int, str] = {}

    def run(number: int) -> None:
        reply = Reply(f"{number} " * 20, delay_s=0.01)
        heard_by[number] = heard(list(pump(ScriptedChatModel.of(reply), ASK)))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(20)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard_by == {number: f"{number} " * 20 for number in range(20)}
    assert time.monotonic() - started < 3


def test_a_model_without_a_stream_of_its_own_is_heard_too() -> None:
    class Whole(GenericFakeChatModel):
        def _stream(self, *_: Any, **__: Any) -> Iterator[ChatGenerationChunk]:
            raise NotImplementedError

    words = pump(GenericFakeChatModel(messages=iter(["It opened in 1812."])), ASK)
    assert heard(list(words)) == "It opened in 1812."
    whole = Whole(messages=iter(["It opened in 1812."]), disable_streaming=True)
    assert heard(list(pump(whole, ASK))) == "It opened in 1812."


class Blocks(BaseChatModel):
    """Speaks in content blocks, as some providers do; thinks aloud before it answers."""

    @property
    def _llm_type(self) -> str:
        return "blocks"

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        raise NotImplementedError

    async def _astream(self, *_: Any, **__: Any) -> AsyncIterator[ChatGenerationChunk]:
        for block in (
            {"type": "reasoning", "reasoning": "Hm.", "index": 0},
            {"type": "text", "text": "In ", "index": 1},
            {"type": "text", "text": "1812.", "index": 1},
        ):
            yield ChatGenerationChunk(message=AIMessageChunk(content=[block]))


def test_content_blocks_are_text_and_thoughts_are_not() -> None:
    assert [item for item in pump(Blocks(), ASK) if item] == ["In ", "1812.", Usage(0, 0)]


def test_an_error_in_mid_answer_leaves_what_was_said() -> None:
    text, error, _ = listen(ScriptedChatModel.of(Reply("It opened", error="The script broke off.")))
    assert (text, error) == ("It opened", "The script broke off.")


def test_callbacks_are_handed_on_and_no_tracer_appears(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING"):
        monkeypatch.delenv(name, raising=False)

    class Counting(AsyncCallbackHandler):
        tokens = 0

        async def on_llm_new_token(self, *_: Any, **__: Any) -> None:
            self.tokens += 1

    handler = Counting()
    assert heard(list(pump(ScriptedChatModel.of("one two"), ASK, config={"callbacks": [handler]}))) == "one two"
    assert handler.tokens == 3
    assert not [thread.name for thread in threading.enumerate() if "tracing" in thread.name.lower()]


# Time limits


def test_a_model_that_never_begins_is_given_up() -> None:
    text, error, seconds = listen(ScriptedChatModel.of(Reply("late", delay_s=9)), first_token_s=0.3)
    assert (text, error) == ("", "The model did not begin to answer within 0.3 s.")
    assert 0.3 <= seconds < 1


def test_a_model_that_falls_silent_is_given_up_and_its_words_are_kept() -> None:
    class Stalls(ScriptedChatModel):
        async def _astream(self, *args: Any, **options: Any) -> AsyncIterator[ChatGenerationChunk]:
            async for chunk in super()._astream(*args, **options):
                yield chunk
                await asyncio.sleep(9)

    text, error, seconds = listen(Stalls.of("It opened in 1812."), idle_s=0.3, first_token_s=9)
    assert (text, error) == ("It ", "The model stopped in mid-answer: nothing came for 0.3 s.")
    assert seconds < 1


def test_a_model_that_never_ends_is_cut() -> None:
    text, error, seconds = listen(ScriptedChatModel.of(Reply("on and " * 999, delay_s=0.02)), total_s=0.5)
    assert text.startswith("on and on and ")
    assert error == "The model had not finished after 0.5 s."
    assert 0.5 <= seconds < 1.2


def test_a_model_that_blocks_the_loop_itself_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Blocking(ScriptedChatModel):
        async def _astream(self, *args: Any, **options: Any) -> AsyncIterator[ChatGenerationChunk]:
            time.sleep(1.5)  # noqa: ASYNC251  the fault under test
            async for chunk in super()._astream(*args, **options):
                yield chunk

    monkeypatch.setattr(pump_module, "_GRACE_SECONDS", 0.2)
    text, error, seconds = listen(Blocking.of("x"), total_s=0.3)
    assert (text, error) == ("", "The model took more than 0.3 s and does not respond.")
    assert seconds < 2


def test_the_loop_can_be_closed_and_begins_anew() -> None:
    pump_module._LOOP.close()
    pump_module._LOOP.close()
    assert heard(list(pump(ScriptedChatModel.of("one"), ASK))) == "one"


# A server with faults

Behaviour = Callable[[BaseHTTPRequestHandler], None]


class FaultServer(ThreadingHTTPServer):
    """Answers each request with the next behaviour; the last one stays."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behaviours: list[Behaviour] = []
        self.requests = 0
        self.client_left = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: FaultServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.close_connection = True
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests += 1
        queue = self.server.behaviours
        behaviour = queue.pop(0) if len(queue) > 1 else queue[0]
        try:
            behaviour(self)
        except (BrokenPipeError, ConnectionResetError):
            self.server.client_left.set()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def faults() -> Iterator[FaultServer]:
    server = FaultServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def on(faults: FaultServer) -> BaseChatModel:
    return llm._on_server(faults.url, "secret-key-of-mine", max_tokens=9, seed=0)


def begin(handler: BaseHTTPRequestHandler, content_type: str = "text/event-stream") -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", content_type)
    handler.send_header("Connection", "close")
    handler.end_headers()


def event(text: str | None = None, finish: str | None = None) -> bytes:
    delta = {"content": text} if text is not None else {}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return _data({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]})


def _data(value: object) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()


def streams(*events: bytes, content_type: str = "text/event-stream") -> Behaviour:
    def behave(handler: BaseHTTPRequestHandler) -> None:
        begin(handler, content_type)
        handler.wfile.write(b"".join(events))

    return behave


def fails(status: int, message: str = "no", headers: dict[str, str] | None = None, **error: object) -> Behaviour:
    def behave(handler: BaseHTTPRequestHandler) -> None:
        body = json.dumps({"error": {"message": message, **error}}).encode()
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return behave


def repeats(text: str, pause_s: float) -> Behaviour:
    def behave(handler: BaseHTTPRequestHandler) -> None:
        begin(handler)
        for _ in range(2000):
            handler.wfile.write(event(text))
            time.sleep(pause_s)

    return behave


def silent(*events: bytes) -> Behaviour:
    """Say these, then nothing but the comments that keep a connection alive."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        begin(handler)
        handler.wfile.write(b"".join(events))
        for _ in range(200):
            handler.wfile.write(b": still here\n\n")
            time.sleep(0.05)

    return behave


def truncated(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    piece = event("It opened")
    handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n40\r\ndata: {")


DONE = b"data: [DONE]\n\n"
COUNTED = _data(
    {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [],
        "usage": {"prompt_tokens": 40, "completion_tokens": 2, "total_tokens": 42},
    }
)


@pytest.mark.parametrize(("finish", "cut"), [("stop", False), ("length", True)])
def test_a_whole_reply_is_heard_counted_and_known_to_be_cut(faults: FaultServer, finish: str, *, cut: bool) -> None:
    faults.behaviours = [streams(event("It "), event("opened."), event(finish=finish), COUNTED, DONE)]
    items = [item for item in pump(on(faults), ASK) if item is not None]
    assert items == ["It ", "opened.", Usage(40, 2, cut=cut)]


@pytest.mark.parametrize(
    ("behaviour", "text", "line"),
    [
        pytest.param(silent(), "", "The model did not begin to answer within 0.4 s.", id="answers only comments"),
        pytest.param(
            silent(event("It ")), "It ", "The model stopped in mid-answer: nothing came for 0.4 s.", id="stalls"
        ),
        pytest.param(repeats("on ", 0.02), "on on ", "The model had not finished after 0.8 s.", id="endless"),
        pytest.param(
            fails(401, "Incorrect API key: secret-key-of-mine"),
            "",
            "The model's server at HOST refused the API key (401); check OPENAI_API_KEY.",
            id="wrong key",
        ),
        pytest.param(
            fails(404),
            "",
            "The model's server at HOST does not know the model 'local' (404); "
            "check its name and the server's address.",
            id="unknown model",
        ),
        pytest.param(
            fails(429, headers={"Retry-After": "7"}),
            "",
            "The model's server at HOST takes no more requests for now (429); try again in 7 s.",
            id="too many requests",
        ),
        pytest.param(
            fails(429),
            "",
            "The model's server at HOST takes no more requests for now (429); "
            "try again later, or check the account's quota.",
            id="no quota",
        ),
        pytest.param(fails(500), "", "The model's server at HOST failed (500); try again in a moment.", id="500"),
        pytest.param(fails(503), "", "The model's server at HOST failed (503); try again in a moment.", id="503"),
        pytest.param(
            fails(400, "Unsupported\nvalue: seed"),
            "",
            "The model's server at HOST refused the request (400): Error code: 400 - Unsupported value: seed",
            id="bad request",
        ),
        pytest.param(
            fails(400, "too big", type="exceed_context_size_error", n_prompt_tokens=5000, n_ctx=4096),
            "",
            "The question and its passages are longer than the model's server at HOST can hold "
            "(5000 tokens; it holds 4096).",
            id="context too long",
        ),
        pytest.param(
            streams(event("It "), b"data: {broken\n\n", DONE),
            "It ",
            "The model's server at HOST sent something that is not a chat completion; check the server's address.",
            id="broken json",
        ),
        pytest.param(
            streams(_data(["surprise"]), DONE),
            "",
            "The model's server at HOST sent something that is not a chat completion; check the server's address.",
            id="wrong shape",
        ),
        pytest.param(
            streams(b"<html><body>Welcome</body></html>", content_type="text/html"),
            "",
            "The model's server at HOST sent something that is not a chat completion; check the server's address.",
            id="a web page",
        ),
        pytest.param(
            streams(),
            "",
            "The model's server at HOST sent something that is not a chat completion; check the server's address.",
            id="nothing at all",
        ),
        pytest.param(
            streams(event("It "), event("opened")),
            "It opened",
            "The model's answer broke off: the connection ended before the model said it was done.",
            id="ends early",
        ),
        pytest.param(
            truncated,
            "It opened",
            "The model's server at HOST closed the connection before the answer was complete.",
            id="torn",
        ),
        pytest.param(
            streams(event("It "), _data({"error": {"message": "out of\ncuda memory"}})),
            "It ",
            "The model's server at HOST reported an error: out of cuda memory",
            id="an error in the stream",
        ),
        pytest.param(streams(event(""), event(finish="stop"), DONE), "", "", id="an empty answer"),
    ],
)
def test_every_fault_ends_in_one_plain_line_in_its_time(
    faults: FaultServer, behaviour: Behaviour, text: str, line: str
) -> None:
    faults.behaviours = [behaviour]
    said, error, seconds = listen(on(faults), first_token_s=0.4, idle_s=0.4, total_s=0.8)
    assert said.startswith(text) if text == "on on " else said == text
    assert error == line.replace("HOST", f"127.0.0.1:{faults.server_port}")
    assert seconds < 1.5
    assert faults.requests == 1
    assert left_open() == []


def test_a_context_that_is_too_long_can_be_told_from_other_errors(faults: FaultServer) -> None:
    faults.behaviours = [fails(400, "This model's maximum context length is 4096 tokens")]
    with pytest.raises(ContextTooLongError):
        list(pump(on(faults), ASK))


def test_a_refused_connection_is_told_quickly() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    model = llm._on_server(f"http://127.0.0.1:{port}/v1", "k", max_tokens=9, seed=0)
    text, error, seconds = listen(model)
    assert (text, error) == ("", f"The model's server at 127.0.0.1:{port} refused the connection; is it running?")
    assert seconds < 2


def test_a_server_that_does_not_exist_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    model = llm._on_server("http://user:pass@models.invalid/v1?key=k", "k", max_tokens=9, seed=0)
    _, error, seconds = listen(model)
    assert error == (
        "The model's server at models.invalid cannot be found: its name does not resolve. "
        "Check the address and the network."
    )
    assert seconds < 6


def test_a_server_that_accepts_and_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        model = llm._on_server(f"http://127.0.0.1:{mute.getsockname()[1]}/v1", "k", max_tokens=9, seed=0)
        text, error, seconds = listen(model, first_token_s=0.3)
    assert (text, error) == ("", "The model did not begin to answer within 0.3 s.")
    assert seconds < 1


def test_leaving_closes_the_connection(faults: FaultServer) -> None:
    faults.behaviours = [repeats("on ", 0.02)]
    stream = pump(on(faults), ASK)
    assert next(item for item in stream if item) == "on "
    stream.close()
    assert faults.client_left.wait(2)


def test_a_providers_burst_of_failures_is_survived(
    faults: FaultServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """Two retries before the first word, and only there."""
    monkeypatch.setenv("OPENAI_BASE_URL", faults.url)
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    model = llm.chat_model("openai:any", weights_path=lambda _: tmp_path, servers=LocalServers(tmp_path / "log"))
    faults.behaviours = [
        fails(503),
        fails(429, headers={"Retry-After": "0.1"}),
        streams(event("Well."), event(finish="stop"), DONE),
    ]
    assert listen(model, retries=2)[:2] == ("Well.", "")
    faults.requests = 0
    faults.behaviours = [streams(event("It "), b"data: {broken\n\n")]
    assert listen(model, retries=2)[0] == "It "
    assert faults.requests == 1


@pytest.mark.parametrize(
    ("wait", "seconds", "requests"),
    [
        pytest.param("0.3", 0.6, 3, id="a short pause is kept to"),
        pytest.param(lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=2)), 0.9, 3, id="a date too"),
        pytest.param("60", 0, 1, id="a long one is not sat out"),
        pytest.param("4", 0, 1, id="nor one past the time a first word has"),
    ],
)
def test_a_busy_server_is_asked_again_when_it_says_so_and_not_for_long(
    faults: FaultServer, wait: str | Callable[[], str], seconds: float, requests: int
) -> None:
    faults.behaviours = [fails(429, headers={"Retry-After": wait if isinstance(wait, str) else wait()})]
    _, error, took = listen(on(faults), retries=2, first_token_s=3)
    assert "takes no more requests for now (429); try again in " in error
    assert seconds <= took < seconds + 2
    assert faults.requests == requests


@pytest.mark.parametrize("status", [400, 401, 404])
def test_what_would_fail_again_is_asked_once(faults: FaultServer, status: int) -> None:
    faults.behaviours = [fails(status)]
    listen(on(faults), retries=2)
    assert faults.requests == 1


def test_a_flood_of_words_is_cut_and_can_be_left_at_any_moment(faults: FaultServer) -> None:
    faults.behaviours = [repeats("on " * 100, 0)]
    text, error, seconds = listen(on(faults))
    assert error == "The model did not stop writing; it was cut after 50,000 characters."
    assert 40_000 < len(text) <= 50_000
    assert seconds < 5


def test_there_is_a_heartbeat_also_while_words_come_faster_than_they_are_read() -> None:
    """And words also to a listener that takes longer over each heartbeat than there is between two."""
    items: list[str | Usage | None] = []
    for item in pump(ScriptedChatModel.of("on " * 50), ASK, beat_s=0.005):
        items.append(item)
        time.sleep(0.01)
    assert items.count(None) > 10
    assert heard(items) == "on " * 50


@pytest.mark.parametrize("status", [400, 401, 403, 500])
def test_no_key_is_shown_or_logged(faults: FaultServer, caplog: pytest.LogCaptureFixture, status: int) -> None:
    """Not even one that the server repeats."""
    faults.behaviours = [fails(status, "your key is secret-key-of-mine")]
    _, error, _ = listen(on(faults))
    assert f"({status})" in error
    assert "Traceback" in caplog.text
    assert "your key is (the key)" in caplog.text
    assert "secret-key-of-mine" not in error + caplog.text


# Errors of providers that are not openai's


class StatusError(Exception):
    """As google's and others' libraries shape theirs."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def wrapped(outer: Exception, inner: Exception) -> Exception:
    outer.__cause__ = inner
    return outer


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (StatusError("quota", 429), "takes no more requests for now (429)"),
        (StatusError("boom", 502), "failed (502); try again in a moment."),
        (wrapped(RuntimeError("x"), ConnectionRefusedError()), "refused the connection; is it running?"),
        (ExceptionGroup("all attempts", [ConnectionRefusedError()]), "refused the connection; is it running?"),
        (wrapped(RuntimeError("x"), socket.gaierror(1, "?")), "cannot be found: its name does not resolve."),
        (TimeoutError(), "did not answer in time."),
        (ConnectionResetError(), "closed the connection before the answer was complete."),
        (RuntimeError(""), "reported an error: RuntimeError"),
        (RuntimeError("x" * 999), "reported an error: " + "x" * 199 + "…"),
    ],
)
def test_the_facts_are_found_on_any_library_error(error: Exception, line: str) -> None:
    shown = str(explain(error, ScriptedChatModel.of("x")))
    assert shown.startswith(f"The model's server {line}")
