"""The one room that knows Chroma: what is put in is found, and every trouble is one line that tells damage apart."""

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest

from index.errors import DamagedIndexError, StoreError
from index.vectors.chroma import _BATCH, CONFIGURATION, ChromaStore, chroma_settings

IDS = [f"{number:03}" for number in range(200)]
VECTORS = np.random.default_rng(0).normal(size=(200, 8)).astype(np.float32)
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def store(folder):
    store = ChromaStore(folder, name="test")
    store.put(IDS, VECTORS)
    yield store
    store.close()


@pytest.fixture
def written(folder, monkeypatch):
    """The folder of a store that was closed after Chroma had written its graph."""
    monkeypatch.setitem(CONFIGURATION["hnsw"], "sync_threshold", 100)
    with closing(ChromaStore(folder, name="test")) as store:
        store.put(IDS, VECTORS)
        store.drop(IDS[:20])
    assert {"index_metadata.pickle", "data_level0.bin"} <= {path.name for path in folder.glob("*/*")}
    return folder


def open_files(folder):
    """The files of a folder that this process holds open (Linux tells; elsewhere nothing is claimed)."""
    found = []
    for handle in Path("/proc/self/fd").glob("*"):
        with suppress(OSError):
            found.append(str(handle.readlink()))
    return [name for name in found if name.startswith(str(folder))]


def all_closed(folder):
    """Whether no file of a folder is held open; Chroma's own threads close theirs a moment later."""
    until = time.monotonic() + 10
    while open_files(folder) and time.monotonic() < until:
        time.sleep(0.02)
    return open_files(folder) == []


@pytest.mark.parametrize("number", [0, 77, 199])
def test_a_vector_finds_itself_first(store, number):
    found = store.nearest(VECTORS[number], k=5)
    similar = VECTORS @ VECTORS[number]
    assert found == [IDS[place] for place in np.argsort(-similar)[:5]]
    assert found[0] == IDS[number]
    assert store.similarities(VECTORS[number], found) == {id: pytest.approx(similar[int(id)], abs=1e-5) for id in found}


def test_a_search_can_be_limited_to_some_ids(store):
    found = store.nearest(VECTORS[0], k=100, within=IDS[150:])
    assert found == [id for id in store.nearest(VECTORS[0], k=200) if id >= "150"]
    assert len(found) == 50
    assert store.nearest(VECTORS[0], k=5, within=[]) == []
    with pytest.raises(DamagedIndexError):
        store.nearest(VECTORS[0], k=5, within=[IDS[0], "unknown"])


def test_named_vectors_are_compared_exactly_and_unknown_ids_are_left_out(store):
    found = store.similarities(VECTORS[0], [IDS[9], IDS[0], "unknown"])
    assert found == {IDS[0]: pytest.approx(1.0, abs=1e-5), IDS[9]: pytest.approx(VECTORS[9] @ VECTORS[0], abs=1e-5)}
    assert store.similarities(VECTORS[0], []) == {}


def test_a_search_can_be_limited_to_tens_of_thousands_of_ids():
    """SQLite takes 32,766 values at most, and what it says then reads like damage."""
    ids = [f"{number:05}" for number in range(33_000)]
    vectors = np.random.default_rng(0).normal(size=(len(ids), 2)).astype(np.float32)
    store = ChromaStore(None, name="test")
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    store.put(ids, vectors)
    for place in (0, -1):
        (found,) = store.nearest(vectors[place], k=1, within=ids)
        assert store.similarities(vectors[place], ids)[found] == pytest.approx(1.0, abs=1e-5)
    store.close()


def test_ids_are_named_in_parts(store, monkeypatch):
    monkeypatch.setattr("index.vectors.chroma._NAMED", 60)
    assert store.nearest(VECTORS[0], k=5, within=IDS) == store.nearest(VECTORS[0], k=5)
    assert store.similarities(VECTORS[0], IDS).keys() == set(IDS)


