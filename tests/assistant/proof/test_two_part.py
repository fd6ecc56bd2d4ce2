"""A question of two parts is taken apart; every other one is left whole."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.proof.two_part import parts


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("When was it revised and who chaired it?", ("When was it revised?", "Who chaired it?")),
        ("When and where was the bridge built?", ("When was the bridge built?", "Where was the bridge built?")),
        ("Who designed it, and in which year was it opened?", ("Who designed it?", "In which year was it opened?")),
        ("When did it open? Who designed it?", ("When did it open?", "Who designed it?")),
        ("いつ改定され、誰が議長を務めましたか？", ("いつ改定され？", "誰が議長を務めましたか？")),
        ("彼女はいつ、どこで生まれましたか？", ("彼女はいつ生まれましたか？", "彼女はどこで生まれましたか？")),
    ],
)
def test_a_question_of_two_parts_is_taken_apart(question: str, expected: tuple[str, ...]) -> None:
    assert parts(question) == expected


@pytest.mark.parametrize(
    "question",
    [
        "Who found the man who fled and who hid?",
        "What are salt and pepper?",
        "What is known about when and how it began?",
        "Did it rain and snow?",
        "銅などの金属を売り、町に残ったのは誰ですか？",
        "何度も旅をし、町を建てたのは誰ですか？",
    ],
)
def test_a_question_of_one_part_stays_whole(question: str) -> None:
    assert parts(question) == (question,)


_WORDS = st.lists(st.text("bcdfgklmr", min_size=3, max_size=7), min_size=2, max_size=5).map(" ".join)


@settings(deadline=None)
@given(
    st.sampled_from(["When", "Where", "Who", "How"]), _WORDS, st.sampled_from(["when", "where", "who", "why"]), _WORDS
)
def test_two_plain_questions_joined_by_and_are_those_two(one: str, first: str, other: str, second: str) -> None:
    assert parts(f"{one} {first} and {other} {second}?") == (f"{one} {first}?", f"{other.capitalize()} {second}?")


@settings(deadline=None)
@given(st.text(max_size=120))
def test_a_question_has_one_part_or_two(question: str) -> None:
    assert len(parts(question)) in {1, 2}
