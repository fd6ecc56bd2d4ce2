"""The rows of the library and what became of what was added, as the reader sees them."""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape, unescape

from hypothesis import given
from hypothesis import strategies as st

from assistant.app import render_library
from assistant.jobs import Job
from assistant.library.delivery import Delivery
from assistant.library.intake import Taken
from assistant.library.shelf import ArticleCard, Listing

CARD = ArticleCard("bridge", "The bridge", "Ada Holm", "1931-05-01", "en", 1204, "The Gazette", 12)
HOSTILE = "</p><script>alert(1)</script><img src=x onerror=alert(1)>\"' ${7*7} {{7*7}}"
JOB = Job("add", "articles", phase="adding", done=2, total=12)
TAGS = {"article", "p", "ul", "li", "div", "h3", "button", "span", "form", "input", "svg", "path"}


def shown(html: str) -> str:
    """Return the text of a page, its parts separated by a bar."""
    return " | ".join(unescape(part).strip() for part in re.split(r"<[^>]+>", html) if part.strip())


def tags(html: str) -> list[str]:
    return re.findall(r"<([a-z0-9]+)", html)


def test_an_article_is_one_line_with_what_can_be_done() -> None:
    html = render_library.listing(Listing((CARD,), 1, 1), "")
    assert shown(html) == (
        "1 article | The bridge | Ada Holm · The Gazette · 1931-05-01 · 1,204 words · 12 pages | Rename | Remove | Save"
    )
    bare = replace(CARD, author=None, site=None, published=None, pages=1, words=1)
    assert render_library.known(bare) == "1 word · 1 page"
    assert render_library.known(replace(bare, pages=0, words=0)) == "0 words"


def test_what_is_not_listed_is_counted() -> None:
    html = shown(render_library.listing(Listing((CARD,), 52, 1000), "bridge"))
    assert html.startswith("52 of 1,000 articles | The bridge")
    assert html.endswith("Show more | 51 more")
    assert shown(render_library.listing(Listing((), 0, 3), "<b>")) == (
        "No title, author or site of the 3 articles has “<b>” in it."
    )
    assert shown(render_library.listing(Listing((), 0, 0), "x")) == "No article yet: add one above."


def test_failures_come_first_and_hide_nothing() -> None:
    taken = [
        Taken("a.md", "added", "a", "A"),
        Taken("b.pdf", "failed", why="It is damaged."),
        Taken("c.md", "unchanged", "a", "A", why="the library has it as 'a'"),
        Taken("d", "updated", "d", "d"),
    ]
    done = replace(JOB, state="done")
    assert shown(render_library.adding(done, taken, [Taken("large", "failed", why="Too large.")])) == (
        "1 added, 1 updated, 1 unchanged, 2 failed | Failed | large | Too large. | Failed | b.pdf | It is damaged. | "
        "Added | A | a.md | Unchanged | A | c.md · the library has it as 'a' | Updated | d"
    )
    assert render_library.adding(None, ()) == ""
    many = [Taken(f"{n}", "added", f"{n}", f"T{n}") for n in range(300)]
    assert shown(render_library.adding(done, [*many, taken[1]])).startswith("300 added, 1 failed | Failed | b.pdf")
    assert shown(render_library.adding(done, many)).endswith("and 200 more")


def test_how_far_it_is_is_told_by_its_phase() -> None:
    def told(**changes: object) -> str:
        return shown(render_library.progress(replace(JOB, **changes)))  # type: ignore[arg-type]

    assert told() == "Adding 3 of 12"
    assert told(done=12) == "Adding 12 of 12"
    assert told(phase="starting", total=0) == "Starting…"
    assert told(phase="loading", total=0) == "Added; getting ready to index…"
    assert told(phase="indexing", done=1000, total=2000) == "Indexing 1,000 of 2,000 passages · 50%"
    assert told(state="cancelling") == "Cancelling…"
    assert told(state="done") == ""
    assert render_library.progress(None) == ""
    assert 'aria-valuenow="16"' in render_library.progress(JOB)


def test_a_page_that_sends_in_rounds_is_told_how_much_of_it_is_in() -> None:
    delivery = Delivery(120, name=HOSTILE)
    delivery.done = 50
    html = render_library.received(delivery, JOB)
    assert html == f'<span data-delivery="{escape(HOSTILE)}" data-done="50" data-state="running"></span>'
    assert 'data-state="cancelled"' in render_library.received(delivery, replace(JOB, state="cancelled"))
    assert render_library.received(None, JOB) == render_library.received(Delivery(1), JOB) == ""


def test_it_can_be_cancelled_while_it_runs_and_says_how_it_ended() -> None:
    assert shown(render_library.adding(JOB, ())) == "Cancel"
    assert 'aria-disabled="true"' in render_library.adding(replace(JOB, state="cancelling"), ())
    failed = replace(JOB, state="failed", trouble="The disk is <full>.")
    assert shown(render_library.adding(failed, ())) == "The disk is <full>."
    taken = (Taken("a", "added", "a", "A"),)
    assert render_library.ended(failed, taken) == "Adding stopped; the line in the card says why."
    cancelled = replace(JOB, state="cancelled")
    assert render_library.ended(cancelled, taken) == "Cancelled. 1 added; what was added stays."
    assert render_library.ended(cancelled, ()) == "Cancelled. Nothing was added; what was added stays."
    assert render_library.ended(replace(JOB, state="done"), taken) == "1 added."


def test_what_was_removed_can_be_brought_back() -> None:
    html = render_library.removed(replace(CARD, id='a"b'))
    assert shown(html) == "Removed “The bridge”. | Undo"
    assert 'data-wish="restore" data-article="a&quot;b"' in html


@given(
    st.lists(st.sampled_from([HOSTILE, "<b>", "&amp;", "'\"", "${7*7}"]) | st.text(max_size=20), min_size=8, max_size=8)
)
def test_no_text_of_an_article_is_more_than_text(vectors: list[str]) -> None:
    id, title, author, published, site, source, why, words = vectors
    card = replace(CARD, id=id, title=title, author=author, published=published, site=site)
    taken = [Taken(source, "added", id, title, why), Taken(source, "failed", why=why)]
    failed = replace(JOB, state="failed", trouble=why)
    html = "".join([
        render_library.listing(Listing((card,), 2, 3), words),
        render_library.listing(Listing((), 0, 3), words),
        render_library.adding(failed, taken, taken),
        render_library.removed(card),
    ])  # fmt: skip
    assert set(tags(html)) <= TAGS
    assert not re.search(r"<[^>]* on[a-z]+=", re.sub(r'"[^"]*"', '""', html))
    assert len(re.findall(r'id="row-article-[A-Za-z0-9._-]*"', html)) == 1
