"""The file of configured models: what it means, and the one line that everything wrong in it is told in."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import UsageError
from assistant.home import Home
from assistant.models.configured import Configured, ConfiguredModels
from assistant.models.llm import ModelName, parse_model_name
from assistant.settings import Settings
from assistant.wiring import Application

KEY = "sk-canary-5f0e"
WHOLE = """
[my-llama]
provider = "openai"
model = "qwen2.5"
base_url = "http://127.0.0.1:8080/v1"
key_file = "keys/my-llama"
context = 8192
options = { temperature = 0.2, extra_body = { min_p = 0.1 } }

[claude]
provider = "anthropic"
model = "claude-opus"
key_env = "MY_KEY"

[small]
provider = "local"
model = "smollm2-135m-instruct"
context = 1024

[own]
provider = "local"
model = "weights/own.gguf"
"""


def written(home: Path, text: str) -> ConfiguredModels:
    (home / "models.toml").write_text(text, encoding="utf-8")
    return ConfiguredModels(home)


def test_without_a_file_there_are_no_models(tmp_path: Path) -> None:
    configured = ConfiguredModels(tmp_path)
    assert (dict(configured.models()), dict(configured.trouble)) == ({}, {})


def test_a_table_is_a_model(tmp_path: Path) -> None:
    configured = written(tmp_path, WHOLE)
    assert dict(configured.trouble) == {}
    assert dict(configured.models()) == {
        "my-llama": Configured(
            "my-llama",
            "openai",
            "qwen2.5",
            base_url="http://127.0.0.1:8080/v1",
            key_file=tmp_path / "keys" / "my-llama",
            context=8192,
            options={"temperature": 0.2, "extra_body": {"min_p": 0.1}},
        ),
        "claude": Configured("claude", "anthropic", "claude-opus", key_env="MY_KEY"),
        "small": Configured("small", "local", "smollm2-135m-instruct", context=1024),
        "own": Configured("own", "local", str(tmp_path / "weights" / "own.gguf")),
    }


def test_a_model_is_asked_by_its_bare_name(tmp_path: Path) -> None:
    models = written(tmp_path, WHOLE).models()
    names = {name: parse_model_name(name, models) for name in models}
    assert {name: (parsed.kind, parsed.value, str(parsed)) for name, parsed in names.items()} == {
        "my-llama": ("provider", "openai:qwen2.5", "my-llama"),
        "claude": ("provider", "anthropic:claude-opus", "claude"),
        "small": ("local", "smollm2-135m-instruct", "small"),
        "own": ("local", str(tmp_path / "weights" / "own.gguf"), "own"),
    }
    assert parse_model_name("smollm2-135m-instruct", models) == ModelName("local", "smollm2-135m-instruct")
    with pytest.raises(UsageError, match=r"Known: extractive; my-llama, claude, small, own; local:qwen"):
        parse_model_name("myllama", models)


def test_what_is_told_of_a_model_names_the_server_and_nothing_secret(tmp_path: Path) -> None:
    models = written(tmp_path, WHOLE).models()
    assert [model.label for model in models.values()] == [
        "my-llama (openai:qwen2.5 at 127.0.0.1:8080)",
        "claude (anthropic:claude-opus)",
        "small (local:smollm2-135m-instruct)",
        f"own (local:{tmp_path}/weights/own.gguf)",
    ]
    assert models["my-llama"].record() == {
        "model": "openai:qwen2.5",
        "host": "127.0.0.1:8080",
        "context": 8192,
        "options": {"temperature": 0.2, "extra_body": {"min_p": 0.1}},
    }


PLACE = "a key must not be in this file: name an environment variable as key_env, or a file as key_file"
CONTEXT = "expected a whole number of tokens, 512 or more"
ADDRESS = "expected an address like http://127.0.0.1:8080/v1"
NO_ADDRESS = "found a base_url that is not an address; expected one like http://127.0.0.1:8080/v1"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('adress = "x"', "found the unknown key 'adress'; expected one of provider, model, base_url, key_env, "),
        (f'api_key = "{KEY}"', f"found 'api_key'; {PLACE}."),
        (f'password = "{KEY}"', f"found 'password'; {PLACE}."),
        ("context = 511", f"found the context 511; {CONTEXT}."),
        ("context = 8192.5", f"found the context 8192.5; {CONTEXT}."),
        ("context = nan", f"found the context nan; {CONTEXT}."),
        ("context = true", f"found the context True; {CONTEXT}."),
        (f'context = "{KEY}"', f"found the context text; {CONTEXT}."),
        ("context = -1", f"found the context -1; {CONTEXT}."),
        ('key_env = "A"\nkey_file = "b"', "found both key_env and key_file; expected one of them."),
        (
            f'key_env = "{KEY}"',
            "found a key_env that is not a variable's name; expected capitals, digits and '_', not ",
        ),
        ("key_env = 3", "found a number as key_env; expected text on one line, in quotes."),
        ('key_file = ""', "found text as key_file; expected text on one line, in quotes."),
        (f'base_url = "https://me:{KEY}@host/v1"', f"found user info in the base_url; {PLACE}."),
        (f'base_url = "https://{KEY}@host/v1"', f"found user info in the base_url; {PLACE}."),
        (f'base_url = "https://host/v1?key={KEY}"', f"found a '?' or '#' in the base_url; {ADDRESS}."),
        ('base_url = "host:8080"', f"{NO_ADDRESS}."),
        ('base_url = "http://host:99999"', f"{NO_ADDRESS}."),
        ('base_url = "http://[::1"', f"{NO_ADDRESS}."),
        ('base_url = "file:///etc/passwd"', f"{NO_ADDRESS}."),
        (f'options = "{KEY}"', "found text as options; expected a table, as { temperature = 0.2 }."),
        (f'options = {{ api_key = "{KEY}" }}', f"found 'api_key' among the options; {PLACE}."),
        (
            f'options = {{ default_headers = {{ a = "{KEY}" }} }}',
            f"found 'default_headers' among the options; {PLACE}.",
        ),
        (f'options = {{ extra_body = {{ token = "{KEY}" }} }}', f"found 'token' among the options; {PLACE}."),
        (f'options = {{ stop = [{{ secret = "{KEY}" }}] }}', f"found 'secret' among the options; {PLACE}."),
        (
            'options = { base_url = "http://x" }',
            "found 'base_url' among the options; expected it beside the model and its ",
        ),
        ("options = { temperature = 3 }", "found the temperature 3; expected a number from 0 to 2."),
        ("options = { temperature = nan }", "found the temperature nan; expected a number from 0 to 2."),
        ("options = { top_p = true }", "found the top_p True; expected a number from 0 to 1."),
        ("options = { max_tokens = 0 }", "found the max_tokens 0; expected a whole number of tokens."),
        (
            "context = 1024\noptions = { max_tokens = 512 }",
            "found the max_tokens 512; expected a whole number of tokens, at most a quarter of the context, 256.",
        ),
    ],
)
def test_what_is_wrong_in_a_table_is_told_without_its_text(line: str, said: str, tmp_path: Path) -> None:
    table = f'[mine]\nprovider = "openai"\nmodel = "m"\n{line}\n'
    configured = written(tmp_path, table + '[other]\nprovider = "ollama"\nmodel = "m"\n')
    assert list(configured.models()) == ["other"]
    told = configured.trouble["mine"]
    assert told.startswith(f"models.toml [mine]: {said}")
    assert KEY not in told
    assert "\n" not in told


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('[mine]\nmodel = "m"', "[mine]: found no provider; expected both provider and model."),
        ('[mine]\nprovider = "openai"', "[mine]: found no model; expected both provider and model."),
        (
            '[mine]\nprovider = "acme"\nmodel = "m"',
            "[mine]: found an unknown provider; expected local, or one of openai",
        ),
        ('[mine]\nprovider = "local"\nmodel = "m"', "[mine]: found an unknown local model; expected the path of a"),
        (
            '[mine]\nprovider = "local"\nmodel = "m.gguf"\nkey_env = "A"',
            "[mine]: found key_env with the provider local; a local model takes none.",
        ),
        (
            '[mine]\nprovider = "ollama"\nmodel = "m"\nkey_env = "A"',
            "[mine]: found a key for ollama, which takes none.",
        ),
        (
            '[extractive]\nprovider = "openai"\nmodel = "m"',
            "[extractive]: found a name that is already taken; expected another.",
        ),
        (
            '[minilm]\nprovider = "openai"\nmodel = "m"',
            "[minilm]: found a name that is already taken; expected another.",
        ),
        (
            '["a:b"]\nprovider = "openai"\nmodel = "m"',
            "[a:b]: found a name that is too long, or has characters other than letters, digits,",
        ),
        (
            '["a/b"]\nprovider = "openai"\nmodel = "m"',
            "[a/b]: found a name that is too long, or has characters other than letters, digits,",
        ),
        (
            '[a.b]\nprovider = "openai"\nmodel = "m"',
            "[a]: found the table 'b' in it; expected a name with a dot in quotes",
        ),
        ("context = 3", "found the value 'context' outside a table; expected [a-name], its values below it."),
    ],
)
def test_a_table_that_is_no_model_is_told_why(table: str, said: str, tmp_path: Path) -> None:
    configured = written(tmp_path, table)
    assert dict(configured.models()) == {}
    (told,) = configured.trouble.values()
    assert told.removeprefix("models.toml").lstrip(": ").startswith(said)


@settings(deadline=None)
@given(st.text() | st.binary())
def test_whatever_stands_in_the_file_is_a_model_or_a_line(tmp_path_factory: pytest.TempPathFactory, held: str) -> None:
    home = tmp_path_factory.mktemp("home")
    (home / "models.toml").write_bytes(held if isinstance(held, bytes) else held.encode("utf-8", "surrogatepass"))
    configured = ConfiguredModels(home)
    assert all("\n" not in line and line for line in configured.trouble.values())
    assert not configured.models()


def test_a_running_app_follows_the_file(tmp_path: Path) -> None:
    configured = written(tmp_path, WHOLE)
    before = configured.models()
    assert configured.models() is before
    written(tmp_path, '[other]\nprovider = "ollama"\nmodel = "m"\n')
    assert list(configured.models()) == ["other"]
    (tmp_path / "models.toml").unlink()
    assert list(configured.models()) == []


def test_a_file_half_saved_leaves_the_models_read_before_it(tmp_path: Path) -> None:
    configured = written(tmp_path, WHOLE)
    assert len(configured.models()) == 4
    written(tmp_path, WHOLE[:60])
    assert len(configured.models()) == 4
    assert configured.trouble[""].startswith("models.toml cannot be read: ")
    written(tmp_path, WHOLE)
    assert dict(configured.trouble) == {}


def test_a_key_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = written(tmp_path, WHOLE).models()["claude"]
    monkeypatch.delenv("MY_KEY", raising=False)
    with pytest.raises(UsageError, match=r"^'claude' needs an API key: set the environment variable MY_KEY\.$"):
        model.key()
    monkeypatch.setenv("MY_KEY", f" {KEY}\n")
    assert model.key() == KEY
    monkeypatch.setenv("MY_KEY", f"{KEY} und\nmehr")
    with pytest.raises(UsageError, match="MY_KEY holds no usable key") as caught:
        model.key()
    assert KEY not in str(caught.value)


def test_a_key_comes_from_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    model = written(tmp_path, WHOLE).models()["my-llama"]
    path = tmp_path / "keys" / "my-llama"
    with pytest.raises(
        UsageError, match=r"^'my-llama' has a key_file that cannot be read \(No such file or directory\)"
    ):
        model.key()
    path.parent.mkdir()
    path.write_text(f"{KEY}\n")
    path.chmod(0o640)
    with pytest.raises(UsageError) as caught:
        model.key()
    assert str(caught.value) == (
        f"'my-llama' has a key_file that others may read; only its owner should. Run: chmod 600 '{path}'"
    )
    path.chmod(0o600)
    assert model.key() == KEY
    path.write_text(f"{KEY}\n{KEY}")
    with pytest.raises(UsageError, match="holds no usable key") as caught:
        model.key()
    assert KEY not in str(caught.value)


def test_a_key_in_the_place_of_its_files_name_is_not_shown(tmp_path: Path) -> None:
    model = written(tmp_path, f'[mine]\nprovider = "openai"\nmodel = "m"\nkey_file = "{KEY}"\n').models()["mine"]
    with pytest.raises(UsageError) as caught:
        model.key()
    assert KEY not in str(caught.value)


def test_a_default_model_that_left_the_file_is_no_longer_ready_and_the_app_goes_on(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for folder in (home.articles, home.logs):
        folder.mkdir()
    written(tmp_path, '[mine]\nprovider = "openai"\nmodel = "m"\nbase_url = "http://127.0.0.1:9/v1"\n')
    with closing(Application(home, Settings(model="mine"))) as application:
        first = application.roster.choices()[0]
        assert (first.name, first.label, first.ready) == ("mine", "mine (openai:m at 127.0.0.1:9)", True)
        written(tmp_path, '[mine]\nprovider = "openai"\n')
        mine = next(choice for choice in application.roster.choices() if choice.name == "mine")
        reason = "models.toml [mine]: found no model; expected both provider and model."
        assert (mine.ready, mine.reason) == (False, reason)
