"""An answer that the user called poor becomes a case of their own set: what the form does, without its looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assistant.errors import UsageError
from assistant.types import Turn
from assistant.workbench import Workbench
from evals.cases.casemaker import Place, find_place, save_case
from evals.cases.sets import known_sets

MOST_EVIDENCE = 20


@dataclass(frozen=True, slots=True)
class Draft:
    """A case that is being written."""

    question: str
    """As it was asked."""
    standalone: str
    """As it was searched for: the same question without its conversation."""
    history: tuple[Turn, ...]
    """The turns before it."""
    documents: tuple[str, ...]
    """Ids of the articles it was answered from."""
    evidence: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Quoted:
    """A piece of evidence as the form shows it."""

    title: str
    quote: str


class CaseDesk:
    """Carries out what the user does at the form."""

    def __init__(self, workbench: Workbench, folder: Path) -> None:
        """``folder`` is that of the user's own set."""
        self._workbench = workbench
        self._folder = folder

    def open(self, conversation: str, position: object) -> Draft:
        """Return the draft for the answer at a position; raise UsageError when there is none."""
        exchanges = self._workbench.conversations.exchanges(conversation)
        if not isinstance(position, int) or not 0 <= position < len(exchanges):
            raise UsageError("This answer is no longer there: reload the page.")
        answer = exchanges[position].told
        turns = [
            turn
            for earlier in exchanges[:position]
            for turn in (Turn("user", earlier.answer.question), Turn("assistant", earlier.told.text))
        ]
        known = [card.id for card in self._workbench.articles()]
        used = dict.fromkeys(scored.chunk.document for scored in answer.evidence)
        documents = tuple(id for id in used if id in known) or tuple(known)
        return Draft(answer.question, answer.searched or answer.question, tuple(turns), documents)

    def pick(self, draft: Draft, selection: Mapping[str, Any]) -> Draft:
        """Return the draft with what is selected in the article; raise UsageError for what the article does not hold.

        ``selection`` is the page's (document, text, before), as ``casemaker.find_place`` takes them.
        """
        text, before = selection.get("text"), selection.get("before")
        if not isinstance(text, str) or not text.strip():
            raise UsageError("Nothing is selected: select the words in the article that prove the answer.")
        if len(draft.evidence) >= MOST_EVIDENCE:
            raise UsageError(f"A case has at most {MOST_EVIDENCE} pieces of proof: remove one first.")
        document = self._workbench.document(str(selection.get("document", "")))
        start, end = find_place(document, text, before=before if isinstance(before, int) else None)
        documents = tuple(dict.fromkeys([*draft.documents, document.id]))
        evidence = tuple(dict.fromkeys([*draft.evidence, (document.id, start, end)]))
        return replace(draft, documents=documents, evidence=evidence)

    def drop(self, draft: Draft, position: object) -> Draft:
        """Return the draft without one piece of evidence."""
        return replace(draft, evidence=tuple(one for place, one in enumerate(draft.evidence) if place != position))

    def quoted(self, draft: Draft) -> tuple[Quoted, ...]:
        """Return the draft's evidence in words."""
        found = ((self._workbench.document(id), start, end) for id, start, end in draft.evidence)
        return tuple(Quoted(document.title, document.text[start:end]) for document, start, end in found)

    def save(self, draft: Draft, *, question: str, keep_history: bool, says: bool, answers: str) -> str:
        """Save the case and return a line that says so; raise UsageError when something is missing.

        ``says`` is whether the article answers at all: answers and evidence are kept back where it does not.
        ``answers`` are the accepted ones, a line each.
        """
        save_case(
            self._folder,
            question=question,
            history=draft.history if keep_history else (),
            answerable=says,
            answers=answers.splitlines() if says else (),
            evidence=draft.evidence if says else (),
            documents=[self._workbench.document(id) for id in draft.documents],
        )
        count = next((one.cases for one in known_sets(self._folder.parent) if one.path == self._folder), 0)
        cases = "1 case" if count == 1 else f"{count:,} cases"
        return f"Saved. Your own set “{self._folder.name}” has {cases}."
