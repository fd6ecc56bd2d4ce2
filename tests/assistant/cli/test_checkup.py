"""A model's row: what is found out of it, and that whatever goes wrong is one line of it, in its time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from assistant.cli import app, checkup
from assistant.cli.checkup import QUESTIONS, Checkup, article, check, chosen, head, line
from assistant.cli.exits import ANSWERED, USER_ERROR
from assistant.home import Home
from assistant.models.embedders import Embedders
from assistant.settings import Settings
from assistant.wiring import Application
from index.build import Index
from index.vectors.embed import SentenceTransformerEmbedder

if TYPE_CHECKING:
    from fixtures.hosted import HostedModel

CHAIR = "The LDP commission's chair was Itsunori Onodera, a former defense minister [1]."
ALL = (
    f"{CHAIR} Japan's intelligence gatherers include the Ministry of Defense [1]. The post of Director of Cabinet "
    "Intelligence and the Cabinet Intelligence and Research Office are to be upgraded during the ordinary Diet session "
    "of 2026 [1]."
)


@pytest.fixture(scope="module")
def embedder(minilm: Path) -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder(minilm, name="minilm", languages=frozenset({"en"}))


@pytest.fixture
def application(
    embedder: SentenceTransformerEmbedder, hosted: HostedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Application]:
    """A home without weights and reader, and a model of its own."""
    home = Home(tmp_path)
    for folder in (home.articles, home.index, home.models, home.conversations, home.logs):
        folder.mkdir()
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path))
    monkeypatch.setattr(Embedders, "load", lambda _self, _name: embedder)
    table = f'[mine]\nprovider = "openai"\nmodel = "m"\nbase_url = "{hosted.url}"\n'
    (tmp_path / "models.toml").write_text(f'{table}[torn]\nprovider = "openai"\n')
    with closing(Application(home, Settings(embedder="minilm"))) as application:
        yield application


@pytest.fixture
def index(application: Application) -> Iterator[Index]:
    with application.index_of([article()]) as index:
        yield index


def test_the_article_holds_the_answers() -> None:
    assert [fact for _, fact in QUESTIONS if fact not in article().text] == []


def test_a_row_holds_what_was_found_out(application: Application, index: Index, hosted: HostedModel) -> None:
    hosted.reply, hosted.pause_s = ALL, 0.02
    hosted.documents["/props"] = {"default_generation_settings": {"n_ctx": 8192}}
    row = check("mine", application, index)
    assert row.first_token_s is not None
    assert row.reads is not None
    assert row.writes is not None
    assert 0 < row.writes < 8 / 0.5
    assert replace(row, first_token_s=None, reads=None, writes=None, seconds=0) == Checkup(
        "mine", streams=True, context=8192, answered=3, cited=3, right=3
    )


def test_no_two_probes_begin_alike(application: Application, index: Index, hosted: HostedModel) -> None:
    hosted.reply = CHAIR
    check("mine", application, index)
    check("mine", application, index)
    first, second = (request["messages"][0]["content"] for request in hosted.asked[:: len(QUESTIONS) + 1])
    assert first[:9] != second[:9]


def test_a_reply_in_one_piece_does_not_stream(application: Application, index: Index, hosted: HostedModel) -> None:
    hosted.reply = "Onodera."
    row = check("mine", application, index)
    assert (row.streams, row.context, row.writes) == (False, None, None)


@pytest.mark.parametrize(
    ("name", "trouble"),
    [
        ("nope", "Unknown model 'nope'. Known: extractive; mine; local:"),
        ("torn", "models.toml [torn]: found no model; expected both provider and model."),
        ("smollm2-135m-instruct", "the weights are not here: run `assistant models pull smollm2-135m-instruct`."),
        ("local:/nowhere/m.gguf", "There is no model file /nowhere/m.gguf; give the path of a .gguf file."),
        ("mine", "The model's server at 127.0.0.1:"),
    ],
)
def test_a_model_that_cannot_answer_is_a_row_that_says_why(
    name: str, trouble: str, application: Application, index: Index, hosted: HostedModel
) -> None:
    hosted.refuses = True
    row = check(name, application, index)
    assert row.trouble.startswith(trouble)
    assert "\n" not in row.trouble
    assert (row.answered, row.record()["can_answer"]) == (None, False)


def test_no_check_takes_longer_than_its_patience(application: Application, index: Index, hosted: HostedModel) -> None:
    hosted.reply, hosted.pause_s = "word " * 100, 0.1
    row = check("mine", application, index, patience_s=1)
    assert row.trouble == "the check had not finished after 1 s."
    assert row.seconds < 5


def test_what_is_here_or_configured_is_checked_unless_some_are_named(application: Application) -> None:
    assert chosen(application, []) == ("extractive", "mine", "torn")
    assert chosen(application, ["mine", "nope", "mine"]) == ("mine", "nope")


def test_the_table_has_one_line_a_model() -> None:
    row = Checkup("mine", "", 1.234, True, 8192, 345.6, 12.34, 3, 3, 2)
    torn = Checkup("torn", trouble="it is\x1b torn.")
    assert (
        "\n".join([head(["mine"]), line(row, ["mine"]), line(torn, ["mine"])])
        == """\
model       first token   streams     holds     reads    writes  answered     cited     right
mine             1.23 s       yes     8,192     346/s    12.3/s    3 of 3    3 of 3    2 of 3
torn                  –         –         –         –         –         –         –         –  it is torn."""
    )


def test_the_command_prints_a_row_each_and_fails_when_one_cannot_answer(
    application: Application, hosted: HostedModel
) -> None:
    hosted.reply = CHAIR
    good = CliRunner().invoke(app, ["models", "check", "mine"])
    assert (good.exit_code, [row.split()[0] for row in good.stdout.splitlines()]) == (ANSWERED, ["model", "mine"])
    both = CliRunner().invoke(app, ["models", "check", "extractive", "torn", "--json"])
    rows = json.loads(both.stdout)
    assert both.exit_code == USER_ERROR
    assert [(row["model"], row["can_answer"], row["questions"]) for row in rows] == [
        ("extractive", True, 3),
        ("torn", False, 3),
    ]
    assert checkup.PATIENCE_S == 300  # as the command's help says
    del application
