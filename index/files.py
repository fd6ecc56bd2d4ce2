"""Write a file whole or not at all, also when the power goes, and in turn with other programs that write there.

And say how much room a folder takes, and what is torn.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NO_LINK = getattr(os, "O_NOFOLLOW", 0)
"""For ``os.open``: a link in the file's place is an OSError."""
_UNFINISHED = ".writing-"
_LONGEST_WRITE_S = 600
_TURN_S = 10.0


def write_whole(path: Path, content: str | bytes) -> None:
    """Put content in the place of a file: readers see the old one or the new one, never a part. Raises OSError."""
    _clear(path.parent)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=_UNFINISHED)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


class WriteLock:
    """Writers of one folder take turns by a file lock, threads and processes alike; a thread may nest its own."""

    def __init__(self, folder: Path, what: str, error: type[Exception]) -> None:
        """Name the folder by ``what`` in the line of ``error`` that says why it cannot be written."""
        from filelock import FileLock  # a package that a plain `--help` need not pay for

        self._folder, self._what, self._error = folder, what, error
        self._lock = FileLock(folder / ".lock")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other writers out. Raises the ``error`` where they go on for 10 s, and for any OSError meanwhile."""
        from filelock import Timeout

        try:
            # The folder, and nothing above it: a home that was moved away is not begun anew where it was.
            self._folder.mkdir(exist_ok=True)
            with self._lock.acquire(timeout=_TURN_S):
                yield
        except Timeout as error:
            raise self._error(
                f"another program has been writing to {self._folder} for {_TURN_S:g} s. Wait for it, or end it."
            ) from error
        except OSError as error:
            raise self._error(
                f"{self._what} cannot be written: {error.strerror or error}. Free space, or check its permissions."
            ) from error


def size_on_disk(folder: Path) -> int:
    """Return the bytes of all files in a folder and below it; 0 where there is none."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # a running program may delete it meanwhile
                total += Path(place, name).stat().st_size
    return total


def is_unwritable_format(database: Path) -> bool:
    """Return whether an SQLite file says that it is of a format to come: SQLite reads such a one, and never writes it.

    No file of today says so, unless it is torn. One that cannot be read does not: whoever opens it says why.
    """
    try:
        with database.open("rb") as file:
            return any(version not in {1, 2} for version in file.read(20)[18:])
    except OSError:
        return False


def _clear(folder: Path) -> None:
    """Delete what writers that were killed left in a folder; another one may be writing there now."""
    for left_behind in folder.glob(f"{_UNFINISHED}*"):
        with suppress(OSError):
            if abs(time.time() - left_behind.stat().st_mtime) > _LONGEST_WRITE_S:
                left_behind.unlink()


def sync_folder(folder: Path) -> None:
    """Make a rename or removal in a folder last through a power cut, where the system has that notion."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
