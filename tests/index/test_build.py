"""An index equals its articles: whatever is added, removed, damaged or asked meanwhile."""

import shutil
import subprocess
import sys
import threading
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.build import Index, fingerprint
from index.cache import Cache
from index.embed import SentenceTransformerEmbedder
from index.errors import DamagedIndexError, StoreError, UnknownArticleError
from index.settings import IndexSettings

BRIDGE = "The bridge opened in 1931. " * 30
FERRY = "A ferry carried coal. " * 30


def shown(index, query="bridge ferry coal harbor sea", **options):
    """The documents a query finds."""
    return {scored.chunk.document for scored in index.retrieve(query, k=1000, **options)}


def everything(index, query="bridge"):
    return index.retrieve(query, k=1000)


@pytest.fixture
def library(article):
    return [article("bridge", BRIDGE), article("ferry", FERRY), article("sea", "The sea is red. " * 30)]


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
    index.update([article("a", FERRY), article("a", BRIDGE)])
    assert [document.text for document in index.documents()] == [BRIDGE.strip()]
    assert all("bridge" in scored.chunk.text for scored in everything(index))


def test_two_builds_give_equal_ids_scores_and_order(open_index, library, tmp_path, make_embedder):
    first, second = open_index(tmp_path / "one"), open_index(tmp_path / "two", by=make_embedder())
    first.update(library)
    second.update([])
    second.update(library[2:])
    second.update(library)
    for query in ("bridge", "coal ferry", "1931", "sea harbor"):
        assert everything(first, query) == everything(second, query)


@settings(max_examples=12, deadline=None)
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


# Opening again


@pytest.fixture
def built(tmp_path, library, make_embedder):
    """The folder of an index that was built and closed, and what it answered."""
    embedder = make_embedder()
    with closing(Cache(tmp_path / "cache.sqlite")) as cache:
        index = Index(embedder=embedder, settings=IndexSettings(chunk_tokens=16), cache=cache, folder=tmp_path)
        index.update(library)
        answered = everything(index)
        index.close()
    assert len(answered) > 30
    return tmp_path / index.fingerprint, answered


@pytest.fixture
def reopened(tmp_path, open_index):
    """Open the built index again."""
    return lambda: open_index(tmp_path, chunk_tokens=16)


def test_a_built_index_opens_again_without_embedding(built, reopened, library, embedder):
    index = reopened()
    assert index.documents() == ()
    index.update(library)
    assert everything(index) == built[1]
    assert (embedder.embedded, index.notice) == ([], None)


