"""Files that pages send are kept by an unguessable token, within limits; Gradio's own ways to files are closed."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.app.uploads import FullError, TakeUploads, TooLargeError, Uploads, file_name
from assistant.library.intake import Source
from index.reading.load import MAX_BYTES

SECRET = "a secret of this machine"
PLACE = "/articles/upload?name=a.txt"


# A process of its own: Gradio leaves event loops behind, and warnings are errors here.
APP = """
import sys, threading
from pathlib import Path
from assistant.app.extensions import Extensions
from assistant.home import Home
from assistant.settings import Settings
from assistant.app.ui import start
from assistant.wiring import Application
home = Home(Path(sys.argv[1]))
for folder in (home.articles, home.index, home.conversations, home.logs, home.models):
    folder.mkdir()
print(start(Application(home, Settings(model="extractive")), port=0, extensions=Extensions()).url, flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of the server, in its home folder, that no page may read."""
    made = tmp_path_factory.mktemp("home") / "secret.txt"
    made.write_text(SECRET)
    return made


@pytest.fixture(scope="module")
def app(secret: Path) -> Iterator[str]:
    """The address of a running app."""
    with subprocess.Popen(
        [sys.executable, "-c", APP, str(secret.parent)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        yield running.stdout.readline().removeprefix("http://").strip().rstrip("/")
        running.kill()


def call(app: str, method: str, path: str, body: bytes | str | None = None, **headers: str) -> tuple[int, bytes]:
    connection = HTTPConnection(app, timeout=20)
    with closing(connection):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        reply = connection.getresponse()
        return reply.status, reply.read()


def test_a_file_is_kept_until_it_is_taken_by_its_token_once() -> None:
    uploads = Uploads()
    parts = [b"x" * 1024 * 1024] * 3  # more than a question may have, and than is held in memory

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": parts.pop(), "more_body": bool(parts)}

    status, body = _asgi(TakeUploads(_nobody, uploads), receive, query="name=..%2F..%2Fetc%2Fcaf%C3%A9.txt")
    token = json.loads(body)["upload"]
    assert (status, uploads.waiting, len(token) >= 32) == (200, 1, True)
    assert uploads.take(["no token", None, token]) == [Source("upload", "etc/café.txt", b"x" * 3 * 1024 * 1024)]
    assert uploads.take([token]) == []
    assert uploads.waiting == 0


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("name=a.txt", "a.txt"),
        ("name=notes%2Fmay%2Fplan.md", "notes/may/plan.md"),
        ("name=%2Fetc%2Fpasswd", "etc/passwd"),
        ("name=..%2F.%2F%2Fnotes%2F..%2F..%2Fplan.md", "notes/plan.md"),
        ("name=%20..%20%2F..%00%2F.%0A.%2Fplan.md", "plan.md"),
        ("name=%252e%252e%2Fplan.md", "%2e%2e/plan.md"),
        ("name=..", ""),
        ("name=%2F..%2F.%2F", ""),
        ("name=...%2F..plan.md", ".../..plan.md"),
        ("name=C%3A%5Cnotes%5Cb.md", "notes/b.md"),
        ("name=%5C%5Chost%5Cshare%5Cb.md", "host/share/b.md"),
        ("name=a%00%0A%C2%85b.txt", "ab.txt"),
        ("name=" + "x" * 300 + ".pdf", "x" * 251 + ".pdf"),
        ("name=" + "deep%2F" * 300 + "plan.md", "deep/" * 198 + "plan.md"),
        ("name=" + "a%2F" * 20_000, "/".join("a" * 500)),
        ("name=%3Cimg%20src%3Dx%3E.md", "<img src=x>.md"),
        ("name=", ""),
        ("", ""),
    ],
)
def test_a_name_is_a_path_that_leads_nowhere(query: str, name: str) -> None:
    assert file_name({"query_string": query.encode()}) == name


PIECES = st.sampled_from(["/", "\\", "..", ".", "~", "C:", "\0", "\x85", "\u2028", " ", "%2e", "notes", "é", "x" * 300])


@given(st.lists(PIECES | st.text(max_size=5), max_size=60).map("".join))
def test_whatever_name_is_sent_it_stays_below_where_it_would_stand(sent: str) -> None:
    name = file_name({"query_string": urlencode({"name": sent}, errors="surrogatepass").encode()})
    parts = name.split("/") if name else []
    assert not {"", ".", ".."} & set(parts)
    assert not any("\\" in part or unicodedata.category(sign) == "Cc" for part in parts for sign in part)
    assert all(len(part) <= 255 for part in parts)
    assert len(name) <= 1000
    root = Path("/home/reader")
    assert Path(os.path.normpath(root / name)).is_relative_to(root)
    assert file_name({"query_string": urlencode({"name": name}).encode()}) == name


def test_a_body_over_the_limit_is_refused_before_and_while_it_comes(app: str) -> None:
    with socket.create_connection(("127.0.0.1", int(app.rpartition(":")[2])), timeout=20) as line:
        line.sendall(f"POST {PLACE} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {MAX_BYTES + 1}\r\n\r\n".encode())
        assert b" 413 " in line.recv(100)  # no byte of it was sent
    status, said = call(app, "POST", PLACE, b"x" * MAX_BYTES)
    assert (status, list(json.loads(said))) == (200, ["upload"])
    seen = 0

    async def receive() -> dict[str, Any]:
        nonlocal seen
        seen += 1
        return {"type": "http.request", "body": b"x" * 400, "more_body": True}

    uploads = Uploads(largest=1000)
    assert _asgi(TakeUploads(_nobody, uploads), receive)[0] == 413
    assert (seen, uploads.waiting) == (3, 0)


def test_what_is_left_half_way_is_forgotten() -> None:
    parts: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"x", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, Any]:
        return parts.pop(0)

    uploads = Uploads()
    assert _asgi(TakeUploads(_nobody, uploads), receive) == (0, b"")
    assert uploads.waiting == 0


def test_as_many_wait_as_may_and_old_ones_make_room() -> None:
    now = 0.0
    uploads = Uploads(most=2, most_bytes=10, largest=8, clock=lambda: now)
    first, second = uploads.begin("a"), uploads.begin("b")
    with pytest.raises(FullError):
        uploads.begin("c")
    uploads.write(first, b"12345678")
    with pytest.raises(TooLargeError):
        uploads.write(first, b"9")
    with pytest.raises(FullError):
        uploads.write(second, b"123")
    assert uploads.take([first]) == []  # it has not come whole
    now = 601.0
    third = uploads.begin("c")
    uploads.end(third)
    assert uploads.waiting == 1
    assert uploads.take([first, second, third]) == [Source("upload", "c", b"")]
    with pytest.raises(FullError):
        uploads.write(first, b"late")


def test_another_site_and_another_way_are_refused(app: str) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}, {"Origin": "null"}):
        assert call(app, "POST", PLACE, b"x", **headers)[0] == 403
    assert call(app, "POST", PLACE, b"x", Host="evil.example")[0] == 400
    assert call(app, "POST", PLACE, b"x", Origin=f"http://{app}")[0] == 200
    assert call(app, "GET", PLACE)[0] == 405
    assert call(app, "POST", "/articles/upload", b"x")[0] == 400
    assert call(app, "POST", "/articles/upload/?name=a", b"x")[0] in {404, 405}


def test_pages_of_originals_stand_behind_the_same_guards(app: str) -> None:
    place = "/articles/page?article=a&page=1&of=b"
    assert call(app, "GET", place)[0] == 404
    assert call(app, "GET", place, Host="evil.example")[0] == 400
    assert call(app, "POST", place, b"x", Origin="https://evil.example")[0] == 403
    assert call(app, "POST", place, b"x")[0] == 405


@pytest.mark.parametrize("path", ["/gradio_api/queue/join", "/articles/uploads", "/articles/Upload?name=a"])
def test_every_other_body_stays_within_a_megabyte(app: str, path: str) -> None:
    assert call(app, "POST", path, b"x" * (1024 * 1024 + 1))[0] == 413


@pytest.mark.parametrize("prefix", ["/gradio_api", "", "//gradio_api", "/%67radio_api"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_gradios_own_ways_to_files_are_closed(app: str, secret: Path, prefix: str, method: str) -> None:
    places = ["/upload", "/upload/", "/upload?upload_id=a", "/upload_progress?upload_id=a", "/proxy=http://127.0.0.1/"]
    places += [
        f"/file={secret}",
        f"/file=/{secret}",
        f"/file/{secret}",
        "/%66ile=/etc/passwd",
        "/file=http://127.0.0.1/",
    ]
    places += ["/stream/a/b/c/playlist-file", "/component_server", "/process_recording"]
    form = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\nhello\r\n--b--\r\n'
    for place in places:
        body = form if method == "POST" else None
        status, said = call(app, method, prefix + place, body, Content_Type="multipart/form-data; boundary=b")
        assert (status, SECRET in said.decode("utf-8", "replace")) == (404, False), place


@pytest.mark.parametrize("place", ["/etc/hosts", "https://elsewhere.example/a.txt"])
def test_no_listener_is_handed_a_file_to_read_or_to_fetch(app: str, place: str) -> None:
    sent = {"data": [{"path": place, "meta": {"_type": "gradio.FileData"}}], "fn_index": 0, "session_hash": "f"}
    for way in ("queue/join", "run/predict", "call/predict"):
        status, _ = call(app, "POST", f"/gradio_api/{way}", json.dumps(sent), Content_Type="application/json")
        assert status == 400


def test_no_listener_reads_a_file_that_a_client_names(app: str, secret: Path) -> None:
    file = {"path": str(secret), "orig_name": "a.txt", "size": 1}
    sent = {"delivery": str(secret), "before": 0, "done": 2, "of": 2}
    config = json.loads(call(app, "GET", "/config")[1])
    asked = 0
    for listener in config["dependencies"]:
        event = {"data": [file] * len(listener["inputs"]), "fn_index": listener["id"], "session_hash": "s"}
        event |= {"event_data": {"payload": {**file, **sent, "wish": "files", "uploads": [file, str(secret)]}}}
        status, said = call(app, "POST", "/gradio_api/queue/join", json.dumps(event), Content_Type="application/json")
        assert SECRET.encode() not in said
        asked += status == 200
    assert asked > 5
    shown = _events(app, "s", asked)
    assert shown.count("process_completed") == asked
    assert SECRET not in shown
    for way in ("run/predict", "api/predict", "call/predict"):
        status, said = call(
            app, "POST", f"/gradio_api/{way}", json.dumps({"data": [file]}), Content_Type="application/json"
        )
        assert (status >= 400, SECRET.encode() in said) == (True, False)


def _events(app: str, session: str, most: int) -> str:
    """Read a session's events until so many have ended."""
    connection = HTTPConnection(app, timeout=20)
    read = ""
    with closing(connection):
        connection.request("GET", f"/gradio_api/queue/data?session_hash={session}")
        reply = connection.getresponse()
        while read.count("process_completed") < most:
            line = reply.readline().decode()
            if not line:
                break
            read += line
    return read


async def _nobody(*_: Any) -> None:
    pytest.fail("handed on")


def _asgi(app: Any, receive: Any, *, query: str = "name=a") -> tuple[int, bytes]:
    """Send an upload to a middleware; return its reply, (0, b"") where none came."""
    told: list[Any] = []

    async def send(message: Any) -> None:
        told.append(message)

    place = {"path": "/articles/upload", "query_string": query.encode()}
    asyncio.run(app({"type": "http", "method": "POST", "headers": [], **place}, receive, send))
    return (told[0]["status"], told[1]["body"]) if told else (0, b"")
