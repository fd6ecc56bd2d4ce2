"""The library keeps every article whole, whatever happens to the process that writes it."""

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import StoreError, UnknownArticleError
from index.library import Library
from index.reading.load import document_from_text, load_bytes
from index.types import Block, Document

MARKDOWN = """---
title: The ferry
author: Ann Lee
date: 1931-05-04
questions:
  - Who steered?
---

# The crew

Ann Lee steered. 渡し船。
"""

# Adds articles until it is killed; prints the id of each once it is acknowledged.
ADDING = """
import sys
from pathlib import Path
from index.library import Library
from index.reading.load import document_from_text
library, prefix = Library(Path(sys.argv[1])), sys.argv[2]
for number in range(int(sys.argv[3])):
    id = f"{prefix}-{number}"
    library.add(document_from_text(f"{id} " * 2000, id=id, title=id, language="en"))
    print(id, flush=True)
"""


@pytest.fixture
def library(tmp_path):
    return Library(tmp_path / "articles")


@pytest.fixture
def ferry():
    return load_bytes(MARKDOWN.encode(), name="ferry.md")


def ids(library):
    return [document.id for document in library.documents()]


def test_an_article_comes_back_as_it_was(library, ferry):
    assert library.add(ferry) == "added"
    assert library.get("ferry") == ferry
    assert Library(library.folder).documents() == (ferry,)


def test_an_article_with_a_site_and_pages_comes_back_as_it_was(library, ferry):
    paged = replace(ferry, site="The Ferryman", pages=(0, 12, 12))
    library.add(paged)
    assert Library(library.folder).get("ferry") == paged
    assert [paged.page_at(offset) for offset in (0, 11, 12, 40)] == [1, 1, 3, 3]
    assert paged.digest != ferry.digest


def test_an_article_without_site_and_pages_is_saved_as_before_there_were_any(library, ferry):
    library.add(ferry)
    [file] = library.folder.glob("*.json")
    assert {"site", "pages"}.isdisjoint(json.loads(file.read_text(encoding="utf-8")))
    assert ferry.page_at(3) is None
    article = Document(id="a", title="A", text="Red.", blocks=(Block("paragraph", 0, 4),))
    assert article.digest == "5221d8c2e8f022d77d6fe4e60abb328b574a103b9d3dda7e0778edc5fa097f07"  # as of before


def test_adding_again_says_what_changed(library, ferry):
    library.add(ferry)
    before = library.stamp()
    assert library.add(ferry) == "unchanged"
    assert library.stamp() == before
    assert library.add(replace(ferry, title="The last ferry")) == "updated"
    assert library.get("ferry").title == "The last ferry"
    assert ids(library) == ["ferry"]


def test_articles_are_ordered_by_title_and_then_by_id(library, article):
    for id, title in [("3", "alpha"), ("2", "Beta"), ("1", "beta"), ("0", "Gamma")]:
        library.add(article(id, "Red sea.", title=title))
    assert ids(library) == ["3", "1", "2", "0"]


def test_a_removed_article_is_gone(library, ferry, article):
    library.add(ferry)
    library.add(article("bridge", "Red sea."))
    assert library.remove("ferry") == ferry
    assert ids(library) == ["bridge"]


def test_an_unknown_id_is_answered_with_the_known_ones(library, article):
    with pytest.raises(UnknownArticleError) as caught:
        library.get("ferry")
    assert str(caught.value) == "no article 'ferry' in the library. Known: none; `assistant add FILE` adds one."
    for number in range(12):
        library.add(article(f"a{number:02}", "Red sea."))
    with pytest.raises(UnknownArticleError) as caught:
        library.remove("ferry")
    assert str(caught.value) == (
        "no article 'ferry' in the library. Known: a00, a01, a02, a03, a04, a05, a06, a07, a08, a09 and 2 more."
    )


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(min_size=1), unique=True, max_size=5), st.text(), st.text())
def test_any_id_title_and_source_can_be_kept(tmp_path_factory, ids, title, source):
    library = Library(tmp_path_factory.mktemp("library"))
    documents = [replace(document_from_text("Red.", id=id, title="", language="en"), title=title) for id in ids]
    for document in documents:
        assert library.add(document) == "added"
    assert {document.id for document in library.documents()} == set(ids)
    assert [library.get(id) for id in ids] == documents
    assert not source or library.add(replace(documents[0], source=source)) == "updated" if documents else True


