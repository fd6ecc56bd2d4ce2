"""The scripted model: what a script may say, and in which order it is said."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from assistant.errors import ModelError, UsageError
from assistant.models.scripted import Reply, ScriptedChatModel, read_script


def write(path: Path, *items: object) -> Path:
    path.write_text("\n".join(json.dumps(item) for item in items), encoding="utf-8")
    return path


def test_replies_are_given_in_order_and_every_question_is_remembered() -> None:
    model = ScriptedChatModel.of("One.", "Two.")
    assert [model.invoke("a").text, model.invoke("b").text] == ["One.", "Two."]
    assert [[message.text for message in asked] for asked in model.asked] == [["a"], ["b"]]


def test_two_models_do_not_share_what_they_were_asked() -> None:
    first, second = ScriptedChatModel.of("One."), ScriptedChatModel.of("One.")
    first.invoke("a")
    assert second.asked == []


def test_running_out_is_an_error_that_says_what_was_asked() -> None:
    model = ScriptedChatModel.of("One.")
    model.invoke("a")
    with pytest.raises(ModelError) as caught:
        model.invoke("Who opened it?")
    assert str(caught.value) == (
        "the script has no reply left for 'Who opened it?': 1 of its 1 items are used. Add an item, or set repeat."
    )


def test_an_item_with_a_match_waits_for_its_question() -> None:
    model = ScriptedChatModel.of(Reply("The harbour.", match="where"), "Anything.", Reply("Later.", match="when"))
    questions = ["who?", "when?", "where?"]
    assert [model.invoke(question).text for question in questions] == ["Anything.", "Later.", "The harbour."]


def test_the_match_looks_at_the_last_user_message_only() -> None:
    model = ScriptedChatModel.of(Reply("No.", match="harbour"), "Yes.")
    messages = [SystemMessage("harbour"), HumanMessage("harbour"), AIMessage("harbour"), HumanMessage("tower")]
    assert model.invoke(messages).text == "Yes."


def test_a_repeated_item_never_runs_out() -> None:
    model = ScriptedChatModel.of(Reply("Again.", repeat=True))
    assert [model.invoke("x").text for _ in range(3)] == ["Again."] * 3


def test_a_reply_streams_a_word_at_a_time_in_both_worlds() -> None:
    async def stream() -> list[str]:
        return [chunk.text async for chunk in ScriptedChatModel.of("It opened  in 1812.").astream("x") if chunk.text]

    words = [chunk.text for chunk in ScriptedChatModel.of("It opened  in 1812.").stream("x") if chunk.text]
    assert words == asyncio.run(stream()) == ["It ", "opened  ", "in ", "1812."]


def test_words_are_counted_as_tokens_unless_the_script_says_otherwise() -> None:
    model = ScriptedChatModel.of("It opened in 1812.", Reply("It did.", usage=(40, 6)))
    counted = model.invoke([SystemMessage("Be brief."), HumanMessage("When did it open?")])
    assert isinstance(counted, AIMessage)
    assert counted.usage_metadata == {"input_tokens": 6, "output_tokens": 4, "total_tokens": 10}
    told = list(model.stream("x"))[-1]
    assert told.usage_metadata == {"input_tokens": 40, "output_tokens": 6, "total_tokens": 46}


def test_an_error_comes_after_the_reply_it_stands_with() -> None:
    model = ScriptedChatModel.of(Reply("Half a", error="The model broke off."), Reply(error="The model is away."))
    heard = []
    with pytest.raises(ModelError, match="broke off"):
        heard.extend(chunk.text for chunk in model.stream("x"))
    with pytest.raises(ModelError, match="away"):
        model.invoke("x")


def test_the_delay_is_waited_before_each_chunk() -> None:
    model = ScriptedChatModel.of(Reply("one two", delay_s=0.05))
    started = time.monotonic()
    list(model.stream("x"))
    assert time.monotonic() - started >= 0.1


@given(st.text(max_size=60))
def test_the_chunks_of_a_reply_join_to_the_reply(text: str) -> None:
    assert "".join(Reply(text).pieces()) == text


def test_a_file_may_be_lines_or_one_list(tmp_path: Path) -> None:
    items: list[object] = [
        "Plain.",
        {"reply": "All of it.", "match": "all", "repeat": True, "delay_s": 1, "usage": {"prompt": 3, "completion": 2}},
        {"chunks": ["Cut ", "here."], "error": "gone"},
    ]
    expected = (
        Reply("Plain."),
        Reply("All of it.", match="all", repeat=True, delay_s=1, usage=(3, 2)),
        Reply("Cut here.", chunks=("Cut ", "here."), error="gone"),
    )
    assert read_script(write(tmp_path / "lines.jsonl", *items)) == expected
    (tmp_path / "list.json").write_text(json.dumps(items, indent=2), encoding="utf-8")
    assert read_script(tmp_path / "list.json") == expected
    assert ScriptedChatModel.from_file(tmp_path / "list.json").script == expected


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "The script FILE is empty; expected a JSON list of replies, or one JSON value per line."),
        ('"a"\n{"reply": ', "Line 2 of the script FILE is not JSON: Expecting value: line 1 column 11 (char 10)."),
        ("7", "Item 1 of the script FILE is of type int; expected a string or an object."),
        ('{"match": "x"}', "Item 1 of the script FILE has no 'reply'; expected a reply, chunks or an error."),
        ('{"reply": 3}', "Item 1 of the script FILE has a value of type int as 'reply'."),
        ('{"reply": "ab", "chunks": ["a"]}', "Item 1 of the script FILE has chunks that do not add up to its reply."),
        (
            '{"replay": "x"}',
            (
                "Item 1 of the script FILE has the unknown key 'replay'. "
                "Known: reply, match, repeat, chunks, delay_s, error, usage."
            ),
        ),
    ],
)
def test_a_bad_script_is_refused_with_the_place_and_the_reason(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "script.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read_script(path)
    assert str(caught.value) == complaint.replace("FILE", str(path))


def test_a_script_that_is_missing_or_binary_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be read: No such file or directory\.$"):
        read_script(tmp_path / "none.json")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"is not UTF-8 text\.$"):
        read_script(tmp_path / "binary")
