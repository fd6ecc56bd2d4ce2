"""A page's tree enters, the text that it states about itself as data (JSON-LD, schema.org) leaves."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any


def stated_text(tree: Any) -> list[str]:
    """Return the parts of the longest article (``articleBody``) of a page, plain or markup.

    Where there is none: the reviews, answers with their questions, and steps, in order; empty where nothing is stated.
    """
    articles, others = [""], []
    for script in tree.xpath("//script[contains(@type, 'ld+json')]"):
        with suppress(ValueError, RecursionError):
            for thing in _things(json.loads(script.text or "", strict=False)):
                articles += _strings(thing, "articleBody")
                others += _strings(thing, "reviewBody", "text", *["name"] * (thing.get("@type") == "Question"))[::-1]
    longest = max(articles, key=len)
    return [html.unescape(part) for part in ([longest] if longest else others)]


def _things(data: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of some JSON, in order."""
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
        if isinstance(value, dict | list):
            waiting += list(value.values() if isinstance(value, dict) else value)[::-1]


def _strings(thing: dict[str, Any], *names: str) -> list[str]:
    return [value for name in names if isinstance(value := thing.get(name), str)]
