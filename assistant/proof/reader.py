"""Read a question with numbered sentences: whether they answer it, and which of them bear the answer.

The reader is the first layers of a small language model in a child process (``reader_child.py``) and two linear probes
on what the last kept layer holds (Slobodkin et al., "The Curious Case of Hallucinatory (Un)answerability", 2023): one
at the end of the prompt, for the question, and one at the end of each sentence. It generates nothing, so an article
cannot make it say anything; and it serves every answering model alike.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import math
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import ReaderError
from assistant.home import Home
from assistant.models.local import open_log
from assistant.models.weights import WeightsFolder
from index.child import Child
from index.vectors.cores import usable_cores
from prompts import load

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows = NDArray[np.float32]

LOG = "reader.log"
PROBES = ("answerable", "bearing", "supported")
Prompt = list[tuple[str, bool]]
"""Texts in order, and whether the layer's output after each one's last token is wanted."""

_HERE = "\x00"
"""Stands for the sentences while the prompt is rendered."""
_BREAK = "\n"
_BEAT_S = 0.2
_OPEN_S = 120.0
_READ_S = 300.0
"""A reading takes seconds on an idle machine; a busy one is waited for."""
_BUILD_S = 900.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader made of a question and its sentences."""

    answerable: float
    """Probability that the sentences answer the question."""
    bearing: tuple[float, ...]
    """Per sentence, in order: probability that it states (part of) the answer."""


@dataclass(frozen=True, slots=True)
class Probes:
    """The trained part of a reader: data, as ``python -m evals.training.train_reader`` writes it."""

    model: str
    """The catalogue's name of the chat model whose first layers read."""
    layer: int
    """The last layer kept, from 0."""
    answerable: tuple[float, ...]
    """Weights over the layer's width, and last the bias."""
    bearing: tuple[float, ...]
    supported: tuple[float, ...]


def load_probes() -> Probes:
    """Return the probes that come with this package."""
    held = json.loads(Path(__file__).with_name("probes.json").read_text(encoding="utf-8"))
    return Probes(held["model"], int(held["layer"]), *(unpacked(held[name]) for name in PROBES))


def packed(weights: Sequence[float]) -> str:
    """Return weights as base64 of little-endian float32."""
    import numpy as np

    return base64.b64encode(np.asarray(weights, dtype="<f4").tobytes()).decode("ascii")


def unpacked(text: str) -> tuple[float, ...]:
    """Return the weights that ``packed`` wrote."""
    import numpy as np

    return tuple(float(weight) for weight in np.frombuffer(base64.b64decode(text), dtype="<f4"))


def prompt_for(question: str, sentences: Sequence[str]) -> Prompt:
    """Return what a reader reads to find whether, and where, a question is answered, in the chat form of its model.

    Marked are the end of each sentence and the end of the whole, in that order.
    """
    return _prompt("read", sentences, mark=True, question=question)


def prompt_for_check(question: str, sentences: Sequence[str], answer: str) -> Prompt:
    """Return what a reader reads to find whether sentences say that this is the answer; only its end is marked."""
    return _prompt("check", sentences, mark=False, question=question, answer=answer)


def _prompt(name: str, sentences: Sequence[str], *, mark: bool, **variables: str) -> Prompt:
    clean = {variable: value.replace(_HERE, " ") for variable, value in variables.items()}
    system, user = load(name).render(sentences=_HERE, **clean)
    before, after = user.content.split(_HERE)
    texts: Prompt = [(f"{_turn(system.role, system.content)}<|im_start|>user\n{before}", False)]
    for number, sentence in enumerate(sentences, start=1):
        texts += [(f"[{number}] {sentence}", mark), ("\n", False)]
    # The last sentence's own line break is there already.
    return [*texts, (f"{after.removeprefix(_BREAK)}<|im_end|>\n<|im_start|>assistant\n", True)]


def _turn(role: str, content: str) -> str:
    return f"<|im_start|>{role}\n{content}<|im_end|>\n"


