"""An accepted answer and a text enter; whether the one stands in the other leaves, and the tokens both are compared by.

Two notions of equal, both after NFKC and case folding:

* ``present`` is lenient: punctuation, spaces, a leading article and the spelling of a number do not count.
* ``tokens`` is SQuAD's: what exact match, F1 and the overlap with a reference are counted over.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate

from assistant.proof.numerals import Numeral, numerals
from assistant.proof.quantities import Quantity, is_supported, quantities, without_quantities
from index.text.language import script_language
from index.text.words import CJK

REFERENCE_WORDS = 20  # an accepted answer of more words is a reference: no answer holds it word for word
REFERENCE_CHARACTERS = 80  # the same in a script without spaces
_WITHOUT_SPACES = frozenset({"ja", "zh", "th", "lo", "my", "km"})

# Scripts in which a word may touch its neighbours: without spaces, and Korean, whose particles cling to the word.
_TOUCHING = re.compile(rf"[{CJK}\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1100-\u11ff\uac00-\ud7a3]+")
# Vowel signs and combining accents are no word characters to Python; without them Hindi or Thai words fall apart.
_WORD = r"[\w\u0300-\u036f\u0900-\u0963\u0970-\u0eff\u1000-\u1049\u1780-\u17d3]"
_TOKEN = re.compile(f"{_WORD}+")
# A number keeps its decimal point ("3.5" is not "35") as a dot that counts as a letter; a date's dots are punctuation.
_DOT = "\ua78f"
_DIGIT, _ENGLISH = re.compile(r"\d"), re.compile("[a-z]{3}")
_PERCENT = re.compile("%|パーセント")
_NOT_SQUAD = re.compile(r"[^\w\s]|_")
_ARTICLES = frozenset({"a", "an", "the"})


def folded(text: str) -> str:
    """Return text after NFKC and case folding, punctuation and all: what forbidden strings are looked for in."""
    return unicodedata.normalize("NFKC", text).casefold()


def present(answer: str, text: str) -> bool:
    """Tell whether an accepted answer stands in a text, leniently.

    Both are folded (NFKC, case), numbers become digits however they are written (``assistant.proof.numerals``), "%"
    becomes "percent", and punctuation, spaces, every "the" and a leading "a" of the answer go. What is left of the
    answer must stand in what is left of the text, from the edge of a token to the edge of a token: "26" does not stand
    in "2026" or "26th", nor "May" in "Mayor". Chinese, Japanese, Thai and Korean characters are tokens of their own, so
    there it is a substring whose digit edges touch no digit. An answer with nothing left ("the", "≥") is looked for as
    written; one that is a quantity alone ("7 pm", "4 February 2024", "昭和6年") may be spelled in any way.

    A long answer could hold anything; the assistant's chain writes few sentences, so length is not charged here.
    """
    needle, (hay, _) = _needle(answer), _squeezed(text)
    if not needle:
        sign = folded(answer).strip()
        return bool(sign) and sign in folded(text)
    at = hay.find(needle)
    while at >= 0:
        if {at, at + len(needle)} <= _edges(text):
            return True
        at = hay.find(needle, at + 1)
    return _said_otherwise(answer, text)


def _said_otherwise(answer: str, text: str) -> bool:
    """Tell whether an answer that is a quantity alone stands in a text in another spelling."""
    asked = _quantity_alone(answer)
    if text.isascii() and all(one.value is not None and not one.unit for one in asked):
        return False  # a bare number has been looked for, as digits
    return bool(asked) and all(is_supported(quantity, quantities(text), text) for quantity in asked)


def present_any(answers: Iterable[str], text: str) -> bool:
    """Tell whether any of the accepted answers is ``present`` in a text; False for no answers."""
    return any(present(answer, text) for answer in answers)


def is_reference(answer: str) -> bool:
    """Tell whether an answer is too long to look for: over 20 words, or 80 characters in a script without spaces."""
    # The quick way out first: 21 words are at least 41 characters.
    if len(answer) <= 2 * REFERENCE_WORDS:
        return False
    if len(answer) > REFERENCE_CHARACTERS and not answer.isascii() and script_language(answer) in _WITHOUT_SPACES:
        return True
    return len(answer.split()) > REFERENCE_WORDS


def token_pair(one: str, other: str) -> tuple[list[str], list[str]]:
    """Return the tokens of two texts that are to be compared, cut in the same way.

    Words as in SQuAD's official evaluation (lower case, no punctuation, no articles); single characters where either
    text holds a script whose words touch, as JaQuAD and JSQuAD count. Equal to SQuAD's on ASCII text.
    """
    by_character = bool(_TOUCHING.search(one) or _TOUCHING.search(other))
    return _squad_tokens(one, by_character), _squad_tokens(other, by_character)


def _squad_tokens(text: str, by_character: bool) -> list[str]:
    bare = _NOT_SQUAD.sub("", folded(text))
    return list("".join(bare.split())) if by_character else [word for word in bare.split() if word not in _ARTICLES]


def _tokens(text: str) -> list[str]:
    text = _in_digits(folded(text)).replace("_", " ")
    # Ten thousand rows pass here several times each: a look for one character is cheaper than a pattern.
    if "%" in text or "パ" in text:
        text = _PERCENT.sub(" percent ", text)
    return [word for word in _TOKEN.findall(text) if word != "the"]


def _in_digits(text: str) -> str:
    """Return a text with its numbers in plain digits, scales reckoned in; numbers in Chinese characters stay."""
    if not _DIGIT.search(text) and not _ENGLISH.search(text):
        return text
    parts: list[str] = []
    at = 0
    for numeral in numerals(text):
        if digits := _digits(numeral):
            parts += [text[at : numeral.start], digits]
            at = numeral.end
    return "".join([*parts, text[at:]])


def _digits(numeral: Numeral) -> str:
    if numeral.value is None or (not numeral.written.isascii() and not re.search("[0-9]", numeral.written)):
        return ""
    whole, part = divmod(numeral.value, 1)
    if part and 10**9 % part.denominator:
        return ""
    decimals = f"{int(part * 10**9):09d}".rstrip("0")
    return f"{whole}{_DOT + decimals if decimals else ''}{'th' if numeral.ordinal else ''}"


def _pieces(tokens: Sequence[str]) -> list[str]:
    """Return tokens as they are joined without spaces; two numbers keep one between them, as a piece of its own.

    So "J. K.", "J.K." and "JK" are one, as are "well-known" and "well known", but "2, 6" is not "26".
    """
    pieces: list[str] = []
    for token in tokens:
        if pieces and token[0].isdigit() and pieces[-1][-1].isdigit():
            pieces.append(" ")
        pieces.append(token)
    return pieces


@lru_cache(maxsize=256)  # one case's answers are looked for in many passages
def _quantity_alone(answer: str) -> tuple[Quantity, ...]:
    found = quantities(answer)
    return found if len(found) == 1 and not re.search(r"\w", without_quantities(answer)) else ()


@lru_cache(maxsize=256)
def _needle(answer: str) -> str:
    words = _tokens(answer)
    return "".join(_pieces(words[1:] if len(words) > 1 and words[0] in {"a", "an"} else words))


@lru_cache(maxsize=4096)  # many questions meet the same passages; about 40 MB when full
def _squeezed(text: str) -> tuple[str, tuple[str, ...]]:
    """Return a text's pieces joined, and the pieces."""
    pieces = tuple(_pieces(_tokens(text)))
    return "".join(pieces), pieces


@lru_cache(maxsize=256)  # apart from the pieces: few passages hold the answer
def _edges(text: str) -> frozenset[int]:
    """Return the offsets in a squeezed text at which a token may begin or end."""
    squeezed, pieces = _squeezed(text)
    edges = {0, *accumulate(len(piece) for piece in pieces)}
    if not text.isascii():
        for run in _TOUCHING.finditer(squeezed):
            edges.update(range(run.start(), run.end() + 1))
    return frozenset(edges)
