"""Train the reader's probes on eval sets: ``python -m evals.train_reader SET…``.

A set enters; examples are read by the frozen first layers of the model, as the reader itself does, and three logistic
regressions are fitted to what they hold: does the evidence answer the question, does a sentence bear the answer, do
sentences say that this is the answer. Every second article is held out; the table at the end is measured there. What
was read is kept in ``--rows``: a second run, or one that was stopped, reads only what is new.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.exits import told
from assistant.reader import Probes, Prompt, Reader, cut_folder, packed, prompt_for, prompt_for_check
from evals.reader_examples import Claim, Example, claims, examples
from evals.sets import load_set
from evals.types import EvalSet

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

PROBES = Path(__file__).parent.parent / "assistant" / "probes.json"
MODEL = "qwen2.5-coder-1.5b-instruct"
LAYER = 18
# Weak features in 1,536 dimensions, a few hundred examples: strong regularisation. Chosen on the training half.
_STRENGTH = {"answerable": 1e-3, "bearing": 1e-3, "supported": 3e-3}

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@dataclass(frozen=True, slots=True)
class _Table:
    """Rows to learn from: features, labels, which set each comes from, and whether it is held out."""

    features: Matrix
    labels: NDArray[np.bool_]
    sets: NDArray[Any]
    held_out: NDArray[np.bool_]


@app.command()
def main(
    sets: Annotated[list[Path], typer.Argument(metavar="SET", help="Folders of eval sets.")],
    each: Annotated[int, typer.Option(metavar="N", help="Most examples of a kind from a set.")] = 150,
    rows: Annotated[Path, typer.Option(metavar="FOLDER", help="Where what was read is kept.")] = Path("reader-rows"),
    out: Annotated[Path, typer.Option(metavar="FILE", help="The probes.")] = PROBES,
    kept_only: Annotated[bool, typer.Option("--kept-only", help="Fit to what was read already; read nothing.")] = False,
    seed: Annotated[int, typer.Option(metavar="N")] = 0,
) -> None:
    """Train the reader's probes, and print what they are worth on the articles held out."""
    from assistant.wiring import Application

    with told(program="evals.train_reader") as home:
        application = Application(home)
        probes = Probes(MODEL, LAYER, (), (), ())
        reader = Reader(cut_folder(home.models, probes), probes=probes, log=home.logs / "reader.log")
        try:
            loaded = [load_set(path) for path in sets]
            count = application.embedder().count_tokens
            asked = [example for one in loaded for example in examples(one, each=each, count=count, seed=seed)]
            said = [claim for one in loaded for claim in claims(one, each=each, seed=seed)]
            prompts = [prompt_for(one.question, one.sentences) for one in asked]
            prompts += [prompt_for_check(one.question, one.sentences, one.answer) for one in said]
            read = _read(reader, prompts, rows, kept_only=kept_only)
        finally:
            reader.close()
            application.close()
        of_asked = [(one, held) for one, held in zip(asked, read[: len(asked)], strict=True) if held is not None]
        of_said = [(one, held) for one, held in zip(said, read[len(asked) :], strict=True) if held is not None]
        tables = {"answerable": _answerable(of_asked), "bearing": _bearing(of_asked), "supported": _supported(of_said)}
        weights = {name: _fit(table, _STRENGTH[name]) for name, table in tables.items()}
        for name, table in tables.items():
            _show(name, table, weights[name])
        _write(out, weights, tables, loaded, each=each, seed=seed)


def _read(reader: Reader, prompts: Sequence[Prompt], folder: Path, *, kept_only: bool) -> list[Matrix | None]:
    """Return the layer's rows per prompt, shape (marks, width): kept from before, or read now; None for neither."""
    import numpy as np

    folder.mkdir(parents=True, exist_ok=True)
    found: list[Matrix | None] = [None] * len(prompts)
    # In an order of no meaning: a run that is stopped has read some of every set.
    order = sorted(range(len(prompts)), key=lambda place: _key(prompts[place]))
    started, new = time.monotonic(), 0
    for done, place in enumerate(order, start=1):
        file = folder / f"{_key(prompts[place])}.npy"
        if not file.exists() and not kept_only:
            draft = file.with_suffix(".draft.npy")
            np.save(draft, reader.rows(prompts[place]).astype(np.float16))
            draft.replace(file)
            new += 1
            if new % 20 == 0:
                typer.echo(f"read {done} of {len(order)}, {(time.monotonic() - started) / new:.1f} s each", err=True)
        if file.exists():
            found[place] = np.load(file).astype(np.float32)
    return found


def _key(prompt: Prompt) -> str:
    return hashlib.sha256(json.dumps([MODEL, LAYER, prompt]).encode()).hexdigest()[:32]


def _answerable(read: Sequence[tuple[Example, Matrix]]) -> _Table:
    return _table([(one, rows[-1], one.answered) for one, rows in read if one.answered is not None])


def _bearing(read: Sequence[tuple[Example, Matrix]]) -> _Table:
    return _table(
        [
            (one, row, bears)
            for one, rows in read
            for row, bears in zip(rows[:-1], one.bearing, strict=True)
            if bears is not None
        ]
    )


def _supported(read: Sequence[tuple[Claim, Matrix]]) -> _Table:
    return _table([(one, rows[0], one.supported) for one, rows in read])


def _table(found: Sequence[tuple[Example | Claim, Matrix, bool]]) -> _Table:
    import numpy as np

    return _Table(
        np.stack([row for _, row, _ in found]),
        np.array([label for _, _, label in found]),
        np.array([example.set for example, _, _ in found]),
        np.array([example.held_out for example, _, _ in found]),
    )


def _fit(table: _Table, strength: float) -> list[float]:
    """Return weights over the raw features, and the bias: logistic regression on standardised ones, unfolded."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    seen = ~table.held_out
    scaler = StandardScaler().fit(table.features[seen])
    model = LogisticRegression(C=strength, max_iter=1000).fit(
        scaler.transform(table.features[seen]), table.labels[seen]
    )
    weights = model.coef_[0] / scaler.scale_
    bias = float(model.intercept_[0] - np.dot(weights, scaler.mean_))
    return [*(float(weight) for weight in weights), bias]


def _show(name: str, table: _Table, weights: Sequence[float]) -> None:
    """Print, over the articles held out, how well the two kinds are told apart: of all sets, and of each."""
    import numpy as np

    score = table.features @ np.asarray(weights[:-1]) + weights[-1]
    for chosen in ("all", *sorted(set(table.sets))):
        among = table.held_out & ((table.sets == chosen) | (chosen == "all"))
        yes, no = score[among & table.labels], score[among & ~table.labels]
        if len(yes) and len(no):
            area = float((yes[:, None] > no[None]).mean() + (yes[:, None] == no[None]).mean() / 2)
            refused = float((no < np.quantile(yes, 0.1)).mean())
            typer.echo(
                f"{name:<11} {chosen:<13} n {len(yes):>5} + {len(no):<5} AUROC {area:.3f}   "
                f"told apart at one tenth lost: {refused:.2f}"
            )


def _write(
    out: Path,
    weights: dict[str, list[float]],
    tables: dict[str, _Table],
    sets: Sequence[EvalSet],
    *,
    each: int,
    seed: int,
) -> None:
    held = {
        "model": MODEL,
        "layer": LAYER,
        **{name: packed(values) for name, values in weights.items()},
        "trained": {
            "sets": {one.name: one.digest for one in sets},
            "each": each,
            "seed": seed,
            "examples": {name: int((~table.held_out).sum()) for name, table in tables.items()},
            "strength": _STRENGTH,
        },
    }
    out.write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    app()
