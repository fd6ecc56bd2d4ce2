"""One case enters, the row of its answer leaves: asked by the chat's own path, scored, and never lost to an error."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from assistant.answer.chain import Assistant
from assistant.answer.question import Question
from assistant.contract import to_contract
from assistant.errors import AssistantError
from assistant.types import Answer, EvidenceFound, Finished, Searched
from evals.run.bots import Bot
from evals.scorers.score import failure_of, score_case
from evals.types import CaseResult, EvalCase
from index.errors import IndexingError
from index.types import Document

logger = logging.getLogger(__name__)

_COSTS = {"ms_evidence": "evidence", "ms_first_sentence": "first_sentence", "ms_total": "total"}


class StoppedError(Exception):
    """The run was stopped while a model spoke."""


def answered(assistant: Assistant, case: EvalCase, stopped: Callable[[], bool]) -> Answer:
    """Return the whole answer, as ``Assistant.ask`` does; a stop is noticed at every event, four times a second."""
    events = assistant.stream(Question(case.question, case.history, case.articles))
    try:
        for event in events:
            if isinstance(event, Finished):
                return event.answer
            if stopped():
                raise StoppedError
    finally:
        events.close()
    raise AssertionError("a stream ends with Finished")


def retrieved(assistant: Assistant, case: EvalCase) -> Answer:
    """Return an answer that holds the evidence and no words: the stream, left before the model reads."""
    searched = case.question
    events = assistant.stream(Question(case.question, case.history, case.articles))
    try:
        for event in events:
            if isinstance(event, Searched):
                searched = event.query
            elif isinstance(event, EvidenceFound):
                return Answer(
                    question=case.question,
                    searched=searched,
                    text="",
                    abstained=False,
                    model=assistant.model,
                    embedder=assistant.index.embedder.name,
                    evidence=event.evidence,
                    timings_ms={"evidence": event.milliseconds},
                )
    finally:
        events.close()
    raise AssertionError("a stream finds evidence before it ends")


def asked(
    case: EvalCase, bot: Bot, documents: Mapping[str, Document], *, pooled: bool, retrieval_only: bool, timed: bool
) -> CaseResult | None:
    """Return a case's row, also of one that failed; None when the run was stopped meanwhile.

    ``pooled`` searches all ``documents``, not only the case's own; without ``timed`` no milliseconds are noted.
    """
    try:
        answer = bot(replace(case, articles=tuple(documents)) if pooled else case)
    except StoppedError:
        return None
    except (AssistantError, IndexingError) as error:
        return CaseResult(case.set, case.id, None, {}, "error", str(error))
    # Whatever a case met, the others are still to be asked.
    except Exception as error:
        logger.exception("case %s of %s failed", case.id, case.set)
        return CaseResult(case.set, case.id, None, {}, "error", f"{type(error).__name__}: {error}")
    costs: dict[str, float | None] = {
        name: answer.timings_ms[timing] for name, timing in _COSTS.items() if timed and timing in answer.timings_ms
    }
    costs |= {f"tokens_{kind}": answer.tokens[kind] for kind in ("prompt", "completion") if kind in answer.tokens}
    return scored(case, to_contract(answer), documents, costs, retrieval_only=retrieval_only)


def scored(
    case: EvalCase,
    result: Mapping[str, Any],
    documents: Mapping[str, Document],
    kept: Mapping[str, float | None],
    *,
    retrieval_only: bool,
) -> CaseResult:
    """Return the row of a result; of ``kept`` scores the costs and a judge's grade stay as they are."""
    scores = score_case(case, result, documents, retrieval_only=retrieval_only)
    failure = None if retrieval_only else failure_of(case, result, scores)
    stay = {name: value for name, value in kept.items() if name.startswith(("ms_", "tokens_")) or name == "judged"}
    values = {**{name: score.value for name, score in scores.items()}, **stay}
    reasons = {name: score.why for name, score in scores.items() if score.why}
    return CaseResult(case.set, case.id, result, values, failure, why=reasons)
