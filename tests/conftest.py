"""The fixtures of every test, by the modules that they stand in."""

import pytest

# Helpers that assert: a failure shows what was compared, as in a test.
pytest.register_assert_rewrite("fixtures.commands", "fixtures.guarded")

pytest_plugins = [
    "fixtures.chroma",
    "fixtures.fault_trials",
    "fixtures.hosted",
    "fixtures.package_index",
    "fixtures.parties",
    "fixtures.twin",
    "fixtures.weights",
]
