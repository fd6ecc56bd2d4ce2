"""A plan enters, one folder a run leaves: every case asked by the chat's own code path, scored, and written as it ends.

A run that was stopped or killed goes on where it was when the same plan is given again.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from assistant.answer.chain import Assistant, Searchable
from assistant.errors import UsageError
from assistant.models.llm import server_of
from assistant.wiring import Application
from evals.numbers.counting import HEADLINE
from evals.numbers.summary import Summary, summarise, to_json
from evals.run.ask import answered, asked, retrieved, scored
from evals.run.bots import BOTS, Bot
from evals.run.jobs import Plan, PlannedRun, jobs_of, not_here
from evals.run.judge import Judge, calibrate, line
from evals.run.kept import Kept
from evals.run.machine import machine, packages, peak_bytes, revision
from evals.run.plain import PlainBM25
from evals.run.prefetch import Prefetched
from evals.run.progress import Pace, RunProgress, Tally
from evals.run.runs import FORMAT, REPORT, RUN, OpenRun, RunFolder, open_run
from evals.types import CaseResult, EvalSet
from index.vectors.embed import Embedder

Report = Callable[[Sequence[OpenRun], Path, dict[str, EvalSet]], object]
"""Writes a report of runs to a path; the sets that were read come along, so that none is read twice."""

_SHOWN = (*HEADLINE, "citation_validity", "citation_recall", "hit@1", "hit@5")


def run_sets(
    plan: Plan,
    *,
    application: Application,
    on_progress: Callable[[RunProgress], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
    report: Report | None = None,
) -> tuple[Path, ...]:
    """Run a plan; return a folder a run, in order of embedders, then models.

    Raises UsageError before anything runs when a set, a model, the judge or the folder cannot be used. A case that
    fails is recorded and the run goes on. ``stopped`` leaves the case at hand, which the same plan asks again.
    ``report`` writes a report of some runs to a path: one a run, and over several one more in their parent folder.
    """
    jobs = jobs_of(plan, application)
    for embedder in plan.embedders:
        mine = [job for job in jobs if job.embedder == embedder]
        if all(job.is_complete for job in mine):
            continue
        with _searchable(mine[0], application) as (index, fingerprint):
            for job in mine:
                if not stopped():
                    _run(job, index, fingerprint, application, on_progress, stopped)
    paths = tuple(job.path for job in jobs)
    if report:
        _report(paths, report, {str(one.path): one for one in jobs[0].sets})
    return paths


def rescore(path: Path) -> OpenRun:
    """Score the saved rows of a run again, costs and grades kept, and write its numbers anew."""
    run = open_run(path)
    only = bool(run.info["settings"]["retrieval_only"])
    documents = run.documents({})

    def again() -> Iterator[CaseResult]:
        for row in run.folder:
            if row.result is None:
                yield row
            else:
                yield scored(run.cases[row.key], row.result, documents, row.scores, retrieval_only=only)

    run.folder.replace_rows(again())
    summary = summarise(run.folder, run.cases, seed=run.seed)
    run.folder.write_info({**run.info, **_numbers(summary)})
    return open_run(path)


@contextmanager
def _searchable(job: PlannedRun, application: Application) -> Iterator[tuple[Searchable, str]]:
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
    job: PlannedRun,
    index: Searchable,
    fingerprint: str,
    application: Application,
    on_progress: Callable[[RunProgress], None],
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
        if info is not None and not job.owns(info):
            raise UsageError(f"{job.path} holds a run with other settings, sets or prompts. Choose another --out.")
        if info is None:
            folder.write_cases(job.cases)
            info = _first_info(job, fingerprint)
            folder.write_info(info)
        if not info["complete"]:
            _work(job, folder, info, index, application, on_progress, stopped)


def _work(
    job: PlannedRun,
    folder: RunFolder,
    info: Mapping[str, Any],
    index: Searchable,
    application: Application,
    on_progress: Callable[[RunProgress], None],
    stopped: Callable[[], bool],
) -> None:
    began = time.monotonic()
    folder.mend()
    tally = Tally(folder)
    bot = _bot(job, index, application, stopped)
    pace = Pace(job.model, len(job.cases), tally.rows, on_progress)
    pace.tell(tally)
    for case in job.cases[tally.rows :]:
        if stopped():
            break
        row = asked(
            case,
            bot,
            job.documents,
            pooled=job.plan.pooled,
            retrieval_only=job.plan.retrieval_only,
            timed=job.plan.kept is None,
        )
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
    job: PlannedRun, folder: RunFolder, application: Application, on_progress: Callable[[RunProgress], None]
) -> dict[str, Any]:
    """Have the judge grade every answer of a whole run; return what run.json says of the judge.

    After the answers, not between them: two local models would take turns in memory.
    """
    name = job.plan.judge or ""
    write = application.roster.writer(name)
    if write is None:
        raise UsageError(f"found the judge '{name}'; expected a language model. Name one, as local:NAME.")
    judge = Judge(name, write)
    cases = {case.key: case for case in job.cases}
    tally = Tally(())
    pace = Pace(f"judge {name}", len(cases), 0, on_progress)

    def graded() -> Iterator[CaseResult]:
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


def _bot(job: PlannedRun, index: Searchable, application: Application, stopped: Callable[[], bool]) -> Bot:
    """Return what answers the cases: the assistant, or a floor or ceiling in its place."""
    if not job.plan.retrieval_only:
        application.startup.make_ready(job.model, pull=not_here)

    def assistant(searched: Searchable) -> Assistant:
        made = application.assistant(job.model, searched, settings=job.settings)
        return Kept(job.plan.kept).assistant(made) if job.plan.kept else made

    if job.plan.retrieval_only:
        return lambda case: retrieved(assistant(index), case)
    if job.plan.bot:
        return BOTS[job.plan.bot](index, assistant, job.plan.seed)
    ready = assistant(index)
    return lambda case: answered(ready, case, stopped)


def _numbers(summary: Summary) -> dict[str, Any]:
    """Return a summary as run.json holds it, the headline apart."""
    whole = to_json(summary)
    shown = {
        name: whole["metrics"][name] for name in _SHOWN if summary.metrics[name].n + summary.metrics[name].unscored
    }
    return {"headline": shown, "summary": whole}


def _first_info(job: PlannedRun, fingerprint: str) -> dict[str, Any]:
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
    name = application.roster.named(model)
    if name.kind == "local":
        server = server_of(name, application.weights.path, application.servers)
        processes += [server.process_id] if server.process_id else []
    return round(sum(peak_bytes(process) for process in processes) / 2**20)


def _report(paths: Sequence[Path], report: Report, read: dict[str, EvalSet]) -> None:
    runs = [open_run(path) for path in paths if (path / RUN).is_file()]
    for run in runs:
        report([run], run.folder.path / REPORT, read)
    if len(runs) > 1:
        report(runs, paths[0].parent / REPORT, read)
