"""A set of cases enters; a set of their twins leaves, whose right answers follow from the article alone.

A *deleted* twin has lost its evidence and every paragraph with an accepted answer: the right answer is to abstain. An
*edited* twin says something else where the answer stood: the right answer is what the article says now. Both ask the
question as it was, so that refusal, reading and memory are measured on the same questions.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from assistant.errors import UsageError
from evals.cases.sets import sample
from evals.twins.cases import Kind, Twin, accepted_strings, deleted_twin, edited_twin
from evals.twins.edits import UnfitError, names_of
from evals.types import EvalCase, EvalSet
from index.types import Document

_FILES = ("cases.jsonl", "articles.jsonl")


@dataclass(frozen=True, slots=True)
class Skipped:
    """An answerable case without a twin."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the answerable cases that were tried."""

    made: int
    skipped: Mapping[str, int]
    """Reason to number of cases, the most frequent first."""


def gold_deleted(eval_set: EvalSet, *, limit: int | None = None, seed: int = 0) -> Iterator[Twin | Skipped]:
    """Yield the deleted twin of every answerable case, or why it has none; at most ``limit`` twins.

    With a limit, cases are tried in the order of `cases.sets.sample`. Twins that lost the same paragraphs share an
    article.
    """
    documents = eval_set.documents
    return _twins(eval_set, lambda case: deleted_twin(case, documents), limit=limit, seed=seed)


def edited(eval_set: EvalSet, *, limit: int | None = None, seed: int = 0) -> Iterator[Twin | Skipped]:
    """Yield the edited twin of every answerable case, or why it has none; at most ``limit`` twins.

    ``seed`` also chooses the new answers.
    """
    documents = eval_set.documents
    names = names_of(
        (
            case.question,
            accepted_strings(case),
            " ".join(gold.quote for gold in case.evidence),
            documents[case.evidence[0].article].language,
        )
        for case in eval_set.cases
        if case.answerable and case.evidence
    )

    return _twins(
        eval_set, lambda case: edited_twin(case, documents, names, key=f"{seed}\x00{case.id}"), limit=limit, seed=seed
    )


def write_twins(eval_set: EvalSet, kind: Kind, folder: Path, *, limit: int | None = None, seed: int = 0) -> Counts:
    """Write the twins of a set as a set of their own, and return how many were made and why others were not.

    The folder must be new, empty, or hold twins already, which are replaced. Raises UsageError for any other folder,
    and where no twin could be made; then nothing is written.
    """
    parts = [folder / f"{name}.part" for name in _FILES]
    twins = (gold_deleted if kind == "deleted" else edited)(eval_set, limit=limit, seed=seed)
    try:
        _refuse_strange(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            for part in parts:
                part.unlink(missing_ok=True)  # or a link there would be written through
            cases, articles = (stack.enter_context(part.open("x", encoding="utf-8")) for part in parts)
            counts = _write(twins, eval_set.documents, cases=cases, articles=articles)
        for part in parts:
            if counts.made:
                part.replace(part.with_suffix(""))
            else:
                part.unlink()
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be written ({error}); expected a folder for the twins. Name another."
        ) from error
    if not counts.made:
        with contextlib.suppress(OSError):  # not empty: twins of an earlier time stay
            folder.rmdir()
        why = "; ".join(f"{number} × {reason}" for reason, number in counts.skipped.items()) or "no answerable case"
        raise UsageError(f"found no case of {eval_set.name} that could be {kind} ({why}). Choose another set.")
    return counts


def _write(
    twins: Iterable[Twin | Skipped], documents: Mapping[str, Document], *, cases: TextIO, articles: TextIO
) -> Counts:
    made = 0
    skipped: Counter[str] = Counter()
    written: set[str] = set()
    for one in twins:
        if isinstance(one, Skipped):
            skipped[one.reason] += 1
            continue
        made += 1
        own = {document.id: document for document in one.documents}
        for id in one.case.articles:
            if id not in written:
                written.add(id)
                articles.write(_line(_article_row(own.get(id) or documents[id])))
        cases.write(_line(_case_row(one.case)))
    return Counts(made, dict(skipped.most_common()))


def _twins(
    eval_set: EvalSet, make: Callable[[EvalCase], Twin], *, limit: int | None, seed: int
) -> Iterator[Twin | Skipped]:
    cases = [case for case in eval_set.cases if case.answerable]
    tried: set[str] = set()
    made, width = 0, len(cases) if limit is None else limit
    while width and (limit is None or made < limit) and len(tried) < len(cases):
        # A wider sample holds the narrower one, so it goes on where that one ended.
        for case in sample(cases, limit=width, seed=seed):
            if case.id in tried or made == limit:
                continue
            tried.add(case.id)
            try:
                yield make(case)
                made += 1
            except UnfitError as unfit:
                yield Skipped(case.id, str(unfit))
        width *= 2


def _refuse_strange(folder: Path) -> None:
    """Raise UsageError for a folder with anything in it that is not twins."""
    if not folder.exists():
        return
    strange = {entry.name for entry in folder.iterdir()} - {*_FILES, *(f"{name}.part" for name in _FILES)}
    cases = folder / _FILES[0]
    if cases.is_file():
        with cases.open(encoding="utf-8") as lines:
            strange |= set() if '"twin-of:' in lines.readline() else {cases.name}
    if strange:
        raise UsageError(
            f"found {min(strange)} in {folder}; expected a new or empty folder, or one of twins. Name another."
        )


def _article_row(document: Document) -> dict[str, Any]:
    return {"id": document.id, "title": document.title, "lang": document.language, "text": document.text}


def _case_row(case: EvalCase) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": case.id,
        "question": case.question,
        "history": [{"role": turn.role, "content": turn.content} for turn in case.history],
        "answerable": case.answerable,
        "answers": list(case.answers),
        "nuggets": [list(group) for group in case.nuggets],
        "evidence": [{"article": span.article, "quote": span.quote} for span in case.evidence],
        "forbidden": list(case.forbidden),
        "lang": case.lang,
        "tags": list(case.tags),
        "articles": list(case.articles),
    }
    return {field: value for field, value in row.items() if value or field == "answerable"}


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"
