"""A statement that only says the question again is told from one that answers it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.proof.echo import is_echo


@pytest.mark.parametrize(
    ("question", "statement"),
    [
        ("What are the three shocks that hit Norland and Karst?", "The triple shock hit Norland and Karst."),
        ("Who chose the engineer?", "The engineer was chosen."),
        ("When did the bridge open?", "The bridge opened."),
        ("Why was a tunnel built?", "Yes, a tunnel was built."),
        ("町を襲った三つの危機は何ですか？", "三重の危機が町を襲いました。"),
        ("橋が開通したのはいつですか？", "橋は開通しました。"),
    ],
)
def test_inflections_and_other_words_for_a_number_are_no_news(question: str, statement: str) -> None:
    assert is_echo(question, statement)


@pytest.mark.parametrize(
    ("question", "statement"),
    [
        ("Who chose the engineer?", "The harbor board chose the engineer."),
        ("When did the bridge open?", "It opened in May."),
        ("How many shops did it sell?", "It sold two shops."),
        ("How many of the three shops were sold?", "Two of the three shops were sold."),
        ("Was a tunnel built?", "Yes, a tunnel was built."),
        ("Was a tunnel built?", "A tunnel was built."),
        ("Which is longer, the bridge or the tunnel?", "The tunnel is longer."),
        ("橋が開通したのはいつですか？", "橋は1931年に開通しました。"),
        ("町を襲った三つの危機は何ですか？", "洪水と火事と疫病です。"),
        ("橋とトンネルのうち、長いのはどちらですか？", "トンネルです。"),
        ("Wann wurde die Brücke eröffnet?", "橋は開通しました。"),
    ],
)
def test_what_brings_a_word_or_a_number_or_chooses_is_an_answer(question: str, statement: str) -> None:
    assert not is_echo(question, statement)


@settings(deadline=None)
@given(st.integers(13, 3000), st.sampled_from(["How many people came", "When did they come", "What came"]))
def test_a_new_number_is_never_an_echo(number: int, question: str) -> None:
    assert not is_echo(f"{question}?", f"{question.split()[-1]} {number}.")
