"""An equation of a Word document enters, one readable line of it leaves: P = 4200/(n+7)."""

from __future__ import annotations

import re
from collections.abc import Callable

from index.reading.word_xml import Element, attribute, child, local_name, marks, setting

EQUATIONS = frozenset({"oMath", "oMathPara"})

_RELATION = re.compile(r"\s*([=≠≈≡≅∝≤≥<>→⇒⇔∈])\s*")
# What needs no brackets: a number or a word; above a fraction's line also a product; what is in brackets of its own.
_ATOM = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+|\([^()]*\)|\[[^\[\]]*\]|")
_PRODUCT = re.compile(r"[\w.,·×^]+|\([^()]*\)|")
_ROOTS = {"": "√", "2": "√", "3": "∛", "4": "∜"}


def equation_text(element: Element) -> str:
    """Return an equation as a line, a set of equations as a line each; "" where nothing of it is seen."""
    if local_name(element) == "oMathPara":
        return "\n".join(filter(None, (equation_text(part) for part in element if local_name(part) == "oMath")))
    return re.sub(" {2,}", " ", _RELATION.sub(r" \1 ", _line(element))).strip()


def _line(element: Element | None) -> str:
    """Return what stands in an element, from left to right; "" for None."""
    parts: list[str] = []
    before = ""
    for part in () if element is None else element:
        name = local_name(part)
        if name.endswith("Pr") or name in {"del", "moveFrom"}:
            continue
        text = _run(part) if name == "r" else _WRITERS.get(name, _line)(part)
        if not text:
            continue
        # 2 and 1/3 beside each other are not 21/3, nor x^2 and y x^2y; the 2 of 2x^2 stays at its x.
        meet = parts and parts[-1][-1].isalnum() and text[0].isalnum()
        if meet and not (before == "r" and (name == "r" or (parts[-1][-1].isdigit() and text[0].isalpha()))):
            parts.append(" ")
        parts.append(text)
        before = name
    return "".join(parts)


def _run(run: Element) -> str:
    if any(marks(run).values()):
        return ""
    return "".join(part.text or "" for part in run if local_name(part) == "t")


def _part(element: Element, name: str) -> str:
    return _line(child(element, name)).strip()


def _held(text: str, bare: re.Pattern[str] = _ATOM) -> str:
    """Return a part in brackets, unless it holds together without."""
    return text if bare.fullmatch(text) else f"({text})"


def _fraction(element: Element) -> str:
    above, below = _part(element, "num"), _part(element, "den")
    if setting(element, "fPr", "type") == "noBar":  # two things over each other, mostly a choice of k out of n
        return f"{above}¦{below}"
    return f"{_held(above, _PRODUCT)}/{_held(below)}"


def _script(element: Element) -> str:
    """Return a base with what stands below and above its line: x_1^2."""
    sub, sup = _part(element, "sub"), _part(element, "sup")
    return _held(_part(element, "e")) + (f"_{_held(sub)}" if sub else "") + (f"^{_held(sup)}" if sup else "")


def _before(element: Element) -> str:
    return f"_{_held(_part(element, 'sub'))}^{_held(_part(element, 'sup'))} {_part(element, 'e')}"


def _limit(mark: str) -> Callable[[Element], str]:
    return lambda element: f"{_part(element, 'e')}{mark}{_held(_part(element, 'lim'))}"


def _root(element: Element) -> str:
    degree, under = _part(element, "deg"), _held(_part(element, "e"))
    return f"{_ROOTS[degree]}{under}" if degree in _ROOTS else f"{under}^(1/{_held(degree)})"


def _brackets(element: Element) -> str:
    about = child(element, "dPr")
    begin, middle, end = (_character(about, *kind) for kind in (("begChr", "("), ("sepChr", "|"), ("endChr", ")")))
    return begin + middle.join(_line(part).strip() for part in element if local_name(part) == "e") + end


def _character(about: Element | None, name: str, usual: str) -> str:
    found = None if about is None else child(about, name)
    return usual if found is None else attribute(found) or ""


def _sum(element: Element) -> str:
    sign = _character(child(element, "naryPr"), "chr", "∫")
    below, above, over = (_part(element, name) for name in ("sub", "sup", "e"))
    limits = (f"_{_held(below)}" if below else "") + (f"^{_held(above)}" if above else "")
    return f"{sign}{limits} {over}" if limits else f"{sign}{over}"


def _function(element: Element) -> str:
    name, of = _part(element, "fName"), _part(element, "e")
    return f"{name}{of}" if of.startswith("(") else f"{name} {of}"


def _accent(element: Element) -> str:
    return _part(element, "e") + _character(child(element, "accPr"), "chr", "\u0302")


def _rows(element: Element) -> str:
    rows = [part for part in element if local_name(part) in {"e", "mr"}]
    if local_name(element) == "eqArr":  # & only aligns its rows
        return "; ".join(_line(row).replace("&", "").strip() for row in rows)
    return "; ".join(", ".join(_line(cell).strip() for cell in row if local_name(cell) == "e") for row in rows)


_WRITERS: dict[str, Callable[[Element], str]] = {
    "f": _fraction,
    "sSup": _script,
    "sSub": _script,
    "sSubSup": _script,
    "sPre": _before,
    "limLow": _limit("_"),
    "limUpp": _limit("^"),
    "rad": _root,
    "d": _brackets,
    "nary": _sum,
    "func": _function,
    "acc": _accent,
    "bar": lambda element: _part(element, "e") + "\u0304",
    "eqArr": _rows,
    "m": _rows,
}
