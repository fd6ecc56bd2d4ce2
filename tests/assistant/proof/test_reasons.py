"""A reason is told from what followed from it."""

import pytest

from assistant.proof.reasons import gives_reason, only_follows


@pytest.mark.parametrize(
    "sentence",
    [
        "That is why no tunnel was built.",
        "As a result, the ferry closed.",
        "Therefore the board resigned.",
        "そのため、橋は閉鎖された。",
        "したがって橋は残った。",
    ],
)
def test_what_only_followed_gives_no_reason(sentence: str) -> None:
    assert only_follows(sentence)
    assert not gives_reason(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "As a result of the flood, the ferry closed.",
        "Therefore, because costs rose, they left.",
        "They left in order to save money.",
        "洪水のため橋は閉鎖された。",
        "予算がないから、やめた。",
    ],
)
def test_a_reason_given_in_so_many_words_is_seen(sentence: str) -> None:
    assert gives_reason(sentence)
    assert not only_follows(sentence)


@pytest.mark.parametrize("sentence", ["The bridge is old.", "駅から港まで歩いた。", "旅のための金を集めた。"])
def test_a_sentence_may_be_neither(sentence: str) -> None:
    assert not gives_reason(sentence)
    assert not only_follows(sentence)