class Reader:
    """One reader in one child process. Any thread may ask; questions wait for each other."""

    def __init__(self, folder: Path, *, probes: Probes, log: Path, threads: int | None = None) -> None:
        """Describe a reader whose cut model stands in ``folder`` (see ``ensure_cut``); nothing starts yet."""
        self.probes = probes
        self.folder = folder
        self._threads = threads or usable_cores()
        self.log = log
        self._child: Child | None = None
        self._closed = False
        self._lock = threading.Lock()
        self._latest: tuple[Prompt, Reading] | None = None
        self._pool = ThreadPoolExecutor(1, "reader")

    @property
    def identity(self) -> str:
        """Return model, layer and a digest of the probes: equal identity, equal readings."""
        held = json.dumps([packed(getattr(self.probes, name)) for name in PROBES])
        return f"{self.probes.model}-layer{self.probes.layer}:{hashlib.sha256(held.encode()).hexdigest()[:12]}"

    @property
    def process_id(self) -> int | None:
        """The child's process id, None while there is none."""
        child = self._child
        return None if child is None else child.process_id

    def open(self) -> None:
        """Start the child and load the model (seconds); harmless when it is there. Raises ReaderError."""
        with self._lock:
            if self._closed:
                raise ReaderError("the reader was closed while it was asked.")
            if self._child is None or not self._child.alive:
                # Known before it is ready: close() ends one that still loads, and nobody waits for it at the exit.
                self._child = _start(self.log)
                _ask(self._child, {"open": str(self.folder), "threads": self._threads}, within_s=_OPEN_S)

    def open_soon(self) -> None:
        """Load the model in the background; what goes wrong is said when it is asked."""

        def quietly() -> None:
            with suppress(ReaderError):
                self.open()

        with suppress(RuntimeError):  # closed meanwhile: nothing is to be loaded any more
            self._pool.submit(quietly)

    def rows(self, prompt: Prompt) -> Rows:
        """Return the layer's output, shape (marks, width), after each marked text; raises ReaderError."""
        import numpy as np

        self.open()
        with self._lock:
            if self._child is None:
                raise ReaderError("the reader was closed while it was asked.")
            reply = _ask(self._child, {"prompt": prompt}, within_s=_READ_S)
        found = np.frombuffer(base64.b64decode(reply["rows"]), dtype="<f4")
        return found.reshape(sum(mark for _, mark in prompt), -1)

    def read(self, question: str, sentences: Sequence[str]) -> Generator[None, None, Reading]:
        """Return a reading (a second or two), with a heartbeat four times a second; raises ReaderError.

        The latest one is kept: a question asked again, or of a second model, is not read again.
        """
        prompt = prompt_for(question, sentences)
        if self._latest is not None and self._latest[0] == prompt:
            return self._latest[1]
        *ends, last = yield from self._awaited(prompt)
        reading = Reading(
            _probability(last, self.probes.answerable),
            tuple(_probability(end, self.probes.bearing) for end in ends),
        )
        self._latest = (prompt, reading)
        return reading

    def check(self, question: str, sentences: Sequence[str], answer: str) -> Generator[None, None, float]:
        """Return the probability that sentences say that this answers the question; as ``read`` otherwise."""
        rows = yield from self._awaited(prompt_for_check(question, sentences, answer))
        return _probability(rows[0], self.probes.supported)

    def _awaited(self, prompt: Prompt) -> Generator[None, None, Rows]:
        rows = self._pool.submit(self.rows, prompt)
        while not wait([rows], _BEAT_S).done:
            yield None
        return rows.result()

    def close(self) -> None:
        """End the child, also one that still loads."""
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)
        child, self._child = self._child, None
        if child is not None:
            child.end()


def is_installed() -> bool:
    """Return whether the package that runs readers is here."""
    return importlib.util.find_spec("openvino_genai") is not None


def cut_folder(models: Path, probes: Probes) -> Path:
    """Return where the first layers of a reader's model stand, once ``ensure_cut`` has put them there."""
    return models / f"{probes.model}-layer{probes.layer}"


def ensure_cut(home: Home, weights: WeightsFolder) -> None:
    """Cut the reader out of its model where that model is here: once, half a minute. Raises ReaderError.

    Several processes may ask at once: one cuts, the others wait.
    """
    from filelock import FileLock

    probes = load_probes()
    folder = cut_folder(home.models, probes)
    if folder.is_dir() or not is_installed() or not weights.is_complete(probes.model):
        return
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        if folder.is_dir():
            return
        child = _start(home.logs / LOG)
        try:
            request = {"build": str(weights.path(probes.model)), "layer": probes.layer, "into": str(folder)}
            _ask(child, request, within_s=_BUILD_S)
        finally:
            child.end()


def _probability(row: Any, weights: Sequence[float]) -> float:
    import numpy as np

    logit = float(row @ np.asarray(weights[:-1], dtype=np.float32)) + weights[-1]
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, logit))))


def _start(log: Path) -> Child:
    with open_log(log) as stderr:
        return Child(Path(__file__).with_name("reader_child.py"), stderr=stderr)


def _ask(child: Child, request: dict[str, Any], *, within_s: float) -> dict[str, Any]:
    """Return the reply to one request; raise ReaderError when the child fails, ends, or takes longer than that."""
    line = b""
    with child.within(within_s), suppress(OSError, ValueError):  # ended meanwhile: it is asked how
        child.send(request)
        line = child.output.readline()
    whole = line.endswith(b"\n")
    reply: dict[str, Any] = json.loads(line) if whole else {"error": f"it {child.how_it_ended()}"}
    if "error" in reply:
        child.end()
        raise ReaderError(f"the reader does not work: {reply['error']}")
    return reply
