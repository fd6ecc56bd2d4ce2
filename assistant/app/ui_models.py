"""The tab of models: a running workbench comes in, and its models, embedders and jobs are laid out in Gradio.

The workbench is looked at whenever there is news of it (``news``), on every page and in every tab: what one page began,
the others show. Nothing is drawn again that is on the page already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from assistant.app import render_models, render_rows
from assistant.errors import AssistantError
from assistant.jobs import Job
from assistant.workbench import Workbench
from index.errors import IndexingError

_INSTANT_S = 0.4
"""A wish that is fulfilled so soon needs no progress: an embedder that was used before."""

_QUICK: dict[str, Any] = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}

_MORE = (
    "<p class=facts>A file <code>models.toml</code> in the home folder configures more: servers on this machine, "
    "and services with a key of your own.</p>"
)
_OWN = """<form data-action="stock" data-task="use">
  <label for="own-embedder">Another sentence-transformers model: a folder, or a hub id that was fetched before</label>
  <div><input id="own-embedder" name="name" maxlength="1000" autocomplete="off" spellcheck="false"
    placeholder="/path/to/model"><button type="submit" class="small">Use it</button></div>
</form>"""

Update = dict[Any, Any]
Picker = tuple[gr.Dropdown, Callable[[Workbench], list[tuple[str, str]]]]
"""A picker of models, and what makes its lines."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page shows: what is equal need not be sent again."""

    parts: dict[str, Any]
    """By part: HTML, or a picker's lines."""
    ended: frozenset[Job] = frozenset()
    """The jobs that had ended when the page last looked."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The components that listeners write."""

    said: gr.HTML
    models: gr.HTML
    embedders: gr.HTML
    now: gr.HTML
    """Hidden; app.js puts it into the row it names."""


def lay_out() -> Parts:
    """Lay out the tab; called inside ``with gr.Tab``."""
    with gr.Column(elem_id="models"):
        said = _part("models-said")
        with gr.Column(elem_classes="card"):
            gr.HTML("<h2>Models that answer</h2>", js_on_load=None, apply_default_css=False)
            models = _part("models-list")
            gr.HTML(_MORE, js_on_load=None, apply_default_css=False)
        with gr.Column(elem_classes="card"):
            gr.HTML("<h2>Embedders: what searches the articles</h2>", js_on_load=None, apply_default_css=False)
            embedders = _part("embedders-list")
            gr.HTML(_OWN, js_on_load=None, apply_default_css=False)
        now = _part("models-now")
    return Parts(said, models, embedders, now)


def tie(
    blocks: gr.Blocks,
    tab: gr.Tab,
    parts: Parts,
    workbench: Workbench,
    *,
    pickers: Sequence[Picker],
    wished: Callable[..., Any],
    news: Callable[..., Any],
) -> None:
    """Tie the tab, and the pickers of models, to the workbench.

    ``wished`` is the listener of the event by which app.js sends a wish, ``news`` that of the one by which it says that
    there may be something new.
    """
    seen = gr.State(Seen({}))
    components: dict[str, Any] = {name: getattr(parts, name) for name in ("said", "models", "embedders", "now")}
    components |= {f"picker {number}": picker for number, (picker, _) in enumerate(pickers)}
    outputs = [seen, *components.values()]

    def changed(before: Seen, said: str | None = None) -> Update:
        """Return what is new on a page; ``said`` is a line to its user, by default how a job ended, if one has."""
        try:
            after = _look(workbench, pickers)
        except (AssistantError, IndexingError) as failure:
            after, said = before, str(failure)
        ends = after.ended - before.ended if before.parts else ()
        if ends and not said:
            said = render_models.ended(next(iter(ends)))
        if said is not None:
            after = Seen({**after.parts, "said": render_rows.said(said)}, after.ended)
        values = {**before.parts, **after.parts}
        update: Update = {
            components[name]: _component(name, value)
            for name, value in values.items()
            if before.parts.get(name) != value
        }
        if not update and after.ended == before.ended:
            return {seen: gr.skip()}
        return {seen: Seen(values, after.ended), **update}

    def look(before: Seen) -> Update:
        return changed(before)

    def wish(before: Seen, event: gr.EventData) -> Update:
        payload = getattr(event, "payload", None)
        said = fulfil(workbench, payload if isinstance(payload, dict) else {})
        workbench.stock.wait(_INSTANT_S)
        return changed(before, said)

    gr.on([blocks.load, tab.select], look, seen, outputs, trigger_mode="once", **_QUICK)
    news(look, seen, outputs, trigger_mode="always_last", **_QUICK)
    wished(wish, seen, outputs, trigger_mode="multiple", **_QUICK)


def fulfil(workbench: Workbench, wish: dict[str, Any]) -> str:
    """Do what a page wishes for; return what there is to say about it."""
    stock = workbench.stock
    match wish:
        case {"wish": "start", "task": "pull", "name": str(name)}:
            return stock.pull(name)
        case {"wish": "start", "task": "use", "name": str(name)}:
            return stock.use(name)
        case {"wish": "cancel", "task": "pull" | "use" as task, "name": str(name)}:
            stock.cancel(task, name)
        case {"wish": "prune"}:
            return _pruned(workbench)
    return ""


def _pruned(workbench: Workbench) -> str:
    try:
        pruned = workbench.stock.prune()
    except (AssistantError, IndexingError) as failure:
        return str(failure)
    return render_models.freed(len(pruned.deleted), pruned.freed, len(pruned.stayed))


def _look(workbench: Workbench, pickers: Sequence[Picker]) -> Seen:
    """Return what a page should show now."""
    stock = workbench.stock
    jobs = stock.jobs
    doing = {(job.task, job.name): job for job in jobs}
    running = next((job for job in jobs if job.is_running), None)
    embedders = render_models.embedders(stock.embedders(), doing, unused_bytes=stock.unused_bytes())
    models = render_models.models(
        workbench.roster.choices(), workbench.default_model, doing, left_out=workbench.roster.left_out()
    )
    parts: dict[str, Any] = {
        "models": models,
        "embedders": embedders,
        "now": render_models.progress(running),
    }
    parts |= {f"picker {number}": lines(workbench) for number, (_, lines) in enumerate(pickers)}
    return Seen(parts, frozenset(job for job in jobs if not job.is_running))


def _component(name: str, value: Any) -> Any:
    return gr.Dropdown(choices=value) if name.startswith("picker") else value


def _part(name: str) -> gr.HTML:
    return gr.HTML("", elem_id=name, apply_default_css=False, js_on_load=None)
