"""Which articles are kept for measuring."""

from hypothesis import given
from hypothesis import strategies as st

from evals.cases.held_out import is_held_out


@given(st.text(alphabet=st.characters(exclude_characters=":"), min_size=1, max_size=20))
def test_an_article_of_two_sets_is_on_the_same_side(id: str) -> None:
    assert is_held_out(f"one:{id}") == is_held_out(f"other:{id}") == is_held_out(id)


def test_about_half_of_all_articles_are_held_out() -> None:
    assert 400 < sum(is_held_out(f"article {number}") for number in range(1000)) < 600
