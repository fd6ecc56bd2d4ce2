"""A follow-up is told from a question that stands alone, so that only the former costs a rewrite."""

import pytest

from assistant.answer.condense import conversation, last, leans_on_conversation, usable_rewrite, with_last_question
from assistant.types import Turn

TURNS = [Turn("user", "Who built the bridge?"), Turn("assistant", "Elena Ruiz built the bridge.")]


@pytest.mark.parametrize(
    "question",
    [
        "When did she do it?",
        "And the tunnel?",
        "Why?",
        "What about that?",
        "Which of those came first?",
        "What is its budget?",
        "What else?",
        "How long did they take?",
        "それはなぜですか。",
    ],
)
def test_these_lean_on_the_conversation(question: str) -> None:
    assert leans_on_conversation(question)


@pytest.mark.parametrize(
    "question",
    [
        "Who chaired the commission that proposed the secretariat?",
        "Why did Komeito leave its coalition with the LDP?",
        "When was the National Security Strategy revised?",
        "How many years did the coalition of both parties last?",
        "Which countries recently signed agreements with Japan?",
    ],
)
def test_these_stand_alone(question: str) -> None:
    assert not leans_on_conversation(question)


def test_the_prompt_shows_who_said_what_and_cuts_long_turns() -> None:
    shown = conversation(last([*TURNS, Turn("user", "x" * 1000)]))
    assert shown.splitlines()[:2] == ["Reader: Who built the bridge?", "Assistant: Elena Ruiz built the bridge."]
    assert len(shown) < 600


def test_without_a_model_the_previous_question_is_searched_with_the_follow_up() -> None:
    assert with_last_question("When?", TURNS) == "Who built the bridge? When?"
    assert with_last_question("When?", []) == "When?"


@pytest.mark.parametrize("rewrite", ["", "?", "One line\nand another", "word " * 200])
def test_a_rewrite_that_is_no_single_question_is_not_used(rewrite: str) -> None:
    assert usable_rewrite(rewrite, "When?") == "When?"


def test_a_usable_rewrite_loses_its_quotes() -> None:
    assert usable_rewrite('"When was the bridge built?"\n', "When?") == "When was the bridge built?"


@pytest.mark.parametrize(
    ("rewrite", "question", "used"),
    [
        ("Mary Ann won a prize.", "玛丽·安得过什么奖项？", False),
        ("Which prize did Mary Ann win?", "玛丽·安得过什么奖项？", True),
        ("The bridge was opened in 1931.", "橋はいつ開通しましたか。", False),
        ("橋はいつ開通しましたか。", "When was it?", True),
        ("The year of the bridge", "その橋の年", True),
    ],
)
def test_of_a_question_no_statement_is_made(rewrite: str, question: str, used: bool) -> None:
    assert usable_rewrite(rewrite, question) == (rewrite if used else question)
