"""Ollama's protocol in front of a llama.cpp server: a line of JSON in, a line with the address out.

In:  ``{"upstream": "http://127.0.0.1:PORT"}``.  Out: ``{"url": "http://127.0.0.1:PORT"}``. It ends with its input.
The words are a real model's; only their wrapping is translated. Its one model is called ``smollm2``.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

NAME = "smollm2"
OPTIONS = {"num_predict": "max_tokens", "temperature": "temperature", "seed": "seed", "top_p": "top_p", "stop": "stop"}
"""Ollama's name of an option, and OpenAI's."""


class Server(ThreadingHTTPServer):
    """Listens on a free port of loopback."""

    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        address = urlsplit(upstream)
        self.upstream = (address.hostname or "", address.port)


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/api/version":
            self._whole(200, {"version": "0.12.0"})
        elif self.path == "/api/tags":
            self._whole(200, {"models": [{"name": f"{NAME}:latest", "model": f"{NAME}:latest"}]})
        else:
            self._whole(404, {"error": "not found"})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if asked.get("model", "").removesuffix(":latest") != NAME:
            self._whole(404, {"error": f"model '{asked.get('model')}' not found"})
        elif self.path == "/api/show":
            self._whole(200, {"details": {"family": "llama"}, "capabilities": ["completion"]})
        elif self.path == "/api/chat":
            self._chat(asked)
        else:
            self._whole(404, {"error": "not found"})

    def _chat(self, asked: dict[str, Any]) -> None:
        began = time.monotonic_ns()
        upstream = http.client.HTTPConnection(*self.server.upstream, timeout=120)
        try:
            self.send_response(200)
            self.send_header("Content-Type", "application/x-ndjson")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            usage, finish = {"prompt_tokens": 0, "completion_tokens": 0}, "stop"
            for event in events(upstream, asked):
                usage = event.get("usage") or usage
                for choice in event["choices"]:
                    finish = choice["finish_reason"] or finish
                    if text := choice["delta"].get("content"):
                        self._line({"message": {"role": "assistant", "content": text}, "done": False})
            self._line(
                {
                    "message": {"role": "assistant", "content": ""},
                    "done": True,
                    "done_reason": finish,
                    "prompt_eval_count": usage["prompt_tokens"],
                    "eval_count": usage["completion_tokens"],
                    "total_duration": time.monotonic_ns() - began,
                }
            )
            self.wfile.write(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            upstream.close()  # whoever asked may have left: the model behind must not go on

    def _line(self, said: dict[str, Any]) -> None:
        line = json.dumps({"model": NAME, "created_at": "2026-01-01T00:00:00Z", **said}).encode() + b"\n"
        self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")

    def _whole(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def events(upstream: http.client.HTTPConnection, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Ask the llama.cpp server the same, and yield the events of its stream."""
    options = {OPTIONS[name]: value for name, value in asked.get("options", {}).items() if name in OPTIONS}
    body = {"messages": asked["messages"], "stream": True, "stream_options": {"include_usage": True}, **options}
    upstream.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
    for line in upstream.getresponse():
        data = line.removeprefix(b"data:").strip()
        if line.startswith(b"data:") and data != b"[DONE]":
            yield json.loads(data)


def main() -> None:
    """Serve until standard input ends."""
    server = Server(json.loads(sys.stdin.readline())["upstream"])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{server.server_port}"}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
