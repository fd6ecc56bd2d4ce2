"""The app's second tab: a running workbench comes in, and sets, runs and comparisons are laid out in Gradio.

The entry point ``evals`` of the group ``assistant.tabs``. The thinking is in ``engine``, ``runner``, ``case`` and
``view``, none of which knows Gradio.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from assistant.app.extensions import Feedback, page_address
from assistant.errors import AssistantError, UsageError
from assistant.settings import EXTRACTIVE
from assistant.workbench import Workbench
from evals.cases.sets import sets_folder
from evals.run.jobs import Plan
from evals.run.runs import RunCard
from evals.tab import view as tab_view
from evals.tab.case import CaseDesk
from evals.tab.engine import OWN_SET, Engine, HomeEngine
from evals.tab.form import QUICK, CaseForm, Update, part, style, title
from evals.tab.runner import Runner
from index.errors import IndexingError

NAME = "evals"
"""The entry point's: reports are served under it."""
_FEW = 40
"""Cases of a run, unless more are asked for: minutes with a local model."""


def tab(workbench: Workbench) -> EvalsTab:
    """Return the tab of a running app: what the entry point names."""
    from assistant.wiring import Application

    if not isinstance(workbench, Application):
        raise UsageError(f"found the workbench {type(workbench).__name__}; expected the app of a home folder.")
    return EvalsTab(workbench, HomeEngine(workbench), sets_folder(workbench.home) / OWN_SET)


@dataclass(frozen=True, slots=True)
class _Parts:
    """The components that listeners read and write."""

    timer: gr.Timer
    """Ticks while a set runs."""
    chosen: gr.Dropdown
    limit: gr.Number
    models: gr.CheckboxGroup
    alone: gr.Checkbox
    run: gr.Button
    stop: gr.Button
    said: gr.HTML
    now: gr.HTML
    past: gr.HTML
    comparing: gr.Column
    before: gr.Dropdown
    after: gr.Dropdown
    compare: gr.Button
    compared: gr.HTML

    @property
    def progress(self) -> list[Any]:
        """Return what changes while a set runs."""
        return [self.now, self.timer, self.run, self.stop]

    @property
    def lists(self) -> list[Any]:
        """Return what changes when there are other runs."""
        return [self.past, self.comparing, self.before, self.after]


