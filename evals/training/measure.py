"""A trained network and held-out items enter; the table of what it is worth leaves, a line a set and question."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from assistant.proof.small_reader import bearing_of, best_span
from evals.training.network import HEADS, Item, Network, collate

_AT_ONCE = 4096
Array = NDArray[np.float32]
Pair = tuple[float, bool]
"""A logit, and whether it should be high."""


@dataclass(slots=True)
class _Told:
    """What the network said of one set's items."""

    answered: list[Pair] = field(default_factory=list)
    bearing: list[Pair] = field(default_factory=list)
    supported: list[Pair] = field(default_factory=list)
    first: list[bool] = field(default_factory=list)
    """Whether the surest sentence bears the answer."""
    spans: list[float] = field(default_factory=list)
    """F1 of tokens of the short answer, where there is one."""
    kinds: dict[str, list[Pair]] = field(default_factory=lambda: defaultdict(list))
    """Of checks, by how they were made."""

    def note(self, found: Array, one: Item) -> None:
        """Take every head at every token, (heads, tokens), of one item."""
        if one.check:
            pair = float(found[HEADS.index("supported"), 0]), one.label
            self.supported.append(pair)
            self.kinds[one.kind].append(pair)
            return
        self.answered.append((float(found[HEADS.index("answered"), 0]), one.label))
        each = bearing_of(found, one.ranges)
        self.bearing += [(logit, bears) for logit, bears in zip(each, one.bearing, strict=True) if bears is not None]
        if one.label and any(one.bearing):
            self.first.append(bool(one.bearing[int(np.argmax(each))]))
        if one.spans:
            self.spans.append(_span_f1(best_span(found, one.ranges)[2], one))


def told_of(network: Network, items: Sequence[Item]) -> dict[str, list[Pair]]:
    """Return the logits of the three questions, over all items, with what is true."""
    told = _Told()
    for found, one in _outputs(network, items):
        told.note(found, one)
    return {"answered": told.answered, "bearing": told.bearing, "supported": told.supported}


def table(network: Network, items: Sequence[Item]) -> str:
    """Return how well each question is told: of all items and of each set, and of checks by how they were made."""
    told: dict[str, _Told] = defaultdict(_Told)
    for found, one in _outputs(network, items):
        for name in ("all", one.set):
            told[name].note(found, one)
    lines = []
    for what in ("answered", "bearing", "supported"):
        for name in sorted(told):
            lines.append(_line(what, name, getattr(told[name], what)))
            if what == "bearing" and told[name].first and lines[-1]:
                lines[-1] += f"   first is right {np.mean(told[name].first):.2f}"
                lines[-1] += f"   span F1 {np.mean(told[name].spans):.2f}" if told[name].spans else ""
    right = told["all"].kinds["right"]
    lines += [_line("unsupported", kind, right + pairs) for kind, pairs in sorted(told["all"].kinds.items())]
    return "\n".join(line for line in lines if line)


def _outputs(network: Network, items: Sequence[Item]) -> Iterator[tuple[Array, Item]]:
    network.eval()
    ordered = sorted(items, key=lambda one: -len(one.ids))
    at = 0
    with torch.no_grad():
        while at < len(ordered):
            batch = ordered[at : at + max(1, _AT_ONCE // len(ordered[at].ids))]
            at += len(batch)
            for found, one in zip(network(*collate(batch)), batch, strict=True):
                yield found[: len(one.ids)].T.numpy(), one


def _line(what: str, name: str, pairs: Sequence[Pair]) -> str:
    yes = np.array([logit for logit, label in pairs if label])
    no = np.array([logit for logit, label in pairs if not label])
    if not len(yes) or not len(no):
        return ""
    area = float((yes[:, None] > no[None]).mean() + (yes[:, None] == no[None]).mean() / 2)
    lost = float((no < np.quantile(yes, 0.1)).mean())
    counts = f"n {len(yes):>5} + {len(no):<5}"
    return f"{what:<12} {name:<30} {counts} AUROC {area:.3f}   told apart at one tenth lost: {lost:.2f}"


def _span_f1(said: range, one: Item) -> float:
    return max(2 * len(set(said) & set(range(a, b + 1))) / (len(said) + b - a + 1) for a, b in one.spans)
