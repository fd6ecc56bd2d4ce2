"""What a case counts as: its cluster and its tags."""

from __future__ import annotations

from assistant.types import Turn
from evals.numbers.counting import cluster_of, tags_of
from evals.types import EvalCase


def case(id="1", *, articles=("a",), question="What?", **fields):
    return EvalCase("demo", id, question, True, articles, **fields)


def test_one_article_is_the_cluster_also_of_a_follow_up():
    history = (Turn("user", "Who?"), Turn("assistant", "She."))
    assert cluster_of(case()) == cluster_of(case("2", history=history)) == "article:a"


def test_a_changed_copy_of_an_article_counts_as_the_article():
    assert cluster_of(case(articles=("a~0f3c9a21bd",))) == "article:a"
    assert cluster_of(case(articles=("https://site/~ada",))) == "article:https://site/~ada"


def test_several_articles_are_clustered_by_conversation():
    many = ("a", "b")
    first = case("1", articles=many, question="Who?")
    later = case("2", articles=many, history=(Turn("user", "Who?"), Turn("assistant", "She."), Turn("user", "When?")))
    other = case("3", articles=many, question="Where?")
    assert cluster_of(first) == cluster_of(later) != cluster_of(other)
    assert cluster_of(case("talk<::>1", articles=many)) == cluster_of(case("talk<::>2~deleted", articles=many))
    assert cluster_of(case("x", articles=many, question="\ud800")).startswith("conversation:")


def test_a_tag_counts_once_and_one_that_names_a_case_does_not():
    assert tags_of(case(tags=("b", "a", "b", "twin-of:1"))) == ("b", "a")
