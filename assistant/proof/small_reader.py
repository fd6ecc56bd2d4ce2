"""Read a question with sentences: whether they answer it, which of them bear the answer, and where in it that stands.

The reader is a small encoder (its weights ship with this package; ``docs/reader.md`` is its model card) that shares the
frozen embeddings of the default embedder. It generates nothing, so an article cannot make it say anything; it serves
every answering model alike, and a pass takes a tenth of a second.
"""

from __future__ import annotations

import hashlib
import logging
import math
import threading
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from assistant.errors import ReaderError
from assistant.proof.layout import Laid, for_check, for_reading

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from index.encoder import Encoder

    Array = NDArray[np.float32]

logger = logging.getLogger(__name__)

WEIGHTS = Path(__file__).with_name("small_reader.safetensors")
EMBEDDER = "e5-multilingual"
"""The catalogue's name of the embedder whose embeddings the reader shares."""
HEADS = ("answered", "supported", "start", "end", "bearing")
"""What the rows of ``heads.weight`` tell: the first two at a text's first token, the others at each of its tokens."""

_SCALE = ".scale"
_BEAT_S = 0.2
_LONGEST_ANSWER = 24
_BEGINNINGS = 8
"""Of so many places the short answer may begin at, its end is looked for."""
_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class Short:
    """Where the short answer stands: ``sentences[place][start:end]``."""

    place: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader made of a question and its sentences."""

    answerable: float
    """Probability that the sentences answer the question."""
    bearing: tuple[float, ...]
    """Per sentence, in order: probability that it states (part of) the answer; 0 for one too far back to be read."""
    short: Short | None = None
    """The likeliest short answer; None where there is none, as for most questions that ask why."""


class SmallReader:
    """A reader at work. Any thread may ask; one question is read at a time."""

    def __init__(self, folder: Path, *, weights: Path = WEIGHTS, threads: int | None = None) -> None:
        """Take the embedder's folder, and the weights that were trained on it. What is needed is loaded when it is."""
        self.folder = folder
        self.weights = weights
        self._threads = threads
        self._loading = threading.Lock()
        self._held: _Held | None = None
        self._latest: tuple[tuple[str, tuple[str, ...]], Reading] | None = None
        self._pool = ThreadPoolExecutor(1, "reader")

    @property
    def identity(self) -> str:
        """Return a digest of the weights: equal identity, equal readings."""
        with self.weights.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:12]

    def open(self) -> None:
        """Load the weights (half a second); harmless when they are there. Raises ReaderError."""
        self._loaded()

    def open_soon(self) -> None:
        """Load the weights in the background; what goes wrong is said when it is asked."""

        def quietly() -> None:
            with suppress(ReaderError):
                self.open()

        self._pool.submit(quietly)

    def read(self, question: str, sentences: Sequence[str]) -> Generator[None, None, Reading]:
        """Return a reading, with a heartbeat five times a second; raises ReaderError.

        The latest one is kept: a question asked again, or of a second model, is not read again.
        """
        asked = (question, tuple(sentences))
        if self._latest is not None and self._latest[0] == asked:
            return self._latest[1]
        reading = yield from self._awaited(lambda: self._loaded().read(question, sentences))
        self._latest = (asked, reading)
        return reading

    def check(self, question: str, cited: Sequence[str], statement: str) -> Generator[None, None, float]:
        """Return the probability that the cited sentences say that this answers the question; as ``read`` otherwise."""
        return (yield from self._awaited(lambda: self._loaded().check(question, cited, statement)))

    def _awaited(self, ask: Callable[[], _Found]) -> Generator[None, None, _Found]:
        try:
            asked = self._pool.submit(ask)
        except RuntimeError as error:
            raise ReaderError("the reader was closed while it was asked.") from error
        while not wait([asked], _BEAT_S).done:
            yield None
        return asked.result()

    def _loaded(self) -> _Held:
        with self._loading:
            if self._held is None:
                self._held = _load(self.folder, self.weights, self._threads)
            return self._held

    def close(self) -> None:
        """Wait for nothing and take no more questions."""
        self._pool.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class _Held:
    """A loaded reader."""

    encoder: Encoder
    tokenizer: Tokenizer
    heads: Array
    """(heads, width)."""
    bias: Array
    scale: Mapping[str, tuple[float, float]]
    """Per head: how its logit becomes log-odds, ``factor * logit + shift``, as calibrated on articles held out."""

    def read(self, question: str, sentences: Sequence[str]) -> Reading:
        laid = for_reading(self.tokenizer, question, sentences)
        found = self._logits(laid)
        bearing = [
            self._probability("bearing", _soft_maximum(found[HEADS.index("bearing"), r.start : r.stop]))
            for r in laid.ranges
        ]
        bearing += [0.0] * (len(sentences) - len(bearing))
        return Reading(
            self._probability("answered", float(found[0, 0])), tuple(bearing), _short(found, laid, sentences)
        )

    def check(self, question: str, cited: Sequence[str], statement: str) -> float:
        laid = for_check(self.tokenizer, question, statement, cited)
        return self._probability("supported", float(self._logits(laid)[HEADS.index("supported"), 0]))

    def _logits(self, laid: Laid) -> Array:
        """Return every head at every token: (heads, tokens)."""
        found: Array = self.heads @ self.encoder.encode([laid.ids])[0].T + self.bias[:, None]
        return found

    def _probability(self, head: str, logit: float) -> float:
        factor, shift = self.scale[head]
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, factor * logit + shift))))