@pytest.mark.parametrize("id", ["../../evil", "a/b", "", ".", "con", "\x00", "x" * 5000, "caf\udce9"])
def test_an_id_never_names_a_file_outside_the_library(library, article, id):
    library.add(replace(article("a", "Red."), id=id))
    assert library.get(id).id == id
    assert len(list(library.folder.glob("*.json"))) == 1


def test_a_source_that_is_no_text_is_kept(library, ferry):
    odd = replace(ferry, source=os.fsdecode(b"caf\xe9.txt"))
    library.add(odd)
    assert Library(library.folder).get("ferry") == odd


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b"\xff\xfe", b'{"blocks": [], "questions": []}', b'{"blocks": 1}']
)
def test_a_file_that_cannot_be_read_is_named(library, ferry, content):
    library.add(ferry)
    path = next(library.folder.glob("*.json"))
    path.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        library.documents()
    assert str(caught.value).startswith(f"the saved article {path} cannot be read (")
    assert str(caught.value).endswith("Move it away and add the article again.")
    assert "\n" not in str(caught.value)


def test_adding_an_article_again_mends_its_file_and_the_others_can_be_used_meanwhile(library, ferry, article):
    library.add(ferry)
    path = next(library.folder.glob("*.json"))
    library.add(article("bridge", "Red sea."))
    path.write_bytes(b"\xff torn")
    assert library.get("bridge").id == "bridge"
    assert library.remove("bridge").id == "bridge"
    assert library.add(ferry) == "updated"
    assert library.documents() == (ferry,)


def test_the_stamp_changes_with_every_change_by_any_library(library, ferry, article):
    other = Library(library.folder)
    stamps = [library.stamp()]
    for change in (
        lambda: other.add(ferry),
        lambda: other.add(replace(ferry, title="The Ferry")),  # as long as before
        lambda: other.add(article("bridge", "Red sea.")),
        lambda: other.remove("ferry"),
    ):
        change()
        stamps.append(library.stamp())
        assert library.documents() == other.documents()
    assert len(set(stamps)) == len(stamps)


def test_articles_that_did_not_change_are_not_read_again(library, ferry, article, monkeypatch):
    library.add(ferry)
    library.add(article("bridge", "Red sea."))
    first = library.documents()
    library.add(article("bridge", "Blue sea."))
    read = []
    real = Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda path, **options: read.append(path) or real(path, **options))
    second = library.documents()
    assert len(read) == 1
    assert second[0].text == "Blue sea."
    assert second[1] is first[1]


def test_a_thousand_articles_are_listed_quickly_the_second_time(library, article):
    folder = library.folder
    library.add(article("a", "Red sea. " * 200))
    saved = json.loads(next(folder.glob("*.json")).read_text())
    for number in range(1000):
        (folder / f"{number}.json").write_text(json.dumps(saved | {"id": f"a{number}"}))
    assert len(library.documents()) == 1001
    began = time.perf_counter()
    assert len(library.documents()) == 1001
    assert time.perf_counter() - began < 0.5  # 10 ms on an idle machine


def test_two_processes_adding_at_once_lose_nothing(library):
    adding = [
        subprocess.Popen([sys.executable, "-c", ADDING, str(library.folder), prefix, "25"], stdout=subprocess.DEVNULL)
        for prefix in ("one", "two")
    ]
    assert [process.wait(60) for process in adding] == [0, 0]
    assert set(ids(library)) == {f"{prefix}-{number}" for prefix in ("one", "two") for number in range(25)}


