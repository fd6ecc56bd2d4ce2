"""An article's id enters; whether it is kept for measuring, and never learned from, leaves."""

from __future__ import annotations

import hashlib


def is_held_out(article: str) -> bool:
    """Return whether an article is kept for measuring: every second one, by a hash of its id.

    What stands before a colon names the set: an article that two sets ask about is on one side for both.
    """
    return hashlib.sha256(article.rpartition(":")[2].encode(errors="surrogatepass")).digest()[0] % 2 == 1
