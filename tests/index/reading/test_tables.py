"""Each row of a table can be read by itself, whatever is merged in it, and its cells stand under their heads."""

import time

import pytest
from articles_of_every_format import html
from hypothesis import given
from hypothesis import strategies as st

from index.reading.load import load_bytes
from index.reading.tables import table_row


def rows_of(table):
    page = html(f"<article><h1>Fares</h1><p>They rose.</p><table>{table}</table></article>")
    return load_bytes(page.encode(), name="page.html").text.split("\n\n")[1:]


def test_a_head_over_two_columns_stands_above_both_and_a_cell_over_two_rows_in_each():
    rows = rows_of(
        "<thead><tr><th rowspan=2>Passenger</th><th colspan=2>Fare</th><th rowspan=2>Day</th></tr>"
        "<tr><th>Summer</th><th>Winter</th></tr></thead>"
        "<tr><td>Adult</td><td>90</td><td>60</td><td>any</td></tr>"
        "<tr><td rowspan=2>Horse</td><td>50</td><td>35</td><td>Monday</td></tr>"
        "<tr><td colspan=2>Free with a <b>card</b></td><td>Friday</td></tr>"
    )
    assert rows == [
        "Passenger | Fare | | Day",
        "Passenger | Summer | Winter | Day",
        "Adult | 90 | 60 | any",
        "Horse | 50 | 35 | Monday",
        "Horse | Free with a card | | Friday",
    ]


@st.composite
def grids(draw):
    """Return (place of each cell's top left corner, in rows of columns; its height and width), tiling a grid."""
    high, wide = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    grid = [[None] * wide for _ in range(high)]
    for row in range(high):
        for column in range(wide):
            if grid[row][column] is not None:
                continue
            room = next((c for c in range(column, wide) if grid[row][c] is not None), wide) - column
            height, width = draw(st.integers(1, high - row)), draw(st.integers(1, room))
            for r in range(row, row + height):
                for c in range(column, column + width):
                    grid[r][c] = (row, column, height, width)
    return grid


@given(grids())
def test_every_row_of_any_merged_table_says_what_stands_above_it_in_its_columns(grid):
    table = ""
    for row, places in enumerate(grid):
        own = [(c, place) for c, place in enumerate(places) if (row, c) == place[:2]]
        cells = (f"<td rowspan={high} colspan={wide}>r{row}c{c}</td>" for c, (_, _, high, wide) in own)
        table += f"<tr>{''.join(cells)}</tr>"
    expected = [[f"r{r}c{c}" if column == c else "" for column, (r, c, _, _) in enumerate(places)] for places in grid]
    assert rows_of(table) == [" ".join(table_row(row).split()) for row in expected]


@pytest.mark.parametrize("span", ["0", "65534", "99999999999999999999", "-1", "two", ""])
def test_a_span_that_is_odd_or_too_large_takes_no_row_and_no_time(span):
    began = time.process_time()
    rows = rows_of(
        f"<tr><td rowspan='{span}'>Horse</td><td colspan='{span}'>50</td></tr>" + "<tr><td>60</td></tr>" * 50
    )
    assert rows[0] == "Horse | 50"
    assert len(rows) == 51
    assert all(row.endswith("60") for row in rows[1:])
    assert time.process_time() - began < 5
