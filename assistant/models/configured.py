"""A file, ``models.toml`` in the home folder, becomes configured models: who serves each, where, and how it is asked.

One table a model, its name the table's::

    [my-llama]
    provider = "openai"                    # a provider the assistant knows; or "local"
    model = "qwen2.5"                      # as the provider calls it; a catalogue name or a .gguf file for "local"
    base_url = "http://127.0.0.1:8080/v1"  # optional
    key_env = "MY_KEY"                     # optional: the environment variable that holds the key; or
    key_file = "keys/my-llama"             # optional: the file that holds it, which only its owner may read
    context = 8192                         # optional: tokens, prompt and answer together
    options = { temperature = 0.2 }        # optional: handed to the model

No key stands in the file itself, and none is ever part of what is read from it: a key is fetched when it is used.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from assistant.errors import UsageError
from assistant.models.catalogue import CATALOGUE
from assistant.models.providers import PROVIDERS

FILE = "models.toml"
LOCAL = "local"
SMALLEST_CONTEXT = 512
"""Tokens: the prompt's own words take 300, and an answer 128."""
_LARGEST_CONTEXT = 100_000_000
_LONGEST_KEY = 10_000
"""Bytes."""
_KEYS = ("provider", "model", "base_url", "key_env", "key_file", "context", "options")
_NAME = re.compile(r"\w[\w.-]{0,59}")
# In capitals, as they are by custom: a key pasted in the place of its variable's name is then told apart, unprinted.
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")
_KEY = re.compile(r"[\x21-\x7e]+")
_SECRET = re.compile(r"key|secret|password|credential|auth|cookie|header|query|token$", re.IGNORECASE)
_OURS = frozenset({"model", "model_name", "model_provider", "base_url", "endpoint", "http_client", "http_async_client"})
_OWN_PLACE = "a key must not be in this file: name an environment variable as key_env, or a file as key_file"


@dataclass(frozen=True, slots=True)
class Configured:
    """One model as the file describes it."""

    name: str
    provider: str
    """One of ``assistant.models.providers.PROVIDERS``, or ``local``."""
    model: str
    """As the provider calls it; of a local one the catalogue name, or the path of its GGUF file."""
    base_url: str | None = None
    key_env: str | None = None
    key_file: Path | None = None
    context: int | None = None
    """Tokens, prompt and answer together."""
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def served(self) -> str:
        """Return ``provider:model``."""
        return f"{self.provider}:{self.model}"

    @property
    def host(self) -> str:
        """Return host and port of its server, empty where that is the provider's own."""
        parts = urlsplit(self.base_url or "")
        return f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"

    @property
    def where(self) -> str:
        """Return what is served and by whom, in words: ``openai:qwen2.5 at 127.0.0.1:8080``."""
        return f"{self.served} at {self.host}" if self.host else self.served

    @property
    def label(self) -> str:
        """Return the line of the model picker."""
        return f"{self.name} ({self.where})"

    def record(self) -> dict[str, Any]:
        """Return what a run record says of it: nothing secret is part of it."""
        return {
            "model": self.served,
            "host": self.host or None,
            "context": self.context,
            "options": dict(self.options),
        }

    @property
    def key_from(self) -> str:
        """Return where the key comes from, in words; empty where that is the provider's own affair."""
        if self.key_env is not None:
            return self.key_env
        if self.key_file is not None:
            return f"the key_file of '{self.name}'"
        return f"{FILE}, where '{self.name}' names no key" if self.base_url else ""

    def key(self) -> str | None:
        """Return the key, None where none is named; UsageError, which never shows it, when it cannot be had."""
        if self.key_env is not None:
            held = os.environ.get(self.key_env, "").strip()
            if not held:
                raise UsageError(f"'{self.name}' needs an API key: set the environment variable {self.key_env}.")
            return _usable(held, f"the environment variable {self.key_env}")
        return _read_key(self.name, self.key_file) if self.key_file is not None else None


