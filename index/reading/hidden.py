"""A page's tree enters; what a browser would not show, or shows struck out, is gone from it.

Only what the element itself says is looked at.

A style sheet may hide and show things at any width of a window: what one might hide stays, and is seen in the pane.
"""

from __future__ import annotations

import re
from typing import Any

_Element = Any  # lxml ships no types
_LENGTH = r"(?:px|em|rem|pt|%|vw|vh)?"
_ZERO = rf"0*(?:\.0*)?{_LENGTH}(?=[\s;!]|$)"
_HIDING = re.compile(
    r"(?:^|;)\s*(?:"
    r"display\s*:\s*none"
    r"|visibility\s*:\s*(?:hidden|collapse)"
    rf"|(?:font-size|opacity|max-height|max-width)\s*:\s*(?=[0.]){_ZERO}"
    r"|font-size\s*:\s*(?:1(?:\.0*)?|0?\.\d+)px"
    r"|opacity\s*:\s*(?:0?\.0\d*|0%)"
    rf"|(?:left|right|top|bottom|text-indent|margin-left|margin-top)\s*:\s*-\s*(?:\d{{4,}}|[5-9]\d\d){_LENGTH}"
    r"|transform\s*:[^;]*(?:scale[XY]?\(\s*0?(?:\.0*)?\s*[,)]|translate[XY]?\([^)]*-\d{4,})"
    r"|clip\s*:\s*rect\(\s*(?:0|1)(?:px)?[\s,]+(?:0|1)(?:px)?[\s,]+(?:0|1)(?:px)?[\s,]+(?:0|1)(?:px)?\s*\)"
    r"|clip-path\s*:\s*(?:inset\(\s*(?:50|100)%|circle\(\s*0)"
    r"|content-visibility\s*:\s*hidden"
    r"|color\s*:\s*transparent"
    r")",
    re.IGNORECASE,
)
_NO_ROOM = re.compile(rf"(?:^|;)\s*(?:width|height)\s*:\s*(?=[0.]){_ZERO}", re.IGNORECASE)
_CUT_OFF = re.compile(r"overflow(?:-[xy])?\s*:\s*(?:hidden|clip)", re.IGNORECASE)
_INK = re.compile(r"(?:^|;)\s*color\s*:\s*([^;!]+)", re.IGNORECASE)
_PAPER = re.compile(r"(?:^|;)\s*background(?:-color)?\s*:\s*([^;!]+)", re.IGNORECASE)
_STRIKING = re.compile(r"(?:^|;)\s*(?:-webkit-)?text-decoration(?:-line)?\s*:[^;]*\bline-through\b", re.IGNORECASE)
STRUCK_TAGS = frozenset({"del", "s", "strike"})
"""What is struck out by its name alone."""
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_NAMED = {"white": (255, 255, 255), "black": (0, 0, 0), "red": (255, 0, 0), "yellow": (255, 255, 0)}
_NAMED |= {"blue": (0, 0, 255), "green": (0, 128, 0), "gray": (128, 128, 128), "grey": (128, 128, 128)}
_NEAR = 24  # of 255: two shades no eye tells apart


def drop_hidden(tree: _Element) -> None:
    """Remove, in place, every element that is hidden by its own attributes, with all in it; what follows it stays."""
    for element in tree.xpath("//*[@hidden or @style or @color or self::dialog[not(@open)]]"):
        if element.getparent() is not None and _is_hidden(element):
            element.drop_tree()
    for element in tree.xpath("//script | //style | //template | //noscript"):
        if element.getparent() is not None:
            element.drop_tree()


def drop_struck(tree: _Element) -> None:
    """Remove, in place, what is struck out: its writer took it back, and as plain text it would read as if it held."""
    for element in tree.xpath("//del | //s | //strike | //*[@style or @role='deletion']"):
        is_struck = element.tag in STRUCK_TAGS or element.get("role") == "deletion"
        if element.getparent() is None or not (is_struck or is_struck_style(element.get("style"))):
            continue
        if element.tag in ("td", "th"):
            # The cells after it keep their columns.
            tail = element.tail
            element.clear()
            element.tail = tail
        else:
            element.drop_tree()


def is_struck_style(style: str | None) -> bool:
    """Say whether a style attribute draws a line through its words."""
    return bool(style and _STRIKING.search(_COMMENT.sub("", style)))


def _is_hidden(element: _Element) -> bool:
    # hidden="until-found" is shown to who searches for its words, and so to none at first.
    if element.get("hidden") is not None or (element.tag == "dialog" and element.get("open") is None):
        return True
    style = _COMMENT.sub("", element.get("style") or "")
    if _HIDING.search(style) or (_NO_ROOM.search(style) and _CUT_OFF.search(style)):
        return True
    ink, paper = _INK.search(style), _PAPER.search(style)
    return _is_same(ink[1] if ink else element.get("color"), paper[1] if paper else element.get("bgcolor"))


def _is_same(ink: str | None, paper: str | None) -> bool:
    """Say whether both are given, and give one colour."""
    first, second = _colour(ink), _colour(paper)
    if first is None or second is None:
        return bool(ink and paper and ink.strip().lower() == paper.strip().lower())
    return all(abs(a - b) <= _NEAR for a, b in zip(first, second, strict=True))


def _colour(value: str | None) -> tuple[int, ...] | None:
    """Return the red, green and blue of a colour, 0 to 255 each; None for one that is not plain."""
    value = (value or "").strip().lower()
    if found := re.match(r"#([0-9a-f]{6}|[0-9a-f]{3})(?![0-9a-f])", value):
        digits = found[1] if len(found[1]) == 6 else "".join(digit * 2 for digit in found[1])
        return tuple(int(digits[at : at + 2], 16) for at in (0, 2, 4))
    if found := re.match(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})", value):
        return tuple(map(int, found.groups()))
    return _NAMED.get(value.split(" ")[0])
