"""The fixtures of every test, by the modules that they stand in."""

pytest_plugins = [
    "fixtures.chroma",
    "fixtures.fault_trials",
    "fixtures.hosted",
    "fixtures.package_index",
    "fixtures.parties",
    "fixtures.twin",
    "fixtures.weights",
]
