"""A trained network and held-out items enter; the table of what it is worth leaves, a line for each set and question."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from evals.training.network import HEADS, Item, Network, bearing_of, collate

_AT_ONCE = 4096
_LONGEST_SPAN = 24


def table(network: Network, items: Sequence[Item]) -> str:
    """Return how well answered and supported are told apart, sentences ranked, and spans found; of all and of each set."""
    network.eval()
    found: dict[tuple[str, str], list[tuple[float, bool]]] = defaultdict(list)
    firsts: dict[str, list[float]] = defaultdict(list)
    spans: dict[str, list[float]] = defaultdict(list)
    ordered = sorted(items, key=lambda one: len(one.ids))
    at = 0
    with torch.no_grad():
        while at < len(ordered):
            count = max(1, _AT_ONCE // len(ordered[min(len(ordered) - 1, at + 8)].ids))
            batch = ordered[at : at + count]
            at += count
            output = network(*collate(batch))
            for row, one in zip(output, batch, strict=True):
                for name in ("all", one.set):
                    _note(row, one, name, found, firsts, spans)
    lines = []
    for (what, name), pairs in sorted(found.items()):
        yes = np.array([score for score, label in pairs if label])
        no = np.array([score for score, label in pairs if not label])
        if len(yes) and len(no):
            area = float((yes[:, None] > no[None]).mean() + (yes[:, None] == no[None]).mean() / 2)
            lost = float((no < np.quantile(yes, 0.1)).mean())
            extra = f"   first is right {np.mean(firsts[name]):.2f}" if what == "bearing" and firsts[name] else ""
            extra += f"   span F1 {np.mean(spans[name]):.2f}" if what == "bearing" and spans[name] else ""
            lines.append(f"{what:<10} {name:<26} n {len(yes):>5} + {len(no):<5} AUROC {area:.3f}   told apart at one tenth lost: {lost:.2f}{extra}")
    return "\n".join(lines)


def _note(row: Any, one: Item, name: str, found: Any, firsts: Any, spans: Any) -> None:
    head: Callable[[str], int] = HEADS.index
    if one.check:
        score = row[0, head("supported")].item()
        found["supported", name].append((score, one.label))
        if name == "all" and not one.label:
            found["unsupported", one.kind].append((-score, True))
        if name == "all" and one.label:
            for kind in ("right",):
                found["unsupported", kind].append((-score, False))
        return
    found["answered", name].append((row[0, head("answered")].item(), one.label))
    each = bearing_of(row[:, head("bearing")], one.ranges).tolist()
    found["bearing", name] += [(score, bool(bears)) for score, bears in zip(each, one.bearing, strict=True) if bears is not None]
    if one.label and any(one.bearing):
        firsts[name].append(float(bool(one.bearing[int(np.argmax(each))])))
    if one.spans:
        length = len(one.ids)
        start, end = row[1:length, head("start")], row[1:length, head("end")]
        best, at = -1e9, (0, 0)
        for first in torch.topk(start, min(8, length - 1)).indices.tolist():
            last = first + int(end[first : first + _LONGEST_SPAN].argmax())
            score = (start[first] + end[last]).item()
            if score > best:
                best, at = score, (first + 1, last + 1)
        said = set(range(at[0], at[1] + 1))
        spans[name].append(max(2 * len(said & held) / (len(said) + len(held)) for held in (set(range(a, b + 1)) for a, b in one.spans)))
