"""The same index on a Chroma server: equal answers, shared by programs, and right after whatever the server does."""

import http.server
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from index.build import Index
from index.errors import DamagedIndexError, StoreError
from index.library import Library
from index.settings import IndexSettings
from index.vectors.address import parse_address
from index.vectors.cache import Cache
from index.vectors.chroma import ChromaStore
from index.vectors.server import ChromaServer

IDS = [f"{number:03}" for number in range(200)]
VECTORS = np.random.default_rng(0).normal(size=(200, 8)).astype(np.float32)
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)


def everything(index, query="bridge"):
    return index.retrieve(query, k=1000)


def shelf(url, folder):
    """Where a library in this folder keeps its collections."""
    return ChromaServer(parse_address(url), library=Library(folder / "articles").identity(), locks=folder)


@pytest.fixture
def server(chroma, tmp_path):
    return shelf(chroma.url, tmp_path)


@pytest.fixture
def opened(server, tmp_path, make_embedder):
    """Open the index on the server, each time as another program would; all share the cache."""
    indexes = []
    cache = Cache(tmp_path / "cache.sqlite")

    def make(server=server):
        settings = IndexSettings(chunk_tokens=16)
        indexes.append(Index(embedder=make_embedder(), settings=settings, cache=cache, server=server))
        return indexes[-1]

    yield make
    for index in indexes:
        index.close()
    cache.close()


@pytest.fixture
def expected(make_embedder):
    """What an index in memory answers about these articles."""

    def answer(documents):
        with closing(Cache(None)) as cache:
            index = Index(embedder=make_embedder(), settings=IndexSettings(chunk_tokens=16), cache=cache)
            index.update(documents)
            answered = everything(index)
            index.close()
        return answered

    return answer


@pytest.fixture
def answered(expected, library):
    return expected(library)


# The same as in a folder


def test_a_store_on_the_server_finds_what_one_in_memory_finds(server):
    here, there = ChromaStore(None, name="test"), server.store("test")
    with closing(here), closing(there), there.writing() as same:
        assert not same
        for store in (here, there):
            store.put(IDS, VECTORS)
            store.require(IDS, VECTORS)
            store.drop(IDS[:20])
            store.put([IDS[20]], VECTORS[:1])
        assert there.ids() == here.ids() == set(IDS[20:])
        for within in (None, IDS[20:150], IDS[20::3], []):
            assert there.nearest(VECTORS[7], k=50, within=within) == here.nearest(VECTORS[7], k=50, within=within)
        assert there.similarities(VECTORS[7], IDS) == here.similarities(VECTORS[7], IDS)
        with pytest.raises(DamagedIndexError, match=r"is damaged \(it lost chunks\)$"):
            there.require(IDS, VECTORS)


def test_any_row_of_updates_answers_as_in_memory(opened, expected, library):
    index = opened()
    assert everything(index) == ()
    for documents in (library[:1], library, library[1:], [], library[::-1]):
        index.update(documents)
        assert everything(index) == expected(documents)
        assert index._store.ids() == set(index._snapshot.chunks)
    assert index.notice is None


def test_a_second_program_embeds_and_puts_nothing(opened, library, answered, monkeypatch):
    opened().update(library)
    monkeypatch.setattr(ChromaStore, "put", lambda *_: pytest.fail("put"))
    second = opened()
    second.update(library)
    assert everything(second) == answered
    assert (second.embedder.embedded, second.notice) == ([], None)


def test_thousands_go_in_by_parts(server, monkeypatch):
    monkeypatch.setattr("index.vectors.server._BATCH", 60)
    with closing(server.store("test")) as store, store.writing():
        store.put(IDS, VECTORS)
        assert store.ids() == set(IDS)


# Programs of one library share its collection


def test_what_another_program_took_away_is_put_back_before_the_answer(opened, library, answered, expected):
    reading, writing = opened(), opened()
    reading.update(library)
    writing.update(library[:1])
    assert everything(reading) == answered
    # Nothing of the other's was taken for it.
    stamp = writing._store.stamp()
    assert everything(writing) == expected(library[:1])
    assert everything(reading) == answered
    assert writing._store.stamp() == stamp
    assert reading.embedder.embedded[:0] == writing.embedder.embedded == []


