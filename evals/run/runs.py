"""One folder a run: what was asked of which model (run.json), the cases, a row a case, and the report."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assistant.contract import as_text
from assistant.errors import UsageError
from assistant.home import Home
from assistant.types import Turn
from evals.cases.sets import load_set
from evals.numbers.compare import RunView
from evals.numbers.summary import Summary, from_json, summarise
from evals.types import CaseResult, EvalCase, EvalSet, GoldSpan
from index.settings import DEFAULT_EMBEDDER
from index.types import Document

logger = logging.getLogger(__name__)

FORMAT = 1
RUN, CASES, RESULTS, REPORT = "run.json", "cases.jsonl", "results.jsonl", "report.html"


class RunFolder:
    """A run on disk. Rows are appended whole; a line that a kill tore is cut off when the folder is opened again."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def info(self) -> dict[str, Any] | None:
        """What run.json says, None where there is none yet; UsageError for a file that is not ours."""
        file = self.path / RUN
        if not file.is_file():
            return None
        try:
            info = json.loads(file.read_text(encoding="utf-8"))
            if info["format"] != FORMAT:
                raise UsageError(f"{file} has format {info['format']}; expected {FORMAT}. Run again with this version.")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{file} is not read as a run ({error}); expected JSON. Name another folder.") from error
        else:
            return dict(info)

    def write_info(self, info: Mapping[str, Any]) -> None:
        """Replace run.json in one step."""
        self.path.mkdir(parents=True, exist_ok=True)
        _replace(self.path / RUN, [as_text(dict(info), indent=1) + "\n"])

    def __iter__(self) -> Iterator[CaseResult]:
        """Yield the rows that are whole, in order; each time anew from the file."""
        for line in self._lines():
            yield row_from_json(json.loads(line))

    def write_cases(self, cases: Iterable[EvalCase]) -> None:
        """Keep the cases as they are asked: the run can be compared when its set has changed, or is gone."""
        self.path.mkdir(parents=True, exist_ok=True)
        _replace(self.path / CASES, (as_text(asdict(case)) + "\n" for case in cases))

    def cases(self) -> Iterator[EvalCase]:
        """Yield the cases in the order they are asked in."""
        with (self.path / CASES).open(encoding="utf-8") as lines:
            for line in lines:
                yield _case(json.loads(line))

    def mend(self) -> int:
        """Cut off a torn last line; return the number of rows that stay. UsageError where they stand elsewhere."""
        kept = size = 0
        for line in self._lines():
            kept, size = kept + 1, size + len(line)
        file = self.path / RESULTS
        if file.is_symlink():
            raise UsageError(f"{file} is a link; expected a real file. Delete it, or name another folder.")
        if file.is_file() and file.stat().st_size > size:
            with file.open("r+b") as results:
                results.truncate(size)
        return kept

    def append(self, row: CaseResult) -> None:
        """Write a row whole; a kill after the return does not lose it."""
        line = (as_text(row_to_json(row)) + "\n").encode()
        with (self.path / RESULTS).open("ab") as results:
            results.write(line)

    def replace_rows(self, rows: Iterator[CaseResult]) -> None:
        """Replace results.jsonl in one step."""
        _replace(self.path / RESULTS, (as_text(row_to_json(row)) + "\n" for row in rows))

    def _lines(self) -> Iterator[bytes]:
        file = self.path / RESULTS
        if not file.is_file():
            return
        with file.open("rb") as results:
            for line in results:
                if not line.endswith(b"\n"):
                    return
                yield line


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run with the cases it asked."""

    folder: RunFolder
    info: Mapping[str, Any]
    cases: Mapping[tuple[str, str], EvalCase]

    @property
    def name(self) -> str:
        """As tables call it: the model, and what else was not the default."""
        return run_name(self.info["settings"])

    @property
    def seed(self) -> int:
        """Of the sample and the intervals."""
        return int(self.info["settings"]["seed"])

    def summary(self) -> Summary:
        """Return the numbers of run.json, counted anew where a kill came before they were written."""
        saved = self.info["summary"]
        return from_json(saved) if saved else summarise(self.folder, self.cases, seed=self.seed)

    def view(self) -> RunView:
        """Return the run as ``evals.numbers.compare`` takes it."""
        return RunView(self.name, {row.key: row for row in self.folder}, self.cases)

    def documents(self, read: dict[str, EvalSet]) -> dict[str, Document]:
        """Return the articles of the run's sets; UsageError when a set is gone or has changed since.

        ``read`` keeps what was read, for several runs over the same sets.
        """
        found: dict[str, Document] = {}
        for entry in self.info["sets"]:
            if entry["path"] not in read:
                read[entry["path"]] = load_set(Path(entry["path"]))
            one = read[entry["path"]]
            if one.digest != entry["digest"]:
                raise UsageError(
                    f"the set at {entry['path']} has changed since the run in {self.folder.path}. Run again, or "
                    "restore the set."
                )
            found |= one.documents
        return found


def open_run(path: Path) -> OpenRun:
    """Return a run; UsageError when there is none."""
    folder = RunFolder(path)
    info = folder.info
    if info is None:
        raise UsageError(f"found no {RUN} in {path}; expected a run's folder. `evals runs` lists yours.")
    return OpenRun(folder, info, {case.key: case for case in folder.cases()})


@dataclass(frozen=True, slots=True)
class RunCard:
    """One line of the list of runs."""

    name: str
    """The folder, relative to where the runs stand: what ``evals compare`` takes."""
    path: Path
    model: str
    sets: tuple[str, ...]
    cases: int
    done: int
    complete: bool
    retrieval_only: bool
    started: str
    headline: Mapping[str, Any] | None
    """Grounded accuracy as ``run.json`` holds it; hit@5 where only retrieval was run."""


def runs_folder(home: Home) -> Path:
    """Return where runs stand that were given no folder."""
    return home.root / "runs"


def list_runs(folder: Path) -> tuple[RunCard, ...]:
    """Return the runs in a folder and in its folders, newest first; what is not read as a run is passed over."""
    cards = []
    for file in [*folder.glob(f"*/{RUN}"), *folder.glob(f"*/*/{RUN}")]:
        run = RunFolder(file.parent)
        try:
            info = run.info
        except UsageError as error:
            logger.warning("%s", error)
            continue
        if info is None:
            continue
        metrics = info.get("headline") or {}
        cards.append(
            RunCard(
                name=str(file.parent.relative_to(folder)),
                path=file.parent,
                model=info["settings"]["bot"] or info["settings"]["model"],
                sets=tuple(one["name"] for one in info["sets"]),
                cases=info["cases"],
                done=info["done"],
                complete=info["complete"],
                retrieval_only=info["settings"]["retrieval_only"],
                started=info["started"],
                headline=metrics.get("hit@5" if info["settings"]["retrieval_only"] else "grounded_accuracy"),
            )
        )
    return tuple(sorted(cards, key=lambda card: (card.started, card.name), reverse=True))


def run_name(settings: Mapping[str, Any]) -> str:
    """Return what a run is called in tables."""
    parts = [settings["bot"] or settings["model"].removeprefix("local:")]
    if settings["embedder"] != DEFAULT_EMBEDDER:
        parts.append(settings["embedder"])
    if settings["retriever"] != "index":
        parts.append(settings["retriever"])
    if settings.get("held_out"):  # not in runs made before it was there
        parts.append("held out")
    if settings["pooled"]:
        parts.append("pooled")
    return " + ".join(parts)


def row_to_json(row: CaseResult) -> dict[str, Any]:
    """Return a row as results.jsonl holds it."""
    asked = {"error": row.error} if row.error is not None else {"result": dict(row.result or {})}
    return {
        "id": row.id,
        "set": row.set,
        **asked,
        "scores": dict(row.scores),
        "failure": row.failure,
        "why": dict(row.why),
    }


def row_from_json(fields: Mapping[str, Any]) -> CaseResult:
    """Return the row that ``row_to_json`` wrote."""
    return CaseResult(
        set=fields["set"],
        id=fields["id"],
        result=fields.get("result"),
        scores=fields["scores"],
        failure=fields.get("failure"),
        error=fields.get("error"),
        why=fields.get("why", {}),
    )


def _case(fields: Mapping[str, Any]) -> EvalCase:
    return EvalCase(
        **{
            **fields,
            **{name: tuple(fields[name]) for name in ("articles", "answers", "forbidden", "tags")},
            "nuggets": tuple(tuple(group) for group in fields["nuggets"]),
            "history": tuple(Turn(**turn) for turn in fields["history"]),
            "evidence": tuple(GoldSpan(**span) for span in fields["evidence"]),
        }
    )


def _replace(file: Path, lines: Iterable[str]) -> None:
    """Write a file in one step: after a kill it is the old one or the new one."""
    half = file.with_name(f"{file.name}.{os.getpid()}")
    with half.open("w", encoding="utf-8") as writing:
        writing.writelines(lines)
    half.replace(file)