def test_threads_adding_at_once_lose_nothing(library, article):
    def add(prefix):
        for number in range(10):
            library.add(article(f"{prefix}-{number}", "Red sea."))

    threads = [threading.Thread(target=add, args=(prefix,)) for prefix in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids(library)) == 40


@pytest.mark.parametrize("acknowledged", [1, 7, 20])
def test_a_kill_leaves_whole_articles_and_every_one_that_was_acknowledged(library, acknowledged):
    adding = subprocess.Popen(
        [sys.executable, "-c", ADDING, str(library.folder), "a", "100000"], stdout=subprocess.PIPE, text=True
    )
    said = [adding.stdout.readline().strip() for _ in range(acknowledged)]
    adding.send_signal(signal.SIGKILL)
    said += adding.stdout.read().split()
    adding.wait()
    adding.stdout.close()
    documents = library.documents()
    assert all(document.text == (f"{document.id} " * 2000).strip() for document in documents)
    # At most one more was written whole and not yet acknowledged.
    assert {document.id for document in documents} - set(said) <= {f"a-{len(said)}"}
    assert set(said) <= {document.id for document in documents}
    for left_behind in library.folder.glob(".writing-*"):
        os.utime(left_behind, (0, 0))
    library.add(document_from_text("Red.", id="z", title="z", language="en"))
    assert list(library.folder.glob(".writing-*")) == []


def test_what_a_killed_writer_left_is_cleared_away_and_what_another_writes_now_is_not(library, ferry):
    for name, age in [("old", 3600), ("young", 0)]:
        left = library.folder / f".writing-{name}"
        left.write_text("half")
        os.utime(left, (time.time() - age,) * 2)
    library.add(ferry)
    assert [path.name for path in library.folder.glob(".writing-*")] == [".writing-young"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EDQUOT])
@pytest.mark.parametrize("call", ["os.fsync", "tempfile.mkstemp"])
def test_a_disk_that_takes_no_more_is_told_in_one_line_and_the_old_article_stays(
    library, ferry, monkeypatch, code, call
):
    library.add(ferry)

    def refuse(*_, **__):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(f"index.files.{call}", refuse)
        with pytest.raises(StoreError) as caught:
            library.add(replace(ferry, title="The last ferry"))
    assert str(caught.value) == (
        f"the library folder {library.folder} cannot be written: {os.strerror(code)}. "
        "Free space, or check its permissions."
    )
    assert library.documents() == (ferry,)
    assert list(library.folder.glob(".writing-*")) == []


def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError) as caught:
        Library(tmp_path / "file" / "articles")
    assert str(caught.value) == (
        f"the library folder {tmp_path / 'file' / 'articles'} cannot be made: Not a directory. "
        "Choose a folder you can write."
    )


def test_a_folder_that_went_away_is_told_in_one_line_and_made_again_by_adding(library, ferry):
    library.folder.rename(library.folder.with_name("elsewhere"))
    with pytest.raises(StoreError, match=r"cannot be read: No such file or directory\. Check its permissions\.$"):
        library.documents()
    assert library.add(ferry) == "added"
    assert library.documents() == (ferry,)


def test_another_writer_that_holds_the_lock_too_long_is_told_in_one_line(library, ferry, monkeypatch):
    monkeypatch.setattr("index.files._TURN_S", 0.05)
    other = "import sys, filelock; lock = filelock.FileLock(sys.argv[1]); lock.acquire(); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", other, library.folder / ".lock"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holding:
        holding.stdout.readline()
        with pytest.raises(StoreError, match=r"another program has been writing to .* for 0\.05 s\. Wait for it, or"):
            library.add(ferry)
        holding.communicate(b"\n")
    assert library.documents() == ()


def test_a_rename_keeps_what_another_program_updates_meanwhile(library, article, monkeypatch):
    library.add(article("ferry", "Ann Lee steered."))
    real, other, done = library.get, Library(library.folder), threading.Event()

    def update():
        other.add(article("ferry", "Bo Ek steered."))
        done.set()

    def get(id):
        found = real(id)
        threading.Thread(target=update).start()
        done.wait(0.2)  # it has to wait for its turn
        return found

    monkeypatch.setattr(library, "get", get)
    library.rename("ferry", "Our ferry")
    assert done.wait(10)
    assert other.get("ferry").text == "Bo Ek steered."


