"""Any order of operations, restarts, kills, failures and damage ends as a plain dict says."""

from __future__ import annotations

import pytest
from campaign import tried
from trials.machine import run


@pytest.mark.timeout(600)
def test_any_history_ends_as_a_dict_says() -> None:
    run(examples=tried(20, 3), steps=12, derandomize=True)
