"""Fixtures of every test: where the verified weights stand, and a Chroma server."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

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
