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

  Ask an article a question; every sentence of the answer cites the sentence
  that proves it.

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

  ASSISTANT_HOME names the one folder for articles, index, weights and
  conversations. CHROMA_URL names a Chroma server for the index.
""",
    ("ask",): """\
Usage: assistant ask [OPTIONS] {QUESTION}

  Answer a question; every sentence cites the article sentence that proves it.

  If the article does not say, the answer says so, and the sentences nearest
  to the question follow.

  Exit status: 0 answered, 3 the article does not say, 1 an error you can fix,
  2 wrong usage.

Arguments:
  QUESTION <str>  The question; - reads it from standard input.  [required]

Options:
  -a, --article FILE|URL|ID  A file or page to ask alone, without adding it to
                             the library, or an article's id. Default: the
                             whole library.
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
                             must be before the assistant answers. Of 74
                             questions that the article answers, the three get
                             43, 69 or 70 % right and 3, 4 or 9 % wrong; of 26
                             that it does not answer, they answer none
                             (docs/quality.md).  [default: balanced]
  --json                     Print one JSON object instead of text.
  --unproven                 Also show sentences that the article does not
                             prove, marked.
  --anyway                   If the article does not say, show what the model
                             makes of the nearest sentences, marked as
                             unproven; the exit status is still 3 unless
                             something is proven.
  --help                     Show this message and exit.
""",
    ("add",): """\
Usage: assistant add [OPTIONS] {PATH|URL}...

  Add articles to the library, or update those that came from the same place.

  Articles that are there already stay as they are, so after an interruption
  the same command continues. If one cannot be added, the others still are,
  and the exit status is 1. Only addresses that you name are fetched, and only
  from the public internet.

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
  WORD <list[str]>  Only articles with these words in title, author or site.

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

  Try out each model, and print one row for it.

  The row gives the time to the first token, whether a reply streams, how many
  tokens the model holds and how many it reads and writes per second, and how
  many of three questions about the bundled article it answered, cited and got
  right. Nothing is downloaded, and no row takes more than five minutes. Exit
  status: 0 when every model can answer, 1 when one cannot; its row says why.

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

  An interrupted pull continues where it stopped. Weights that are here
  already are read and verified again. Once the default model is here, the
  reader is extracted from it (half a minute, 730 MB more).

Arguments:
  NAME <str>  A catalogue name, with or without local:.  [required]

Options:
  --help  Show this message and exit.
""",
    ("reindex",): """\
Usage: assistant reindex [OPTIONS]

  Build the library's index for an embedder, beside the one in use, and search
  with it from then on.

  Meanwhile the index in use answers, also in a running app, which switches at
  its next question. Ctrl-C changes nothing and keeps what was embedded so
  far. Switching to an embedder that was used before takes no time.

Options:
  --embedder NAME  As `assistant ask` takes it. Default: the one in use.
  --help           Show this message and exit.
""",
    ("index",): """\
Usage: assistant index [OPTIONS] COMMAND [ARGS]...

  List the indexes of the library, one for each embedder; `assistant index`
  alone is `assistant index status`.

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

  While the model still downloads or loads, the app answers by quoting the
  article.

Options:
  -m, --model NAME    extractive, local:NAME (see `assistant models`),
                      local:/path/to.gguf, PROVIDER:MODEL, scripted:FILE, or a
                      name of your own from models.toml in the home folder.
                      [default: local:qwen2.5-coder-1.5b-instruct]
  --embedder NAME     e5-multilingual, minilm, a sentence-transformers folder,
                      or a hub id fetched before. Default: the one the library
                      is indexed with (`assistant index status`).
  --caution WORD      cautious, balanced or bold: how sure the reader must be
                      before the assistant answers. Of 74 questions that the
                      article answers, the three get 43, 69 or 70 % right and
                      3, 4 or 9 % wrong; of 26 that it does not answer, they
                      answer none (docs/quality.md).  [default: balanced]
  --host ADDRESS      The address to listen on. If others can reach it, the
                      app asks for a password: the one in ASSISTANT_PASSWORD,
                      or one made for this run.  [default: 127.0.0.1]
  --port PORT         The app's port; 0 picks a free one.  [default: 7860;
                      0<=x<=65535]
  --open / --no-open  Open the app in the browser.  [default: no-open]
  --public-url URL    The address of a proxy at which users open the app, such
                      as https://chat.example.org. The app then asks for a
                      password, too (docs/behind-a-proxy.md).
  --no-password       Ask for no password, whoever can reach the app.
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
