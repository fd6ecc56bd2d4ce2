"""The terminal of the measurement: run sets, compare and gate runs, write reports, make twins.

Every command imports what it needs when it runs: ``--help`` answers at once.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from assistant.cli.exits import told
from assistant.cli.opened import CautionName
from assistant.cli.quiet import keep_quiet
from assistant.settings import DEFAULT_CAUTION, DEFAULT_MODEL
from assistant.text import bare
from index.settings import DEFAULT_EMBEDDER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assistant.home import Home
    from assistant.wiring import Application
    from evals.numbers.gate import Threshold
    from evals.run.runs import OpenRun
    from evals.types import EvalSet

MISSED = 1
"""Exit status when a gate is not met."""
STOPPED = 130

app = typer.Typer(
    name="evals",
    help="Measure the assistant: the same code path as the chat, on sets of questions with known answers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

SetNames = Annotated[
    list[str],
    typer.Argument(
        metavar="SET...", help="A set's folder, a SQuAD-format JSON file, or a name that `evals sets` lists."
    ),
]
RunPath = Annotated[str, typer.Argument(metavar="RUN", help="A run's folder, or its name as `evals runs` lists it.")]
FailBelow = Annotated[
    list[str] | None,
    typer.Option(
        "--fail-below",
        metavar="METRIC=VALUE",
        help="Exit 1 when the metric is worse than the value (above it, where lower is better). Repeatable.",
    ),
]


def main() -> None:
    """Run the command line."""
    keep_quiet()
    app(prog_name="evals")


@app.command(short_help="Ask every case of some sets, and score the answers.")
def run(
    sets: SetNames,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", "-m", metavar="NAME", help="As `assistant ask` takes it; repeatable."),
    ] = None,
    embedder: Annotated[
        list[str] | None, typer.Option("--embedder", metavar="NAME", help="As `assistant ask` takes it; repeatable.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(metavar="N", help="At most N cases: a fixed sample, spread over articles.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The seed of the sample and of the intervals.")] = 0,
    retrieval_only: Annotated[
        bool, typer.Option("--retrieval-only", help="Search only, without a model: thousands of cases a minute.")
    ] = False,
    retriever: Annotated[
        str, typer.Option(metavar="index|bm25", help="The assistant's own index, or plain BM25 over paragraphs.")
    ] = "index",
    held_out: Annotated[
        bool, typer.Option("--held-out", help="Only cases on articles that the reader was never trained on.")
    ] = False,
    pooled: Annotated[
        bool, typer.Option("--pooled", help="For every case, search the articles of all cases, not only its own.")
    ] = False,
    bot: Annotated[
        str | None,
        typer.Option(
            metavar="BOT",
            help="Run a floor or ceiling instead of the assistant: closed-book, gold-context, always-abstain, "
            "never-abstain, lead-paragraph, random-citation.",
        ),
    ] = None,
    caution: CautionName = DEFAULT_CAUTION,
    tried: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="A setting of the assistant to try: reader=off, answerable=0.4, quotable, supported, writer_tokens, "
            "prompt_tokens, evidence; repeatable.",
        ),
    ] = None,
    kept: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="A folder that keeps what the reader reads and the model says. A run with another --set reuses it "
            "and takes a minute. Nothing is timed.",
        ),
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A model that also grades the answers; its own accuracy is printed."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The run's folder; with several models, it contains one folder for each."),
    ] = None,
    fail_below: FailBelow = None,
) -> None:
    """Ask every case of some sets, score the answers, and write one folder for each run.

    The folder holds run.json (settings and numbers), cases.jsonl (the cases as asked), results.jsonl (one row per
    case) and report.html. The same command resumes a run that was stopped or killed. Exit status: 0 done, 1 an error
    you can fix or a --fail-below that is not met, 2 wrong usage, 130 stopped.
    """
    from assistant.settings import EXTRACTIVE
    from evals.cases.sets import find_set, sets_folder
    from evals.numbers.gate import parse_threshold
    from evals.report.show import headline, progress_bar, report_of
    from evals.run.engine import run_sets
    from evals.run.jobs import Plan, parse_setting
    from evals.run.runs import REPORT

    with _application() as application, _stoppable() as stopped:
        thresholds = [parse_threshold(one) for one in fail_below or ()]
        models = model or [EXTRACTIVE if retrieval_only else DEFAULT_MODEL]
        users = sets_folder(application.home)
        plan = Plan(
            sets=tuple(find_set(one, users=users) for one in dict.fromkeys(sets)),
            models=tuple(dict.fromkeys(models)),
            embedders=tuple(dict.fromkeys(embedder or [DEFAULT_EMBEDDER])),
            limit=limit,
            seed=seed,
            retrieval_only=retrieval_only,
            retriever=retriever,
            held_out=held_out,
            pooled=pooled,
            bot=bot,
            caution=caution,
            tried=tuple(parse_setting(one) for one in tried or ()),
            kept=kept,
            judge=judge,
            out=out,
        )
        with progress_bar() as show:
            paths = run_sets(plan, application=application, on_progress=show, stopped=stopped, report=report_of)
        runs = _opened(paths)
        typer.echo(headline(runs))
        for path in paths:
            typer.echo(f"written to {path}")
        if len(paths) > 1:
            typer.echo(f"side by side in {paths[0].parent / REPORT}")
        if stopped():
            typer.echo("stopped; the same command continues from here", err=True)
            raise typer.Exit(STOPPED)
        _gate(runs, thresholds)


@app.command(short_help="Compare two runs case by case.")
def compare(before: RunPath, after: RunPath, fail_below: FailBelow = None) -> None:
    """Compare two runs case by case: what changed, how sure that is, and how small a change these cases could show.

    --fail-below applies to the second run.
    """
    from evals.numbers.compare import compare as compared
    from evals.numbers.gate import parse_threshold
    from evals.report.compare_text import as_text

    with told(program="evals") as home:
        thresholds = [parse_threshold(one) for one in fail_below or ()]
        runs = _opened([_run_path(home, one) for one in (before, after)])
        typer.echo(as_text(compared(*(one.view() for one in runs))))
        _gate(runs[1:], thresholds)


@app.command(short_help="Exit 1 when a run is not good enough.")
def gate(run: RunPath, fail_below: FailBelow = None) -> None:
    """Exit 1 and name the metrics when a run misses a threshold; for CI."""
    from evals.numbers.gate import parse_threshold

    if not fail_below:
        raise typer.BadParameter("name at least one --fail-below METRIC=VALUE")
    with told(program="evals") as home:
        thresholds = [parse_threshold(one) for one in fail_below]
        _gate(_opened([_run_path(home, run)]), thresholds)
        typer.echo("every threshold is met")


@app.command(short_help="Write one HTML report about runs.")
def report(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Runs' folders or names.")],
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Default: report.html in the first run.")] = None,
    open_it: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Write one HTML file about one or more runs; it needs no network and no other file."""
    from evals.report.show import report_of
    from evals.run.runs import REPORT

    with told(program="evals") as home:
        opened = _opened([_run_path(home, one) for one in dict.fromkeys(runs)])
        path = (out or opened[0].folder.path / REPORT).resolve()
        report_of(opened, path, {})
        typer.echo(f"written to {path}")
        if open_it:
            typer.launch(path.as_uri())


