"""What stands in an index folder: a collection for each embedder, those set aside as damaged, and their sizes."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from index.errors import StoreError
from index.files import size_on_disk, write_whole

_ABOUT = "about.json"
_DAMAGED = "damaged-"


@dataclass(frozen=True, slots=True)
class About:
    """What a collection was made with, and how much it holds."""

    embedder: str
    """As it was named when the collection was written last."""
    identity: str
    """Of its weights and all else that decides a vector (``Embedder.identity``)."""
    dimension: int
    articles: int
    chunks: int
    written: str
    """When it was last made equal to the articles, ISO 8601."""


@dataclass(frozen=True, slots=True)
class Collection:
    """The vectors of one embedder."""

    name: str
    about: About | None
    """None where it was set aside as damaged, or was never written whole."""
    folder: Path | None = None
    """None on a Chroma server."""
    size: int | None = None
    """Bytes on disk; None on a Chroma server, which does not tell."""


def note(folder: Path, about: About) -> None:
    """Say in a collection's folder what it is; a folder that cannot be written keeps what it said."""
    with suppress(OSError):
        write_whole(folder / _ABOUT, json.dumps(asdict(about)))


def collections(root: Path) -> tuple[Collection, ...]:
    """Return the collections of an index folder, the largest first."""
    found = [Collection(folder.name, _about(folder), folder, size_on_disk(folder)) for folder in _folders(root)]
    return tuple(sorted(found, key=lambda one: (-(one.size or 0), one.name)))


def in_use(found: Sequence[Collection], embedder: str) -> Collection | None:
    """Return the collection that an embedder of this name wrote last: its weights or the splitting may have changed."""
    written = {one.about.written: one for one in found if one.about and one.about.embedder == embedder}
    return written[max(written)] if written else None


def delete(folder: Path) -> bool:
    """Delete a collection's folder and return whether it is gone: one that a program has open stays."""
    name = folder.name
    # Nobody opens what was set aside.
    with nullcontext(True) if name.startswith(_DAMAGED) else held(folder.parent, name.partition(".")[0]) as mine:
        if mine:
            shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


@contextmanager
def held(root: Path, fingerprint: str, *, wait: float = 0) -> Iterator[bool]:
    """Hold the lock of a fingerprint's collection, and say whether it is ours, at most after ``wait`` seconds.

    Two processes on one Chroma folder lose vectors without an error: who does not get the lock must not open it. In a
    folder that may not be written nobody gets it: Chroma writes even to read.
    """
    from filelock import FileLock, Timeout

    # Another thread than the one that opened the collection may close it.
    lock = FileLock(root / f".{fingerprint}.lock", thread_local=False)
    try:
        lock.acquire(timeout=wait)
    except Timeout:
        yield False
        return
    except OSError as error:
        if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM} and root.is_dir():
            yield False
            return
        raise StoreError(
            f"the index folder {root} cannot be written ({error.strerror}). Free space, or check its permissions."
        ) from error
    try:
        yield True
    finally:
        lock.release()


def _folders(root: Path) -> list[Path]:
    with suppress(OSError):
        return [path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")]
    return []


def _about(folder: Path) -> About | None:
    if folder.name.startswith(_DAMAGED):
        return None
    try:
        return About(**json.loads((folder / _ABOUT).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
