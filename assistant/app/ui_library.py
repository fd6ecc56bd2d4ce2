"""The tab of articles: a running workbench comes in, and its library and what is added to it are laid out in Gradio.

As in the tab of models the workbench is looked at when there is news, and nothing is drawn again that is on the page
already. Files come by a route of our own (``uploads``), and only their tokens by adding.js.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from assistant.app import render_library, render_rows
from assistant.app.html import join
from assistant.app.uploads import MOST, Uploads
from assistant.errors import AssistantError
from assistant.jobs import Job
from assistant.library.delivery import Delivery
from assistant.library.intake import Source, Taken
from assistant.library.shelf import LONGEST_TITLE, Shelf
from assistant.workbench import Workbench
from index.errors import IndexingError
from index.reading.formats import SUFFIXES

PAGE = 50
"""Articles listed at first, and added by each ``Show more``."""
_INSTANT_S = 0.4
"""What is added so soon needs no progress."""
_BUSY = "Other articles are being added: wait for them, or cancel them."
_LONGEST = 1000
"""Characters of a word on a file that a page could not send."""

_QUICK: dict[str, Any] = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}

_ADD = f"""<div class="drop" id="drop">
  <p><strong>Drop files or a folder here</strong>, or <label class="small file">choose files<input type="file"
    id="articles-files" multiple accept="{",".join(sorted(SUFFIXES))}"></label>
    <label class="small file">choose a folder<input type="file" id="articles-folder" webkitdirectory></label></p>
  <p class="facts">Web pages, PDF, Word, EPUB, Markdown, text; .jsonl and .csv with many articles. Up to 20 MB each.</p>
  <p class="sending" id="sending" role="status" hidden><span></span>
    <button type="button" class="small stop" data-action="stop-sending">Cancel</button></p>
</div>
<form data-action="articles" data-wish="url">
  <label for="articles-url">The address of a page</label>
  <div><input id="articles-url" name="address" inputmode="url" maxlength="4000" required autocomplete="off"
    spellcheck="false" placeholder="https://"><button type="submit" class="small">Add page</button></div>
</form>
<form data-action="articles" data-wish="text">
  <label for="articles-text">A pasted text</label>
  <textarea id="articles-text" name="text" rows="3" required spellcheck="false"></textarea>
  <div><input name="title" aria-label="Title of the pasted text" maxlength="{LONGEST_TITLE}" autocomplete="off"
    placeholder="Title (optional)"><button type="submit" class="small">Add text</button></div>
</form>"""
_SEARCH = """<form role="search" data-action="articles" data-wish="search">
  <div><input type="search" id="articles-search" name="words" maxlength="200" autocomplete="off" spellcheck="false"
    aria-label="Search the library" placeholder="Title, author or site"></div>
</form>"""

Update = dict[Any, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page shows: what is equal need not be sent again."""

    parts: dict[str, Any]
    """By part: HTML, or the lines of the picker."""
    words: str = ""
    """What the library is searched for."""
    count: int = PAGE
    """How many articles are listed at most."""
    refused: tuple[Taken, ...] = ()
    """Files of this page that never came to be added."""
    job: Job | None = None
    """The adding as it was when the page last looked."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The components that listeners write."""

    said: gr.HTML
    adding: gr.HTML
    listing: gr.HTML
    now: gr.HTML
    """Hidden; app.js puts it into its place."""


def lay_out() -> Parts:
    """Lay out the tab; called inside ``with gr.Tab``."""
    with gr.Column(elem_id="articles", elem_classes="cards"):
        said = _part("articles-said")
        with gr.Column(elem_classes="card"):
            gr.HTML("<h2>Add articles</h2>", js_on_load=None, apply_default_css=False)
            gr.HTML(_ADD, elem_id="articles-add", js_on_load=None, apply_default_css=False)
            adding = _part("articles-taken")
        with gr.Column(elem_classes="card"):
            gr.HTML("<h2>Library</h2>", js_on_load=None, apply_default_css=False)
            gr.HTML(_SEARCH, js_on_load=None, apply_default_css=False)
            listing = _part("articles-list")
        now = _part("articles-now")
    return Parts(said, adding, listing, now)