def cut_in_half(folder):
    database = folder / "chroma.sqlite3"
    database.write_bytes(database.read_bytes()[: database.stat().st_size // 2])


def flip_bytes(folder, *, seed=0, count=200):
    database = folder / "chroma.sqlite3"
    data = bytearray(database.read_bytes())
    random = np.random.default_rng(seed)
    for place in random.integers(0, len(data), count):
        data[place] ^= int(random.integers(1, 256))
    database.write_bytes(data)


def put_a_file_in_its_place(folder):
    shutil.rmtree(folder)
    folder.write_text("no index")


def give_it_other_vectors(folder):
    from index.store import ChromaStore

    store = ChromaStore(folder, name=folder.name)
    ids = sorted(store.ids())
    store.put(ids, np.eye(5, dtype=np.float32)[np.zeros(len(ids), dtype=int)], ["bridge"] * len(ids))
    store.close()


@pytest.mark.parametrize("damage", [cut_in_half, flip_bytes, put_a_file_in_its_place, give_it_other_vectors])
def test_a_damaged_index_is_set_aside_and_put_up_again_without_embedding(built, reopened, library, embedder, damage):
    folder, answered = built
    damage(folder)
    index = reopened()
    index.update(library)
    assert everything(index) == answered
    assert embedder.embedded == []
    assert index.notice == ("The search index was damaged; it was set aside and built again from the saved articles.")
    assert len(list(folder.parent.glob(f"damaged-*-{folder.name}"))) == 1
    index.close()
    again = reopened()
    again.update(library)
    assert (everything(again), again.notice) == (answered, None)


@pytest.mark.parametrize(("seed", "count"), [(seed, count) for seed in range(6) for count in (3, 12)])
def test_wherever_bytes_flip_the_answers_are_right(built, reopened, library, embedder, seed, count):
    folder, answered = built
    flip_bytes(folder, seed=seed, count=count)
    index = reopened()
    index.update(library)
    found = everything(index)
    assert [scored.chunk for scored in found] == [scored.chunk for scored in answered]
    assert [scored.dense for scored in found] == pytest.approx([scored.dense for scored in answered], abs=1e-4)
    assert embedder.embedded == []


@pytest.mark.parametrize("lost", ["segment", "database", "folder"])
def test_what_is_merely_missing_is_put_back(built, reopened, library, embedder, lost):
    folder, answered = built
    if lost == "segment":
        for segment in (entry for entry in folder.iterdir() if entry.is_dir()):
            shutil.rmtree(segment)
    elif lost == "database":
        (folder / "chroma.sqlite3").unlink()
    else:
        shutil.rmtree(folder)
    index = reopened()
    index.update(library)
    assert everything(index) == answered
    assert embedder.embedded == []


@pytest.mark.parametrize("name", ["header.bin", "data_level0.bin", "length.bin", "link_lists.bin"])
def test_a_torn_segment_file_changes_nothing(built, reopened, library, embedder, name):
    folder, answered = built
    for file in folder.rglob(name):
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2] + b"\xff")
    index = reopened()
    index.update(library)
    assert everything(index) == answered
    assert embedder.embedded == []


def test_one_damaged_index_is_kept_to_look_into_and_no_more(built, reopened, library):
    folder, answered = built
    for _ in range(3):
        cut_in_half(folder)
        index = reopened()
        index.update(library)
        assert everything(index) == answered
        index.close()
    assert len(list(folder.parent.glob("damaged-*"))) == 1


def test_damage_that_a_query_meets_is_mended_under_it(built, reopened, library, embedder, monkeypatch):
    index = reopened()
    index.update(library)
    broken = index._store

    def fail(*_, **__):
        raise DamagedIndexError("torn")

    monkeypatch.setattr(broken, "nearest", fail)
    assert everything(index) == built[1]
    assert index._store is not broken
    assert index.notice is not None
    assert embedder.embedded == []


def test_a_store_that_fails_again_and_again_is_an_error_and_no_loop(built, reopened, library, monkeypatch):
    index = reopened()
    index.update(library)

    def fail(*_, **__):
        raise DamagedIndexError("torn")

    monkeypatch.setattr("index.store.ChromaStore.nearest", fail)
    with pytest.raises(DamagedIndexError, match="torn"):
        everything(index)
    monkeypatch.undo()
    index.update(library)
    assert everything(index) == built[1]


def test_a_full_disk_leaves_the_index_in_its_place(built, reopened, library, monkeypatch):
    folder, answered = built

    def refuse(*_, **__):
        raise StoreError("the disk is full")

    index = reopened()
    with monkeypatch.context() as patch:
        patch.setattr("index.store.ChromaStore.ids", refuse)
        with pytest.raises(StoreError, match="the disk is full"):
            index.update(library)
    assert list(folder.parent.glob("damaged-*")) == []
    index.update(library)
    assert (everything(index), index.notice) == (answered, None)


def test_an_index_that_cannot_be_moved_away_is_told_in_one_line(built, reopened, monkeypatch):
    folder, _ = built
    cut_in_half(folder)

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.rename", refuse)
    with pytest.raises(StoreError) as caught:
        reopened()
    assert str(caught.value) == (
        f"the index at {folder} is damaged and cannot be moved away (Permission denied). "
        "Delete that folder; it is built again from the saved articles."
    )


