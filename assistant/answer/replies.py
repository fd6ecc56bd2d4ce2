"""Read a model's ways of saying that the article is silent, and say so in the user's language."""

from __future__ import annotations

import re
from dataclasses import dataclass

_STATED = (
    r"(?:mentioned|stated|specified|provided|given|described|included|known|listed|detailed|disclosed|addressed"
    r"|discussed)"
)
_STATE = r"(?:mention|state|say|specify|provide|contain|include|answer|describe|give|discuss|address|tell|indicate)"
_NOT_STATED = re.compile(
    r"NOT IN THE ARTICLE"
    rf"|\b(?:is|are|was|were|has|have)(?: been)?(?:n[’']t| not) (?:explicitly |directly )?(?:been )?{_STATED}\b"
    r"|\b(?:article|sentences?|text|passage|information|context)(?: provided| given| above)?"
    r" (?:do(?:es)?|did)(?:n[’']t| not) "
    rf"(?:explicitly |directly )?{_STATE}\b"
    r"|\b(?:there is|i have) no (?:information|mention|answer|statement)\b"
    r"|\bi (?:cannot|can[’']t|don[’']t know|do not know)\b"
    r"|(?:記載|言及|記述|説明|明記|明示)(?:が|は|されて|して)?(?:い)?(?:ない|ません|ありません|おりません)"
    r"|(?:書かれて|述べられて)(?:いない|いません)|(?:情報|記述|記載)(?:が|は)(?:ない|ありません|含まれて)",
    re.IGNORECASE,
)

_ABSTENTION = {
    "en": "The article does not say.",
    "ja": "この記事には書かれていません。",
}

_OTHERWISE = {
    "en": "“{title}” says otherwise: {sentence}",
    "ja": "『{title}』には別のことが書かれています：{sentence}",
}


@dataclass(frozen=True, slots=True)
class Offer:
    """The words around what is offered where the article does not answer, in one language."""

    none_given: str
    nearest: str
    anyway: str
    """Of a button."""
    why_anyway: str
    made: str
    """Stands over what a model made of the nearest sentences."""
    made_nothing: str
    near: str
    """Stands by such a sentence in its article."""


_OFFER = {
    "en": Offer(
        none_given="Nothing here proves an answer, so none is given.",
        nearest="Nearest sentences",
        anyway="Answer anyway",
        why_anyway="What the model makes of these sentences. The article does not prove it.",
        made="Not proven: what the model makes of the nearest sentences",
        made_nothing="The model finds no answer in them either.",
        near="near the question, not proof",
    ),
    "ja": Offer(
        none_given="答えを裏づける文がないので、答えは示しません。",
        nearest="いちばん近い文",
        anyway="それでも答える",
        why_anyway="モデルがこれらの文から推測します。記事による裏づけはありません。",
        made="裏づけなし：近い文からモデルが推測したこと",
        made_nothing="近い文からは、モデルも何も答えませんでした。",
        near="近い文（裏づけではありません）",
    ),
}


def offer(language: str) -> Offer:
    """Return the words around what is offered beside an abstention, in a language as `abstention` has it."""
    return _OFFER.get(language, _OFFER["en"])


def says_not_stated(text: str) -> bool:
    """Return whether a sentence of a model says that the article does not hold the answer."""
    return bool(_NOT_STATED.search(text))


def abstention(language: str) -> str:
    """Return the one sentence the assistant abstains with, in a language (ISO 639-1; English where there is none)."""
    return _ABSTENTION.get(language, _ABSTENTION["en"])


def otherwise(language: str, *, title: str, sentence: str) -> str:
    """Return the sentence that says of another article that it disagrees, in a language as `abstention` has it."""
    return _OTHERWISE.get(language, _OTHERWISE["en"]).format(title=title, sentence=sentence)
