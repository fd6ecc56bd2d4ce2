"""Keys enter once, text enters often: it leaves with every key that this process knows blotted out.

A key is noted where it is read; whatever is logged, or told of a provider's own words, passes here.
"""

from __future__ import annotations

import json
import logging
from urllib.parse import quote

from assistant.text import harmless

BLOT = "(the key)"
_SHORTEST = 5
"""A "key" of fewer characters, as our own "none", is a placeholder for servers that ask for none: a common word."""

_known: set[str] = set()


def note_key(key: str) -> None:
    """Have a key blotted out from now on, as it is and as JSON or an address spells it."""
    if len(key) >= _SHORTEST:
        _known.update({key, json.dumps(key)[1:-1], repr(key)[1:-1], quote(key, safe="")})


def redacted(text: str) -> str:
    """Return text without the keys noted so far, the longest first: one may be part of another."""
    for key in sorted(_known, key=len, reverse=True):
        text = text.replace(key, BLOT)
    return text


class RedactingFormatter(logging.Formatter):
    """A log line, its traceback included, without keys, and safe to be shown on a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return harmless(redacted(super().format(record)))
