"""An index equals its articles: whatever is added, removed, damaged or asked meanwhile."""

import subprocess
import sys
import threading
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.build import Index, fingerprint
from index.errors import StoreError, UnknownArticleError
from index.settings import IndexSettings
from index.vectors.cache import Cache
from index.vectors.embed import SentenceTransformerEmbedder


def shown(index, query="bridge ferry coal harbor sea", **options):
    """The documents a query finds."""
    return {scored.chunk.document for scored in index.retrieve(query, k=1000, **options)}


def everything(index, query="bridge"):
    return index.retrieve(query, k=1000)


def test_what_was_given_can_be_found_and_is_listed_in_its_order(open_index, library):
    index = open_index()
    index.update(library)
    assert index.documents() == tuple(library)
    assert index.retrieve("bridge", k=1)[0].chunk.document == "bridge"
    index.update(library[::-1])
    assert index.documents() == tuple(library[::-1])
    assert index.document("sea") == library[2]


def test_every_chunk_is_its_place_in_the_article(open_index, library):
    index = open_index(chunk_tokens=16)
    index.update(library)
    for scored in everything(index):
        document = index.document(scored.chunk.document)
        assert document.text[scored.chunk.start : scored.chunk.end] == scored.chunk.text


def test_an_unknown_article_is_answered_with_the_known_ones(open_index, library):
    index = open_index()
    index.update(library)
    with pytest.raises(UnknownArticleError, match=r"no article 'x' in the library. Known: bridge, ferry, sea\."):
        index.document("x")


def test_an_update_embeds_only_what_is_new(open_index, library, embedder, article):
    index = open_index()
    index.update(library[:2])
    embedder.embedded.clear()
    index.update(library)
    assert {text.partition("\n")[0] for text in embedder.embedded} == {"sea"}
    embedder.embedded.clear()
    index.update(library[1:])
    index.update(library)
    index.update([*library, article("sea2", library[2].text, title="sea")])
    assert embedder.embedded == []


def test_an_article_under_another_title_is_embedded_anew(open_index, article):
    renamed = [article("a", "The bridge. " * 300, title="coal")]
    walked, fresh = open_index(chunk_tokens=16), open_index(chunk_tokens=16)
    walked.update([article("a", "The bridge. " * 300, title="ferry")])
    walked.update(renamed)
    fresh.update(renamed)
    assert everything(walked, "coal") == everything(fresh, "coal")
    assert walked.notice is None


def test_progress_counts_the_chunks_to_embed(open_index, article, monkeypatch):
    monkeypatch.setattr("index.build._EMBED_BATCH", 2)
    index = open_index()
    told = []
    documents = [article(str(number), f"Bridge {number}.") for number in range(5)]
    index.update(documents, progress=lambda *done: told.append(done))
    index.update(documents, progress=lambda *done: told.append(done))
    assert told == [(2, 5), (4, 5), (5, 5)]


def test_long_texts_are_embedded_first_and_equal_ones_once(open_index, embedder, article):
    open_index().update(
        [article(id, text, title="t") for id, text in [("a", "Sea."), ("b", "Red sea."), ("c", "Sea.")]]
    )
    assert embedder.embedded == ["t\nRed sea.", "t\nSea."]


def test_an_index_of_nothing_answers_nothing(open_index):
    index = open_index()
    assert (index.documents(), everything(index)) == ((), ())
    index.update([])
    assert (index.documents(), everything(index)) == ((), ())


def test_an_article_of_one_word_is_found(open_index, article):
    index = open_index()
    index.update([article("a", "Bridge")])
    (found,) = index.retrieve("bridges", k=5)
    assert (found.chunk.text, found.chunk.start, found.chunk.end) == ("Bridge", 0, 6)


def test_two_articles_of_identical_text_are_both_found(open_index, article):
    index = open_index()
    index.update([article("a", "The bridge.", title="t"), article("b", "The bridge.", title="t")])
    one, other = index.retrieve("bridge", k=5)
    assert {one.chunk.document, other.chunk.document} == {"a", "b"}
    assert (one.dense, one.keyword) == (other.dense, other.keyword)
    assert one.chunk.id < other.chunk.id
    assert shown(index, documents=["b"]) == {"b"}


def test_removing_the_last_article_leaves_nothing(open_index, library, tmp_path):
    index = open_index(tmp_path)
    index.update(library[:1])
    index.update([])
    assert (index.documents(), everything(index)) == ((), ())
    assert index._store.ids() == set()
    index.update(library[1:2])
    assert shown(index) == {"ferry"}


def test_of_two_documents_with_one_id_the_later_counts(open_index, article):
    index = open_index()
    index.update([article("a", "Red sea."), article("a", "The bridge.")])
    assert [document.text for document in index.documents()] == ["The bridge."]
    assert all("bridge" in scored.chunk.text for scored in everything(index))


def test_two_builds_give_equal_ids_scores_and_order(open_index, library, tmp_path, make_embedder):
    first, second = open_index(tmp_path / "one"), open_index(tmp_path / "two", by=make_embedder())
    first.update(library)
    second.update([])
    second.update(library[2:])
    second.update(library)
    for query in ("bridge", "coal ferry", "1931", "sea harbor"):
        assert everything(first, query) == everything(second, query)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.sets(st.integers(0, 5)), min_size=1, max_size=6))
