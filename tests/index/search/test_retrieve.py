"""Retrieval: two legs fused, each with a say only over what it can read."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.search.keyword import Counted, Counts, KeywordIndex
from index.search.retrieve import retrieve
from index.settings import IndexSettings
from index.types import Chunk

ENGLISH = "The bridge replaced a ferry. Coal was carried across the harbor."
JAPANESE = "橋は1931年に開通した。港には渡し船があった。"
FRENCH = "Le pont est ouvert. Le charbon passait par le port."


class Shelf:
    """A library of one chunk an article, and a vector search that records what it was asked."""

    def __init__(self, embedder, *documents):
        self.embedder = embedder
        self.library = {document.id: document for document in documents}
        self.chunks = {}
        for document in documents:
            chunk = Chunk(document.id, 0, len(document.text), document.text)
            self.chunks[chunk.id] = chunk
        self.strangers = {}
        """Chunks the store holds and the library does not show: those of an update under way."""
        self.asked = []

    def nearest(self, vector, *, k, within=None):
        self.asked.append((k, within))
        held = {**self.chunks, **self.strangers}
        scored = [
            (-float(self.embedder.embed_documents([chunk.text])[0] @ vector), id)
            for id, chunk in held.items()
            if within is None or id in within
        ]
        return [id for _, id in sorted(scored)[:k]]

    def similarities(self, vector, ids):
        texts = {id: self.chunks[id].text for id in ids}
        return {id: float(self.embedder.embed_documents([text])[0] @ vector) for id, text in texts.items()}

    def retrieve(self, query, *, k=10, documents=None, wordings=(), **numbers):
        counted = [
            Counted(chunk.document, language, (id,), Counts.of([chunk], language))
            for id, chunk in self.chunks.items()
            for language in [self.library[chunk.document].language]
        ]
        return retrieve(
            query,
            k=k,
            wordings=wordings,
            embedder=self.embedder,
            store=self,
            keyword=KeywordIndex(counted),
            chunks=self.chunks,
            library=self.library,
            documents=documents,
            settings=IndexSettings(**numbers),
        )


@pytest.fixture
def mixed(make_embedder, article):
    """English, Japanese and French articles under an embedder that reads English."""
    return Shelf(
        make_embedder(frozenset({"en"})),
        article("en", ENGLISH),
        article("ja", JAPANESE, language="ja"),
        article("fr", FRENCH, language="fr"),
    )


def legs(found):
    """Which legs spoke for each document."""
    return {scored.chunk.document: (scored.dense is not None, scored.keyword is not None) for scored in found}


def test_both_legs_are_fused_and_their_scores_kept(make_embedder, article):
    shelf = Shelf(make_embedder(), article("a", "The bridge is new."), article("b", "Red sea."))
    first, second = shelf.retrieve("bridge")
    # Two candidates stand one deviation above and below the mean, in both legs: 1 + 0.5 and its opposite.
    assert (first.chunk.document, first.fused) == ("a", pytest.approx(0.8175744762))
    assert first.dense == pytest.approx(1.0, abs=0.01)
    assert first.keyword > 0
    assert (second.chunk.document, second.fused, second.keyword) == ("b", pytest.approx(0.1824255238), None)


def test_what_one_leg_alone_proposed_is_scored_by_the_other_too(make_embedder, article):
    shelf = Shelf(make_embedder(), article("a", "Red sea."), article("b", "The bridge, the ferry, the coal."))
    by_vector = shelf.nearest(shelf.embedder.embed_query("bridge red sea"), k=1)
    (scored,) = [
        found for found in shelf.retrieve("bridge red sea", candidates=1, k=2) if found.chunk.id == by_vector[0]
    ]
    assert all(found.dense is not None for found in shelf.retrieve("bridge red sea", candidates=1, k=2))
    assert scored.keyword is not None


def test_another_wording_is_searched_for_too_and_has_the_say_of_the_query(make_embedder, article):
    shelf = Shelf(make_embedder(), article("a", "The bridge."), article("b", "The ferry."), article("c", "Red sea."))
    alone = shelf.retrieve("bridge")
    assert alone[0].chunk.document == "a"
    both = shelf.retrieve("bridge", wordings=["ferry ferry", "bridge", " "])
    assert {scored.chunk.document for scored in both[:2]} == {"a", "b"}
    assert both[0].fused == pytest.approx(both[1].fused, abs=0.02)
    assert alone[0].fused > alone[1].fused + 0.3
    # The scores by leg stay those of the query.
    assert {(scored.chunk, scored.dense, scored.keyword) for scored in both} == {
        (scored.chunk, scored.dense, scored.keyword) for scored in alone
    }


@pytest.mark.parametrize(("few", "asked"), [(0, [(30, True)]), (500, [])])
def test_a_japanese_article_does_not_silence_the_dense_leg_for_the_english_one(mixed, monkeypatch, few, asked):
    monkeypatch.setattr("index.search.retrieve._FEW", few)
    found = mixed.retrieve("bridge or ferry?")
    assert legs(found) == {"en": (True, True)}
    assert [(k, within is not None) for k, within in mixed.asked] == asked


def test_among_few_chunks_the_nearest_are_found_though_no_search_reaches_them(mixed, monkeypatch):
    one = ["en"]
    monkeypatch.setattr("index.search.retrieve._FEW", 0)
    searched = mixed.retrieve("bridge or ferry?", documents=one)
    monkeypatch.setattr("index.search.retrieve._FEW", 500)
    monkeypatch.setattr(mixed, "nearest", None)
    assert mixed.retrieve("bridge or ferry?", documents=one) == searched != ()


@pytest.mark.parametrize(
    ("scope", "asked"),
    [
        (None, [(5, False)]),
        (range(10), [(5, True)]),
        (range(20, 40), [(5, False), (10, False), (20, False), (40, False)]),
    ],
)
def test_of_most_articles_the_others_are_left_out_after_the_search(make_embedder, article, monkeypatch, scope, asked):
    monkeypatch.setattr("index.search.retrieve._FEW", 0)
    texts = ["bridge"] * 20 + ["bridge ferry ferry"] * 20
    shelf = Shelf(make_embedder(), *(article(f"{number}", text) for number, text in enumerate(texts)))
    documents = None if scope is None else [f"{number}" for number in scope]
    found = shelf.retrieve("bridge", documents=documents, candidates=5, k=5)
    assert len(found) == 5
    assert {scored.chunk.document for scored in found} <= set(documents or shelf.library)
    assert [(k, within is not None) for k, within in shelf.asked] == asked


def test_a_search_of_many_chunks_is_wide_and_a_wider_one_costs_too_much(make_embedder, article, monkeypatch):
    shelf = Shelf(make_embedder(), *(article(f"{number}", "bridge") for number in range(900)))
    shelf.retrieve("bridge", candidates=5, k=5)
    monkeypatch.setattr("index.search.retrieve._WIDEST", 7)
    shelf.retrieve("bridge", candidates=5, k=5)
    assert shelf.asked == [(18, None), (7, None)]


@settings(max_examples=100, deadline=None)
@given(
    texts=st.lists(st.sampled_from(["bridge", "bridge ferry", "ferry", "coal coal", "red"]), min_size=1, max_size=30),
    chosen=st.sets(st.integers(0, 29), min_size=1),
    query=st.sampled_from(["bridge ferry", "coal", "nothing of these"]),
    candidates=st.integers(1, 6),
)
def test_a_scope_finds_the_same_however_it_is_searched(make_embedder, article, texts, chosen, query, candidates):
    shelf = Shelf(make_embedder(), *(article(str(number), text) for number, text in enumerate(texts)))
    scope = [str(number) for number in chosen]
    found = []
    for few in (0, 500):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("index.search.retrieve._FEW", few)
            found.append(shelf.retrieve(query, documents=scope, candidates=candidates, k=candidates))
    assert found[0] == found[1]


def test_an_embedder_that_cannot_read_the_question_has_no_say(mixed):
    found = mixed.retrieve("橋はいつ開通しましたか")
    assert legs(found) == {"ja": (False, True)}
    assert mixed.asked == []
    assert mixed.embedder.queries == []


def test_an_embedder_that_cannot_read_the_articles_has_no_say(mixed):
    found = mixed.retrieve("Le charbon?", documents=["fr", "ja"])
    assert legs(found) == {"fr": (False, True)}
    assert mixed.asked == []


def test_a_latin_question_is_taken_for_the_latin_language_of_the_articles_asked(mixed, make_embedder):
    mixed.embedder = make_embedder(frozenset({"fr"}))
    assert legs(mixed.retrieve("charbon", documents=["fr", "ja"]))["fr"] == (True, True)
    # With English articles among them it is taken for English, which this embedder does not read.
    assert legs(mixed.retrieve("charbon")) == {"fr": (False, True)}


def test_a_latin_name_finds_its_japanese_article_by_keyword_alone(make_embedder, article):
    shelf = Shelf(make_embedder(frozenset({"en"})), article("ja", "Komeitoは2016年に勝った。", language="ja"))
    assert legs(shelf.retrieve("Komeito 2016")) == {"ja": (False, True)}


def test_an_embedder_without_known_limits_reads_everything(mixed, make_embedder):
    mixed.embedder = make_embedder(None)
    assert set(legs(mixed.retrieve("橋"))) == {"en", "ja", "fr"}
    assert mixed.asked == [(30, None)]


def test_one_article_in_a_language_the_embedder_reads_is_searched_without_a_limit(make_embedder, article):
    shelf = Shelf(make_embedder(frozenset({"en"})), article("en", ENGLISH))
    shelf.retrieve("bridge")
    shelf.retrieve("bridge", documents=["en", "unknown", "en"])
    assert shelf.asked == [(30, None), (30, None)]


def test_a_search_can_be_limited_to_some_documents(mixed):
    assert legs(mixed.retrieve("ferry pont", documents=["fr"])) == {"fr": (False, True)}
    assert mixed.retrieve("ferry", documents=["unknown"]) == ()
    assert mixed.retrieve("ferry", documents=[]) == ()


@pytest.mark.parametrize(("query", "k"), [("", 5), (" \n", 5), ("bridge", 0), ("bridge", -1)])
def test_nothing_asked_nothing_found(mixed, query, k):
    assert mixed.retrieve(query, k=k) == ()
    assert mixed.asked == []


def test_an_empty_library_answers_nothing(embedder):
    assert Shelf(embedder).retrieve("bridge") == ()


def test_chunks_of_an_update_under_way_neither_show_nor_crowd_out(make_embedder, article):
    shelf = Shelf(make_embedder(), article("a", "Red sea."), article("b", "Blue sea."))
    for number in range(50):
        stranger = Chunk("a", number, number + 6, "bridge")
        shelf.strangers[stranger.id] = stranger
    assert set(legs(shelf.retrieve("bridge", candidates=1, k=1))) <= {"a", "b"}
    assert {scored.chunk.document for scored in shelf.retrieve("bridge", candidates=2, k=2)} == {"a", "b"}


def test_a_query_of_broken_characters_is_searched_all_the_same(make_embedder, article):
    shelf = Shelf(make_embedder(), article("a", ENGLISH))
    assert legs(shelf.retrieve("bridge \udce9 caf\udce9")) == {"a": (True, True)}
    assert shelf.embedder.queries == ["bridge ? caf?"]


@settings(max_examples=50, deadline=None)
@given(
    texts=st.lists(st.sampled_from(["bridge", "ferry", "coal coal", "red"]), min_size=1, max_size=12),
    query=st.text(st.sampled_from("bridge ferycoal 橋")) | st.sampled_from(["bridge ferry", "coal"]),
    k=st.integers(1, 15),
)
def test_what_is_found_is_ordered_by_score_and_then_by_chunk_id(make_embedder, article, texts, query, k):
    documents = [article(str(number), text) for number, text in enumerate(texts)]
    found = Shelf(make_embedder(), *documents).retrieve(query, k=k)
    assert len(found) == (min(k, len(texts)) if query.strip() else 0)
    keys = [(-scored.fused, scored.chunk.id) for scored in found]
    assert keys == sorted(keys)
    again = Shelf(make_embedder(), *reversed(documents)).retrieve(query, k=k)
    assert again == found
    assert all(np.isfinite(scored.fused) for scored in found)
