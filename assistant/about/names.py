"""A document enters; the places of the names in it leave, told by capitals, and in Japanese by script and endings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from assistant.about.dates import Span, dates
from assistant.about.world import adjectives
from assistant.about.world import countries as country_names
from assistant.proof.anchors import OPENERS, small_words
from index.text.language import SPACELESS
from index.text.sentences import sentences
from index.text.words import fold
from index.types import Document

# Languages that write every noun with a capital: there one capital word is no name.
_ALL_NOUNS = frozenset({"de", "lb"})
_CAPITAL = r"(?:(?:[A-Z]\.){1,4}(?=\s|$|[,;)])|[A-ZÀ-ÖØ-Þ][^\W_]*(?:(?:[’'](?!s\b)|[-–.](?=[^\W\d_]))[^\W_]+)*)"
_ORGANISATION = (
    "Academy Administration Agency Alliance Army Assembly Association Authority Bank Board Brigade Bureau Cabinet Centre "
    "Center Church Club Coalition College Commission Committee Company Conference Congress Corporation Corps Council Court "
    "Democrats Department Diet Federation Force Forces Foundation Fund Government Group Guard House Inc Institute "
    "Institution Laboratory League Ltd Ministry Movement Museum Navy Office Organisation Organization Parliament Party "
    "Police Press Republicans School Senate Service Society Trust Union University"
).split()  # fmt: skip
_ORGANISED_WORD = "|".join(_ORGANISATION)
_ORGANISED = re.compile(rf"(?:^|[ -])(?:{_ORGANISED_WORD})(?:$| (?:of|for|on) )")
_ON = "|".join(
    rf"(?<=\b{word})" for word in "Act Commission Committee Convention Treaty Agreement Council Panel".split()
)
_JOINS = (
    r"(?: (?:of(?: the)?|de|da|do|dos|del|la|du|des|van|von|der|den|bin|al|el|no|for|and) | "
    rf"|(?:{_ON}) on (?:the )?|[’']s (?=(?:{_ORGANISED_WORD})\b))"
)
_SEQUENCE = re.compile(rf"{_CAPITAL}(?:{_JOINS}{_CAPITAL})*")
_ACRONYM = re.compile(r"[A-Z]{2,6}s?(?:-[A-Z]{2,6})*")
_AND = " and "
_WEEKDAYS = frozenset("monday tuesday wednesday thursday friday saturday sunday mr mrs ms dr".split())
_OPENS = re.compile(r"(?:^|[.!?:;]\s+|[“\"‘(\[]\s*|^[-–•*]\s*)$")

_KANA = "ァ-ヴー"
_HAN = "一-龥々"
_PEOPLE_JA = "氏|さん|首相|総理|大統領|長官|大臣|議員|教授|社長|会長|知事|市長|選手|監督|容疑者|被告|博士|記者|総裁|外相|防衛相|政権|内閣"
_ORGANISATION_JA = (
    "省|庁|党|委員会|大学|会社|銀行|協会|機構|連合|連盟|研究所|裁判所|議会|国会|新聞社?|放送局?|財団|学会|組合|警察署?|自衛隊|グループ"
    "|センター|本部|教会|政府|高校|中学校|小学校|病院|博物館|美術館|図書館"
)
_PLACE_JA = "県|都|府|市|町|村|区|諸島|半島|島|川|山|湖|駅|港|海峡|海|地方|共和国|州|橋|通り"
_NAMES_JA = re.compile(
    rf"(?P<person>(?:[{_HAN}]{{2,6}}|[{_KANA}]{{2,}}(?:・[{_KANA}]+)*)(?=(?:{_PEOPLE_JA})))"
    rf"|(?P<organisation>[{_HAN}{_KANA}A-Za-z]{{2,14}}?(?:{_ORGANISATION_JA})(?![{_HAN}]))"
    rf"|(?P<place>[{_HAN}{_KANA}]{{2,8}}?(?:{_PLACE_JA})(?![{_HAN}]))"
    rf"|(?P<name>[{_KANA}]+(?:・[{_KANA}]+)+|(?<![A-Za-z])[A-Z][A-Za-z0-9.&-]+)"
)


def names(document: Document) -> list[Span]:
    """Return the places of all names, in order, no name twice; a last name alone is its bearer's."""
    found = _japanese(document) if document.language in SPACELESS else _western(document)
    return list(_once(document.text, found))


def organisations(document: Document) -> list[Span]:
    """Return the places of the names that a word as Ministry or Party, or their being an acronym, makes organisations'."""
    if document.language in SPACELESS:
        wanted = [match.span() for match in _matches_japanese(document) if match.lastgroup == "organisation"]
        return list(_once(document.text, wanted))
    text, lands = document.text, set(country_names(document.language)) | set(country_names("en"))
    return [
        (start, end)
        for start, end in names(document)
        if (_ORGANISED.search(text[start:end]) and " " in text[start:end]) or _is_acronym(text[start:end], lands)
    ]


def told(document: Document, kind: str) -> list[Span] | None:
    """Return the places of the names that Japanese endings and titles tell to be a ``person`` or ``place``, else None."""
    if document.language not in SPACELESS:
        return None
    matches = list(_matches_japanese(document))
    foreign = kind == "person"  # ジョン・スミス
    wanted = [m.span() for m in matches if m.lastgroup == kind or (foreign and m.lastgroup == "name" and "・" in m[0])]
    return list(_once(document.text, wanted))