def choices(workbench: Workbench) -> list[tuple[str, str]]:
    """Return the lines of the picker of articles; equal titles are told apart by their ids."""
    cards = workbench.articles()
    titles = Counter(card.title for card in cards)
    return [(card.title if titles[card.title] == 1 else f"{card.title} ({card.id})", card.id) for card in cards]


def tie(
    blocks: gr.Blocks,
    tab: gr.Tab,
    parts: Parts,
    workbench: Workbench,
    uploads: Uploads,
    *,
    picked: gr.Dropdown,
    scope: gr.BrowserState,
    wished: Callable[..., Any],
    news: Callable[..., Any],
) -> None:
    """Tie the tab, and the picker of articles, to the workbench.

    ``scope`` keeps over a reload what is picked; ``wished`` is the listener of the event by which app.js sends a wish,
    ``news`` that of the one by which it says that there may be something new.
    """
    seen = gr.State(Seen({}))
    shown: dict[str, Any] = {name: getattr(parts, name) for name in ("said", "adding", "listing", "now")}
    outputs = [seen, picked, scope, *shown.values()]

    def changed(before: Seen, chosen: Sequence[str], said: str | None = None) -> Update:
        """Return what is new on a page; ``said`` is a line to its user, by default how an adding ended."""
        try:
            after = _look(workbench, before)
        except (AssistantError, IndexingError) as failure:
            after, said = before, said or render_rows.said(str(failure))
        job = after.job
        if said is None and before.parts and job is not None and not job.is_running and job != before.job:
            said = render_rows.said(render_library.ended(job, (*after.refused, *workbench.shelf.taken)))
        if said is not None:
            after = replace(after, parts={**after.parts, "said": said})
        values = {**before.parts, **after.parts}
        new = {name: value for name, value in values.items() if before.parts.get(name) != value}
        update: Update = {shown[name]: value for name, value in new.items() if name in shown}
        if before.parts and "picker" in new:  # the page as it opens fills its picker itself
            known = {id for _, id in new["picker"]}
            kept = [id for id in chosen if id in known]
            update[picked] = gr.Dropdown(choices=new["picker"], value=kept, visible=len(known) > 1)
            update[scope] = kept
        after = replace(after, parts=values)
        return {seen: after if after != before else gr.skip(), **update}

    def look(before: Seen, chosen: list[str] | None) -> Update:
        return changed(before, chosen or ())

    def wish(before: Seen, chosen: list[str] | None, event: gr.EventData) -> Update:
        payload = getattr(event, "payload", None)
        told = payload if isinstance(payload, dict) else {}
        now, said = fulfil(workbench, uploads, told, before)
        return changed(now, chosen or (), said)

    inputs = [seen, picked]
    gr.on([blocks.load, tab.select], look, inputs, outputs, trigger_mode="once", **_QUICK)
    news(look, inputs, outputs, trigger_mode="always_last", **_QUICK)
    wished(wish, inputs, outputs, trigger_mode="multiple", **_QUICK)


def fulfil(workbench: Workbench, uploads: Uploads, wish: dict[str, Any], seen: Seen) -> tuple[Seen, str | None]:
    """Do what a page wishes for; return the page after it, and what there is to say about it, as HTML."""
    try:
        match wish:
            case {"wish": "search", "words": str(words)}:
                return replace(seen, words=words.strip()[:200], count=PAGE), None
            case {"wish": "more"}:
                return replace(seen, count=seen.count + PAGE), None
            case {"wish": "files"}:
                return _deliver(workbench.shelf, uploads, wish, seen)
            case {"wish": "url" | "text" | "busy"}:
                return _add(workbench.shelf, uploads, wish, seen)
            case {"wish": "cancel"}:
                workbench.shelf.cancel()
            case {"wish": "rename", "article": str(article), "title": str(title)}:
                card = workbench.shelf.rename(article, title)
                return seen, render_rows.said(f"It is called “{card.title}” now.")
            case {"wish": "remove", "article": str(article)}:
                return seen, render_library.removed(workbench.shelf.remove(article))
            case {"wish": "restore", "article": str(article)}:
                return seen, render_rows.said(f"“{workbench.shelf.restore(article).title}” is back.")
    except (AssistantError, IndexingError) as failure:
        return seen, render_rows.said(str(failure))
    return seen, None


