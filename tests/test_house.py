"""The house itself: its packages are ours, and nothing in it names the machine it was built on."""

import importlib
import importlib.metadata
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name", ["assistant", "evals", "index", "prompts"])
def test_a_package_of_a_plain_name_is_this_one(name):
    """Other distributions have modules of these names; theirs must not be taken for ours."""
    file = Path(importlib.import_module(name).__file__ or "")
    if not file.is_relative_to(ROOT):
        ours = importlib.metadata.distribution("article-assistant").files or []
        assert file.resolve() in {Path(entry.locate()).resolve() for entry in ours}


def test_no_tracked_file_names_a_place_of_one_machine():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    here = "|".join(re.escape(f"{place}/") for place in {ROOT, Path.home()} if place != Path("/"))
    places = re.compile(rf"(?<![\w.-])(?:{here}|/(?:home|Users)/\w+/)".encode())
    naming = [
        name
        for name in listed.decode().split("\0")
        if name and (ROOT / name).is_file() and places.search((ROOT / name).read_bytes())
    ]
    assert naming == []