def countries(document: Document) -> list[Span]:
    """Return the places of the names of countries, in order, none twice: in the document's language and in English."""
    spans = (match.span() for match in _countries(document.language).finditer(document.text))
    return list(_once(document.text, spans))


@cache
def _countries(language: str) -> re.Pattern[str]:
    known = sorted({*country_names(language), *country_names("en")}, key=lambda name: (-len(name), name))
    spaceless = [re.escape(name) for name in known if not name.isascii()] if language in SPACELESS else []
    spaced = [re.escape(name) for name in known]
    whole = rf"(?<![\w-])(?:{'|'.join(spaced)})(?![\w-])"
    return re.compile("|".join([*spaceless, whole]))


def _is_acronym(name: str, lands: set[str]) -> bool:
    return bool(_ACRONYM.fullmatch(name)) and name not in lands


def _once(text: str, spans: Iterator[Span] | list[Span]) -> Iterator[Span]:
    seen: set[str] = set()
    for start, end in spans:
        name = " ".join(fold(text[start:end]).split()).removesuffix("'s")
        if name in seen:
            continue
        seen.add(name)
        words = name.split()
        if 2 <= len(words) <= 3 and " of " not in name and not _ORGANISED.search(text[start:end]):
            seen.add(words[-1])  # "Takaichi" after "Sanae Takaichi"
        yield start, end


def _western(document: Document) -> Iterator[Span]:
    text, language = document.text, document.language
    common, inside = small_words(text), _capitals_inside(document)
    told = adjectives(language) | adjectives("en")
    for sentence in sentences(document):
        if _is_title(sentence.text):
            continue
        dated = dates(sentence.text, language)
        for start, end in _sequences(sentence.text):
            opens = bool(_OPENS.search(sentence.text[:start]))
            begin = start + _common_opening(sentence.text[start:end], common) if opens else start
            name = sentence.text[begin:end]
            if not name or name in told or any(begin < last and first < end for first, last in dated):
                continue
            alone = opens and begin == start and not re.match(r" and [A-Z]", sentence.text[end:])
            if " " in name or _is_name(name, language, known=not alone or fold(name) in inside):
                yield sentence.start + begin, sentence.start + end


def _is_name(word: str, language: str, *, known: bool) -> bool:
    """Tell whether one word with a capital is a name; ``known`` says that its capital is not a sentence's."""
    if _ACRONYM.fullmatch(word):
        return True
    folded = fold(word)
    common = folded in _WEEKDAYS or folded in OPENERS or len(word) == 1
    return known and not common and language not in _ALL_NOUNS


def _is_title(sentence: str) -> bool:
    """Tell whether a line is a title, most of whose words have capitals: they tell no names."""
    words = re.findall(r"[^\W\d_]{4,}", sentence)
    if sentence.rstrip("”’\"')").endswith("."):
        return False
    return len(words) >= _WORDS_OF_A_TITLE and sum(word[0].isupper() for word in words) > _TITLE_SHARE * len(words)


_WORDS_OF_A_TITLE, _TITLE_SHARE = 5, 0.7


def _sequences(text: str) -> Iterator[Span]:
    """Yield runs of words with capitals; "and" joins the halves of an organisation's name alone."""
    for match in _SEQUENCE.finditer(text):
        start = match.start()
        *firsts, last = match[0].split(_AND)
        joined = firsts and _ORGANISED.search(last.split()[-1]) and len(firsts) == 1 and " " in firsts[0]
        if joined or (firsts and _ORGANISED.search(firsts[0].split()[0]) and len(firsts) == 1 and " of " in firsts[0]):
            yield match.span()
            continue
        for part in (*firsts, last):
            yield start, start + len(part)
            start += len(part) + len(_AND)


def _common_opening(name: str, common: frozenset[str]) -> int:
    """Return how many characters of a run that opens a sentence are a common word with a capital, its space included."""
    first, space, rest = name.partition(" ")
    folded = fold(first)
    if folded in OPENERS or (folded in common and (not space or folded not in {"prime", "chief"})):
        skipped = len(first) + len(space)
        joined = re.match(r"(?:of(?: the)?|for|and|de|la) ", rest)
        return skipped + (joined.end() if joined else 0)
    return 0


def _capitals_inside(document: Document) -> frozenset[str]:
    """Return the words, folded, that have a capital where no sentence begins: names wherever they stand."""
    found: set[str] = set()
    for sentence in sentences(document):
        for match in re.finditer(_CAPITAL, sentence.text):
            if not _OPENS.search(sentence.text[: match.start()]):
                found.add(fold(match[0]))
    return frozenset(found)


def _matches_japanese(document: Document) -> Iterator[re.Match[str]]:
    for sentence in sentences(document):
        yield from _NAMES_JA.finditer(document.text, sentence.start, sentence.end)


def _japanese(document: Document) -> Iterator[Span]:
    spans = [match.span() for match in _matches_japanese(document)]
    lands = (match.span() for match in _countries(document.language).finditer(document.text))
    spans += [land for land in lands if not any(start < land[1] and land[0] < end for start, end in spans)]
    yield from sorted(spans)
