"""Lay out the page and tie its controls to the desk: a workbench comes in, Gradio blocks ready to be served come out.

With ``ui_models`` and ``ui_library`` the one module that knows Gradio. Nothing from an article, a model or a user
enters through a template: values are ready, escaped HTML.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import gradio as gr

from assistant.app import render, ui_library, ui_models
from assistant.app.desk import Ask, Desk, Screen
from assistant.app.extensions import NO_EXTENSIONS, Extensions, Feedback, NamedTab
from assistant.app.uploads import Uploads
from assistant.settings import CAUTIONS, Caution
from assistant.workbench import Workbench

logger = logging.getLogger(__name__)

TITLE = "Article Assistant"

# Not a secret: it only lets the browser read its conversation id again after a restart of the app.
_STORAGE_KEY = "article-assistant-1"

_SILENT: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
"""What every listener shares: no public name, no overlay over what it changes."""

Update = dict[Any, Any]


@dataclass(frozen=True, slots=True)
class _Parts:
    """The components that listeners read and write."""

    conversation: gr.BrowserState
    history: gr.HTML
    note: gr.HTML
    head: gr.HTML
    body: gr.HTML
    status: gr.HTML
    article: gr.HTML
    typed: gr.Textbox
    receipt: gr.HTML
    """Hidden; tells app.js what became of the question it sent."""
    send: gr.Button
    stop: gr.Button
    new: gr.Button
    model: gr.Dropdown
    beside: gr.Dropdown
    """A second model to ask the same; empty for none."""
    former: gr.State
    """The model chosen before the last change, to go back to."""
    picked: gr.Dropdown
    """The articles to ask; none for all of them."""
    scope: gr.BrowserState
    """Keeps over a reload what is picked."""
    reading: gr.BrowserState
    """The article that the user opened last, "" for none."""
    unproven: gr.Checkbox
    caution: gr.Dropdown
    loading: gr.HTML
    bridge: gr.HTML
    """Hidden; carries app.js, and with it the clicks inside the HTML parts."""

    @property
    def screen(self) -> list[Any]:
        """Return every component a Screen can change."""
        shown = [self.conversation, self.history, self.note, self.head, self.body, self.status]
        return [*shown, self.article, self.typed, self.receipt, self.send, self.stop, self.reading]

    def update(self, screen: Screen) -> Update:
        """Return a Screen as Gradio takes it: by component, and never empty."""
        update: Update = {self.status: gr.skip()}
        for part, value in screen.items():
            if part == "running":
                update[self.send] = gr.Button(visible=not value)
                update[self.stop] = gr.Button(visible=bool(value))
            else:
                update[getattr(self, part)] = value
        return update


class Page(gr.Blocks):
    """Blocks that keep of an open page what it shows, and nothing of what it showed before.

    Gradio makes a component anew whenever a listener skips it, and then keeps each under a number of its own, the whole
    conversation in it, for as long as it knows the page.
    """

    async def postprocess_data(self, block_fn: Any, predictions: Any, state: Any) -> list[Any]:
        """Return what is sent to the page."""
        sent: list[Any] = await super().postprocess_data(block_fn, predictions, state)
        for kept in (state.config_values, state.blocks_config.blocks) if state else ():
            for stale in kept.keys() - self.blocks.keys():
                del kept[stale]
        return sent


def build(workbench: Workbench, extensions: Extensions = NO_EXTENSIONS, uploads: Uploads | None = None) -> gr.Blocks:
    """Return the page for a workbench, not yet served. ``uploads`` are the files that its pages send."""
    uploads = Uploads() if uploads is None else uploads
    feedback = extensions.feedback
    desk = Desk(workbench, feedback=feedback.label if feedback else None)
    blocks = Page(title=TITLE, analytics_enabled=False, fill_width=True, fill_height=True)
    with blocks:
        frame = _lay_out_frame(workbench)
        with gr.Tabs(elem_id="places", overflow_behavior="wrap"):
            with gr.Tab("Ask", elem_id="place-ask") as asking:
                parts = _lay_out_panes(frame, workbench, feedback)
            with gr.Tab("Articles", elem_id="place-articles") as library:
                articles = ui_library.lay_out()
            with gr.Tab("Models", elem_id="place-models") as tab:
                models = ui_models.lay_out()
            for named in extensions.tabs:
                _lay_out_tab(blocks, named)
        _tie_asking(parts, desk)
        _tie_reading(parts, desk)
        _tie_choosing(blocks, parts, desk, workbench)
        _tie_opening(blocks, asking, parts, desk, workbench)
        ui_library.tie(
            blocks,
            library,
            articles,
            workbench,
            uploads,
            picked=parts.picked,
            scope=parts.scope,
            wished=_custom(parts.bridge, "articles"),
            news=_custom(parts.bridge, "articles_news"),
        )
        pickers = [(parts.model, _models), (parts.beside, _rivals)]
        wished, news = _custom(parts.bridge, "stock"), _custom(parts.bridge, "models_news")
        ui_models.tie(blocks, tab, models, workbench, pickers=pickers, wished=wished, news=news)
    # api_open: without it, Gradio's direct route would pass by both limits.
    blocks.queue(api_open=False, max_size=20, default_concurrency_limit=4)
    return blocks


def theme() -> gr.themes.Base:
    """Return a theme of system fonts alone; app.css does the rest."""
    sans = ["ui-sans-serif", "system-ui", "sans-serif"]
    return gr.themes.Base(font=sans, font_mono=["ui-monospace", "monospace"]).set(
        body_background_fill="#f6f5f1",
        body_background_fill_dark="#131517",
        body_text_color="#1f2224",
        body_text_color_dark="#e6e4df",
    )


def asset(name: str) -> str:
    """Return the text of a file that ships with the app."""
    return (files("assistant.app") / "assets" / name).read_text(encoding="utf-8")


def _lay_out_tab(blocks: gr.Blocks, named: NamedTab) -> None:
    with gr.Tab(named.tab.label, elem_id=f"place-{named.name}") as tab:
        try:
            named.tab.build(blocks, tab)
        except Exception:  # foreign code: its tab says so, and the app goes on
            logger.exception("The tab '%s' cannot be laid out", named.name)
            gr.HTML(render.notices([f"This tab cannot be shown ({named.name}); the log says why."]), js_on_load=None)


@dataclass(frozen=True, slots=True)
class _Frame:
    """What stands above every tab."""

    conversation: gr.BrowserState
    model: gr.Dropdown
    beside: gr.Dropdown
    new: gr.Button


def _lay_out_frame(workbench: Workbench) -> _Frame:
    conversation = gr.BrowserState("", storage_key="article-assistant.conversation", secret=_STORAGE_KEY)
    with gr.Row(elem_id="topbar"):
        gr.HTML(asset("topbar.html"), elem_id="brand", apply_default_css=False, js_on_load=None)
        model = gr.Dropdown(
            _models(workbench), value=workbench.default_model, label="Model", elem_id="model", filterable=False
        )
        beside = gr.Dropdown(_rivals(workbench), value="", label="Compare with", elem_id="beside", filterable=False)
        new = gr.Button("New conversation", elem_id="new", size="sm")
    return _Frame(conversation, model, beside, new)


def _lay_out_panes(frame: _Frame, workbench: Workbench, feedback: Feedback | None) -> _Parts:
    with gr.Row(elem_id="panes"):
        with gr.Column(elem_id="conversation-pane"):
            with gr.Column(elem_id="scroller"):
                history, head, body, status = map(_html, ["history", "live-head", "live-body", "live-status"])
            loading, note = _html("loading"), _html("note")
            if feedback is not None:
                feedback.build(frame.conversation)
            with gr.Column(elem_id="composer"):
                typed = gr.Textbox(
                    label="Your question",
                    placeholder="Ask about the articles…",
                    interactive=True,  # it is nobody's input: app.js reads it
                    lines=1,
                    max_lines=6,
                    elem_id="question",
                )
                with gr.Row(elem_id="controls"):
                    unproven = gr.Checkbox(False, label="Show unproven sentences", elem_id="unproven", container=False)
                    caution = gr.Dropdown(
                        [(one.capitalize(), one) for one in CAUTIONS],
                        value=workbench.default_caution,
                        label="How sure an answer must be",
                        elem_id="caution",
                        container=False,
                        filterable=False,
                    )
                    send = gr.Button("Send", variant="primary", elem_id="send", size="sm")
                    stop = gr.Button("Stop", variant="stop", elem_id="stop", size="sm", visible=False)
        with gr.Column(elem_id="article-pane"):
            # Filled as the page opens: articles come and go. app.js says what it means when nothing is picked.
            picked = gr.Dropdown([], value=[], multiselect=True, label="Ask", elem_id="picked", visible=False)
            article = _html("article")
    return _Parts(
        conversation=frame.conversation,
        history=history,
        note=note,
        head=head,
        body=body,
        status=status,
        article=article,
        typed=typed,
        receipt=gr.HTML("", elem_id="receipt", visible="hidden", apply_default_css=False, js_on_load=None),
        send=send,
        stop=stop,
        new=frame.new,
        model=frame.model,
        beside=frame.beside,
        former=gr.State(workbench.default_model),
        picked=picked,
        scope=gr.BrowserState([], storage_key="article-assistant.scope", secret=_STORAGE_KEY),
        reading=gr.BrowserState("", storage_key="article-assistant.reading", secret=_STORAGE_KEY),
        unproven=unproven,
        caution=caution,
        loading=loading,
        bridge=gr.HTML("", elem_id="bridge", visible="hidden", js_on_load=asset("app.js") + asset("adding.js")),
    )


def _html(name: str) -> gr.HTML:
    return gr.HTML("", elem_id=name, apply_default_css=False, js_on_load=None)


def _models(workbench: Workbench) -> list[tuple[str, str]]:
    lines = []
    for choice in workbench.roster.choices():
        state = "" if choice.ready else " (not downloaded)" if choice.pullable else " (not ready)"
        lines.append((f"{choice.label}{state}", choice.name))
    return lines


def _rivals(workbench: Workbench) -> list[tuple[str, str]]:
    """Return the lines of the second picker: nobody, or a model that can answer now."""
    return [("nobody", ""), *((choice.label, choice.name) for choice in workbench.roster.choices() if choice.ready)]


def _tie_opening(blocks: gr.Blocks, asking: gr.Tab, parts: _Parts, desk: Desk, workbench: Workbench) -> None:
    """Fill the page as it opens, or is come back to; articles may have come or gone since the app was started."""

    def opened(conversation: str, scope: object, reading: str) -> Update:
        articles = ui_library.choices(workbench)
        known = {id for _, id in articles}
        kept = [id for id in scope if id in known] if isinstance(scope, list) else []
        picker = gr.Dropdown(choices=articles, value=kept, visible=len(articles) > 1)
        return {parts.picked: picker, parts.scope: kept, **parts.update(desk.open(conversation, kept, str(reading)))}

    def come_back(conversation: str, scope: list[str] | None, reading: str, request: gr.Request) -> Update:
        return parts.update(desk.fresh(conversation, request.session_hash or "", scope or (), reading))

    quick: dict[str, Any] = {"queue": False, **_SILENT}
    kept = [parts.conversation, parts.scope, parts.reading]
    blocks.load(opened, kept, [parts.picked, parts.scope, *parts.screen], **quick)
    asking.select(come_back, [parts.conversation, parts.picked, parts.reading], parts.screen, **quick)


def _tie_asking(parts: _Parts, desk: Desk) -> None:
    """Tie everything that asks, all of it sent by app.js: the box, Send, suggestions, Retry and the like; and Stop."""
    default = desk.default_model

    def ask(
        conversation: str,
        model: str,
        beside: str,
        articles: list[str] | None,
        unproven: bool,
        caution: Caution,
        event: gr.EventData,
        request: gr.Request,
    ) -> Iterator[Update]:
        wish = _payload(event)
        with_another = str(wish.get("model") or "")
        model = with_another or model
        asked = Ask(
            str(wish.get("question", "")),
            conversation,
            request.session_hash or "",
            model=None if model == default else model,
            beside=None if with_another or wish.get("anyway") is True else beside or None,
            articles=tuple(articles or ()) or None,
            strict=not unproven,
            searched=str(wish.get("searched") or "") or None,
            draft=str(wish.get("draft", "")),
            again=wish.get("again") is True,
            anyway=wish.get("anyway") is True,
            caution=caution,
        )
        yield from map(parts.update, desk.ask(asked))

    def broken() -> Update:
        return parts.update(desk.broken())

    settings = [parts.conversation, parts.model, parts.beside, parts.picked, parts.unproven, parts.caution]
    # "multiple": Gradio would silently drop what is asked while the tail of the last answer's event is under way. The
    # desk is who refuses a second question, and says so.
    asking = _custom(parts.bridge, "ask")(ask, settings, parts.screen, trigger_mode="multiple", **_SILENT)
    asking.failure(broken, None, parts.screen, queue=False, **_SILENT)

    def stop(conversation: str, request: gr.Request) -> None:
        desk.stop(conversation, request.session_hash or "")

    parts.stop.click(stop, [parts.conversation], None, queue=False, **_SILENT)


def _tie_reading(parts: _Parts, desk: Desk) -> None:
    """Tie what is done with answers: open a citation, give an opinion, start anew."""

    def show(event: gr.EventData) -> Update:
        return parts.update(desk.show(_payload(event)))

    def rate(conversation: str, event: gr.EventData) -> Update:
        wish = _payload(event)
        return parts.update(desk.rate(conversation, wish.get("position"), wish.get("opinion")))

    def prefer(conversation: str, event: gr.EventData) -> Update:
        wish = _payload(event)
        return parts.update(desk.prefer(conversation, wish.get("position"), wish.get("side")))

    def new(scope: list[str] | None, reading: str) -> Update:
        return parts.update(desk.new(scope or (), reading))

    quick: dict[str, Any] = {"queue": False, **_SILENT}
    _custom(parts.bridge, "cite")(show, None, parts.screen, trigger_mode="multiple", **quick)
    _custom(parts.bridge, "rate")(rate, [parts.conversation], parts.screen, trigger_mode="multiple", **quick)
    _custom(parts.bridge, "prefer")(prefer, [parts.conversation], parts.screen, trigger_mode="multiple", **quick)
    parts.new.click(new, [parts.picked, parts.reading], parts.screen, **quick)


def _tie_choosing(blocks: gr.Blocks, parts: _Parts, desk: Desk, workbench: Workbench) -> None:
    """Tie the pickers, and the line that says that a model still loads."""

    def choose_model(chosen: str, former: str) -> Update:
        refusal = desk.refusal(chosen)
        if any(choice.name == chosen and choice.pullable for choice in workbench.roster.choices()):
            refusal = "This model is not downloaded yet; the tab “Models” can do that."
        kept = former if refusal else chosen
        return {parts.model: kept, parts.former: kept, parts.note: desk.line(refusal)}

    def choose_articles(conversation: str, scope: list[str] | None, reading: str, request: gr.Request) -> Update:
        screen = desk.choose(conversation, request.session_hash or "", scope or (), reading)
        return {parts.scope: scope or [], **parts.update(screen)}

    def look() -> Update:
        return {parts.loading: desk.loading()}

    quick: dict[str, Any] = {"queue": False, **_SILENT}
    quick["trigger_mode"] = "always_last"  # the choice that counts is the last one
    parts.model.input(choose_model, [parts.model, parts.former], [parts.model, parts.former, parts.note], **quick)
    inputs = [parts.conversation, parts.picked, parts.reading]
    parts.picked.input(choose_articles, inputs, [parts.scope, *parts.screen], **quick)
    blocks.load(look, None, [parts.loading], **quick)
    _custom(parts.bridge, "models_news")(look, None, [parts.loading], **quick)


def _custom(bridge: gr.HTML, name: str) -> Callable[..., Any]:
    """Return the listener of an event that app.js triggers under ``name``."""
    listener: Callable[..., Any] = getattr(bridge, name)
    return listener


def _payload(event: gr.EventData) -> dict[str, Any]:
    """Return what app.js sent along; a page that sends anything else gets nothing done."""
    payload = getattr(event, "payload", None)
    return payload if isinstance(payload, dict) else {}
