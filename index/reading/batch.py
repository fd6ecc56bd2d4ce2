"""A file of many articles enters (JSON Lines or CSV), each row's fields leave: by name, with its line, or why not."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from index.errors import LoadError
from index.reading.metadata import iso_date, language_code, one_text, web_address

MAX_ROWS = 20_000
_FIELDS = {
    "text": "text",
    "title": "title",
    "id": "id",
    "author": "author",
    "authors": "author",
    "date": "published",
    "published": "published",
    "lang": "language",
    "language": "language",
    "url": "url",
    "site": "site",
}
"""A column or key as people write it, in any case, and what it is here."""
_EXCELS_LINE = re.compile(r'\ufeff?\s*"?sep=([^\w"\n])"?[^\w\n]*$', re.IGNORECASE | re.MULTILINE)
_EXPECTED = "expected the fields text (required), title, id, author, date, lang, url and site"


@dataclass(frozen=True, slots=True)
class BatchRow:
    """The fields of one article; what the row does not give, or gives in a wrong form, is None."""

    line: int
    """Where it stands in the file, from 1; a row of several lines where it begins."""
    text: str
    title: str | None = None
    id: str | None = None
    author: str | None = None
    published: str | None = None
    language: str | None = None
    url: str | None = None
    site: str | None = None
    others: int = 0
    """How many of its fields are none of these."""


def json_rows(text: str, shown: str) -> Iterator[BatchRow | LoadError]:
    """Yield a BatchRow for each line that is not blank, a LoadError for one that is no JSON object with a text."""
    for line, content in enumerate(text.split("\n"), start=1):
        if not content.strip():
            continue
        try:
            fields = json.loads(content)
        except (ValueError, RecursionError) as error:
            reason = getattr(error, "msg", None) or "nested too deep"
            yield LoadError(
                f"{shown}, line {line}: Found no JSON ({reason}); expected one object per line. Correct this line."
            )
            continue
        if isinstance(fields, Mapping):
            yield _row(fields, line, shown)
        else:
            yield LoadError(
                f"{shown}, line {line}: Found JSON that is not an object; {_EXPECTED} as its keys. Correct this line."
            )


def csv_rows(text: str, shown: str) -> Iterator[BatchRow | LoadError]:
    """Yield a BatchRow for each row under the header, a LoadError for one without a text or with a broken quote.

    Cells are parted by what a first line of Excel's own (``sep=;``) names, else by the comma, semicolon or tab that the
    header is; a header without a ``text`` is one LoadError.
    """
    first = text.lstrip("\n").partition("\n")[0]
    excels = _EXCELS_LINE.match(text)
    delimiter = excels[1] if excels else max(",;\t", key=first.count)
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # an article may be longer than the 131,072 it allows
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield LoadError(
                f"{shown}, line {line}: Found a row that is not CSV ({error}); expected quotes around "
                "a cell to be closed, and quotes inside it to be doubled. Correct this row."
            )
            continue
        if cells is None:
            return
        if not any(cell.strip() for cell in cells):
            continue
        if excels is not None:
            excels = None
            continue
        if header is not None:
            yield _row(dict(zip(header, cells, strict=False)), line, shown)
            continue
        header = cells
        if "text" not in map(_name, header):
            found = ", ".join(cell.strip() for cell in cells)[:100]
            yield LoadError(f"{shown}: Found the header '{found}'; {_EXPECTED} in its first row. Add that row.")
            return


def _name(field: object) -> str:
    return str(field).strip().lower().removeprefix("\ufeff")


def _row(fields: Mapping[str, object], line: int, shown: str) -> BatchRow | LoadError:
    named: dict[str, object] = {}
    others = 0
    for field, value in fields.items():
        if value in (None, "", []):
            continue
        if known := _FIELDS.get(_name(field)):
            named.setdefault(known, value)
        else:
            others += 1
    text = named.get("text")
    if not isinstance(text, str) or not text.strip():
        found = "no text" if text is None or isinstance(text, str) else "a text that is not a string"
        return LoadError(f"{shown}, line {line}: Found {found}; {_EXPECTED}. Add its text, or leave the row out.")
    return BatchRow(
        line,
        text,
        title=one_text(named.get("title")),
        id=one_text(named.get("id")),
        author=one_text(named.get("author")),
        published=iso_date(named.get("published")),
        language=language_code(named.get("language")),
        url=web_address(named.get("url")),
        site=one_text(named.get("site")),
        others=others,
    )
