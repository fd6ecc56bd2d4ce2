"""Articles, and what becomes of those that are added, enter; escaped HTML for the tab of articles leaves.

As in the tab of models, how far the adding is is drawn apart, and the page puts it into its place: no button is taken
from under a user's finger.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from html import escape

from assistant.app import icons
from assistant.jobs import Job
from assistant.library.delivery import Delivery
from assistant.library.intake import Taken
from assistant.library.shelf import LONGEST_TITLE, ArticleCard, Listing

MOST_OUTCOMES = 100
"""Of each kind, failed or not, that are listed; the rest are counted."""
_WORDS = {"added": "Added", "updated": "Updated", "unchanged": "Unchanged", "failed": "Failed"}
_JOB_ROW = "articles-adding"


def adding(job: Job | None, taken: Sequence[Taken], refused: Sequence[Taken] = ()) -> str:
    """Return what goes on with the adding, and what became of each source; empty before anything was added.

    ``refused`` are files of this page that never came to be added.
    """
    if job is None and not refused:
        return ""
    return _head(job) + _outcomes((*refused, *taken))


def progress(job: Job | None) -> str:
    """Return how far the adding under way is, and where that belongs; empty when none is."""
    if job is None or not job.is_running:
        return ""
    words, share = _so_far(job)
    number = "" if share is None else f' aria-valuenow="{share}"'
    width = "" if share is None else f' style="width: {share}%"'
    return (
        f'<div data-row="{_JOB_ROW}"><p class="facts">{escape(words)}</p>'
        f'<div class="bar{" unknown" if share is None else ""}" role="progressbar" aria-label="Adding articles" '
        f'aria-valuemin="0" aria-valuemax="100"{number} aria-valuetext="{escape(words)}"><span{width}></span></div>'
        "</div>"
    )


def received(delivery: Delivery | None, job: Job | None) -> str:
    """Return how much of a page's delivery was taken in, and whether more of it is: what the page waits for."""
    if delivery is None or job is None or not delivery.name:
        return ""
    return f'<span data-delivery="{escape(delivery.name)}" data-done="{delivery.done}" data-state="{job.state}"></span>'


def ended(job: Job, taken: Sequence[Taken]) -> str:
    """Return in one short line how an adding ended."""
    if job.state == "failed":
        return "Adding stopped; the line in the card says why."
    counts = _counts(taken)
    if job.state == "cancelled":
        return f"Cancelled. {counts or 'Nothing was added'}; what was added stays."
    return f"{counts}." if counts else "There was nothing to add."


def removed(card: ArticleCard) -> str:
    """Return the line that says what was removed, with the way back."""
    undo = (
        f'<button type="button" class="small" id="articles-undo" data-action="articles" data-wish="restore" '
        f'data-article="{escape(card.id)}" aria-label="Undo: remove {escape(card.title)}">Undo</button>'
    )
    return f'<p class="said" role="status"><span>Removed “{escape(card.title)}”.</span> {undo}</p>'


def listing(found: Listing, words: str) -> str:
    """Return the articles found by ``words``, with what can be done about each, and a way to more of them."""
    if not found.of:
        return '<p class="facts">No article yet: add one above.</p>'
    if not found.found:
        return (
            f'<p class="facts">No title, author or site of the {_articles(found.of)} has “{escape(words)}” in it.</p>'
        )
    count = _articles(found.of) if found.found == found.of else f"{found.found:,} of {_articles(found.of)}"
    rest = found.found - len(found.cards)
    more = (
        f'<p class="more"><button type="button" class="small" id="articles-more" data-action="articles" '
        f'data-wish="more">Show more</button> <span class="facts">{rest:,} more</span></p>'
        if rest
        else ""
    )
    rows = "".join(map(_row, found.cards))
    return f'<p class="facts count">{count}</p><ul class="stock" aria-label="Articles">{rows}</ul>{more}'


def facts(card: ArticleCard) -> str:
    """Return what is known of an article in one line, not escaped."""
    words = "1 word" if card.words == 1 else f"{card.words:,} words"
    pages = "" if not card.pages else "1 page" if card.pages == 1 else f"{card.pages:,} pages"
    return " · ".join(fact for fact in (card.author, card.site, card.published, words, pages) if fact)


def _articles(count: int) -> str:
    return "1 article" if count == 1 else f"{count:,} articles"


