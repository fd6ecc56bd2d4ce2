"""The command line of the measurement: what it prints, where it exits, and that one line says what went wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from assistant.home import Home
from evals import cli
from evals.cases.held_out import is_held_out
from evals.cases.sets import load_set
from evals.run.runs import RunFolder, open_run


@pytest.fixture
def evals(home: Home, monkeypatch: pytest.MonkeyPatch):
    """Run a command in the test's home folder."""
    monkeypatch.setenv("ASSISTANT_HOME", str(home.root))

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(cli.app, [str(one) for one in arguments], prog_name="evals")

    return run


def finished(home: Home, small_set: Path, out: Path, *options: str) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSISTANT_HOME", str(home.root))
        command = ["run", str(small_set), "--model", "extractive", "--out", str(out), *options]
        ran = CliRunner().invoke(cli.app, command)
    assert ran.exit_code == 0, ran.output
    return out


@pytest.fixture(scope="module")
def done(home: Home, small_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of the small set."""
    return finished(home, small_set, tmp_path_factory.mktemp("runs") / "done")


@pytest.fixture(scope="module")
def mute(home: Home, small_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that abstained from everything."""
    return finished(home, small_set, tmp_path_factory.mktemp("runs") / "mute", "--bot", "always-abstain")


def test_help_answers_without_loading_anything_heavy() -> None:
    heavy = "sum(name in sys.modules for name in ('torch', 'numpy', 'chromadb', 'gradio', 'langchain_core', 'rich'))"
    code = f"import sys; from evals import cli; print({heavy})"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "0"


def test_a_run_prints_its_headline_and_where_it_stands(evals, small_set: Path, tmp_path: Path) -> None:
    ran = evals("run", small_set, "-m", "extractive", "--out", tmp_path / "run", "--limit", 8)
    assert ran.exit_code == 0
    lines = ran.stdout.splitlines()
    assert [line.split("  ")[0] for line in lines if line] == [
        "",
        "Grounded accuracy",
        "",
        "Points",
        "Right",
        "Refused",
        "Over-refused",
        "Citation precision",
        "Hit@5",
        "Seconds per answer, p50 / p95",
        "Cases (failed)",
        f"written to {tmp_path / 'run'}",
    ]
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        "run.json", "cases.jsonl", "results.jsonl", "report.html", ".lock",
    }  # fmt: skip
    assert "8 of 8" in ran.stderr


def test_the_report_is_one_file_that_names_every_case(done: Path) -> None:
    page = (done / "report.html").read_text(encoding="utf-8")
    assert "Who designed the harbor bridge?" in page
    assert "https://" not in page.replace("https://www.w3.org", "")


def test_a_run_compared_with_itself_says_so(evals, done: Path) -> None:
    compared = evals("compare", done, done)
    assert compared.exit_code == 0
    assert "no case changed" in compared.stdout.lower()


def test_two_runs_are_compared_case_by_case(evals, done: Path, mute: Path) -> None:
    compared = evals("compare", done, mute)
    assert compared.exit_code == 0
    assert "designer" in compared.stdout
    assert "Grounded accuracy" in compared.stdout


def test_a_gate_that_is_met_passes_and_one_that_is_missed_exits_1_naming_the_metric(
    evals, done: Path, mute: Path
) -> None:
    assert evals("gate", done, "--fail-below", "citation_validity=1").exit_code == 0
    missed = evals("gate", mute, "--fail-below", "refused=1", "--fail-below", "grounded_accuracy=0.5")
    assert missed.exit_code == 1
    assert "grounded_accuracy" in missed.stderr
    assert "refused=" not in missed.stderr
    assert evals("compare", done, mute, "--fail-below", "grounded_accuracy=0.5").exit_code == 1
    assert evals("compare", mute, done, "--fail-below", "grounded_accuracy=0.5").exit_code == 0


