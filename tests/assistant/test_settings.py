"""How sure the reader must be, in one word."""

from itertools import pairwise

from assistant.settings import CAUTIONS, DEFAULT_CAUTION, Settings


def test_each_caution_asks_for_more_than_the_bolder_one() -> None:
    for cautious, bolder in pairwise(Settings().at(caution) for caution in CAUTIONS):
        assert cautious.answerable > bolder.answerable
        assert cautious.supported > bolder.supported
        assert cautious.quotable > bolder.quotable


def test_settings_that_name_no_caution_are_the_default_ones() -> None:
    assert Settings() == Settings().at(DEFAULT_CAUTION)


def test_a_quoted_sentence_must_always_be_surer_than_one_a_model_wrote() -> None:
    assert all(Settings().at(caution).quotable > Settings().at(caution).supported for caution in CAUTIONS)