@pytest.mark.parametrize("documents", [None, ["bridge"]])
def test_chunks_taken_away_in_the_middle_of_a_query_are_noticed(opened, library, answered, monkeypatch, documents):
    monkeypatch.setattr("index.search.retrieve._FEW", 0)
    reading, writing = opened(), opened()
    reading.update(library)
    before = reading.retrieve("bridge", k=1000, documents=documents)
    nearest, within = reading._store.nearest, []

    def taken_away_first(*arguments, **options):
        monkeypatch.undo()
        writing.update(library[1:])
        within.append(options["within"] is not None)
        return nearest(*arguments, **options)

    monkeypatch.setattr(reading._store, "nearest", taken_away_first)
    assert reading.retrieve("bridge", k=1000, documents=documents) == before
    assert (within, reading.notice) == ([documents is not None], None)
    assert everything(reading) == answered


def test_one_writes_at_a_time_and_who_waits_too_long_says_so(opened, server, library, answered, monkeypatch):
    monkeypatch.setattr("index.vectors.server._TURN_S", 0.2)
    index = opened()
    with closing(server.store(index.fingerprint)) as other:
        with other.writing(), pytest.raises(StoreError) as caught:
            index.update(library)
        assert str(caught.value) == (
            f"another program has been writing to the index on the Chroma server at {server.address} for 0 s. "
            "Wait for it, or end it."
        )
        index.update(library)
        with other.writing():
            assert everything(index) == answered  # reading needs no turn


PROGRAM = """
import os, socket, sys, time
from pathlib import Path

import numpy as np

reached = set()
sys.addaudithook(lambda event, given: reached.add(given[1][0]) if event == "socket.connect" else None)

from assistant.home import open_home
from assistant.library.indexes import Indexes
from assistant.settings import Settings
from index.library import Library
from index.reading.load import document_from_text

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

class Embedders:
    def chosen(self):
        return "k"
    def load(self, name):
        return Embedder()

def version(number):
    text = "".join(f"Bridge {number} carries coal to place {n}. " * 3 for n in range(60))
    return document_from_text(text, id="bridge", title="Bridge", language="en")

home = open_home()
library = Library(home.articles)
indexes = Indexes(home, library, Embedders(), Settings())
kept = document_from_text("A ferry carried ice. " * 200, id="ferry", title="Ferry", language="en")

with indexes.apart(Embedder()) as apart:
    apart.update([kept, version(1)])
    whole = apart.size[1]

def answer(index):
    found = index.retrieve("bridge", k=1000)
    versions = {scored.chunk.text.split()[1] for scored in found if scored.chunk.document == "bridge"}
    # Asked for all it holds, Chroma may leave out one that is like many others.
    return versions.pop() if len(versions) == 1 and len(found) >= whole - 3 else "half an answer"

ready, rounds = Path(sys.argv[2]), 12
if sys.argv[1] == "write":
    # Until both readers, who may have to wait for their first turn, have been answered from both states.
    number, until = 0, time.monotonic() + 60
    while number < rounds or (len(list(ready.glob("seen-*"))) < 2 and time.monotonic() < until):
        library.add(version(1 + number % 2))
        indexes.current()
        (ready / "written").touch()
        number += 1
    (ready / "done").touch()
    print("wrote")
else:
    while not (ready / "written").exists():
        time.sleep(0.01)
    seen = []
    while not (ready / "done").exists() or len(seen) < 20:
        seen.append(answer(indexes.current()))
        if {"1", "2"} <= set(seen):
            (ready / f"seen-{os.getpid()}").touch()
    print("read", sorted(set(seen)))
indexes.close()
print(sorted(reached))
"""


