"""What counts as an accepted answer standing in a text, in English and in Japanese."""

import re
import string
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from evals.scorers.text import folded, is_reference, present, present_any, token_pair

WORDS = st.text(string.ascii_letters + string.digits + "éüÅ", min_size=1, max_size=7)
JAPANESE = st.text("公明党内閣府東京大阪カナロシアのはがをに年月日", min_size=1, max_size=12)
ANSWERS = st.one_of(st.lists(WORDS, min_size=1, max_size=4).map(" ".join), JAPANESE)
TEXTS = st.one_of(
    st.lists(
        st.sampled_from(["the", "Diet", "26", "twenty-six", "1,000", "J.K.", "5%", "東京", "は", "well-known"])
    ).map(" ".join),
    st.text(max_size=60),
)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("26", "The coalition lasted twenty-six years."),
        ("twenty-six", "The coalition lasted 26 years."),
        ("Twenty Six years", "It lasted twenty six years."),
        ("nineteen", "All 19 members came."),
        ("1,000", "About 1000 people came."),
        ("1000000", "It cost 1,000,000 yen."),
        ("5%", "It rose by 5 per cent."),
        ("5 percent", "It rose by ５％."),
        ("5%", "5パーセント増えた。"),
        ("3.5", "The share is 3.5."),
        ("3.5倍", "約3.5倍になった"),
        ("2020", "on 12.5.2020"),
        ("the Normans", "Normans settled there."),
        ("a treaty", "The treaty was signed."),
        ("President of the United States", "He became president of United States in May."),
        ("J.K. Rowling", "J. K. Rowling wrote it."),
        ("U.S.", "the US army"),
        ("well-known", "a well known fact"),
        ("Japan", "Japan's law"),
        ("Ｋｏｍｅｉｔｏ", "komeito left"),
        ("公明党", "公明党が離脱した。"),
        ("26年", "連立は２６年続いた。"),
        ("3,720ヘクタール", "面積は 3720 ヘクタールだった。"),
        ("NHK", "報道はNHKが行った。"),
        ("ソニー・ミュージック", "ソニーミュージック所属"),
        ("서울", "수도는 서울은 아니다"),
        ("हिन्दी", "भाषा हिन्दी है"),
        ("≥", "where a ≥ b"),
        ("1,500,000", "建造費は150万円だった。"),
        ("150万円", "It cost 1,500,000 yen."),
        ("1250000", "1 250 000 couronnes"),
        ("$1.5 million", "It cost $1.5m."),
        ("7 pm", "It leaves at 19:00."),
        ("4 February 2024", "on 2024-02-04"),
        ("1931年", "昭和6年に開通した。"),
        ("two hundred", "some 200 people"),
    ],
)
def test_an_answer_is_found_however_it_is_written(answer, text):
    assert present(answer, text)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("26", "It was in 2026."),
        ("26", "the 26th"),
        ("26", "2, 6"),
        ("26", "126人"),
        ("26年", "2026年に"),
        ("3", "3.5"),
        ("35", "3.5"),
        ("6", "twenty-six"),
        ("May", "The Mayor spoke."),
        ("Vitamin A", "Vitamin C"),
        ("1000", "1,000,000"),
        ("公明党", "公明正大な党"),
        ("हिन्दी", "हिन्दु"),
        ("", "anything"),
        (" ", "any thing"),
        ("the", "a cat"),
        ("Komeito", ""),
        ("Komeito", "公明党"),
        ("1.5", "It cost $1.5m."),
        ("150", "150万円"),
        ("7 pm", "7 am"),
    ],
)
def test_what_only_looks_alike_is_not_found(answer, text):
    assert not present(answer, text)


@given(
    answer=ANSWERS,
    before=st.sampled_from(["", "It was ", "「", "said: (", "2 x "]),
    after=st.sampled_from(["", ".", " then", "」", ")!", "… so", "、"]),
)
def test_an_answer_stands_in_any_text_that_holds_it_between_spaces_or_marks(answer, before, after):
    assert present(answer, f"{before}{answer}{after}")


@given(answer=ANSWERS, text=TEXTS)
def test_letter_case_changes_nothing(answer, text):
    assume("ß" not in text + answer)
    assume(folded(text.upper()) == folded(text))
    assert present(answer, text) == present(answer.upper(), text) == present(answer, text.upper())


@given(answer=ANSWERS, text=TEXTS)
def test_the_width_of_characters_changes_nothing(answer, text):
    def widened(narrow: str) -> str:
        return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in narrow)

    assume(unicodedata.is_normalized("NFKC", text))
    assert present(answer, text) == present(widened(answer), text) == present(answer, widened(text))


@given(
    answer=ANSWERS, words=st.lists(WORDS, max_size=6), marks=st.sampled_from([" ", ", ", "; ", " – ", " «", "! ", ": "])
)
def test_punctuation_between_words_changes_nothing(answer, words, marks):
    parts = answer.split()
    plain = " ".join([*words, answer])
    assume(not re.search(r"\d \d{3}\b", plain))  # "1 000" is one number, "1; 000" is not
    assert present(answer, plain)
    assert present(marks.join(parts), plain)
    assert present(answer, marks.join([*words, *parts]))


@given(answer=JAPANESE, text=JAPANESE)
def test_in_japanese_presence_is_a_substring(answer, text):
    assert present(answer, text) == (answer in text)


def test_any_accepted_answer_will_do():
    assert present_any(["Paris", "Lutetia"], "They met in Lutetia.")
    assert not present_any([], "They met in Lutetia.")


@pytest.mark.parametrize(
    ("answer", "long"),
    [
        (" ".join(["word"] * 20), False),
        (" ".join(["word"] * 21), True),
        ("a " * 20 + "a", True),
        ("語" * 80, False),
        ("語の" * 40 + "語", True),
        ("word" * 30, False),
        ("", False),
    ],
)
def test_a_reference_has_more_than_twenty_words_or_eighty_characters(answer, long):
    assert is_reference(answer) is long


def test_tokens_are_those_of_squad():
    assert token_pair("The U.S. Army's 1,000 men!", "an  army") == (["us", "armys", "1000", "men"], ["army"])


def test_tokens_are_characters_where_either_side_is_japanese():
    assert token_pair("２６年、続いた。", "26 nen") == (list("26年続いた"), list("26nen"))
