"""A plan enters, one folder a run leaves: every case asked by the chat's own code path, scored, and written as it ends.

A run that was stopped or killed goes on where it was when the same plan is given again.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from assistant.chain import Assistant, Searchable
from assistant.errors import UsageError
from assistant.llm import model_file, parse_model_name
from assistant.settings import EXTRACTIVE
from assistant.wiring import Application
from evals.ask import answered, asked, retrieved, scored
from evals.bots import BOTS, Bot
from evals.judge import Judge, calibrate, line
from evals.machine import machine, packages, peak_bytes, revision
from evals.plain import PlainBM25
from evals.prefetch import Prefetched
from evals.runs import FORMAT, OpenRun, RunFolder, open_run
from evals.sets import load_sets, sample
from evals.summary import HEADLINE, Summary, summarise, to_json
from evals.types import EvalCase, EvalSet, Row
from index.embed import Embedder
from index.types import Document
from prompts import load, names

logger = logging.getLogger(__name__)

Report = Callable[[Sequence[OpenRun], Path, dict[str, EvalSet]], object]
"""Writes a report of runs to a path; the sets that were read come along, so that none is read twice."""

RETRIEVERS = ("index", "bm25")
_SHOWN = (*HEADLINE, "citation_validity", "citation_recall", "hit@1", "hit@5")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run."""

    sets: tuple[Path, ...]
    models: tuple[str, ...] = (EXTRACTIVE,)
    embedders: tuple[str, ...] = ("minilm",)
    limit: int | None = None
    """Most cases, of all sets together."""
    seed: int = 0
    retrieval_only: bool = False
    retriever: str = "index"
    """``index``, the assistant's own, or ``bm25``, the plain baseline."""
    pooled: bool = False
    """Search all articles of the sets for every case, not only the case's own."""
    bot: str | None = None
    """A floor or ceiling in the assistant's place (see ``evals.bots``)."""
    judge: str | None = None
    """The name of a model that grades answers beside the other scores."""
    out: Path | None = None
    """The run's folder (of several runs: their parent); None for one in the home folder."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is."""

    model: str
    done: int
    total: int
    done_now: int
    """Of them, those of this sitting."""
    failed: int
    seconds: float
    """Of this sitting."""
    left_seconds: float | None
    """None until a case of this sitting is done."""
    headline: float | None
    """Grounded accuracy so far; None where nothing is scored."""


@dataclass(frozen=True, slots=True)
class _Job:
    """One run of a plan."""

    plan: Plan
    model: str
    embedder: str
    path: Path
    sets: tuple[EvalSet, ...]
    cases: tuple[EvalCase, ...]
    documents: Mapping[str, Document]

    @property
    def settings(self) -> dict[str, Any]:
        """Return what decides the results: a run goes on only under the same."""
        plan = self.plan
        return {
            "model": self.model,
            "embedder": self.embedder,
            "limit": plan.limit,
            "seed": plan.seed,
            "retrieval_only": plan.retrieval_only,
            "retriever": plan.retriever,
            "pooled": plan.pooled,
            "bot": plan.bot,
            "judge": plan.judge,
        }

    @property
    def identity(self) -> dict[str, Any]:
        """Return settings, sets and prompts."""
        sets = [{"name": one.name, "path": str(one.path), "digest": one.digest} for one in self.sets]
        prompts = {name: load(name).digest for name in names()}
        return {"settings": self.settings, "sets": sets, "prompts": prompts}


def runs_folder(application: Application) -> Path:
    """Return where runs stand that were given no folder."""
    return application.home.root / "runs"


