"""Names of models: what they mean, and what a wrong one is told."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel

from assistant.errors import ModelError, UsageError
from assistant.models.configured import Configured
from assistant.models.llm import ModelName, chat_model, model_file, parse_model_name
from assistant.models.local import LocalServers
from assistant.models.providers import PROVIDERS
from assistant.models.pump import Usage, pump
from assistant.models.scripted import ScriptedChatModel
from assistant.redact import redacted


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[LocalServers]:
    pool = LocalServers(tmp_path / "logs" / "local-server.log")
    yield pool
    pool.stop()


def nowhere(name: str) -> Path:
    return Path("/nowhere") / name


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("extractive", ModelName("extractive")),
        (" extractive ", ModelName("extractive")),
        ("local:smollm2-135m-instruct", ModelName("local", "smollm2-135m-instruct")),
        ("smollm2-135m-instruct", ModelName("local", "smollm2-135m-instruct")),
        ("local:/models/any:one.gguf", ModelName("local", "/models/any:one.gguf")),
        ("local:any.gguf", ModelName("local", "any.gguf")),
        ("scripted:C:/replies.json", ModelName("scripted", "C:/replies.json")),
        ("openai:gpt-4.1-mini", ModelName("provider", "openai:gpt-4.1-mini")),
        ("ollama:qwen2.5:7b", ModelName("provider", "ollama:qwen2.5:7b")),
    ],
)
def test_a_name_is_taken_apart_and_reads_back(name: str, expected: ModelName) -> None:
    assert parse_model_name(name) == expected
    assert parse_model_name(str(expected)) == expected


@pytest.mark.parametrize(
    "name", ["", "gpt-4", "local:", "local:minilm", "local:gpt", "scripted:", "openai:", "acme:x", "extractive:x"]
)
def test_an_unknown_name_is_told_the_known_ones(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_model_name(name)
    line = str(caught.value)
    assert line.startswith(
        f"Unknown model '{name}'. Known: extractive; local:qwen2.5-coder-1.5b-instruct, "
        "local:qwen2.5-coder-0.5b-instruct, local:smollm2-135m-instruct; local:/path/to/any.gguf; scripted:FILE; "
        "PROVIDER:MODEL, where PROVIDER is one of openai, anthropic, google_genai, ollama, "
    )
    assert "\n" not in line


def test_langchain_knows_every_provider_we_name() -> None:
    from langchain.chat_models.base import _BUILTIN_PROVIDERS

    theirs = {name: entry[0].partition(".")[0] for name, entry in _BUILTIN_PROVIDERS.items()}
    ours = {name: provider.package.replace("-", "_") for name, provider in PROVIDERS.items()}
    assert {name: theirs.get(name) for name in ours} == ours


def test_extractive_is_no_chat_model(servers: LocalServers) -> None:
    with pytest.raises(UsageError, match="has no language model"):
        chat_model("extractive", weights_path=nowhere, servers=servers)


def test_a_script_is_a_chat_model(tmp_path: Path, servers: LocalServers) -> None:
    script = tmp_path / "script.jsonl"
    script.write_text('"Opened in 1812."', encoding="utf-8")
    model = chat_model(f"scripted:{script}", weights_path=nowhere, servers=servers)
    assert isinstance(model, ScriptedChatModel)
    assert model.invoke("When?").text == "Opened in 1812."


def test_weights_that_were_not_pulled_are_told_how(tmp_path: Path, servers: LocalServers) -> None:
    with pytest.raises(UsageError, match=r"not here yet; run `assistant models pull smollm2-135m-instruct`\.$"):
        chat_model("local:smollm2-135m-instruct", weights_path=lambda name: tmp_path / name, servers=servers)
    with pytest.raises(UsageError, match=r"There is no model file .*none\.gguf; give the path of a \.gguf file\.$"):
        chat_model(f"local:{tmp_path}/none.gguf", weights_path=nowhere, servers=servers)


def test_a_catalogue_name_is_looked_up_and_a_path_is_not(tmp_path: Path) -> None:
    (tmp_path / "smollm2-135m-instruct").write_bytes(b"GGUF")
    (tmp_path / "own.gguf").write_bytes(b"GGUF")
    by_name = model_file(parse_model_name("smollm2-135m-instruct"), lambda name: tmp_path / name)
    assert by_name == tmp_path / "smollm2-135m-instruct"
    assert model_file(parse_model_name(f"local:{tmp_path}/own.gguf"), nowhere) == tmp_path / "own.gguf"


def test_a_file_that_is_no_model_is_told_in_one_line(tmp_path: Path, servers: LocalServers) -> None:
    (tmp_path / "not.gguf").write_bytes(b"PK\x03\x04 and so on")
    with pytest.raises(ModelError, match=r"^not\.gguf is no GGUF model: it begins with b'PK\\x03\\x04'"):
        chat_model(f"local:{tmp_path}/not.gguf", weights_path=nowhere, servers=servers)


def test_a_missing_package_is_named_with_its_extra(servers: LocalServers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UsageError) as caught:
        chat_model("anthropic:claude", weights_path=nowhere, servers=servers)
    assert str(caught.value) == (
        "'anthropic:claude' needs a package that is not installed: `pip install langchain-anthropic`, "
        "or install this project with the extra 'anthropic'."
    )


def test_a_missing_key_is_named(servers: LocalServers) -> None:
    with pytest.raises(UsageError) as caught:
        chat_model("openai:gpt-4.1-mini", weights_path=nowhere, servers=servers)
    assert str(caught.value) == "'openai:gpt-4.1-mini' needs an API key: set the environment variable OPENAI_API_KEY."


def test_a_server_of_ones_own_needs_no_key(servers: LocalServers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    model = chat_model("openai:any", weights_path=nowhere, servers=servers)
    assert str(model.root_async_client.base_url) == "http://127.0.0.1:9/v1/"  # type: ignore[attr-defined]
    monkeypatch.setenv("OPENAI_API_KEY", "sk-mine")
    keyed = chat_model("openai:any", weights_path=nowhere, servers=servers)
    assert keyed.root_async_client.api_key == "sk-mine"  # type: ignore[attr-defined]


def test_a_server_of_ones_own_never_gets_the_providers_key(
    servers: LocalServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai")
    entry = Configured("mine", "openai", "m", base_url="http://127.0.0.1:9/v1")
    model = chat_model(ModelName("provider", entry.served, entry), weights_path=nowhere, servers=servers)
    assert model.root_async_client.api_key == "none"  # type: ignore[attr-defined]


def test_an_option_that_the_provider_does_not_take_is_refused(servers: LocalServers) -> None:
    entry = Configured("mine", "openai", "m", base_url="http://127.0.0.1:9/v1", options={"temprature": 0.5})
    with pytest.raises(UsageError, match=r"^'mine' has the option 'temprature', which ChatOpenAI does not take\. "):
        chat_model(ModelName("provider", entry.served, entry), weights_path=nowhere, servers=servers)


def test_every_provider_whose_package_is_an_extra_of_ours_names_it() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {
        re.split(r"[<>=]", needed)[0]: extra
        for extra, packages in project["optional-dependencies"].items()
        for needed in packages
    }
    named = {provider.package: provider.extra for provider in PROVIDERS.values() if provider.extra}
    assert named == extras


def test_what_stands_in_for_a_key_is_not_blotted_out(servers: LocalServers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    chat_model("openai:any", weights_path=nowhere, servers=servers)
    assert redacted("none of them") == "none of them"


def test_an_answer_of_ollama_is_bounded_and_so_is_the_wait_for_it(
    servers: LocalServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")
    model: Any = chat_model("ollama:any", weights_path=nowhere, servers=servers, max_tokens=77)
    assert (model.num_predict, model.seed, model.temperature) == (77, 0, 0)
    timeout = model._async_client._client.timeout
    assert (timeout.connect, timeout.read) == (5, 120)


def test_a_provider_that_cannot_be_set_up_is_told_why_in_one_line(servers: LocalServers) -> None:
    with pytest.raises(UsageError, match=r"^The model 'azure_openai:x' cannot be set up: ") as caught:
        chat_model("azure_openai:x", weights_path=nowhere, servers=servers)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_local_model_answers_the_same_twice_and_counts(
    smollm2: Path, servers: LocalServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")  # neither rerouted
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # nor sent through a proxy
    model = chat_model(f"local:{smollm2}", weights_path=nowhere, servers=servers, max_tokens=8)
    first, second = _say(model), _say(model)
    assert first == second
    assert first[0]
    assert first[1] == Usage(prompt=first[1].prompt, completion=8, cut=True)
    assert first[1].prompt > 20


def _say(model: BaseChatModel) -> tuple[str, Usage]:
    from langchain_core.messages import HumanMessage

    items = [item for item in pump(model, [HumanMessage("Tell me a long story about the sea.")]) if item is not None]
    usage = items.pop()
    assert isinstance(usage, Usage)
    return "".join(str(item) for item in items), usage
