"""The local server, with the real llama.cpp: what it tells, what kills it, and that nothing of it stays behind."""

from __future__ import annotations

import gc
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage

from assistant.errors import ContextTooLongError, ModelError
from assistant.models import local_server
from assistant.models.llm import chat_model
from assistant.models.local import LOG_LIMIT_BYTES, LocalServer, LocalServers
from assistant.models.pump import pump

LOAD_SECONDS = 90


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "local-server.log"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServers]:
    """One pool for the tests that leave their server as they found it, or restart it."""
    pool = LocalServers(tmp_path_factory.mktemp("home") / "logs" / "local-server.log", context=2048)
    yield pool
    pool.stop()


@pytest.fixture
def server(shared: LocalServers, smollm2: Path) -> LocalServer:
    served = shared.get(smollm2)
    served.ensure()
    served.wait_ready(LOAD_SECONDS)
    return served


def model_on(shared: LocalServers, smollm2: Path, *, max_tokens: int = 12) -> BaseChatModel:
    return chat_model(f"local:{smollm2}", weights_path=lambda _: smollm2, servers=shared, max_tokens=max_tokens)


def say(model: BaseChatModel, text: str = "Say hello.", *, first_token_s: float = 60) -> str:
    pieces = pump(model, [HumanMessage(text)], first_token_s=first_token_s)
    return "".join(piece for piece in pieces if isinstance(piece, str))


