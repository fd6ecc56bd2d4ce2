"""What the lists of articles and of models share: lines to the user, how far a job is, and ids of rows."""

from __future__ import annotations

import re

from assistant.app import icons
from assistant.app.html import Html, button, element


def said(text: str) -> Html:
    """Return a line to the user; nothing for no text."""
    return element("p", text, class_="said", role="status") if text else Html()


def facts(line: str) -> Html:
    """Return a thin line; nothing for no text."""
    return element("p", line, class_="facts") if line else Html()


def trouble(line: str) -> Html:
    """Return a line on what went wrong."""
    return element("p", icons.WARNING, element("span", line), class_="trouble")


def does(label: str, action: str, *, off: bool = False, class_: str = "small", **attributes: object) -> Html:
    """Return a small button; one that is ``off`` is not ``disabled``: that would lose the keyboard's place."""
    disabled = "true" if off else None
    return button(label, class_=class_, data_action=action, **attributes, aria_disabled=disabled)


def bar(row: str, name: str, words: str, share: int | None) -> Html:
    """Return how far the work ``name`` is, in words and in per cent, None while unknown; it belongs into ``row``."""
    drawn = element(
        "div",
        element("span", style=None if share is None else f"width: {share}%"),
        class_="bar unknown" if share is None else "bar",
        role="progressbar",
        aria_label=name,
        aria_valuemin=0,
        aria_valuemax=100,
        aria_valuenow=share,
        aria_valuetext=words,
    )
    return element("div", facts(words), drawn, data_row=row)


def row_id(kind: str, name: str) -> str:
    """Return an id for a row that any name fits into."""
    kept = re.sub(r"[^A-Za-z0-9.-]", lambda found: f"_{ord(found[0]):x}_", name)
    return f"row-{kind}-{kept}"
