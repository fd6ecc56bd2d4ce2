"""What `train` kept enters; the weights that ship leave, calibrated, and the table of what they are worth is printed.

``python -m evals.training.ship FOLDER``. Log-odds are fitted on held-out articles of the files made to learn from
(``.jsonl``); the table is of the held-out half of the eval sets, which decides nothing.
"""

from __future__ import annotations

import json
import pickle
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from assistant.cli.exits import told
from assistant.proof.small_reader import EMBEDDER, WEIGHTS, packed
from evals.training.train import CHECKPOINT, EXAMPLES

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

_CALIBRATING = frozenset({"jaquad-train", "qed-train", "fairytale", "idk-mrc", "condaqa"})


@app.command()
def main(
    kept: Annotated[Path, typer.Argument(metavar="FOLDER", help="What `evals.training.train` took as --out.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The weights.")] = WEIGHTS,
    sample: Annotated[int | None, typer.Option(metavar="N", help="Measure on at most N of the items held out.")] = None,
) -> None:
    """Calibrate and write the reader's weights, and print what they are worth on articles held out."""
    import torch
    from safetensors.numpy import save_file

    from evals.training.measure import table
    from evals.training.network import Network, shipped

    with told(program="evals.training.ship") as home:
        network = Network(home.models / EMBEDDER)
        state = torch.load(kept / CHECKPOINT, weights_only=False, map_location="cpu")
        network.load_state_dict(state["network"], strict=False)
        with (kept / EXAMPLES).open("rb") as file:
            _, held = pickle.load(file)  # noqa: S301  our own file
        scale = _calibrated(network, [one for one in held if one.set in _CALIBRATING])
        typer.echo(f"trained {state['step']} steps, {state['tokens']} tokens; log-odds {scale}")
        save_file(packed(shipped(network)), out, metadata={"scale": json.dumps(scale)})
        typer.echo(table(network, random.Random(0).sample(held, min(len(held), sample or len(held)))))  # noqa: S311


def _calibrated(network: Any, items: Sequence[Any]) -> dict[str, tuple[float, float]]:
    """Return, per head, factor and shift that make its logit log-odds."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    from evals.training.measure import told_of

    scale = {}
    for name, pairs in told_of(network, items).items():
        logits = np.array([[logit] for logit, _ in pairs])
        labels = np.array([label for _, label in pairs])
        fitted = LogisticRegression(C=1e3).fit(logits, labels)
        scale[name] = (round(float(fitted.coef_[0, 0]), 4), round(float(fitted.intercept_[0]), 4))
    return scale


if __name__ == "__main__":
    app()
