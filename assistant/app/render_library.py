"""Articles, and what becomes of those that are added, enter; HTML for the tab of articles leaves.

As in the tab of models, how far the adding is is drawn apart, and the page puts it into its place: no button is taken
from under a user's finger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from assistant.app.html import Html, button, element, join
from assistant.app.render_rows import bar, does, facts, row_id, trouble
from assistant.jobs import Job
from assistant.library.delivery import Delivery
from assistant.library.intake import Taken
from assistant.library.shelf import LONGEST_TITLE, ArticleCard, Listing

MOST_OUTCOMES = 100
"""Of each kind, failed or not, that are listed; the rest are counted."""
_WORDS = {"added": "Added", "updated": "Updated", "unchanged": "Unchanged", "failed": "Failed"}
_JOB_ROW = "articles-adding"


def adding(job: Job | None, taken: Sequence[Taken], refused: Sequence[Taken] = ()) -> Html:
    """Return what goes on with the adding, and what became of each source; empty before anything was added.

    ``refused`` are files of this page that never came to be added.
    """
    return Html() if job is None and not refused else join(_head(job), _outcomes((*refused, *taken)))


def progress(job: Job | None) -> Html:
    """Return how far the adding under way is, and where that belongs; empty when none is."""
    return bar(_JOB_ROW, "Adding articles", *_so_far(job)) if job is not None and job.is_running else Html()


def received(delivery: Delivery | None, job: Job | None) -> Html:
    """Return how much of a page's delivery was taken in, and whether more of it is: what the page waits for."""
    if delivery is None or job is None or not delivery.name:
        return Html()
    return element("span", data_delivery=delivery.name, data_done=delivery.done, data_state=job.state)


def ended(job: Job, taken: Sequence[Taken]) -> str:
    """Return in one short line how an adding ended."""
    if job.state == "failed":
        return "Adding stopped; the line in the card says why."
    counts = _counts(taken)
    if job.state == "cancelled":
        return f"Cancelled. {counts or 'Nothing was added'}; what was added stays."
    return f"{counts}." if counts else "There was nothing to add."


def removed(card: ArticleCard) -> Html:
    """Return the line that says what was removed, with the way back."""
    undo = does(
        "Undo",
        "articles",
        id="articles-undo",
        data_wish="restore",
        data_article=card.id,
        aria_label=f"Undo: remove {card.title}",
    )
    return element("p", element("span", f"Removed “{card.title}”."), " ", undo, class_="said", role="status")


def listing(found: Listing, words: str) -> Html:
    """Return the articles found by ``words``, with what can be done about each, and a way to more of them."""
    if not found.of:
        return facts("No article yet: add one above.")
    if not found.found:
        return facts(f"No title, author or site of the {_articles(found.of)} has “{words}” in it.")
    count = _articles(found.of) if found.found == found.of else f"{found.found:,} of {_articles(found.of)}"
    rest = found.found - len(found.cards)
    more = does("Show more", "articles", id="articles-more", data_wish="more")
    return join(
        element("p", count, class_="facts count"),
        element("ul", *map(_row, found.cards), class_="stock", aria_label="Articles"),
        element("p", more, " ", element("span", f"{rest:,} more", class_="facts"), class_="more") if rest else "",
    )


def known(card: ArticleCard) -> str:
    """Return what is known of an article in one line."""
    words = "1 word" if card.words == 1 else f"{card.words:,} words"
    pages = "" if not card.pages else "1 page" if card.pages == 1 else f"{card.pages:,} pages"
    return " · ".join(fact for fact in (card.author, card.site, card.published, words, pages) if fact)


def _articles(count: int) -> str:
    return "1 article" if count == 1 else f"{count:,} articles"


def _row(card: ArticleCard) -> Html:
    row = row_id("article", card.id)
    form = f"form-{row}"
    rename = does(
        "Rename",
        "rename",
        id=f"rename-{row}",
        data_opens=form,
        aria_expanded="false",
        aria_label=f"Rename: {card.title}",
    )
    remove = does(
        "Remove",
        "articles",
        id=f"remove-{row}",
        data_wish="remove",
        data_article=card.id,
        aria_label=f"Remove: {card.title}",
    )
    title = element(
        "input",
        id=f"title-{row}",
        name="title",
        value=card.title,
        required=True,
        maxlength=LONGEST_TITLE,
        aria_label=f"New title of {card.title}",
        autocomplete="off",
    )
    renamed = element(
        "form",
        title,
        element("button", "Save", type="submit", class_="small"),
        class_="rename",
        id=form,
        data_action="articles",
        data_wish="rename",
        data_article=card.id,
        data_keep=form,
        hidden=True,
    )
    what = element("div", element("h3", _opens(card.id, card.title)), facts(known(card)))
    return element("li", what, element("div", rename, remove, class_="does"), renamed, id=row)


def _opens(article: str, title: str) -> Html:
    return button(title, class_="opens", data_action="read", data_document=article)


def _head(job: Job | None) -> Html:
    if job is None:
        return Html()
    if job.is_running:
        off = job.state == "cancelling"
        stop = does(
            "Cancelling…" if off else "Cancel",
            "articles",
            off=off,
            class_="small stop",
            id="articles-cancel",
            data_wish="cancel",
            aria_label="Cancel: adding articles",
        )
        return element("div", element("div", class_="progress"), stop, class_="stock adding", id=_JOB_ROW)
    if job.state == "failed":
        return trouble(job.trouble)
    return element("p", "Cancelled; what was added stays.", class_="state") if job.state == "cancelled" else Html()


def _outcomes(taken: Sequence[Taken]) -> Html:
    if not taken:
        return Html()
    failed = [one for one in taken if one.change == "failed"]
    others = [one for one in taken if one.change != "failed"]
    shown = (*failed[:MOST_OUTCOMES], *others[:MOST_OUTCOMES])
    rest = len(taken) - len(shown)
    return join(
        element("p", _counts(taken), class_="state"),
        element("ul", *map(_outcome, shown), class_="outcomes", aria_label="What became of it"),
        facts(f"and {rest:,} more" if rest else ""),
    )


def _outcome(one: Taken) -> Html:
    failed = one.change == "failed"
    badge = element("span", _WORDS[one.change], class_=f"badge {one.change}")
    from_where = "" if one.source == one.title else one.source
    below = facts(" · ".join(part for part in (from_where, one.why) if part))
    if failed:
        below = element("p", one.why, class_="why-not")
    name = element("p", one.source if failed else _opens(one.id, one.title), class_="name")
    return element("li", badge, element("div", name, below), class_="failed" if failed else None)


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
