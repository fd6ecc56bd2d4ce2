"""A file's bytes on standard input become its article on standard output, where nothing they do can reach the app.

Or a page of it becomes a picture there.

Runs as a child process (its argument is a JSON object of limits) with little memory and no way to write a file, to
start a program or to reach the network. An audit hook holds Python code to that; a file that takes over a parser in C
is held by the limits alone, and the parent believes nothing that is said here.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import struct
import sys
from collections.abc import Iterator
from typing import IO, Any

from index.errors import LoadError
from index.reading.load import is_batch, load_batch, load_bytes
from index.reading.pdf_file import picture_of_page, warm
from index.types import Document

MAX_BLOCKS = 1_000_000
_BLOCK = struct.Struct("<III")  # level, start, end
_PAGE = struct.Struct("<I")
_REFUSED = frozenset(
    "socket.connect socket.bind socket.getaddrinfo socket.gethostbyname socket.sendto socket.sendmsg subprocess.Popen "
    "os.system os.exec os.fork os.forkpty os.posix_spawn os.spawn os.startfile os.remove os.rename os.rmdir os.mkdir "
    "os.link os.symlink os.truncate os.chmod os.chown os.kill os.putenv shutil.rmtree pty.spawn ctypes.dlopen "
    "webbrowser.open urllib.Request".split()
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def main() -> None:
    """Read files until the input ends, or until this child is spent."""
    limits = json.loads(sys.argv[1])
    # What a parser prints in C goes nowhere: standard output is for our frames.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _limit(RLIMIT_AS=limits["memory"], RLIMIT_CORE=0, RLIMIT_NOFILE=64)
    _warm(pictures_only=limits["pictures_only"])
    gc.set_threshold(100_000, 20, 100)  # of a large file's hundred thousands of pieces hardly one is garbage
    _limit(RLIMIT_FSIZE=0)  # not before: what tells languages apart unpacks itself to a file
    sys.addaudithook(_refuse)
    _write(out, {"ready": True})
    for count, line in enumerate(sys.stdin.buffer, start=1):
        request = json.loads(line)
        data = sys.stdin.buffer.read(request.pop("size"))
        spent = False
        _limit_work(limits["seconds"])
        try:
            for found in _found(data, request):
                _reply(out, found)
                _limit_work(limits["seconds"])
        except MemoryError:
            _write(out, {"error": "memory"})
            spent = True
        del data
        spent = spent or count >= limits["files"] or _virtual_memory() > limits["worn"]
        if not spent:
            gc.collect(1)
        _write(out, {"end": True, "spent": spent})
        if spent:
            return


def _found(data: bytes, request: dict[str, Any]) -> Iterator[Document | bytes | LoadError]:
    try:
        if "page" in request:
            yield picture_of_page(data, request["page"])
        elif is_batch(request["name"]):
            yield from load_batch(data, name=request["name"])
        else:
            yield load_bytes(data, **request)
    except LoadError as error:
        yield error


def _reply(out: IO[bytes], found: Document | bytes | LoadError) -> None:
    if isinstance(found, bytes):
        _write(out, {"picture": len(found)}, found)
        return
    if isinstance(found, Document) and len(found.blocks) > MAX_BLOCKS:
        found = LoadError(f"Found more than {MAX_BLOCKS:,} paragraphs; expected fewer. Split it.")
    if isinstance(found, LoadError):
        _write(out, {"error": str(found)})
        return
    text = found.text.encode()
    blocks = b"".join(_BLOCK.pack(block.level, block.start, block.end) for block in found.blocks)
    pages = b"".join(map(_PAGE.pack, found.pages))
    fields = {
        name: getattr(found, name)
        for name in ("id", "title", "author", "published", "language", "url", "questions", "site", "left_out")
    }
    sizes = {"text": len(text), "blocks": len(blocks), "pages": len(pages)}
    _write(out, {**fields, **sizes}, text, blocks, pages)


def _write(out: IO[bytes], head: dict[str, Any], *parts: bytes) -> None:
    out.write(json.dumps(head).encode("ascii") + b"\n")
    for part in parts:
        out.write(part)
    out.flush()


def _limit(**limits: int) -> None:
    with contextlib.suppress(ImportError):  # not on Windows, where time alone is limited
        import resource

        for name, value in limits.items():
            # macOS knows the names of some without keeping to them.
            with contextlib.suppress(AttributeError, ValueError, OSError):
                resource.setrlimit(getattr(resource, name), (value, value))


def _limit_work(seconds: float) -> None:
    """End this process by SIGPROF after so many more seconds of processor time, also where the parent is gone."""
    with contextlib.suppress(AttributeError):  # not on Windows, where the parent's clock alone limits it
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _warm(*, pictures_only: bool) -> None:
    """Import what the parsers need: a file's time is for its reading."""
    warm()
    if pictures_only:
        return
    from index.reading.load_html import parse_html
    from index.reading.load_markdown import parse_markdown
    from index.text.language import detect_language

    detect_language("The ferry left every morning.")
    parse_html("<p>The ferry left every morning.</p>")
    parse_markdown("---\ntitle: The ferry\n---\nIt left *every* morning.")


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _REFUSED or (event == "open" and _is_writing(*arguments)):
        raise PermissionError(f"a file being read asked for {event}")


def _is_writing(_path: object, mode: object, flags: object) -> bool:
    return (isinstance(mode, str) and bool(set(mode) & set("wax+"))) or (
        isinstance(flags, int) and bool(flags & _WRITING)
    )


def _virtual_memory() -> int:
    """Return the bytes this process has mapped; 0 where that cannot be told."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  plain, and no import
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


if __name__ == "__main__":
    main()
