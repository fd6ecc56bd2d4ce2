"""Train the reader: ``python -m evals.training.train SET… --out FOLDER``.

Sets enter (eval set folders and ``.jsonl`` files of training rows); checkpoints leave. A run that was stopped goes on
where it stood: the same command again.
"""

from __future__ import annotations

import itertools
import pickle
import random
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from assistant.cli.exits import told
from assistant.errors import UsageError
from assistant.proof.layout import WINDOW
from assistant.proof.small_reader import EMBEDDER
from evals.training.examples import CheckExample, ReadingExample, checks, reading
from evals.training.rows import TrainingRow, rows_of

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

_BUDGETS = (350, 500, 700, 900, 1100)
"""Characters of sentences shown in one reading."""
_KINDS = ("whole", "whole", "whole", "deleted", "cut")
_TOKENS = 1024
"""Tokens in one step."""
_WARM = 60
_SAVE_S = 240.0
_TELL = 50
_HELD_OUT = 150
"""Rows of a set that are measured on, at most."""
EXAMPLES, CHECKPOINT = "examples.pickle", "checkpoint.pt"


@dataclass(frozen=True, slots=True)
class _Plan:
    """How to learn."""

    minutes: float
    rate: float
    epochs: float
    start: Path | None
    seed: int


@app.command()
def main(
    sets: Annotated[
        list[str], typer.Argument(metavar="SET=N", help="A set's folder or file, and how many rows to learn from.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where examples and checkpoints are kept.")],
    minutes: Annotated[float, typer.Option(help="How long to train, all runs together.")] = 90.0,
    rate: Annotated[float, typer.Option(help="The highest learning rate.")] = 1e-4,
    epochs: Annotated[float, typer.Option(help="How often each example is seen at most.")] = 1.0,
    start: Annotated[Path | None, typer.Option(metavar="FILE", help="A checkpoint to begin with.")] = None,
    seed: Annotated[int, typer.Option(metavar="N")] = 0,
) -> None:
    """Train the reader on one half of the articles; `evals.training.ship` measures it on the other half."""
    with told(program="evals.training.train") as home:
        folder = home.models / EMBEDDER
        out.mkdir(parents=True, exist_ok=True)
        train, held = examples(sets, folder, out, seed=seed)
        tokens = sum(len(one.ids) for one in train)
        typer.echo(f"{len(train)} examples to learn from, {tokens} tokens; {len(held)} held out")
        _train(train, folder, out, _Plan(minutes, rate, epochs, start, seed))


def examples(sets: Sequence[str], folder: Path, out: Path, *, seed: int) -> tuple[list[Any], list[Any]]:
    """Return items to learn from and items to measure on, made once and kept in ``out``."""
    kept = out / EXAMPLES
    if kept.exists():
        with kept.open("rb") as file:
            found: tuple[list[Any], list[Any]] = pickle.load(file)  # noqa: S301  our own file
        return found
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    train: list[Any] = []
    held: list[Any] = []
    for text in sets:
        path, _, count = text.rpartition("=")
        if not path or not count.isdigit():
            raise UsageError(f"found '{text}'; expected a set and a number of rows, as squad2=2000.")
        rng = random.Random(f"{seed}:{Path(path).stem}")  # noqa: S311  a sample, no secret
        for one, is_held in _made(rows_of(Path(path)), rng, each=int(count)):
            if (found_item := _item(tokenizer, one)) is not None:
                (held if is_held else train).append(found_item)
        typer.echo(f"{path}: {len(train)} examples so far, {len(held)} held out", err=True)
    random.Random(seed).shuffle(train)  # noqa: S311
    with kept.open("wb") as file:
        pickle.dump((train, held), file)
    return train, held


def _item(tokenizer: Any, one: ReadingExample | CheckExample) -> Any:
    from evals.training.network import item  # imports torch: seconds

    return item(tokenizer, one, most=WINDOW)