def test_a_removed_article_comes_back_as_it_was_and_once(tmp_path, article):
    library, ferry = Library(tmp_path), article("ferry", "Ann Lee steered.")
    library.add(ferry)
    (before,) = library.stamp()
    assert library.remove("ferry") == ferry
    assert library.documents() == ()
    with pytest.raises(UnknownArticleError, match=r"no removed article 'crew'. Removed in the last month: ferry\."):
        library.restore("crew")
    assert library.restore("ferry") == ferry
    assert library.documents() == (ferry,)
    assert library.stamp()[0].inode == before.inode
    with pytest.raises(UnknownArticleError, match=r"Removed in the last month: none\."):
        library.restore("ferry")


def test_an_article_that_was_added_again_is_not_overwritten_by_the_removed_one(tmp_path, article):
    library = Library(tmp_path)
    library.add(article("ferry", "Ann Lee steered."))
    library.remove("ferry")
    library.add(article("ferry", "Bo Lind steered."))
    with pytest.raises(StoreError, match="already has an article 'ferry'"):
        library.restore("ferry")
    assert library.get("ferry").text == "Bo Lind steered."


def test_what_was_removed_a_month_ago_is_gone_for_good(tmp_path, article):
    library = Library(tmp_path)
    for id in ("ferry", "crew"):
        library.add(article(id, f"The {id} is old."))
    library.remove("ferry")
    (removed,) = tmp_path.glob(".removed/*.json")
    os.utime(removed, (time.time() - 31 * 86_400,) * 2)
    library.remove("crew")
    with pytest.raises(UnknownArticleError, match=r"Removed in the last month: crew\."):
        library.restore("ferry")


@pytest.mark.parametrize("wrong", [0, 4e9])
def test_a_clock_that_was_wrong_loses_nothing_that_was_removed(tmp_path, article, wrong):
    library = Library(tmp_path)
    for id in ("ferry", "crew", "sea"):
        library.add(article(id, f"Of the {id}."))
    library.remove("ferry")
    [removed] = (tmp_path / ".removed").glob("*.json")
    os.utime(removed, (wrong, wrong))
    library.remove("crew")
    assert abs(removed.stat().st_mtime - time.time()) < 60  # its month begins now
    os.utime(removed, (time.time() - 31 * 86_400,) * 2)
    library.remove("sea")
    assert not removed.exists()


def test_an_article_saved_while_the_clock_goes_back_is_seen(tmp_path, article):
    library, other = Library(tmp_path), Library(tmp_path)
    for number, moment in enumerate([2_000_000_000, 1_000_000_000, 3_000_000_000, 1_000_000_000]):
        other.add(article("ferry", f"Trip {number}."))
        for path in (next(tmp_path.glob("*.json")), tmp_path):
            os.utime(path, (moment, moment))
        assert [document.text for document in library.documents()] == [f"Trip {number}."]
        assert [document.text for document in library.documents()] == [f"Trip {number}."]


def test_changes_of_one_tick_of_the_clock_are_all_seen(tmp_path, article):
    library, other = Library(tmp_path), Library(tmp_path)
    tick = time.time_ns()
    seen = set()
    for number in range(5):
        other.add(article("ferry", f"Trip {number}."))
        os.utime(tmp_path, ns=(tick, tick))  # a coarse clock tells no two of these apart
        seen.add(library.stamp())
    assert len(seen) == 5


def test_a_folder_that_was_not_changed_for_a_while_is_not_listed_again(tmp_path, article, monkeypatch):
    library = Library(tmp_path)
    library.add(article("ferry", "Ann Lee steered."))
    tick = time.time_ns() - 60 * 10**9
    os.utime(tmp_path, ns=(tick, tick))
    stamp = library.stamp()
    monkeypatch.setattr(os, "scandir", None)
    assert library.stamp() == stamp


