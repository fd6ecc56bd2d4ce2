"""Turn text into the terms that keyword search and alignment compare.

Words become stems; runs of a script without spaces become character bigrams.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import Any

# Han (with extensions), kana and their marks: runs without spaces between words.
CJK = "\u3005\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_TOKEN = re.compile(rf"[{CJK}]+|[^\W{CJK}]+(?:'[^\W{CJK}]+)?")
_CJK_RUN = re.compile(rf"[{CJK}]")
_NUMBER_COMMA = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_STEMMERS = {
    "da": "danish", "de": "german", "en": "english", "es": "spanish", "fi": "finnish", "fr": "french", "it": "italian",
    "nb": "norwegian", "nl": "dutch", "nn": "norwegian", "no": "norwegian", "pl": "polish", "pt": "portuguese",
    "ru": "russian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip


def fold(text: str) -> str:
    """Return text as it is compared: NFKC, case-folded, thousands separators dropped."""
    return _NUMBER_COMMA.sub("", unicodedata.normalize("NFKC", text)).casefold()


def terms(text: str, language: str = "en") -> list[str]:
    """Return the terms of a text in order, with repeats.

    Words become stems of the language (Snowball's; English ones where it has none); a run of Han or kana becomes its
    character bigrams (a run of one, itself).
    """
    found: list[str] = []
    for match in _TOKEN.finditer(fold(text).replace("’", "'")):
        token = match.group()
        if _CJK_RUN.match(token):
            found.extend(token[i : i + 2] for i in range(max(1, len(token) - 1)))
        else:
            found.append(_stem(token, _STEMMERS.get(language, "english")))
    return found


@cache
def _stemmer(algorithm: str) -> Any:
    # A C extension with no types; not needed for --help.
    import Stemmer

    return Stemmer.Stemmer(algorithm)


@lru_cache(maxsize=65536)
def _stem(word: str, algorithm: str) -> str:
    stem: str = _stemmer(algorithm).stemWord(word.removesuffix("'s"))
    return stem
