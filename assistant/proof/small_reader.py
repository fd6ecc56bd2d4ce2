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
from assistant.proof.layout import Laid, for_check, in_windows

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from index.vectors.encoder import Encoder

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
    """Per sentence, in order: probability that it states (part of) the answer."""
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

        with suppress(RuntimeError):  # closed meanwhile: nothing is to be loaded any more
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
        answered, bearing, shorts = 0.0, list[float](), list[tuple[float, Short]]()
        for laid in in_windows(self.tokenizer, question, sentences):
            found = self._logits(laid)
            answered = max(answered, self._probability("answered", float(found[HEADS.index("answered"), 0])))
            score, place, tokens = best_span(found, laid.ranges)
            none = float(found[HEADS.index("start"), 0] + found[HEADS.index("end"), 0])
            if score > none:
                shorts.append((score - none, _short(laid, sentences, place, tokens, first=len(bearing))))
            bearing += [self._probability("bearing", logit) for logit in bearing_of(found, laid.ranges)]
        return Reading(answered, tuple(bearing), max(shorts, key=lambda pair: pair[0])[1] if shorts else None)

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


def bearing_of(found: Array, ranges: Sequence[range]) -> list[float]:
    """Return a logit a sentence, ln Σ exp over its tokens, from every head at every token: (heads, tokens)."""
    import numpy as np

    logits = found[HEADS.index("bearing")]
    return [float(np.logaddexp.reduce(logits[place.start : place.stop])) for place in ranges]


def best_span(found: Array, ranges: Sequence[range]) -> tuple[float, int, range]:
    """Return the likeliest short answer within one sentence: its score, the sentence's place, and its tokens."""
    import numpy as np

    start, end = found[HEADS.index("start")], found[HEADS.index("end")]
    best = -math.inf, 0, range(0)
    for place, tokens in enumerate(ranges):
        stop = tokens.stop - 1  # the end mark
        for first in tokens.start + np.argsort(-start[tokens.start : stop], kind="stable")[:_BEGINNINGS]:
            last = int(first + np.argmax(end[first : min(stop, first + _LONGEST_ANSWER)]))
            score = float(start[first] + end[last])
            if score > best[0]:
                best = score, place, range(int(first), last + 1)
    return best


def _short(laid: Laid, sentences: Sequence[str], place: int, tokens: range, *, first: int) -> Short:
    """Return where a short answer stands, of a reading whose first sentence is ``sentences[first]``."""
    began = laid.ranges[place].start
    start, end = laid.offsets[place][tokens.start - began][0], laid.offsets[place][tokens.stop - 1 - began][1]
    place += first
    # A token brings the space before it along.
    return Short(place, end - len(sentences[place][start:end].lstrip()), end)


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

    from index.errors import EmbedderError
    from index.vectors.encoder import Encoder, load_tokenizer

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
