"""Fixtures of every test: where the verified weights stand, and a model's server that is ours to steer."""

import json
import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from assistant.weights import WeightsFolder
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
def small_models(models_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of verified weights without the reader and the model it is cut from.

    In a home with these, a scripted or small model alone decides what is answered.
    """
    folder = tmp_path_factory.mktemp("models")
    for held in models_folder.iterdir():
        if held.name.startswith(("minilm", DEFAULT_EMBEDDER, "smollm2")) and not held.name.endswith(".lock"):
            (folder / held.name).symlink_to(held)
    return folder


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
