"""What the reader reads: everything that fits, in order, and where each sentence stands in it."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers

from assistant.proof.layout import MOST, WINDOW, Laid, for_check, in_windows


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """One token a letter."""
    made = Tokenizer(models.WordLevel({chr(97 + n): 10 + n for n in range(26)} | {"?": 9}, unk_token="?"))
    made.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    return made


words = st.text("abc", min_size=1, max_size=40)
many = st.lists(st.text("abc", min_size=15, max_size=40), min_size=20, max_size=40)
"""More than one window holds."""


def _holds(laid: Laid, sentences: list[str]) -> None:
    assert len(laid.ids) <= MOST
    assert len(laid.ranges) == len(laid.offsets) <= len(sentences)
    for tokens, offsets, sentence in zip(laid.ranges, laid.offsets, sentences, strict=False):
        read = "".join(sentence[start:end] for start, end in offsets)
        assert sentence.startswith(read)
        assert [laid.ids[place] for place in tokens][:-1] == [10 + ord(letter) - 97 for letter in read]
        assert laid.ids[tokens.stop - 1] == 2


@settings(deadline=None)
@given(words, st.lists(words, min_size=1, max_size=40) | many, st.integers(100, WINDOW))
def test_windows_hold_every_sentence_once_and_whole(
    tokenizer: Tokenizer, question: str, sentences: list[str], most: int
) -> None:
    at = 0
    for laid in in_windows(tokenizer, question, sentences, most=most):
        assert len(laid.ids) <= most
        assert laid.ids[0] == 0
        _holds(laid, sentences[at:])
        at += len(laid.ranges)
        assert [offsets[-1][1] for offsets in laid.offsets] == [len(s) for s in sentences[at - len(laid.ranges) : at]]
    assert at == len(sentences)


@settings(deadline=None)
@given(words, many)
def test_a_window_is_left_only_by_a_sentence_that_does_not_fit(
    tokenizer: Tokenizer, question: str, sentences: list[str]
) -> None:
    windows = in_windows(tokenizer, question, sentences)
    assert len(windows) > 1
    for laid, later in pairwise(windows):
        assert len(laid.ids) + len(later.ranges[0]) > WINDOW


@settings(deadline=None)
@given(words, words, st.lists(words, min_size=1, max_size=4))
def test_a_check_is_told_from_a_reading(tokenizer: Tokenizer, question: str, said: str, cited: list[str]) -> None:
    check = for_check(tokenizer, question, said, cited)
    _holds(check, cited)
    assert check.ids[:2] != in_windows(tokenizer, question, cited)[0].ids[:2]


def test_a_sentence_too_long_for_one_pass_is_cut(tokenizer: Tokenizer) -> None:
    [laid] = in_windows(tokenizer, "a", ["b" * 2 * MOST])
    assert len(laid.ids) == WINDOW
    assert len(laid.ranges) == 1
