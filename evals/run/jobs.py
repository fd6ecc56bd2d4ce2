"""A plan enters; its jobs leave, one a run: each with its cases, its articles and a folder. Nothing is asked yet."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from assistant.errors import UsageError
from assistant.settings import DEFAULT_CAUTION, EXTRACTIVE, Caution, Settings
from assistant.wiring import Application
from evals.cases.held_out import is_held_out
from evals.cases.sets import load_sets, sample
from evals.run.bots import BOTS
from evals.run.runs import RUN, RunFolder, runs_folder
from evals.types import EvalCase, EvalSet
from index.settings import DEFAULT_EMBEDDER
from index.types import Document
from prompts import load, names

RETRIEVERS = ("index", "bm25")
TRIED = ("reader", "answerable", "quotable", "supported", "writer_tokens", "prompt_tokens", "evidence")
"""The settings of the assistant that a run may change: what decides how a question is answered."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run."""

    sets: tuple[Path, ...]
    models: tuple[str, ...] = (EXTRACTIVE,)
    embedders: tuple[str, ...] = (DEFAULT_EMBEDDER,)
    limit: int | None = None
    """Most cases, of all sets together."""
    seed: int = 0
    retrieval_only: bool = False
    retriever: str = "index"
    """``index``, the assistant's own, or ``bm25``, the plain baseline."""
    held_out: bool = False
    """Only cases on articles that the reader was never trained on (``evals.cases.held_out.is_held_out``)."""
    pooled: bool = False
    """Search all articles of the sets for every case, not only the case's own."""
    bot: str | None = None
    """A floor or ceiling in the assistant's place (see ``evals.run.bots``)."""
    caution: Caution = DEFAULT_CAUTION
    tried: tuple[tuple[str, float], ...] = ()
    """Settings of the assistant (one of ``TRIED``) and the values this run gives them."""
    kept: Path | None = None
    """A folder of readings and replies (``evals.run.kept``), taken from and added to; nothing is timed then."""
    judge: str | None = None
    """The name of a model that grades answers beside the other scores."""
    out: Path | None = None
    """The run's folder (of several runs: their parent); None for one in the home folder."""


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One run of a plan."""

    plan: Plan
    model: str
    embedder: str
    path: Path
    sets: tuple[EvalSet, ...]
    cases: tuple[EvalCase, ...]
    documents: Mapping[str, Document]
    settings: Settings
    """The assistant's, with the plan's values in place."""
    reader: str | None
    """What identifies the reader; None where there is none."""
    served: Mapping[str, Any] | None = None
    """What the home folder's file says of the model, where it is named there: no key is part of it."""

    @property
    def identity(self) -> dict[str, Any]:
        """Return settings, sets and prompts, as run.json holds them: a run goes on only under the same."""
        sets = [{"name": one.name, "path": str(one.path), "digest": one.digest} for one in self.sets]
        prompts = {name: load(name).digest for name in names()}
        return {"settings": self._settings, "sets": sets, "prompts": prompts}

    def owns(self, info: Mapping[str, Any]) -> bool:
        """Return whether a run.json is this job's: settings, sets and prompts are the same."""
        return {name: info[name] for name in ("settings", "sets", "prompts")} == self.identity

    @property
    def is_complete(self) -> bool:
        """Whether its folder holds the whole run."""
        info = RunFolder(self.path).info
        return bool(info and info["complete"] and self.owns(info))

    @property
    def _settings(self) -> dict[str, Any]:
        plan = self.plan
        return {
            "model": self.model,
            "embedder": self.embedder,
            "limit": plan.limit,
            "seed": plan.seed,
            "retrieval_only": plan.retrieval_only,
            "retriever": plan.retriever,
            "held_out": plan.held_out,
            "pooled": plan.pooled,
            "bot": plan.bot,
            "judge": plan.judge,
            "kept": plan.kept is not None,
            "reader": self.reader,
            **({"served": dict(self.served)} if self.served else {}),  # absent from runs of other models
            "caution": self.settings.caution,
            **{name: getattr(self.settings, name) for name in TRIED[1:]},
        }


