"""A sentence that says a thing rose proves nothing that fell."""

import pytest

from assistant.proof.opposites import says_opposite

TURNED = [
    ("en", "Prices rose by 5 percent.", "Prices fell by 5 percent."),
    ("en", "At least 40 boats sank.", "At most 40 boats sank."),
    ("en", "The museum opened in 2001.", "The museum closed in 2001."),
    ("en", "The pier was built before the war.", "The pier was built after the war."),
    ("en", "It was the largest lock.", "It was the smallest lock."),
    ("en", "The pier closed in spring 2021.", "The pier closed in autumn 2021."),
    ("en", "The northern pier closed.", "The southern pier closed."),
    ("en", "Hundreds of boats sank.", "Thousands of boats sank."),
    ("en", "It closed early in 2021.", "It closed late in 2021."),
    ("ja", "数百人が降りた。", "数千人が降りた。"),
    ("ja", "運賃は5%上昇した。", "運賃は5%低下した。"),
    ("ja", "船は海戦に勝った。", "船は海戦に負けた。"),
]


@pytest.mark.parametrize(("language", "sentence", "statement"), TURNED)
def test_a_word_turned_into_its_opposite_is_seen_both_ways(language: str, sentence: str, statement: str) -> None:
    assert says_opposite(statement, sentence, language)
    assert says_opposite(sentence, statement, language)
    assert not says_opposite(sentence, sentence, language)


@pytest.mark.parametrize(
    ("sentence", "statement"),
    [
        ("Prices rose in May and fell in June.", "Prices fell in June."),
        ("Prices increased by 5 percent.", "Prices rose by 5 percent."),
        ("The works will start by the end of March.", "The works begin in March."),
        ("The work is to be done by the end of March.", "The works begin in March."),
        ("Prices did not rise.", "Prices fell or stayed."),
    ],
)
def test_other_words_for_the_same_and_what_is_denied_are_left_to_the_other_checks(
    sentence: str, statement: str
) -> None:
    assert not says_opposite(statement, sentence, "en")
