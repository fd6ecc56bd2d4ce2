"""What the reader reads: everything that fits, in order, and where each sentence stands in it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers

from assistant.proof.layout import MOST, WINDOW, Laid, for_check, for_reading, in_windows


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """One token a letter."""
    made = Tokenizer(models.WordLevel({chr(97 + n): 10 + n for n in range(26)} | {"?": 9}, unk_token="?"))
    made.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    return made


words = st.text("abc", min_size=1, max_size=40)


def _holds(laid: Laid, sentences: list[str]) -> None:
    assert len(laid.ids) <= MOST
    assert len(laid.ranges) == len(laid.offsets) <= len(sentences)
    for tokens, offsets, sentence in zip(laid.ranges, laid.offsets, sentences, strict=False):
        read = "".join(sentence[start:end] for start, end in offsets)
        assert sentence.startswith(read)
        assert [laid.ids[place] for place in tokens][:-1] == [10 + ord(letter) - 97 for letter in read]
        assert laid.ids[tokens.stop - 1] == 2


@settings(deadline=None)
@given(words, st.lists(words, min_size=1, max_size=40))
def test_a_reading_holds_the_question_and_the_sentences_that_fit(
    tokenizer: Tokenizer, question: str, sentences: list[str]
) -> None:
    laid = for_reading(tokenizer, question, sentences)
    _holds(laid, sentences)
    assert laid.ids[0] == 0
    assert len(laid.ranges) == len(sentences) or len(laid.ids) > WINDOW - 60


@settings(deadline=None)
@given(words, st.lists(words, min_size=1, max_size=40), st.integers(100, WINDOW))
def test_windows_hold_every_sentence_once_and_whole(
    tokenizer: Tokenizer, question: str, sentences: list[str], most: int
) -> None:
    at = 0
    for laid in in_windows(tokenizer, question, sentences, most=most):
        assert len(laid.ids) <= most
        _holds(laid, sentences[at:])
        at += len(laid.ranges)
        assert [offsets[-1][1] for offsets in laid.offsets] == [len(s) for s in sentences[at - len(laid.ranges) : at]]
    assert at == len(sentences)


@settings(deadline=None)
@given(words, words, st.lists(words, min_size=1, max_size=4))
def test_a_check_is_told_from_a_reading(tokenizer: Tokenizer, question: str, said: str, cited: list[str]) -> None:
    check = for_check(tokenizer, question, said, cited)
    _holds(check, cited)
    assert check.ids[:2] != for_reading(tokenizer, question, cited).ids[:2]


def test_a_sentence_too_long_for_one_pass_is_cut(tokenizer: Tokenizer) -> None:
    laid = for_reading(tokenizer, "a", ["b" * 2 * MOST])
    assert len(laid.ids) == WINDOW
    assert len(laid.ranges) == 1
