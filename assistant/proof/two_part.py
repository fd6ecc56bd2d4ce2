"""A question enters; the questions that it is made of leave, each to be answered and cited by itself."""

from __future__ import annotations

import re

from index.text.language import script_language

_WH = r"(?:who|whom|when|where|why|how|what|which)"
_BEFORE_WH = r"(?:in|on|at|by|for|from|to|of|with|until|since|during|under)"
_BOTH = re.compile(rf"^({_WH}),? and ({_WH})\s+(?=\w+\s+\w)(.+)$", re.IGNORECASE | re.DOTALL)
_NEXT = re.compile(rf",?\s+and\s+(?=(?:{_BEFORE_WH} )?{_WH}\s+\w+)", re.IGNORECASE)
_LEADS = re.compile(rf"^(?:{_BEFORE_WH} )?{_WH}\b", re.IGNORECASE)
_ANY_WH = re.compile(rf"\b(?:{_WH}|that|whose)\b", re.IGNORECASE)
_ENDS = re.compile(r"(?<=[?？])\s*(?=\S)")

_ASKS_JA = (
    r"(?:(?<!思)いつ(?!か[^?？]|も)|何(?!か[^?？月]|.か[^?？月]|[度回人]も)|誰(?!か|も)|だれ(?!か|も)|どこ(?!か[^?？]|も)"
    r"|なぜ(?!か)|どうして|いくつ(?!か[^?？]|も)|いくら|(?<!な)どの)"
)
_ASKS = re.compile(rf"\b{_WH}\b|{_ASKS_JA}", re.IGNORECASE)
_BOTH_JA = re.compile(
    r"^(?P<head>.*?)(?P<one>いつ|何年に|どこで|誰が|なぜ)(?:、|に、|と)?(?P<other>いつ|何年に"
    r"|どこで|誰が|誰によって|なぜ)(?P<rest>[^、]+)$"
)
_JOINT_JA = re.compile(r"(?<=[れしいきちりみえてせけっげめべ])、|、(?:また|そして)、?")


def parts(question: str) -> tuple[str, ...]:
    """Return the questions a question asks, in order; itself alone where it is not plainly of two.

    "When and where was it built?" is two, and so is "When was it revised and who chaired it?"; "Who found the man who
    fled and who hid?" is one. English and Japanese.
    """
    whole = " ".join(question.split())
    asked = [part for part in _ENDS.split(whole) if part]
    if len(asked) == 2 and all(part.endswith(("?", "？")) and _ASKS.search(part) for part in asked):
        return tuple(asked)
    split = _parts_ja if script_language(whole) == "ja" else _parts_en
    return split(whole) or (whole,)


def _parts_en(question: str) -> tuple[str, ...]:
    if both := _BOTH.match(question):
        return f"{both[1]} {both[3]}", f"{both[2].capitalize()} {both[3]}"
    halves = _NEXT.split(question)
    if len(halves) != 2 or not _LEADS.match(halves[0]):
        return ()
    first, second = halves
    # A second who, which or that in the first half may govern the second one too.
    if len(_ANY_WH.findall(first)) != 1 or len(_ANY_WH.findall(second)) != 1 or len(first.split()) < 3:
        return ()
    return f"{first.rstrip(' ,')}?", second[:1].upper() + second[1:]


def _parts_ja(question: str) -> tuple[str, ...]:
    if both := _BOTH_JA.match(question):
        return both["head"] + both["one"] + both["rest"], both["head"] + both["other"] + both["rest"]
    halves = _JOINT_JA.split(question)
    if len(halves) != 2 or not all(len(re.findall(_ASKS_JA, half)) == 1 for half in halves):
        return ()
    return f"{halves[0]}？", halves[1]
