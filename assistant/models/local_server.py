"""One line of JSON on standard input becomes a llama.cpp server on loopback that lives while the input stays open.

In:  ``{"model": path, "context": tokens, "threads": n, "key": "..."}``, then nothing; at the end of input it ends.
Out: one line, ``{"url": "http://127.0.0.1:PORT/v1", "context": tokens really held}`` or ``{"error": "one line"}``.
     Everything else goes to standard error.

It runs as a child process so that a crash, a hang or a lack of memory in native code never takes the app down. It
imports nothing of ours: the parent starts it by its path.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import urllib.request
from typing import Any, NoReturn

BATCH_TOKENS = 64
"""Prompt tokens read between two looks at whether the asker is still there: what a cancel waits for, at most."""


def main() -> NoReturn:
    """Serve until standard input ends; never returns, and leaves by ``os._exit`` because C++ clean-up can take 30 s."""
    # llama.cpp may print to standard output: keep the real one for our one line, and point fd 1 at standard error.
    reply = os.dup(1)
    os.dup2(2, 1)
    if not (line := sys.stdin.buffer.readline()):
        os._exit(0)
    server: Any = None
    answer: dict[str, Any] = {}
    try:
        request = json.loads(line)
        server = _serve(request)
        answer = {"url": f"{server.listening_address}/v1", "context": _held(server.listening_address, request)}
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, ImportError) as error:
        answer["error"] = f"{type(error).__name__}: {' '.join(str(error).split())}"
    # A parent that was killed meanwhile reads nothing; to fail here would end in C++ clean-up, which can hang for good.
    with contextlib.suppress(BrokenPipeError):
        os.write(reply, json.dumps(answer).encode() + b"\n")
    os.close(reply)
    if server is not None:
        sys.stdin.buffer.read()
    os._exit(1 if server is None else 0)


def _serve(request: dict[str, Any]) -> Any:
    """Return a running ``xllamacpp.Server``; the caller keeps it alive."""
    import xllamacpp  # 100 MB of native code, and this file is also read by the parent

    options = xllamacpp.CommonParams()
    options.model.path = str(request["model"])
    options.n_ctx = int(request["context"])
    options.n_parallel = 2  # one place each for answers and rewrites: either finds the start of its own prompt cached
    options.kv_unified = True  # both share the context; by default it is divided between them
    options.n_gpu_layers = 0
    options.fit_params = False  # it reads the whole model a second time, to fit a GPU we do not use
    options.cpuparams.n_threads = options.cpuparams_batch.n_threads = int(request["threads"])
    options.n_batch = options.n_ubatch = BATCH_TOKENS
    options.warmup = False
    options.verbosity = 1  # errors only; prompts and the key's last letters are printed from level 3 on
    options.api_keys = [str(request["key"])]
    options.model_alias = {"local"}
    options.hostnames = ["127.0.0.1"]
    options.port = 0  # a free one
    options.cors_origins = ""  # the default answers any web page, with credentials
    options.cors_credentials = False
    options.ui = False
    options.endpoint_slots = False
    options.offline = True
    options.cache_prompt = True  # a prompt that begins like the last one is read from where they part
    options.cache_ram_mib = 0  # 8 GiB by default, with a reported leak between conversations
    options.cache_idle_slots = False
    return xllamacpp.Server(options)


def _held(address: str, request: dict[str, Any]) -> int:
    """Return the tokens that the server holds: those asked for, or fewer where the model was trained on fewer."""
    asked = urllib.request.Request(f"{address}/props", headers={"Authorization": f"Bearer {request['key']}"})  # noqa: S310  loopback
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(asked, timeout=10) as reply:
        return int(json.load(reply)["default_generation_settings"]["n_ctx"])


if __name__ == "__main__":
    if sys.stdin is None:
        raise SystemExit("This program is started by the assistant, with one line of JSON on its standard input.")
    main()