class EvalsTab:
    """Sets, runs and comparisons beside the chat."""

    label = "Evals"

    def __init__(self, workbench: Workbench, engine: Engine, own_set: Path) -> None:
        """``own_set`` is the folder that cases of the chat are saved into."""
        self._workbench = workbench
        self._engine = engine
        self._runner = Runner(engine.run)
        self.feedback: Feedback | None = CaseForm(CaseDesk(workbench, own_set))

    def page(self, name: str) -> bytes | None:
        """Return a run's report."""
        return self._engine.report(name)

    def close(self) -> None:
        """Stop the run; what it has written stays."""
        self._runner.close()

    def build(self, blocks: Any, tab: Any) -> None:
        """Lay out the tab."""
        style("tab.css")
        parts = _lay_out()
        self._tie_opening(parts, blocks, tab)
        self._tie_running(parts)
        self._tie_comparing(parts)

    def _tie_opening(self, parts: _Parts, blocks: Any, tab: Any) -> None:
        def opened(chosen: str | None, ticked: list[str], before: str | None, after: str | None) -> Update:
            sets = [(f"{one.name} · {one.cases:,} cases", str(one.path)) for one in self._engine.sets()]
            paths = [path for _, path in sets]
            ready = [(choice.label, choice.name) for choice in self._workbench.roster.choices() if choice.ready]
            names = [name for _, name in ready]
            kept = [name for name in ticked or [] if name in names] or [name for name in names if name == EXTRACTIVE]
            return {
                parts.chosen: gr.Dropdown(choices=sets, value=chosen if chosen in paths else next(iter(paths), None)),
                parts.models: gr.CheckboxGroup(choices=ready, value=kept),
                **self._listed(parts, before, after),
                **self._progress(parts),
            }

        inputs = [parts.chosen, parts.models, parts.before, parts.after]
        outputs = [parts.chosen, parts.models, *parts.lists, *parts.progress]
        gr.on([blocks.load, tab.select], opened, inputs, outputs, **QUICK)

    def _tie_running(self, parts: _Parts) -> None:
        def start(chosen: str | None, ticked: list[str], most: float | None, alone: bool) -> Update:
            try:
                plan = self._plan(chosen, ticked, most, alone)
            except UsageError as failure:
                return {parts.said: tab_view.line(str(failure), kind="trouble")}
            refusal = self._runner.start(plan)
            return {parts.said: tab_view.line(refusal, kind="trouble"), **self._progress(parts)}

        def stop() -> Update:
            self._runner.stop()
            return self._progress(parts)

        def look(before: str | None, after: str | None) -> Update:
            changes = self._progress(parts)
            return changes if self._runner.status.running else {**changes, **self._listed(parts, before, after)}

        outputs = [parts.said, *parts.progress]
        parts.run.click(start, [parts.chosen, parts.models, parts.limit, parts.alone], outputs, **QUICK)
        parts.stop.click(stop, None, parts.progress, **QUICK)
        parts.timer.tick(look, [parts.before, parts.after], [*parts.lists, *parts.progress], **QUICK)

    def _tie_comparing(self, parts: _Parts) -> None:
        def compare(before: str | None, after: str | None) -> str:
            try:
                if not before or not after:
                    raise UsageError("Choose two runs to compare.")
                return tab_view.comparison(self._engine.compare(before, after))
            except (AssistantError, IndexingError) as failure:
                return tab_view.line(str(failure), kind="trouble")

        parts.compare.click(compare, [parts.before, parts.after], parts.compared, **QUICK | {"queue": True})

    def _progress(self, parts: _Parts) -> Update:
        status = self._runner.status
        return {
            parts.now: tab_view.status(status, [] if status.running else self._reports()),
            parts.timer: gr.Timer(active=status.running),
            parts.run: gr.Button(visible=not status.running),
            parts.stop: gr.Button(visible=status.running and not status.stopping),
        }

    def _listed(self, parts: _Parts, before: str | None, after: str | None) -> Update:
        """Return the list of runs and the two pickers, which keep their choices where these still exist."""
        cards = self._engine.runs()
        lines = [(tab_view.run_label(card), card.name) for card in cards]
        names = {card.name for card in cards}
        older, newer = _pair(cards)
        return {
            parts.past: tab_view.runs(cards, _address),
            parts.comparing: gr.Column(visible=len(cards) > 1),
            parts.before: gr.Dropdown(choices=lines, value=before if before in names else older),
            parts.after: gr.Dropdown(choices=lines, value=after if after in names else newer),
        }

    def _plan(self, chosen: str | None, models: list[str], most: float | None, alone: bool) -> Plan:
        """Return what the form asks for; raise UsageError for what cannot be run."""
        known = {str(one.path): one.path for one in self._engine.sets()}
        if chosen not in known:
            raise UsageError("Choose a set to run.")
        if not models and not alone:
            raise UsageError("Choose a model, or search alone.")
        return Plan(
            sets=(known[chosen],),
            models=(EXTRACTIVE,) if alone else tuple(models),
            limit=int(most) if most and most >= 1 else None,
            retrieval_only=alone,
        )

    def _reports(self) -> list[tuple[str, str]]:
        """Return the reports of the run that has just ended, side by side first."""
        paths = self._runner.status.paths
        if not paths:
            return []
        named = [(card.model.removeprefix("local:"), card.name) for card in self._engine.runs() if card.path in paths]
        if len(named) == 1:
            named = [("Open report", named[0][1])]
        elif named:
            named.insert(0, ("All side by side", named[0][1].split("/")[0]))
        return [(label, _address(name)) for label, name in named if self._engine.report(name) is not None]


def _lay_out() -> _Parts:
    timer = gr.Timer(1, active=False)
    with gr.Column(elem_id="evals"):
        with gr.Column(elem_classes="card"):
            title("Run a set")
            with gr.Row():
                chosen = gr.Dropdown([], label="Set", elem_id="evals-set", filterable=False)
                limit = gr.Number(_FEW, label="Cases at most (0: all)", elem_id="evals-limit", minimum=0, precision=0)
            models = gr.CheckboxGroup([], label="Models", elem_id="evals-models")
            alone = gr.Checkbox(False, label="Search alone, no model", elem_id="evals-search", container=False)
            with gr.Row(elem_id="evals-buttons"):
                run = gr.Button("Run", variant="primary", elem_id="evals-start", size="sm")
                stop = gr.Button("Stop", variant="stop", elem_id="evals-stop", size="sm", visible=False)
            said, now = part("evals-said"), part("evals-now")
        with gr.Column(elem_classes="card"):
            title("Past runs")
            past = part("evals-runs")
        with gr.Column(elem_classes="card", visible=False) as comparing:
            title("Compare two runs")
            with gr.Row():
                before = gr.Dropdown([], label="Before", elem_id="evals-before", filterable=False)
                after = gr.Dropdown([], label="After", elem_id="evals-after", filterable=False)
                compare = gr.Button("Compare", elem_id="evals-go", size="sm")
            compared = part("evals-compared")
    return _Parts(
        timer, chosen, limit, models, alone, run, stop, said, now, past, comparing, before, after, compare, compared
    )


def _address(run: str) -> str:
    return page_address(NAME, run)


def _pair(cards: tuple[RunCard, ...]) -> tuple[str | None, str | None]:
    """Return the newest run and the one before it on the same sets, older first."""
    for place, card in enumerate(cards):
        for older in cards[place + 1 :]:
            if older.sets == card.sets:
                return older.name, card.name
    return None, None
