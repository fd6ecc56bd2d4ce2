"""Read what a file says about itself: a date as people write it, a language code, a web address; None when unclear."""

from __future__ import annotations

import datetime as dt
import re
from urllib.parse import urlsplit

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?P<name>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?:[T ].*)?",
        r"(?P<year>\d{4})年(?:(?P<month>\d{1,2})月(?:(?P<day>\d{1,2})日)?)?.*",
        rf"(?:\w+day,? )?{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year>\d{{4}})",
        rf"(?:\w+day,? )?(?P<day>\d{{1,2}})(?:st|nd|rd|th)? {_MONTH},? (?P<year>\d{{4}})",
        rf"{_MONTH},? (?P<year>\d{{4}})",
        r"(?P<year>\d{4})(?:[-/](?P<month>\d{1,2}))?",
    )
)


def iso_date(value: object) -> str | None:
    """Return YYYY, YYYY-MM or YYYY-MM-DD for a date as people write it, None for anything that is not one."""
    if isinstance(value, dt.date):
        return value.isoformat()[:10]
    text = " ".join(str(value).split()) if isinstance(value, (str, int)) else ""
    for pattern in _DATES:
        if found := pattern.fullmatch(text):
            return _valid_date(found.groupdict())
    return None


def _valid_date(parts: dict[str, str | None]) -> str | None:
    year, month, day = parts["year"] or "", parts.get("month"), parts.get("day")
    if name := parts.get("name"):
        month = str(_MONTHS.index(name.lower()) + 1)
    try:
        date = dt.date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
    return date.isoformat()[: 10 if day else 7 if month else 4]


def language_code(value: object) -> str | None:
    """Return the ISO 639-1 code of a language tag ("en-US" gives "en"), None for anything else."""
    found = re.fullmatch(r"([a-z]{2})(?:[-_].*)?", value.strip().lower()) if isinstance(value, str) else None
    return found[1] if found else None


def web_address(value: object) -> str | None:
    """Return ``value`` when it is an http(s) address, None for anything else (``javascript:`` and its like)."""
    if not isinstance(value, str) or re.search(r"[\s\x00-\x1f<>\"]", value.strip()):
        return None
    try:
        parts = urlsplit(value.strip())
    except ValueError:
        return None
    return value.strip() if parts.scheme in {"http", "https"} and parts.hostname else None


def one_text(value: object) -> str | None:
    """Return a text, a number or a list of texts (several authors) as one text, None for anything else."""
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return str(value).strip() or None
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return None
