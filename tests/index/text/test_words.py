"""Terms: stems of words, bigrams of scripts without spaces, and what two spellings of one thing share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text.words import fold, terms


def test_words_become_stems_in_order_and_with_repeats():
    assert terms("The bridges carried a bridge, carrying coal.") == [
        "the", "bridg", "carri", "a", "bridg", "carri", "coal",
    ]  # fmt: skip


def test_words_are_stemmed_in_the_language_of_their_article():
    assert terms("Häuser", "de") == terms("Haus", "de") == ["haus"]
    assert terms("Häuser", "en") != terms("Haus", "en")


def test_a_language_without_a_stemmer_is_stemmed_as_english():
    assert terms("bridges", "xx") == terms("bridges", "en")


def test_runs_of_japanese_become_bigrams_and_words_among_them_stay_words():
    assert terms("東京都の橋はJR東日本", "ja") == ["東京", "京都", "都の", "の橋", "橋は", "jr", "東日", "日本"]


def test_a_single_japanese_character_is_a_term():
    assert terms("橋 2016", "ja") == ["橋", "2016"]


def test_a_bigram_never_crosses_a_space_or_punctuation():
    assert terms("橋、川", "ja") == ["橋", "川"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1,234,567 people", "1234567 people"),
        ("２０１６年", "2016年"),
        ("ﾀﾜｰ", "タワー"),
        ("Ruiz's bridge", "Ruiz bridge"),
        ("don’t", "don't"),
        ("STRASSE", "straße"),
        ("cafe\u0301", "café"),
    ],
)
def test_two_spellings_of_one_thing_give_equal_terms(one, other):
    assert terms(one) == terms(other)


@pytest.mark.parametrize("text", ["3,14", "12,3456", "in 1931, 200 people", "1,a"])
def test_a_comma_that_parts_no_thousands_stays(text):
    assert "," in fold(text)


@pytest.mark.parametrize("text", ["", "  \n", "…!?", "。、"])
def test_a_text_without_words_has_no_terms(text):
    assert terms(text) == []


@given(st.text())
def test_any_text_has_terms_that_are_never_empty(text):
    assert all(terms(text))
    assert terms(text) == terms(text)


@given(st.lists(st.sampled_from(["bridge", "東京", "1,000", "Ruiz's"])), st.sampled_from(["en", "ja", "de"]))
def test_the_terms_of_a_text_are_those_of_its_words(words, language):
    assert terms(" ".join(words), language) == [term for word in words for term in terms(word, language)]
