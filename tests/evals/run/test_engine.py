"""A run asks every case by the chat's own path, loses nothing to a kill, and its scores punish every bot."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant.answer.question import Question
from assistant.contract import to_contract
from assistant.errors import UsageError
from assistant.home import Home
from assistant.wiring import Application
from evals.cases.sets import load_set
from evals.run.engine import rescore, run_sets
from evals.run.jobs import Plan, parse_setting
from evals.run.progress import RunProgress
from evals.run.runs import list_runs, open_run, runs_folder


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (path / "results.jsonl").read_text(encoding="utf-8").splitlines()]


def timeless(path: Path) -> list[dict[str, Any]]:
    """The rows without what a clock says."""
    rows = rows_of(path)
    for row in rows:
        row["scores"] = {name: value for name, value in row["scores"].items() if not name.startswith("ms_")}
        if "result" in row:
            del row["result"]["timings_ms"]
    return rows


def headline(path: Path) -> Mapping[str, Any]:
    info = json.loads((path / "run.json").read_text(encoding="utf-8"))
    return {name: estimate["value"] for name, estimate in info["summary"]["metrics"].items()}


def test_a_run_writes_what_ask_json_prints_for_every_case_in_order(
    application: Application, small_set: Path, tmp_path: Path
) -> None:
    seen: list[RunProgress] = []
    (path,) = run_sets(Plan((small_set,), out=tmp_path / "run"), application=application, on_progress=seen.append)
    rows = rows_of(path)
    cases = load_set(small_set).cases
    assert [(row["set"], row["id"]) for row in rows] == [case.key for case in cases]
    with application.index_of(list(load_set(small_set).documents.values())) as index:
        answer = to_contract(
            application.assistant("extractive", index).ask(Question(cases[0].question, articles=cases[0].articles))
        )
    first = rows[0]["result"]
    assert {**first, "timings_ms": None} == {**answer, "timings_ms": None}
    info = json.loads((path / "run.json").read_text(encoding="utf-8"))
    assert (info["complete"], info["cases"], info["done"], info["settings"]["model"]) == (True, 10, 10, "extractive")
    assert info["packages"]["chromadb"]
    assert info["embedder_fingerprint"] == index.fingerprint
    assert info["sets"] == [{"name": "small", "path": str(small_set), "digest": load_set(small_set).digest}]
    assert [one.done for one in seen] == list(range(11))
    assert seen[-1].left_seconds == 0


def test_the_extractive_model_is_right_on_plain_questions_and_silent_off_topic(
    application: Application, small_set: Path, tmp_path: Path
) -> None:
    (path,) = run_sets(Plan((small_set,), out=tmp_path / "run"), application=application)
    numbers = headline(path)
    assert numbers["hit@1"] == 1
    assert numbers["citation_validity"] == 1
    assert numbers["refused"] == 1
    assert numbers["accuracy"] >= 6 / 7


def test_a_run_that_is_killed_and_resumed_gives_the_rows_of_an_unbroken_one(
    application: Application, home: Home, small_set: Path, tmp_path: Path
) -> None:
    many = tmp_path / "many"
    many.mkdir()
    (many / "articles.jsonl").write_bytes((small_set / "articles.jsonl").read_bytes())
    lines = (small_set / "cases.jsonl").read_text().splitlines()
    rows = [{**json.loads(line), "id": f"{number}-{n}"} for n in range(8) for number, line in enumerate(lines)]
    (many / "cases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (whole,) = run_sets(Plan((many,), out=tmp_path / "whole"), application=application)
    broken = tmp_path / "broken"
    command = [sys.executable, "-m", "evals", "run", str(many), "--model", "extractive", "--out", str(broken)]
    environment = {**os.environ, "ASSISTANT_HOME": str(home.root)}
    started = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    results = broken / "results.jsonl"
    deadline = time.monotonic() + 120
    while not results.exists() or results.read_bytes().count(b"\n") < 10:
        assert started.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    started.send_signal(signal.SIGKILL)
    started.wait()
    done = results.read_bytes().count(b"\n")
    assert 10 <= done < 80
    with results.open("ab") as file:
        file.write(b'{"id": "torn')  # what a kill in the middle of a write leaves
    # The application of this test resumes what another process began.
    run_sets(Plan((many,), out=broken), application=application)
    assert timeless(broken) == timeless(whole)
    info = json.loads((broken / "run.json").read_text(encoding="utf-8"))
    assert (info["complete"], info["done"]) == (True, 80)


def test_a_stopped_run_is_resumed_by_the_same_plan_and_refused_to_another(
    application: Application, small_set: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    done: list[int] = []
    run_sets(
        Plan((small_set,), out=out), application=application,
        on_progress=lambda progress: done.append(progress.done), stopped=lambda: bool(done) and done[-1] >= 4,
    )  # fmt: skip
    assert len(rows_of(out)) == 4
    assert not json.loads((out / "run.json").read_text())["complete"]
    with pytest.raises(UsageError, match="holds a run with other settings, sets or prompts"):
        run_sets(Plan((small_set,), limit=5, out=out), application=application)
    run_sets(Plan((small_set,), out=out), application=application)
    assert len(rows_of(out)) == 10


def test_a_setting_that_is_tried_is_the_runs_and_another_value_is_another_run(
    application: Application, small_set: Path, tmp_path: Path
) -> None:
    other = Plan((small_set,), tried=(("evidence", 1.0), ("reader", 0.0)), limit=4, out=tmp_path / "run")
    run_sets(other, application=application)
    settings = json.loads((tmp_path / "run" / "run.json").read_text())["settings"]
    assert (settings["evidence"], settings["reader"]) == (1, None)
    assert {len(row["result"]["evidence"]) for row in rows_of(tmp_path / "run")} == {1}
    with pytest.raises(UsageError, match="holds a run with other settings"):
        run_sets(replace(other, tried=()), application=application)


@pytest.mark.parametrize("text", ["answerable", "answerable=", "answerable=high", "model=1", "=1"])
def test_a_setting_that_is_none_names_the_known_ones(text: str) -> None:
    with pytest.raises(UsageError, match=r"expected NAME=VALUE .* answerable"):
        parse_setting(text)


def test_settings_that_are_tried_are_numbers_or_switches() -> None:
    assert [parse_setting(text) for text in ("reader=off", "answerable=0.25")] == [
        ("reader", 0.0),
        ("answerable", 0.25),
    ]


def test_a_plan_without_a_folder_resumes_its_own_unfinished_run_and_then_begins_a_new_one(
    application: Application, small_set: Path
) -> None:
    plan = Plan((small_set,), limit=3, seed=11)
    done: list[int] = []
    (first,) = run_sets(plan, application=application, on_progress=lambda one: done.append(one.done),
                        stopped=lambda: bool(done) and done[-1] >= 1)  # fmt: skip
    (resumed,) = run_sets(plan, application=application)
    assert resumed == first
    card = next(card for card in list_runs(runs_folder(application.home)) if card.path == first)
    assert (card.complete, card.cases, card.done, card.sets, card.model) == (True, 3, 3, ("small",), "extractive")


def test_several_models_make_a_folder_each_over_one_retrieval(
    application: Application, small_set: Path, tmp_path: Path
) -> None:
    script = tmp_path / "says.jsonl"
    script.write_text(json.dumps({"reply": "Elena Ruiz designed the harbor bridge [1].", "repeat": True}) + "\n")
    plan = Plan((small_set,), models=("extractive", f"scripted:{script}"), out=tmp_path / "both")
    first, second = run_sets(plan, application=application)
    assert first.parent == second.parent == tmp_path / "both"
    assert [row["result"]["evidence"] for row in rows_of(first)] == [
        row["result"]["evidence"] for row in rows_of(second)
    ]
    by_id = {row["id"]: row for row in rows_of(second)}
    assert by_id["designer"]["scores"]["grounded_accuracy"] == 1
    assert by_id["designer"]["failure"] is None
    assert by_id["designer"]["scores"]["tokens_completion"] > 0


def test_a_kept_run_asks_the_model_nothing_twice_and_times_nothing(
    application: Application, small_set: Path, tmp_path: Path
) -> None:
    script = tmp_path / "once.jsonl"
    script.write_text(json.dumps({"reply": "Elena Ruiz designed the harbor bridge [1]."}) + "\n")

    def run(name: str, kept: Path | None) -> list[dict[str, Any]]:
        plan = Plan((small_set,), models=(f"scripted:{script}",), limit=1, kept=kept, out=tmp_path / name)
        (path,) = run_sets(plan, application=application)
        return rows_of(path)

    first, again, without = run("first", tmp_path), run("again", tmp_path), run("without", None)
    assert first[0]["result"]["answer"] == again[0]["result"]["answer"]
    assert "error" in without[0]  # the script has nothing more to say
    assert not any(name.startswith("ms_") for row in (*first, *again) for name in row["scores"])


def test_a_case_that_fails_is_recorded_counted_and_never_dropped(
    application: Application, small_set: Path, tmp_path: Path
) -> None:
    script = tmp_path / "short.jsonl"
    script.write_text(json.dumps({"reply": "Elena Ruiz designed the harbor bridge [1]."}) + "\n")
    (path,) = run_sets(
        Plan((small_set,), models=(f"scripted:{script}",), out=tmp_path / "run"), application=application
    )
    rows = rows_of(path)
    assert len(rows) == 10
    failed = [row for row in rows if "error" in row]
    assert len(failed) >= 6
    assert all("result" not in row and row["failure"] == "error" for row in failed)
    info = json.loads((path / "run.json").read_text())
    assert info["summary"]["errors"] == len(failed)
    assert info["headline"]["accuracy"]["value"] == pytest.approx(1 / 7)


@pytest.mark.parametrize(
    ("bot", "low"),
    [
        ("always-abstain", {"accuracy": 0.0, "grounded_accuracy": 3 / 10}),
        ("never-abstain", {"refused": 0.0}),
        ("lead-paragraph", {"refused": 0.0, "grounded_accuracy": 4 / 10}),
        ("random-citation", {"citation_precision": 0.6}),
    ],
)
def test_the_scores_punish_every_bot(
    application: Application, small_set: Path, tmp_path: Path, bot: str, low: Mapping[str, float]
) -> None:
    (path,) = run_sets(Plan((small_set,), bot=bot, out=tmp_path / "bot"), application=application)
    (ours,) = run_sets(Plan((small_set,), out=tmp_path / "ours"), application=application)
    numbers, better = headline(path), headline(ours)
    assert numbers["citation_validity"] in {None, 1.0}
    for name, value in low.items():
        assert numbers[name] <= value < better[name]
    assert numbers["grounded_accuracy"] < better["grounded_accuracy"]


def test_gold_context_is_a_ceiling_for_retrieval_and_closed_book_has_no_citations(
    application: Application, small_set: Path, tmp_path: Path
) -> None:
    (gold,) = run_sets(Plan((small_set,), bot="gold-context", out=tmp_path / "gold"), application=application)
    assert headline(gold)["hit@1"] == 1
    script = tmp_path / "heart.jsonl"
    script.write_text(json.dumps({"reply": "It opened in 1931.", "repeat": True}) + "\n")
    plan = Plan((small_set,), models=(f"scripted:{script}",), bot="closed-book", out=tmp_path / "closed")
    (closed,) = run_sets(plan, application=application)
    by_id = {row["id"]: row for row in rows_of(closed)}
    assert by_id["opening"]["scores"]["accuracy"] == 1
    assert by_id["opening"]["scores"]["grounded_accuracy"] == 0
    assert headline(closed)["uncited"] == 1


def test_retrieval_only_gives_retrieval_scores_and_nothing_else(
    application: Application, small_set: Path, tmp_path: Path
) -> None:
    for retriever in ("index", "bm25"):
        plan = Plan((small_set,), retrieval_only=True, retriever=retriever, out=tmp_path / retriever)
        (path,) = run_sets(plan, application=application)
        numbers = {name for name, value in headline(path).items() if value is not None}
        assert {"hit@1", "mrr@10", "ndcg@10", "iou", "ms_evidence"} <= numbers
        assert not {"accuracy", "refused", "grounded_accuracy"} & numbers
        assert len(rows_of(path)) == 10


def test_batched_question_vectors_find_what_single_ones_find(
    application: Application, small_set: Path, tmp_path: Path
) -> None:
    (alone,) = run_sets(Plan((small_set,), out=tmp_path / "alone"), application=application)
    (batched,) = run_sets(Plan((small_set,), retrieval_only=True, out=tmp_path / "batched"), application=application)
    places = [
        [[(e["document"], e["start"]) for e in row["result"]["evidence"]] for row in rows_of(p)]
        for p in (alone, batched)
    ]
    assert places[0] == places[1]


def test_rescoring_changes_nothing_while_the_scores_are_the_same(
    application: Application, small_set: Path, tmp_path: Path
) -> None:
    (path,) = run_sets(Plan((small_set,), out=tmp_path / "run"), application=application)
    before, numbers = rows_of(path), headline(path)
    rescore(path)
    assert rows_of(path) == before
    assert headline(path) == numbers


def test_a_run_whose_set_changed_can_be_compared_but_not_shown_with_its_articles(
    application: Application, small_set: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("cases.jsonl", "articles.jsonl"):
        (copy / name).write_bytes((small_set / name).read_bytes())
    (path,) = run_sets(Plan((copy,), limit=2, out=tmp_path / "run"), application=application)
    with (copy / "cases.jsonl").open("a") as file:
        file.write('{"id": "new", "question": "New?", "answerable": false}\n')
    assert open_run(path).view().cases.keys() == {("copy", row["id"]) for row in rows_of(path)}
    with pytest.raises(UsageError, match="has changed since the run"):
        open_run(path).documents({})


def test_the_cases_of_a_run_are_kept_as_they_were_asked(
    application: Application, small_set: Path, tmp_path: Path
) -> None:
    (path,) = run_sets(Plan((small_set,), out=tmp_path / "run"), application=application)
    assert tuple(open_run(path).cases.values()) == load_set(small_set).cases


def test_a_stop_is_noticed_while_a_model_speaks_and_that_case_is_asked_again(
    application: Application, small_set: Path, tmp_path: Path
) -> None:
    script = tmp_path / "slow.jsonl"
    script.write_text(json.dumps({"reply": "Elena Ruiz designed it [1].", "delay_s": 5, "repeat": True}) + "\n")
    plan = Plan((small_set,), models=(f"scripted:{script}",), limit=2, out=tmp_path / "run")
    began = time.monotonic()
    (path,) = run_sets(plan, application=application, stopped=lambda: time.monotonic() - began > 1.5)
    assert time.monotonic() - began < 5
    assert not (path / "results.jsonl").exists()
    assert not json.loads((path / "run.json").read_text())["complete"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"limit": 0}, "found --limit 0; expected 1 or more"),
        ({"retriever": "magic"}, "found the retriever 'magic'; expected one of: index, bm25"),
        ({"bot": "oracle"}, "found the bot 'oracle'; expected one of: closed-book, gold-context"),
        ({"bot": "closed-book"}, "with a model that has no words"),
        ({"judge": "extractive"}, "found the judge 'extractive'; expected a language model"),
        ({"models": ("nonsense",)}, "nonsense"),
    ],
)
def test_what_can_be_known_to_be_wrong_is_said_before_anything_runs(
    application: Application, small_set: Path, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        run_sets(Plan((small_set,), out=tmp_path / "run", **changes), application=application)
    assert not (tmp_path / "run" / "results.jsonl").exists()


def test_weights_that_are_not_here_are_named_before_another_model_has_run(
    application: Application, small_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application.weights, "is_complete", lambda name: name == "e5-multilingual")
    plan = Plan((small_set,), models=("extractive", "local:smollm2-135m-instruct"), out=tmp_path / "run")
    with pytest.raises(UsageError, match="Run `assistant models pull smollm2-135m-instruct`"):
        run_sets(plan, application=application)
    assert not (tmp_path / "run").exists()


def test_two_processes_do_not_write_one_run(application: Application, small_set: Path, tmp_path: Path) -> None:
    inside, leave = threading.Event(), threading.Event()

    def hold(_: RunProgress) -> None:
        inside.set()
        leave.wait(60)

    plan = Plan((small_set,), out=tmp_path / "run")
    first = threading.Thread(target=lambda: run_sets(plan, application=application, on_progress=hold))
    first.start()
    try:
        assert inside.wait(60)
        with pytest.raises(UsageError, match="another process writes the run"):
            run_sets(plan, application=application)
    finally:
        leave.set()
        first.join()
    assert len(rows_of(tmp_path / "run")) == 10


def test_a_judge_grades_after_the_answers_and_its_own_accuracy_stands_beside(
    application: Application, small_set: Path, tmp_path: Path
) -> None:
    script = tmp_path / "strict.jsonl"
    script.write_text(json.dumps({"reply": "WRONG", "repeat": True}) + "\n")
    plan = Plan((small_set,), judge=f"scripted:{script}", out=tmp_path / "run")
    (path,) = run_sets(plan, application=application)
    assert headline(path)["judged"] == 0
    info = json.loads((path / "run.json").read_text())
    assert info["judge"]["balanced_accuracy"] == 0.5
    assert info["judge"]["n"] == 60
    assert "0.50" in info["judge"]["line"]
