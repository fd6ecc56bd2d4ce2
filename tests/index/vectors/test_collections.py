"""Who may open a collection."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import filelock
import pytest

from index.errors import StoreError
from index.vectors.collections import held


def refuse(code: int):
    def acquire(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    return acquire


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES])
def test_in_a_folder_that_may_not_be_written_nobody_has_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(filelock.FileLock, "acquire", refuse(code))
    with held(tmp_path, "a") as mine:
        assert not mine


def test_a_full_disk_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filelock.FileLock, "acquire", refuse(errno.ENOSPC))
    with pytest.raises(StoreError) as caught, held(tmp_path, "a"):
        pass
    assert str(caught.value) == (
        f"the index folder {tmp_path} cannot be written (No space left on device). "
        "Free space, or check its permissions."
    )
