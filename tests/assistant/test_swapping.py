"""Another embedder: built beside the one in use, taken whole or not at all, and never mistaken for another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assistant.cli import app
from assistant.cli.exits import ANSWERED, USER_ERROR
from assistant.errors import UsageError
from assistant.home import Home
from assistant.settings import Settings
from assistant.types import Notice
from assistant.wiring import Application
from index.build import Index, fingerprint
from index.errors import EmbedderError
from index.reading.load import load_bytes
from index.vectors.collections import collections, held

ARTICLES = {
    "bridge": b"# The bridge\n\nThe bridge opened in 1931. It replaced a ferry.\n\nA toll has never been charged.\n",
    "tower": b"# The tower\n\nThe tower was built of oak in 1888.\n\nIt burned down in 1950, and was built again.\n",
}
QUESTION = "What did the bridge replace?"


@pytest.fixture
def home(small_models: Path, tmp_path: Path) -> Home:
    """A home folder with two articles, none indexed yet, and minilm in use."""
    (tmp_path / "models").symlink_to(small_models)
    made = Home(tmp_path)
    for folder in (made.articles, made.index, made.conversations, made.logs):
        folder.mkdir()
    (made.index / "embedder").write_text("minilm\n")
    (made.articles / ".seeded").touch()
    with closing(Application(made)) as application:
        for name, text in ARTICLES.items():
            application.library.add(load_bytes(text, name=f"{name}.md"))
    return made


Opened = Callable[[], Application]


@pytest.fixture
def opened(home: Home) -> Iterator[Opened]:
    """Open the home folder; what was opened is closed in the end."""
    applications: list[Application] = []

    def open_it() -> Application:
        applications.append(Application(home))
        return applications[-1]

    yield open_it
    for application in applications:
        application.close()


def found(index: Index) -> str:
    return index.retrieve(QUESTION, k=1)[0].chunk.document


def test_the_embedder_that_was_chosen_is_used_from_then_on(opened: Opened, twin: Path) -> None:
    application = opened()
    assert application.index().embedder.name == "minilm"
    application.indexes.switch(str(twin))
    assert application.index().embedder.name == str(twin)
    application.close()
    again = opened()
    assert again.index().embedder.name == str(twin)
    assert len(again.index().documents()) == len(ARTICLES)


def test_one_of_equal_dimension_gets_a_collection_of_its_own(opened: Opened, home: Home, twin: Path) -> None:
    application = opened()
    first = application.index()
    second = application.indexes.switch(str(twin))
    assert first.embedder.dimension == second.embedder.dimension
    assert first.fingerprint != second.fingerprint
    held = {one.about.embedder: one.about for one in collections(home.index) if one.about}
    assert held.keys() == {"minilm", str(twin)}
    assert len({about.identity for about in held.values()}) == 2


def test_the_one_in_use_answers_while_another_is_built(opened: Opened, twin: Path) -> None:
    application = opened()
    application.index()
    seen: list[tuple[str, str]] = []

    def progress(done: int, total: int) -> None:
        assert done <= total
        seen.append((application.index().embedder.name, found(application.index())))

    application.indexes.switch(str(twin), progress)
    assert set(seen) == {("minilm", "bridge")}


def test_stopped_half_way_nothing_changes_and_no_work_is_lost(opened: Opened, twin: Path) -> None:
    application = opened()
    application.index()

    class StopError(Exception):
        pass

    def stop(*_: int) -> None:
        raise StopError

    with pytest.raises(StopError):
        application.indexes.switch(str(twin), stop)
    assert application.indexes.embedder == "minilm"
    assert found(application.index()) == "bridge"
    embedded: list[tuple[int, ...]] = []
    application.indexes.switch(str(twin), lambda *done: embedded.append(done))
    assert embedded == []  # the batch that was done is kept


def test_back_again_embeds_nothing(opened: Opened, twin: Path) -> None:
    application = opened()
    first = application.index()
    application.indexes.switch(str(twin))
    embedded: list[tuple[int, ...]] = []
    assert application.indexes.switch("minilm", lambda *done: embedded.append(done)) is first
    application.close()
    again = opened()
    again.indexes.switch(str(twin), lambda *done: embedded.append(done))
    assert embedded == []


def test_a_running_app_follows_the_choice_of_another_process(opened: Opened, twin: Path) -> None:
    running, other = opened(), opened()
    assert running.index().embedder.name == "minilm"
    other.indexes.switch(str(twin))
    other.close()
    assert running.index().embedder.name == str(twin)
    assert found(running.index()) in ARTICLES


def test_an_index_that_another_process_has_open_is_left_to_it(opened: Opened, home: Home) -> None:
    application = opened()
    name = fingerprint(application.embedder(), application.settings.index)
    with held(home.index, name) as mine:
        assert mine
        assert found(application.index()) == "bridge"
        assert collections(home.index) == ()


def test_an_article_added_since_is_found_after_the_way_back(opened: Opened, twin: Path) -> None:
    application = opened()
    application.index()
    application.indexes.switch(str(twin))
    application.library.add(load_bytes(b"The lighthouse was lit in 1902.", name="light.md"))
    assert {document.id for document in application.index().documents()} == {*ARTICLES, "light"}
    assert {document.id for document in application.indexes.switch("minilm").documents()} == {*ARTICLES, "light"}


def test_one_named_for_a_single_run_changes_no_choice(home: Home, twin: Path) -> None:
    with closing(Application(home, Settings(embedder=str(twin)))) as application:
        assert application.index().embedder.name == str(twin)
    with closing(Application(home)) as application:
        assert application.indexes.embedder == "minilm"


def test_an_embedder_that_is_none_changes_nothing(opened: Opened) -> None:
    application = opened()
    with pytest.raises(EmbedderError, match="no embedder 'nonsense'"):
        application.indexes.switch("nonsense")
    assert application.index().embedder.name == "minilm"


def test_pruned_is_what_is_not_in_use_and_what_nobody_has_open(opened: Opened, home: Home, twin: Path) -> None:
    application, other = opened(), opened()
    application.index()
    application.indexes.switch(str(twin))
    (home.index / "damaged-1-abc").mkdir()
    # This very process still has the former one open.
    pruned = other.indexes.prune()
    assert [one.folder.name for one in pruned.deleted] == ["damaged-1-abc"]
    assert [one.about.embedder for one in pruned.stayed if one.about] == ["minilm"]
    assert pruned.vectors > 0
    application.close()
    pruned = other.indexes.prune()
    assert [one.about.embedder for one in pruned.deleted if one.about] == ["minilm"]
    assert [one.about.embedder for one in collections(home.index) if one.about] == [str(twin)]
    assert len(other.index().documents()) == len(ARTICLES)


def test_nothing_is_pruned_before_the_one_in_use_has_an_index(opened: Opened, home: Home) -> None:
    opened().index()
    opened().embedders.choose("e5-multilingual")
    with pytest.raises(UsageError, match="no index for e5-multilingual yet"):
        opened().indexes.prune()
    assert len(collections(home.index)) == 1


def test_the_commands_say_what_there_is(home: Home, twin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", str(home.root))

    def typed(*arguments: str) -> tuple[int, list[str], str]:
        ran = CliRunner().invoke(app, list(arguments))
        return ran.exit_code, ran.stdout.splitlines(), ran.stderr

    code, lines, said = typed("index", "status")
    assert (code, lines[-1]) == (ANSWERED, "0 vectors are kept, so that nothing is embedded twice")
    assert "no index for minilm yet" in said
    assert typed("reindex")[1] == ["minilm searches 2 articles in 2 passages"]
    assert typed("reindex", "--embedder", str(twin))[1] == [f"{twin} searches 2 articles in 2 passages"]
    listed = sorted(typed("index")[1][:2])
    assert [line[0] for line in listed] == [" ", "*"]
    assert listed[1].endswith(f"{twin}: 2 articles, 2 passages of 384 numbers")
    assert listed[0].endswith("minilm: 2 articles, 2 passages of 384 numbers")
    assert typed("index", "prune")[1][-1] == "1 indexes and 2 kept vectors deleted"
    assert typed("index", "prune")[1] == ["0 indexes and 0 kept vectors deleted"]
    code, _, said = typed("reindex", "--embedder", "nonsense")
    assert code == USER_ERROR
    assert len(said.splitlines()) == 1


def test_that_a_damaged_index_was_built_again_is_said_once_with_the_next_answer(opened: Opened, home: Home) -> None:
    application = opened()
    application.index()
    application.close()
    (database,) = home.index.glob("*/chroma.sqlite3")
    database.write_bytes(database.read_bytes()[:5000])
    again = opened()
    told = [
        [event.text for event in again.ask(QUESTION, model="extractive") if isinstance(event, Notice)] for _ in "12"
    ]
    assert told == [["The search index was damaged; it was set aside and rebuilt from the saved articles."], []]


def test_an_index_whose_note_of_itself_was_torn_under_the_app_can_be_pruned(opened: Opened, home: Home) -> None:
    application = opened()
    application.index()
    (note,) = home.index.glob("*/about.json")
    note.write_text("{")
    assert application.indexes.prune().deleted == ()
    assert application.index().documents() == application.documents()
