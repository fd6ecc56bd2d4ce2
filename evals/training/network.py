"""Examples enter as token ids with what is true of them; a loss leaves, and in the end the weights that ship.

The network is the embedder's own encoder, its embeddings frozen and its lowest layers too, with five linear heads over
the last layer: at the first token whether a reading is answered and whether a check is supported, at every token where
the short answer starts, where it ends, and whether it belongs to a sentence that bears the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from assistant.proof.layout import for_check, in_windows
from evals.training.examples import CheckExample, ReadingExample

if TYPE_CHECKING:
    from tokenizers import Tokenizer

HEADS = ("answered", "supported", "start", "end", "bearing")
FROZEN = 3
"""Lowest layers that are not trained: a sixth of the time for nothing lost."""
_PAD = 1
_RARE = 2.0
"""One sentence in some ten bears the answer: it weighs so much more."""
_SPAN_SHARE, _BEARING_SHARE = 0.4, 1.0


@dataclass(frozen=True, slots=True)
class Item:
    """An example as the network takes it."""

    ids: tuple[int, ...]
    ranges: tuple[range, ...]
    set: str
    check: bool
    label: bool
    """Whether it is answered, or supported."""
    bearing: tuple[bool | None, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    """First and last token of the short answer, wherever it may be said to stand."""
    kind: str = ""


def item(tokenizer: Tokenizer, example: ReadingExample | CheckExample, *, most: int) -> Item | None:
    """Return an example as an item; None where cutting it to ``most`` tokens cuts its answer off."""
    if isinstance(example, CheckExample):
        laid = for_check(tokenizer, example.question, example.statement, example.cited, most=most)
        return (
            Item(laid.ids, laid.ranges, example.set, True, example.supported, kind=example.kind)
            if laid.ranges
            else None
        )
    laid, *_ = in_windows(tokenizer, example.question, example.sentences, most=most)
    bearing = example.bearing[: len(laid.ranges)]
    spans = []
    for place, offsets, span in zip(laid.ranges, laid.offsets, example.spans, strict=False):
        if span is not None:
            held = [n for n, (low, high) in enumerate(offsets) if high > span[0] and low < span[1]]
            if held:
                spans.append((place.start + held[0], place.start + held[-1]))
    if not laid.ranges or (example.answered and any(example.bearing) and not any(bearing)):
        return None
    return Item(laid.ids, laid.ranges, example.set, False, example.answered, bearing, tuple(spans))


class Network(nn.Module):
    """The encoder with its heads."""

    def __init__(self, folder: Path) -> None:
        """Begin with an embedder's folder."""
        from transformers import AutoModel

        super().__init__()
        self.encoder = AutoModel.from_pretrained(
            str(folder),
            dtype=torch.float32,
            add_pooling_layer=False,
            local_files_only=True,
            attention_probs_dropout_prob=0.0,
            hidden_dropout_prob=0.0,
        )
        self.heads = nn.Linear(self.encoder.config.hidden_size, len(HEADS))
        for part in (self.encoder.embeddings, *self.encoder.encoder.layer[:FROZEN]):
            for weights in part.parameters():
                weights.requires_grad = False

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return every head at every token: (batch, tokens, heads)."""
        found: Tensor = self.heads(self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state)
        return found


def collate(items: Sequence[Item]) -> tuple[Tensor, Tensor]:
    """Return ids and mask, both (batch, tokens)."""
    longest = max(len(one.ids) for one in items)
    ids = torch.full((len(items), longest), _PAD, dtype=torch.long)
    mask = torch.zeros((len(items), longest), dtype=torch.long)
    for row, one in enumerate(items):
        ids[row, : len(one.ids)] = torch.tensor(one.ids)
        mask[row, : len(one.ids)] = 1
    return ids, mask


def bearing_of(row: Tensor, ranges: Sequence[range]) -> Tensor:
    """Return one logit a sentence from one example's token logits: a soft maximum over its tokens."""
    return torch.stack([torch.logsumexp(row[place.start : place.stop], 0) for place in ranges])


def loss(found: Tensor, items: Sequence[Item]) -> Tensor:
    """Return what is wrong with the heads' output for some items, as one number."""
    labels = torch.tensor([float(one.label) for one in items])
    checks = torch.tensor([one.check for one in items])
    total = functional.binary_cross_entropy_with_logits(
        torch.where(checks, found[:, 0, HEADS.index("supported")], found[:, 0, HEADS.index("answered")]), labels
    )
    logits, wanted, spans = [], [], []
    for row, one in enumerate(items):
        if one.check:
            continue
        known = [n for n, bears in enumerate(one.bearing) if bears is not None]
        if known:
            each = bearing_of(found[row, :, HEADS.index("bearing")], one.ranges)
            logits.append(each[known])
            wanted += [float(bool(one.bearing[n])) for n in known]
        if one.spans or not one.label:
            places = one.spans or ((0, 0),)
            for head, edge in (("start", 0), ("end", 1)):
                logit = found[row, : len(one.ids), HEADS.index(head)]
                gold = torch.logsumexp(logit[[place[edge] for place in places]], 0)
                spans.append(torch.logsumexp(logit, 0) - gold)
    if logits:
        total = total + _BEARING_SHARE * functional.binary_cross_entropy_with_logits(
            torch.cat(logits), torch.tensor(wanted), pos_weight=torch.tensor(_RARE)
        )
    if spans:
        total = total + _SPAN_SHARE * torch.stack(spans).mean()
    return total


def shipped(network: Network) -> dict[str, Any]:
    """Return the trained numbers as float32 arrays under the names of the embedder's file, and the heads."""
    state = network.state_dict()
    layers = {
        name.removeprefix("encoder."): w.numpy() for name, w in state.items() if name.startswith("encoder.encoder.")
    }
    return {**layers, "heads.weight": state["heads.weight"].numpy(), "heads.bias": state["heads.bias"].numpy()}
