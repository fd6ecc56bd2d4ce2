"""The models in the terminal: listed, one's own among them, and pulled with every byte verified."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fixtures.commands import OPENED, run, screen

from assistant.cli.exits import ANSWERED, USER_ERROR
from assistant.models.catalogue import CATALOGUE

if TYPE_CHECKING:
    from fixtures.hosted import HostedModel


@pytest.mark.usefixtures("bare_home")
def test_models_are_listed_with_the_reason_why_one_cannot_run() -> None:
    listed = """\
  extractive                         ready
* local:qwen2.5-coder-1.5b-instruct  not downloaded (1.1 GB): assistant models pull qwen2.5-coder-1.5b-instruct
  local:qwen2.5-coder-0.5b-instruct  not downloaded (0.5 GB): assistant models pull qwen2.5-coder-0.5b-instruct
  local:smollm2-135m-instruct        not downloaded (0.1 GB): assistant models pull smollm2-135m-instruct
  minilm                             embedder, not downloaded: assistant models pull minilm
  e5-multilingual                    embedder, not downloaded: assistant models pull e5-multilingual
"""
    assert screen(run("models")) == screen(run("models", "list")) == (ANSWERED, listed, "")


def test_models_of_ones_own_are_listed_and_what_is_wrong_with_one_is_said(
    bare_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MY_KEY", raising=False)
    (bare_home / "models.toml").write_text(
        '[mine]\nprovider = "openai"\nmodel = "qwen2.5"\nbase_url = "http://127.0.0.1:9/v1"\n'
        '[keyed]\nprovider = "openai"\nmodel = "m"\nkey_env = "MY_KEY"\n'
        '[torn]\nprovider = "openai"\n'
    )
    code, out, err = screen(run("models"))
    torn = "models.toml [torn]: found no model; expected both provider and model."
    assert (code, err) == (ANSWERED, f"assistant: {torn}\n")
    assert out.splitlines()[:2] == [
        "  extractive                         ready",
        "  mine                               ready (openai:qwen2.5 at 127.0.0.1:9)",
    ]
    needs = "'keyed' needs an API key: set the environment variable MY_KEY."
    assert f"  keyed                              {needs} (openai:m)" in out.splitlines()
    assert screen(run("ask", "Q", "-m", "torn")) == (USER_ERROR, "", f"assistant: {torn}\n")
    assert screen(run("chat", "-m", "keyed")) == (USER_ERROR, "", f"assistant: {needs}\n")


@pytest.mark.usefixtures("bridge")
def test_a_model_of_ones_own_is_asked_by_its_name(bare_home: Path, hosted: HostedModel) -> None:
    (bare_home / "models.toml").write_text(
        f'[mine]\nprovider = "openai"\nmodel = "qwen2.5"\nbase_url = "{hosted.url}"\noptions = {{ top_p = 0.5 }}\n'
    )
    hosted.reply = f"{OPENED} [1]"
    answer = json.loads(run("ask", "When did the bridge open?", "-m", "mine", "--json").stdout)
    assert (answer["answer"], answer["model"]) == (OPENED, "mine")
    asked = hosted.asked[-1]
    assert (asked["model"], asked["temperature"], asked["top_p"]) == ("qwen2.5", 0, 0.5)


def test_pulling_what_is_here_verifies_it_and_prints_where(home: Path, minilm: Path) -> None:
    assert screen(run("models", "pull", "minilm")) == (ANSWERED, f"{home / 'models' / minilm.name}\n", "")
    assert ["minilm", "embedder,", "ready"] in [line.split() for line in run("models").stdout.splitlines()]


@pytest.mark.usefixtures("bare_home")
def test_pulling_names_the_known_ones() -> None:
    assert screen(run("models", "pull", "gpt9")) == (
        USER_ERROR,
        "",
        f"assistant: unknown weights 'gpt9'. Known: {', '.join(CATALOGUE)}. See `assistant models`.\n",
    )


@pytest.mark.parametrize("prefix", ["", "local:"])
def test_weights_with_a_wrong_byte_are_refused_with_both_hashes(prefix: str, bare_home: Path) -> None:
    (known,) = CATALOGUE["smollm2-135m-instruct"].files
    weights = bare_home / "models" / known.path
    weights.parent.mkdir()
    with weights.open("wb") as file:
        file.truncate(known.size)
    with weights.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    assert screen(run("models", "pull", f"{prefix}smollm2-135m-instruct")) == (
        USER_ERROR,
        "",
        (
            f"assistant: {known.path} has SHA-256 {found}, expected {known.sha256}. "
            f"Delete {weights}, then run `assistant models pull smollm2-135m-instruct`.\n"
        ),
    )
