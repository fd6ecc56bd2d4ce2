"""Keyword search: BM25 over stems and bigrams, each document by its own language."""

import bm25s
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.search.keyword import Counted, Counts, KeywordIndex, Vocabulary
from index.text.words import terms
from index.types import Chunk


def counted(chunks, languages):
    """Return the articles of chunks, each with the language of its document."""
    articles = [(chunk.document, language) for chunk, language in zip(chunks, languages, strict=True)]
    held = [
        [chunk for chunk, its in zip(chunks, articles, strict=True) if its == one] for one in dict.fromkeys(articles)
    ]
    return [
        Counted(document, language, tuple(chunk.id for chunk in each), Counts.of(each, language))
        for (document, language), each in zip(dict.fromkeys(articles), held, strict=True)
    ]


def keywords(chunks, *, languages):
    return KeywordIndex(counted(chunks, languages))


def chunk(text, document="a", start=0, heading=""):
    return Chunk(document, start, start + len(text), text, heading)


BRIDGE = chunk("The bridge was designed by Elena Ruiz.", "en")
FERRY = chunk("A ferry carried coal for sixty years.", "en", 100)
TOKYO = chunk("東京都知事選挙は七月に行われた。", "ja")
OSAKA = chunk("大阪の橋は新しい。", "ja", 100)
LIBRARY = keywords([BRIDGE, FERRY, TOKYO, OSAKA], languages=["en", "en", "ja", "ja"])


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
    library = keywords([haus, houses], languages=["de", "en"])
    assert [id for id, _ in library.search("Haus", k=5)] == [haus.id]
    assert [id for id, _ in library.search("house", k=5)] == [houses.id]


def test_a_heading_is_searched_with_its_chunk():
    crew = chunk("Ann Lee steered.", heading="The crew")
    assert [id for id, _ in keywords([crew], languages=["en"]).search("crew", k=1)] == [crew.id]


def test_a_search_can_be_limited_to_some_documents():
    assert found("bridge 東京", documents=["ja"]) == [TOKYO.id]
    assert found("bridge", documents=["ja"]) == []
    assert found("bridge", documents=[]) == []


def test_scores_agree_with_lucenes_formula():
    # One chunk of three holds the term once; chunks are 2 terms long on average, this one 2:
    # ln(1 + (3 - 1 + 0.5) / (1 + 0.5)) * 1 / (1 + 1.2 * (1 - 0.75 + 0.75 * 2 / 2)) = 0.980829 / 2.2
    chunks = [chunk("coal ferry"), chunk("red sea", start=20), chunk("old man", start=40)]
    ((id, score),) = keywords(chunks, languages=["en"] * 3).search("coal", k=3)
    assert (id, score) == (chunks[0].id, pytest.approx(0.980829 / 2.2, rel=1e-4))


def test_equal_scores_are_ordered_by_id():
    chunks = [chunk("red sea", start=start) for start in range(0, 200, 20)]
    hits = keywords(chunks, languages=["en"] * 10).search("sea", k=4)
    assert [id for id, _ in hits] == sorted(chunk.id for chunk in chunks)[:4]


@pytest.mark.parametrize("query", ["", "  ", "!?", "zebra", "\x00", "x" * 100_000])
def test_a_query_without_a_known_word_finds_nothing(query):
    assert found(query) == []


@pytest.mark.parametrize("chunks", [[], [chunk("…")]])
def test_a_library_without_words_answers_nothing(chunks):
    assert keywords(chunks, languages=["en"] * len(chunks)).search("bridge", k=3) == []


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
    index = keywords(chunks, languages=["en"] * len(chunks))
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
    index = keywords(chunks, languages=[language for _, language, _ in texts])
    everything = [*sorted({each.document for each in chunks}, reverse=True), "a", "unknown"]
    assert index.search(query, k=k, documents=everything) == index.search(query, k=k)


def test_chunks_asked_for_are_scored_after_the_best_whatever_their_rank() -> None:
    chunks = [
        Chunk("d", n, n + 4, text) for n, text in enumerate(["coal coal coal", "coal", "coal ferry bridge", "sea"])
    ]
    index = keywords(chunks, languages=["en"] * 4)
    whole = index.search("coal", k=4)
    assert index.search("coal", k=1, also=[chunk.id for chunk in chunks]) == [whole[0], *sorted(whole[1:])]


TEXTS = st.lists(
    st.tuples(st.sampled_from("abcde"), st.sampled_from(["en", "ja"]), st.text("xyz 東京", max_size=12)), max_size=20
)


@given(TEXTS, st.text("xyz 東京", max_size=6))
def test_scores_are_those_of_another_implementation(texts, query):
    chunks = [chunk(text, document, start) for start, (document, _, text) in enumerate(texts)]
    languages = [language for _, language, _ in texts]
    corpus = [terms(each.search_text, language) for each, language in zip(chunks, languages, strict=True)]
    expected = {}
    if any(corpus):
        other = bm25s.BM25(k1=1.2, b=0.75, method="lucene", backend="numpy", dtype="float64")
        other.index(corpus, show_progress=False)
        for language in set(languages):
            if words := [word for word in terms(query, language) if word in other.vocab_dict]:
                scores = zip(chunks, languages, other.get_scores(words).tolist(), strict=True)
                expected |= {each.id: score for each, its, score in scores if its == language and score > 0}
    found = dict(keywords(chunks, languages=languages).search(query, k=100))
    assert found == pytest.approx(expected, rel=1e-6)


@given(TEXTS)
def test_counts_come_back_from_their_bytes(texts):
    chunks = [chunk(text, document, start) for start, (document, _, text) in enumerate(texts)]
    counts = Counts.of(chunks, "en")
    again = Counts.unpacked(counts.packed())
    assert again.terms == counts.terms
    for name in ("ends", "columns", "numbers"):
        assert getattr(again, name).tolist() == getattr(counts, name).tolist()


@given(TEXTS, st.sets(st.integers(0, 4)), TEXTS, st.text("xyz 東京", max_size=6))
def test_an_index_that_follows_another_is_as_one_made_alone_and_leaves_the_other_as_it_was(before, gone, more, query):
    chunks = [chunk(text, document, start) for start, (document, _, text) in enumerate(before)]
    first = counted(chunks, [language for _, language, _ in before])
    added = [chunk(text, f"new {document}", start) for start, (document, _, text) in enumerate(more)]
    second = [article for place, article in enumerate(first) if place not in gone]
    second += counted(added, [language for _, language, _ in more])
    vocabulary = Vocabulary()
    former = KeywordIndex(first, vocabulary)
    following = KeywordIndex(second, vocabulary)
    for index, articles in ((former, first), (following, second)):
        assert index.search(query, k=100) == KeywordIndex(articles).search(query, k=100)
