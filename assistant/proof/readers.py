"""A home folder enters; its two readers leave, the one that decides and the one that points: each loaded once."""

from __future__ import annotations

import threading
from contextlib import ExitStack

from assistant.home import Home
from assistant.models.weights import WeightsFolder
from assistant.proof.reader import LOG, Reader, cut_folder, ensure_cut, is_installed, load_probes
from assistant.proof.small_reader import EMBEDDER as READS_WITH
from assistant.proof.small_reader import SmallReader


class Readers:
    """The readers of one home folder. Any thread may ask."""

    def __init__(self, home: Home, weights: WeightsFolder) -> None:
        self._home = home
        self._weights = weights
        self._lock = threading.Lock()
        self._closing = ExitStack()
        self._large: Reader | None = None
        self._small: SmallReader | None = None

    def large(self) -> Reader | None:
        """Return the reader, not necessarily loaded; None where its model or package is not here, or not cut yet."""
        with self._lock:
            if self._large is None and is_installed():
                probes = load_probes()
                folder = cut_folder(self._home.models, probes)
                if folder.is_dir():
                    self._large = Reader(folder, probes=probes, log=self._home.logs / LOG)
                    self._closing.callback(self._large.close)
            return self._large

    def small(self) -> SmallReader | None:
        """Return what points at the likely sentence before the reader has read; None where either is not here."""
        large = self.large()
        with self._lock:
            if self._small is None and large is not None and self._weights.is_complete(READS_WITH):
                self._small = SmallReader(self._weights.path(READS_WITH))
                self._closing.callback(self._small.close)
            return self._small

    def build(self) -> None:
        """Cut the reader out of its model, once (half a minute), where that model is here. Raises ReaderError."""
        ensure_cut(self._home, self._weights)

    def open_soon(self) -> None:
        """Have both load in the background: the first question then finds them ready."""
        for reader in (self.small(), self.large()):
            if reader is not None:
                reader.open_soon()

    def close(self) -> None:
        """End them."""
        self._closing.close()
