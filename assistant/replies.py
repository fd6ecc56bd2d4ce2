"""Read a model's ways of saying that the article is silent, and say so in the reader's language."""

from __future__ import annotations

import re

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

_QUOTED = {
    "en": "The article is in another language: its own sentence is quoted.",
    "ja": "記事は別の言語で書かれているため、その文をそのまま引用します。",
    "zh": "文章使用另一种语言，这里直接引用原句。",
    "ko": "기사는 다른 언어로 쓰여 있어 원문을 그대로 인용합니다.",
    "ru": "Статья написана на другом языке, поэтому её предложение приводится дословно.",
}


def says_not_stated(text: str) -> bool:
    """Return whether a sentence of a model says that the article does not hold the answer."""
    return bool(_NOT_STATED.search(text))


def abstention(language: str) -> str:
    """Return the one sentence the assistant abstains with, in a language (ISO 639-1; English where there is none)."""
    return _ABSTENTION.get(language, _ABSTENTION["en"])


def otherwise(language: str, *, title: str, sentence: str) -> str:
    """Return the sentence that says of another article that it disagrees, in a language as `abstention` has it."""
    return _OTHERWISE.get(language, _OTHERWISE["en"]).format(title=title, sentence=sentence)


def quoted(language: str) -> str:
    """Return the line that says why the article's own sentence stands there, in a language as `abstention` has it."""
    return _QUOTED.get(language, _QUOTED["en"])
