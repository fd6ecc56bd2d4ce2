"""The commands as a user meets them: what is typed, the whole screen, the exit status, and what is left on disk."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from assistant.catalogue import CATALOGUE
from assistant.cli import app
from assistant.embedders import Embedders
from assistant.exits import ABSTAINED, ANSWERED, INTERRUPTED, READER_LEFT, USER_ERROR
from assistant.shelf import Shelf
from assistant.wiring import Application
from index.library import Library
from index.reading.load import load

if TYPE_CHECKING:
    from fixtures.hosted import HostedModel
    from typer.testing import Result

    from index.embed import SentenceTransformerEmbedder

BRIDGE = """# The valley bridge

The bridge opened on 4 May 1931 and replaced a ferry.

Repairs after the flood of 1964 cost 2 million euros. A toll has never been charged.
"""
TOWER = "# The tower\n\nThe tower was built of oak in 1888.\n"
OPENED = "The bridge opened on 4 May 1931 and replaced a ferry."
KNOWN_MODELS = (
    "Known: extractive; local:qwen2.5-coder-1.5b-instruct, local:qwen2.5-coder-0.5b-instruct, "
    "local:smollm2-135m-instruct; local:/path/to/any.gguf; scripted:FILE; PROVIDER:MODEL, where PROVIDER is one of "
)
FORMATS = (
    "a web page (.html, .htm, .xhtml, .mhtml, .mht), PDF, Word (.docx), EPUB, Markdown (.md, .markdown) or text (.txt)"
)


@pytest.fixture(scope="session")
def embedder(minilm: Path) -> SentenceTransformerEmbedder:
    """The real embedder, loaded once: it takes seconds."""
    from index.embed import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(minilm, name="minilm", languages=frozenset({"en"}))


@pytest.fixture
def bare_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without weights and articles, and a folder to work in beside it."""
    home, work = tmp_path / "home", tmp_path / "work"
    (home / "articles").mkdir(parents=True)
    (home / "articles" / ".seeded").touch()
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("ASSISTANT_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "80")
    return home


@pytest.fixture
def home(
    bare_home: Path, small_models: Path, embedder: SentenceTransformerEmbedder, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A home with verified weights but the reader's, and no articles; commands of this process share one embedder."""
    (bare_home / "models").symlink_to(small_models)
    monkeypatch.setattr(Embedders, "load", lambda _self, _name: embedder)
    return bare_home


@pytest.fixture
def bridge(home: Path) -> None:
    """An article that the library holds as ``bridge``."""
    (home.parent / "work" / "bridge.md").write_text(BRIDGE)
    assert run("add", "bridge.md").exit_code == ANSWERED


def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
    """Run a command in this process."""
    result = CliRunner().invoke(app, arguments, input=stdin)
    assert isinstance(result.exception, SystemExit | None), result.exception
    return result


def screen(result: Result) -> tuple[int, str, str]:
    return result.exit_code, result.stdout, result.stderr


def script(*replies: object) -> str:
    """Write a script of replies and return the name of the model that gives them."""
    Path("script.json").write_text(json.dumps(replies))
    return "scripted:script.json"


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "assistant", *arguments]


# Help


HELP = {
    (): """\
Usage: assistant [OPTIONS] COMMAND [ARGS]...

  Ask an article; every sentence of the answer opens the sentence that proves
  it.

Options:
  --help  Show this message and exit.

Commands:
  ask       Answer a question.
  add       Add articles to the library.
  articles  List the library.
  rename    Give an article another title.
  remove    Take an article out of the library.
  restore   Bring a removed article back.
  reindex   Search the library with another embedder.
  chat      Start the app in the browser.
  index     List the library's indexes, or delete those not in use.
  models    List the models, try them out, or pull one.

  Articles, index, weights and conversations stand in one folder:
  ASSISTANT_HOME, if that is set. CHROMA_URL, if that is set, is the Chroma
  server that has the index.
""",
    ("ask",): """\
Usage: assistant ask [OPTIONS] {QUESTION}

  Answer a question; every sentence cites the article sentence that proves it.

  Exit status: 0 answered, 3 the article does not say, 1 an error you can
  mend, 2 wrong usage.

Arguments:
  QUESTION <str>  The question; - reads it from standard input.  [required]

Options:
  -a, --article FILE|URL|ID  A file or page, asked alone and not added to the
                             library, or an article's id. Default: the whole
                             library.
  -m, --model NAME           extractive, local:NAME (see `assistant models`),
                             local:/path/to.gguf, PROVIDER:MODEL,
                             scripted:FILE, or a name of your own from
                             models.toml in the home folder.  [default:
                             local:qwen2.5-coder-1.5b-instruct]
  --embedder NAME            e5-multilingual, minilm, a sentence-transformers
                             folder, or a hub id fetched before. Default: the
                             one the library is indexed with (`assistant index
                             status`).
  --json                     Print one JSON object instead of text.
  --unproven                 Show sentences the article does not prove too,
                             marked.
  --help                     Show this message and exit.
""",
    ("add",): """\
Usage: assistant add [OPTIONS] {PATH|URL}...

  Add articles to the library, or update those that came from the same place.

  What is there already is left as it is: after an interruption the same
  command goes on. What cannot be added does not stop the others; the exit
  status is then 1. Only an address you name is fetched, from the public
  internet alone.

Arguments:
  PATH|URL <list[str]>  Files (web pages, MHTML, PDF, Word, EPUB, Markdown,
                        text), batches of articles (.jsonl, .csv), folders of
                        these, or addresses of pages.  [required]

Options:
  --help  Show this message and exit.
""",
    ("articles",): """\
Usage: assistant articles [OPTIONS] [WORD]...

  List the articles of the library, by title: the id, the title, and what is
  known of author, date and length.

Arguments:
  WORD <list[str]>  Only articles with these in title, author or site.

Options:
  --json  Print a JSON list.
  --help  Show this message and exit.
""",
    ("remove",): """\
Usage: assistant remove [OPTIONS] {ID}

  Take an article out of the library; `restore` undoes this for a month. Its
  file stays where it is.

Arguments:
  ID <str>  An article's id, as `assistant articles` lists it.  [required]

Options:
  --help  Show this message and exit.
""",
    ("rename",): """\
Usage: assistant rename [OPTIONS] {ID} {TITLE}

  Give an article another title; it stays when the article is updated.

Arguments:
  ID <str>     An article's id, as `assistant articles` lists it.  [required]
  TITLE <str>  [required]

Options:
  --help  Show this message and exit.
""",
    ("restore",): """\
Usage: assistant restore [OPTIONS] {ID}

  Bring an article back that was removed in the last month.

Arguments:
  ID <str>  An article's id, as `assistant articles` lists it.  [required]

Options:
  --help  Show this message and exit.
""",
    ("models",): """\
Usage: assistant models [OPTIONS] COMMAND [ARGS]...

  List the models that answer (* marks the default) and the embedders, and say
  why one cannot run here.

  `assistant models` alone is `assistant models list`.

Options:
  --help  Show this message and exit.

Commands:
  list   List the models, and say why one cannot run here.
  check  Try models out: reach, speed, and three questions with citations.
  pull   Download a model's weights, or verify those that are here.
""",
    ("models", "list"): """\
Usage: assistant models list [OPTIONS]

  List the models that answer (* marks the default) and the embedders, and say
  why one cannot run here.

Options:
  --help  Show this message and exit.
""",
    ("models", "check"): """\
Usage: assistant models check [OPTIONS] [NAME]...

  Try models out, a row each.

  It tells the time to the first token, whether a reply streams, the tokens
  the model holds, those it reads and writes a second, and how many of three
  questions about the bundled article it answered, cited and had right.
  Nothing is downloaded, and no row takes more than five minutes. Exit status:
  0 when every model can answer, 1 when one cannot; its row says why.

Arguments:
  NAME <list[str]>  As `assistant ask -m` takes it. Default: every model that
                    is here or configured.

Options:
  --json  Print a JSON list instead of a table.
  --help  Show this message and exit.
""",
    ("models", "pull"): """\
Usage: assistant models pull [OPTIONS] {NAME}

  Download a model's weights, verify every byte, put them in place, and print
  where.

  An interrupted pull goes on where it stopped. Weights that are here already
  are read and verified again. Once the default model is here, the reader is
  cut out of it (half a minute, 730 MB more).

Arguments:
  NAME <str>  A catalogue name, with or without local:.  [required]

Options:
  --help  Show this message and exit.
""",
    ("reindex",): """\
Usage: assistant reindex [OPTIONS]

  Build the library's index for an embedder, beside the one in use, and search
  with it from then on.

  The one in use answers meanwhile, also in a running app, which takes the new
  one at its next question. Ctrl-C changes nothing; what was embedded until
  then is kept. An embedder that was used before is there at once.

Options:
  --embedder NAME  As `assistant ask` takes it. Default: the one in use.
  --help           Show this message and exit.
""",
    ("index",): """\
Usage: assistant index [OPTIONS] COMMAND [ARGS]...

  List the indexes of the library, one an embedder; `assistant index` alone is
  `assistant index status`.

Options:
  --help  Show this message and exit.

Commands:
  status  List the indexes of the library.
  prune   Delete the indexes that are not in use.
""",
    ("index", "status"): """\
Usage: assistant index status [OPTIONS]

  List the indexes of the library (* marks the one in use), with what they
  hold and their size on disk.

Options:
  --help  Show this message and exit.
""",
    ("index", "prune"): """\
Usage: assistant index prune [OPTIONS]

  Delete the indexes of embedders that are not in use, damaged ones, and the
  vectors kept for them.

  No article is touched. An index that another program has open stays.

Options:
  --help  Show this message and exit.
""",
    ("chat",): """\
Usage: assistant chat [OPTIONS]

  Start the app in the browser; Ctrl-C ends it.

  It answers at once, by quoting, while the model still downloads or loads.

Options:
  -m, --model NAME    extractive, local:NAME (see `assistant models`),
                      local:/path/to.gguf, PROVIDER:MODEL, scripted:FILE, or a
                      name of your own from models.toml in the home folder.
                      [default: local:qwen2.5-coder-1.5b-instruct]
  --embedder NAME     e5-multilingual, minilm, a sentence-transformers folder,
                      or a hub id fetched before. Default: the one the library
                      is indexed with (`assistant index status`).
  --host ADDRESS      Where to listen; loopback addresses only, the app has no
                      password.  [default: 127.0.0.1]
  --port PORT         The app's port; 0 takes a free one.  [default: 7860;
                      0<=x<=65535]
  --open / --no-open  Open the app in the browser.  [default: no-open]
  --help              Show this message and exit.
""",
}


@pytest.mark.parametrize("path", HELP, ids=lambda path: " ".join(path) or "assistant")
def test_every_command_explains_itself(
    path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as end:
        app([*path, "--help"], prog_name="assistant")
    assert (end.value.code, *capsys.readouterr()) == (ANSWERED, HELP[path], "")


def test_help_loads_nothing_heavy_and_touches_no_home(tmp_path: Path) -> None:
    heavy = {"torch", "gradio", "langchain_core", "chromadb", "openai", "numpy", "rich", "assistant.wiring"}
    program = (
        "import sys\nfrom assistant.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        f"print(sorted({heavy!r} & sys.modules.keys()))"
    )
    environment = {**os.environ, "ASSISTANT_HOME": str(tmp_path / "home"), "COLUMNS": "80"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, "ask", "--help"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == HELP[("ask",)] + "[]\n"
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ask"], "Missing argument 'QUESTION'."),
        (["add"], "Missing argument 'PATH|URL'."),
        (["ask", "Q", "--nope"], "No such option: --nope (Possible options: --model, --unproven)"),
        (["chat", "--port", "70000"], "Invalid value for '--port': Input should be less than or equal to 65535"),
        (["models", "bogus"], "No such command 'bogus'."),
    ],
)
def test_wrong_usage_says_what_is_wrong_and_exits_with_2(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    name = "models [OPTIONS] COMMAND [ARGS]..." if arguments[0] == "models" else arguments[0]
    assert (result.exit_code, result.stdout, result.stderr.splitlines()[-1]) == (2, "", f"Error: {message}")
    assert result.stderr.startswith(f"Usage: assistant {name}")


# Ask


@pytest.mark.usefixtures("bridge")
def test_an_answer_quotes_the_article_and_exits_with_0() -> None:
    assert screen(run("ask", "When did the bridge open?", "--model", "extractive")) == (
        ANSWERED,
        f"{OPENED} [1]\n\n[1] “{OPENED}”\n",
        "",
    )


@pytest.mark.usefixtures("bridge")
def test_a_question_the_article_does_not_answer_exits_with_3() -> None:
    assert screen(run("ask", "Who painted the Mona Lisa?", "-m", "extractive")) == (
        ABSTAINED,
        (
            "The article does not say.\n\nNearest passages:\n"
            f"- {OPENED} Repairs after the flood of 1964 cost 2 million euros. A toll has never been charged.\n"
        ),
        "",
    )


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
        "assistant: The model was killed.\n",
    )
    answer = json.loads(run("ask", "When did the bridge open?", "-m", script(reply), "--json").stdout)
    assert answer["interrupted"] == "The model was killed."


@pytest.mark.usefixtures("bridge")
def test_a_model_that_fails_before_a_word_is_one_line() -> None:
    result = run("ask", "When did the bridge open?", "-m", script({"error": "The model was killed."}))
    assert screen(result) == (USER_ERROR, "", "assistant: The model was killed.\n")


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
        (["Q", "-a", "missing.txt"], "Found no file at missing.txt; expected an article. Check the path."),
        (["Q", "-a", "empty.txt"], f"Found empty.txt empty; expected {FORMATS}. Check that it was saved."),
        (
            ["Q", "-a", "binary.txt"],
            f"Found a binary file at binary.txt; expected {FORMATS}. Save or export it as one of these.",
        ),
        (
            ["Q", "-a", "huge.txt"],
            "Found huge.txt with 50.0 MB; expected at most 20 MB. Split it into several articles.",
        ),
        (["Q", "-a", "."], "Found a folder at .; expected a file. Name one file in it."),
        (["Q", "-a", "nobody"], "no article 'nobody' in the library. Known: bridge."),
        (["Q", "-a", ""], "no article '' in the library. Known: bridge."),
        (["Q", "-a", "x" * 300], f"no article '{'x' * 300}' in the library. Known: bridge."),
        (
            ["Q", "-a", "http://127.0.0.1/a"],
            (
                "Found http://127.0.0.1/a at this machine's own address (127.0.0.1); "
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
            "There is no model file /nowhere/m.gguf; give the path of a .gguf file.",
        ),
        (
            ["Q", "-m", "scripted:nothing.json"],
            "The script nothing.json cannot be read: No such file or directory.",
        ),
        (
            ["Q", "-m", "scripted:torn.json"],
            "The script torn.json is not JSON: Expecting ',' delimiter: line 1 column 7 (char 6).",
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
        assert err.startswith(f"assistant: Unknown model '{name}'. {KNOWN_MODELS}openai, ")


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


# The library


UNKNOWN = {"author": None, "published": None, "language": "en", "site": None, "pages": 0}


@pytest.mark.usefixtures("home")
def test_files_are_added_listed_updated_and_removed() -> None:
    for folder, text in (("a", BRIDGE), ("b", TOWER)):
        Path(folder).mkdir()
        Path(folder, "note.md").write_text(text)
    Path("c.txt").touch()
    assert screen(run("add", "a/note.md", "c.txt", "missing.md", "b/note.md")) == (
        USER_ERROR,
        "added      note  The valley bridge\nadded      note-2  The tower\n",
        (
            f"assistant: Found c.txt empty; expected {FORMATS}. Check that it was saved.\n"
            "assistant: Found no file at missing.md; expected an article. Check the path.\n"
            "2 added, 2 failed\n"
        ),
    )
    assert screen(run("add", "b/note.md", "./a/note.md")) == (
        ANSWERED,
        "unchanged  note-2  The tower\nunchanged  note  The valley bridge\n",
        "2 unchanged\n",
    )
    Path("b", "note.md").write_text(TOWER.replace("oak", "stone"))
    assert screen(run("add", "b/note.md")) == (ANSWERED, "updated    note-2  The tower\n", "")
    asked = run("ask", "What was the tower built of?", "-m", "extractive")
    assert asked.stdout.startswith("The tower was built of stone in 1888. [1]\n")
    assert screen(run("articles")) == (
        ANSWERED,
        "note-2  The tower (8 words)\nnote    The valley bridge (27 words)\n",
        "",
    )
    assert json.loads(run("articles", "--json").stdout) == [
        {**UNKNOWN, "id": "note-2", "title": "The tower", "words": 8},
        {**UNKNOWN, "id": "note", "title": "The valley bridge", "words": 27},
    ]
    assert screen(run("articles", "VALLEY")) == (ANSWERED, "note  The valley bridge (27 words)\n", "")
    assert screen(run("remove", "note-2")) == (ANSWERED, "removed    note-2  The tower\n", "")
    assert screen(run("remove", "note-2")) == (
        USER_ERROR,
        "",
        "assistant: no article 'note-2' in the library. Known: note.\n",
    )
    assert Path("b", "note.md").exists()
    assert run("ask", "What was the tower built of?", "-m", "extractive").exit_code == ABSTAINED
    assert screen(run("restore", "note-2")) == (ANSWERED, "restored   note-2  The tower\n", "")
    assert screen(run("rename", "note-2", "Our  tower")) == (ANSWERED, "renamed    note-2  Our tower\n", "")
    assert screen(run("restore", "note-2")) == (
        USER_ERROR,
        "",
        "assistant: no removed article 'note-2'. Removed in the last month: none.\n",
    )
    asked = run("ask", "What was the tower built of?", "-m", "extractive")
    assert asked.stdout.startswith("The tower was built of stone in 1888. [1]\n")


@pytest.mark.usefixtures("bare_home")
def test_an_empty_library_says_how_to_fill_it() -> None:
    hint = "The library is empty; `assistant add FILE` adds an article.\n"
    assert screen(run("articles")) == (ANSWERED, "", hint)
    assert screen(run("articles", "--json")) == (ANSWERED, "[]\n", "")


def test_a_new_home_holds_the_bundled_article_once(bare_home: Path) -> None:
    (bare_home / "articles" / ".seeded").unlink()
    id = "japan-national-intelligence-secretariat"
    assert [card["id"] for card in json.loads(run("articles", "--json").stdout)] == [id]
    assert run("remove", id).exit_code == ANSWERED
    assert run("articles", "--json").stdout == "[]\n"


@pytest.mark.usefixtures("bare_home")
def test_an_article_can_be_added_before_the_embedder_is_downloaded() -> None:
    Path("tower.md").write_text(TOWER)
    assert screen(run("add", "tower.md")) == (
        ANSWERED,
        "added      tower  The tower\n",
        (
            "assistant: added, but not searchable yet: the weights of embedder 'e5-multilingual' are not here yet. "
            "Run `assistant models pull e5-multilingual`.\n"
        ),
    )
    assert screen(run("ask", "Q", "-m", "extractive")) == (
        USER_ERROR,
        "",
        (
            "assistant: the weights of embedder 'e5-multilingual' are not here yet. "
            "Run `assistant models pull e5-multilingual`.\n"
        ),
    )


@pytest.mark.usefixtures("home")
def test_a_file_name_of_odd_bytes_is_no_trouble() -> None:
    name = os.fsdecode(b"caf\xe9 \x1b[31m.md")
    Path(name).write_text(TOWER)
    assert screen(run("add", name)) == (ANSWERED, "added      caf-31m  The tower\n", "")
    assert screen(run("add", name)) == (ANSWERED, "unchanged  caf-31m  The tower\n", "")
    Path(name).unlink()
    code, out, err = screen(run("add", name))
    assert (code, out) == (USER_ERROR, "")
    assert re.fullmatch(r"assistant: Found no file at caf\S* \[31m\.md; expected an article\. Check the path\.\n", err)


# The models


@pytest.mark.usefixtures("bare_home")
def test_models_are_listed_with_the_reason_why_one_cannot_run() -> None:
    listed = """\
  extractive                         ready
* local:qwen2.5-coder-1.5b-instruct  not downloaded (1.1 GB): assistant models pull qwen2.5-coder-1.5b-instruct
  local:qwen2.5-coder-0.5b-instruct  not downloaded (0.5 GB): assistant models pull qwen2.5-coder-0.5b-instruct
  local:smollm2-135m-instruct        not downloaded (0.1 GB): assistant models pull smollm2-135m-instruct
  minilm                             embedder, not downloaded: assistant models pull minilm
  e5-multilingual                    embedder, not downloaded: assistant models pull e5-multilingual
"""
    assert screen(run("models")) == screen(run("models", "list")) == (ANSWERED, listed, "")


def test_models_of_ones_own_are_listed_and_what_is_wrong_with_one_is_said(
    bare_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MY_KEY", raising=False)
    (bare_home / "models.toml").write_text(
        '[mine]\nprovider = "openai"\nmodel = "qwen2.5"\nbase_url = "http://127.0.0.1:9/v1"\n'
        '[keyed]\nprovider = "openai"\nmodel = "m"\nkey_env = "MY_KEY"\n'
        '[torn]\nprovider = "openai"\n'
    )
    code, out, err = screen(run("models"))
    torn = "models.toml [torn]: found no model; expected both provider and model."
    assert (code, err) == (ANSWERED, f"assistant: {torn}\n")
    assert out.splitlines()[:2] == [
        "  extractive                         ready",
        "  mine                               ready (openai:qwen2.5 at 127.0.0.1:9)",
    ]
    needs = "'keyed' needs an API key: set the environment variable MY_KEY."
    assert f"  keyed                              {needs} (openai:m)" in out.splitlines()
    assert screen(run("ask", "Q", "-m", "torn")) == (USER_ERROR, "", f"assistant: {torn}\n")
    assert screen(run("chat", "-m", "keyed")) == (USER_ERROR, "", f"assistant: {needs}\n")


@pytest.mark.usefixtures("bridge")
def test_a_model_of_ones_own_is_asked_by_its_name(bare_home: Path, hosted: HostedModel) -> None:
    (bare_home / "models.toml").write_text(
        f'[mine]\nprovider = "openai"\nmodel = "qwen2.5"\nbase_url = "{hosted.url}"\noptions = {{ top_p = 0.5 }}\n'
    )
    hosted.reply = f"{OPENED} [1]"
    answer = json.loads(run("ask", "When did the bridge open?", "-m", "mine", "--json").stdout)
    assert (answer["answer"], answer["model"]) == (OPENED, "mine")
    asked = hosted.asked[-1]
    assert (asked["model"], asked["temperature"], asked["top_p"]) == ("qwen2.5", 0, 0.5)


def test_pulling_what_is_here_verifies_it_and_prints_where(home: Path, minilm: Path) -> None:
    assert screen(run("models", "pull", "minilm")) == (ANSWERED, f"{home / 'models' / minilm.name}\n", "")
    assert ["minilm", "embedder,", "ready"] in [line.split() for line in run("models").stdout.splitlines()]


@pytest.mark.usefixtures("bare_home")
def test_pulling_names_the_known_ones() -> None:
    assert screen(run("models", "pull", "gpt9")) == (
        USER_ERROR,
        "",
        f"assistant: Unknown weights 'gpt9'. Known: {', '.join(CATALOGUE)}. See `assistant models`.\n",
    )


@pytest.mark.parametrize("prefix", ["", "local:"])
def test_weights_with_a_wrong_byte_are_refused_with_both_hashes(prefix: str, bare_home: Path) -> None:
    (known,) = CATALOGUE["smollm2-135m-instruct"].files
    weights = bare_home / "models" / known.path
    weights.parent.mkdir()
    with weights.open("wb") as file:
        file.truncate(known.size)
    with weights.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    assert screen(run("models", "pull", f"{prefix}smollm2-135m-instruct")) == (
        USER_ERROR,
        "",
        (
            f"assistant: {known.path} has SHA-256 {found}, expected {known.sha256}. "
            f"Delete {weights}, then run `assistant models pull smollm2-135m-instruct`.\n"
        ),
    )


# The app


@pytest.mark.usefixtures("bare_home")
def test_a_port_in_use_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Application, "preparing", lambda _: nullcontext())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, out, err = screen(run("chat", "-m", "extractive", "--port", str(port)))
    assert (code, out, err.count("\n")) == (USER_ERROR, "", 1)
    assert re.match(rf"assistant: Port {port} on 127\.0\.0\.1 cannot be used", err)


@pytest.mark.usefixtures("bare_home")
def test_an_address_that_others_can_reach_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Application, "preparing", lambda _: nullcontext())
    code, out, err = screen(run("chat", "-m", "extractive", "--host", "0.0.0.0"))  # noqa: S104
    assert (code, out, err.count("\n"), "it has no password" in err) == (USER_ERROR, "", 1, True)


# Real processes


@pytest.fixture
def shared_home(bare_home: Path, models_folder: Path) -> Path:
    """A home folder with the verified weights, for commands in processes of their own; the library holds a bridge."""
    (bare_home / "models").symlink_to(models_folder)
    Path("bridge.md").write_text(BRIDGE)
    Library(bare_home / "articles").add(load(Path("bridge.md")))
    return bare_home


@pytest.mark.usefixtures("shared_home")
def test_a_piped_answer_is_plain_and_the_browser_app_is_not_loaded() -> None:
    program = (
        "import sys\nfrom assistant.cli import main\n"
        "try: main()\nexcept SystemExit as exit: print(exit.code, 'gradio' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "ask", "When did the bridge open?", "-m", "extractive"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == (f"{OPENED} [1]\n\n[1] “{OPENED}”\n0 False\n", "")


def test_a_reader_that_leaves_ends_the_command_quietly(bare_home: Path) -> None:
    Library(bare_home / "articles").add(load_of("x " * 200_000))
    process = subprocess.Popen(command("articles", "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.close()
    _, said = process.communicate()
    assert (process.returncode, said) == (READER_LEFT, "")


def load_of(title: str) -> Any:
    from index.reading.load import document_from_text

    return document_from_text("Text.", id="long", title=title)


@pytest.mark.usefixtures("bare_home")
def test_closed_outputs_are_no_trouble() -> None:
    for closing in (">&-", "2>&-", ">&- 2>&-", "<&-"):
        done = subprocess.run(  # noqa: S602  a shell can close them
            f"{sys.executable} -m assistant articles --json {closing}",
            shell=True,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "" if closing.startswith(">") else "[]\n", "")


def test_an_output_of_few_characters_gets_a_stand_in(bare_home: Path) -> None:
    Library(bare_home / "articles").add(load_of("東京 café"))
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    lines = [
        subprocess.run(command("articles", *as_json), env=environment, capture_output=True, check=True).stdout
        for as_json in ([], ["--json"])
    ]
    assert lines[0].decode("latin-1") == "long  ?? café (1 word)\n"
    assert (lines[1].isascii(), json.loads(lines[1])[0]["title"]) == (True, "東京 café")


class Terminal:
    """A command in a terminal of its own, 50 columns wide."""

    def __init__(self, *arguments: str) -> None:
        self.output = b""
        self.pid, self._stream = pty.fork()
        if self.pid == 0:
            os.execve(  # noqa: S606  what a shell would do
                sys.executable, command(*arguments), {**os.environ, "COLUMNS": "50", "TERM": "xterm"}
            )

    def read_until(self, text: str, *, seconds: float = 120) -> None:
        """Read until the text was shown, or the command has ended."""
        deadline = time.monotonic() + seconds
        while text.encode() not in self.output or not text:
            if select.select([self._stream], [], [], 0.1)[0]:
                try:
                    data = os.read(self._stream, 65536)
                except OSError:  # Linux's way to say that the command has ended
                    data = b""
                if not data:
                    assert not text, self.output
                    return
                self.output += data
            assert time.monotonic() < deadline, self.output

    def type(self, keys: bytes) -> None:
        os.write(self._stream, keys)

    def end(self) -> int:
        """Wait for the command to end, and return its status as a shell would give it."""
        self.read_until("")
        os.close(self._stream)
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return 128 - status if status < 0 else status

    def screen(self) -> str:
        """What is seen at the end: an erased line is gone."""
        *erased, last = self.output.decode().replace("\r\n", "\n").split("\r\x1b[2K")
        return "".join(text.rpartition("\n")[0] + "\n" * ("\n" in text) for text in erased) + last


@pytest.mark.slow
@pytest.mark.usefixtures("shared_home")
def test_a_terminal_shows_progress_that_is_gone_at_the_end() -> None:
    terminal = Terminal("ask", "When did the bridge open?", "-m", "extractive")
    terminal.read_until("opening the articles…")
    assert terminal.end() == ANSWERED
    assert (
        terminal.screen()
        == """\
The bridge opened on 4 May 1931 and replaced a
ferry. [1]

[1] “The bridge opened on 4 May 1931 and replaced
    a ferry.”
"""
    )


@pytest.mark.slow
@pytest.mark.usefixtures("shared_home")
def test_ctrl_c_stops_a_model_in_mid_answer_in_one_word() -> None:
    terminal = Terminal(
        "ask",
        "When did the bridge open?",
        "-m",
        script({"reply": f"{OPENED} [1] " + "And so on. " * 99, "delay_s": 0.05}),
    )
    terminal.read_until("[1]")
    terminal.type(b"\x03\x03")
    assert (terminal.end(), terminal.screen().replace("^C", "")) == (
        INTERRUPTED,
        "The bridge opened on 4 May 1931 and replaced a\nferry. [1]\nstopped\n",
    )


@pytest.mark.slow
@pytest.mark.usefixtures("shared_home", "smollm2")
@pytest.mark.parametrize("moment", ["opening the articles…", "reading…"])
def test_ctrl_c_while_a_model_loads_or_reads_leaves_one_word_and_no_server(moment: str) -> None:
    terminal = Terminal("ask", "When did the bridge open?", "-m", "smollm2-135m-instruct")
    terminal.read_until(moment)
    children = children_of(terminal.pid)
    terminal.type(b"\x03")
    assert (terminal.end(), terminal.screen().replace("^C", "")) == (INTERRUPTED, "stopped\n")
    assert children
    assert [child for child in children if is_running(child)] == []


def children_of(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(child) for child in listed.stdout.split()]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.usefixtures("shared_home", "smollm2")
def test_a_killed_command_leaves_no_server_behind() -> None:
    process = subprocess.Popen(command("ask", "When did the bridge open?", "-m", "smollm2-135m-instruct"))
    deadline = time.monotonic() + 60
    while not (children := children_of(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    while (left := [child for child in children if is_running(child)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert children
    assert left == []


@pytest.mark.slow
@pytest.mark.usefixtures("shared_home", "smollm2")
def test_a_local_model_answers_by_its_short_name() -> None:
    done = subprocess.run(
        command("ask", "When did the bridge open?", "-m", "smollm2-135m-instruct", "--json"),
        capture_output=True,
        text=True,
        check=False,
    )
    answer = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (ABSTAINED if answer["abstained"] else ANSWERED, "")
    assert answer["model"] == "local:smollm2-135m-instruct"
    assert answer["tokens"]["prompt"] > 0
    document = load(Path("bridge.md"))
    for citation in (citation for statement in answer["statements"] for citation in statement["citations"]):
        assert document.text[citation["start"] : citation["end"]] == citation["quote"]
