"""Fixtures of every test: where the verified weights stand."""

import os
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