FIRST, SECOND = b"%PDF-1.7 the first", b"%PDF-1.7 the second"


def made_of(document, data):
    return replace(document, pages=(0,), taken=f"1:{hashlib.sha256(data).hexdigest()}")


def files(library, pattern="*"):
    return sorted(path.suffix for path in library.folder.glob(pattern) if not path.name.startswith("."))


def test_an_original_is_kept_beside_its_article_and_follows_it(library, ferry):
    first, second = made_of(ferry, FIRST), made_of(ferry, SECOND)
    assert library.add(first, FIRST) == "added"
    assert (library.has_original(first), library.original_of(first)) == (True, FIRST)
    assert library.rename("ferry", "Our ferry").renamed
    assert library.original_of(library.get("ferry")) == FIRST
    assert library.add(replace(second, title="Their ferry"), SECOND) == "updated"
    assert library.original_of(second) == SECOND
    library.remove("ferry")
    assert (files(library), files(library, ".removed/*")) == ([], [".json", ".pdf"])
    assert not library.has_original(second)
    library.restore("ferry")
    assert (files(library), files(library, ".removed/*")) == ([".json", ".pdf"], [])
    assert library.original_of(second) == SECOND
    assert library.add(ferry) == "updated"  # from a file of another format
    assert files(library) == [".json"]


def test_other_bytes_of_the_same_words_are_no_change_but_another_original(library, ferry):
    library.add(made_of(ferry, FIRST), FIRST)
    assert library.add(made_of(ferry, SECOND), SECOND) == "unchanged"
    assert library.original_of(library.get("ferry")) == SECOND


def test_an_original_that_is_not_what_the_article_was_made_of_is_none(library, ferry):
    first = made_of(ferry, FIRST)
    library.add(first, SECOND)
    assert files(library) == [".json"]
    library.keep_original("ferry", SECOND)
    assert files(library) == [".json"]
    library.keep_original("ferry", FIRST)
    assert library.has_original(first)
    [kept] = library.folder.glob("*.pdf")
    kept.write_bytes(FIRST[:-1])
    assert (library.has_original(first), library.original_of(first)) == (False, None)
    kept.write_bytes(FIRST[:-1] + b"x")  # as long as it was
    assert (library.has_original(first), library.original_of(first)) == (False, None)
    assert library.add(first, FIRST) == "unchanged"
    assert library.original_of(first) == FIRST
    assert library.original_of(ferry) is None  # whose bytes are not known
    with pytest.raises(UnknownArticleError):
        library.keep_original("crew", FIRST)


def test_an_original_is_no_article_and_is_hashed_once(library, ferry, monkeypatch):
    first = made_of(ferry, FIRST)
    library.add(first)
    before = library.stamp()
    library.keep_original("ferry", FIRST)
    assert library.stamp() == before
    assert library.has_original(first)
    monkeypatch.setattr(hashlib, "file_digest", None)
    assert library.has_original(first)


def test_an_original_that_was_removed_a_month_ago_is_gone_for_good_even_alone(library, ferry, article):
    library.add(made_of(ferry, FIRST), FIRST)
    library.add(article("crew", "Red."))
    library.remove("ferry")
    for path in library.folder.glob(".removed/*"):
        os.utime(path, (time.time() - 31 * 86_400,) * 2)
    next(library.folder.glob(".removed/*.json")).unlink()
    library.remove("crew")
    assert files(library, ".removed/*") == [".json"]


def test_an_original_that_a_kill_left_goes_with_its_article(library, ferry, article):
    library.add(made_of(ferry, FIRST), FIRST)
    library.add(article("crew", "Red."))
    library.add(article("sea", "Blue."))
    [original] = library.folder.glob("*.pdf")
    kept = library.remove("ferry")
    next(library.folder.glob(".removed/*.pdf")).rename(original)  # as after a kill between the two
    library.remove("crew")
    assert files(library) == [".json", ".pdf"]  # it may come back
    assert library.restore("ferry") == kept
    assert library.original_of(kept) == FIRST
    library.remove("ferry")
    next(library.folder.glob(".removed/*.pdf")).rename(original)
    for path in library.folder.glob(".removed/*"):
        os.utime(path, (time.time() - 31 * 86_400,) * 2)
    library.remove("sea")
    assert files(library) == []