def test_any_row_of_updates_ends_where_the_last_one_alone_would(make_embedder, article, tmp_path_factory, rows):
    articles = [article(str(number), f"Bridge {number}. " * (1 + 30 * number)) for number in range(6)]
    folder = tmp_path_factory.mktemp("index")
    numbers = IndexSettings(chunk_tokens=32)
    with closing(Cache(None)) as cache:
        walked = Index(embedder=make_embedder(), settings=numbers, cache=cache, folder=folder)
        for row in rows:
            walked.update([articles[number] for number in sorted(row)])
        fresh = Index(embedder=make_embedder(), settings=numbers, cache=cache)
        fresh.update([articles[number] for number in sorted(rows[-1])])
        assert walked.documents() == fresh.documents()
        assert everything(walked) == everything(fresh)
        assert walked.notice is None
        walked.close()
        fresh.close()


# Threads


def test_a_query_during_updates_sees_one_set_and_never_half(open_index, article):
    index = open_index(chunk_tokens=16)
    old = [article(f"old{number}", f"The bridge {number} old. " * 8) for number in range(6)]
    new = [article(f"new{number}", f"The bridge {number} new. " * 8) for number in range(6)]
    index.update(new)
    expected_new = everything(index)
    index.update(old)
    expected_old = everything(index)
    stop, failures, seen = threading.Event(), [], set()

    def ask():
        while not stop.is_set():
            try:
                found = everything(index)
            except Exception as error:  # noqa: BLE001 - whatever a query meets fails the test
                failures.append(error)
                return
            if found not in (expected_old, expected_new):
                failures.append(found)
            seen.add(found[0].chunk.document[:3])

    asking = [threading.Thread(target=ask) for _ in range(3)]
    for thread in asking:
        thread.start()
    for number in range(8):
        index.update(new if number % 2 == 0 else old)
    stop.set()
    for thread in asking:
        thread.join()
    assert failures == []
    assert seen == {"old", "new"}


def test_indexes_in_memory_do_not_see_each_other_and_close_to_nothing(open_index, library, make_embedder):
    one, other = open_index(), open_index(by=make_embedder())
    one.update(library[:1])
    other.update(library[1:])
    assert shown(one) == {"bridge"}
    one.close()
    assert shown(other) == {"ferry", "sea"}
    third = open_index()
    assert shown(third) == set()
    assert third._store.ids() == set()


def test_a_closed_index_says_so(open_index, library, tmp_path):
    for index in (open_index(), open_index(tmp_path)):
        index.update(library)
        index.close()
        index.close()
        with pytest.raises(StoreError, match=r"^the index .*is closed$"):
            everything(index)
        with pytest.raises(StoreError, match=r"^the index .*is closed$"):
            index.update([])


def test_an_index_folder_that_cannot_be_listed_is_told_in_one_line(open_index, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("pathlib.Path.glob", refuse)
    with pytest.raises(StoreError) as caught:
        open_index(tmp_path)
    assert str(caught.value) == (
        f"the index folder {tmp_path} cannot be read (Input/output error). Check its permissions."
    )


# Fingerprints


def test_another_embedder_or_splitter_has_a_collection_of_its_own(embedder, make_embedder):
    base = fingerprint(embedder, IndexSettings())
    other = make_embedder()
    other.identity = "other"
    wider = make_embedder()
    wider.dimension = 6
    changed = {
        fingerprint(other, IndexSettings()),
        fingerprint(wider, IndexSettings()),
        fingerprint(embedder, IndexSettings(chunk_tokens=48)),
    }
    assert len(changed | {base}) == 4
    # What decides only how an index is asked leaves it as it is.
    assert fingerprint(embedder, IndexSettings(candidates=5, keyword_weight=9)) == base


def test_switching_the_embedder_and_back_embeds_once_each(tmp_path, library, make_embedder, open_index):
    first, second = make_embedder(), make_embedder()
    second.identity = "second"
    with closing(Cache(tmp_path / "cache.sqlite")) as cache:
        for by in (first, second, first, second):
            index = open_index(tmp_path, by=by, cache=cache)
            index.update(library)
            assert shown(index) == {"bridge", "ferry", "sea"}
            index.close()
    assert len(first.embedded) == len(set(first.embedded)) == len(second.embedded)


def test_the_heavy_packages_are_imported_by_use_alone():
    program = (
        "import sys, index, index.build, index.search.retrieve, index.library, prompts\n"
        "heavy = {'chromadb', 'torch', 'sentence_transformers', 'transformers', 'numpy', 'bm25s', 'filelock',"
        " 'Stemmer', 'sentencex', 'trafilatura', 'py3langid'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_the_real_embedder_finds_what_no_word_of_the_question_names(minilm, article):
    embedder = SentenceTransformerEmbedder(minilm, name="minilm", languages=frozenset({"en"}))
    ships = article("ships", "The vessel sank in a storm. Forty sailors drowned.")
    bread = article("bread", "The baker kneads his dough. The oven is hot.")
    with closing(Cache(None)) as cache:
        index = Index(embedder=embedder, settings=IndexSettings(), cache=cache)
        index.update([bread, ships])
        (best,) = index.retrieve("How many people died?", k=1)
        assert (best.chunk.document, best.keyword) == ("ships", None)
        assert 0 < best.dense < 1
        index.close()
