"""Measure what docs/reliability.md says: `.venv/bin/python tests/reliability/measure.py`, an hour on two quiet cores.

Prints a Markdown table for each kind of trial; on standard error, every trial that did not end right. Name kinds to run
those alone: kills belongings damage disks several machine.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial

from trials import machine as state_machine
from trials.belongings import ACTS, BelongingsKills
from trials.damage import Damages
from trials.disks import can_mount, full_disk, full_under_a_talk, read_only
from trials.judge import Verdict
from trials.kills import Kills, random_moments
from trials.several import another_place, swapped_embedder, two_apps, two_indexers_and_an_app

from evals.numbers.statistics import wilson

SIDES = ("ours", "chroma")
NAMES = {"ours": "this app", "chroma": "plain Chroma"}
Trial = tuple[str, Callable[[], Verdict | None]]


def main() -> None:
    """Run the kinds of trials that are named, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=" ".join(KINDS))
    parser.add_argument("--moments", type=int, default=200, help="kills at random moments, a side (default 200)")
    parser.add_argument("--acts", type=int, default=50, help="kills at random moments of each saving (default 50)")
    parser.add_argument("--calls", type=int, default=200, help="kills at calls of the system, a side (default 200)")
    parser.add_argument("--every", type=int, default=1, help="of the steps, every n-th (default 1)")
    parser.add_argument("--examples", type=int, default=100, help="histories of the state machine (default 100)")
    parser.add_argument("--steps", type=int, default=50, help="steps of each history (default 50)")
    parser.add_argument("--sides", nargs="*", choices=SIDES, default=SIDES, help="default: both")
    parser.add_argument("--rounds", type=int, default=20, help="with several processes (default 20)")
    options = parser.parse_args()
    for kind in options.kinds or KINDS:
        KINDS[kind](options)