def test_a_cache_that_is_lost_costs_embedding_again(built, reopened, library, embedder, tmp_path):
    (tmp_path / "cache.sqlite").write_bytes(b"no cache")
    index = reopened()
    index.update(library)
    assert everything(index) == built[1]
    assert len(embedder.embedded) > 0
    assert index.notice is None


def test_a_cache_that_tears_during_an_update_is_filled_again(open_index, library, tmp_path):
    index = open_index(tmp_path)

    def tear(*_):
        index._cache.close()
        (tmp_path / "cache.sqlite").write_bytes(b"no cache")

    index.update(library, progress=tear)
    assert shown(index) == {"bridge", "ferry", "sea"}


KILLED = """
import os, shutil, signal, sys
from pathlib import Path

import bm25s, chromadb, sentencex, Stemmer  # once, before the forks
import numpy as np

from index.build import Index
from index.cache import Cache
from index.load import document_from_text
from index.settings import IndexSettings

class Embedder:
    name = identity = "k"
    dimension, most_tokens, languages = 4, 256, None
    def count_tokens(self, text):
        return 2 + len(text.split())
    def embed_documents(self, texts):
        return np.stack([self.embed_query(text) for text in texts])
    def embed_query(self, text):
        vector = np.array([text.count(letter) + 0.1 for letter in "abce"], dtype=np.float32)
        return vector / np.linalg.norm(vector)

documents = [document_from_text(f"Bridge {n} of coal. " * 20, id=str(n), title=str(n), language="en") for n in range(6)]

def work(folder, fatal):
    steps = 0
    def count(frame, event, _):
        nonlocal steps
        if frame.f_globals.get("__name__") in {"index.build", "index.cache", "index.store"}:
            steps += 1
            if steps == fatal:
                os.kill(os.getpid(), signal.SIGKILL)
    cache = Cache(folder / "cache.sqlite")
    sys.setprofile(count)
    index = Index(embedder=Embedder(), settings=IndexSettings(chunk_tokens=16), cache=cache, folder=folder)
    index.update(documents[:4])
    index.update(documents[2:])
    sys.setprofile(None)
    found = {scored.chunk.document for scored in index.retrieve("bridge", k=1000)}
    (folder / "steps").write_text(str(steps))
    return found == {"2", "3", "4", "5"} and index.notice is None

def apart(folder, fatal):
    child = os.fork()
    if not child:
        os._exit(0 if work(folder, fatal) else 1)
    return os.waitpid(child, 0)[1]

folder = Path(sys.argv[1])
assert apart(folder, 0) == 0
steps = int((folder / "steps").read_text())
for number in range(1, 7):
    shutil.rmtree(folder)
    folder.mkdir()
    assert apart(folder, steps * number // 7) == signal.SIGKILL, number
    assert apart(folder, 0) == 0, number
print("complete after every kill")
"""


def test_a_kill_at_any_step_of_an_update_leaves_an_index_that_ends_complete(tmp_path):
    ran = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == ("complete after every kill\n", "")


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


def test_queries_wait_for_an_index_that_is_being_put_up_again(built, reopened, library):
    index = reopened()
    index.update(library)
    failures = []

    def ask():
        failures.extend("half an answer" for _ in range(10) if everything(index) != built[1])

    asking = [threading.Thread(target=ask) for _ in range(3)]
    for thread in asking:
        thread.start()
    for _ in range(3):
        with index._writing:
            index._set_aside(DamagedIndexError("torn"))
            index._update(library, None)
    for thread in asking:
        thread.join()
    assert failures == []


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
        fingerprint(embedder, IndexSettings(chunk_tokens=64)),
    }
    assert len(changed | {base}) == 4
    # What decides only how an index is asked leaves it as it is.
    assert fingerprint(embedder, IndexSettings(candidates=5, rrf_constant=9, embedder="renamed")) == base


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
        "import sys, index, index.build, index.retrieve, index.library, prompts\n"
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
