"""Any order of operations, restarts, kills, failures and damage ends as a plain dict says."""

from __future__ import annotations

import pytest
from trials.machine import run


@pytest.mark.timeout(600)
def test_any_history_ends_as_a_dict_says() -> None:
    run(examples=5, steps=12, derandomize=True)
