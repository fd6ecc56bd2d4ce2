"""The cache gives back what it was given, and losing any part of its file costs no more than computing again."""

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import StoreError
from index.vectors.cache import Cache, text_key

ONE = np.array([0.6, 0.8], dtype=np.float32)
SPLIT = [(0, 4, "Ferry"), (6, 9, "渡し船")], b"counts"
TWO = np.array([1.0, 0.0], dtype=np.float32)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache.sqlite"


def kept(cache, *keys, by="m"):
    return {key: vector.tolist() for key, vector in cache.vectors(by, keys).items()}


def filled(path):
    with closing(Cache(path)) as cache:
        cache.keep_vectors("m", {text_key(str(n)): np.full(64, n, dtype=np.float32) for n in range(500)})
        cache.keep_splits("s", {"a": SPLIT})


def test_vectors_are_kept_by_embedder_and_text(path):
    with closing(Cache(path)) as cache:
        cache.keep_vectors("m", {"one": ONE, "two": TWO})
        cache.keep_vectors("other", {"one": TWO})
        assert kept(cache, "one", "two", "three") == {"one": ONE.tolist(), "two": TWO.tolist()}
        assert kept(cache, "one", by="other") == {"one": TWO.tolist()}
    with closing(Cache(path)) as reopened:
        assert kept(reopened, "two") == {"two": TWO.tolist()}


def test_a_vector_kept_again_takes_the_place_of_the_first():
    with closing(Cache(None)) as cache:
        cache.keep_vectors("m", {"one": ONE})
        cache.keep_vectors("m", {"one": TWO})
        assert kept(cache, "one") == {"one": TWO.tolist()}


def test_no_keys_no_vectors():
    with closing(Cache(None)) as cache:
        cache.keep_vectors("m", {})
        assert kept(cache) == {}


def test_more_keys_than_one_query_takes_are_all_answered(path):
    filled(path)
    with closing(Cache(path)) as cache:
        wanted = [text_key(str(n)) for n in range(1200)]
        assert set(cache.vectors("m", wanted)) == set(wanted[:500])


@given(st.lists(st.tuples(st.integers(0), st.integers(0), st.text())), st.binary(min_size=1))
def test_chunk_boundaries_and_counts_are_kept_by_splitter_and_article(chunks, counts):
    with closing(Cache(None)) as cache:
        cache.keep_splits("s", {"a": (chunks, counts)})
        assert cache.splits("s", "ab") == {"a": (chunks, counts)}
        assert cache.splits("s", "b") == {}
        assert cache.splits("t", "a") == {}


def test_caches_in_memory_do_not_see_each_other():
    with closing(Cache(None)) as one, closing(Cache(None)) as other:
        one.keep_vectors("m", {"one": ONE})
        assert kept(other, "one") == {}


@pytest.mark.parametrize("content", [b"no database at all" * 500, b"", b"SQLite format 3\x00" + b"\xff" * 4096])
def test_a_file_that_is_no_database_is_replaced_by_an_empty_cache(path, content):
    path.write_bytes(content)
    with closing(Cache(path)) as cache:
        assert kept(cache, "one") == {}
        cache.keep_vectors("m", {"one": ONE})
    with closing(Cache(path)) as cache:
        assert kept(cache, "one") == {"one": ONE.tolist()}


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_file_cut_short_costs_time_only(path, share):
    filled(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with closing(Cache(path)) as cache:
        for n in range(500):
            assert kept(cache, text_key(str(n))) in ({}, {text_key(str(n)): [n] * 64})
        assert cache.splits("s", "a") in ({}, {"a": SPLIT})
        cache.keep_vectors("m", {"one": ONE})
        assert kept(cache, "one") == {"one": ONE.tolist()}


@pytest.mark.parametrize("seed", range(12))
def test_flipped_bytes_never_come_back_as_a_wrong_vector(path, seed):
    filled(path)
    data = bytearray(path.read_bytes())
    random = np.random.default_rng(seed)
    for place in random.integers(0, len(data), 200):
        data[place] ^= int(random.integers(1, 256))
    path.write_bytes(data)
    with closing(Cache(path)) as cache:
        found = cache.vectors("m", [text_key(str(n)) for n in range(500)])
        assert all(found[text_key(str(n))].tolist() == [n] * 64 for n in range(500) if text_key(str(n)) in found)
        assert cache.splits("s", "a") in ({}, {"a": SPLIT})
        cache.keep_vectors("m", {"one": ONE})
        assert kept(cache, "one") == {"one": ONE.tolist()}


def test_a_database_of_other_tables_is_replaced(path):
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE vectors (name TEXT)")
    with closing(Cache(path)) as cache:
        assert kept(cache, "one") == {}
        cache.keep_vectors("m", {"one": ONE})
        assert kept(cache, "one") == {"one": ONE.tolist()}


def test_a_file_damaged_under_an_open_cache_is_replaced(path):
    filled(path)
    with closing(Cache(path)) as cache:
        path.write_bytes(b"\x00" * 100_000)
        assert kept(cache, text_key("1")) == {}
        cache.keep_vectors("m", {"one": ONE})
        assert kept(cache, "one") == {"one": ONE.tolist()}


def test_what_a_killed_process_had_kept_is_there_and_what_it_was_keeping_is_not(path):
    program = (
        "import os, signal, sys, numpy as np; from pathlib import Path; from index.vectors.cache import Cache\n"
        "cache = Cache(Path(sys.argv[1])); cache.keep_vectors('m', {'one': np.array([0.6, 0.8], dtype=np.float32)})\n"
        "connection = cache._connected(); connection.execute('PRAGMA cache_size=1')\n"
        "rows = [('m', str(number), bytes(1000)) for number in range(100)]\n"
        "connection.executemany('INSERT INTO vectors VALUES (?, ?, ?)', rows)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert path.with_name("cache.sqlite-journal").stat().st_size > 0
    with closing(Cache(path)) as cache:
        assert kept(cache, "one") == {"one": ONE.tolist()}
        assert cache.count() == 1


def test_an_open_cache_keeps_no_second_file_that_another_could_cut_short_under_it(path):
    with closing(Cache(path)) as cache:
        cache.keep_vectors("m", {"one": ONE})
        assert [file.name for file in path.parent.iterdir()] == ["cache.sqlite"]


def test_a_file_that_an_earlier_version_keeps_open_with_a_log_is_used_and_changed_over_when_it_is_free(path):
    filled(path)
    with closing(sqlite3.connect(path)) as earlier:
        earlier.execute("PRAGMA journal_mode=WAL")
        earlier.execute("DELETE FROM parts")
        earlier.commit()
        with closing(Cache(path)) as cache:
            cache.keep_vectors("m", {"one": ONE})
    with closing(Cache(path)) as cache:
        assert kept(cache, "one") == {"one": ONE.tolist()}
        assert [file.name for file in path.parent.iterdir()] == ["cache.sqlite"]


def test_closing_leaves_one_file_and_use_opens_it_again(path):
    cache = Cache(path)
    cache.keep_vectors("m", {"one": ONE})
    cache.close()
    assert [file.name for file in path.parent.iterdir()] == ["cache.sqlite"]
    assert kept(cache, "one") == {"one": ONE.tolist()}
    cache.close()
    cache.close()


def test_a_folder_that_cannot_be_used_is_told_in_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError) as caught:
        Cache(tmp_path / "file" / "cache.sqlite")
    assert str(caught.value) == (
        f"the vector cache {tmp_path / 'file' / 'cache.sqlite'} cannot be used (unable to open database file). "
        "Free space, or check that its folder can be written."
    )


@pytest.mark.parametrize("trouble", ["database or disk is full", "attempt to write a readonly database"])
def test_a_file_that_cannot_be_written_is_told_in_one_line(path, trouble):
    with closing(Cache(path)) as cache:
        cache.keep_vectors("m", {"one": ONE})
        pragma = "query_only = 1" if "readonly" in trouble else "max_page_count = 1"
        cache._connection.execute(f"PRAGMA {pragma}")
        with pytest.raises(StoreError, match=rf"cannot be used \({trouble}\)\. Free space"):
            cache.keep_vectors("m", {str(n): np.zeros(1000, dtype=np.float32) for n in range(100)})
        assert kept(cache, "one") == {"one": ONE.tolist()}


@pytest.fixture
def unwritable(monkeypatch):
    """Have every folder be one that may not be written: root may write where others may not."""
    real = os.access
    return lambda: monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and real(path, mode))