class ConfiguredModels:
    """The models of one home folder's file, read again when that changes. Any thread may ask."""

    def __init__(self, home: Path) -> None:
        """Take the home folder; there need not be a file."""
        self.path = home / FILE
        self._stamp: object = None
        self._models: Mapping[str, Configured] = MappingProxyType({})
        self._trouble: Mapping[str, str] = MappingProxyType({})

    def models(self) -> Mapping[str, Configured]:
        """Return the models by name, in the file's order; those that cannot be read are in ``trouble``.

        A file that is no TOML at all, as one half saved, leaves the models read before it.
        """
        stamp = _stamp(self.path)
        if stamp != self._stamp:
            self._read()
            self._stamp = stamp
        return self._models

    @property
    def trouble(self) -> Mapping[str, str]:
        """Return a line for each table that cannot be used, by name: what was found, and what was expected.

        Under the empty name stands what is wrong with the file as a whole.
        """
        self.models()
        return self._trouble

    def _read(self) -> None:
        models, trouble = {}, {}
        try:
            tables = tomllib.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            tables = {}
        except (OSError, ValueError, RecursionError) as error:  # ValueError: no UTF-8, or no TOML
            self._trouble = MappingProxyType({"": f"{FILE} cannot be read: {' '.join(str(error).split())}."})
            return
        for name, table in tables.items():
            try:
                models[name] = _configured(name, table, self.path.parent)
            except UsageError as error:
                trouble[name] = str(error)
        self._models, self._trouble = MappingProxyType(models), MappingProxyType(trouble)


def _configured(name: str, table: object, home: Path) -> Configured:
    """Return the model of one table; UsageError says what was found in it, and what was expected."""

    def refuse(what: str) -> UsageError:
        return UsageError(f"{FILE} [{name}]: {what}.")

    if not isinstance(table, dict):
        raise UsageError(f"{FILE}: found the value '{name}' outside a table; expected [a-name], its values below it.")
    taken = {"extractive", LOCAL, "scripted", *PROVIDERS, *CATALOGUE}
    if name in taken:
        raise refuse("found a name that is already taken; expected another")
    if not _NAME.fullmatch(name):
        raise refuse("found a name that is too long, or has characters other than letters, digits, '.', '_' and '-'")
    for key in table:
        if key not in _KEYS:
            raise refuse(_unknown(key, table[key]))
    provider, model = _text(table, "provider", refuse), _text(table, "model", refuse)
    if provider is None or model is None:
        raise refuse(f"found no {'provider' if provider is None else 'model'}; expected both provider and model")
    if provider != LOCAL and provider not in PROVIDERS:
        raise refuse(f"found an unknown provider; expected {LOCAL}, or one of {', '.join(PROVIDERS)}")
    if provider == LOCAL:
        model = _local_model(model, table, home, refuse)
    key_env, key_file = _key_source(provider, table, refuse)
    context = _context(table, refuse)
    return Configured(
        name,
        provider,
        model,
        base_url=_address(_text(table, "base_url", refuse), refuse),
        key_env=key_env,
        key_file=None if key_file is None else home / Path(key_file).expanduser(),
        context=context,
        options=_options(table.get("options", {}), context, refuse),
    )


_Refuse = Callable[[str], UsageError]


def _unknown(key: str, value: object) -> str:
    if isinstance(value, dict):
        return f"found the table '{key}' in it; expected a name with a dot in quotes, [\"{key}\"]"
    if _SECRET.search(key):
        return f"found '{key}'; {_OWN_PLACE}"
    return f"found the unknown key '{key}'; expected one of {', '.join(_KEYS)}"


def _text(table: Mapping[str, Any], key: str, refuse: _Refuse) -> str | None:
    value = table.get(key)
    if key in table and (not isinstance(value, str) or not value.strip() or not value.isprintable()):
        raise refuse(f"found {_kind(value)} as {key}; expected text on one line, in quotes")
    return value.strip() if isinstance(value, str) else None


def _local_model(model: str, table: Mapping[str, Any], home: Path, refuse: _Refuse) -> str:
    """Return the catalogue name, or the whole path of a GGUF file; a relative one starts at the home folder."""
    for key in ("base_url", "key_env", "key_file"):
        if key in table:
            raise refuse(f"found {key} with the provider {LOCAL}; a local model takes none")
    known = [name for name, weights in CATALOGUE.items() if weights.kind == "chat"]
    if model in known:
        return model
    if model.endswith(".gguf"):
        return str(home / Path(model).expanduser())
    raise refuse(f"found an unknown local model; expected the path of a .gguf file, or one of {', '.join(known)}")


def _key_source(provider: str, table: Mapping[str, Any], refuse: _Refuse) -> tuple[str | None, str | None]:
    key_env, key_file = _text(table, "key_env", refuse), _text(table, "key_file", refuse)
    if key_env is not None and key_file is not None:
        raise refuse("found both key_env and key_file; expected one of them")
    if (key_env or key_file) and not PROVIDERS[provider].takes_key:
        raise refuse(f"found a key for {provider}, which takes none")
    if key_env is not None and not _VARIABLE.fullmatch(key_env):
        raise refuse(
            "found a key_env that is not a variable's name; expected capitals, digits and '_', not the key itself"
        )
    return key_env, key_file


