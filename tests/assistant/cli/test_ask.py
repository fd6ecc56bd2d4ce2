"""Asking in the terminal: the whole screen, the exit status, the JSON contract, and the line where it cannot be."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from fixtures.commands import FORMATS, OPENED, TOWER, run, screen, script

from assistant.cli.exits import ABSTAINED, ANSWERED, USER_ERROR
from assistant.library.shelf import Shelf
from assistant.wiring import Application
from index.library import Library
from index.reading.load import load

KNOWN_MODELS = (
    "Known: extractive; local:qwen2.5-coder-1.5b-instruct, local:qwen2.5-coder-0.5b-instruct, "
    "local:smollm2-135m-instruct; local:/path/to/any.gguf; scripted:FILE; PROVIDER:MODEL, where PROVIDER is one of "
)


@pytest.mark.usefixtures("bridge")
def test_an_answer_quotes_the_article_and_exits_with_0() -> None:
    assert screen(run("ask", "When did the bridge open?", "--model", "extractive")) == (
        ANSWERED,
        f"{OPENED} [1]\n\n[1] “{OPENED}”\n",
        "",
    )


@pytest.mark.usefixtures("bridge")
def test_a_question_the_article_does_not_answer_exits_with_3() -> None:
    code, out, err = screen(run("ask", "Who painted the Mona Lisa?", "-m", "extractive"))
    assert (code, out.splitlines()[0], err) == (ABSTAINED, "The article does not say.", "")


@pytest.mark.usefixtures("bridge")
def test_the_nearest_sentences_stand_below_a_refusal() -> None:
    code, out, err = screen(run("ask", "Who painted the bridge?", "-m", script("NOT IN THE ARTICLE")))
    refusal, blank, heading, *near = out.splitlines()
    assert (code, refusal, blank, heading, err) == (
        ABSTAINED,
        "The article does not say.",
        "",
        "Nearest sentences:",
        "",
    )
    assert f"- {OPENED}" in near


@pytest.mark.usefixtures("bridge")
def test_a_model_may_answer_anyway_and_nothing_is_taken_for_proven() -> None:
    asking = ["ask", "Who painted the bridge?", "-m", script("A team from Porto painted the bridge [1].")]
    code, out, _ = screen(run(*asking, "--anyway"))
    lines = out.splitlines()
    assert (code, lines[0]) == (ABSTAINED, "The article does not say.")
    assert lines[2].startswith("Not proven: ")
    assert lines[3].startswith("- A team from Porto painted the bridge. (")
    answer = json.loads(run(*asking, "--anyway", "--json").stdout)
    assert (answer["abstained"], answer["answer"]) == (True, "The article does not say.")
    assert [(s["verdict"] == "supported", s["citations"]) for s in answer["statements"]] == [(False, [])]
    assert all(place["quote"] and place["support"] == 0 for place in answer["nearest"])


@pytest.mark.usefixtures("bridge")
def test_only_proven_sentences_are_shown_unless_the_others_are_asked_for() -> None:
    reply = "The bridge opened on 4 May 1931 [1]. The ferry sank in 1950 [1]."
    proven = "The bridge opened on 4 May 1931. [1]\n"
    source = f"\n[1] “{OPENED}”\n"
    question = "What happened to the bridge and the ferry?"
    assert screen(run("ask", question, "-m", script(reply))) == (ANSWERED, proven + source, "")
    result = run("ask", question, "-m", script(reply), "--unproven")
    assert (result.exit_code, result.stderr) == (ANSWERED, "")
    shown = result.stdout.removeprefix(proven).removesuffix(source)
    assert re.fullmatch(r"The ferry sank in 1950\. .*\((?:not supported|partly): .*\)\n", shown)


@pytest.mark.usefixtures("bridge")
def test_the_question_may_come_from_standard_input() -> None:
    result = run("ask", "-", "-m", "extractive", "--json", stdin="  When did the bridge open?\n\n")
    assert (result.exit_code, json.loads(result.stdout)["question"]) == (ANSWERED, "When did the bridge open?")


@pytest.mark.usefixtures("bridge")
def test_a_file_is_asked_alone_and_does_not_enter_the_library(home: Path) -> None:
    Path("tower.md").write_text(TOWER)
    before = sorted((home / "articles").iterdir())
    result = run("ask", "What was the tower built of?", "-a", "tower.md", "-m", "extractive", "--json")
    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["answer"]) == (ANSWERED, "The tower was built of oak in 1888.")
    cited = [citation for statement in answer["statements"] for citation in statement["citations"]]
    document = load(Path("tower.md"))
    assert {place["document"] for place in cited + answer["evidence"]} == {document.id}
    assert [document.text[c["start"] : c["end"]] for c in cited] == [c["quote"] for c in cited]
    assert sorted((home / "articles").iterdir()) == before
    assert run("ask", "What was the tower built of?", "-a", "bridge", "-m", "extractive").exit_code == ABSTAINED


@pytest.mark.usefixtures("home")
def test_an_article_of_one_word_can_be_asked() -> None:
    Path("word.txt").write_text("Lighthouse")
    result = run("ask", "Lighthouse?", "--article", "word.txt", "-m", "extractive")
    assert screen(result) == (ANSWERED, "Lighthouse [1]\n\n[1] “Lighthouse”\n", "")


def types(value: Any) -> Any:
    """Return a JSON value with its types in the place of its values; a list is that of its first item."""
    if isinstance(value, dict):
        return {key: types(item) for key, item in value.items()}
    return [types(item) for item in value[:1]] if isinstance(value, list) else type(value)


@pytest.mark.usefixtures("bridge")
def test_json_is_the_contract_and_every_quote_is_verbatim(home: Path) -> None:
    model = script({"reply": "The bridge opened on 4 May 1931 [1].", "usage": {"prompt": 40, "completion": 9}})
    result = run("ask", "When did the bridge open?", "--model", model, "--json")
    assert (result.exit_code, result.stdout.count("\n"), result.stderr) == (ANSWERED, 1, "")
    answer = json.loads(result.stdout)
    place = {"document": str, "start": int, "end": int}
    assert types(answer) == {
        "question": str,
        "searched": str,
        "answer": str,
        "abstained": bool,
        "model": str,
        "embedder": str,
        "statements": [
            {"text": str, "verdict": str, "citations": [{**place, "title": str, "quote": str, "support": float}]}
        ],
        "evidence": [{**place, "score": float}],
        "nearest": [],
        "timings_ms": {"evidence": int, "first_token": int, "total": int},
        "tokens": {"prompt": int, "completion": int},
    }
    assert (answer["model"], answer["embedder"], answer["tokens"]) == (model, "minilm", {"prompt": 40, "completion": 9})
    library = Library(home / "articles")
    for statement in answer["statements"]:
        assert statement["verdict"] == "supported"
        for citation in statement["citations"]:
            document = library.get(citation["document"])
            assert document.text[citation["start"] : citation["end"]] == citation["quote"] == OPENED
            assert (citation["title"], 0 <= citation["support"] <= 1) == (document.title, True)
    for chunk in answer["evidence"]:
        assert 0 <= chunk["start"] < chunk["end"] <= len(library.get(chunk["document"]).text)


@pytest.mark.usefixtures("bridge")
def test_an_abstention_has_the_same_keys() -> None:
    result = run("ask", "Who painted the Mona Lisa?", "-m", "extractive", "--json")
    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["abstained"], answer["statements"]) == (ABSTAINED, True, [])
    assert answer["answer"] == "The article does not say."
    assert (answer["timings_ms"].keys(), answer["tokens"]) == (
        {"evidence", "first_token", "total"},
        {"prompt": None, "completion": None},
    )


@pytest.mark.usefixtures("bridge")
def test_a_model_that_breaks_off_after_a_proven_sentence_is_said_and_exits_with_1() -> None:
    reply = {"reply": "The bridge opened on 4 May 1931 [1]. It", "error": "The model was killed."}
    result = run("ask", "When did the bridge open?", "-m", script(reply))
    assert screen(result) == (
        USER_ERROR,
        f"The bridge opened on 4 May 1931. [1]\n\n[1] “{OPENED}”\n",
        "assistant: the model was killed.\n",
    )
    answer = json.loads(run("ask", "When did the bridge open?", "-m", script(reply), "--json").stdout)
    assert answer["interrupted"] == "The model was killed."


@pytest.mark.usefixtures("bridge")
def test_a_model_that_fails_before_a_word_is_one_line() -> None:
    result = run("ask", "When did the bridge open?", "-m", script({"error": "The model was killed."}))
    assert screen(result) == (USER_ERROR, "", "assistant: the model was killed.\n")


@pytest.mark.usefixtures("home")
def test_what_an_article_or_a_model_says_cannot_steer_the_terminal() -> None:
    Path("evil.md").write_text("# The \x1b[31mred\x9b2J bridge\n\nThe bridge\x07 opened in 1931\u202e\x1b]0;x\x07.\n")
    reply = "The \x1bbridge opened\x9b in 1931\x07\u202e [1]."
    for model in ("extractive", script(reply, reply)):
        shown = run("ask", "When did the bridge open?", "-a", "evil.md", "-m", model)
        as_json = run("ask", "When did the bridge open?", "-a", "evil.md", "-m", model, "--json")
        assert shown.exit_code == as_json.exit_code == ANSWERED
        assert (shown.stdout + as_json.stdout).replace("\n", "").isprintable()
    added = run("add", "evil.md")
    assert (added.stdout + run("articles").stdout + run("remove", "evil").stdout).replace("\n", "").isprintable()


# What cannot be asked


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([""], "the question is empty; write one."),
        ([" \n\t"], "the question is empty; write one."),
        (["x" * 100_000], "the question has 100,000 characters; expected at most 4,000. Shorten it."),
        (["Q", "-a", "missing.txt"], "found no file at missing.txt; expected an article. Check the path."),
        (["Q", "-a", "empty.txt"], f"found empty.txt empty; expected {FORMATS}. Check that it was saved."),
        (
            ["Q", "-a", "binary.txt"],
            f"found a binary file at binary.txt; expected {FORMATS}. Save or export it as one of these.",
        ),
        (
            ["Q", "-a", "huge.txt"],
            "found huge.txt with 50.0 MB; expected at most 20 MB. Split it into several articles.",
        ),
        (["Q", "-a", "."], "found a folder at .; expected a file. Name one file in it."),
        (["Q", "-a", "nobody"], "no article 'nobody' in the library. Known: bridge."),
        (["Q", "-a", ""], "no article '' in the library. Known: bridge."),
        (["Q", "-a", "x" * 300], f"no article '{'x' * 300}' in the library. Known: bridge."),
        (
            ["Q", "-a", "http://127.0.0.1/a"],
            (
                "found http://127.0.0.1/a at this machine's own address (127.0.0.1); "
                "expected one of the public internet. Save the page and add the file."
            ),
        ),
        (
            ["Q", "--embedder", "nobody"],
            (
                "no embedder 'nobody'. Known: minilm, e5-multilingual, "
                "a sentence-transformers folder, or a hub id (owner/name)."
            ),
        ),
        (
            ["Q", "-m", "local:/nowhere/m.gguf"],
            "there is no model file /nowhere/m.gguf; give the path of a .gguf file.",
        ),
        (
            ["Q", "-m", "scripted:nothing.json"],
            "the script nothing.json cannot be read: No such file or directory.",
        ),
        (
            ["Q", "-m", "scripted:torn.json"],
            "the script torn.json is not JSON: Expecting ',' delimiter: line 1 column 7 (char 6).",
        ),
    ],
    ids=lambda value: None if isinstance(value, str) else " ".join(value)[:40].strip() or "empty",
)
@pytest.mark.usefixtures("bridge")
def test_bad_input_is_one_line_before_anything_is_loaded(
    arguments: Sequence[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("empty.txt").touch()
    Path("binary.txt").write_bytes(bytes(range(256)))
    with Path("huge.txt").open("wb") as huge:
        huge.truncate(50_000_000)
    Path("torn.json").write_text('["one"')
    monkeypatch.setattr(Application, "index", lambda *_: pytest.fail("the index was opened"))
    monkeypatch.setattr(Application, "index_of", lambda *_: pytest.fail("an index was made"))
    assert screen(run("ask", *arguments)) == (USER_ERROR, "", f"assistant: {message}\n")


@pytest.mark.parametrize("name", ["gpt9", "local:gpt9", "nobody:gpt", ""])
@pytest.mark.usefixtures("bare_home")
def test_an_unknown_model_is_answered_with_the_known_ones(name: str) -> None:
    for arguments in (["ask", "Q"], ["chat"]):
        code, out, err = screen(run(*arguments, "--model", name))
        assert (code, out, err.count("\n")) == (USER_ERROR, "", 1)
        assert err.startswith(f"assistant: unknown model '{name}'. {KNOWN_MODELS}openai, ")


@pytest.mark.parametrize("name", ["smollm2-135m-instruct", "local:smollm2-135m-instruct"])
@pytest.mark.usefixtures("bare_home")
def test_a_model_that_is_not_downloaded_says_how_to_get_it_by_either_name(name: str) -> None:
    assert screen(run("ask", "Q", "--model", name)) == (
        USER_ERROR,
        "",
        (
            "assistant: the weights of smollm2-135m-instruct are not here yet. "
            "Run `assistant models pull smollm2-135m-instruct`, or ask with --model extractive.\n"
        ),
    )


@pytest.mark.usefixtures("bare_home")
def test_standard_input_without_end_is_refused_as_too_long() -> None:
    endless = b"\xff" + b"x" * 2_000_000
    assert screen(run("ask", "-", stdin=endless)) == (
        USER_ERROR,
        "",
        "assistant: the question has 1,000,000 characters; expected at most 4,000. Shorten it.\n",
    )


def test_a_home_that_cannot_be_used_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", "/dev/null/home")
    message = (
        "assistant: the home folder /dev/null/home cannot be used (Not a directory: /dev/null/home). "
        "Set ASSISTANT_HOME to a folder you can write.\n"
    )
    for arguments in (["ask", "Q"], ["add", "f"], ["articles"], ["remove", "x"], ["models"], ["chat"]):
        assert screen(run(*arguments)) == (USER_ERROR, "", message)


def test_what_nobody_foresaw_is_one_line_and_its_traceback_is_in_the_log(
    bare_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by\n\x1b[31mzero")

    monkeypatch.setattr(Shelf, "search", fail)
    log = bare_home / "logs" / "assistant.log"
    assert screen(run("articles")) == (
        USER_ERROR,
        "",
        f"assistant: unexpected error (ZeroDivisionError: by [31mzero); details in {log}\n",
    )
    assert "Traceback (most recent call last):" in log.read_text()
    assert "ZeroDivisionError" in log.read_text()