def _made(
    rows: list[TrainingRow], rng: random.Random, *, each: int
) -> Iterator[tuple[ReadingExample | CheckExample, bool]]:
    """Yield the examples made of ``each`` rows, and of some that are held out; each with whether it is."""
    by_gold: dict[tuple[str, ...], list[TrainingRow]] = defaultdict(list)
    for row in rows:
        by_gold[row.golds].append(row)
    rng.shuffle(rows)
    taken = {False: 0, True: 0}
    most = {False: each, True: min(each, _HELD_OUT)}
    for row in rows:
        if taken[row.held_out] < most[row.held_out]:
            taken[row.held_out] += 1
            kind = rng.choice(_KINDS) if row.answerable else "whole"
            if one := reading(row, rng, kind=kind, budget=rng.choice(_BUDGETS)):
                yield one, row.held_out
            others = [other for other in by_gold[row.golds] if other is not row]
            for check in checks(row, others, rng):
                yield check, row.held_out


def _batches(items: Sequence[Any], seed: int) -> Iterator[list[Any]]:
    """Yield items of like length together, some 1,000 tokens at a time, in an order of no meaning."""
    rng = random.Random(seed)  # noqa: S311
    order = list(items)
    rng.shuffle(order)
    for at in range(0, len(order), 512):
        pool: list[list[Any]] = []
        batch: list[Any] = []
        for one in sorted(order[at : at + 512], key=lambda i: len(i.ids)):
            if batch and (len(batch) + 1) * len(one.ids) > _TOKENS:
                pool.append(batch)
                batch = []
            batch.append(one)
        pool.append(batch)
        rng.shuffle(pool)
        yield from pool


def _ahead(train: Sequence[Any], seed: int, *, after: int) -> Iterator[list[Any]]:
    """Yield batches, epoch after epoch in another order, from where ``after`` tokens have been read."""
    read = 0
    for epoch in itertools.count():
        for batch in _batches(train, seed + epoch):
            if read >= after:
                yield batch
            read += sum(len(one.ids) for one in batch)


def _train(train: Sequence[Any], folder: Path, out: Path, plan: _Plan) -> None:
    """Learn until the plan is done, from the last checkpoint on."""
    import torch

    from evals.training.network import Network, collate, loss

    torch.manual_seed(plan.seed)
    network = Network(folder)
    learned = [weights for weights in network.parameters() if weights.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=plan.rate, weight_decay=0.01)
    kept = out / CHECKPOINT
    state: dict[str, Any] = {"step": 0, "tokens": 0, "spent": 0.0}
    if kept.exists():
        state = torch.load(kept, weights_only=False)
        network.load_state_dict(state["network"], strict=False)
        optimizer.load_state_dict(state["optimizer"])
    elif plan.start is not None:
        network.load_state_dict(torch.load(plan.start, weights_only=False)["network"], strict=False)
    goal = sum(len(one.ids) for one in train) * plan.epochs
    began, saved, losses = time.monotonic() - state["spent"], time.monotonic(), deque[float](maxlen=200)
    network.train()
    for batch in _ahead(train, plan.seed, after=state["tokens"]):
        state["spent"] = time.monotonic() - began
        done = max(state["tokens"] / goal, state["spent"] / 60 / plan.minutes)
        if done >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = plan.rate * min(1.0, (state["step"] + 1) / _WARM) * (1 - done)
        wrong = loss(network(*collate(batch)), batch)
        optimizer.zero_grad()
        wrong.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        state["step"] += 1
        state["tokens"] += sum(len(one.ids) for one in batch)
        losses.append(wrong.item())
        if state["step"] % _TELL == 0:
            mean, pace = sum(losses) / len(losses), state["tokens"] / max(1.0, state["spent"])
            typer.echo(f"step {state['step']}  {done:.1%} done  loss {mean:.3f}  {pace:.0f} tokens/s")
        if time.monotonic() - saved > _SAVE_S:
            _save(kept, network, optimizer, state)
            saved = time.monotonic()
    _save(kept, network, optimizer, state)


def _save(checkpoint: Path, network: Any, optimizer: Any, state: dict[str, Any]) -> None:
    import torch

    learned = {name: w for name, w in network.state_dict().items() if ".embeddings." not in name}
    draft = checkpoint.with_suffix(".draft")
    torch.save({**state, "network": learned, "optimizer": optimizer.state_dict()}, draft)
    draft.replace(checkpoint)


if __name__ == "__main__":
    app()