def _context(table: Mapping[str, Any], refuse: _Refuse) -> int | None:
    context = table.get("context")
    if context is None:
        return None
    if not _is_whole(context) or not SMALLEST_CONTEXT <= context <= _LARGEST_CONTEXT:
        found = context if isinstance(context, int | float) else _kind(context)
        raise refuse(f"found the context {found}; expected a whole number of tokens, {SMALLEST_CONTEXT} or more")
    return int(context)


def _address(base_url: str | None, refuse: _Refuse) -> str | None:
    """Return the address; nothing of a wrong one is shown, for what stands in it may be a key."""
    if base_url is None:
        return None
    try:
        parts = urlsplit(base_url)
        port_is_fine = parts.port != 0
    except ValueError:
        raise refuse("found a base_url that is not an address; expected one like http://127.0.0.1:8080/v1") from None
    if parts.username is not None or parts.password is not None:
        raise refuse(f"found user info in the base_url; {_OWN_PLACE}")
    if parts.query or parts.fragment:
        raise refuse("found a '?' or '#' in the base_url; expected an address like http://127.0.0.1:8080/v1")
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_fine or re.search(r"\s", base_url):
        raise refuse("found a base_url that is not an address; expected one like http://127.0.0.1:8080/v1")
    return base_url


def _options(options: object, context: int | None, refuse: _Refuse) -> Mapping[str, Any]:
    if not isinstance(options, dict):
        raise refuse(f"found {_kind(options)} as options; expected a table, as {{ temperature = 0.2 }}")
    for name in _names(options):
        if _SECRET.search(name):
            raise refuse(f"found '{name}' among the options; {_OWN_PLACE}")
        if name in _OURS:
            raise refuse(f"found '{name}' among the options; expected it beside the model and its address")
    bounds = {"temperature": (0.0, 2.0), "top_p": (0.0, 1.0)}
    for name, (least, most) in bounds.items():
        value = options.get(name, least)
        if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
            found = value if isinstance(value, int | float) else _kind(value)
            raise refuse(f"found the {name} {found}; expected a number from {least:g} to {most:g}")
    longest = options.get("max_tokens", 1)
    if not _is_whole(longest) or not 1 <= longest <= (context or _LARGEST_CONTEXT) // 4:
        limit = f", at most a quarter of the context, {context // 4}" if context else ""
        found = longest if isinstance(longest, int | float) else _kind(longest)
        raise refuse(f"found the max_tokens {found}; expected a whole number of tokens{limit}")
    return MappingProxyType(options)


def _names(options: Mapping[str, Any]) -> Iterator[str]:
    """Yield every key of the options, those of tables within them too."""
    for name, value in options.items():
        yield name
        for inner in value if isinstance(value, list) else (value,):
            if isinstance(inner, dict):
                yield from _names(inner)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _kind(value: object) -> str:
    """Name a TOML value's kind; its text is not shown, for it may be a key in the wrong place."""
    kinds = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a table"}
    return next((word for kind, word in kinds.items() if type(value) is kind), "a date or time")


def _read_key(name: str, path: Path) -> str:
    """Return the key that a file holds; UsageError when it is not there, holds none, or others may read it."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if os.name == "posix" and (status.st_mode & (stat.S_IRWXG | stat.S_IRWXO)):
                raise UsageError(
                    f"'{name}' has a key_file that others may read; only its owner should. Run: chmod 600 '{path}'"
                )
            held = file.read(_LONGEST_KEY + 1).decode("utf-8", errors="replace").strip()
    except OSError as error:
        # The path is not shown: somebody may have put the key itself in its place.
        raise UsageError(
            f"'{name}' has a key_file that cannot be read ({error.strerror}); expected a file with only the key in "
            f"it; its path is relative to the home folder."
        ) from None
    return _usable(held, f"the key_file of '{name}'")


def _usable(key: str, where: str) -> str:
    if not _KEY.fullmatch(key) or len(key) > _LONGEST_KEY:
        raise UsageError(
            f"{where} holds no usable key; expected only the key, in letters, digits and signs on one line."
        )
    return key


def _stamp(path: Path) -> object:
    """Return what changes when a file does; equal while there is none."""
    try:
        status = path.stat()
    except OSError as error:
        return error.errno
    return status.st_mtime_ns, status.st_size, status.st_ino