def jobs_of(plan: Plan, application: Application) -> tuple[PlannedRun, ...]:
    """Return the jobs of a plan, one at least, in order of embedders, then models.

    Raises UsageError when a set, a model, an embedder or the judge cannot be used.
    """
    _check(plan, application)
    sets = load_sets(plan.sets)
    every = [case for one in sets for case in one.cases if not plan.held_out or is_held_out(case.articles[0])]
    if not every:
        raise UsageError("found no case on a held-out article in these sets. Leave out --held-out.")
    cases = sample(every, limit=plan.limit, seed=plan.seed)
    documents = {id: document for one in sets for id, document in one.documents.items()}
    used = documents if plan.pooled else {id: documents[id] for case in cases for id in case.articles}
    settings = _with_tried(application.settings, plan)
    reader = None
    if settings.reader and not plan.retrieval_only:
        application.readers.build()
        found = application.readers.large()
        reader = found.identity if found else None
    root = plan.out or _default_folder(plan, sets, runs_folder(application.home))
    configured = application.roster.configured.models()
    pairs = [(embedder, model) for embedder in plan.embedders for model in plan.models]
    return tuple(
        PlannedRun(
            plan,
            model,
            embedder,
            root if len(pairs) == 1 else root / _slug(plan, model, embedder),
            sets,
            cases,
            used,
            settings,
            reader,
            configured[model].record() if model in configured else None,
        )
        for embedder, model in pairs
    )


def parse_setting(text: str) -> tuple[str, float]:
    """Return a setting and its value from ``NAME=VALUE``; raise UsageError naming the known ones."""
    name, _, value = text.partition("=")
    with suppress(ValueError):
        if name in TRIED:
            return name, float({"on": "1", "off": "0"}.get(value, value))
    raise UsageError(
        f"found --set '{text}'; expected NAME=VALUE with a number, on or off, and a name of: {', '.join(TRIED)}."
    )


def _with_tried(settings: Settings, plan: Plan) -> Settings:
    """Return settings with the plan's values in place, each of the type it has."""
    values = {name: type(getattr(settings, name))(value) for name, value in plan.tried}
    return replace(settings.at(plan.caution), **values)


def not_here(name: str) -> None:
    """Raise the UsageError for weights that are not on this machine: a run downloads none."""
    raise UsageError(f"the weights of '{name}' are not here yet. Run `assistant models pull {name}`.")


def _check(plan: Plan, application: Application) -> None:
    """Raise UsageError for what can be known to be wrong before anything runs."""
    if plan.limit is not None and plan.limit < 1:
        raise UsageError(f"found --limit {plan.limit}; expected 1 or more. Leave it out to run every case.")
    if plan.retriever not in RETRIEVERS:
        raise UsageError(f"found the retriever '{plan.retriever}'; expected one of: {', '.join(RETRIEVERS)}.")
    if plan.bot is not None and plan.bot not in BOTS:
        raise UsageError(f"found the bot '{plan.bot}'; expected one of: {', '.join(BOTS)}.")
    if not plan.sets or not plan.models or not plan.embedders:
        raise UsageError("found no set, model or embedder; expected one of each at least.")
    for model in (*plan.models, *([plan.judge] if plan.judge else [])):
        application.check(model)
        name = application.roster.named(model)
        if name.kind == "local" and not name.is_file and not application.weights.is_complete(name.value):
            not_here(name.value)
        if plan.judge and plan.judge == EXTRACTIVE:
            raise UsageError("found the judge 'extractive'; expected a language model. Name one, as local:NAME.")
    for embedder in plan.embedders:
        application.embedder(embedder)


def _default_folder(plan: Plan, sets: Sequence[EvalSet], root: Path) -> Path:
    """Return the folder of this plan's unfinished run, or a new one named by sets and time."""
    key = hashlib.sha256(repr((replace(plan, out=None), [one.digest for one in sets])).encode()).hexdigest()[:8]
    for folder in sorted(root.glob(f"*-{key}"), reverse=True):
        files = [*folder.glob(RUN), *folder.glob(f"*/{RUN}")]
        several = len(plan.models) * len(plan.embedders)
        if len(files) < several or not all((RunFolder(file.parent).info or {}).get("complete") for file in files):
            return folder
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    return root / f"{stamp}-{_short('+'.join(one.name for one in sets))}-{key}"


def _slug(plan: Plan, model: str, embedder: str) -> str:
    name = _short(model.removeprefix("local:"))
    return f"{name}-{_short(embedder)}" if len(plan.embedders) > 1 else name


def _short(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[-60:] or "run"