def test_in_a_folder_that_may_not_be_written_a_copy_serves(path, unwritable):
    filled(path)
    before = path.read_bytes()
    unwritable()
    with closing(Cache(path)) as cache:
        assert kept(cache, text_key("7")) == {text_key("7"): [7.0] * 64}
        cache.keep_vectors("m", {"one": ONE})
        assert kept(cache, "one") == {"one": ONE.tolist()}
        with pytest.raises(StoreError, match="Read-only file system"):
            cache.forget(all_but="m")
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["cache.sqlite"]
    with closing(Cache(path.with_name("none.sqlite"))) as cache:
        assert kept(cache, "one") == {}


def test_the_copy_has_what_a_killed_process_left_in_its_log(path, unwritable):
    program = (
        "import os, signal, sys, numpy as np; from pathlib import Path; from index.vectors.cache import Cache\n"
        "cache = Cache(Path(sys.argv[1])); cache.keep_vectors('m', {'one': np.array([0.6, 0.8], dtype=np.float32)})\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    unwritable()
    with closing(Cache(path)) as cache:
        assert kept(cache, "one") == {"one": ONE.tolist()}


def test_whatever_byte_of_its_header_flips_it_goes_on(path):
    with closing(Cache(path)) as cache:
        cache.keep_vectors("m", {"one": ONE})
    data = path.read_bytes()
    for place in range(100):
        for flipped in (data[place] ^ 0xFF, data[place] ^ 1):
            path.write_bytes(data[:place] + bytes([flipped]) + data[place + 1 :])
            with closing(Cache(path)) as cache:
                assert kept(cache, "one") in ({}, {"one": ONE.tolist()}), place
                cache.keep_vectors("m", {"two": TWO})
                assert kept(cache, "two") == {"two": TWO.tolist()}, place


def test_a_mistake_in_the_program_is_not_taken_for_damage(path):
    with closing(Cache(path)) as cache:
        cache.keep_vectors("m", {"one": ONE})
        with pytest.raises(sqlite3.ProgrammingError):
            cache.vectors("m", [object()])
        assert kept(cache, "one") == {"one": ONE.tolist()}


def test_threads_share_a_cache(path):
    failures = []

    def work(number, cache):
        try:
            for n in range(20):
                key, vector = f"{number}-{n}", np.array([number, n], dtype=np.float32)
                cache.keep_vectors("m", {key: vector})
                assert kept(cache, key) == {key: vector.tolist()}
        except Exception as error:  # noqa: BLE001 - whatever a thread meets fails the test
            failures.append(error)

    with closing(Cache(path)) as one, closing(Cache(path)) as other:
        threads = [threading.Thread(target=work, args=(number, (one, other)[number % 2])) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert len(kept(one, *(f"{number}-{n}" for number in range(6) for n in range(20)))) == 120
