"""An element of a Word document's XML enters, what it is called and says of itself leaves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Element = Any  # lxml ships no types
_OFF = frozenset({"0", "false", "off"})
_UNSEEN = frozenset({"vanish", "webHidden", "strike", "dstrike"})  # struck out: no longer meant, as what is deleted


def local_name(element: Element) -> str:
    """Return an element's name without its namespace, of which the format has two; "" for a comment."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def attribute(element: Element, name: str = "val") -> str | None:
    """Return an attribute by its name without a namespace, None where there is none."""
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), None)


def child(element: Element, name: str) -> Element | None:
    """Return the first child of this name, None where there is none."""
    return next((found for found in element if local_name(found) == name), None)


def setting(element: Element, *names: str) -> str | None:
    """Return the value of the element that this path of names leads to, None where there is none."""
    for name in names:
        if (element := child(element, name)) is None:
            return None
    return attribute(element)


def is_on(element: Element) -> bool:
    """Say whether a property that stands there is turned on."""
    return attribute(element) not in _OFF


def properties(element: Element) -> Iterator[Element]:
    """Yield the properties of a paragraph or run."""
    for found in element:
        if local_name(found) in {"pPr", "rPr"}:
            yield from found


def marks(element: Element) -> dict[str, bool]:
    """Return what the properties of a run or style say of marks under which its words are not seen: on, or off."""
    return {name: is_on(mark) for mark in properties(element) if (name := local_name(mark)) in _UNSEEN}