def test_a_run_gates_itself_and_is_written_all_the_same(evals, small_set: Path, tmp_path: Path) -> None:
    command = ("run", small_set, "-m", "extractive", "--bot", "always-abstain", "--out", tmp_path / "run")
    missed = evals(*command, "--fail-below", "refused=1", "--fail-below", "grounded_accuracy=0.5")
    assert missed.exit_code == 1
    assert missed.stderr.splitlines()[-1].startswith("always-abstain: grounded_accuracy is 0.3, below 0.5")
    assert f"written to {tmp_path / 'run'}" in missed.stdout
    assert open_run(tmp_path / "run").info["complete"]
    met = evals(*command, "--fail-below", "refused=1", "--fail-below", "grounded_accuracy=0.3")
    assert met.exit_code == 0, met.output


def test_a_pooled_run_searches_the_articles_of_all_cases_for_each(
    evals, done: Path, small_set: Path, tmp_path: Path
) -> None:
    ran = evals("run", small_set, "-m", "extractive", "--pooled", "--out", tmp_path / "pooled")
    assert ran.exit_code == 0, ran.output
    assert ran.stdout.splitlines()[0].strip() == "extractive + pooled"

    def searched(path: Path) -> dict[str, set[str]]:
        return {row.id: {one["document"] for one in row.result["evidence"]} for row in RunFolder(path)}

    cases = load_set(small_set).cases
    assert searched(done) == {case.id: set(case.articles) for case in cases}
    assert searched(tmp_path / "pooled") == {case.id: {"bridge", "mill"} for case in cases}


def test_a_held_out_run_asks_only_about_articles_the_reader_was_not_trained_on(
    evals, small_set: Path, tmp_path: Path
) -> None:
    ran = evals("run", small_set, "-m", "extractive", "--held-out", "--out", tmp_path / "held")
    assert ran.exit_code == 0, ran.output
    assert ran.stdout.splitlines()[0].strip() == "extractive + held out"
    asked = {row.id for row in RunFolder(tmp_path / "held")}
    cases = load_set(small_set).cases
    assert asked == {case.id for case in cases if is_held_out(case.articles[0])}
    assert asked != {case.id for case in cases}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "nowhere"), "evals: found no eval set 'nowhere'"),
        (("gate", "nowhere", "--fail-below", "accuracy=1"), "evals: found no run.json in nowhere"),
        (("compare", "nowhere", "nowhere"), "evals: found no run.json in nowhere"),
        (("report", "nowhere"), "evals: found no run.json in nowhere"),
        (("run", "article", "-m", "nonsense"), "nonsense"),
        (("run", "article", "--fail-below", "beauty=1"), "beauty"),
        (("twins", "nowhere"), "evals: found no eval set 'nowhere'"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_1(evals, arguments: tuple[str, ...], said: str) -> None:
    ran = evals(*arguments)
    assert ran.exit_code == 1
    assert said in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1


def test_the_projects_sets_are_listed_and_runs_too(evals) -> None:
    listed = evals("sets").stdout
    assert listed.split()[0] == "article"
    assert "hostile" in listed
    assert evals("runs").exit_code == 0


def test_twins_make_a_set_that_can_be_run(evals, small_set: Path, tmp_path: Path) -> None:
    made = evals("twins", small_set, "--kind", "deleted", "--out", tmp_path / "twins")
    assert made.exit_code == 0, made.output
    assert "twins written to" in made.stdout
    ran = evals("run", tmp_path / "twins", "-m", "extractive", "--out", tmp_path / "run")
    assert ran.exit_code == 0, ran.output
    rows = [json.loads(line) for line in (tmp_path / "run" / "results.jsonl").read_text().splitlines()]
    assert rows
    assert all(row["scores"]["refused"] is not None for row in rows)


def test_a_report_over_several_runs_goes_where_it_is_told(evals, done: Path, tmp_path: Path) -> None:
    written = evals("report", done, "--out", tmp_path / "both.html")
    assert written.stdout == f"written to {tmp_path / 'both.html'}\n"
    assert (tmp_path / "both.html").stat().st_size > 10_000


def test_rescoring_prints_the_headline_again(evals, done: Path) -> None:
    again = evals("rescore", done)
    assert again.exit_code == 0
    assert "Grounded accuracy" in again.stdout