@app.command(short_help="Score saved answers again.")
def rescore(runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Runs' folders or names.")]) -> None:
    """Score the saved answers of runs again after a metric has changed; ask nothing, and keep costs and grades."""
    from evals.report.show import headline, report_of
    from evals.run.engine import rescore as again
    from evals.run.runs import REPORT

    with told(program="evals") as home:
        opened = [again(_run_path(home, one)) for one in dict.fromkeys(runs)]
        read: dict[str, EvalSet] = {}
        for one in opened:
            report_of([one], one.folder.path / REPORT, read)
        typer.echo(headline(opened))


@app.command(short_help="Make twins of a set: evidence deleted, or answers edited.")
def twins(
    set_name: Annotated[str, typer.Argument(metavar="SET", help="A set's folder, a SQuAD file, or a name.")],
    kind: Annotated[
        Literal["deleted", "edited"],
        typer.Option(metavar="deleted|edited", help="Evidence deleted: must abstain; edited: must follow the article."),
    ] = "deleted",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Default: a set of your own in the home folder.")
    ] = None,
    limit: Annotated[int | None, typer.Option(metavar="N", help="At most N cases.")] = None,
    seed: Annotated[int, typer.Option(help="The seed of the sample and of the new answers.")] = 0,
) -> None:
    """Make a new set from the answerable cases of another, with the articles changed.

    Twins tell reading from remembering: the assistant must refuse a deleted twin, and answer an edited one from its
    article.
    """
    from evals.cases.sets import find_set, load_set, sets_folder
    from evals.twins.make import write_twins

    with told(program="evals") as home:
        users = sets_folder(home)
        source = load_set(find_set(set_name, users=users))
        folder = out or users / f"{source.name}-{kind}"
        counts = write_twins(source, kind, folder, limit=limit, seed=seed)
        skipped = ", ".join(f"{number} {reason}" for reason, number in sorted(counts.skipped.items())) or "none"
        typer.echo(f"{counts.made} twins written to {folder}; skipped: {skipped}")


