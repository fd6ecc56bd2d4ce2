"""One folder a run: what was asked of which model (run.json), a row a case (results.jsonl), and the report."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.contract import as_text
from assistant.errors import UsageError
from evals.compare import RunView
from evals.sets import load_set, sample
from evals.summary import Summary, from_json, summarise
from evals.types import EvalCase, EvalSet, Row
from index.types import Document

FORMAT = 1
RUN, RESULTS, REPORT = "run.json", "results.jsonl", "report.html"


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
        file, half = self.path / RUN, self.path / f"{RUN}.{os.getpid()}"
        half.write_text(as_text(dict(info), indent=1) + "\n", encoding="utf-8")
        half.replace(file)

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows that are whole, in order; each time anew from the file."""
        for line in self._lines():
            yield row_from_json(json.loads(line))

    def mend(self) -> int:
        """Cut off a torn last line; return the number of rows that stay."""
        kept = size = 0
        for line in self._lines():
            kept, size = kept + 1, size + len(line)
        file = self.path / RESULTS
        if file.is_file() and file.stat().st_size > size:
            with file.open("r+b") as results:
                results.truncate(size)
        return kept

    def append(self, row: Row) -> None:
        """Write a row whole; a kill after the return does not lose it."""
        line = (as_text(row_to_json(row)) + "\n").encode()
        with (self.path / RESULTS).open("ab") as results:
            results.write(line)

    def replace_rows(self, rows: Iterator[Row]) -> None:
        """Replace results.jsonl in one step."""
        half = self.path / f"{RESULTS}.{os.getpid()}"
        with half.open("w", encoding="utf-8") as results:
            results.writelines(as_text(row_to_json(row)) + "\n" for row in rows)
        half.replace(self.path / RESULTS)

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
    """A run with the cases and articles it asked about."""

    folder: RunFolder
    info: Mapping[str, Any]
    cases: Mapping[tuple[str, str], EvalCase]
    documents: Mapping[str, Document]

    @property
    def name(self) -> str:
        """As tables call it: the model, and what else was not the default."""
        return run_name(self.info["settings"])

    def summary(self) -> Summary:
        """Return the numbers of run.json, counted anew where a kill came before they were written."""
        saved = self.info["summary"]
        return from_json(saved) if saved else summarise(self.folder, self.cases, seed=self.seed)

    def view(self) -> RunView:
        """Return the run as ``evals.compare`` takes it."""
        return RunView(self.name, {row.key: row for row in self.folder}, self.cases)

    @property
    def seed(self) -> int:
        """Of the sample and the intervals."""
        return int(self.info["settings"]["seed"])


def open_run(path: Path, *, sets: dict[str, EvalSet] | None = None) -> OpenRun:
    """Return a run with its sets read again; UsageError when there is no run, or a set has changed since.

    ``sets`` keeps what was read, for several runs over the same sets.
    """
    folder = RunFolder(path)
    info = folder.info
    if info is None:
        raise UsageError(f"found no {RUN} in {path}; expected a run's folder. `evals runs` lists yours.")
    read = sets if sets is not None else {}
    chosen = []
    for entry in info["sets"]:
        if entry["path"] not in read:
            read[entry["path"]] = load_set(Path(entry["path"]))
        one = read[entry["path"]]
        if one.digest != entry["digest"]:
            raise UsageError(
                f"the set at {entry['path']} has changed since the run in {path}. Run again, or restore the set."
            )
        chosen.append(one)
    every = [case for one in chosen for case in one.cases]
    picked = sample(every, limit=info["settings"]["limit"], seed=info["settings"]["seed"])
    documents = {id: document for one in chosen for id, document in one.documents.items()}
    return OpenRun(folder, info, {case.key: case for case in picked}, documents)


def run_name(settings: Mapping[str, Any]) -> str:
    """Return what a run is called in tables."""
    parts = [settings["bot"] or settings["model"].removeprefix("local:")]
    if settings["embedder"] != "minilm":
        parts.append(settings["embedder"])
    if settings["retriever"] != "index":
        parts.append(settings["retriever"])
    if settings["pooled"]:
        parts.append("pooled")
    return " + ".join(parts)


def row_to_json(row: Row) -> dict[str, Any]:
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


def row_from_json(fields: Mapping[str, Any]) -> Row:
    """Return the row that ``row_to_json`` wrote."""
    return Row(
        set=fields["set"],
        id=fields["id"],
        result=fields.get("result"),
        scores=fields["scores"],
        failure=fields.get("failure"),
        error=fields.get("error"),
        why=fields.get("why", {}),
    )