def _row(card: ArticleCard) -> str:
    id, title, row = escape(card.id), escape(card.title), row_id(card.id)
    return (
        f'<li id="{row}"><div><h3>{_opens(card.id, card.title)}</h3><p class="facts">{escape(facts(card))}</p></div>'
        f'<div class="does"><button type="button" class="small" id="rename-{row}" data-action="rename" '
        f'data-opens="form-{row}" aria-expanded="false" aria-label="Rename: {title}">Rename</button>'
        f'<button type="button" class="small" id="remove-{row}" data-action="articles" data-wish="remove" '
        f'data-article="{id}" aria-label="Remove: {title}">Remove</button></div>'
        f'<form class="rename" id="form-{row}" data-action="articles" data-wish="rename" data-article="{id}" '
        f'data-keep="form-{row}" hidden><input id="title-{row}" name="title" value="{title}" required '
        f'maxlength="{LONGEST_TITLE}" aria-label="New title of {title}" autocomplete="off">'
        '<button type="submit" class="small">Save</button></form></li>'
    )


def _opens(article: str, title: str) -> str:
    place = f'data-action="read" data-document="{escape(article)}"'
    return f'<button type="button" class="opens" {place}>{escape(title)}</button>'


def row_id(article: str) -> str:
    """Return an id for an article's row that any id of an article fits into."""
    kept = re.sub(r"[^A-Za-z0-9.-]", lambda found: f"_{ord(found[0]):x}_", article)
    return f"row-article-{kept}"


def _head(job: Job | None) -> str:
    if job is None:
        return ""
    if job.is_running:
        off = ' aria-disabled="true"' if job.state == "cancelling" else ""
        label = "Cancelling…" if job.state == "cancelling" else "Cancel"
        return (
            f'<div class="stock adding" id="{_JOB_ROW}"><div class="progress"></div>'
            f'<button type="button" class="small stop" id="articles-cancel" data-action="articles" data-wish="cancel" '
            f'aria-label="Cancel: adding articles"{off}>{label}</button></div>'
        )
    if job.state == "failed":
        return f'<p class="trouble">{icons.WARNING}<span>{escape(job.trouble)}</span></p>'
    return '<p class="state">Cancelled; what was added stays.</p>' if job.state == "cancelled" else ""


def _outcomes(taken: Sequence[Taken]) -> str:
    if not taken:
        return ""
    failed = [one for one in taken if one.change == "failed"]
    others = [one for one in taken if one.change != "failed"]
    shown = (*failed[:MOST_OUTCOMES], *others[:MOST_OUTCOMES])
    rest = len(taken) - len(shown)
    more = f'<p class="facts">and {rest:,} more</p>' if rest else ""
    items = "".join(map(_outcome, shown))
    return (
        f'<p class="state">{_counts(taken)}</p><ul class="outcomes" aria-label="What became of it">{items}</ul>{more}'
    )


def _outcome(one: Taken) -> str:
    badge = f'<span class="badge {one.change}">{_WORDS[one.change]}</span>'
    if one.change == "failed":
        why = f'<p class="why-not">{escape(one.why)}</p>'
        return f'<li class="failed">{badge}<div><p class="name">{escape(one.source)}</p>{why}</div></li>'
    from_where = "" if one.source == one.title else one.source
    line = escape(" · ".join(part for part in (from_where, one.why) if part))
    below = f'<p class="facts">{line}</p>' if line else ""
    return f'<li>{badge}<div><p class="name">{_opens(one.id, one.title)}</p>{below}</div></li>'


def _counts(taken: Sequence[Taken]) -> str:
    """Return ``3 added, 1 failed``; empty for nothing."""
    counted = Counter[str](one.change for one in taken)
    return ", ".join(f"{counted[change]:,} {word.lower()}" for change, word in _WORDS.items() if counted[change])


def _so_far(job: Job) -> tuple[str, int | None]:
    """Return how far the adding is, in words and in whole per cent; None while that is not known."""
    if job.state == "cancelling":
        return "Cancelling…", None
    if job.phase == "loading":
        return "Added; getting ready to index…", None
    if not job.total:
        return "Starting…", None
    share = 100 * min(job.done, job.total) // job.total
    if job.phase == "indexing":
        return f"Indexing {job.done:,} of {job.total:,} passages · {share}%", share
    return f"Adding {min(job.done + 1, job.total):,} of {job.total:,}", share
