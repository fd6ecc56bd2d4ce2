"""Write a file whole or not at all, also when the power goes; and say how much room a folder takes."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

UNFINISHED = ".writing-"
"""How the names of files begin that a killed process may leave behind."""


def write_whole(path: Path, text: str) -> None:
    """Put text in the place of a file: readers see the old one or the new one, never a part. Raises OSError."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def size_on_disk(folder: Path) -> int:
    """Return the bytes of all files in a folder and below it; 0 where there is none."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # a running program may delete it meanwhile
                total += Path(place, name).stat().st_size
    return total


def sync_folder(folder: Path) -> None:
    """Make a rename or removal in a folder last through a power cut, where the system has that notion."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