class Killed(BaseException):
    """Stands for a kill."""


def killed_at(patch, step):
    """Have the process end at its ``step``th change of a file or name, counted from 0, and at every later one."""
    done = 0

    def dying(real):
        def change(*arguments, **options):
            nonlocal done
            done += 1
            if done > step:
                raise Killed
            return real(*arguments, **options)

        return change

    for name in ("replace", "unlink"):
        patch.setattr(Path, name, dying(getattr(Path, name)))


CHANGES = {
    "added": (None, lambda library, _, second: library.add(second, SECOND)),
    "updated": ((FIRST,), lambda library, _, second: library.add(second, SECOND)),
    "updated from another format": ((FIRST,), lambda library, ferry, _: library.add(ferry)),
    "removed": ((SECOND,), lambda library, *_: library.remove("ferry")),
    "restored": ((SECOND, "removed"), lambda library, *_: library.restore("ferry")),
}


@pytest.mark.parametrize("step", range(4))
@pytest.mark.parametrize("change", CHANGES)
def test_a_kill_between_an_article_and_its_original_leaves_nothing_wrong(library, ferry, monkeypatch, change, step):
    before, act = CHANGES[change]
    first, second = made_of(replace(ferry, title="First"), FIRST), made_of(replace(ferry, title="Second"), SECOND)
    if before:
        library.add(first if before[0] is FIRST else second, before[0])
    if before and before[1:]:
        library.remove("ferry")
    with monkeypatch.context() as patch, suppress(Killed):
        killed_at(patch, step)
        act(library, ferry, second)
    for document in library.documents():
        assert document in (first, second, ferry)
        assert library.original_of(document) in (None, FIRST if document == first else SECOND)
    if change in {"removed", "restored"}:  # wholly here, or wholly to be brought back
        if not library.documents():
            library.restore("ferry")
        assert library.get("ferry") == second
        assert library.original_of(second) == SECOND
        library.remove("ferry")
        assert files(library) == []
    # What was under way can be done again, and is whole then.
    with suppress(UnknownArticleError, StoreError):
        act(library, ferry, second)
    library.add(second, SECOND)
    assert library.documents() == (second,)
    assert library.original_of(second) == SECOND
    library.remove("ferry")
    assert files(library) == []
    assert files(library, ".removed/*") == [".json", ".pdf"]


def test_a_readers_title_is_its_own(tmp_path, article):
    library = Library(tmp_path)
    library.add(article("ferry", "Ann Lee steered."))
    renamed = library.rename("ferry", "Our ferry")
    assert (renamed.title, renamed.renamed) == ("Our ferry", True)
    assert library.get("ferry") == renamed


def test_a_link_in_the_folder_is_no_article(tmp_path, article):
    elsewhere = Library(tmp_path / "elsewhere")
    elsewhere.add(article("ferry", "Ann Lee steered."))
    library = Library(tmp_path / "library")
    for path in elsewhere.folder.glob("*.json"):
        (library.folder / path.name).symlink_to(path)
    assert library.documents() == ()
    with pytest.raises(UnknownArticleError):
        library.get("ferry")


def test_nothing_is_removed_into_a_linked_folder_where_the_old_would_be_deleted(tmp_path, article):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "old.json").write_text("{}")
    os.utime(theirs / "old.json", (0, 0))
    library = Library(tmp_path / "library")
    library.add(article("ferry", "Ann Lee steered."))
    (library.folder / ".removed").symlink_to(theirs)
    with pytest.raises(StoreError, match=r"\.removed is a link; expected a real folder\."):
        library.remove("ferry")
    assert (theirs / "old.json").exists()
    assert library.get("ferry")
