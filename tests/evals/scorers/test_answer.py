"""How right the words are: worked by hand, and by property."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.scorers.answer import (
    accuracy,
    answer_scores,
    exact_match,
    f1,
    language_kept,
    longest_common,
    nugget_recall,
    rouge_l,
    short_answers,
    token_recall,
)
from evals.types import EvalCase, GoldSpan, Score

LONG = (
    "The agency was founded because the older offices did not share what they knew, and each of them answered to a "
    "ministry of its own"
)
TOO_SHORT = Score(None, "too short to tell its language")
TOKENS = st.lists(st.sampled_from(["red", "green", "blue", "cyan"]), max_size=9)


def case(*answers: str, answerable: bool = True, nuggets=(), lang: str = "en") -> EvalCase:
    return EvalCase("set", "1", "Why?", answerable, ("a",), answers=answers, nuggets=nuggets, lang=lang)


def test_any_accepted_answer_makes_an_answer_right():
    assert accuracy(case("1931", "the thirties"), "It opened in 1931.") == Score(1.0)
    assert accuracy(case("1931", "the thirties"), "It opened in 1932.") == Score(0.0)
    assert accuracy(case("26年"), "連立は26年続いた。") == Score(1.0)


def test_nuggets_are_the_whole_requirement_where_they_are_given():
    both = case("26", nuggets=(("26", "twenty-six"), ("Komeito", "CGP")))
    assert accuracy(both, "The CGP was in it for twenty-six years.") == Score(1.0)
    assert accuracy(both, "It lasted 26 years.") == Score(0.0)
    assert accuracy(case(LONG, nuggets=(("founded",),)), "It was founded.") == Score(1.0)


def test_nugget_recall_is_the_share_of_groups():
    three = case(nuggets=(("26", "twenty-six"), ("Komeito",), ("1999",)))
    assert nugget_recall(three, "Komeito, 26 years") == Score(2 / 3)
    assert nugget_recall(case("26"), "26") == Score(None, "no nuggets known")
    assert nugget_recall(case("26", answerable=False, nuggets=(("x",),)), "x") == Score(None, "not answerable")


def test_a_long_reference_is_not_looked_for_but_compared():
    scores = answer_scores(case(LONG), LONG, abstained=False)
    only_long = Score(None, "only a long reference answer")
    assert (scores["accuracy"], scores["exact_match"], scores["f1"]) == (only_long, only_long, only_long)
    assert (scores["reference_recall"], scores["rouge_l"]) == (Score(1.0), Score(1.0))


def test_a_short_answer_beside_a_long_one_is_looked_for():
    mixed = case(LONG, "1931")
    assert short_answers(mixed) == ("1931",)
    scores = answer_scores(mixed, "1931", abstained=False)
    assert (scores["accuracy"], scores["exact_match"]) == (Score(1.0), Score(1.0))
    assert scores["reference_recall"] == scores["rouge_l"] == Score(None, "no long reference answer")


def test_an_abstention_has_zero_wherever_one_could_be_had():
    words = case("I cannot say", nuggets=(("cannot",),))
    scores = answer_scores(words, "I cannot say", abstained=True)
    assert scores == {
        "accuracy": Score(0.0),
        "exact_match": Score(0.0),
        "f1": Score(0.0),
        "nugget_recall": Score(0.0),
        "reference_recall": Score(None, "no long reference answer"),
        "rouge_l": Score(None, "no long reference answer"),
        "language": Score(None, "abstained"),
    }
    long = answer_scores(case(LONG), LONG, abstained=True)
    assert (long["reference_recall"], long["rouge_l"]) == (Score(0.0), Score(0.0))


def test_without_an_accepted_answer_or_an_answerable_question_rightness_is_unscored():
    rightness = ("accuracy", "exact_match", "f1", "nugget_recall", "reference_recall", "rouge_l")
    unknown = answer_scores(case(), "Yes.", abstained=False)
    assert [unknown[name].why for name in rightness] == [
        *["no accepted answer known"] * 3,
        "no nuggets known",
        *["no long reference answer"] * 2,
    ]
    off = answer_scores(case("I do not know", answerable=False), "I do not know", abstained=False)
    assert {off[name] for name in rightness} == {Score(None, "not answerable")}


def test_exact_match_and_f1_are_squads():
    assert exact_match("The Normans!", "normans") == 1
    assert exact_match("in 1931", "1931") == 0
    # "it opened in 1931" has 4 tokens, "in the year 1931" 3 without its article; 2 shared: 2*2/7.
    assert f1("It opened in 1931.", "in the year 1931") == pytest.approx(4 / 7)
    # Multisets: "no no" shares one "no" with "no": 2*1/3. Sets would say 1.
    assert f1("no no", "no") == pytest.approx(2 / 3)
    assert f1("the", "a") == 1  # nothing is left of either
    assert f1("the", "cat") == 0


def test_in_japanese_f1_counts_characters():
    assert exact_match("「公明党」。", "公明党") == 1
    # 26年間 has 4 characters, 26年 3; 3 shared: 2*3/7.
    assert f1("２６年間", "26年") == pytest.approx(6 / 7)


def test_the_best_of_the_accepted_answers_counts():
    scores = answer_scores(case("green", "blue sky", LONG), "the blue sky", abstained=False)
    assert (scores["exact_match"], scores["f1"]) == (Score(1.0), Score(1.0))


def test_reference_overlap_worked_by_hand():
    # Reference "one two two three": 4 tokens; the answer "two four two one" holds one, two, two: 3 of 4.
    assert token_recall("two four two one", "one two two three") == pytest.approx(3 / 4)
    # Longest common subsequence "two two": 2*2/8.
    assert rouge_l("two four two one", "one two two three") == pytest.approx(1 / 2)
    assert rouge_l("", "one") == rouge_l("one", "") == token_recall("one", "") == 0


def test_a_very_long_reference_is_compared_by_its_beginning():
    words = [f"w{n}" for n in range(3000)]
    assert rouge_l(" ".join(words), " ".join(words)) == 1
    assert rouge_l(" ".join(words[2000:]), " ".join(words)) == 0


@given(one=TOKENS, other=TOKENS)
def test_the_longest_common_subsequence_is_that_of_the_plain_table(one, other):
    row = [0] * (len(other) + 1)
    for token in one:
        above = row[:]
        for at, candidate in enumerate(other, 1):
            row[at] = above[at - 1] + 1 if token == candidate else max(above[at], row[at - 1])
    assert longest_common(one, other) == row[-1]


@given(one=TOKENS.map(" ".join), other=TOKENS.map(" ".join))
def test_f1_and_rouge_are_symmetric_and_between_zero_and_one(one, other):
    assert f1(one, other) == f1(other, one)
    assert rouge_l(one, other) == rouge_l(other, one)
    assert 0 <= rouge_l(one, other) <= f1(one, other) <= 1
    assert exact_match(one, other) <= f1(one, other)


@given(text=st.text(max_size=40), other=st.text(max_size=40))
def test_any_two_texts_can_be_compared(text, other):
    assert f1(text, text) == exact_match(text, text) == 1
    assert 0 <= f1(text, other) <= 1
    assert f1(text, other) == f1(other, text)


@pytest.mark.parametrize(
    ("text", "lang", "score"),
    [
        ("The coalition between the two parties ended after twenty-six years.", "en", Score(1.0)),
        ("The coalition between the two parties ended after twenty-six years.", "de", Score(0.0)),
        ("The coalition between the two parties ended after twenty-six years.", "ja", Score(0.0)),
        ("Die Brücke wurde im Jahre 1931 eröffnet und ersetzte eine alte Fähre.", "de", Score(1.0)),
        ("El puente se abrió en 1931 y sustituyó a un viejo transbordador.", "es", Score(1.0)),
        ("連立は26年続いた。", "ja", Score(1.0)),
        ("連立は26年続いた。", "en", Score(0.0)),
        ("連立は26年続いた。", "zh", Score(0.0)),
        ("公明党", "ja", TOO_SHORT),
        ("公明党", "zh", Score(1.0)),
        ("联合政府由两个政党组成，持续了二十六年之久，后来宣布结束。", "ja", Score(0.0)),
        ("Міст відкрили у 1931 році.", "uk", Score(1.0)),
        ("Müller", "en", TOO_SHORT),
        ("Komeito", "ja", TOO_SHORT),
        ("26", "en", TOO_SHORT),
        ("", "en", TOO_SHORT),
    ],
)
def test_the_answer_keeps_the_language_of_the_question(text, lang, score):
    assert language_kept(text, lang) == score


def test_a_sentence_of_someones_own_words_is_a_reference_however_short():
    quote = "The bridge, which opened in 1931, replaced a ferry."
    gold = (GoldSpan("a", 0, len(quote), quote),)
    own = "A ferry ran there before the bridge came"
    assert short_answers(replace(case(own), evidence=gold)) == ()
    assert short_answers(case(own)) == (own,)  # without gold there is nothing to tell by
    assert short_answers(replace(case("which opened in 1931, replaced a ferry"), evidence=gold)) != ()
    assert short_answers(replace(case("a boat ran before"), evidence=gold)) == ("a boat ran before",)
