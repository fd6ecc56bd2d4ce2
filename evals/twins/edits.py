"""A question, its accepted answers and their article enter; edits that put another answer of the kind there leave.

Numbers, dates and weekdays become others of their shape (`edit_values`); a name becomes the answer of another
case of the set that was asked for in the same way ("who", "which city") and looks the same (words, script, ending).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from evals.twins.edit_values import Dice, other_values, pattern_of, rewritten, spaced, values_in
from index.text.language import SPACELESS

_ROLLS = 40
"""Other values tried before a case is given up."""
_MOST_WORDS, _MOST_CHARACTERS = 8, 25
"""Of an answer whose values are changed: in a longer one the question asked for something else."""
_PEOPLE = (
    "person|people|man|woman|king|queen|emperor|khan|ruler|leader|general|scientist|physicist|mathematician|philosopher|"
    "author|writer|poet|artist|architect|composer|engineer|inventor|president|minister|governor|bishop|pope|prince"
)
_PLACES = (
    "country|countries|nation|city|cities|town|village|state|province|county|region|continent|island|river|lake|sea|"
    "ocean|mountain|place|area|location|district"
)
_WHICH = re.compile(rf"\b(?:what|which)(?:'s| is| was| are| were)?(?: \w+){{0,2}}? (?P<noun>{_PEOPLE}|{_PLACES})\b")
_ASKED = re.compile(r"\b(who|whom|whose|where)\b")
_ASKED_JA = (
    ("who", re.compile(r"誰|だれ|(?:何|なん)という(?:人|人物)")),
    ("where", re.compile(r"どこ|何処|(?:何|どの|なんという|何という)(?:国|都市|町|村|州|県|市|島|川|場所|地域)")),
)
_SMALL_WORDS = frozenset("of the and de la le du des van von der den del di da al ibn bin for in on y zu & et".split())
_LEADING = re.compile(r"^(?:(?:the|an?|in|at|on|of|from|by|to|with)\s+)+", re.IGNORECASE)
_MARKS = " \t\n\"'“”‘’.,;:!?()[]「」『』（）、。"
_CAPITAL = re.compile(r"[A-ZÀ-ÖØ-Þ][\w'’.-]*|\d+")
_KATAKANA, _HAN = "ァ-ヺー", "々〇一-鿿㐀-䶿"
_JAPANESE = re.compile(
    rf"(?P<katakana>[{_KATAKANA}]{{2,}}(?:[・=＝][{_KATAKANA}]+)*)(?P<ending>[{_HAN}]{{0,3}})|(?P<han>[{_HAN}]{{2,8}})"
    r"|(?P<latin>[A-Za-z][A-Za-z0-9.&-]+)"
)

Names = Mapping[tuple[str, str, str], tuple[str, ...]]
"""Names by language, how they were asked for, and shape; sorted."""


class UnfitError(Exception):
    """A case that cannot become a twin; the message is the reason, in the words it is counted under."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One answer put in another's place wherever it stands in a text."""

    kind: Literal["value", "name"]
    pattern: re.Pattern[str]
    rewrite: Callable[[str], str]
    """Words the pattern found to words that take their place."""

    def places(self, text: str) -> list[tuple[int, int, str]]:
        """Return what changes in ``text``, in order: (start, end, the new words)."""
        return [(found.start(), found.end(), self.rewrite(found.group())) for found in self.pattern.finditer(text)]

    def apply(self, text: str) -> str:
        """Return ``text`` with every place changed."""
        return self.pattern.sub(lambda found: self.rewrite(found.group()), text)


def edits_of(
    question: str, answers: Sequence[str], *, text: str, language: str, names: Names, key: str
) -> Iterator[Edit]:
    """Yield edits of the accepted answers that stand in ``text``, in an order that depends on ``key`` alone.

    Raises UnfitError where the answers share no core, or are of no kind that can be told.
    """
    values = values_in(answers)
    if values is not None and all(_is_short(answer, language) for answer in answers):
        return _value_edits(answers, key)
    name = core_of(answers)
    if name is None:
        raise UnfitError("the accepted answers differ")
    shape = shape_of(name, text=text, language=language)
    if values is not None or shape is None:
        raise UnfitError("no kind can be told")
    return _name_edits(name, question, text=text, language=language, names=names, shape=shape, key=key)


def names_of(asked: Iterable[tuple[str, Sequence[str], str, str]]) -> Names:
    """Return the names among the answers of many cases, each given as (question, answers, evidence, its language)."""
    found: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for question, answers, evidence, language in asked:
        name = core_of(answers)
        shape = shape_of(name, text=evidence, language=language) if name and values_in([name]) is None else None
        if name and shape:
            for cue in cues_of(question):
                found[language, cue, shape].add(name)
    return {kind: tuple(sorted(names)) for kind, names in found.items()}


def cues_of(question: str) -> tuple[str, ...]:
    """Return how a question asks, the narrow cue before the wide one: ("city", "where"), ("who",), ("what",)."""
    for cue, pattern in _ASKED_JA:
        if pattern.search(question):
            return (cue,)
    asked = question.lower()
    if which := _WHICH.search(asked):
        return which["noun"], "who" if re.fullmatch(_PEOPLE, which["noun"]) else "where"
    if found := _ASKED.search(asked):
        return ("where",) if found[1] == "where" else ("who",)
    return ("what",)


