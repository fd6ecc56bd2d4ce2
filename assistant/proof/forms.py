"""A text enters; its words leave as forms that compare: inflections, irregular verbs and words for one number alike."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from assistant.proof.anchors import STOP_TERMS
from index.text.words import fold, terms

# Base form first. Snowball stems what is regular.
_IRREGULAR = """
become became | begin began begun | break broke broken | bring brought | build built | buy bought | catch caught
| choose chose chosen | come came | do did done | draw drew drawn | drive drove driven | eat ate eaten | fall
fell fallen | feel felt | fight fought | find found | fly flew flown | forbid forbade forbidden | get got gotten
| give gave given | go went gone | grow grew grown | have had has | hear heard | hold held | keep kept | know
knew known | lead led | leave left | lend lent | lose lost | make made | mean meant | meet met | pay paid | rise
rose risen | run ran | say said | see saw seen | sell sold | send sent | shoot shot | show shown | sing sang
sung | sink sank sunk | sit sat | speak spoke spoken | spend spent | stand stood | steal stole stolen | strike
struck | swear swore sworn | take took taken | teach taught | tell told | think thought | throw threw thrown |
understand understood | wear wore worn | win won | write wrote written | man men | woman women | child children
| person people | foot feet
"""
_NUMBERED = """
2 two second double doubled twice twofold dual pair both twin | 3 three third triple tripled thrice threefold
treble trio | 4 four fourth quadruple fourfold quartet | 5 five fifth quintuple fivefold | 6 six sixth sixfold |
7 seven seventh | 8 eight eighth | 9 nine ninth | 10 ten tenth tenfold
"""
_FORMS = {
    stem: group.split()[0]
    for group in (_IRREGULAR + "|" + _NUMBERED).split("|")
    for word in group.split()
    for stem in terms(word)
}
_KANJI_COUNT = re.compile(r"([二三四五六七八九十2-9])(?:つ|重|大|個|種類?|点|人|者)")
_KANJI_VALUE = {kanji: str(value) for value, kanji in enumerate("二三四五六七八九十", 2)}
_RUN_JA = re.compile(r"[ァ-ヺー]+|[a-z][a-z0-9.&-]*|\d+(?:\.\d+)?|[\u3005\u3400-\u9fff]+|[ぁ-ゖ]{4,}")
# What holds a Japanese sentence together and says nothing of the matter.
_GRAMMAR_JA = re.compile(
    r"ということ|というもの|によって|について|において|に対して|として|とされ|であった|であり|である|でした|でしょう|ました|ません|ています|ていました|ていた"
    r"|ている|られた|られて|られる|された|されて|される|させた|しました|します|します|したのは|したもの|したこと|した|して|ことが|こと|もの|ため|よう"
    r"|から|まで|など|また|そして|その|この|これら|それら|それ|これ|です|ます|とは|には|では|のは|のが"
)


def forms(text: str) -> tuple[str, ...]:
    """Return the forms of an English text's words that carry meaning, in order, each once."""
    found = (form(term) for term in terms(text) if term not in STOP_TERMS or term in _FORMS)
    return tuple(dict.fromkeys(one for one in found if one not in _EMPTY))


@cache
def form(term: str) -> str:
    """Return what all inflections of a stem, and all words for its number, have in common."""
    return _FORMS.get(term, term)


def forms_ja(text: str) -> tuple[str, ...]:
    """Return the words of a Japanese text that carry meaning: runs of kanji, katakana, letters, and long hiragana."""
    plain = _KANJI_COUNT.sub(
        lambda count: f" {_KANJI_VALUE.get(count[1], count[1])} ", unicodedata.normalize("NFKC", text)
    )
    return tuple(dict.fromkeys(_RUN_JA.findall(_GRAMMAR_JA.sub(" ", fold(plain)))))


_EMPTY = frozenset({"do", "have"})
