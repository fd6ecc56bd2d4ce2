"""A sentence enters, the items of the list in it leave; and which of them a statement drawn from it leaves out."""

from __future__ import annotations

import re

from assistant.proof.kinds import asked_for
from index.text.language import script_language
from index.text.words import fold, terms

_LONGEST = 8
"""Words of an English item after the first: a longer one is a clause."""
_AND = re.compile(r"^(?:and|or|as well as|&)\s+", re.IGNORECASE)
# The last two of a list: "B and C", "B, and C".
_LAST = re.compile(r"\s*,?\s+(?:and|or|as well as|&)\s+", re.IGNORECASE)
# What leads up to the first item: "the members are", "such as", "including", ":".
_BEFORE_FIRST = re.compile(
    r"^.*(?::|\b(?:are|were|is|was|of|such as|including|include|includes|included|like|namely"
    r"|between|by|in|with|from|for|to"
    r"|has|have|had|carried|names|named|has|both|against|than|and|at|on|into))\s+(?=\S)",
    re.IGNORECASE | re.DOTALL,
)
_AFTER_LAST = re.compile(
    r"\s+(?:is|are|was|were|has|have|had|will|would|can|could|may|which|who|that|because|when"
    r"|where|while|after|before|since|as|in|at"
    r"|on|for|with|from|to|by|under|during|signed|joined|agreed)\b.*$|[;:(—].*$",
    re.IGNORECASE | re.DOTALL,
)
_NAMED = re.compile(r"(?:the\s+)?[A-Z][\w’'.&-]*(?:\s+(?:(?:of|the|and|de|du|la)\s+)?[A-Z0-9][\w’'.&-]*)*")
_CLAUSE = re.compile(
    r"(?:in|on|at|after|before|during|since|while|when|because|which|who|that|he|she|it|they|we|i"
    r"|there|this|came|was|is|are|were)\b",
    re.IGNORECASE,
)
_LIST_JA = re.compile(
    r"[^、，,・。「」（）()はがをにとや]{1,20}(?:(?:[、，・]|と|や)(?:および|及び|また"
    r"|そして)?[^、，,・。「」（）()はがをに]{1,20}){1,}(?:(?:、|，)?(?:および|及び|と|や"
    r"|または)[^、，,・。「」（）()はがをに]{1,20})?"
)
_JOIN_JA = re.compile(
    r"[、，・]|および|及び|または|(?<=[ァ-ヺー\u3400-\u9fffA-Za-z])[とや](?=[ァ-ヺー\u3400-\u9fffA-Za-z])"
)
_TAIL_JA = re.compile(
    r"(?:など|等|の(?:[一二三四五六七八九十\d]+|各|両)?.{0,6}|で|から|へ|も|だ|である|です|という.*)$"
)


def items(sentence: str) -> tuple[str, ...]:
    """Return the items of the longest list in a sentence, in order; none where it holds no list of two or more.

    Each is a part of the sentence as it stands. English lists join their last item by "and" or "or", Japanese ones
    their items by 、 ・ と や. A list of clauses is none.
    """
    return _items_ja(sentence) if script_language(sentence) == "ja" else _items_en(sentence)


def _items_en(sentence: str) -> tuple[str, ...]:
    best: tuple[str, ...] = ()
    for joint in _LAST.finditer(sentence):
        found = _list_around(sentence, joint.start(), joint.end())
        if len(found) > len(best):
            best = found
    return best


def _list_around(sentence: str, end: int, start: int) -> tuple[str, ...]:
    """Return the list whose last two items stand before ``end`` and from ``start`` on."""
    last = _AFTER_LAST.sub("", re.split(r"[,.;!?](?:\s|$)", sentence[start:], maxsplit=1)[0]).strip()
    before = [part.strip() for part in re.split(r",\s+", re.split(r"[.;!?]\s", sentence[:end])[-1])]
    found: list[str] = []
    for place in range(len(before) - 1, -1, -1):
        part = before[place]
        whole = _is_item(part) and not _BEFORE_FIRST.match(part)
        if whole and place > 0:
            found.append(part)
            continue
        first = _BEFORE_FIRST.sub("", part)
        if first and _is_item(first):
            found.append(_last_words(first) if first == part else first)
        break
    found.reverse()
    if not last or not _is_item(last) or not found:
        return ()
    return _alike([item.strip(' ()“”"') for item in (*found, last)])


def _alike(found: list[str]) -> tuple[str, ...]:
    """Return a list without what cannot be of it: clauses and openings, and among names what is none."""
    if sum(_NAMED.match(item) is not None for item in found[-3:]) >= min(2, len(found)):
        if match := _NAMED.match(found[-1]):
            found[-1] = match.group().strip()
        start = next((i for i in range(len(found) - 1, -1, -1) if not _NAMED.match(found[i])), -1)
        found = found[start + 1 :]
    if any(_CLAUSE.match(item) for item in found):
        start = max(i for i, item in enumerate(found) if _CLAUSE.match(item))
        found = found[start + 1 :]
    return tuple(found) if len(found) > 1 and all(found) else ()


def _is_item(text: str) -> bool:
    return 0 < len(text.split()) <= _LONGEST and any(char.isalnum() for char in text)


def _last_words(text: str) -> str:
    """Return the capitalised words that end a text, or its last word: where a list begins without a sign of it."""
    match = re.search(r"[A-Z0-9][\w’'.-]*(?:\s+(?:(?:of|the)\s+)?[A-Z0-9][\w’'.-]*)*$|\S+$", text)
    return match.group() if match else text


def _items_ja(sentence: str) -> tuple[str, ...]:
    best: tuple[str, ...] = ()
    for match in _LIST_JA.finditer(sentence):
        parts = [part for part in _JOIN_JA.split(match.group()) if part]
        if parts:
            parts[-1] = _TAIL_JA.sub("", parts[-1]) or parts[-1]
        parts = [part.strip() for part in parts if part.strip()]
        if len(parts) > max(1, len(best)):
            best = tuple(parts)
    return best


def left_out(statement: str, sentence: str, question: str) -> tuple[str, ...]:
    """Return the items of a sentence's list that a statement with some of them leaves out, in order.

    None where the question does not ask for a list, names them itself, or the statement holds but one of them (it may
    be told of that one alone).
    """
    language = script_language(question) or "en"
    asked = asked_for(question, language)
    # Japanese has no plural: what is not a time, a number or a reason may be several.
    if not asked.several and (language != "ja" or asked.wanted not in {"who", "where", "name", "anything"}):
        return ()
    listed = items(sentence)
    said = _Held(statement)
    held = [item for item in listed if item in said]
    if len(held) < 2 or len(held) == len(listed):
        return ()
    named = _Held(question)
    return tuple(item for item in listed if item not in said and item not in named)


class _Held:
    """The words of a text, to ask whether it holds an item."""

    def __init__(self, text: str) -> None:
        self._text = fold(text)
        self._terms = frozenset(terms(text))

    def __contains__(self, item: str) -> bool:
        if script_language(item) == "ja":
            return fold(item) in self._text
        wanted = frozenset(terms(item))
        return bool(wanted) and wanted <= self._terms