def test_equal_similarities_are_ordered_by_id(folder):
    store = ChromaStore(folder, name="test")
    store.put(["c", "a", "b"], np.stack([VECTORS[0]] * 3))
    assert store.nearest(VECTORS[1], k=3) == ["a", "b", "c"]
    store.close()


def test_k_may_be_more_than_there_is_and_may_be_nothing(store):
    assert len(store.nearest(VECTORS[0], k=1000)) == 200
    assert store.nearest(VECTORS[0], k=0) == []


def test_what_is_dropped_is_gone_and_what_is_put_again_is_replaced(store):
    store.drop(IDS[:199])
    assert store.ids() == {IDS[199]}
    store.put([IDS[199]], VECTORS[:1])
    assert store.nearest(VECTORS[0], k=3) == [IDS[199]]
    store.require([IDS[199]], VECTORS[:1])
    store.drop([])
    store.drop(["unknown"])
    store.put([], VECTORS[:0])
    assert store.ids() == {IDS[199]}


def test_more_than_fits_one_call_can_be_put_checked_and_dropped(store, monkeypatch):
    assert store._client.get_max_batch_size() >= _BATCH
    monkeypatch.setattr("index.vectors.chroma._BATCH", 60)
    store.drop(IDS)
    assert store.ids() == set()
    store.put(IDS, VECTORS)
    assert store.ids() == set(IDS)
    store.require(IDS, VECTORS)
    with pytest.raises(DamagedIndexError):
        store.require(IDS, np.vstack([VECTORS[:-1], VECTORS[:1]]))


def test_an_empty_store_finds_nothing(folder):
    store = ChromaStore(folder, name="test")
    assert store.ids() == set()
    assert store.nearest(VECTORS[0], k=3) == []
    store.require([], VECTORS[:0])
    store.close()


def test_what_was_put_is_there_after_opening_again(store, folder):
    store.close()
    again = ChromaStore(folder, name="test")
    assert again.ids() == set(IDS)
    again.require(IDS, VECTORS)
    assert again.nearest(VECTORS[7], k=1) == [IDS[7]]
    again.close()


def test_a_graph_that_was_written_is_read_again(written):
    for _ in range(2):
        with closing(ChromaStore(written, name="test")) as store:
            assert store.ids() == set(IDS[20:])
            store.require(IDS[20:], VECTORS[20:])
            assert store.nearest(VECTORS[77], k=1) == [IDS[77]]


@pytest.mark.parametrize(
    "file", ["header.bin", "data_level0.bin", "length.bin", "link_lists.bin", "index_metadata.pickle"]
)
@pytest.mark.parametrize("tear", ["flip", "cut", "empty", "delete"])
def test_a_graph_that_does_not_bear_its_seal_is_damage_before_chroma_sees_it(written, file, tear):
    (path,) = written.glob(f"*/{file}")
    data = path.read_bytes()
    if tear == "delete" or not data:  # few vectors have no links
        path.unlink()
    else:
        middle = len(data) // 2
        flipped = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
        path.write_bytes({"flip": flipped, "cut": data[:middle], "empty": b""}[tear])
    with pytest.raises(DamagedIndexError, match="its graph is not the one that was sealed"):
        ChromaStore(written, name="test")


@pytest.mark.parametrize("seal", [None, b"", b"{", b"[]", b"{}", b"null", b"\xff"])
def test_a_seal_that_is_torn_seals_nothing(written, seal):
    (written / "graph.json").unlink()
    if seal is not None:
        (written / "graph.json").write_bytes(seal)
    with pytest.raises(DamagedIndexError, match="its graph is not the one that was sealed"):
        ChromaStore(written, name="test")


@pytest.mark.parametrize(
    ("ids", "vectors", "told"),
    [
        ([*IDS, "more"], np.vstack([VECTORS, VECTORS[:1]]), "it lost chunks"),
        (IDS, np.roll(VECTORS, 1, axis=0), "it holds other vectors"),
    ],
)
def test_a_store_that_holds_something_else_is_damaged(store, folder, ids, vectors, told):
    with pytest.raises(DamagedIndexError) as caught:
        store.require(ids, vectors)
    assert str(caught.value) == f"the index at {folder} is damaged ({told})"


