"""Tear each file that an index keeps, one after another, and look at what the next process finds; or a running one."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from trials.judge import Model, Verdict, library, verdict
from trials.kills import QUICK, filled, looked_into
from trials.worker import Worker

HOWS = ("half", "zero", "flipped", "deleted")


def tear(path: Path, how: str, *, seed: int = 0) -> None:
    """Cut a file in half or to nothing, flip 200 of its bytes, or delete it (a folder: with all that is in it)."""
    if how == "deleted":
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    elif how == "flipped":
        data, chance = bytearray(path.read_bytes()), random.Random(seed)  # noqa: S311 - no secret
        for _ in range(200 if data else 0):
            data[chance.randrange(len(data))] ^= chance.randrange(1, 256)
        path.write_bytes(data)
    else:
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size // 2 if how == "half" else 0)


class Damages:
    """The trials of one side over one library; a context manager that cleans up behind it."""

    def __init__(self, side: str, *, articles: int, count: int) -> None:
        """Make the home that every trial begins with."""
        self.side = side
        self.model: Model = library(articles, count=count)
        self._folder = Path(tempfile.mkdtemp(prefix="reliability-", dir=QUICK))
        self._template = filled(side, self._folder / "template", self.model)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def all(self) -> list[tuple[str, str]]:
        """Return each (file, how): every file beside the articles, and the folders of Chroma's segments."""
        beside = self._template / ("index" if self.side == "ours" else "chroma")
        found = [(path, path.is_dir()) for path in sorted(beside.rglob("*"))]
        rows = [
            (str(path.relative_to(self._template)), how)
            for path, is_folder in found
            for how in (("deleted",) if is_folder else HOWS)
        ]
        if self.side == "ours":
            rows += [("articles/.lock", how) for how in HOWS]
        return rows

    def cold(self, file: str, how: str, *, seed: int = 0) -> Verdict:
        """Damage a home that no process has open."""
        with self._copied() as root:
            tear(root / file, how, seed=seed)
            return looked_into(self.side, root, self.model)

    def running(self, file: str, how: str, *, seed: int = 0) -> Verdict:
        """Damage a home under a process that has it open, and ask that process; and then the next one."""
        with self._copied() as root:
            with Worker(self.side, root) as worker:
                worker.call("held")
                if (root / file).exists():
                    tear(root / file, how, seed=seed)
                found = verdict(worker, self.model)
                worker.close()
            return found if found.kind not in {"right", "refused"} else looked_into(self.side, root, self.model)

    def chosen(self, name: bytes) -> Verdict:
        """Put bytes in the place of the choice of an embedder."""
        with self._copied() as root:
            (root / "index" / "embedder").write_bytes(name)
            return looked_into(self.side, root, self.model)

    @contextmanager
    def _copied(self) -> Iterator[Path]:
        root = Path(tempfile.mkdtemp(dir=self._folder))
        shutil.copytree(self._template, root, dirs_exist_ok=True)
        try:
            yield root
        finally:
            shutil.rmtree(root, ignore_errors=True)
