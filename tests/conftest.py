"""Fixtures of every test: where the verified weights stand, and the second parties that answer from a process each."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
