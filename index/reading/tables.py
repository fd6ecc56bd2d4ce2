"""A page's tree enters; every table in it is left with a cell for each place of its grid, merged ones taken apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any

_Element = Any  # lxml ships no types
_NOT_IN_CELLS = frozenset(
    {"table", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "pre", "blockquote", "article", "section"}
)
_MOST = 10_000  # cells added to a page: a span is one number, and would make any number of them
_WIDEST = 1_000
_LONGEST_LABEL = 200


def table_row(cells: Sequence[str]) -> str:
    """Return a row of a table on one line; an empty cell keeps its place among others."""
    filled = [cell for cell in cells if cell]
    return " | ".join(cells).rstrip(" |") if len(filled) > 1 else "".join(filled)


def label(words: str) -> str:
    """Return what a cell merged over rows says in each of them: what the rows are; prose is not said again."""
    return words if len(words) <= _LONGEST_LABEL else ""


def is_row(row: _Element) -> bool:
    """Say whether a row is one of a table, and not a part of a page laid out in tables."""
    return next(row.iterdescendants(*_NOT_IN_CELLS), None) is None


def fill_merged(tree: _Element) -> None:
    """Take merged cells apart, in place: each row of a merged one says its words, its further columns are empty.

    So a row can be read, and cited, by itself, and stands under the heads of its columns.
    """
    left = _MOST
    for table in tree.xpath("//table[.//@rowspan or .//@colspan]"):
        rows = table.xpath("tr | */tr")
        if all(map(is_row, rows)):
            for _, group in groupby(rows, key=lambda row: row.getparent()):
                left = _fill(list(group), left)


def _fill(rows: list[_Element], left: int) -> int:
    """Fill a group of rows, adding ``left`` cells at most; return how many may be added after it."""
    held: dict[int, tuple[str, int]] = {}  # by column: the words of a merged cell, and how many rows are left of it
    for number, row in enumerate(rows):
        cells = [cell for cell in row if cell.tag in ("td", "th")]
        column, last = 0, max(held, default=-1)
        while cells or column <= last:
            if left <= 0:
                return 0
            if column in held:
                words, more = held.pop(column)
                if more > 1:
                    held[column] = (words, more - 1)
                left -= _add(row, cells, words)
                column += 1
            elif cells:
                cell = cells.pop(0)
                # 0 rows are all that are left of the group: so the standard has it.
                high = min(_span(cell, "rowspan") or len(rows), len(rows) - number)
                for offset in range(max(1, _span(cell, "colspan"))):
                    if high > 1:
                        held[column] = (
                            label(" ".join("".join(cell.itertext()).split())) if not offset else "",
                            high - 1,
                        )
                    if offset:
                        left -= _add(row, cells, "")
                    column += 1
            else:
                column += 1
    return left


def _add(row: _Element, following: list[_Element], words: str) -> int:
    cell = row.makeelement("td")
    cell.text = words
    if following:
        following[0].addprevious(cell)
    else:
        row.append(cell)
    return 1


def _span(cell: _Element, name: str) -> int:
    found = re.match(r"\s*\+?(\d{1,5})", cell.get(name) or "")
    return min(int(found[1]), _WIDEST) if found else 1