def _deliver(shelf: Shelf, uploads: Uploads, wish: dict[str, Any], seen: Seen) -> tuple[Seen, str | None]:
    """Begin to add the files that a page sent, or go on with the next round of them."""
    match wish:
        case {"uploads": list(tokens), "delivery": str(name), "before": int(before), "done": int(done), "of": int(of)}:
            # Taken also where they come too late: what waits leaves no room for others.
            sources = uploads.take(tokens[:MOST])
        case _:
            return seen, None
    after = replace(seen, refused=tuple(_refused(wish.get("refused"))))
    if before:
        shelf.give(name, sources, done)
        return after, None
    if not sources and done >= of:
        return after, "" if after.refused else render_rows.said("Found nothing to add. Name a file, page or text.")
    delivery = Delivery(of, name=name)
    delivery.give(sources, done)
    return _begin(shelf, lambda: shelf.receive(delivery), seen, after)


def _add(shelf: Shelf, uploads: Uploads, wish: dict[str, Any], seen: Seen) -> tuple[Seen, str | None]:
    """Begin to add the pages that were named, or the text that was pasted; or say that this page still sends."""
    match wish:
        case {"wish": "busy"}:
            return seen, render_rows.said(_BUSY)
        case {"wish": "url", "address": str(text)}:
            # Never a path: what has no scheme is a name of the web.
            sources = [Source("url", one if "://" in one else f"https://{one}") for one in text.split()[:MOST]]
        case {"wish": "text", "upload": token, "title": str(title)}:
            sources = [
                replace(one, given="text", name=" ".join(title.split())[:LONGEST_TITLE])
                for one in uploads.take([token])
            ]
        case _:
            return seen, None
    return _begin(shelf, lambda: shelf.add(sources), seen, replace(seen, refused=()))


def _begin(shelf: Shelf, begin: Callable[[], str], seen: Seen, after: Seen) -> tuple[Seen, str | None]:
    """Begin an adding, unless one is under way; return the page after it, and what there is to say."""
    why = _BUSY if shelf.adding and shelf.adding.is_running else begin()
    if why:
        return seen, render_rows.said(why)
    shelf.wait(_INSTANT_S)
    # An equal end of another adding is news all the same.
    return replace(after, job=None), None if not (shelf.adding and shelf.adding.is_running) else ""


def _refused(given: object) -> list[Taken]:
    """Read what a page says of files it could not send."""
    found = []
    for one in given[:1000] if isinstance(given, list) else []:
        match one:
            case {"name": str(name), "why": str(why)}:
                found.append(Taken(name[:_LONGEST], "failed", why=why[:_LONGEST]))
    return found


def _look(workbench: Workbench, seen: Seen) -> Seen:
    """Return what a page should show now."""
    shelf = workbench.shelf
    job = shelf.adding
    parts: dict[str, Any] = {
        "adding": render_library.adding(job, shelf.taken, seen.refused),
        "now": join(render_library.progress(job), render_library.received(shelf.delivery, job)),
        "listing": render_library.listing(shelf.search(seen.words, count=seen.count), seen.words),
        "picker": choices(workbench),
    }
    return replace(seen, parts=parts, job=job)


def _part(name: str) -> gr.HTML:
    return gr.HTML("", elem_id=name, apply_default_css=False, js_on_load=None)