def _soft_maximum(logits: Array) -> float:
    """Return ln Σ exp: the way training makes one logit of a sentence's tokens."""
    import numpy as np

    top = float(logits.max())
    return top + math.log(float(np.exp(logits - top).sum()))


def _short(found: Array, laid: Laid, sentences: Sequence[str]) -> Short | None:
    """Return the likeliest short answer within one sentence; None where none is likelier than that there is none."""
    import numpy as np

    start, end = found[HEADS.index("start")], found[HEADS.index("end")]
    best, short = float(start[0] + end[0]), None
    for place, (tokens, offsets) in enumerate(zip(laid.ranges, laid.offsets, strict=True)):
        count = len(offsets)
        for first in np.argsort(-start[tokens.start : tokens.start + count], kind="stable")[:_BEGINNINGS]:
            stop = min(count, int(first) + _LONGEST_ANSWER)
            last = int(first) + int(np.argmax(end[tokens.start + int(first) : tokens.start + stop]))
            score = float(start[tokens.start + int(first)] + end[tokens.start + last])
            if score > best:
                best, short = score, Short(place, offsets[int(first)][0], offsets[last][1])
    if short is None:
        return None
    # A token brings the space before it along.
    said = sentences[short.place][short.start : short.end]
    return Short(short.place, short.end - len(said.lstrip()), short.end)


def packed(weights: Mapping[str, Array]) -> dict[str, Any]:
    """Return weights as they ship: matrices in 8 bit with a scale a row, everything else in half precision."""
    import numpy as np

    shipped: dict[str, Any] = {}
    for name, held in weights.items():
        if held.ndim == 2 and not name.startswith("heads."):
            scale = np.maximum(np.abs(held).max(axis=1) / 127, 1e-12).astype(np.float32)
            shipped[name] = np.round(held / scale[:, None]).astype(np.int8)
            shipped[name + _SCALE] = scale
        else:
            shipped[name] = held.astype(np.float32 if held.ndim == 1 else np.float16)
    return shipped


def unpacked(shipped: Mapping[str, Any]) -> dict[str, Array]:
    """Return the weights that ``packed`` made, in single precision."""
    import numpy as np

    return {
        name: held.astype(np.float32) * (shipped[name + _SCALE][:, None] if name + _SCALE in shipped else 1)
        for name, held in shipped.items()
        if not name.endswith(_SCALE)
    }


def _load(folder: Path, weights: Path, threads: int | None) -> _Held:
    import json

    from safetensors import SafetensorError, safe_open
    from safetensors.numpy import load_file

    from index.encoder import Encoder, load_tokenizer
    from index.errors import EmbedderError

    try:
        held = unpacked(load_file(weights))
        with safe_open(weights, "np") as file:
            scale = json.loads(file.metadata()["scale"])
        return _Held(
            Encoder(folder, layers=held, threads=threads),
            load_tokenizer(folder),
            held["heads.weight"],
            held["heads.bias"],
            {head: (float(factor), float(shift)) for head, (factor, shift) in scale.items()},
        )
    except (OSError, ValueError, KeyError, TypeError, SafetensorError, EmbedderError) as error:
        line = (str(error).splitlines() or [""])[0]
        raise ReaderError(
            f"the reader does not load ({type(error).__name__}: {line}). Pull {EMBEDDER} again."
        ) from error