def pid_of(server: LocalServer) -> int:
    assert server.process_id is not None
    return server.process_id


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def happens_within(seconds: float, fact: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if fact():
            return True
        time.sleep(0.02)
    return fact()


def request(server: LocalServer, method: str, path: str, *, key: str | None = None) -> tuple[int, dict[str, str]]:
    address = urlsplit(server.base_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    headers = {"Origin": "http://evil.example"} | ({"Authorization": f"Bearer {key}"} if key else {})
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        response.read()
        return response.status, dict(response.getheaders())
    finally:
        connection.close()


# What it serves, and to whom


@pytest.mark.slow
def test_only_the_holder_of_the_key_is_served(server: LocalServer) -> None:
    assert request(server, "GET", "/v1/models")[0] == 401
    assert request(server, "POST", "/v1/chat/completions", key="wrong")[0] == 401
    assert request(server, "GET", "/v1/models", key=server.api_key)[0] == 200


@pytest.mark.slow
def test_there_is_no_web_page_no_slots_no_metrics_and_no_other_origin(server: LocalServer) -> None:
    assert request(server, "GET", "/", key=server.api_key)[0] == 404
    assert request(server, "GET", "/slots", key=server.api_key)[0] == 501
    assert request(server, "GET", "/metrics", key=server.api_key)[0] == 501
    headers = request(server, "OPTIONS", "/v1/chat/completions")[1]
    assert headers.get("Access-Control-Allow-Origin", "") == ""
    assert headers.get("Access-Control-Allow-Credentials", "false") == "false"


@pytest.mark.slow
def test_it_listens_on_loopback_only(server: LocalServer) -> None:
    address = urlsplit(server.base_url)
    assert (address.scheme, address.hostname, address.path) == ("http", "127.0.0.1", "/v1")
    sockets = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    assert address.port is not None
    listening = [entry[1] for entry in sockets if entry[3] == "0A" and entry[1].endswith(f":{address.port:04X}")]
    assert listening == [f"0100007F:{address.port:04X}"]


@pytest.mark.slow
def test_the_key_is_in_no_argument_no_environment_and_no_log(server: LocalServer) -> None:
    say_something = request(server, "GET", "/v1/models", key=server.api_key)
    assert say_something[0] == 200
    process = Path(f"/proc/{pid_of(server)}")
    seen = (process / "cmdline").read_bytes() + (process / "environ").read_bytes() + server.log.read_bytes()
    assert server.api_key[-8:].encode() not in seen
    assert server.log.stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_a_prompt_longer_than_the_context_is_told_with_both_numbers(shared: LocalServers, smollm2: Path) -> None:
    with pytest.raises(ContextTooLongError, match=r"longer than .* can hold \(\d{4} tokens; it holds 2048\)\.$"):
        say(model_on(shared, smollm2), "one two three four five " * 500)


# Leaving


@pytest.mark.slow
def test_leaving_mid_answer_frees_the_server_at_once(shared: LocalServers, server: LocalServer, smollm2: Path) -> None:
    """The processor time it uses stops growing, and the next question does not wait."""
    endless = model_on(shared, smollm2, max_tokens=1500).model_copy(update={"extra_body": {"ignore_eos": True}})
    stream = pump(endless, [HumanMessage("Count from one to ten thousand.")])
    heard = [piece for piece, _ in zip((item for item in stream if item), range(5), strict=False)]
    assert len(heard) == 5
    left = time.monotonic()
    stream.close()
    assert time.monotonic() - left < 0.5
    assert happens_within(3, lambda: is_idle(server))
    asked = time.monotonic()
    assert say(model_on(shared, smollm2, max_tokens=1), "Say hello.")
    assert time.monotonic() - asked < 5


@pytest.mark.slow
def test_leaving_while_a_long_prompt_is_read_frees_the_server(
    shared: LocalServers, server: LocalServer, smollm2: Path
) -> None:
    stream = pump(model_on(shared, smollm2), [HumanMessage("The sea is wide and blue. " * 240)], beat_s=0.05)
    assert next(stream) is None
    stream.close()
    assert happens_within(6, lambda: is_idle(server))  # one batch of the prompt is read to its end
    assert say(model_on(shared, smollm2))


def is_idle(server: LocalServer) -> bool:
    """Return whether the server used no processor time for a moment."""

    def used() -> int:
        fields = Path(f"/proc/{pid_of(server)}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    before = used()
    time.sleep(0.3)
    return used() - before <= 1


# Dying


@pytest.mark.slow
def test_a_killed_server_is_told_and_replaced(shared: LocalServers, server: LocalServer, smollm2: Path) -> None:
    old = (server.base_url, server.api_key)
    os.kill(pid_of(server), signal.SIGKILL)
    assert happens_within(2, lambda: server.state == "dead")
    with pytest.raises(ModelError, match="was ended, most likely because memory ran out; free some memory"):
        server.wait_ready(1)
    assert server.ensure() is True
    assert server.ensure() is False
    assert server.wait_ready(LOAD_SECONDS)
    assert (server.base_url, server.api_key) != old
    assert say(model_on(shared, smollm2))


@pytest.mark.slow
def test_a_server_killed_mid_answer_breaks_off_with_one_line(
    shared: LocalServers, server: LocalServer, smollm2: Path
) -> None:
    endless = model_on(shared, smollm2, max_tokens=1500).model_copy(update={"extra_body": {"ignore_eos": True}})
    pieces = (item for item in pump(endless, [HumanMessage("Count from one to ten thousand.")]) if item)
    heard = [next(pieces) for _ in range(3)]
    os.kill(pid_of(server), signal.SIGKILL)
    with pytest.raises(ModelError, match=r"^The model's server at 127\.0\.0\.1:\d+ closed the connection"):
        heard.extend(pieces)
    assert len(heard) >= 3
    assert happens_within(5, lambda: server.state == "dead")


@pytest.mark.slow
def test_a_hung_server_runs_into_the_time_limit_and_a_restart_mends_it(
    shared: LocalServers, server: LocalServer, smollm2: Path
) -> None:
    model = model_on(shared, smollm2)
    hung = pid_of(server)
    os.kill(hung, signal.SIGSTOP)
    asked = time.monotonic()
    with pytest.raises(ModelError, match=r"^The model did not begin to answer within 0\.5 s\.$"):
        say(model, first_token_s=0.5)
    assert time.monotonic() - asked < 2
    assert server.healthy(0.5) is False
    server.restart("it did not answer")
    server.restart("somebody else saw it too")
    replaced = pid_of(server)
    assert not is_running(hung)
    server.wait_ready(LOAD_SECONDS)
    assert pid_of(server) == replaced
    assert server.healthy()
    assert say(model_on(shared, smollm2))


@pytest.mark.parametrize("moment", ["ready", "loading"])
@pytest.mark.slow
def test_the_server_dies_with_its_parent_even_when_that_is_killed(moment: str, smollm2: Path, log: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(smollm2), str(log), moment], stdout=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_running(child)
        parent.kill()
    assert happens_within(2, lambda: not is_running(child))


_PARENT = """
import sys, time
from pathlib import Path
from assistant.models.local import LocalServer
server = LocalServer(Path(sys.argv[1]), log=Path(sys.argv[2]))
server.start()
if sys.argv[3] == "ready":
    server.wait_ready(90)
else:
    time.sleep(0.2)
print(server.process_id, flush=True)
time.sleep(90)
"""


@pytest.mark.slow
def test_the_server_ends_when_its_parent_ends_properly(smollm2: Path, log: Path) -> None:
    short = _PARENT.replace("time.sleep(90)\n", "")
    told = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", short, str(smollm2), str(log), "ready"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stderr == ""
    assert not is_running(int(told.stdout))


# Starting and stopping


@pytest.mark.slow
def test_the_states_of_a_life(smollm2: Path, log: Path) -> None:
    server = LocalServer(smollm2, log=log)
    assert server.state == "stopped"
    with server:
        pid = pid_of(server)
        assert server.state == "loading"
        assert server.healthy()
        with pytest.raises(ModelError, match=r"took more than 0 s to load\.$"):
            server.wait_ready(0)
        assert server.wait_ready(LOAD_SECONDS) == server.base_url
        assert server.state == "ready"
    assert server.state == "stopped"
    assert not is_running(pid)
    with pytest.raises(ModelError, match=r"is stopped; start it first\.$"):
        server.wait_ready(1)


@pytest.mark.slow
def test_a_server_nobody_holds_any_more_ends(smollm2: Path, log: Path) -> None:
    server = LocalServer(smollm2, log=log)
    server.start()
    pid = pid_of(server)
    del server
    gc.collect()
    assert not is_running(pid)


@pytest.mark.slow
def test_many_askers_start_one_child(smollm2: Path, log: Path) -> None:
    with LocalServers(log) as pool:
        seen: list[int] = []

        def ask() -> None:
            server = pool.get(smollm2)
            server.ensure()
            seen.append(pid_of(server))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(seen) == 8
        assert len(set(seen)) == 1


def test_a_pool_keeps_one_model_in_memory(log: Path, tmp_path: Path) -> None:
    with LocalServers(log) as pool:
        first = pool.get(tmp_path / "a.gguf")
        first.start()
        assert pool.get(tmp_path / "a.gguf") is first
        assert first.state != "stopped"
        pool.get(tmp_path / "b.gguf")
        assert first.state == "stopped"
        assert pool.get(tmp_path / "a.gguf") is not first


def test_an_overlong_log_is_begun_anew(log: Path, tmp_path: Path) -> None:
    log.parent.mkdir()
    log.write_bytes(b"x" * (LOG_LIMIT_BYTES + 1))
    with LocalServer(tmp_path / "none.gguf", log=log) as server, pytest.raises(ModelError):
        server.wait_ready(30)
    assert log.stat().st_size < LOG_LIMIT_BYTES


# Files that are no models


def failure(path: Path, log: Path) -> str:
    with LocalServer(path, log=log) as server:
        with pytest.raises(ModelError) as caught:
            server.wait_ready(30)
        assert server.state == "dead"
    return str(caught.value)


def test_a_missing_file_is_told(tmp_path: Path, log: Path) -> None:
    path = tmp_path / "none.gguf"
    assert failure(path, log) == f"The model file {path} cannot be read: No such file or directory."


def test_a_file_of_another_kind_is_told(tmp_path: Path, log: Path) -> None:
    path = tmp_path / "other.gguf"
    path.write_bytes(b"hello, I am a text")
    assert failure(path, log) == (
        "other.gguf is no GGUF model: it begins with b'hell', expected b'GGUF'. Give the path of a .gguf file."
    )


@pytest.mark.slow
def test_half_a_model_is_told_in_llama_cpps_words(tmp_path: Path, log: Path, smollm2: Path) -> None:
    path = tmp_path / "half.gguf"
    with smollm2.open("rb") as whole:
        path.write_bytes(whole.read(40_000_000))
    line = failure(path, log)
    assert line.startswith("llama.cpp cannot load half.gguf: ")
    assert "is not within the file bounds" in line
    assert "\n" not in line


# The child's own contract


def child(request_line: str) -> tuple[int, str]:
    ended = subprocess.run(
        [sys.executable, "-P", str(local_server.__file__)],
        input=request_line,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    return ended.returncode, ended.stdout


def test_the_child_says_one_line_of_json_whatever_llama_cpp_prints(tmp_path: Path) -> None:
    order = {"model": str(tmp_path / "none.gguf"), "context": 512, "threads": 1, "key": "k"}
    code, out = child(json.dumps(order) + "\n")
    assert (code, out.count("\n")) == (1, 1)


def test_the_child_goes_quietly_when_nobody_speaks_to_it() -> None:
    assert child("") == (0, "")
