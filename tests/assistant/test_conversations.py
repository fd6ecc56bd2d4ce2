"""Conversations on disk: kept whole, replaced, rated, and never written over when they cannot be read."""

import json
import logging
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from assistant.conversations import Conversations, Exchange
from assistant.errors import HomeError, UsageError
from assistant.types import Answer, Citation, Statement
from index.types import Chunk, ScoredChunk

ID = "c0ffee-00_A"


def answer(text: str) -> Answer:
    return Answer(
        question="When did it open?",
        searched="When did it open?",
        text=text,
        abstained=False,
        model="extractive",
        embedder="minilm",
        statements=(Statement(text, "supported", (Citation("b", "Bridge", 0, 3, "The", 1.0),)),),
        evidence=(ScoredChunk(Chunk("b", 0, 3, "The"), 1.0, 0.5, 2.0),),
        timings_ms={"total": 3},
    )


@pytest.fixture
def conversations(tmp_path: Path) -> Conversations:
    return Conversations(tmp_path)


def test_a_new_conversation_is_empty(conversations: Conversations) -> None:
    assert conversations.exchanges(ID) == ()


def test_answers_come_back_whole_and_in_order_also_to_another_process(
    conversations: Conversations, tmp_path: Path
) -> None:
    conversations.save(ID, Exchange(answer("In 1931.")))
    conversations.save(ID, Exchange(answer("東京で。")))
    expected = (Exchange(answer("In 1931.")), Exchange(answer("東京で。")))
    assert conversations.exchanges(ID) == expected
    assert Conversations(tmp_path).exchanges(ID) == expected
    assert conversations.exchanges("another-one") == ()


def test_half_a_surrogate_pair_from_a_browser_is_kept(conversations: Conversations) -> None:
    conversations.save(ID, Exchange(answer("\ud83d")))
    assert conversations.exchanges(ID) == (Exchange(answer("\ud83d")),)


def test_a_regenerated_answer_takes_the_place_of_its_own_and_of_its_rating(conversations: Conversations) -> None:
    conversations.save(ID, Exchange(answer("First.")))
    conversations.save(ID, Exchange(answer("Second.")))
    conversations.rate(ID, 1, "down")
    conversations.save(ID, Exchange(answer("Third.")))  # another page asked on meanwhile
    conversations.replace(ID, 1, Exchange(answer("Better.")))
    assert [one.answer.text for one in conversations.exchanges(ID)] == ["First.", "Better.", "Third."]
    assert conversations.exchanges(ID)[1].opinion is None


def test_replacing_what_is_not_there_appends(conversations: Conversations) -> None:
    conversations.replace(ID, 0, Exchange(answer("Only.")))
    conversations.replace(ID, 7, Exchange(answer("Second.")))
    assert conversations.exchanges(ID) == (Exchange(answer("Only.")), Exchange(answer("Second.")))


def test_a_rating_is_kept_changed_and_taken_back(conversations: Conversations) -> None:
    conversations.save(ID, Exchange(answer("First.")))
    conversations.save(ID, Exchange(answer("Second.")))
    for opinion in ("up", "down", None):
        conversations.rate(ID, 0, opinion)
        assert conversations.exchanges(ID) == (Exchange(answer("First."), opinion), Exchange(answer("Second.")))


@pytest.mark.parametrize("position", [-1, 1, 7])
def test_an_answer_that_is_not_there_cannot_be_rated(conversations: Conversations, position: int) -> None:
    conversations.save(ID, Exchange(answer("Only.")))
    with pytest.raises(UsageError) as error:
        conversations.rate(ID, position, "up")
    assert str(error.value) == f"there is no answer {position + 1} to rate: this conversation has 1."


