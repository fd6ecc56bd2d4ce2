"""Find what a statement may not get wrong but its quantities: its names; and the words that carry its meaning."""

from __future__ import annotations

import re

from index.text.words import CJK, fold, terms

_LARGE = "A-Z" + "".join(
    char for point in (*range(0xC0, 0x590), *range(0x1E00, 0x2000)) if (char := chr(point)).isupper()
)
_NAME = re.compile(rf"\b[{_LARGE}][\w’'.-]*\w|\b[{_LARGE}]\b")
_SMALL_WORD = re.compile(rf"\b[^\W\d_{_LARGE}][\w’'-]*")
_KATAKANA = re.compile(r"[ァ-ヺー]{3,}")
_LATIN_IN_CJK = re.compile(rf"(?<![^\W{CJK}])[A-Za-z][A-Za-z0-9.-]+")
_SENTENCE_START = re.compile(r"(?:^|[.!?:]\s+|[\"“‘(«„¿¡—]\s*)$")


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
    return frozenset(fold(word) for word in _SMALL_WORD.findall(text))


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
instead recently today now about around nearly almost over only roughly
der die das den dem des ein eine einen einem einer im am zum zur bei von mit nach vor seit für und aber er sie es wir
le la les un une des du au aux en dans par pour avec après avant depuis et mais il elle ils elles ce cette ces on
el los las una unos unas al del por para con desde hasta pero ella ellos ellas este esta estos estas se su sus
lo gli uno nel nella dal dalla di da per con dopo prima ma questo questa egli essa si
os as um uma no na nos nas ao pelo pela com após antes mas ele ela eles elas este esta seu sua
de het een op te bij met na voor sinds maar hij zij ze dit deze
в во на с со из от до за по к ко у о об и но а он она оно они это этот эта эти его её их как что после перед при для
у в на з із від до за по к і й але він вона воно вони це цей ця ці його її їх як що після перед
""".split()
)
_NOT_NAMES = frozenset("i the a an".split())
