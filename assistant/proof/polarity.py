"""A yes-or-no question, a reply and what it cites enter; whether the yes or no follows from that leaves.

By closed classes alone: denials, "first ever" against "any earlier", words and their opposites, one number against
another. A sentence that holds nearly all of a question's words can decide it; where it does not, that cannot be told.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from assistant.proof.anchors import content, names
from assistant.proof.denials import clauses, is_negated, without_reply
from assistant.proof.forms import form
from assistant.proof.opposites import OPPOSITES_EN, OPPOSITES_JA, any_of, both_sides, opposed
from assistant.proof.quantities import figures
from index.text.language import script_language
from index.text.words import fold, terms

Following = Literal["follows", "opposite", "cannot tell"]

_REPLY = re.compile(
    r"^\s*(?:(?P<yes>yes|correct|はい|ええ)|(?P<no>no(?=\s*[,.:;—–-]|\s*$)|いいえ))(?![a-z])", re.IGNORECASE
)
_LEAST = 0.85
_LEAST_FIRST = 0.6
"""The share of the question's words that a sentence must hold to say anything of it."""

# "If …, would …?" asks for a conclusion, not for what is said.
_PLAIN_QUESTION = re.compile(r"(?:and |but |so )?(?:is|are|was|were|do|does|did|has|have|had|will|can)(?:n[’']t)?\b")
_EARLIER = re.compile(
    r"\bany (?:earlier|previous|prior|other|former)\b|\b(?:ever|previously|already|earlier"
    r"|before)\b.*\b(?:before|earlier|previous|prior)\b"
    r"|\bever (?:been|had|done|given|made)\b|\bbefore\?*$|これまで|以前に|過去に|かつて|前にも|前例"
)
_EARLIER_WORDS = re.compile(
    r"\b(?:any )?(?:earlier|previous|prior|other|former|before|ever|already|previously)\b|以前|過去|これまで|前例"
)
_FIRST_EVER = re.compile(
    r"\bfirst(?: |-)(?:time|ever)\b|\bthe first\b|\bunprecedented\b|\bnever before\b"
    r"|\bno (?:previous|earlier|prior|former|other)\b"
    r"|\bnever (?:been|had|previously)\b|初めて|史上初|前例のない|前例がない|かつてない"
)
_ALL = re.compile(
    r"\b(?:all|every|always|entire(?:ly)?|completely|fully|everyone|only|both)\b|すべて|全て|全員|必ず|常に|だけ|のみ"
)
_NOT_ALL = re.compile(r"\bnot (?:all|every|always|entirely|only)\b|すべてではない|必ずしも")
# What is possible, planned, said or only so under a condition is neither yes nor no.
_UNSURE = re.compile(
    r"\b(?:may|might|could|would|should|if|unless|perhaps|possibly|probably|likely|unlikely"
    r"|reported(?:ly)?|alleged(?:ly)?"
    r"|rumou?r\w*|claim\w*|believ\w+|expected|planned|propos\w+|considered|consider|wanted|hoped"
    r"|suggest\w*|whether|doubt\w*"
    r"|until|except|only|some|few|rarely|seldom|hardly|almost|nearly|partly|partially|instead"
    r"|rather|although|though|despite"
    r"|little|exception|absent|absence|lack\w*|prevent\w*|stop\w*|avoid\w*|forced|so-called"
    r"|known as|convicted|accused|other than|besides|longer|irrelevant"
    r"|threaten\w*|tried|attempt\w*|intend\w*|denied|deny|denies)\b"
    r"|かもしれ|可能性|場合|予定|検討|という説|とされ|だろう|と思われ|ようと|ほとんど|一部|限り|なければ|ものの"
)
_RUN_JA = re.compile(r"[ァ-ヺー]{2,}|[a-z][a-z0-9.]*|[\u3005\u3400-\u9fff]+")
_YEAR = re.compile(r"1\d{3}|20\d{2}")


def says_yes(reply: str) -> bool | None:
    """Return whether a statement opens with a yes (True) or a no (False); None where with neither."""
    match = _REPLY.match(reply)
    return None if match is None else match["yes"] is not None


def without_yes_or_no(reply: str) -> str:
    """Return a statement without its leading yes or no, opened with a capital."""
    body = without_reply(reply).lstrip(" —–-:;,、。")
    return body[:1].upper() + body[1:]


def following(question: str, yes: bool, cited: Sequence[str]) -> Following:
    """Return whether a yes (or a no) to a question follows from cited sentences, is denied by them, or neither."""
    found = {answer for sentence in cited if (answer := answers(question, sentence)) is not None}
    if len(found) != 1:
        return "cannot tell"
    return "follows" if found == {yes} else "opposite"


