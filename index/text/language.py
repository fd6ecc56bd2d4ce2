"""Text enters, its language leaves as an ISO 639-1 code: by script where the script tells, by py3langid where not."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

SPACELESS = frozenset({"ja", "zh"})
"""Languages written without spaces between words."""
_SAMPLE = 20_000  # characters looked at: enough to be sure, and a long article costs no more than a short one
_SURE = 0.5  # below this share of the probability a Latin text is too short or too mixed to name its language
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa\uff66-\uff9d]")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
# A script stands for its most spoken language; an article in Ukrainian or Persian is told apart by py3langid.
_SCRIPTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("ru", re.compile("[\u0400-\u052f]")),
    ("ar", re.compile("[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("el", re.compile("[\u0370-\u03ff\u1f00-\u1fff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("bn", re.compile("[\u0980-\u09ff]")),
    ("pa", re.compile("[\u0a00-\u0a7f]")),
    ("gu", re.compile("[\u0a80-\u0aff]")),
    ("ta", re.compile("[\u0b80-\u0bff]")),
    ("te", re.compile("[\u0c00-\u0c7f]")),
    ("kn", re.compile("[\u0c80-\u0cff]")),
    ("ml", re.compile("[\u0d00-\u0d7f]")),
    ("si", re.compile("[\u0d80-\u0dff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("lo", re.compile("[\u0e80-\u0eff]")),
    ("my", re.compile("[\u1000-\u109f]")),
    ("ka", re.compile("[\u10a0-\u10ff]")),
    ("hy", re.compile("[\u0530-\u058f]")),
    ("am", re.compile("[\u1200-\u139f]")),
    ("km", re.compile("[\u1780-\u17ff]")),
)
_SHARED_SCRIPTS = frozenset({"ru", "ar", "he", "hi", "bn"})


def script_language(text: str) -> str | None:
    """Return the language the script of a short text tells, or None for Latin script and for text without letters.

    The script that holds most letters decides; kana make Chinese characters Japanese. A Latin-script name or two
    inside a Japanese question do not count: a word of Latin letters weighs as much as one Chinese character.
    """
    text = text[:_SAMPLE]
    kana, han = len(_KANA.findall(text)), len(_HAN.findall(text))
    # A stray kana (a shop's の) does not make a Chinese article Japanese; Japanese prose is a third kana or more.
    counts = {"ja" if kana and kana * 50 >= han else "zh": kana + han, "ko": len(_HANGUL.findall(text))}
    for language, letters in _SCRIPTS:
        counts[language] = len(letters.findall(text))
    best = max(counts, key=lambda language: counts[language])
    if not counts[best]:
        return None
    latin = len(_LATIN.findall(text))
    # East Asian characters are words or syllables, about four Latin letters each.
    weight = 4 if best in {"ja", "zh", "ko"} else 1
    return best if counts[best] * weight >= latin else None


def detect_language(text: str) -> str:
    """Return the language of an article; "en" when the text is empty or its language cannot be told."""
    sample = text[:_SAMPLE]
    by_script = script_language(sample)
    if by_script and by_script not in _SHARED_SCRIPTS:
        return by_script
    if not by_script and not _LATIN.search(sample):
        return "en"
    language, share = _classify()(sample)
    if share < _SURE or not re.fullmatch("[a-z]{2}", language):
        return by_script or "en"
    return language


@functools.cache
def _classify() -> Callable[[str], tuple[str, float]]:
    # Imported here: it loads numpy and a model file, which a plain `--help` must not pay for.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)

    def classify(text: str) -> tuple[str, float]:
        language, share = identifier.classify(text)
        return str(language), float(share)

    return classify