def kills(options: argparse.Namespace) -> None:
    """Kill at every step, at random moments, at calls of the system, and while Chroma writes its graph."""
    rows = []
    for side in options.sides:
        with Kills(side) as small:
            steps = range(1, small.steps() + 1, options.every)
            rows.append(_row("at every step", side, [(f"step {n}", partial(small.at_step, n)) for n in steps]))
            rows.append(_row("at random moments", side, random_moments(small, options.moments, seed=1)))
            calls = small.system_calls() if shutil.which("strace") else []
            some = calls[:: max(1, len(calls) // options.calls)]
            trials = [(f"{name} {n}", partial(small.at_system_call, name, n)) for name, n in some]
            rows.append(_row("inside Chroma and SQLite, at a write, sync, rename, …", side, trials))
        # It writes its whole graph at every thousandth passage (ours at every hundredth in these trials, and at every
        # five thousandth in earnest): with ten thousand, that takes a while.
        with Kills(side, articles=495 if side == "chroma" else 49, count=60) as large:
            trials = [(f"{n} ms", partial(large.at_flush, n / 1000)) for n in range(20)]
            rows.append(_row("0 to 19 ms after Chroma begins to write its graph", side, trials))
    _table("Killed (SIGKILL)", rows)


def belongings(options: argparse.Namespace) -> None:
    """Kill while a conversation, an opinion, an eval case, a title or a removed article is saved."""
    rows = []
    with BelongingsKills() as kills:
        for act in ACTS:
            steps = range(1, kills.steps(act) + 1, options.every)
            trials = [(f"step {n}", partial(kills.at_step, act, n)) for n in steps]
            calls = kills.system_calls(act) if shutil.which("strace") else []
            trials += [(f"{name} {n}", partial(kills.at_system_call, act, name, n)) for name, n in calls]
            rows.append(_row(f"{act}: at every step and every call of the system", "ours", trials))
            rows.append(_row(f"{act}: at random moments", "ours", kills.random_moments(act, options.acts, seed=1)))
    _table("Killed while something of the user's is saved", rows)


def damage(options: argparse.Namespace) -> None:
    """Tear each file, of a home at rest and of a running one."""
    rows = []
    for side in options.sides:
        # Chroma writes its graph with the thousandth passage, and only then has all its files.
        with Damages(side, articles=52 if side == "chroma" else 4, count=60) as damages:
            every = [(file, how, seed) for file, how in damages.all() for seed in range(3 if how == "flipped" else 1)]
            for what, tried in (
                ("at rest", damages.cold),
                ("under a running process, which then ends", damages.running),
            ):
                trials = [(f"{file} {how}", partial(tried, file, how, seed=seed)) for file, how, seed in every]
                rows.append(_row(what, side, trials))
    _table("One file torn (half, nothing, 200 bytes flipped, deleted)", rows)


def disks(options: argparse.Namespace) -> None:
    """Fill a small disk, and make it read-only."""
    if not can_mount():
        sys.stdout.write("\nNo disk of memory can be mounted here: full and read-only disks were not tried.\n")
        return
    rows = []
    rooms = [1024 * n for n in (0, 4, 8, 16, 32, 64, 128, 256, 512, 1024)]
    for side in options.sides:
        calls = ("put", "switch", "opening") if side == "ours" else ("put", "opening")
        trials = [
            (f"{call}, {room} bytes free", partial(full_disk, side, but=room, name=call))
            for room in rooms
            for call in calls
        ]
        rows.append(_row("full, and then with room again", side, trials))
        trials = [(f"killed: {killed}", partial(read_only, side, killed=killed)) for killed in (False, True)]
        rows.append(_row("read-only, left in peace or killed", side, trials))
    trials = [(f"{room} bytes free", partial(full_under_a_talk, but=room)) for room in (0, 512, 1024, 2048, 4096)]
    rows.append(_row("full while one asks, rates and saves a case", "ours", trials))
    _table("A disk that is full or cannot be written", rows)


def several(options: argparse.Namespace) -> None:
    """Several processes at once, and an embedder swapped."""
    rows = []
    for side in options.sides:
        trials = [(f"round {n}", partial(two_indexers_and_an_app, side)) for n in range(options.rounds)]
        rows.append(_row("two add, one asks", side, trials))
        trials = [(f"round {n}", partial(swapped_embedder, side)) for n in range(5)]
        rows.append(_row("another embedder of equal dimension", side, trials))
    trials = [(f"round {n}", two_apps) for n in range(options.rounds)]
    rows.append(_row("two apps chat, add and rename", "ours", trials))
    trials = [
        (f"copied: {copied}", partial(another_place, copied=copied)) for copied in (True, False) for _ in range(5)
    ]
    rows.append(_row("copied, or moved, while a process adds", "ours", trials))
    _table("Several processes at once", rows)


def machine(options: argparse.Namespace) -> None:
    """Run the state machine."""
    began = time.perf_counter()
    try:
        state_machine.run(examples=options.examples, steps=options.steps)
    finally:
        sys.stderr.write(f"State machine: {state_machine.HomeMachine.histories} histories ended right.\n")
    minutes = (time.perf_counter() - began) / 60
    sys.stdout.write(
        f"\nState machine: {options.examples} histories of {options.steps} steps, none failed ({minutes:.0f} min).\n"
    )
    sys.stdout.flush()


KINDS = {
    "kills": kills,
    "belongings": belongings,
    "damage": damage,
    "disks": disks,
    "several": several,
    "machine": machine,
}


def _row(what: str, side: str, trials: Iterable[Trial]) -> tuple[str, str, Counter[str]]:
    """Run trials and count how they ended."""
    ended: Counter[str] = Counter()
    for name, trial in trials:
        found = trial()
        if found is None:  # what it waits for never came
            ended["never"] += 1
            continue
        ended[found.kind] += 1
        if found.kind != "right":
            sys.stderr.write(f"{NAMES[side]}, {what}, {name}: {found.kind}: {found.detail[:200]}\n")
            sys.stderr.flush()
    sys.stderr.write(f"{NAMES[side]}, {what}: {dict(ended)}\n")
    sys.stderr.flush()
    return what, side, ended


def _table(title: str, rows: list[tuple[str, str, Counter[str]]]) -> None:
    lines = [
        f"\n### {title}\n",
        "| | | trials | right | one clear line | not right | 95 % | how |",
        "|---|---|---:|---:|---:|---:|---|---|",
    ]
    for what, side, ended in sorted(rows, key=lambda row: [row[0] for row in rows].index(row[0])):
        trials = sum(ended.values()) - ended["never"]
        # An error of Chroma's is a line, and the articles are out of reach for good: no refusal that helps.
        refused = ended["refused"] if side == "ours" else 0
        bad = trials - ended["right"] - refused
        between = wilson(bad, trials)
        interval = "" if between.low is None else f"{100 * between.low:.1f} to {100 * (between.high or 0):.1f} %"
        ways = {kind: n for kind, n in sorted(ended.items()) if kind not in {"right", "never"}}
        how = ", ".join(f"{_WORDS[kind]} {n}" for kind, n in ways.items() if side == "chroma" or kind != "refused")
        if ended["never"]:
            how = "it never writes one"
        lines.append(
            f"| {what} | {NAMES[side]} | {trials} | {ended['right']} | {refused} | {bad} | {interval} | {how} |"
        )
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


_WORDS = {
    "refused": "an error",
    "lost": "articles lost",
    "half": "half an article",
    "wrong": "wrong answers, no error",
    "broken": "a traceback",
    "died": "the process dies",
    "stuck": "no reply",
}

if __name__ == "__main__":
    main()