def run_sets(
    plan: Plan,
    *,
    application: Application,
    on_progress: Callable[[Progress], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
    report: Report | None = None,
) -> tuple[Path, ...]:
    """Run a plan; return a folder a run, in order of embedders, then models.

    Raises UsageError before anything runs when a set, a model, the judge or the folder cannot be used. A case that
    fails is recorded and the run goes on. ``stopped`` leaves the case at hand, which the same plan asks again.
    ``report`` writes a report of some runs to a path: one a run, and over several one more in their parent folder.
    """
    _check(plan, application)
    sets = load_sets(plan.sets)
    every = [case for one in sets for case in one.cases]
    cases = sample(every, limit=plan.limit, seed=plan.seed)
    documents = {id: document for one in sets for id, document in one.documents.items()}
    used = documents if plan.pooled else {id: documents[id] for case in cases for id in case.articles}
    root = plan.out or _default_folder(plan, sets, application)
    pairs = [(embedder, model) for embedder in plan.embedders for model in plan.models]
    jobs = [
        _Job(plan, model, embedder, root if len(pairs) == 1 else root / _slug(plan, model, embedder), sets, cases, used)
        for embedder, model in pairs
    ]
    for embedder in plan.embedders:
        mine = [job for job in jobs if job.embedder == embedder]
        if all(_complete(job) for job in mine):
            continue
        with _searchable(mine[0], application) as (index, fingerprint):
            for job in mine:
                if not stopped():
                    _run(job, index, fingerprint, application, on_progress, stopped)
    paths = tuple(job.path for job in jobs)
    if report:
        _report(paths, root, report, {str(one.path): one for one in sets})
    return paths


def rescore(path: Path) -> OpenRun:
    """Score the saved rows of a run again, costs and grades kept, and write its numbers anew."""
    run = open_run(path)
    only = bool(run.info["settings"]["retrieval_only"])
    documents = run.documents({})

    def again() -> Iterator[Row]:
        for row in run.folder:
            if row.result is None:
                yield row
            else:
                yield scored(run.cases[row.key], row.result, documents, row.scores, retrieval_only=only)

    run.folder.replace_rows(again())
    summary = summarise(run.folder, run.cases, seed=run.seed)
    run.folder.write_info({**run.info, **_numbers(summary)})
    return open_run(path)


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
        name = parse_model_name(model)
        if name.kind == "local" and not name.is_file and not application.weights.is_complete(name.value):
            _not_here(name.value)
        if plan.judge and plan.judge == EXTRACTIVE:
            raise UsageError("found the judge 'extractive'; expected a language model. Name one, as local:NAME.")
    for embedder in plan.embedders:
        application.embedder(embedder)


def _complete(job: _Job) -> bool:
    info = RunFolder(job.path).info
    return bool(info and info["complete"] and _identity(info) == job.identity)


def _identity(info: Mapping[str, Any]) -> dict[str, Any]:
    sets = [{key: one[key] for key in ("name", "path", "digest")} for one in info["sets"]]
    return {"settings": info["settings"], "sets": sets, "prompts": info["prompts"]}


def _default_folder(plan: Plan, sets: Sequence[EvalSet], application: Application) -> Path:
    """Return the folder of this plan's unfinished run, or a new one named by sets and time."""
    key = hashlib.sha256(repr((replace(plan, out=None), [one.digest for one in sets])).encode()).hexdigest()[:8]
    root = runs_folder(application)
    for folder in sorted(root.glob(f"*-{key}"), reverse=True):
        files = [*folder.glob("run.json"), *folder.glob("*/run.json")]
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


@contextmanager
def _searchable(job: _Job, application: Application) -> Iterator[tuple[Searchable, str]]:
    """Lend what the cases are searched with, and the fingerprint that names it."""
    embedder: Embedder = application.embedder(job.embedder)
    if job.plan.retrieval_only and job.plan.retriever == "index":
        embedder = Prefetched(embedder, [case.question for case in job.cases], application.home.index / "cache.sqlite")
    if job.plan.retriever == "bm25":
        yield PlainBM25(job.documents, embedder=embedder), "plain BM25 (k1 1.2, b 0.75)"
        return
    with application.index_of(list(job.documents.values()), embedder=embedder) as index:
        yield index, index.fingerprint


def _run(
    job: _Job,
    index: Searchable,
    fingerprint: str,
    application: Application,
    on_progress: Callable[[Progress], None],
    stopped: Callable[[], bool],
) -> None:
    folder = RunFolder(job.path)
    job.path.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        lock = FileLock(job.path / ".lock")
        try:
            held.enter_context(lock.acquire(timeout=0))
        except Timeout:
            raise UsageError(
                f"another process writes the run in {job.path}. Wait for it, or choose another --out."
            ) from None
        info = folder.info
        if info is not None and _identity(info) != job.identity:
            raise UsageError(f"{job.path} holds a run of other settings, sets or prompts. Choose another --out.")
        if info is None:
            folder.write_cases(job.cases)
            info = _first_info(job, fingerprint)
            folder.write_info(info)
        if not info["complete"]:
            _work(job, folder, info, index, application, on_progress, stopped)


def _work(
    job: _Job,
    folder: RunFolder,
    info: Mapping[str, Any],
    index: Searchable,
    application: Application,
    on_progress: Callable[[Progress], None],
    stopped: Callable[[], bool],
) -> None:
    began = time.monotonic()
    folder.mend()
    tally = _Tally(folder)
    bot = _bot(job, index, application, stopped)
    pace = _Pace(job.model, len(job.cases), tally.rows, on_progress)
    pace.tell(tally)
    for case in job.cases[tally.rows :]:
        if stopped():
            break
        row = asked(case, bot, job.documents, pooled=job.plan.pooled, retrieval_only=job.plan.retrieval_only)
        if row is None:
            break
        folder.append(row)
        tally.count(row)
        pace.tell(tally)
    peak = _peak_mib(job.model, application)
    complete = tally.rows == len(job.cases)
    judging: dict[str, Any] = {}
    if complete and job.plan.judge:
        judging = {"judge": _judged(job, folder, application, on_progress)}
    folder.write_info(
        {
            **info,
            **judging,
            "done": tally.rows,
            "complete": complete,
            "finished": _now() if complete else None,
            "seconds": round(info["seconds"] + time.monotonic() - began, 1),
            "peak_mib": max(info["peak_mib"] or 0, peak),
            **_numbers(summarise(folder, {case.key: case for case in job.cases}, seed=job.plan.seed)),
        }
    )


def _judged(
    job: _Job, folder: RunFolder, application: Application, on_progress: Callable[[Progress], None]
) -> dict[str, Any]:
    """Have the judge grade every answer of a whole run; return what run.json says of the judge.

    After the answers, not between them: two local models would take turns in memory.
    """
    name = job.plan.judge or ""
    speak = application.voice(name)
    if speak is None:
        raise UsageError(f"found the judge '{name}'; expected a language model. Name one, as local:NAME.")
    judge = Judge(name, speak)
    cases = {case.key: case for case in job.cases}
    tally = _Tally(())
    pace = _Pace(f"judge {name}", len(cases), 0, on_progress)

    def graded() -> Iterator[Row]:
        for row in folder:
            answer, case = row.result, cases[row.key]
            value = None
            if answer is not None and case.answerable and not answer["abstained"]:
                value = judge.grade(case, answer["answer"]).value
            tally.count(row)
            pace.tell(tally)
            yield replace(row, scores={**row.scores, "judged": value})

    folder.replace_rows(graded())
    calibration = calibrate(judge)
    return {"model": name, **asdict(calibration), "line": line(calibration, name, [job.model])}


class _Tally:
    """Counts rows, failures and the running headline."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = self.failed = self._scored = 0
        self._sum = 0.0
        for row in rows:
            self.count(row)

    def count(self, row: Row) -> None:
        self.rows += 1
        self.failed += row.error is not None
        value = row.scores.get("grounded_accuracy")
        if value is not None:
            self._scored += 1
            self._sum += value

    @property
    def mean(self) -> float | None:
        return self._sum / self._scored if self._scored else None


class _Pace:
    """Tells how far a run is, at the pace of this sitting."""

    def __init__(self, model: str, total: int, before: int, on_progress: Callable[[Progress], None]) -> None:
        self._model, self._total, self._before, self._on_progress = model, total, before, on_progress
        self._began = time.monotonic()

    def tell(self, tally: _Tally) -> None:
        seconds, now = time.monotonic() - self._began, tally.rows - self._before
        left = seconds / now * (self._total - tally.rows) if now else None
        self._on_progress(Progress(self._model, tally.rows, self._total, now, tally.failed, seconds, left, tally.mean))


def _bot(job: _Job, index: Searchable, application: Application, stopped: Callable[[], bool]) -> Bot:
    """Return what answers the cases: the assistant, or a floor or ceiling in its place."""
    if parse_model_name(job.model).kind == "local":
        application.prepare(job.model, pull=_not_here)

    def assistant(searched: Searchable) -> Assistant:
        return application.assistant(job.model, searched)

    if job.plan.retrieval_only:
        return lambda case: retrieved(assistant(index), case)
    if job.plan.bot:
        return BOTS[job.plan.bot](index, assistant, job.plan.seed)
    ready = assistant(index)
    return lambda case: answered(ready, case, stopped)


def _not_here(name: str) -> None:
    raise UsageError(f"the weights of '{name}' are not here yet. Run `assistant models pull {name}`.")


def _numbers(summary: Summary) -> dict[str, Any]:
    """Return a summary as run.json holds it, the headline apart."""
    whole = to_json(summary)
    shown = {
        name: whole["metrics"][name] for name in _SHOWN if summary.metrics[name].n + summary.metrics[name].unscored
    }
    return {"headline": shown, "summary": whole}


def _first_info(job: _Job, fingerprint: str) -> dict[str, Any]:
    return {
        "format": FORMAT,
        **job.identity,
        "command": " ".join(["evals", *sys.argv[1:]]) if Path(sys.argv[0]).stem in {"evals", "__main__"} else None,
        "cases": len(job.cases),
        "done": 0,
        "complete": False,
        "started": _now(),
        "finished": None,
        "seconds": 0.0,
        "peak_mib": None,
        "embedder_fingerprint": fingerprint,
        "packages": packages(),
        "revision": revision(),
        "machine": machine(),
        "headline": {},
        "summary": None,
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _peak_mib(model: str, application: Application) -> int:
    """Return the most memory this process and the model's server ever held, in MiB; 0 where the system hides it."""
    processes = [os.getpid()]
    name = parse_model_name(model)
    if name.kind == "local":
        server = application.servers.get(model_file(name, application.weights.path))
        processes += [server.process_id] if server.process_id else []
    return round(sum(peak_bytes(process) for process in processes) / 2**20)


def _report(paths: Sequence[Path], root: Path, report: Report, read: dict[str, EvalSet]) -> None:
    runs = [open_run(path) for path in paths if (path / "run.json").is_file()]
    for run in runs:
        report([run], run.folder.path / "report.html", read)
    if len(runs) > 1:
        report(runs, root / "report.html", read)