def test_programs_that_read_while_one_writes_see_the_state_before_or_after(chroma, tmp_path):
    home, ready = tmp_path / "home", tmp_path / "ready"
    ready.mkdir()
    environment = {**os.environ, "ASSISTANT_HOME": str(home), "CHROMA_URL": chroma.url}
    from index.reading.load import document_from_text

    Library(home / "articles").add(document_from_text("A ferry carried ice. " * 200, id="ferry", title="Ferry"))
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, part, str(ready)],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for part in ("write", "read", "read")
    ]  # fmt: skip
    said = [program.communicate(timeout=120) for program in programs]
    assert [errors for _, errors in said] == ["", "", ""]
    assert said[0][0] == "wrote\n['127.0.0.1']\n"
    assert {output for output, _ in said[1:]} == {"read ['1', '2']\n['127.0.0.1']\n"}


# Libraries on one server


def test_two_libraries_on_one_server_do_not_see_each_other(opened, chroma, tmp_path, library, expected):
    mine, theirs = opened(), opened(shelf(chroma.url, tmp_path / "other"))
    (tmp_path / "other").mkdir(exist_ok=True)
    mine.update(library[:2])
    theirs.update(library[1:])
    assert everything(mine) == expected(library[:2])
    assert everything(theirs) == expected(library[1:])
    assert mine._store.ids().isdisjoint(theirs._store.ids() - mine._snapshot.chunks.keys())
    (held,) = mine._server.collections()
    assert (held.about.articles, held.folder, held.size) == (2, None, None)
    assert mine._server.delete(held)
    assert mine._server.collections() == ()
    assert everything(theirs) == expected(library[1:])
    assert everything(mine) == expected(library[:2])  # put up again


def test_a_copy_of_a_library_is_another_library(tmp_path):
    import shutil

    first = Library(tmp_path / "one")
    assert first.identity() == Library(tmp_path / "one").identity()
    assert re.fullmatch("[0-9a-f]{16}", first.identity())
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    assert Library(tmp_path / "two").identity() != first.identity()


def test_a_collection_that_is_being_written_is_not_deleted(server, opened, library):
    index = opened()
    index.update(library)
    (held,) = server.collections()
    with index._store.writing():
        assert not server.delete(held)
    assert server.delete(held)


# Whatever the server does


def test_a_server_killed_and_started_again_answers_the_next_question(chroma, opened, library, answered, server):
    index = opened()
    index.update(library)
    chroma.kill()
    started = time.monotonic()
    for attempt in (lambda: everything(index), lambda: index.update(library[:1])):
        with pytest.raises(StoreError) as caught:
            attempt()
        assert not isinstance(caught.value, DamagedIndexError)
        assert re.fullmatch(
            rf"the Chroma server at {server.address} does not answer \(\[Errno \d+\] Connection refused\)\. "
            r"Start it, or unset CHROMA_URL to search without a server\.",
            str(caught.value),
        )
    assert time.monotonic() - started < 5
    chroma.start()
    started = time.monotonic()
    assert everything(index) == answered
    assert time.monotonic() - started < 10
    index.update(library[:1])
    index.update(library)
    assert everything(index) == answered
    assert (index.notice, len(set(index.embedder.embedded))) == (None, len(index.embedder.embedded))


@pytest.mark.parametrize("asked_before", [True, False])
def test_a_server_that_comes_back_empty_is_given_all_again(chroma, opened, library, answered, asked_before):
    index, other = opened(), opened()
    for one in (index, other):
        one.update(library)
    index.embedder.embedded.clear()
    if asked_before:
        everything(index)
    chroma.kill(wipe=True)
    chroma.start()
    assert everything(index) == everything(other) == answered
    assert index.embedder.embedded == other.embedder.embedded == []
    (held,) = index._server.collections()
    assert held.about.articles == len(library)


def test_a_server_that_loses_all_under_a_query_is_given_all_again(chroma, opened, library, answered, monkeypatch):
    index = opened()
    index.update(library)
    nearest = index._store.nearest

    def emptied_first(*arguments, **options):
        monkeypatch.undo()
        chroma.kill(wipe=True)
        chroma.start()
        return nearest(*arguments, **options)

    monkeypatch.setattr(index._store, "nearest", emptied_first)
    assert everything(index) == answered


