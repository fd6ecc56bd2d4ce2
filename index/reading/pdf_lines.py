"""Lines of PDF pages enter; they leave with what was filled in behind its label, and without running heads."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

HEADING_RATIO = 1.12
"""How much larger than the body a heading is, at least."""
_PAGE_NUMBER = re.compile(
    r"\W*(?:(?:page|p\.|seite|第)\s*)?\d{1,4}(?:\s*(?:頁|ページ))?(?:\s*(?:/|of|von|de)\s*\d{1,4})?\W*", re.IGNORECASE
)
_DIGITS = re.compile(r"\d+|\b[ivxl]+\b")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page, and where it stands."""

    text: str
    page: int
    """From 0."""
    left: float
    right: float
    bottom: float
    """Points from the page's foot."""
    size: float
    """Height of its letters' boxes, in points."""
    hyphenated: bool
    """A hyphen stands at its end, not in ``text``."""
    is_filled: bool = False
    """It is the label of a form's field with what was filled in."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a page's form, filled in."""

    name: str
    """What it says when it is pointed at, or else what the form calls it."""
    value: str
    left: float
    right: float
    bottom: float
    top: float
    is_mark: bool
    """A box that is ticked: its label may stand at its right."""


def filled_in(lines: list[Line], fields: Iterable[Field], page: int) -> list[Line]:
    """Return a page's lines, what was filled in behind its label; where none is beside it, by its name at the end."""
    unlabelled: list[Line] = []
    size = median(line.size for line in lines) if lines else 10.0
    for field in fields:
        at = _label(lines, field)
        if at is None:
            text = f"{field.name.removesuffix(':')}: {field.value}" if field.name else field.value
            bottom = min((line.bottom for line in [*lines, *unlabelled]), default=0.0) - 2 * size
            unlabelled.append(Line(text, page, field.left, field.right, bottom, size, hyphenated=False, is_filled=True))
            continue
        line = lines[at]
        before = field.right <= line.left
        text = f"{field.value} {line.text}" if before else f"{line.text} {field.value}"
        left, right = min(line.left, field.left), max(line.right, field.right)
        lines[at] = replace(line, text=text, left=left, right=right, is_filled=True)
    return lines + unlabelled


def _label(lines: Sequence[Line], field: Field) -> int | None:
    """Return the place of the line nearest a field, of those in its row that end before it or begin after a box."""
    near: list[tuple[float, int]] = []
    for at, line in enumerate(lines):
        middle = line.bottom + line.size / 2
        if not (field.bottom <= middle <= field.top or line.bottom <= (field.bottom + field.top) / 2 <= middle):
            continue
        if line.right <= field.left + line.size:
            near.append((abs(field.left - line.right), at))
        elif field.is_mark and field.right <= line.left + line.size:
            near.append((abs(line.left - field.right), at))
    return min(near, default=(0.0, None))[1]


def without_running(lines: list[Line]) -> list[Line]:
    """Return the lines without those at a page's edge that stand on page after page, and without page numbers."""
    body = body_size(lines)
    edges: dict[tuple[str, int, bool], set[int]] = {}
    places: dict[int, tuple[str, int, bool]] = {}
    numbers: Counter[int] = Counter()
    by_page = {page: list(group) for page, group in itertools.groupby(range(len(lines)), key=lambda i: lines[i].page)}
    for page, group in by_page.items():
        from_top = sorted(group, key=lambda i: -lines[i].bottom)
        for at, is_head in [*_set_apart(lines, from_top), *_set_apart(lines, from_top[::-1])]:
            # "Part 1", "Part 2" in large letters are headings; "Page 1 | The ferry" in small ones is not.
            small = lines[at].size < HEADING_RATIO * body
            text = _DIGITS.sub("#", lines[at].text.lower()) if small else lines[at].text
            key = (text, round(lines[at].size), is_head)
            edges.setdefault(key, set()).add(page)
            places[at] = key
            if _PAGE_NUMBER.fullmatch(lines[at].text):
                numbers.update(int(number) - page for number in re.findall(r"\d+", lines[at].text)[:1])
    counted = max(numbers.values(), default=0) >= 2  # numbers that grow with the pages
    running = {
        at for at, key in places.items() if len(edges[key]) >= 3 or (counted and _is_page_number(lines[at], numbers))
    }
    # A page of nothing else has its say in these lines.
    for group in by_page.values():
        if running.issuperset(group):
            running.difference_update(group)
    return [line for at, line in enumerate(lines) if at not in running]


def _set_apart(lines: list[Line], inward: list[int]) -> Iterator[tuple[int, bool]]:
    """Yield up to two lines at one edge of a page that do not run on into the text, and whether that is its head."""
    for at, after in itertools.pairwise(inward[:3]):
        line, other = lines[at], lines[after]
        if abs(line.bottom - other.bottom) < 1.6 * max(line.size, other.size) and round(line.size) == round(other.size):
            return
        yield at, line.bottom > other.bottom


def body_size(lines: Sequence[Line]) -> float:
    """Return the size that most characters have."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[round(line.size, 1)] += len(line.text)
    return sizes.most_common(1)[0][0]


def _is_page_number(line: Line, numbers: Counter[int]) -> bool:
    found = re.findall(r"\d+", line.text)[:1] if _PAGE_NUMBER.fullmatch(line.text) else []
    return any(numbers[int(number) - line.page] >= 2 for number in found)
