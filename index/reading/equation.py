"""An equation of MathML enters, it leaves on one line as it is typed in a sentence: P = 4200/(n+7)."""

from __future__ import annotations

import re
from typing import Any

_Element = Any  # lxml ships no types
_RELATIONS = re.compile(r"[=<>≤≥≠≈≡∼≃≅∝∈∉⊂⊆→⇒⇔↔⟶⟹≪≫±]|:=|[<>=!]=")
_UNSEEN = {"\u2061": "", "\u2062": "", "\u2063": ",", "\u2064": ""}  # applied to, times, comma and plus, unwritten
_ACCENTS = frozenset("^ˆ~˜¯‾ˉ_.˙¨→⃗")
_PRIMES = frozenset("′″‴'*°∘†")
_LEAVES = frozenset({"mi", "mn", "mo", "mtext", "ms"})
_WRAPS = frozenset({"math", "mrow", "mstyle", "mpadded", "semantics"})
_NOT_SHOWN = frozenset({"annotation", "annotation-xml", "mphantom", "none", "mprescripts"})


def linear_equation(element: _Element) -> str:
    """Return a ``math`` element as a line of text; what it says of itself in words where it shows nothing.

    What is shown comes first: the text beside it may be TeX, which few read, or say what no user of the page sees.
    """
    try:
        shown = " ".join(_linear(element).split())
    except RecursionError:
        shown = " ".join("".join(element.itertext()).split())
    if shown:
        return shown
    notes = [e.text for e in element.iter() if isinstance(e.tag, str) and _name(e) == "annotation"]
    return next((" ".join(text.split()) for text in (element.get("alttext"), *notes) if text), "")


def join_row(parts: list[str]) -> str:
    """Join what stands in a row: "2", "x" and "+" together, numbers and words of several letters apart."""
    row = last = ""
    for part in filter(None, parts):
        before, after = re.search(r"\w+\Z", last[-99:]), re.match(r"\w+", part)
        if after and (re.search(r"[\^_/√]", last) or (before and _stand_apart(before[0], after[0]))):
            row += " "
        row += part
        last = part
    return row


def bracketed(text: str) -> str:
    """Return ``text`` in brackets, once."""
    text = text.strip()
    return text if _is_bracketed(text) else f"({text})"


def _stand_apart(before: str, after: str) -> bool:
    return after[0].isdigit() or any(len(word) > 1 and word.isalpha() for word in (before, after))


def _is_bracketed(text: str) -> bool:
    """Say whether the first bracket closes with the last."""
    depth = 0
    for place, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return place == len(text) - 1 and place > 0
    return False


def _name(element: _Element) -> str:
    return str(element.tag).rpartition("}")[2].rpartition(":")[2].lower()


def _linear(element: _Element) -> str:
    name = _name(element)
    if not isinstance(element.tag, str) or name in _NOT_SHOWN:
        return ""
    children = [child for child in element if isinstance(child.tag, str)]
    if name == "mo":
        return _operator(element)
    if name in _LEAVES | {"mspace"}:
        text = " ".join("".join(element.itertext()).split())
        return re.sub(r"\A(?=\w)|(?<=\w)\Z", " ", text) if name == "mtext" else text or " "
    if name == "mtable":
        return _table(element, children)
    if name in ("semantics", "maction"):
        return _linear(children[0]) if children else ""
    if name == "mfenced":
        # A browser that knows it parts what it holds with commas.
        inner = ", ".join(map(_linear, children))
        return f"{element.get('open', '(')}{inner}{element.get('close', ')')}"
    if name == "msqrt":
        inner = join_row([_linear(child) for child in children])
        return f"√{_grouped(children[0]) if len(children) == 1 else bracketed(inner)}"
    if len(children) == 2 and name in ("mfrac", "mroot", "msup", "mover", "msub", "munder"):
        return _of_two(element, name, *children)
    if len(children) == 3 and name in ("msubsup", "munderover"):
        return f"{_grouped(children[0])}_{_grouped(children[1])}^{_grouped(children[2])}"
    return join_row([_linear(child) for child in children])


def _of_two(element: _Element, name: str, first: _Element, second: _Element) -> str:
    if name == "mroot":
        return f"{_grouped(first)}^(1/{_grouped(second)})"
    if name == "mfrac":
        # No line between them: a number of choices, and no fraction.
        is_choice = re.fullmatch(r"0+(?:\.0+)?[a-z%]*", element.get("linethickness", ""))
        return f"{_grouped(first)}{' choose ' if is_choice else '/'}{_grouped(second)}"
    sign = _linear(second).strip()
    if sign in _PRIMES or (name == "mover" and sign in _ACCENTS):
        return f"{_grouped(first)}{sign}"
    return f"{_grouped(first)}{'^' if name in ('msup', 'mover') else '_'}{_grouped(second)}"


def _grouped(element: _Element) -> str:
    """Return an element as a line, in brackets unless it is a single sign or name, or one with an index below it."""
    text = _linear(element).strip()
    while _name(element) in _WRAPS and len(element) == 1:
        element = element[0]
    is_one = _name(element) in _LEAVES | {"msub"} and " " not in text
    return text if is_one else bracketed(text)


def _table(element: _Element, rows: list[_Element]) -> str:
    """Return the rows of a matrix, or the lines of an equation that is aligned in columns and has no bracket before."""
    before = element.getprevious()
    mark = ", " if before is not None and _name(before) == "mo" else ""
    return "; ".join((mark.join if mark else join_row)([_linear(cell) for cell in row]) for row in rows)


def _operator(element: _Element) -> str:
    sign = "".join(_UNSEEN.get(character, character) for character in "".join(element.itertext())).strip()
    if _RELATIONS.fullmatch(sign):
        return f" {sign} "
    return f"{sign} " if sign in {",", ";"} else sign
