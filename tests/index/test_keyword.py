"""Keyword search: BM25 over stems and bigrams, each document by its own language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.keyword import KeywordIndex
from index.types import Chunk


def chunk(text, document="a", start=0, heading=""):
    return Chunk(document, start, start + len(text), text, heading)


BRIDGE = chunk("The bridge was designed by Elena Ruiz.", "en")
FERRY = chunk("A ferry carried coal for sixty years.", "en", 100)
TOKYO = chunk("東京都知事選挙は七月に行われた。", "ja")
OSAKA = chunk("大阪の橋は新しい。", "ja", 100)
LIBRARY = KeywordIndex([BRIDGE, FERRY, TOKYO, OSAKA], languages=["en", "en", "ja", "ja"])


def found(query, **options):
    return [id for id, _ in LIBRARY.search(query, k=10, **options)]


def test_a_word_finds_its_other_forms():
    assert found("designing bridges") == [BRIDGE.id]


def test_japanese_is_found_without_spaces():
    assert found("知事選挙") == [TOKYO.id]
    assert found("大阪にはどんな橋がありますか") == [OSAKA.id]


def test_a_single_japanese_character_is_not_found_inside_a_longer_run():
    assert found("選") == []


def test_each_article_is_searched_in_its_own_language():
    haus = chunk("Viele Häuser brannten.", "de")
    houses = chunk("Many houses burned.", "en")
    library = KeywordIndex([haus, houses], languages=["de", "en"])
    assert [id for id, _ in library.search("Haus", k=5)] == [haus.id]
    assert [id for id, _ in library.search("house", k=5)] == [houses.id]


def test_a_heading_is_searched_with_its_chunk():
    crew = chunk("Ann Lee steered.", heading="The crew")
    assert [id for id, _ in KeywordIndex([crew], languages=["en"]).search("crew", k=1)] == [crew.id]


def test_a_search_can_be_limited_to_some_documents():
    assert found("bridge 東京", documents=["ja"]) == [TOKYO.id]
    assert found("bridge", documents=["ja"]) == []
    assert found("bridge", documents=[]) == []


def test_scores_agree_with_lucenes_formula():
    # One chunk of three holds the term once; chunks are 2 terms long on average, this one 2:
    # ln(1 + (3 - 1 + 0.5) / (1 + 0.5)) * 1 / (1 + 1.2 * (1 - 0.75 + 0.75 * 2 / 2)) = 0.980829 / 2.2
    chunks = [chunk("coal ferry"), chunk("red sea", start=20), chunk("old man", start=40)]
    ((id, score),) = KeywordIndex(chunks, languages=["en"] * 3).search("coal", k=3)
    assert (id, score) == (chunks[0].id, pytest.approx(0.980829 / 2.2, rel=1e-4))


def test_equal_scores_are_ordered_by_id():
    chunks = [chunk("red sea", start=start) for start in range(0, 200, 20)]
    hits = KeywordIndex(chunks, languages=["en"] * 10).search("sea", k=4)
    assert [id for id, _ in hits] == sorted(chunk.id for chunk in chunks)[:4]


@pytest.mark.parametrize("query", ["", "  ", "!?", "zebra", "\x00", "x" * 100_000])
def test_a_query_without_a_known_word_finds_nothing(query):
    assert found(query) == []


@pytest.mark.parametrize("chunks", [[], [chunk("…")]])
def test_a_library_without_words_answers_nothing(chunks):
    assert KeywordIndex(chunks, languages=["en"] * len(chunks)).search("bridge", k=3) == []


@given(st.text(), st.integers(0, 5))
def test_any_query_gives_at_most_k_hits_with_scores_above_zero_best_first(query, k):
    hits = LIBRARY.search(query, k=k)
    assert len(hits) <= k
    assert all(score > 0 for _, score in hits)
    assert hits == sorted(hits, key=lambda hit: (-hit[1], hit[0]))


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.text("xyz ", min_size=1, max_size=8)), min_size=1, max_size=30),
    st.text("xyz ", max_size=6),
    st.integers(1, 40),
    st.sets(st.sampled_from("abcd")),
)
def test_the_k_best_of_some_documents_are_those_of_the_whole_ranking(texts, query, k, documents):
    chunks = [chunk(text, document, start) for start, (document, text) in enumerate(texts)]
    index = KeywordIndex(chunks, languages=["en"] * len(chunks))
    document_of = {each.id: each.document for each in chunks}
    whole = index.search(query, k=len(chunks))
    assert index.search(query, k=k) == whole[:k]
    assert (
        index.search(query, k=k, documents=documents) == [hit for hit in whole if document_of[hit[0]] in documents][:k]
    )


@given(
    st.lists(
        st.tuples(st.sampled_from("abcde"), st.sampled_from(["en", "ja"]), st.text("xyz 東京", max_size=8)), max_size=30
    ),
    st.text("xyz 東京", max_size=6),
    st.integers(1, 40),
)
def test_a_search_limited_to_all_documents_is_one_without_limits(texts, query, k):
    chunks = [chunk(text, document, start) for start, (document, _, text) in enumerate(texts)]
    index = KeywordIndex(chunks, languages=[language for _, language, _ in texts])
    everything = [*sorted({each.document for each in chunks}, reverse=True), "a", "unknown"]
    assert index.search(query, k=k, documents=everything) == index.search(query, k=k)


def test_chunks_asked_for_are_scored_after_the_best_whatever_their_rank() -> None:
    chunks = [
        Chunk("d", n, n + 4, text) for n, text in enumerate(["coal coal coal", "coal", "coal ferry bridge", "sea"])
    ]
    index = KeywordIndex(chunks, languages=["en"] * 4)
    whole = index.search("coal", k=4)
    assert index.search("coal", k=1, also=[chunk.id for chunk in chunks]) == [whole[0], *sorted(whole[1:])]
