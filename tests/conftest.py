"""The fixtures of every test, by the modules that they stand in, and which tests `make check` leaves out."""

from pathlib import Path

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

# Six seconds or more together: they load an embedder, start processes or wait for time-outs (`make test` prints them).
SLOW = """
assistant/answer/test_fit assistant/app/test_password assistant/app/test_uploads assistant/cli/test_ask
assistant/cli/test_checkup assistant/cli/test_library assistant/cli/test_models assistant/cli/test_processes
assistant/library/test_delivery assistant/library/test_stock assistant/models/test_pump
assistant/models/test_weights_unpack assistant/proof/test_reader assistant/test_faults assistant/test_server
assistant/test_settings assistant/test_swapping evals/cases/test_casemaker evals/numbers/test_statistics
evals/numbers/test_summary evals/run evals/scorers/test_score evals/test_cli evals/test_keys
evals/training/test_train_reader index/reading/test_fuzz index/reading/test_load index/reading/test_sandbox
index/test_build index/test_library index/test_mending index/test_server index/vectors index/web/test_fetch_bodies
reliability
""".split()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow by its file or folder."""
    root = Path(__file__).parent
    slow = {*SLOW}
    for item in items:
        place = item.path.relative_to(root).with_suffix("")
        if not slow.isdisjoint(map(str, (place, *place.parents))):
            item.add_marker("slow")