def answers(question: str, sentence: str) -> bool | None:
    """Return whether a sentence answers a question with yes (True) or no (False); None where that cannot be told.

    The sentence must hold nearly all of the question's words, or their opposites; what it denies, or says the
    opposite of, turns the answer round.
    """
    language = script_language(sentence) or "en"
    if language != (script_language(question) or "en") or language not in {"en", "ja"}:
        return None
    asked, said = fold(question), fold(sentence)
    if language == "en" and not _PLAIN_QUESTION.match(asked):
        return None
    held, wanted, turns = (_shared_ja if language == "ja" else _shared_en)(asked, said)
    if _EARLIER.search(asked) and not _FIRST_EVER.search(asked) and _FIRST_EVER.search(said):
        held, wanted, _ = (_shared_ja if language == "ja" else _shared_en)(_EARLIER_WORDS.sub(" ", asked), said)
        return False if wanted and held / wanted >= _LEAST_FIRST else None
    if both_sides(asked) or both_sides(said):
        return None
    if not wanted or held / wanted < _LEAST or (language == "en" and _unnamed(question, sentence)):
        return None
    if _NOT_ALL.search(said):
        return False if _ALL.search(asked) and held == wanted else None
    nearest = _nearest(said, asked, language)
    if _UNSURE.search(nearest) or _ALL.search(asked):
        return None
    missing = figures(question) - figures(sentence)
    if missing:
        return False if _other_number(question, sentence) and held == wanted and not turns else None
    denied = is_negated(_undecided(nearest)) != is_negated(_undecided(_asked_plainly(asked)))
    answer = (turns + denied) % 2 == 0
    # A yes wants more than the words: they stand in one clause, and nothing beside it is denied.
    share, of, _ = (_shared_ja if language == "ja" else _shared_en)(asked, nearest)
    return None if answer and (share / of < _LEAST or is_negated(said) != is_negated(nearest)) else answer


def _unnamed(question: str, sentence: str) -> bool:
    """Whether a question names what a sentence does not; the word that opens it is no name."""
    return bool(names(question.split(maxsplit=1)[-1]) - names(sentence) - set(fold(sentence).split()))


def _undecided(text: str) -> str:
    """Return a text without the words that have an opposite: what "rejected" denies is told by that already."""
    text = re.sub(r"\bwithout \w+", " ", text)  # how it was done, not whether
    return re.sub(r"[a-z]+", lambda word: " " if any(opposed(term) for term in terms(word[0])) else word[0], text)


def _asked_plainly(asked: str) -> str:
    """Return a question without the "didn't" and "ませんか" that only make it polite, or expect a yes."""
    asked = re.sub(r"^(\w+)n[’']t\b", r"\1", asked)
    return re.sub(r"(?:ません|ない)(?:でした|の|です)?か[?？。]*$", "か", asked)


def _shared_en(asked: str, said: str) -> tuple[int, int, int]:
    """Return how many of the question's words a sentence holds, of how many, and how many it turns round."""
    number = figures(asked)
    wanted = [term for term in dict.fromkeys(terms(asked)) if term in set(content(asked, "en")) or opposed(term)]
    wanted = [term for term in wanted if term not in number]
    held = set(terms(said))
    alike = {form(term) for term in held}
    shared = turns = 0
    for term in wanted:
        if term in held or form(term) in alike:
            shared += 1
        elif any(held & (other - {term}) for other in opposed(term)):
            shared += 1
            turns += 1
        elif any(term in one and held & one for pair in OPPOSITES_EN for one in pair):
            shared += 1
    return shared, len(wanted), turns


def _shared_ja(asked: str, said: str) -> tuple[int, int, int]:
    runs = list(dict.fromkeys(_RUN_JA.findall(asked)))
    turns = shared = 0
    for one, other in (pair for both in OPPOSITES_JA for pair in (both, both[::-1])):
        if any_of(one, asked) and not any_of(other, asked) and any_of(other, said) and not any_of(one, said):
            turns += 1
    for run in runs:
        opposed = any(
            any_of((run,), " ".join(words)) or any(word.startswith(run) for word in words)
            for both in OPPOSITES_JA
            for words in both
        )
        shared += run in said or (turns > 0 and opposed)
    return shared, len(runs), turns


def _nearest(said: str, asked: str, language: str) -> str:
    """Return the clauses of a sentence that share most words with the question."""
    wanted = set(content(asked, language))
    shares = [(len(wanted & set(content(clause, language))), clause) for clause in clauses(said)]
    most = max((share for share, _ in shares), default=0)
    return ", ".join(clause for share, clause in shares if share == most) or said


def _other_number(question: str, sentence: str) -> bool:
    """Whether a sentence has another number where the question has its own: a year for a year, a count for a count."""
    asked, said = figures(question), figures(sentence)
    ours, theirs = asked - said, said - asked
    if any(_YEAR.fullmatch(number) for number in ours):
        return len(ours) == 1 and any(_YEAR.fullmatch(number) for number in theirs)
    return len(ours) == 1 and len(theirs) == 1 and not any(_YEAR.fullmatch(number) for number in theirs)
