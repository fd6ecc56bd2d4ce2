"""A language enters; what the Unicode consortium calls the countries and the months in it leaves."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel import Locale

# What newspapers call them, where that is not their name there.
_ALSO = {
    "en": "US|U.S.|USA|U.S.A.|UK|U.K.|UAE|America|Britain|Great Britain|Turkey|Czech Republic|Ivory Coast|Burma|Myanmar"
    "|Palestine|Congo|Democratic Republic of the Congo|Hong Kong|Macau|Holland|Republic of Korea|Soviet Union",
    "ja": "アメリカ|米国|英国|韓国|豪州|仏国|独国|露国|中華人民共和国|大韓民国|ソ連|パレスチナ|香港|ミャンマー|コンゴ",
}
_NOT_COUNTRIES = frozenset({"AC", "CP", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"})


@cache
def countries(language: str) -> tuple[str, ...]:
    """Return the names of the countries in a language, the longest first; those of English where it has none."""
    names = {
        name.replace(" & ", " and ")
        for code, name in _locale(language).territories.items()
        if len(code) == 2 and code.isalpha() and code not in _NOT_COUNTRIES
    }
    names.update(_ALSO.get(language, "").split("|"))
    return tuple(sorted((name for name in names if name), key=lambda name: (-len(name), name)))


@cache
def adjectives(language: str) -> frozenset[str]:
    """Return the names of languages in a language: capital words as "French" that name nobody and no place."""
    return frozenset(str(name) for name in _locale(language).languages.values() if " " not in str(name))


@cache
def months(language: str) -> tuple[str, ...]:
    """Return the names of the months in a language, whole and short, the longest first, without full stops."""
    forms = _locale(language).months
    names = {
        str(name).rstrip(".")
        for context in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
        for name in forms[context][width].values()
    }
    return tuple(
        sorted((name for name in names if len(name) > 2 and not name[0].isdigit()), key=lambda n: (-len(n), n))
    )


def _locale(language: str) -> Locale:
    # Imported here: reading its data takes a tenth of a second, for a listing alone.
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en")
