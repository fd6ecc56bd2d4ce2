"""The form that makes an eval case of an answer: a CaseDesk comes in, Gradio components tied to it come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from assistant.errors import AssistantError
from evals.cases.casemaker import LONGEST
from evals.report import asset
from evals.tab import view as tab_view
from evals.tab.case import CaseDesk, Draft
from index.errors import IndexingError

QUICK: dict[str, Any] = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}
"""What listeners share that answer at once: no public name, no overlay."""

Update = dict[Any, Any]

_PICK = (
    '<p class="quiet">Its proof: select the words in the article, then add them.</p>'
    '<button type="button" class="small" data-case="pick">Add selection as evidence</button>'
)


@dataclass(frozen=True, slots=True)
class _Parts:
    """The components of the form."""

    draft: gr.State
    said: gr.HTML
    panel: gr.Column
    question: gr.Textbox
    history: gr.Checkbox
    silent: gr.Checkbox
    answers: gr.Textbox
    proof: gr.HTML
    trouble: gr.HTML
    save: gr.Button
    cancel: gr.Button

    @property
    def changing(self) -> list[Any]:
        """Return every component that a listener may change."""
        return [getattr(self, field.name) for field in fields(self)[:-2]]

    def drawn(self, draft: Draft, proof: str) -> Update:
        """Return a draft with its evidence."""
        return {self.draft: draft, self.proof: proof, self.trouble: ""}

    def refused(self, failure: Exception) -> Update:
        """Return why something cannot be done."""
        return {self.trouble: tab_view.line(str(failure), kind="trouble")}

    def closed(self, said: str = "") -> Update:
        """Return the form put away."""
        return {self.draft: None, self.panel: gr.Column(visible=False), self.said: tab_view.line(said, kind="saved")}


class CaseForm:
    """The form that makes a case of an answer, in the conversation's pane."""

    label = "Make this an eval case"

    def __init__(self, desk: CaseDesk) -> None:
        self._desk = desk

    def build(self, conversation: Any) -> None:
        """Lay out the form, closed."""
        style("tab_case.css")
        parts = _lay_out()
        bridge = gr.HTML("", elem_id="case-bridge", visible="hidden", js_on_load=asset("tab_case.js"))
        self._tie_opening(parts, bridge, conversation)
        self._tie_proof(parts, bridge)
        self._tie_saving(parts)

    def _tie_opening(self, parts: _Parts, bridge: gr.HTML, conversation: Any) -> None:
        def open_form(id: str, event: gr.EventData) -> Update:
            try:
                draft = self._desk.open(id, payload(event).get("position"))
            except (AssistantError, IndexingError) as failure:
                return {parts.said: tab_view.line(str(failure), kind="trouble")}
            count = len(draft.history) // 2
            before = "the question before it" if count == 1 else f"the {count} questions before it"
            return {
                **parts.drawn(draft, ""),
                parts.said: "",
                parts.panel: gr.Column(visible=True),
                parts.question: draft.question,
                parts.history: gr.Checkbox(value=bool(count), label=f"Keep {before}", visible=bool(count)),
                parts.silent: False,
                parts.answers: "",
            }

        def turn(draft: Draft | None, written: str, keep: bool) -> Update:
            """Without its turns a question must stand alone: take what it was searched as, if it is unchanged."""
            if draft is None or written not in (draft.question, draft.standalone):
                return {parts.trouble: ""}
            return {parts.question: draft.question if keep else draft.standalone}

        _listener(bridge, "open")(open_form, conversation, parts.changing, **QUICK)
        parts.history.input(turn, [parts.draft, parts.question, parts.history], parts.changing, **QUICK)

    def _tie_proof(self, parts: _Parts, bridge: gr.HTML) -> None:
        def changed(change: Callable[[Draft], Draft], draft: Draft | None) -> Update:
            if draft is None:
                return {parts.trouble: ""}
            try:
                new = change(draft)
                return parts.drawn(new, tab_view.evidence(self._desk.quoted(new)))
            except (AssistantError, IndexingError) as failure:
                return parts.refused(failure)

        def pick(draft: Draft | None, event: gr.EventData) -> Update:
            return changed(lambda one: self._desk.pick(one, payload(event)), draft)

        def drop(draft: Draft | None, event: gr.EventData) -> Update:
            return changed(lambda one: self._desk.drop(one, payload(event).get("place")), draft)

        _listener(bridge, "pick")(pick, parts.draft, parts.changing, **QUICK)
        _listener(bridge, "drop")(drop, parts.draft, parts.changing, **QUICK)

    def _tie_saving(self, parts: _Parts) -> None:
        def save(draft: Draft | None, question: str, keep: bool, silent: bool, answers: str) -> Update:
            if draft is None:
                return parts.closed()
            try:
                said = self._desk.save(draft, question=question, keep_history=keep, says=not silent, answers=answers)
            except (AssistantError, IndexingError) as failure:
                return parts.refused(failure)
            return parts.closed(said)

        written = [parts.draft, parts.question, parts.history, parts.silent, parts.answers]
        parts.save.click(save, written, parts.changing, **QUICK)
        parts.cancel.click(lambda: parts.closed(), None, parts.changing, **QUICK)


def _lay_out() -> _Parts:
    draft, said = gr.State(None), part("case-said")
    with gr.Column(visible=False, elem_id="case") as panel:
        title("Make an eval case")
        question = gr.Textbox(
            label="Question", lines=2, max_lines=6, max_length=LONGEST, elem_id="case-question", interactive=True
        )
        history = gr.Checkbox(True, label="Keep the questions before it", elem_id="case-history", container=False)
        silent = gr.Checkbox(False, label="The article does not say", elem_id="case-silent", container=False)
        answers = gr.Textbox(
            label="Expected answer (write each other wording on its own line)",
            lines=2,
            max_lines=6,
            elem_id="case-answers",
            interactive=True,
        )
        gr.HTML(_PICK, elem_id="case-pick", js_on_load=None, apply_default_css=False)
        proof, trouble = part("case-evidence"), part("case-trouble")
        with gr.Row(elem_id="case-buttons"):
            save = gr.Button("Save case", variant="primary", elem_id="case-save", size="sm")
            cancel = gr.Button("Cancel", elem_id="case-cancel", size="sm")
    return _Parts(draft, said, panel, question, history, silent, answers, proof, trouble, save, cancel)


def title(text: str) -> None:
    """Place a constant heading."""
    gr.HTML(f"<h2>{text}</h2>", js_on_load=None, apply_default_css=False)


def part(name: str) -> gr.HTML:
    """Place an empty part that a listener fills with ready, escaped HTML."""
    return gr.HTML("", elem_id=name, apply_default_css=False, js_on_load=None)


def style(name: str) -> None:
    """Place a style sheet that ships with this package."""
    gr.HTML(f"<style>{asset(name)}</style>", elem_classes="style", js_on_load=None, apply_default_css=False)


def payload(event: gr.EventData) -> dict[str, Any]:
    """Return what the page's script sent along; a page that sends anything else gets nothing done."""
    sent = getattr(event, "payload", None)
    return sent if isinstance(sent, dict) else {}


def _listener(bridge: gr.HTML, name: str) -> Callable[..., Any]:
    """Return the listener of an event that tab_case.js triggers under ``name``."""
    listener: Callable[..., Any] = getattr(bridge, name)
    return listener
