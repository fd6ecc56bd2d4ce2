"""Fixtures of the conversation's tests: the real small model."""

from pathlib import Path

import pytest

from assistant.weights import WeightsFolder


@pytest.fixture(scope="session")
def smollm2(models_folder: Path) -> Path:
    """The GGUF file of smollm2-135m-instruct."""
    weights = WeightsFolder(models_folder)
    if not weights.is_complete("smollm2-135m-instruct"):
        pytest.fail(f"smollm2-135m-instruct is not in {models_folder}: run `make test`, or pull it by that name.")
    return weights.path("smollm2-135m-instruct")