def test_vectors_of_another_dimension_are_refused(store, folder):
    line = f"the index at {folder} is damaged (Collection expecting embedding with dimension of 8, got 4)"
    with pytest.raises(DamagedIndexError) as caught:
        store.nearest(VECTORS[0, :4], k=1)
    assert str(caught.value) == line
    with pytest.raises(DamagedIndexError) as caught:
        store.put(["x"], VECTORS[:1, :4])
    assert str(caught.value) == line


@pytest.mark.parametrize("folder_given", [True, False])
def test_a_closed_store_says_so(folder, folder_given):
    store = ChromaStore(folder if folder_given else None, name="test")
    store.put(IDS, VECTORS)
    store.close()
    store.close()
    for use in (
        store.ids,
        lambda: store.nearest(VECTORS[0], k=1),
        lambda: store.put(IDS, VECTORS),
        lambda: store.drop(IDS),
    ):
        with pytest.raises(StoreError, match=r"^the index (at .*|in memory) is closed$") as caught:
            use()
        assert not isinstance(caught.value, DamagedIndexError)


def test_stores_in_memory_do_not_see_each_other_and_are_gone_when_closed():
    one, other = ChromaStore(None, name="test"), ChromaStore(None, name="test")
    one.put(IDS, VECTORS)
    assert other.ids() == set()
    one.close()
    assert other.nearest(VECTORS[0], k=1) == []
    third = ChromaStore(None, name="test")
    assert third.ids() == set()
    assert {collection.name for collection in third._client.list_collections()} == {
        other._collection.name,
        third._collection.name,
    }
    other.close()
    third.close()


def test_threads_can_open_and_close_stores_in_memory_at_once():
    failures = []

    def work():
        try:
            for _ in range(5):
                store = ChromaStore(None, name="test")
                store.put(IDS[:5], VECTORS[:5])
                assert store.ids() == set(IDS[:5])
                store.close()
        except Exception as error:  # noqa: BLE001 - whatever a thread meets fails the test
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_closing_holds_no_file_open(store, folder):
    store.close()
    assert all_closed(folder)