@app.command(short_help="Measure how well the check tells right citations from wrong ones.")
def pairs(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Rows of question, answer, cited text and label (JSONL).")
    ],
    limit: Annotated[int | None, typer.Option(metavar="N", help="At most N of a kind and language.")] = None,
    kept: Annotated[Path | None, typer.Option(metavar="DIR", help="As `evals run` takes it.")] = None,
) -> None:
    """Measure how well the reader's check tells a citation that says the answer from one that does not.

    It prints the AUROC for each language and each kind of wrong citation, beside the AUROC of plain word overlap, on
    articles that the reader was not trained on.
    """
    from evals.bench.pairs import by_overlap, by_reader, load_pairs, told_apart
    from evals.run.kept import Kept

    with _application() as application:
        held = load_pairs(file, limit=limit)
        application.readers.build()
        reader = application.readers.large()
        check = by_reader(Kept(kept).reader(reader) if kept and reader else reader)
        with typer.progressbar(held, file=bare(sys.stderr)) as bar:
            scores = [check(pair) for pair in bar]
        floors = [by_overlap(pair) for pair in held]
        for ours, floor in zip(told_apart(held, scores), told_apart(held, floors), strict=True):
            typer.echo(f"{ours.line}   overlap of words {floor.auroc:.3f}")


@app.command(name="sets", short_help="List the sets that have a name.")
def sets_command() -> None:
    """List the project's own sets and yours: name, number of cases, folder."""
    from evals.cases.sets import known_sets, sets_folder

    with told(program="evals") as home:
        for one in known_sets(sets_folder(home)):
            typer.echo(f"{one.name:<24}  {one.cases:>6} cases  {one.path}")


@app.command(name="runs", short_help="List the runs in the home folder.")
def runs_command() -> None:
    """List the runs in the home folder, newest first."""
    from evals.report.show import card_line
    from evals.run.runs import list_runs, runs_folder

    with told(program="evals") as home:
        cards = list_runs(runs_folder(home))
        for card in cards:
            typer.echo(card_line(card))
        if not cards:
            typer.echo("no runs yet; `evals run SET` makes one", err=True)


@contextmanager
def _application() -> Iterator[Application]:
    from assistant.wiring import Application

    with told(program="evals") as home, closing(Application(home)) as application:
        yield application


@contextmanager
def _stoppable() -> Iterator[Callable[[], bool]]:
    """End a run in order on the first Ctrl-C, at once on the second."""
    asked: list[int] = []

    def stop(number: int, _: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        typer.echo("\nstopping; Ctrl-C again stops at once", err=True)

    former = signal.signal(signal.SIGINT, stop)
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, former)


def _run_path(home: Home, name: str) -> Path:
    """Return the folder a RUN argument means: a path, or a name in the home folder."""
    from evals.run.runs import RUN, runs_folder

    path, named = Path(name).expanduser(), runs_folder(home) / name
    return named if named.is_dir() and not (path / RUN).is_file() else path


def _opened(paths: Sequence[Path]) -> list[OpenRun]:
    from evals.run.runs import open_run

    return [open_run(path) for path in paths]


def _gate(runs: Sequence[OpenRun], thresholds: Sequence[Threshold]) -> None:
    from evals.numbers.gate import as_text, failing

    missed = False
    for run in runs:
        found = failing(run.summary(), thresholds)
        if found:
            missed = True
            typer.echo(f"{run.name}: {as_text(found)}", err=True)
    if missed:
        raise typer.Exit(MISSED)
