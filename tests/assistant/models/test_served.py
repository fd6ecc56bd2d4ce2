"""A server is asked how much its model holds; what it does not tell is not known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from assistant.models.configured import Configured
from assistant.models.llm import ModelName
from assistant.models.served import known_context

if TYPE_CHECKING:
    from fixtures.hosted import HostedModel


@pytest.mark.parametrize(
    ("path", "document", "holds"),
    [
        ("/props", {"default_generation_settings": {"n_ctx": 2048}}, 2048),
        ("/v1/models", {"data": [{"id": "other", "max_model_len": 1}, {"id": "m", "max_model_len": 9000}]}, 9000),
        ("/v1/models", {"data": [{"id": "m"}]}, None),
        ("/props", ["no object"], None),
        ("/props", {"default_generation_settings": {"n_ctx": "many"}}, None),
        ("/nothing", {}, None),
    ],
)
def test_a_server_is_asked_how_much_it_holds(
    path: str, document: object, holds: int | None, hosted: HostedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINE", "sk-mine")
    hosted.documents[path] = document
    entry = Configured("mine", "openai", "m", base_url=hosted.url, key_env="MINE")
    assert known_context(ModelName("provider", entry.served, entry)) == holds
    assert set(hosted.keys) == {"Bearer sk-mine"}
    assert known_context(ModelName("provider", entry.served, replace(entry, context=777))) == 777


@pytest.mark.parametrize(
    ("shown", "holds"),
    [
        ({"parameters": "stop x\nnum_ctx   2048", "model_info": {"llama.context_length": 8192}}, 2048),
        ({"model_info": {"llama.context_length": 8192}}, 4096),
        ({"model_info": {"llama.context_length": 1024}}, 1024),
        ({}, None),
    ],
)
def test_ollama_is_asked_and_then_told(shown: object, holds: int | None, hosted: HostedModel) -> None:
    hosted.documents["/api/show"] = shown
    entry = Configured("mine", "ollama", "m", base_url=hosted.url.removesuffix("/v1"))
    assert known_context(ModelName("provider", entry.served, entry)) == holds


def test_a_server_that_is_not_there_holds_nobody_knows_what() -> None:
    entry = Configured("mine", "openai", "m", base_url="http://127.0.0.1:9/v1")
    assert known_context(ModelName("provider", entry.served, entry)) is None
