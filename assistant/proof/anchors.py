"""Find what a statement may not get wrong: its numbers, its names, and whether it says yes or no."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal

from index.words import CJK, fold, terms

_UNITS = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
} | {word: 10 * value for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
_SCALES = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9}
_SPOKEN, _SCALE = "|".join([*_UNITS, *_SCALES]), "|".join(_SCALES)
# "Two and three" are two numbers; so are "one hundred and two hundred", but not "one hundred and two thousand".
_AND = "|".join(
    rf"(?<={scale}) and (?!(?:{_SPOKEN})(?:[ -](?:{_SPOKEN}))?[ -](?:{again})\b)"
    for scale, again in zip(_SCALES, ["hundred", "thousand|million|billion", "million|billion", "billion"], strict=True)
)
# Figures before a scale, or words one after another: "2.5 million", "three hundred and six". Longer ones than these are
# figures that nobody says, and more than Decimal reckons with.
_SPELLED = re.compile(
    rf"(?:(?<![\d.:/])(?P<figures>\d{{1,15}}(?:\.\d{{1,9}})?)[ -](?=(?:{_SCALE})\b)|\b)"
    rf"(?P<words>(?:{_SPOKEN})\b(?:(?:[ -]|{_AND})(?:{_SPOKEN})\b)*)"
)
_KANJI_DIGITS = str.maketrans("〇一二三四五六七八九", "0123456789")
_DIGITS = re.compile(r"\d+(?:[.:/]\d+)*")
_KANJI_NUMBER = re.compile(r"[〇一二三四五六七八九十百千万億]+(?=[年月日人名件カヶか国個つ社党回歳円時分秒%％])")
_NAME = re.compile(r"\b[A-Z][\w’'.-]*\w|\b[A-Z]\b")
_KATAKANA = re.compile(r"[ァ-ヺー]{3,}")
_LATIN_IN_CJK = re.compile(rf"(?<![^\W{CJK}])[A-Za-z][A-Za-z0-9.-]+")
_SENTENCE_START = re.compile(r"(?:^|[.!?:]\s+|[\"“‘(]\s*)$")

_NEGATIONS_EN = re.compile(
    r"\b(?:not|no|never|none|nor|neither|without|cannot|nobody|nothing|nowhere|hardly|barely|rarely|seldom|lack(?:s|ed|ing)?|"
    r"fail(?:s|ed)? to|unable|unlikely|refus\w+|den(?:y|ies|ied)|reject\w*|doubt\w*|unprecedented|yet to|far from|"
    r"instead of|rather than)\b|n[’']t\b",
    re.IGNORECASE,
)
_NEGATIONS_JA = re.compile(r"(?:ない|なかっ|なく|ません|ぬ(?=[。、]|$)|ず(?=[、。に]|$)|いいえ|不可能|無い|無く)")
_LEADING_REPLY = re.compile(r"^(?:yes|no|indeed|correct|はい|いいえ)\s*[,.、。，]?\s*", re.IGNORECASE)
_CLAUSES = re.compile(
    r"[,;:()—–、，；：]|\s-\s|\b(?:but|yet|however|although|though|while|whereas|because|so that|which|who)\b"
    rf"|(?<=[{CJK}])が、"
)


def numbers(text: str) -> frozenset[str]:
    """Return the numbers of a text as digits, those that are equal spelled alike.

    "1,200" and "1200", "three hundred" and "300", "2.5 million" and "2,500,000", "十二月" and "12月" are equal. "One"
    alone is no number: it rarely counts anything.
    """
    folded = fold(text)
    found = set[str]()
    for match in _SPELLED.finditer(folded):
        found.update(_spelled(match["figures"], match["words"]))
    found.update(_DIGITS.findall(_SPELLED.sub(" ", folded)))
    for run in _KANJI_NUMBER.findall(unicodedata.normalize("NFKC", text)):
        found.add(_kanji_value(run))
    return frozenset(found)


def without_numbers(text: str) -> str:
    """Return a text, folded, without its numbers."""
    return _DIGITS.sub(" ", _SPELLED.sub(" ", fold(text)))


def _spelled(figures: str | None, words: str) -> Iterator[str]:
    """Yield the numbers that number words spell, one after another; ``figures`` stand before the first."""
    whole, part = Decimal(0), None if figures is None else Decimal(figures)
    spoken = 0 if figures is None else 1
    for word in re.findall("[a-z]+", words.replace(" and ", " ")):
        scale, unit = _SCALES.get(word, 0), _UNITS.get(word, 0)
        if not _goes_on(whole, part, scale, unit):
            yield from _figures(whole + (part or 0), spoken)
            whole, part, spoken = Decimal(0), None, 0
        if scale > 100:
            whole, part = whole + (Decimal(1) if part is None else part) * scale, None
        elif scale:
            part = (Decimal(1) if part is None else part) * scale
        else:
            part = (part or Decimal(0)) + unit
        spoken += 1
    yield from _figures(whole + (part or 0), spoken)


def _goes_on(whole: Decimal, part: Decimal | None, scale: int, unit: int) -> bool:
    """Tell whether the next word is of the same number; ``part`` is what stands before its next scale."""
    if part is None:
        return not (whole and scale)
    if scale == 100:
        return part < 100
    if scale:
        return not whole or part * scale < _lowest(whole)
    if part % 100 == 0:
        return part > 0
    return part % 10 == 0 and part % 100 >= 20 and 0 < unit < 10


def _lowest(whole: Decimal) -> int:
    """Return the least scale that was spoken."""
    return next((scale for scale in (10**9, 10**6, 10**3) if whole % scale == 0), 1)


def _figures(value: Decimal, spoken: int) -> Iterator[str]:
    if spoken > 1 or value != 1:
        yield f"{value.normalize():f}"


def _kanji_value(run: str) -> str:
    if not set(run) & set("十百千万億"):
        return run.translate(_KANJI_DIGITS)
    total = section = digit = 0
    for char in run:
        if char in "十百千":
            section += (digit or 1) * {"十": 10, "百": 100, "千": 1000}[char]
            digit = 0
        elif char in "万億":
            total += (section + digit or 1) * {"万": 10**4, "億": 10**8}[char]
            section = digit = 0
        else:
            digit = int(char.translate(_KANJI_DIGITS))
    return str(total + section + digit)


def names(text: str, *, common: frozenset[str] = frozenset()) -> frozenset[str]:
    """Return the names in a text, folded, one word each: capitalised words, runs of katakana, Latin words in Japanese.

    A capitalised word that opens a sentence counts unless it is in ``common``, the words the article also writes small.
    """
    found: set[str] = set()
    japanese = bool(re.search(rf"[{CJK}]", text))
    if japanese:
        found.update(fold(run) for run in _KATAKANA.findall(text))
        found.update(fold(word) for word in _LATIN_IN_CJK.findall(text))
        return frozenset(found)
    for match in _NAME.finditer(text):
        word = _name_form(match.group())
        opens = bool(_SENTENCE_START.search(text[: match.start()]))
        if not word or (opens and (word in common or word in OPENERS)) or word in _NOT_NAMES:
            continue
        found.add(word)
    return frozenset(found)


def _name_form(word: str) -> str:
    folded = fold(word).replace("’", "'").removesuffix("'s").removesuffix("'")
    return folded.replace(".", "")  # U.S. and US


def small_words(text: str) -> frozenset[str]:
    """Return the words a text writes small, folded: a capital at the start of a sentence does not make them names."""
    return frozenset(fold(word) for word in re.findall(r"\b[^\W\d_A-Z][\w’'-]*", text))


def is_negated(text: str) -> bool:
    """Return whether a statement or clause denies something (a leading "Yes," or "No," is a reply, not a denial)."""
    body = _LEADING_REPLY.sub("", text)
    return bool(_NEGATIONS_EN.search(body) or _NEGATIONS_JA.search(body))


def without_reply(text: str) -> str:
    """Return a statement without a leading "Yes," or "No,"."""
    return _LEADING_REPLY.sub("", text)


def clauses(text: str) -> list[str]:
    """Return the clauses of a sentence, split at punctuation and at the words that join or turn a thought."""
    return [part.strip() for part in _CLAUSES.split(text) if part and part.strip()]


def content(text: str, language: str) -> list[str]:
    """Return the terms of a text that carry meaning, in order, each once."""
    stop = STOP_TERMS
    return [term for term in dict.fromkeys(terms(text, language)) if term not in stop]


_STOP_WORDS = """
a about above after again against all also although am among an and any are as at be because been before being below
between both but by can could did do does doing down during each either else ever every few for from further had has
have having he her here hers herself him himself his how however i if in into is it its itself just let many may me
might more most much must my no nor not now of off on once one only or other our ours out over own per same shall she
should so some such than that the their theirs them themselves then there these they this those though through to too
under until up upon us very was we were what when where whether which while who whom whose why will with within without
would yes yet you your article sentence sentences according states stated says said mention mentioned
""".split()
_STOP_BIGRAMS = """
です ます した する して いる ある こと もの ため よう れた られ には では とは から まで など この その あの
それ これ ここ どこ だれ
いつ なに なぜ った って され いま ました ので のは のが のに のを にお おい いて てい いる るこ とが とを
""".split()
STOP_TERMS = frozenset(t for word in _STOP_WORDS for t in terms(word)) | frozenset(_STOP_BIGRAMS)
OPENERS = frozenset(
    """
the a an in on at it its this that these those he she they we you i his her their our as by for from with after before
during since under when while if because although though however also but and or so there here one some many most both
each such no yes not what who whom whose which where why how according then first second third finally meanwhile
instead recently today now
""".split()
)
_NOT_NAMES = frozenset("i the a an".split())
