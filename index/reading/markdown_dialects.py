"""A CommonMark parser enters, one leaves that also reads footnotes, and what Obsidian and Jekyll write for themselves.

Code and formulas stay as they are written. A footnote stands where its definition does.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from index.reading.canonical import raised

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.ruler import RuleOptionsType
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_core import StateCore

_COMMENT = r"(?<![\d%])%%(?!%).{0,10000}?%%|\{%-?\s*comment\b.{0,10000}?endcomment\s*-?%\}"
_COMMENTED = re.compile(_COMMENT, re.DOTALL)
_DEFINITION = re.compile(r"\[\^(?P<label>[^\s\[\]]{1,200})\]:[ \t]*")
# Lengths have an end: what is opened a hundred thousand times and never closed would take time in its square.
_MARK = re.compile(
    rf"""
    (?P<kept>(?<!`)(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`)|\\.
        |\$\$.{{1,1000}}?\$\$|\$(?!\s)[^$\n]{{1,500}}(?<!\s)\$(?!\d))
    |(?P<gone>{_COMMENT}
        |\{{%.{{0,1000}}?%\}}|\{{\{{.{{0,1000}}?\}}\}}
        |\{{(?:::?|[#.][A-Za-z])[^{{}}\n]{{0,500}}\}})
    |(?:[ \t]{{1,4}}(?=\[\^[^\s\[\]]{{1,200}}\](?!\w)))?\[\^(?P<note>[^\s\[\]]{{1,200}})\]
    |\^\[(?P<aside>[^\[\]]{{1,2000}})\]
    |(?P<embed>!?)\[\[(?P<link>[^\[\]\n]{{1,500}})\]\](?!\()
    |(?<=[\w)])\^(?P<power>[+-]?\d{{1,4}})\^
    |(?<![=\w])==(?=[^\s=])(?P<marked>(?:(?!==).){{1,1000}}?)(?<!\s)==(?!=)
    """,
    re.DOTALL | re.VERBOSE | re.ASCII,
)


# The kind of a callout ("[!note] ") and the lines around a container (":::tip"), whose words stay.
_FRAME = re.compile(
    r"\A\[![A-Za-z][\w-]{0,30}\][+-]?[ \t]*\n?|^:{3,}[ \t]*(?:\{[^{}\n]{0,200}\}|[\w-]{1,40})?[ \t]*\n?", re.MULTILINE
)


def teach_dialects(parser: MarkdownIt) -> MarkdownIt:
    """Return ``parser`` with the rules of the dialects added."""
    interrupting: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    parser.block.ruler.before("reference", "footnote", _read_footnote, interrupting)
    parser.block.ruler.before("footnote", "comment", _skip_comment, interrupting)
    parser.core.ruler.before("inline", "dialects", _unmark)
    return parser


def _read_footnote(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a footnote's definition as blocks of their own, with what is indented below it."""
    found = _DEFINITION.match(state.src, state.bMarks[start] + state.tShift[start], state.eMarks[start])
    if found is None or state.is_code_block(start):
        return False
    if silent:
        return True
    state.env.setdefault("footnotes", set()).add(found["label"])
    parent = state.parentType
    state.bMarks[start], state.tShift[start], state.sCount[start] = found.end(), 0, state.blkIndent + 4
    state.parentType = "footnote"
    state.blkIndent += 4
    state.level += 1
    state.md.block.tokenize(state, start, end)
    state.level -= 1
    state.blkIndent -= 4
    state.parentType = parent
    return True


def _skip_comment(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Pass over a comment of several lines, empty ones among them; one within a line is a paragraph's own."""
    found = _COMMENTED.match(state.src, state.bMarks[start] + state.tShift[start])
    if found is None or state.is_code_block(start):
        return False
    last = bisect_left(state.eMarks, found.end(), start)
    if not start < last < end:
        return False
    if not silent:
        state.bMarks[last], state.tShift[last] = found.end(), 0
        state.line = last
    return True


def _unmark(state: StateCore) -> None:
    """Put, in every paragraph, heading and cell, what a user sees in the place of its marks."""
    footnotes = state.env.get("footnotes", set())
    for token in state.tokens:
        if token.type == "inline":
            token.content = _FRAME.sub("", token.content)
            token.content = _MARK.sub(lambda found: _shown(found, footnotes), token.content)


def _shown(found: re.Match[str], footnotes: set[str]) -> str:
    if found["note"]:
        # "[^abc]" may be about regular expressions where no such footnote is.
        return "" if found["note"] in footnotes or found["note"].isdecimal() else found[0]
    if found["aside"]:
        return f" ({found['aside']})"
    if found["link"]:
        page, _, words = found["link"].partition("|")
        page, _, heading = page.rstrip("\\").partition("#")
        return "" if found["embed"] else words or page or heading
    if found["power"]:
        return raised(found["power"])
    if found["marked"]:
        return _MARK.sub(lambda inner: _shown(inner, footnotes), found["marked"])
    return found["kept"] or ""