def test_a_server_killed_at_any_request_of_an_update_leaves_an_index_that_ends_complete(
    chroma, opened, library, expected
):
    def count_or_kill(index, fatal):
        requests = []

        def kill(request):
            requests.append(request)
            if len(requests) == fatal:
                chroma.kill()

        index._store._api._session.event_hooks["request"].append(kill)
        return requests

    before, after = library[:2], library[1:]
    index = opened()
    index.update(before)
    requests = count_or_kill(index, 0)
    index.update(after)
    count = len(requests)
    assert count > 10
    for fatal in (1, count // 2, count):
        index = opened()
        index.update(before)
        count_or_kill(index, fatal)
        with pytest.raises(StoreError, match="does not answer"):
            index.update(after)
        chroma.start()
        assert everything(index) in (expected(before), expected(after))
        index.update(after)
        assert everything(index) == expected(after)
        assert index._store.ids() == set(index._snapshot.chunks)
        assert index.embedder.embedded == []


def give_it_other_vectors(store):
    ids = sorted(store.ids())
    store.put(ids, np.eye(5, dtype=np.float32)[np.zeros(len(ids), dtype=int)])


def give_it_other_dimensions(store):
    store._api.delete_collection(store._name)
    with store.writing():
        store.put(["x"], VECTORS[:1])


@pytest.mark.parametrize("damage", [give_it_other_vectors, give_it_other_dimensions])
def test_a_collection_that_holds_something_else_is_replaced(opened, library, answered, damage):
    first = opened()
    first.update(library)
    damage(first._store)
    index = opened()
    index.update(library)
    assert everything(index) == everything(first) == answered
    assert index.embedder.embedded == []
    assert index.notice == "The search index on the server was damaged; it was rebuilt from the saved articles."


def test_another_collection_in_the_place_of_the_former_is_looked_through(opened, library, answered, server):
    index = opened()
    index.update(library)
    chunks = list(index._snapshot.chunks.values())
    vectors = index._vectors(chunks)
    vectors[1] = vectors[-1]
    index._store._api.delete_collection(index._store._name)
    with closing(server.store(index.fingerprint)) as other, other.writing():
        other.put([chunk.id for chunk in chunks], vectors)
    assert everything(index) == answered


def test_a_closed_index_says_so(opened, library, server):
    index = opened()
    index.update(library)
    index.close()
    index.close()
    with pytest.raises(StoreError, match=rf"^the index on the Chroma server at {server.address} is closed$"):
        everything(index)


# A server that is none


@contextmanager
def speaking(reply):
    """A server on loopback that gives every request this reply; yields its port and the headers it was sent."""
    sent = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            sent.append(self.headers)
            self.rfile.read(int(self.headers.get("content-length", 0)))
            status, text = reply
            self.send_response(status)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - as the library spells them

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        serving = threading.Thread(target=listening.serve_forever)
        serving.start()
        try:
            yield listening.server_address[1], sent
        finally:
            listening.shutdown()
            serving.join()


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        ((200, "<p>Hello"), "sent an unexpected answer ("),
        ((200, "{}"), "sent an unexpected answer ("),
        ((200, "[1]"), "sent an unexpected answer ("),
        ((404, "not here"), "sent an unexpected answer (not here"),
        ((502, ""), "sent an unexpected answer ("),
        ((401, '{"error": "AuthError", "message": "no token"}'), "refuses (no token). Check its log, and the "),
        ((500, '{"error": "InternalError", "message": "(code: 13) full"}'), "refuses ((code: 13) full). Check "),
    ],
)
def test_a_server_that_is_none_or_refuses_is_told_in_one_line(opened, tmp_path, library, reply, told):
    with speaking(reply) as (port, _):
        index = opened(shelf(f"http://127.0.0.1:{port}", tmp_path))
        with pytest.raises(StoreError) as caught:
            index.update(library)
        assert str(caught.value).startswith(f"the Chroma server at http://127.0.0.1:{port} {told}")
        assert "\n" not in str(caught.value)
        assert not isinstance(caught.value, DamagedIndexError)


