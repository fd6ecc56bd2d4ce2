"""Train the reader's probes on eval sets: ``python -m evals.training.train_reader SET…``.

A set enters; examples are read by the frozen first layers of the model, as the reader itself does, and three logistic
regressions are fitted to what they hold: does the evidence answer the question, does a sentence bear the answer, do
sentences say that this is the answer. Every second article is held out; the table at the end is measured there. What
was read is kept (``evals.run.kept``): a second run, or one that was stopped, reads only what is new.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from assistant.cli.exits import told
from assistant.errors import UsageError
from assistant.proof.reader import Probes, Prompt, Reader, cut_folder, packed, prompt_for, prompt_for_check
from evals.cases.sets import load_set
from evals.run.kept import Kept, rows_key
from evals.training.reader_examples import Claim, Example, chosen, claims, example, quotes
from evals.types import EvalCase, EvalSet
from index.types import ScoredChunk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from assistant.wiring import Application

    Matrix = NDArray[np.float32]

_One = TypeVar("_One", Example, Claim)

PROBES = Path(__file__).parents[2] / "assistant" / "proof" / "probes.json"
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
    sets: Annotated[
        list[str],
        typer.Argument(metavar="SET=N", help="An eval set's folder, and how many examples of a kind at most."),
    ],
    kept: Annotated[Path, typer.Option(metavar="DIR", help="Where what was read is kept.")] = Path("reader-kept"),
    out: Annotated[Path, typer.Option(metavar="FILE", help="The probes.")] = PROBES,
    kept_only: Annotated[bool, typer.Option("--kept-only", help="Fit to what was read already; read nothing.")] = False,
    seed: Annotated[int, typer.Option(metavar="N")] = 0,
) -> None:
    """Train the reader's probes, and print what they are worth on the articles held out."""
    from assistant.wiring import Application

    with told(program="evals.training.train_reader") as home:
        application = Application(home)
        probes = Probes(MODEL, LAYER, (), (), ())
        reader = Reader(cut_folder(home.models, probes), probes=probes, log=home.logs / "reader.log")
        try:
            loaded = [_named(one) for one in sets]
            reading = _Reading(reader, Kept(kept), kept_only=kept_only)
            asked = [made for one, each in loaded for made in _examples(one, application, each=each, seed=seed)]
            of_asked = reading.read([(one, prompt_for(one.question, one.sentences)) for one in asked])
            tables = {"answerable": _answerable(of_asked), "bearing": _bearing(of_asked)}
            weights = {name: _fit(table, _STRENGTH[name]) for name, table in tables.items()}
            # What would be quoted is known once it is known how surely each sentence seems to bear the answer.
            said = [claim for one, each in loaded for claim in claims(one, each=each // 3, seed=seed)]
            said += [
                claim
                for one, rows in of_asked
                for claim in quotes(one, _logits(rows[:-1], weights["bearing"]).tolist())
            ]
            of_said = reading.read([(one, prompt_for_check(one.question, one.sentences, one.answer)) for one in said])
        finally:
            reader.close()
            application.close()
        tables["supported"] = _supported(of_said)
        weights["supported"] = _fit(tables["supported"], _STRENGTH["supported"])
        for name, table in tables.items():
            _show(name, table, weights[name])
        _write(out, weights, tables, loaded, seed=seed)


def _named(text: str) -> tuple[EvalSet, int]:
    path, _, each = text.rpartition("=")
    if not path or not each.isdigit():
        raise UsageError(f"found '{text}'; expected a set's folder and a number of examples, as squad2=120.")
    return load_set(Path(path)), int(each)


def _examples(one: EvalSet, application: Application, *, each: int, seed: int) -> Iterator[Example]:
    picked = chosen(one, each=each, seed=seed)
    articles = dict.fromkeys(id for case, _ in picked for id in case.articles)
    count = application.embedder().count_tokens
    with application.index_of([one.documents[id] for id in articles]) as index:

        def find(case: EvalCase, most: int) -> Sequence[ScoredChunk]:
            return index.retrieve(case.question, k=most, documents=case.articles)

        for case, deleted in picked:
            made = example(one.documents, case, find, count=count, deleted=deleted)
            if made is not None:
                yield made


class _Reading:
    """Reads prompts, or takes them as they were kept."""

    def __init__(self, reader: Reader, kept: Kept, *, kept_only: bool) -> None:
        self._reader = kept.reader(reader)
        self._kept = kept
        self._kept_only = kept_only

    def read(self, asked: Sequence[tuple[_One, Prompt]]) -> list[tuple[_One, Matrix]]:
        """Return what was asked about with the layer's rows, shape (marks, width); without what is not to be read."""
        # What is learned from first, in an order of no meaning: a run that is stopped has read some of every set.
        order = sorted(asked, key=lambda pair: (pair[0].held_out, rows_key(self._reader, pair[1])))
        found: list[tuple[_One, Matrix]] = []
        started, new = time.monotonic(), 0
        for done, (one, prompt) in enumerate(order, start=1):
            rows = self._kept.rows(self._reader, prompt)
            if rows is None and not self._kept_only:
                rows = self._reader.rows(prompt)
                new += 1
                if new % 20 == 0:
                    typer.echo(
                        f"read {done} of {len(order)}, {(time.monotonic() - started) / new:.1f} s each", err=True
                    )
            if rows is not None:
                found.append((one, rows))
        return found


def _logits(rows: Matrix, weights: Sequence[float]) -> Matrix:
    import numpy as np

    return rows @ np.asarray(weights[:-1], dtype=np.float32) + np.float32(weights[-1])


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

    score = _logits(table.features, weights)
    for name_of_set in ("all", *sorted(set(table.sets))):
        among = table.held_out & ((table.sets == name_of_set) | (name_of_set == "all"))
        yes, no = score[among & table.labels], score[among & ~table.labels]
        if len(yes) and len(no):
            area = float((yes[:, None] > no[None]).mean() + (yes[:, None] == no[None]).mean() / 2)
            refused = float((no < np.quantile(yes, 0.1)).mean())
            typer.echo(
                f"{name:<11} {name_of_set:<13} n {len(yes):>5} + {len(no):<5} AUROC {area:.3f}   "
                f"told apart at one tenth lost: {refused:.2f}"
            )


def _write(
    out: Path,
    weights: dict[str, list[float]],
    tables: dict[str, _Table],
    sets: Sequence[tuple[EvalSet, int]],
    *,
    seed: int,
) -> None:
    held = {
        "model": MODEL,
        "layer": LAYER,
        **{name: packed(values) for name, values in weights.items()},
        "trained": {
            "sets": {one.name: {"digest": one.digest, "each": each} for one, each in sets},
            "seed": seed,
            "examples": {name: int((~table.held_out).sum()) for name, table in tables.items()},
            "strength": _STRENGTH,
        },
    }
    out.write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    app()
