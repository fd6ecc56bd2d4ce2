"""An index that was killed, torn or lost ends right, by itself, and without embedding again."""

import shutil
import subprocess
import sys
import threading
from contextlib import closing

import numpy as np
import pytest

from index.build import Index
from index.errors import DamagedIndexError, StoreError
from index.settings import IndexSettings
from index.vectors.cache import Cache, text_key
from index.vectors.chroma import ChromaStore


def everything(index):
    return index.retrieve("bridge", k=1000)


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


def say_it_is_of_a_format_to_come(folder):
    database = folder / "chroma.sqlite3"
    data = bytearray(database.read_bytes())
    data[18] = 9
    database.write_bytes(data)


def put_a_file_in_its_place(folder):
    shutil.rmtree(folder)
    folder.write_text("no index")


def give_it_other_vectors(folder):
    store = ChromaStore(folder, name=folder.name)
    ids = sorted(store.ids())
    store.put(ids, np.eye(5, dtype=np.float32)[np.zeros(len(ids), dtype=int)])
    store.close()


@pytest.mark.parametrize(
    "damage",
    [cut_in_half, flip_bytes, say_it_is_of_a_format_to_come, put_a_file_in_its_place, give_it_other_vectors],
)
def test_a_damaged_index_is_set_aside_and_put_up_again_without_embedding(built, reopened, library, embedder, damage):
    folder, answered = built
    damage(folder)
    index = reopened()
    index.update(library)
    assert everything(index) == answered
    assert embedder.embedded == []
    assert index.notice == ("The search index was damaged; it was set aside and rebuilt from the saved articles.")
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
        # A straggler that still holds the old database deletes its journal by path: the new one stands elsewhere.
        assert index._folder != folder
        folder = index._folder
        assert [path.name for path in folder.parent.glob(f"{index.fingerprint}*")] == [folder.name]
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


def test_one_vector_of_many_that_is_not_what_was_put_in_is_noticed(built, reopened, library, embedder):
    folder, answered = built
    store = ChromaStore(folder, name=folder.name)
    ids = sorted(store.ids())
    store.put(ids[-1:], np.eye(1, embedder.dimension, dtype=np.float32))
    store.close()
    index = reopened()
    index.update(library)
    assert index.notice is not None
    assert everything(index) == answered


@pytest.mark.usefixtures("built")
def test_of_very_many_vectors_some_are_compared_spread_over_all(reopened, library, monkeypatch):
    monkeypatch.setattr("index.build._CHECKED", 8)
    required = []
    monkeypatch.setattr(ChromaStore, "require", lambda _, ids, *__: required.extend(ids))
    index = reopened()
    index.update(library)
    every = list(index._snapshot.chunks)
    assert 4 <= len(required) <= 8
    assert required == every[:: -(-len(every) // 8)]


@pytest.mark.parametrize(("reached", "damaged"), [("all but two", False), ("none", True)])
def test_a_few_chunks_that_no_search_reaches_are_no_damage(built, reopened, library, monkeypatch, reached, damaged):
    nearest, asked = ChromaStore.nearest, []

    def blind(store, vector, **options):
        asked.append(store)
        few = reached == "none" and store is asked[0]
        return [] if few or (reached == "all but two" and len(asked) in (3, 9)) else nearest(store, vector, **options)

    monkeypatch.setattr(ChromaStore, "nearest", blind)
    index = reopened()
    index.update(library)
    assert (index.notice is not None) == damaged
    assert everything(index) == built[1]


def test_a_store_that_fails_again_and_again_is_an_error_and_no_loop(built, reopened, library, monkeypatch):
    index = reopened()
    index.update(library)

    def fail(*_, **__):
        raise DamagedIndexError("torn")

    monkeypatch.setattr("index.vectors.chroma.ChromaStore.nearest", fail)
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
        patch.setattr("index.vectors.chroma.ChromaStore.ids", refuse)
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
        "Delete that folder; it will be rebuilt from the saved articles."
    )


def test_a_cache_that_is_lost_costs_embedding_again(built, reopened, library, embedder, tmp_path):
    (tmp_path / "cache.sqlite").write_bytes(b"no cache")
    index = reopened()
    index.update(library)
    assert everything(index) == built[1]
    assert len(embedder.embedded) > 0
    assert index.notice is None


def test_a_cache_that_takes_vectors_and_does_not_give_them_back_is_begun_anew(open_index, article, tmp_path):
    # The pages of a torn file may hold its rows in no order: what is put into one is not found there again.
    keys = [f"{n:064}" for n in range(400)]
    with closing(Cache(tmp_path / "cache.sqlite")) as cache:
        cache.keep_vectors("counting", {key: np.zeros(5, dtype=np.float32) for key in keys})
    data = (tmp_path / "cache.sqlite").read_bytes()
    for key in keys:
        data = data.replace(key.encode(), text_key(key).encode())
    (tmp_path / "cache.sqlite").write_bytes(data)
    index = open_index(tmp_path, chunk_tokens=16)
    index.update([article("bridges", " ".join(f"The bridge number {n} opened in {n}." for n in range(500)))])
    assert index.retrieve("Which number opened in 321?", k=1)[0].chunk.text.count("321") == 2


def test_a_cache_that_tears_during_an_update_is_filled_again(open_index, library, tmp_path):
    index = open_index(tmp_path)

    def tear(*_):
        index._cache.close()
        (tmp_path / "cache.sqlite").write_bytes(b"no cache")

    index.update(library, progress=tear)
    assert {scored.chunk.document for scored in everything(index)} == {"bridge", "ferry", "sea"}


KILLED = """
import os, shutil, signal, sys
from pathlib import Path

import bm25s, chromadb, sentencex, Stemmer  # once, before the forks
import numpy as np

from index.build import Index
from index.vectors.cache import Cache
from index.reading.load import document_from_text
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
        if frame.f_globals.get("__name__") in {"index.build", "index.vectors.cache", "index.vectors.chroma"}:
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
for number in range(1, 5):
    shutil.rmtree(folder)
    folder.mkdir()
    assert apart(folder, steps * number // 5) == signal.SIGKILL, number
    assert apart(folder, 0) == 0, number
print("complete after every kill")
"""


def test_a_kill_at_any_step_of_an_update_leaves_an_index_that_ends_complete(tmp_path):
    ran = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == ("complete after every kill\n", "")


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
