"""What each command says of itself, word for word, and what it says to wrong usage."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fixtures.commands import run

from assistant.cli import app
from assistant.cli.exits import ANSWERED

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

  Where the article does not say, that stands first, and the sentences nearest
  to the question below it.

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
  --caution WORD             cautious, balanced or bold: how sure the reader
                             must be before anything is said. Of 74 questions
                             that an article answers, 43, 69 or 70 % were
                             answered right and 3, 4 or 9 % wrong; to 26 that
                             it does not answer, nothing was said by any of
                             them (docs/quality.md).  [default: balanced]
  --json                     Print one JSON object instead of text.
  --unproven                 Show sentences the article does not prove too,
                             marked.
  --anyway                   Where the article does not say, show what the
                             model makes of the nearest sentences, marked as
                             unproven; the exit status is 3 all the same
                             unless something is proven.
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
  --caution WORD      cautious, balanced or bold: how sure the reader must be
                      before anything is said. Of 74 questions that an article
                      answers, 43, 69 or 70 % were answered right and 3, 4 or
                      9 % wrong; to 26 that it does not answer, nothing was
                      said by any of them (docs/quality.md).  [default:
                      balanced]
  --host ADDRESS      Where to listen. Where others can reach it, the app asks
                      for a password: that in ASSISTANT_PASSWORD, or one made
                      for this run.  [default: 127.0.0.1]
  --port PORT         The app's port; 0 takes a free one.  [default: 7860;
                      0<=x<=65535]
  --open / --no-open  Open the app in the browser.  [default: no-open]
  --public-url URL    Where users open the app, if that is a proxy's address:
                      https://chat.example.org. It asks for a password then,
                      too (docs/behind-a-proxy.md).
  --no-password       Ask for none, whoever can reach the app.
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