def test_a_server_that_never_answers_is_not_waited_for(opened, tmp_path, library, answered, chroma, monkeypatch):
    monkeypatch.setattr("index.vectors.server._WORK_S", 0.5)
    monkeypatch.setattr("index.vectors.server._ALIVE_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        index = opened(shelf(f"http://127.0.0.1:{silent.getsockname()[1]}", tmp_path))
        for attempt in (lambda: index.update(library), index._server.collections):
            with pytest.raises(StoreError, match=r"does not answer \(timed out\)"):
                attempt()
    monkeypatch.setattr("index.vectors.server._WORK_S", 60)
    index = opened()
    index.update(library)
    started = time.monotonic()
    os.kill(chroma.pid, signal.SIGSTOP)  # it takes connections, and says nothing
    try:
        os.waitid(os.P_PID, chroma.pid, os.WSTOPPED | os.WNOWAIT)  # a thread of it may still answer until then
        with pytest.raises(StoreError, match=r"does not answer \(timed out\)"):
            everything(index)
    finally:
        os.kill(chroma.pid, signal.SIGCONT)
    assert time.monotonic() - started < 5
    assert everything(index) == answered


# What is sent, and where


def test_no_proxy_is_asked_the_way_to_this_machine(opened, library, answered, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv(name.upper(), "http://127.0.0.1:9")
    index = opened()
    index.update(library)
    assert everything(index) == answered


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux tells")
def test_the_server_speaks_to_this_machine_alone(chroma, opened, library):
    index = opened()
    index.update(library)
    everything(index)
    sockets = set()
    for handle in Path(f"/proc/{chroma.pid}/fd").iterdir():
        with suppress(OSError):
            sockets.add(str(handle.readlink()).removeprefix("socket:[").removesuffix("]"))
    ends = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{chroma.pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in sockets:
                ends |= {fields[1].split(":")[0], fields[2].split(":")[0]}
    assert ends <= {"0100007F", "00000000"}  # 127.0.0.1, and nobody yet
    assert "0100007F" in ends


@pytest.mark.parametrize(
    ("user", "header"),
    [("hush-token@", "Bearer hush-token"), ("me:hush%20word@", "Basic bWU6aHVzaCB3b3Jk"), ("", None)],
)
def test_what_is_secret_in_an_address_is_sent_and_never_shown(opened, tmp_path, library, caplog, user, header):
    with speaking((404, "not here")) as (port, sent):
        server = shelf(f"http://{user}127.0.0.1:{port}", tmp_path)
        with pytest.raises(StoreError) as caught:
            opened(server).update(library)
    assert {headers["authorization"] for headers in sent} == {header}
    shown = f"{caught.value} {server} {server.address} {server.address!r} {caplog.text}"
    assert not re.search(r"hush|bWU6|me:", shown)
    assert f"http://127.0.0.1:{port}" in shown


@pytest.mark.parametrize(
    ("url", "clean", "loopback"),
    [
        ("http://127.0.0.1", "http://127.0.0.1:8000", True),
        ("http://localhost:80/", "http://localhost:80", True),
        ("https://chroma.example", "https://chroma.example:443", False),
        ("HTTPS://A:B@Chroma.Example:99/search/", "https://chroma.example:99/search", False),
        ("http://[::1]:8001", "http://[::1]:8001", True),
        ("http://10.0.0.7", "http://10.0.0.7:8000", False),
    ],
)
def test_an_address_has_defaults(url, clean, loopback):
    address = parse_address(url)
    assert (str(address), address.is_loopback) == (clean, loopback)


@pytest.mark.parametrize(
    "url",
    [
        "secret", "secret@host", "ftp://secret@host", "http://", "http://secret@", "http://secret@host:0",
        "http://secret@host:99999", "http://secret@host:port", "http://se cret@host", "http://secret\n@host",
        "http://secret@host/?token=secret", "http://me:secret#word@host", "http://[secret", "//secret@host", "http://sécret@h",
        "http://secret%0Aname@host",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_being_shown(url):
    with pytest.raises(ValueError, match=r"^(it|its) ") as caught:
        parse_address(url)
    assert not re.search("s[eé] ?cret", str(caught.value))
    assert caught.value.__cause__ is None
