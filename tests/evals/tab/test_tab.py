"""What the app's tab does without its looks: one run at a time, reports of run folders alone, drafts, and HTML."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.app.extensions import load_extensions
from assistant.conversations import Exchange
from assistant.errors import ModelError, UsageError
from assistant.types import Answer, Citation, Statement, Turn
from evals.cases.sets import load_set
from evals.numbers.compare import RunView, compare
from evals.run.jobs import Plan
from evals.run.progress import RunProgress
from evals.run.runs import RunCard
from evals.tab import view as tab_view
from evals.tab.case import CaseDesk, Quoted
from evals.tab.engine import report_file
from evals.tab.runner import Runner, Status
from evals.types import CaseResult, EvalCase
from index.reading.load import document_from_text

HOSTILE = '<img src=x onerror="hacked()">'
PLAN = Plan(sets=(Path("article"),))


def progress(done: int, model: str = "extractive", total: int = 4) -> RunProgress:
    return RunProgress(model, done, total, done, 0, float(done), None if not done else float(total - done), 0.5)


class Work:
    """A run that goes on case by case as the test says."""

    def __init__(self) -> None:
        self.step = threading.Semaphore(0)
        self.told = threading.Semaphore(0)
        self.fails: Exception | None = None

    def __call__(
        self, plan: Plan, on_progress: Callable[[RunProgress], None], stopped: Callable[[], bool]
    ) -> tuple[Path, ...]:
        for model in plan.models:
            for done in range(5):
                on_progress(progress(done, model))
                self.told.release()
                self.step.acquire(timeout=5)
                if stopped():
                    return (Path("run"),)
                if self.fails:
                    raise self.fails
        return (Path("run"),)


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def runner(work: Work) -> Iterator[Runner]:
    made = Runner(work)
    yield made
    made.stop()
    for _ in range(20):
        work.step.release()
    made.close()


def ended(runner: Runner) -> Status:
    for _ in range(500):
        if not runner.status.running:
            return runner.status
        threading.Event().wait(0.01)
    pytest.fail("the run did not end within five seconds")


def test_a_run_tells_how_far_it_is_and_ends_with_its_folders(runner: Runner, work: Work) -> None:
    assert runner.status == Status()
    assert runner.start(replace(PLAN, models=("extractive", "local:a"))) == ""
    work.told.acquire(timeout=5)
    assert runner.status.running
    assert runner.status.progress == (progress(0),)
    for _ in range(10):
        work.step.release()
    status = ended(runner)
    assert (status.progress, status.paths, status.trouble) == (
        (progress(4), progress(4, "local:a")),
        (Path("run"),),
        "",
    )


def test_a_second_run_is_refused_while_one_goes_on(runner: Runner) -> None:
    runner.start(PLAN)
    assert runner.start(PLAN) == "Another run is under way: wait until it ends, or stop it."


def test_stop_ends_a_run_after_the_case_at_hand_and_another_can_begin(runner: Runner, work: Work) -> None:
    runner.start(PLAN)
    work.told.acquire(timeout=5)
    runner.stop()
    assert runner.status.stopping
    work.step.release()
    status = ended(runner)
    assert status.progress == (progress(0),)
    assert "Stopped after 0 of 4 cases" in tab_view.status(status)
    assert runner.start(PLAN) == ""


@pytest.mark.parametrize(
    ("failure", "line"),
    [
        (UsageError("found no set"), "found no set"),
        (ModelError("the weights are not here"), "the weights are not here"),
        (
            RuntimeError("a fault"),
            "The run broke off (RuntimeError: a fault); the log has more. Run again to continue.",
        ),
    ],
)
def test_a_run_that_breaks_off_says_why_in_one_line(runner: Runner, work: Work, failure: Exception, line: str) -> None:
    work.fails = failure
    runner.start(PLAN)
    work.step.release()
    assert ended(runner).trouble == line


def test_a_report_is_served_from_a_run_folder_alone(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    for folder in ("one", "many/a", "half", "no-run"):
        (runs / folder).mkdir(parents=True)
    for folder in ("one", "many/a", "half"):
        (runs / folder / "run.json").write_text("{}")
    for folder in ("one", "many", "many/a", "no-run", "../outside"):
        (runs / folder).mkdir(parents=True, exist_ok=True)
        (runs / folder / "report.html").write_text(folder)
    (tmp_path / "outside" / "run.json").write_text("{}")
    (runs / "linked").symlink_to(tmp_path / "outside")
    (runs / "half" / "report.html").symlink_to(tmp_path / "outside" / "report.html")
    assert [report_file(runs, name) for name in ("one", "many", "many/a")] == [b"one", b"many", b"many/a"]
    for name in (
        "half",
        "no-run",
        "linked",
        "../outside",
        "one/../../outside",
        "",
        ".",
        "/etc",
        "many/a/b",
        "one/",
        "x",
    ):
        assert report_file(runs, name) is None


@given(name=st.text("ab./\\~%0", max_size=12))
def test_no_name_leads_out_of_the_runs(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    root = tmp_path_factory.getbasetemp() / "leads-out"
    (root / "runs").mkdir(parents=True, exist_ok=True)
    (root / "run.json").write_text("{}")
    (root / "report.html").write_text("outside")
    assert report_file(root / "runs", name) is None


LIGHTHOUSE = document_from_text(
    "The lamp was lit on 3 May 1871.\n\nAda Holm chose granite. She was given brick.", id="lighthouse", title="The lamp"
)


@dataclass
class Bench:
    """A workbench with one conversation over one article."""

    kept: tuple[Exchange, ...]

    @property
    def conversations(self) -> Any:
        return SimpleNamespace(exchanges=lambda conversation: self.kept if conversation == "c" else ())

    def articles(self) -> tuple[Any, ...]:
        return (LIGHTHOUSE,)

    def document(self, article: str) -> Any:
        if article != "lighthouse":
            raise UsageError(f"No article {article!r}; known: lighthouse")
        return LIGHTHOUSE


def answer(question: str, searched: str, text: str) -> Answer:
    cited = Citation("lighthouse", "The lamp", 0, 8, "The lamp", 0.9)
    return Answer(question, searched, text, False, "extractive", "minilm", (Statement(text, "supported", (cited,)),))


@pytest.fixture
def desk(tmp_path: Path) -> CaseDesk:
    first = answer("When was it lit?", "When was it lit?", "On 3 May 1871.")
    second = answer("And of what?", "What is the lamp of?", "Granite.")
    return CaseDesk(Bench((Exchange(first), Exchange(second, "down"))), tmp_path / "sets" / "mine")  # type: ignore[arg-type]


def test_a_poor_answer_to_a_follow_up_becomes_a_case_with_its_history(desk: CaseDesk, tmp_path: Path) -> None:
    draft = desk.open("c", 1)
    assert (draft.question, draft.standalone, draft.documents) == (
        "And of what?",
        "What is the lamp of?",
        ("lighthouse",),
    )
    draft = desk.pick(draft, {"document": "lighthouse", "text": "She was\ngiven brick.", "before": 0})
    draft = desk.pick(draft, {"document": "lighthouse", "text": "Ada Holm"})
    draft = desk.drop(draft, 1)
    assert [one.quote for one in desk.quoted(draft)] == ["She was given brick."]
    said = desk.save(draft, question=draft.question, keep_history=True, says=True, answers="brick\n\nof brick\n")
    assert said == "Saved. Your own set “mine” has 1 case."
    (case,) = load_set(tmp_path / "sets" / "mine").cases
    assert case.history == (Turn("user", "When was it lit?"), Turn("assistant", "On 3 May 1871."))
    assert (case.answers, case.evidence[0].quote) == (("brick", "of brick"), "She was given brick.")


def test_what_the_article_does_not_say_keeps_back_answer_and_proof(desk: CaseDesk, tmp_path: Path) -> None:
    draft = desk.pick(desk.open("c", 0), {"document": "lighthouse", "text": "Ada Holm"})
    desk.save(draft, question="How tall is it?", keep_history=False, says=False, answers="left from before")
    (case,) = load_set(tmp_path / "sets" / "mine").cases
    assert (case.answerable, case.answers, case.evidence, case.history) == (False, (), (), ())


@pytest.mark.parametrize(
    "selection",
    [{}, {"text": " "}, {"document": "lighthouse", "text": "He was given brick"}, {"document": "moon", "text": "Ada"},
     {"document": "lighthouse", "text": 7}],
)  # fmt: skip
def test_a_selection_that_is_no_proof_is_refused_in_one_line(desk: CaseDesk, selection: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"^[^\n]+$"):
        desk.pick(desk.open("c", 0), selection)


@pytest.mark.parametrize("position", [2, -1, None, "0"])
def test_an_answer_that_is_not_there_makes_no_case(desk: CaseDesk, position: object) -> None:
    with pytest.raises(UsageError, match="no longer there"):
        desk.open("c", position)


def card(name: str = "run", **changes: Any) -> RunCard:
    made = RunCard(name, Path("nowhere"), "local:small", ("article",), 40, 40, True, False, "2026-11-22T20:55:40+00:00",
                   {"value": 0.55, "low": 0.4, "high": 0.7, "n": 40})  # fmt: skip
    return replace(made, **changes)


def test_the_list_of_runs_says_who_what_and_how_well(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("")
    cards = [card(path=tmp_path), card("half", complete=False, done=7, headline=None)]
    text = tab_view.runs(cards, lambda name: f"/at/{name}")
    assert '<a href="/at/run" target="_blank" rel="noopener">Open report</a>' in text
    assert "/at/half" not in text
    for words in ("small", "55%", "Grounded accuracy 40%–70%, n = 40", "7 of 40", "unfinished", "not scored"):
        assert words in text


def row(id: str, right: float, words: str = "An answer.") -> CaseResult:
    scores = {"grounded_accuracy": right, "points": 1.0 if right else -1.0, "accuracy": right}
    return CaseResult("s", id, {"answer": words, "abstained": False}, scores, None if right else "misread")


def view(name: str, *rows: CaseResult) -> RunView:
    cases = {one.key: EvalCase("s", one.id, f"Question {one.id} {HOSTILE}?", True, (one.id,)) for one in rows}
    return RunView(name, {one.key: one for one in rows}, cases)


def test_a_comparison_shows_what_changed_side_by_side_and_escaped() -> None:
    before = view(f"a {HOSTILE}", *(row(str(n), 1.0 if n < 2 else 0.0) for n in range(8)))
    after = view("b", *(row(str(n), 0.0 if n == 0 else 1.0, HOSTILE) for n in range(8)))
    text = tab_view.comparison(compare(before, after))
    assert "<img" not in text
    assert "7 of 8 cases changed" in text
    assert "right → misread" in text
    assert "misread → right" in text
    assert "+62%" in text
    alike = tab_view.comparison(compare(before, before))
    assert "The runs are alike" in alike
    nothing = tab_view.comparison(compare(before, view("c")))
    assert "share no case" in nothing


@given(text=st.text(max_size=30))
def test_nothing_enters_the_page_but_escaped(text: str) -> None:
    shown = [
        tab_view.line(text + HOSTILE),
        tab_view.runs([card(text + HOSTILE, model=text + HOSTILE, sets=(HOSTILE,))], lambda name: name),
        tab_view.status(Status(PLAN, running=True, progress=(progress(1, text + HOSTILE),))),
        tab_view.status(Status(PLAN, trouble=text + HOSTILE)),
    ]
    for one in shown:
        assert "<img" not in one


class Entry:
    """An installed entry point."""

    def __init__(self, name: str, load: Callable[[], Any]) -> None:
        self.name, self.value, self.load = name, "somewhere:tab", load


def test_an_extension_that_fails_is_left_out_with_one_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def missing() -> Any:
        raise ImportError("no module named 'gone'\nat all")

    good = object()
    entries = [Entry("b", missing), Entry("a", lambda: lambda _: good), Entry("c", lambda: lambda _: 1 / 0)]
    monkeypatch.setattr("assistant.app.extensions.entry_points", lambda group: entries if group == "g" else [])
    found = load_extensions(None, group="g")  # type: ignore[arg-type]
    assert [(named.name, named.tab) for named in found.tabs] == [("a", good)]
    assert found.left_out == (
        "the tab 'b' (somewhere:tab) is left out: ImportError: no module named 'gone'",
        "the tab 'c' (somewhere:tab) is left out: ZeroDivisionError: division by zero",
    )
    assert len(caplog.records) == 2


def test_the_measurement_s_tab_is_an_installed_entry_point() -> None:
    from importlib.metadata import entry_points

    from evals.tab.layout import tab

    assert [entry.load() for entry in entry_points(group="assistant.tabs", name="evals")] == [tab]
    with pytest.raises(UsageError, match="expected the app of a home folder"):
        tab(Bench(()))  # type: ignore[arg-type]


def test_each_piece_of_evidence_has_a_button_of_its_own() -> None:
    shown = tab_view.evidence([Quoted("Bridge", "It opened."), Quoted("Ferry", "It <sank>.")])
    assert [shown.count(f'data-place="{place}"') for place in range(3)] == [1, 1, 0]
    assert "It &lt;sank&gt;." in shown
