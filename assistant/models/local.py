"""A GGUF file becomes the address of a llama.cpp server in a child process, which is watched, restarted and ended.

The child is ``local_server.py``. Whatever happens to it (crash, hang, out of memory) reaches the app as a state or as
a ``ModelError`` of one line.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import os
import secrets
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Literal, Self
from urllib.parse import urlsplit

from assistant.errors import ModelError
from index.child import OUT_OF_MEMORY, Child
from index.files import NO_LINK
from index.vectors.cores import usable_cores

logger = logging.getLogger(__name__)

State = Literal["stopped", "loading", "ready", "dead"]

LOG_LIMIT_BYTES = 1_000_000
STOP_SECONDS = 2.0
"""What a child gets before it is killed."""


class LocalServer:
    """One model, served on loopback by one child process at a time. Every method may be called from any thread.

    Address and key change with every (re)start: read them after ``wait_ready``.
    """

    def __init__(self, model_path: Path, *, context: int = 4096, threads: int | None = None, log: Path) -> None:
        """Describe the server; nothing starts yet.

        ``context`` counts tokens, prompt and answer together. ``threads`` defaults to the cores this process may use.
        ``log`` takes what llama.cpp reports, and is begun anew when it is over 1 MB.
        """
        self.model_path = model_path
        self.context = context
        self.threads = threads or usable_cores()
        self.log = log
        self._lock = threading.RLock()
        self._child: _Child | None = None
        self._end: Callable[[], object] = lambda: None

    @property
    def state(self) -> State:
        """``stopped`` (never started, or stopped), ``loading``, ``ready``, or ``dead`` (failed to load, or ended)."""
        child = self._child
        return "stopped" if child is None else child.state

    @property
    def process_id(self) -> int | None:
        """The child's process id, None while there is no child."""
        child = self._child
        return None if child is None else child.process.process_id

    @property
    def base_url(self) -> str:
        """The OpenAI-compatible address, ``http://127.0.0.1:PORT/v1``; ``ModelError`` while there is none."""
        return self.wait_ready(0)

    @property
    def holds(self) -> int:
        """Tokens that the running child really holds: ``context``, or what the model was trained on where that is less.

        ``ModelError`` while there is none.
        """
        self.wait_ready(0)
        return self._require_child().holds

    def count_tokens(self, text: str, timeout_s: float = 3.0) -> int | None:
        """Return the tokens of a text as the model counts, None where the server does not answer in time."""
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError, KeyError, ModelError):
            address, key = urlsplit(self.base_url), self.api_key
            connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=timeout_s)
            with contextlib.closing(connection):
                body = json.dumps({"content": text}).encode("ascii")
                connection.request("POST", "/tokenize", body, {"Authorization": f"Bearer {key}"})
                return len(json.load(connection.getresponse())["tokens"])
        return None

    @property
    def api_key(self) -> str:
        """The key of the running child, made for it alone; ``ModelError`` while there is no child."""
        return self._require_child().key

    def start(self) -> None:
        """Begin loading and return at once; does nothing while a child loads or serves."""
        with self._lock:
            if self.state in ("loading", "ready"):
                return
            self._stop()
            child = _Child(self.model_path, context=self.context, threads=self.threads, log=self.log)
            # The finalizer also runs at interpreter exit; it holds the child, never this object.
            self._child, self._end = child, weakref.finalize(self, child.end)

    def wait_ready(self, timeout_s: float) -> str:
        """Return the base URL once the model has loaded.

        Raises ``ModelError`` with the reason when loading failed, the child has died, or ``timeout_s`` seconds passed
        (the child goes on loading: wait again, or ``stop``).
        """
        return self._require_child().wait_ready(timeout_s)

    def ensure(self) -> bool:
        """Start the child if none runs; return whether a dead one was replaced, so that the user can be told."""
        with self._lock:
            died = self.state == "dead"
            self.start()
            return died

    def healthy(self, timeout_s: float = 3.0) -> bool:
        """Return whether the server answers a health probe within ``timeout_s`` seconds (loading counts as healthy)."""
        if self.state != "ready":
            return self.state == "loading"
        address = urlsplit(self.base_url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=timeout_s)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def restart(self, why: str) -> None:
        """End a hung child and begin loading again; one already loading is left alone (two askers, one hang)."""
        with self._lock:
            if self.state == "loading":
                return
            logger.warning("Restarting the local model server: %s", why)
            self._stop()
            self.start()

    def stop(self) -> None:
        """End the child, by force after two seconds. Returns when it is gone; harmless when none runs."""
        with self._lock:
            self._stop()

    def _stop(self) -> None:
        self._child = None
        self._end()

    def _require_child(self) -> _Child:
        if (child := self._child) is None:
            raise ModelError(f"The local model {self.model_path.name} is stopped; start it first.")
        return child

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class LocalServers:
    """The servers of one process, one a file and context, at most ``keep`` at a time: memory is what a laptop lacks."""

    def __init__(self, log: Path, *, context: int = 4096, threads: int | None = None, keep: int = 1) -> None:
        self._log, self._context, self._threads, self._keep = log, context, threads, keep
        self._servers: dict[tuple[Path, int], LocalServer] = {}
        self._lock = threading.Lock()

    def get(self, model_path: Path, *, context: int | None = None) -> LocalServer:
        """Return this model's server, not necessarily started; stop the ones used longest ago beyond ``keep``.

        ``context`` counts tokens, None for what these servers hold by default; another context is another server.
        """
        path, context = model_path.resolve(), context or self._context
        with self._lock:
            server = self._servers.pop((path, context), None) or LocalServer(
                path, context=context, threads=self._threads, log=self._log
            )
            self._servers[path, context] = server
            surplus = [self._servers.pop(old) for old in list(self._servers)[: -self._keep]]
        for old in surplus:
            old.stop()
        return server

    def state(self, model_path: Path, *, context: int | None = None) -> State:
        """Return the state of a model's server without starting, or making room for, one."""
        server = self._servers.get((model_path.resolve(), context or self._context))
        return "stopped" if server is None else server.state

    def stop(self) -> None:
        """End every child."""
        with self._lock:
            servers = list(self._servers.values())
            self._servers.clear()
        for server in servers:
            server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Child:
    """One run of ``local_server.py``, from its start to its end."""

    def __init__(self, model_path: Path, *, context: int, threads: int, log: Path) -> None:
        self.key = secrets.token_urlsafe(32)
        self._model_path = model_path
        self._log = log
        self._settled = threading.Event()
        self._url: str | None = None
        self.holds = context
        self._failure: str | None = None
        request = {"model": str(model_path), "context": context, "threads": threads, "key": self.key}
        with open_log(log) as stderr:
            self._log_from = os.fstat(stderr.fileno()).st_size
            file = Path(__file__).with_name("local_server.py")
            self.process = Child(file, stderr=stderr, patience_s=STOP_SECONDS)
        with contextlib.suppress(BrokenPipeError):  # it died at once: the watcher says why
            self.process.send(request)
        self._watcher = threading.Thread(target=self._watch, name="local-model-watcher", daemon=True)
        self._watcher.start()

    @property
    def state(self) -> State:
        if self._failure is not None or not self.process.alive:
            return "dead"
        return "ready" if self._settled.is_set() else "loading"

    def wait_ready(self, timeout_s: float) -> str:
        if not self._settled.wait(timeout_s):
            raise ModelError(f"The local model {self._model_path.name} took more than {timeout_s:g} s to load.")
        if self._failure is None and not self.process.alive:
            self._watcher.join(1)  # it is about to say why
        if self._failure is not None or self._url is None:
            raise ModelError(self._failure or f"The local model {self._model_path.name} has ended.")
        return self._url

    def end(self) -> None:
        """End the process, by force after two seconds."""
        self.process.end()
        self._watcher.join()

    def _watch(self) -> None:
        """Read the child's one line, then wait for its end: runs in its own thread for the child's whole life."""
        line = b""
        with contextlib.suppress(ValueError):  # ended before it said anything
            line = self.process.output.readline()
        reply = _read_reply(line)
        if "error" in reply:
            self._failure = self._load_failure(reply["error"])
        elif "url" in reply:
            self._url, self.holds = reply["url"], int(reply["context"])
            self._settled.set()
        self.process.wait()
        if self._failure is None:
            how = self.process.how_it_ended()
            advice = "free some memory or choose a smaller model" if how == OUT_OF_MEMORY else f"see {self._log}"
            self._failure = f"The local model {self._model_path.name} {how}; {advice}."
        self._settled.set()

    def _load_failure(self, error: str) -> str:
        """Say why loading failed: what the file itself shows, else llama.cpp's first complaint in the log."""
        name = self._model_path.name
        try:
            with self._model_path.open("rb") as file:
                head = file.read(4)
        except OSError as problem:
            return f"The model file {self._model_path} cannot be read: {problem.strerror}."
        if head != b"GGUF":
            return f"{name} is no GGUF model: it begins with {head!r}, expected b'GGUF'. Give the path of a .gguf file."
        return f"llama.cpp cannot load {name}: {self._first_complaint() or error} (log: {self._log})."

    def _first_complaint(self) -> str:
        with contextlib.suppress(OSError), self._log.open("rb") as file:
            file.seek(self._log_from)
            for line in file.read(LOG_LIMIT_BYTES).decode(errors="replace").splitlines():
                _, found, complaint = line.partition(" E ")
                if found:
                    return " ".join(complaint.split()).rstrip(".")
        return ""


def _read_reply(line: bytes) -> dict[str, Any]:
    try:
        reply = json.loads(line)
    except ValueError:
        return {}
    return reply if isinstance(reply, dict) else {}


def open_log(path: Path) -> IO[bytes]:
    """Open a log for appending, begun anew when it has grown too long; only its owner may read it.

    Where it cannot be written, what would stand in it is lost: better than no answer.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        too_long = path.exists() and path.stat().st_size > LOG_LIMIT_BYTES
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | (os.O_TRUNC if too_long else 0)
        return os.fdopen(os.open(path, flags | NO_LINK, 0o600), "ab")
    except OSError:
        return Path(os.devnull).open("ab")
