"""A llama.cpp server as anybody may run one: a line of JSON in, a line with its address out; it ends with its input.

In:  ``{"model": path, "key": "..."}``; with an empty key it asks for none.  Out: ``{"url": "http://127.0.0.1:PORT"}``.
"""

from __future__ import annotations

import json
import os
import sys


def main() -> None:
    """Serve until standard input ends."""
    import xllamacpp

    # What llama.cpp prints must not stand between us and who started us.
    reply = os.dup(1)
    os.dup2(2, 1)
    order = json.loads(sys.stdin.readline())
    options = xllamacpp.CommonParams()
    options.model.path = order["model"]
    options.model_alias = {"smollm2"}
    options.api_keys = [order["key"]] if order["key"] else []
    options.hostnames = ["127.0.0.1"]
    options.port = 0
    options.n_ctx = 2048
    options.n_gpu_layers = 0
    options.cpuparams.n_threads = options.cpuparams_batch.n_threads = 1  # two wait for each other where others work too
    options.fit_params = False
    options.n_batch = options.n_ubatch = 64  # between two batches it looks whether the asker is still there
    options.warmup = False
    options.verbosity = 1
    options.cache_prompt = False  # the same words whatever was asked before
    options.cache_ram_mib = 0
    server = xllamacpp.Server(options)
    os.write(reply, json.dumps({"url": server.listening_address}).encode() + b"\n")
    sys.stdin.read()
    os._exit(0)  # the clean-up of native code can take half a minute


if __name__ == "__main__":
    main()