def cut_in_half(database):
    database.write_bytes(database.read_bytes()[: database.stat().st_size // 2])


def fill_with_noise(database):
    database.write_bytes(np.random.default_rng(0).bytes(50_000))


def tear_the_schema(database):
    data = database.read_bytes()
    database.write_bytes(data.replace(b"CREATE TABLE", b"CREATE \xee\xffBLE"))


@pytest.mark.parametrize("damage", [cut_in_half, fill_with_noise, tear_the_schema])
def test_a_torn_database_is_damage_and_its_place_can_be_used_again(store, folder, damage):
    store.close()
    damage(folder / "chroma.sqlite3")
    with pytest.raises(DamagedIndexError) as caught:
        ChromaStore(folder, name="test")
    assert str(caught.value).startswith(f"{folder / 'chroma.sqlite3'} is damaged (")
    assert "\n" not in str(caught.value)
    assert all_closed(folder)
    folder.rename(folder.with_name("aside"))
    again = ChromaStore(folder, name="test")
    assert again.ids() == set()
    again.put(IDS, VECTORS)
    assert again.nearest(VECTORS[7], k=1) == [IDS[7]]
    again.close()


def test_a_database_that_only_chroma_finds_wrong_leaves_no_trace_in_its_registry(folder):
    folder.mkdir()
    with closing(sqlite3.connect(folder / "chroma.sqlite3")) as database:
        database.execute("CREATE TABLE migrations (dir TEXT)")  # sound, and not Chroma's
    with pytest.raises(DamagedIndexError, match=rf"^the index at {folder} is damaged \(.*\)$"):
        ChromaStore(folder, name="test")
    shutil.rmtree(folder)
    again = ChromaStore(folder, name="test")
    again.put(IDS, VECTORS)
    assert again.ids() == set(IDS)
    again.close()


def test_a_name_chroma_refuses_leaves_no_file_open(folder):
    with pytest.raises(StoreError, match=r"^the index at .* is damaged \(.*Expected a name.*\)$"):
        ChromaStore(folder, name="?")
    assert all_closed(folder)


def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=rf"^the index at {tmp_path}/file/store is damaged \(.*Not a directory.*\)$"):
        ChromaStore(tmp_path / "file" / "store", name="test")


def test_a_folder_that_may_not_be_written_is_no_damage(folder, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    with pytest.raises(StoreError) as caught:
        ChromaStore(folder, name="test")
    assert not isinstance(caught.value, DamagedIndexError)
    assert str(caught.value) == (
        f"the index at {folder} cannot be used ([Errno 13] Permission denied: '{folder}'). "
        "Free space, or check that its folder can be written."
    )


@pytest.mark.parametrize(
    ("message", "damaged"),
    [
        ("error returned from database: (code: 13) database or disk is full", False),
        ("Query error: Database error: (code: 1032) attempt to write a readonly database", False),
        ("error returned from database: (code: 5) database is locked", False),
        ("unable to open: No space left on device (os error 28)", False),
        ("error returned from database: (code: 11) database disk image is malformed", True),
        ("Error executing plan: Internal error: Error finding id", True),
        ("File exists (os error 17)", True),
    ],
)
def test_a_full_disk_is_told_from_damage(store, monkeypatch, message, damaged):
    from chromadb.errors import InternalError

    def fail(**_):
        raise InternalError(message + "\nand a trace")

    monkeypatch.setattr(store._collection, "query", fail)
    with pytest.raises(StoreError) as caught:
        store.nearest(VECTORS[0], k=1)
    assert isinstance(caught.value, DamagedIndexError) == damaged
    assert f"({message})" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MIGRATIONS", "none"),
        ("IS_PERSISTENT", "1"),
        ("PERSIST_DIRECTORY", "/elsewhere"),
        ("CHROMA_SYSDB_IMPL", "os.system"),
        ("CHROMA_SERVER_HOST", "evil.example"),
        ("CHROMA_OTEL_GRANULARITY", "all"),
        ("CHROMA_OTEL_COLLECTION_ENDPOINT", "http://evil.example"),
        ("ANONYMIZED_TELEMETRY", "True"),
    ],
)
def test_names_that_the_environment_may_have_for_something_else_set_nothing_of_chroma(monkeypatch, name, value):
    usual = chroma_settings().model_dump()
    monkeypatch.setenv(name, value)
    assert chroma_settings().model_dump() == usual


def test_how_tls_is_verified_may_be_told(monkeypatch):
    monkeypatch.setenv("CHROMA_SERVER_SSL_VERIFY", "/etc/ssl/our.pem")
    assert chroma_settings().chroma_server_ssl_verify == "/etc/ssl/our.pem"


def test_settings_chroma_refuses_are_told_and_are_no_damage(folder):
    program = (
        "import sys; from pathlib import Path; from index.vectors.chroma import ChromaStore\n"
        "from index.errors import *\n"
        "try: ChromaStore(Path(sys.argv[1]), name='test')\n"
        "except StoreError as error: print(type(error).__name__, error)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        capture_output=True, text=True, check=True, env={**os.environ, "ALLOW_RESET": "perhaps"},
    )  # fmt: skip
    assert ran.stdout.startswith("StoreError Chroma refuses its settings (1 validation error for Settings allow_reset")
    assert ran.stdout.endswith("Check the environment, and the file .env in this folder.\n")
    assert ran.stdout.count("\n") == 1


def test_a_file_that_names_another_chroma_in_the_working_directory_changes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("CHROMA_API_IMPL=chromadb.api.fastapi.FastAPI\nPERSIST_DIRECTORY=elsewhere\n")
    store = ChromaStore(tmp_path / "store", name="test")
    store.put(IDS, VECTORS)
    assert store.ids() == set(IDS)
    assert (tmp_path / "store" / "chroma.sqlite3").exists()
    store.close()
