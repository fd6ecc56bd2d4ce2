"""A page's tree enters; what a user opens by a button stands in it, with the words of the button above it."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

_Element = Any  # lxml ships no types
_OPENERS = " or ".join(f"self::{tag}" for tag in "h1 h2 h3 h4 h5 h6 dt summary".split()) + " or @role='heading'"
_NO_TEXT = frozenset({"alertdialog", "dialog", "listbox", "menu", "navigation", "search", "status", "tooltip", "tree"})
_LOOKED_AT = 200  # strings
_CLOSED = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)[^;]*", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?](?:\s|\Z)|[。！？]")


def press_open(tree: _Element) -> None:
    """Show, in place, the hidden text that a control names as its own; make words of the buttons that head such text.

    A button heads text where it is all of a heading, a term or a summary, or where it opens sentences.
    """
    named = {element.get("id"): element for element in tree.xpath("//*[@id]")}
    for control in tree.xpath("//*[@aria-controls]"):
        opened = (named[id] for id in control.get("aria-controls").split()[:10] if id in named)
        for panel in filter(_is_text, opened):
            panel.attrib.pop("hidden", None)
            if style := panel.get("style"):
                panel.set("style", _CLOSED.sub("", style))
            if control.tag == "button" and control.getparent() is not None:
                control.drop_tag()
    for holder in tree.xpath(f"//*[{_OPENERS}][.//button]"):
        buttons = holder.xpath(".//button[normalize-space()]")
        beside = holder.xpath(".//text()[normalize-space() and not(ancestor::button)]")
        # Beside words of its own, or beside another one, it does something: it copies the link, or asks for an edit.
        if buttons and not any(map(str.strip, beside)):
            buttons[0].drop_tag()


def _is_text(panel: _Element) -> bool:
    """Say whether an element holds sentences, and is no menu or window."""
    if panel.tag in ("nav", "dialog", "form") or panel.get("role") in _NO_TEXT or panel.get("aria-modal") == "true":
        return False
    return bool(_SENTENCE_END.search(" ".join(islice(panel.itertext(), _LOOKED_AT)).rstrip()))
