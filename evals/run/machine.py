"""The machine and the code a measurement was made on and with, and what it takes there: time and memory."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path


def machine() -> str:
    """Return cores, system and Python in one line."""
    return f"{os.cpu_count()} cores, {platform.platform(terse=True)}, Python {platform.python_version()}"


def packages() -> dict[str, str]:
    """Return the version of every installed package: what decides a result is often not what one thought of."""
    found = {(each.metadata["Name"] or "").lower(): each.version for each in distributions()}
    return dict(sorted((name, version) for name, version in found.items() if name))


def revision() -> str | None:
    """Return the git revision of the code, with a + when files differ from it; None where there is no git."""
    root = Path(__file__).parents[2]
    try:
        asked = [["git", "-C", str(root), "rev-parse", "HEAD"], ["git", "-C", str(root), "status", "--porcelain"]]
        head, changes = (
            subprocess.run(one, capture_output=True, text=True, check=True, timeout=10).stdout.strip()  # noqa: S603
            for one in asked
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return head + ("+" if changes else "")


def peak_bytes(process: int) -> int:
    """Return the most memory a process ever held (VmHWM), 0 where the system does not tell."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


def timed_s(work: Callable[[], object]) -> float:
    """Do a piece of work and return the seconds it took."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
