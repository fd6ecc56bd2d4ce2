"""Run one of our files in a process that ends with the one that started it: ``python -P lifeline.py PIPE FILE …``.

PIPE is the number of a pipe that nobody writes to: it closes when the parent is gone, however that went. This is the
first that a child runs, maybe in another Python than ours, so it imports nothing of ours.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import runpy
import select
import signal
import sys
from pathlib import Path


def end_with_parent(pipe: int) -> None:
    """Have the kernel end this process when the pipe closes, even while native code holds Python's lock."""
    # Linux ends a process by this signal, other systems ignore it by default.
    signal.signal(signal.SIGIO, signal.SIG_DFL if sys.platform == "linux" else lambda *_: os._exit(1))
    fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([pipe], [], [], 0)[0]:  # it closed before this process watched it
        os._exit(1)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    end_with_parent(int(sys.argv[1]))
    with contextlib.suppress(OSError):
        # Should memory run out, Linux takes this process rather than the app.
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
    del sys.argv[:2]
    runpy.run_path(sys.argv[0], run_name="__main__")