def core_of(answers: Sequence[str]) -> str | None:
    """Return the shortest answer without marks and leading small words, if it stands in all of them; else None."""
    bare = sorted((_LEADING.sub("", answer.strip(_MARKS)).strip(_MARKS) for answer in answers), key=len)
    core = bare[0] if bare else ""
    return core if core and all(re.search(_pattern_of_name(core), answer) for answer in bare) else None


def shape_of(name: str, *, text: str, language: str) -> str | None:
    """Return what a name looks like, so that another can stand for it; None for what does not look like a name.

    A single capitalised word must also stand inside some sentence of ``text``, where only a name is capitalised.
    """
    return _shape_japanese(name) if language in SPACELESS else _shape_latin(name, text)


def _shape_latin(name: str, text: str) -> str | None:
    words = name.split()
    large = [word for word in words if word not in _SMALL_WORDS]
    if not large or len(words) > 6 or not all(_CAPITAL.fullmatch(word.strip(_MARKS)) for word in large):
        return None
    if words[0] in _SMALL_WORDS or words[-1] in _SMALL_WORDS or name.isdigit():
        return None
    if len(words) == 1 and not re.search(rf"[a-z,;)]['’\"”]? ['\"‘“(]?{re.escape(name)}(?!\w)", text):
        return None
    ending = "s" if words[-1].endswith("s") else ""
    acronym = "A" if len(words) == 1 and name.isupper() and len(name) > 1 else ""
    return f"{min(len(words), 4)}{'of' if len(large) < len(words) else ''}{acronym}{ending}"


def _shape_japanese(name: str) -> str | None:
    found = _JAPANESE.fullmatch(name)
    if not found:
        return None
    if found["katakana"]:
        return f"katakana {len(re.split('[・=＝]', found['katakana']))} {found['ending']}".rstrip()
    # Two words of Chinese characters are of one kind where they end alike: 葛飾派 and 浄土派. Of two characters most
    # are no names, and stand inside other words.
    if found["han"] and len(name) < 3:
        return None
    return f"han {name[-1]}" if found["han"] else f"latin {'A' if name.isupper() else 'a'}"


def _is_short(answer: str, language: str) -> bool:
    return len(answer) <= _MOST_CHARACTERS if language in SPACELESS else len(answer.split()) <= _MOST_WORDS


def _value_edits(answers: Sequence[str], key: str) -> Iterator[Edit]:
    values = values_in(answers) or {}
    pattern = re.compile("|".join(pattern_of(answer) for answer in sorted(answers, key=len, reverse=True)))
    for roll in range(_ROLLS):
        if (keys := other_values(values, Dice(key, roll))) is not None:
            yield Edit("value", pattern, partial(rewritten, keys=keys))


def _name_edits(
    name: str, question: str, *, text: str, language: str, names: Names, shape: str, key: str
) -> Iterator[Edit]:
    cues = cues_of(question)
    family = _family_name(name, text) if "who" in cues and language not in SPACELESS else None
    whole = _pattern_of_name(name)
    pattern = re.compile(f"{whole}|{_pattern_of_name(family)}" if family else whole)
    own = set(name.lower().split())
    for other in _others(cues, shape, language=language, names=names, key=key):
        if own & set(other.lower().split()) or other in name or name in other:
            continue
        by = {family: other.split()[-1]} if family else {}
        yield Edit("name", pattern, partial(_renamed, by=by, other=other))


def _renamed(words: str, *, by: Mapping[str, str], other: str) -> str:
    return by.get(words, other)


def _others(cues: Sequence[str], shape: str, *, language: str, names: Names, key: str) -> Iterator[str]:
    """Yield the names of a shape, those of the narrow cue first, each once."""
    seen: set[str] = set()
    # A Japanese name in Chinese characters shows its kind by its end only where a thing was asked for.
    shapes = [one for lang, _, one in names if lang == language and one.startswith("han ")]
    wanted = sorted(set(shapes)) if shape.startswith("han ") and cues == ("who",) else [shape]
    for cue in cues:
        found = {name for one in wanted for name in names.get((language, cue, one), ())} - seen
        seen |= found
        yield from sorted(found, key=lambda name: Dice(key, name)(0, 2**60))


def _pattern_of_name(name: str) -> str:
    if re.match(f"[{_KATAKANA}]", name):
        return rf"(?<![{_KATAKANA}・=＝]){re.escape(name)}(?![{_KATAKANA}])"
    return re.escape(name) if re.match(f"[{_HAN}]", name) else rf"(?<!\w){spaced(name)}(?!\w)"


def _family_name(name: str, text: str) -> str | None:
    """Return the last word of a person's name where it also stands alone in the text and no other name shares it."""
    words = name.split()
    last = words[-1]
    if not 2 <= len(words) <= 4 or not re.fullmatch(r"[A-ZÀ-ÖØ-Þ][a-zß-ÿ-]{2,}", last):
        return None
    before = re.findall(rf"(?:(?<!\w)(\w[\w.]*)\s+)?{re.escape(last)}(?!\w)", text)
    others = {word for word in before if word[:1].isupper() and word != words[-2]}
    # A sentence may open with a word that is written small elsewhere: "When Newton …".
    shared = any(not re.search(rf"(?<!\w){re.escape(word.lower())}(?!\w)", text) for word in others)
    return None if shared or all(word == words[-2] for word in before) else last
