"""A model's server with every fault we know of: the name of the model asked for says which.

A line of JSON in (``{}``), a line with the address out: ``{"url": "http://127.0.0.1:PORT"}``; it ends with its input.
It speaks OpenAI's protocol under ``/v1`` and Ollama's under ``/api``. A name may end in ``@anything``: requests are
counted by the whole name. ``GET /seen/NAME`` tells how many ``requests`` there were, and how many askers ``left``
before the end.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

SAID = "The tower was designed by Tom Reid and opened in 1888 [1]. "
MORE = "It replaced a lamp [2]."
_LONG_S = 300.0


class Server(ThreadingHTTPServer):
    """Listens on a free port of loopback and counts."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: Counter[str] = Counter()
        self.left: Counter[str] = Counter()


class Handler(BaseHTTPRequestHandler):
    """One request; its connection is closed after it."""

    server: Server
    protocol_version = "HTTP/1.1"
    name = ""

    def do_GET(self) -> None:
        name = unquote(self.path.rpartition("/")[2])
        body = json.dumps({"requests": self.server.requests[name], "left": self.server.left[name]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.close_connection = True
        self.name = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["model"]
        if self.path == "/api/show":  # how much it holds: it does not tell
            self.refuse(404)
            return
        self.server.requests[self.name] += 1
        try:
            FAULTS[self.name.partition("@")[0]](self)
        except (BrokenPipeError, ConnectionResetError):
            self.server.left[self.name] += 1

    @property
    def asked_before(self) -> int:
        """How often this name was asked before."""
        return self.server.requests[self.name] - 1

    @property
    def ollama(self) -> bool:
        return self.path.startswith("/api")

    def begin(self, content_type: str = "") -> None:
        """Send the head of a stream."""
        self.send_response(200)
        self.send_header(
            "Content-Type", content_type or ("application/x-ndjson" if self.ollama else "text/event-stream")
        )
        self.send_header("Connection", "close")
        self.end_headers()

    def write(self, data: bytes) -> None:
        self.wfile.write(data)

    def say(self, text: str) -> None:
        """Send words as a model's server does, one by one."""
        for word in text.split(" "):
            self.write(self.piece(f"{word} " if word else ""))

    def piece(self, text: str) -> bytes:
        if self.ollama:
            return _line({"model": self.name, "message": {"role": "assistant", "content": text}, "done": False})
        return self.event({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]})

    def event(self, facts: dict[str, object]) -> bytes:
        return _data({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": self.name, **facts})

    def end(self) -> None:
        """Say that the answer is whole, and what it took."""
        if self.ollama:
            counts = {"prompt_eval_count": 40, "eval_count": 12}
            said = {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"}
            self.write(_line({"model": self.name, **said, **counts}))
            return
        self.write(self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}))
        usage = {"prompt_tokens": 40, "completion_tokens": 12, "total_tokens": 52}
        self.write(self.event({"choices": [], "usage": usage}) + b"data: [DONE]\n\n")

    def refuse(
        self, status: int, message: str = "no", *, headers: dict[str, str] | None = None, code: str = ""
    ) -> None:
        """Answer with an error as OpenAI or Ollama shape it."""
        said: object = message if self.ollama else {"message": message, "code": code}
        body = json.dumps({"error": said}).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.write(body)

    def log_message(self, *_: object) -> None:
        pass


def _data(value: object) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()


def _line(value: object) -> bytes:
    return json.dumps(value).encode() + b"\n"


def good(asked: Handler) -> None:
    asked.begin()
    asked.say(SAID + MORE)
    asked.end()


def slow(asked: Handler) -> None:
    """Nothing for a moment, but within the limits."""
    time.sleep(0.5)
    good(asked)


def mute(_: Handler) -> None:
    """Accept, and never answer a word."""
    time.sleep(_LONG_S)


def comments(asked: Handler) -> None:
    """Keep the connection alive with comments, and never begin."""
    asked.begin()
    _keep_alive(asked)


def stalls(asked: Handler) -> None:
    """Say a sentence and the beginning of the next, and then nothing more."""
    asked.begin()
    asked.say(SAID + "It replaced")
    _keep_alive(asked)


def _keep_alive(asked: Handler) -> None:
    until = time.monotonic() + _LONG_S
    while time.monotonic() < until:
        asked.write(b"" if asked.ollama else b": still here\n\n")
        time.sleep(0.1)


def busy(asked: Handler) -> None:
    asked.refuse(429, headers={"Retry-After": "3600"})


def busy_for_a_while(asked: Handler) -> None:
    """Ask for a pause that is longer than anybody waits for an answer's first word."""
    asked.refuse(429, headers={"Retry-After": "100"})


def busy_for_a_moment(asked: Handler) -> None:
    if asked.asked_before:
        good(asked)
    else:
        asked.refuse(429, headers={"Retry-After": "1"})


def recovers(asked: Handler) -> None:
    """Two faults in a row, then a good answer."""
    if asked.asked_before >= 2:
        good(asked)
    else:
        asked.refuse(503 if asked.asked_before else 500)


def malformed(asked: Handler) -> None:
    asked.begin()
    asked.say(SAID + "It replaced")
    asked.write(b"{broken\n" if asked.ollama else b"data: {broken\n\n")


def web_page(asked: Handler) -> None:
    asked.begin("text/html")
    asked.write(b"<!doctype html><html><body><h1>Welcome</h1></body></html>")


def truncated(asked: Handler) -> None:
    """End properly, but before the model has said that it is done."""
    asked.begin()
    asked.say(SAID + "It replaced")


def torn(asked: Handler) -> None:
    """Promise more bytes than are sent."""
    asked.send_response(200)
    asked.send_header("Content-Type", "text/event-stream")
    asked.send_header("Transfer-Encoding", "chunked")
    asked.end_headers()
    piece = asked.piece(SAID + "It replaced")
    asked.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n40\r\ndata: {")


def error_in_stream(asked: Handler) -> None:
    asked.begin()
    asked.say(SAID + "It replaced")
    error: object = "out of memory" if asked.ollama else {"message": "out of memory"}
    asked.write(_line({"error": error}) if asked.ollama else _data({"error": error}))


def empty(asked: Handler) -> None:
    asked.begin()
    asked.end()


def endless(asked: Handler) -> None:
    """Say a sentence that holds, and then others without end."""
    asked.begin()
    asked.say(SAID)
    until = time.monotonic() + _LONG_S
    while time.monotonic() < until:
        asked.say("And so it went on. ")
        time.sleep(0.05)


def flood(asked: Handler) -> None:
    """Say one sentence without end, as fast as it can be sent."""
    asked.begin()
    words = b"".join(asked.piece("on " * 100) for _ in range(10))
    until = time.monotonic() + _LONG_S
    while time.monotonic() < until:
        asked.write(words)


def too_long(asked: Handler) -> None:
    asked.refuse(400, "This model's maximum context length is 512 tokens", code="context_length_exceeded")


def wrong_key(asked: Handler) -> None:
    """Repeat the key to whoever sent it, as some servers do."""
    asked.refuse(401, f"Incorrect API key provided: {asked.headers['Authorization']}")


def refusing(status: int) -> Callable[[Handler], None]:
    return lambda asked: asked.refuse(status, "model not found" if status == 404 else "no")


FAULTS: dict[str, Callable[[Handler], None]] = {
    "good": good,
    "slow": slow,
    "mute": mute,
    "comments": comments,
    "stalls": stalls,
    "busy": busy,
    "busy-for-a-while": busy_for_a_while,
    "busy-for-a-moment": busy_for_a_moment,
    "recovers": recovers,
    "500": refusing(500),
    "502": refusing(502),
    "503": refusing(503),
    "unknown": refusing(404),
    "malformed": malformed,
    "web-page": web_page,
    "truncated": truncated,
    "torn": torn,
    "error-in-stream": error_in_stream,
    "empty": empty,
    "endless": endless,
    "flood": flood,
    "too-long": too_long,
    "wrong-key": wrong_key,
}


def main() -> None:
    """Serve until standard input ends."""
    sys.stdin.readline()
    server = Server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{server.server_port}"}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
