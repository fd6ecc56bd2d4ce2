"""A case and what was answered enter; how right the words are leaves, without a look at the citations."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from evals.scorers.text import is_reference, present, present_any, token_pair
from evals.types import EvalCase, Score
from index.text.language import detect_language, script_language

LONGEST_REFERENCE = 2000  # tokens compared of each side
TELLING_WORDS = 8  # fewer words in Latin script do not tell their language: 4 in 100 German or Spanish ones mislead
TELLING_CHARACTERS = 20  # Japanese may write a name in Chinese characters alone, not a sentence
_QUOTED_WORDS = 6
_SAMPLE = 300  # characters looked at: the detector is sure by then
_LETTERS = re.compile(r"[^\W\d_]+")
# Languages that share a script stand here under the one ``script_language`` names it by.
_SCRIPT = {
    "be": "ru", "bg": "ru", "mk": "ru", "sr": "ru", "uk": "ru", "fa": "ar", "ur": "ar", "yi": "he",
    "mr": "hi", "ne": "hi", "as": "bn",
}  # fmt: skip


def answer_scores(case: EvalCase, text: str, *, abstained: bool) -> dict[str, Score]:
    """Return every score of the answer's words; an abstention has 0 wherever a right answer could have had 1."""
    said = "" if abstained else text
    return {
        "accuracy": accuracy(case, said),
        "exact_match": _best_short(case, said, exact_match),
        "f1": _best_short(case, said, f1),
        "nugget_recall": nugget_recall(case, said),
        "reference_recall": _best_reference(case, said, token_recall),
        "rouge_l": _best_reference(case, said, rouge_l),
        "language": Score(None, "abstained") if abstained else language_kept(text, case.lang),
    }


def short_answers(case: EvalCase) -> tuple[str, ...]:
    """Return the accepted answers short enough to be looked for in a text.

    A sentence of someone's own words is not, however short: none of more than six words that no gold quote holds.
    """
    return tuple(answer for answer in case.answers if not is_reference(answer) and not _is_own_words(case, answer))


def _is_own_words(case: EvalCase, answer: str) -> bool:
    if not case.evidence or len(answer.split()) <= _QUOTED_WORDS:
        return False
    return not any(present(answer, span.quote) for span in case.evidence)


def accuracy(case: EvalCase, text: str) -> Score:
    """Return lenient accuracy: 1 when the answer holds what is required, 0 when not or when it is empty.

    Required is every nugget where a case has nuggets, else any one short accepted answer (ALCE's and RGB's exact
    presence; see ``evals.scorers.text``). Holding more than is required is not charged here: the chain writes a handful
    of sentences at most, and citation precision charges those that prove nothing.
    """
    if not case.answerable:
        return Score(None, "not answerable")
    if case.nuggets:
        return Score(float(all(present_any(group, text) for group in case.nuggets)))
    if not case.answers:
        return Score(None, "no accepted answer known")
    answers = short_answers(case)
    if not answers:
        return Score(None, "only a long reference answer")
    return Score(float(present_any(answers, text)))


def nugget_recall(case: EvalCase, text: str) -> Score:
    """Return the share of the nuggets of which some variant is present."""
    if not case.answerable:
        return Score(None, "not answerable")
    if not case.nuggets:
        return Score(None, "no nuggets known")
    found = sum(any(present(variant, text) for variant in group) for group in case.nuggets)
    return Score(found / len(case.nuggets))


def exact_match(answer: str, accepted: str) -> float:
    """Return 1 when two texts have the same tokens in the same order, else 0 (SQuAD 2.0)."""
    ours, theirs = token_pair(answer, accepted)
    return float(ours == theirs)


def f1(answer: str, accepted: str) -> float:
    """Return SQuAD's F1: 2·shared / (tokens of both), shared counted as multisets; two empty texts have 1."""
    ours, theirs = token_pair(answer, accepted)
    if not ours or not theirs:
        return float(ours == theirs)
    return 2 * _shared(ours, theirs) / (len(ours) + len(theirs))


def token_recall(answer: str, reference: str) -> float:
    """Return the share of the reference's tokens, as a multiset, that stand in the answer; 0 for an empty reference."""
    ours, theirs = token_pair(answer, reference)
    return _shared(ours, theirs) / len(theirs) if theirs else 0.0


def rouge_l(answer: str, reference: str) -> float:
    """Return ROUGE-L as F1: 2·LCS / (tokens of both), LCS the longest common subsequence of the first 2,000 tokens."""
    ours, theirs = (tokens[:LONGEST_REFERENCE] for tokens in token_pair(answer, reference))
    if not ours or not theirs:
        return 0.0
    return 2 * longest_common(ours, theirs) / (len(ours) + len(theirs))


def longest_common(one: Sequence[str], other: Sequence[str]) -> int:
    """Return the length of the longest common subsequence.

    A whole column of the classical table is one integer, updated by Hyyrö's rule (2004): bit i is 0 where the length
    grows at token i of ``one``. A hundred times quicker in Python than cell by cell.
    """
    places: dict[str, int] = {}
    for i, token in enumerate(one):
        places[token] = places.get(token, 0) | 1 << i
    full = (1 << len(one)) - 1
    column = full
    for token in other:
        matching = column & places.get(token, 0)
        column = (column + matching | column - matching) & full
    return len(one) - column.bit_count()


def language_kept(text: str, lang: str) -> Score:
    """Return 1 when an answer is in the language asked for, 0 when in another; unscored where its letters do not tell.

    A script of its own decides at once, and languages that share one (Russian, Ukrainian) count as the same. Latin
    script goes to the detector, from eight words upwards only: a name or a number is the same in every language.
    """
    text = text[:_SAMPLE]
    script = None if text.isascii() else script_language(text)
    if script == "zh" and lang == "ja" and len(text) < TELLING_CHARACTERS:
        return Score(None, "too short to tell its language")
    if script is not None:
        return Score(float(script == _SCRIPT.get(lang, lang)))
    if len(_LETTERS.findall(text)) < TELLING_WORDS:
        return Score(None, "too short to tell its language")
    return Score(float(detect_language(text) == lang))


def _best_short(case: EvalCase, text: str, measure: Callable[[str, str], float]) -> Score:
    if not case.answerable:
        return Score(None, "not answerable")
    if not short_answers(case):
        return Score(None, "only a long reference answer" if case.answers else "no accepted answer known")
    # All accepted answers, as SQuAD does: a long alias beside short ones is still an alias.
    return Score(max(measure(text, accepted) for accepted in case.answers) if text else 0.0)


def _best_reference(case: EvalCase, text: str, measure: Callable[[str, str], float]) -> Score:
    if not case.answerable:
        return Score(None, "not answerable")
    if not case.answers or short_answers(case):
        return Score(None, "no long reference answer")
    return Score(max(measure(text, reference) for reference in case.answers))


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    return (Counter(one) & Counter(other)).total()
