"""A model's name enters; what is known of it leaves, or its writer: whether it can answer now, and if not, why."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from assistant.errors import UsageError
from assistant.models.catalogue import CATALOGUE
from assistant.models.configured import Configured, ConfiguredModels
from assistant.models.llm import ModelName, missing, parse_model_name, server_of
from assistant.models.local import LocalServers, State
from assistant.models.weights import WeightsFolder
from assistant.models.writer import Writer, writer_of
from assistant.settings import EXTRACTIVE, Settings

_GIB = 1024**3


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """One line of the model picker."""

    name: str
    """As commands spell it: ``extractive``, ``local:…``, ``openai:…``."""
    label: str
    ready: bool
    """Whether it can answer now. A local model that is still loading is not ready, and ``reason`` says so."""
    reason: str = ""
    """Why it cannot answer now, and what would help; empty when ready."""
    origin: Literal["built in", "catalogue", "configured"] = "configured"
    """``catalogue``: its weights can be fetched by name, and it runs on this machine."""
    pullable: bool = False
    """Whether its weights are not here and can be fetched (``Stock.pull``, by the name after ``local:``)."""
    size_bytes: int | None = None
    """Of its weights on this machine, here or to be fetched; None where there are none, or that is not known."""
    licence: str = ""
    """Empty where it is not known."""
    languages: str = ""
    """What it reads and writes, in words for the user; empty where that is not known."""


class Roster:
    """The models of one home folder. Any thread may ask; nothing is loaded until a writer writes."""

    def __init__(
        self,
        weights: WeightsFolder,
        configured: ConfiguredModels,
        servers: LocalServers,
        settings: Settings,
        *,
        is_fetching: Callable[[str], bool],
    ) -> None:
        """Take where weights are, what the user configured, who serves local models, and what tells a pull goes on."""
        self.weights = weights
        self.configured = configured
        self._servers = servers
        self._settings = settings
        self._is_fetching = is_fetching
        self._writers: dict[str, tuple[ModelName, Writer | None]] = {}

    def choices(self) -> tuple[ModelChoice, ...]:
        """Return every model this installation knows of, ready ones first (see ``left_out`` for the rest)."""
        default = self._settings.model
        choices = [ModelChoice(EXTRACTIVE, "Quote the article (no model)", ready=True, origin="built in")]
        named = [f"local:{name}" for name, weights in CATALOGUE.items() if weights.kind == "chat"]
        own = self.configured.models()
        if default not in (*named, *own, EXTRACTIVE):
            named.insert(0, default)
        choices.extend(self._choice(name, own.get(name)) for name in (*named, *own))
        return tuple(sorted(choices, key=lambda choice: (not choice.ready, choice.name != default)))

    def left_out(self) -> tuple[str, ...]:
        """Return why models of ``models.toml`` are not among the choices, one line for each."""
        return tuple(self.configured.trouble.values())

    def named(self, model: str) -> ModelName:
        """Return what a model's name means in this home folder; raise UsageError naming the known ones."""
        try:
            return parse_model_name(model, self.configured.models())
        except UsageError:
            trouble = self.configured.trouble
            if line := trouble.get(model.strip()) or trouble.get(""):
                raise UsageError(line) from None
            raise

    def check(self, model: str) -> None:
        """Raise UsageError when a model cannot be used as named; weights that are not downloaded yet are fine."""
        name = self.named(model)
        if name.kind != "local" or name.is_file:
            self._written_by(name)

    def writer(self, model: str) -> Writer | None:
        """Return a model's writer, None for ``extractive``; raise UsageError naming the known models."""
        name = self.named(model)
        made = self._writers.get(str(name))
        if made is None or made[0] != name:  # a configured model may have been changed in its file
            self._writers[str(name)] = made = name, self._written_by(name)
        return made[1]

    def load(self, name: ModelName) -> None:
        """Have a local model's server run, and wait for it. Raises ModelError."""
        server_of(name, self.weights.path, self._servers).ensure()

    def is_here(self, name: ModelName) -> bool:
        """Return whether a local model's weights are on this machine."""
        return name.is_file or self.weights.is_complete(name.value)

    def state(self, name: ModelName) -> State:
        """Return the state of a local model's server, without starting one."""
        file = Path(name.value).expanduser() if name.is_file else self.weights.path(name.value)
        return self._servers.state(file, context=name.configured.context if name.configured else None)

    def _written_by(self, name: ModelName) -> Writer | None:
        return writer_of(name, weights_path=self.weights.path, servers=self._servers, settings=self._settings)

    def _choice(self, name: str, own: Configured | None) -> ModelChoice:
        reason = self._why_not(name)
        if own is not None:
            return ModelChoice(name, own.label, ready=not reason, reason=reason)
        choice = ModelChoice(name, name.removeprefix("local:"), ready=not reason, reason=reason)
        weights = CATALOGUE.get(name.removeprefix("local:"))
        if weights is None:
            return choice
        return replace(
            choice,
            origin="catalogue",
            pullable=_can_run_local() and not self.weights.is_complete(weights.name),
            size_bytes=weights.size_bytes,
            licence=weights.licence,
            languages=weights.languages,
        )

    def _why_not(self, model: str) -> str:
        """Return why a model cannot answer now, or nothing."""
        try:
            name = self.named(model)
        except UsageError as error:  # it stood in the file of configured models when the app started
            return str(error)
        if name.kind != "local":
            return missing(name)
        if not _can_run_local():
            return "the llama.cpp package is not installed: pip install xllamacpp"
        if name.is_file:
            return "" if Path(name.value).expanduser().is_file() else f"there is no file {name.value}"
        weights = CATALOGUE[name.value]
        if self._is_fetching(name.value):
            return "its weights are being downloaded"
        if not self.weights.is_complete(name.value):
            return f"not downloaded ({weights.size_bytes / 1e9:.1f} GB): assistant models pull {name.value}"
        state = self.state(name)
        if state == "loading":
            return "is loading"
        free = _free_memory()
        if free is not None and free < weights.size_bytes * 0.5 and state != "ready":
            return f"needs about {weights.size_bytes * 1.3 / _GIB:.1f} GiB of memory; {free / _GIB:.1f} GiB is free"
        return ""


def _can_run_local() -> bool:
    return importlib.util.find_spec("xllamacpp") is not None


def _free_memory() -> int | None:
    """Return the bytes of memory that could be used now, where the system tells."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return None
