"""Train the reader: ``python -m evals.training.train SET… --out FOLDER``.

Sets enter (eval set folders and ``.jsonl`` files of training rows); checkpoints leave, and at the end the table of what
the reader is worth on the articles held out. A run that was stopped goes on where it stood: the same command again.
"""

from __future__ import annotations

import pickle
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from assistant.errors import UsageError
from assistant.exits import told
from evals.training.examples import checks, reading
from evals.training.rows import Row, rows_of

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

_MOST = 320
"""Tokens of one example."""
_BUDGETS = (350, 500, 700, 900, 1100)
"""Characters of sentences shown in one reading."""
_KINDS = ("whole", "whole", "whole", "deleted", "cut")
_TOKENS = 2048
"""Tokens in one step."""
_WARM = 60
_SAVE_S = 240.0


@app.command()
def main(
    sets: Annotated[
        list[str], typer.Argument(metavar="SET=N", help="A set's folder or file, and how many of its rows.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where examples and checkpoints are kept.")],
    minutes: Annotated[float, typer.Option(help="How long to train, all runs together.")] = 90.0,
    rate: Annotated[float, typer.Option(help="The highest learning rate.")] = 1e-4,
    epochs: Annotated[float, typer.Option(help="How often each example is seen at most.")] = 1.0,
    start: Annotated[Path | None, typer.Option(metavar="FILE", help="A checkpoint to begin with.")] = None,
    seed: Annotated[int, typer.Option(metavar="N")] = 0,
) -> None:
    """Train the reader on one half of the articles, and print what it is worth on the other half."""
    with told(program="evals.training.train") as home:
        folder = home.models / "e5-multilingual"
        out.mkdir(parents=True, exist_ok=True)
        train, held = _examples(sets, folder, out, seed=seed)
        typer.echo(f"{len(train)} examples, {sum(len(one.ids) for one in train)} tokens; held out {len(held)}")
        _train(train, held, folder, out, minutes=minutes, rate=rate, epochs=epochs, start=start, seed=seed)


def _examples(sets: Sequence[str], folder: Path, out: Path, *, seed: int) -> tuple[list[Any], list[Any]]:
    """Return items to learn from and items to measure on, made once and kept."""
    kept = out / "examples.pickle"
    if kept.exists():
        with kept.open("rb") as file:
            found: tuple[list[Any], list[Any]] = pickle.load(file)  # noqa: S301  our own file
        return found
    from tokenizers import Tokenizer

    from evals.training.network import item

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    train, held = [], []
    for text in sets:
        path, _, count = text.rpartition("=")
        if not path or not count.isdigit():
            raise UsageError(f"found '{text}'; expected a set and a number of rows, as squad2=2000.")
        rng = random.Random(f"{seed}:{Path(path).stem}")  # noqa: S311  a sample, no secret
        rows = rows_of(Path(path))
        by_gold: dict[tuple[str, ...], list[Row]] = defaultdict(list)
        for row in rows:
            by_gold[row.golds].append(row)
        rng.shuffle(rows)
        taken = [0, 0]
        for row in rows:
            # Of a file made to learn from, one article in eight is held out: of an eval set, every second one.
            held_out = row.held_out and (not path.endswith(".jsonl") or (rng.random() < 0.25 and taken[1] < 150))
            if path.endswith(".jsonl") and row.held_out and not held_out and _kept_apart(row):
                continue
            if taken[held_out] >= (min(int(count), 400) if held_out else int(count)):
                continue
            made: list[Any] = []
            kind = rng.choice(_KINDS) if row.answerable else "whole"
            one = reading(row, rng, kind=kind, budget=rng.choice(_BUDGETS))
            made += [one] if one else []
            made += (
                checks(row, [other for other in by_gold[row.golds] if other is not row], rng)
                if row.golds or not row.answerable
                else ()
            )
            taken[held_out] += 1
            items = [found for example in made if (found := item(tokenizer, example, most=_MOST)) is not None]
            (held if held_out else train).extend(items)
        typer.echo(f"{path}: {taken[0]} rows to learn from, {taken[1]} held out", err=True)
    random.Random(seed).shuffle(train)  # noqa: S311
    with kept.open("wb") as file:
        pickle.dump((train, held), file)
    return train, held


def _kept_apart(row: Row) -> bool:
    """Return whether an article of a training file is never learned from."""
    import hashlib

    return hashlib.sha256(row.group.encode(errors="surrogatepass")).digest()[1] < 32


def _batches(items: Sequence[Any], seed: int) -> Iterator[list[Any]]:
    """Yield items of like length together, some 2,000 tokens at a time, in an order of no meaning."""
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


def _train(
    train: Sequence[Any],
    held: Sequence[Any],
    folder: Path,
    out: Path,
    *,
    minutes: float,
    rate: float,
    epochs: float,
    start: Path | None,
    seed: int,
) -> None:
    import torch

    from evals.training.measure import table
    from evals.training.network import Network, collate, loss

    torch.manual_seed(seed)
    network = Network(folder)
    learned = [weights for weights in network.parameters() if weights.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=rate, weight_decay=0.01)
    checkpoint = out / "checkpoint.pt"
    state: dict[str, Any] = {"step": 0, "tokens": 0, "spent": 0.0}
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=False)
        network.load_state_dict(state["network"], strict=False)
        optimizer.load_state_dict(state["optimizer"])
    elif start is not None:
        network.load_state_dict(torch.load(start, weights_only=False)["network"], strict=False)
    goal = sum(len(one.ids) for one in train) * epochs
    began, saved, losses, skipped = time.monotonic() - state["spent"], time.monotonic(), [], 0
    network.train()
    epoch = 0
    while True:
        for batch in _batches(train, seed + epoch):
            size = sum(len(one.ids) for one in batch)
            if skipped < state["tokens"]:
                skipped += size
                continue
            done = max(state["tokens"] / goal, (time.monotonic() - began) / 60 / minutes)
            if done >= 1:
                break
            for group in optimizer.param_groups:
                group["lr"] = rate * min(1.0, (state["step"] + 1) / _WARM) * (1 - done)
            wrong = loss(network(*collate(batch)), batch)
            optimizer.zero_grad()
            wrong.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(learned, 1.0)
            optimizer.step()
            state["step"] += 1
            state["tokens"] += size
            skipped += size
            losses.append(wrong.item())
            if state["step"] % 50 == 0:
                state["spent"] = time.monotonic() - began
                typer.echo(
                    f"step {state['step']}  {state['tokens'] / goal:.1%} of the examples  {done:.1%}  loss {sum(losses[-200:]) / len(losses[-200:]):.3f}  "
                    f"{state['tokens'] / max(1.0, state['spent']):.0f} tokens/s"
                )
            if time.monotonic() - saved > _SAVE_S:
                _save(checkpoint, network, optimizer, state, began)
                saved = time.monotonic()
        else:
            epoch += 1
            if epoch < epochs:
                continue
        break
    _save(checkpoint, network, optimizer, state, began)
    typer.echo(table(network, held))


def _save(checkpoint: Path, network: Any, optimizer: Any, state: dict[str, Any], began: float) -> None:
    import torch

    state["spent"] = time.monotonic() - began
    learned = {name: w for name, w in network.state_dict().items() if ".embeddings." not in name}
    draft = checkpoint.with_suffix(".draft")
    torch.save({**state, "network": learned, "optimizer": optimizer.state_dict()}, draft)
    draft.replace(checkpoint)


if __name__ == "__main__":
    app()
