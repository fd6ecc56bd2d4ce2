"""A page's tree enters; before each item of its numbered lists stands, as text, the number that a browser writes."""

from __future__ import annotations

import re
from typing import Any

from index.reading.counting import MOST_ROMAN, letter, roman

_Element = Any  # lxml ships no types
_WRITTEN = {"a": letter, "A": lambda n: letter(n).upper(), "i": roman, "I": lambda n: roman(n).upper()}
_UNNUMBERED = re.compile(r"list-style(?:-type)?\s*:[^;]*\b(?:none|disc|circle|square)\b", re.IGNORECASE)
_WHOLE = re.compile(r"\s*([+-]?\d{1,9})")


def number_items(tree: _Element) -> None:
    """Write, in place, the number of each item of an ``ol`` before its words, unless its style shows none."""
    for ordered in tree.iter("ol"):
        items = [item for item in ordered if item.tag == "li"]
        step = 1 if ordered.get("reversed") is None else -1
        number = _whole(ordered.get("start"), 1 if step > 0 else len(items))
        for item in items if not _UNNUMBERED.search(ordered.get("style") or "") else ():
            number = _whole(item.get("value"), number)
            write = _WRITTEN.get(ordered.get("type") or "", str) if 0 < number <= MOST_ROMAN else str
            _begin(item, f"{write(number)}. ")
            number += step


def _begin(item: _Element, label: str) -> None:
    """Put a label before the first words of an item; an item without words gets none."""
    holder = item
    while not (holder.text or "").strip():
        if not len(holder) or not isinstance(holder[0].tag, str) or holder[0].tag in ("ol", "ul", "table"):
            return
        holder = holder[0]
    holder.text = label + (holder.text or "").lstrip()


def _whole(text: str | None, otherwise: int) -> int:
    found = _WHOLE.match(text or "")
    return int(found[1]) if found else otherwise