@pytest.mark.parametrize(
    "id", ["", "short", "x" * 65, "../../../etc/passwd", "a/b/c/d/e/f", "name.json", "c0ffee-00\n", "ééééééééé"]
)
def test_only_an_id_names_a_conversation(conversations: Conversations, id: str, tmp_path: Path) -> None:
    for use in (
        lambda: conversations.exchanges(id),
        lambda: conversations.save(id, Exchange(answer("x"))),
        lambda: conversations.replace(id, 0, Exchange(answer("x"))),
        lambda: conversations.rate(id, 0, "up"),
    ):
        with pytest.raises(UsageError, match="a conversation's id is 8 to 64 letters, digits, - or _"):
            use()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[1]",
        b'"text"',
        b'[{"opinion": null}]',
        b'[{"answer": {"question": "Q"}, "opinion": null}]',
        b'[{"answer": {}, "opinion": "sideways"}]',
    ],
)
def test_a_file_that_cannot_be_understood_is_kept_aside_and_the_conversation_begins_anew(
    conversations: Conversations,
    tmp_path: Path,
    broken: bytes,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("time.time_ns", lambda: 7)  # a clock that stands, or goes back, gives one time twice
    file = tmp_path / f"{ID}.json"
    for _ in range(2):  # a second one does not write over the first
        file.write_bytes(broken)
        with caplog.at_level(logging.ERROR):
            assert conversations.exchanges(ID) == ()
    aside = sorted(tmp_path.glob("*.unreadable-*"))
    assert [path.read_bytes() for path in aside] == [broken, broken]
    assert f"The conversation {file} cannot be understood; it is kept as {aside[0].name}" in caplog.text
    conversations.save(ID, Exchange(answer("Anew.")))
    assert conversations.exchanges(ID) == (Exchange(answer("Anew.")),)


def test_a_file_that_cannot_be_read_or_written_is_an_error_and_stays_as_it_is(
    conversations: Conversations, tmp_path: Path
) -> None:
    (tmp_path / f"{ID}.json").mkdir()
    for use in (lambda: conversations.exchanges(ID), lambda: conversations.save(ID, Exchange(answer("x")))):
        with pytest.raises(HomeError, match=r"cannot be read \(Is a directory\)\. Check its permissions\."):
            use()
    (tmp_path / "file").touch()
    with pytest.raises(HomeError, match=r"conversations .*file cannot be written: .*\. Free space, or check its perm"):
        Conversations(tmp_path / "file").save(ID, Exchange(answer("x")))


def test_answers_saved_at_once_are_all_kept(conversations: Conversations, tmp_path: Path) -> None:
    savers = [threading.Thread(target=conversations.save, args=(ID, Exchange(answer(f"{n}.")))) for n in range(8)]
    for saver in savers:
        saver.start()
    for saver in savers:
        saver.join()
    saved = json.loads((tmp_path / f"{ID}.json").read_bytes())
    assert sorted(entry["answer"]["text"] for entry in saved) == [f"{n}." for n in range(8)]


def test_nothing_is_saved_where_a_home_was_before_it_was_moved(tmp_path: Path) -> None:
    (tmp_path / "home" / "conversations").mkdir(parents=True)
    conversations = Conversations(tmp_path / "home" / "conversations")
    conversations.save(ID, Exchange(answer("First.")))
    (tmp_path / "home").rename(tmp_path / "moved")
    with pytest.raises(HomeError, match=r"cannot be written: No such file or directory\. Free space, or check"):
        conversations.save(ID, Exchange(answer("Second.")))
    assert not (tmp_path / "home").exists()
    assert Conversations(tmp_path / "moved" / "conversations").exchanges(ID) == (Exchange(answer("First.")),)


# Saves twenty exchanges, as an app does that has the folder open for itself.
SAVING = """
import sys
from pathlib import Path
from assistant.conversations import Conversations
from assistant.types import Answer
from assistant.conversations import Exchange
conversations, name = Conversations(Path(sys.argv[1])), sys.argv[2]
for number in range(20):
    answer = Answer("Q", "Q", f"{name}{number}", abstained=False, model="extractive", embedder="minilm")
    conversations.save("c0ffee-00_A", Exchange(answer))
"""


def test_two_processes_that_save_at_once_lose_nothing(conversations: Conversations, tmp_path: Path) -> None:
    saving = [subprocess.Popen([sys.executable, "-c", SAVING, str(tmp_path), name]) for name in "ab"]
    assert [process.wait(60) for process in saving] == [0, 0]
    texts = [exchange.answer.text for exchange in conversations.exchanges(ID)]
    assert sorted(texts) == sorted(f"{name}{number}" for name in "ab" for number in range(20))
    for name in "ab":
        assert [text for text in texts if text[0] == name] == [f"{name}{number}" for number in range(20)]


def test_a_file_that_another_process_moved_aside_a_moment_ago_is_not_moved_again(
    conversations: Conversations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f"{ID}.json").write_bytes(b"{")
    other = Conversations(tmp_path)
    real, asked = json.loads, []

    def loads(saved: bytes) -> object:
        if saved == b"{" and not asked:  # while the first reader looks at it
            asked.append(saved)
            other.save(ID, Exchange(answer("Anew.")))
        return real(saved)

    monkeypatch.setattr("assistant.conversations.json.loads", loads)
    assert conversations.exchanges(ID) == (Exchange(answer("Anew.")),)


def test_two_answers_side_by_side_are_kept_and_so_is_the_better_one(
    conversations: Conversations, tmp_path: Path
) -> None:
    conversations.save(ID, Exchange(answer("Left."), beside=answer("Right.")))
    assert conversations.exchanges(ID)[0].told.text == "Left."
    conversations.prefer(ID, 0, "right")
    (kept,) = Conversations(tmp_path).exchanges(ID)
    assert kept == Exchange(answer("Left."), beside=answer("Right."), better="right")
    assert kept.told.text == "Right."
    conversations.prefer(ID, 0, None)
    assert conversations.exchanges(ID)[0].better is None
