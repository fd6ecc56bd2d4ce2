"""A question and a statement enter; whether the statement only says the question again leaves."""

from __future__ import annotations

from assistant.proof.anchors import names
from assistant.proof.forms import forms, forms_ja
from assistant.proof.kinds import ANYTHING, Kind, asked_for, is_choice
from assistant.proof.of_kind import is_of_kind
from assistant.proof.polarity import says_yes, without_yes_or_no
from assistant.proof.quantities import figures
from index.text.language import script_language

# Words that stand for what was asked, and answer nothing.
_HOLLOW = frozenset(
    "specif certain variou sever follow thing way kind type part way reason answer question happen occur take place "
    "respect particular name call known 1".split()
)
_MEASURED = frozenset({"when", "how many", "how long"})


def is_echo(question: str, statement: str) -> bool:
    """Return whether a statement adds nothing to its question: no word, name, number or time that is not there.

    "Three" and "triple", "hit" and "hits", "chose" and "chosen" are no news of one another. Whoever asks for a yes or
    no is answered by the question's own words, said as a statement; whoever asks for more is not answered by a yes.
    What is chosen from among what a question names itself is no echo; nor is anything but English and Japanese.
    """
    language = script_language(statement) or "en"
    asked_in = script_language(question) or "en"
    if language != asked_in or language not in {"en", "ja"}:
        return False
    if is_choice(question, language):
        return False
    kind = asked_for(question, language)
    if kind.wanted == "yes or no":
        return False  # what is said again of the article's own words is its yes
    if says_yes(statement) is not None:
        if kind.wanted == "anything":
            return False
        statement = without_yes_or_no(statement)
    return not (_new_ja(question, statement) if language == "ja" else _new(question, statement, kind))


def _new(question: str, statement: str, kind: Kind = ANYTHING) -> bool:
    if kind.wanted in _MEASURED and is_of_kind(kind, statement, (), question) and _figures(question, statement):
        return True
    asked = set(forms(question)) | set(forms(" ".join(figures(question))))
    said = set(forms(statement)) - _HOLLOW
    if said - asked:
        return True
    return bool(
        names(statement) - names(question) - {word.casefold() for word in question.split()} - set(_opening(statement))
    )


def _figures(question: str, statement: str) -> bool:
    return bool(figures(statement) - figures(question) - set(forms(question)))


def _opening(statement: str) -> list[str]:
    """Return the word that opens a statement: its capital makes no name."""
    return [word.casefold() for word in statement.split()[:1]]


def _new_ja(question: str, statement: str) -> bool:
    asked = " ".join(forms_ja(question))
    return any(run not in asked and not _held(run, asked) for run in forms_ja(statement))


def _held(run: str, asked: str) -> bool:
    """Whether every two characters of a long run stand side by side in the question: a compound said again."""
    return len(run) > 2 and not run.isdigit() and all(run[i : i + 2] in asked for i in range(len(run) - 1))
