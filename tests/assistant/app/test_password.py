"""An app that others can reach asks for a password, whatever they ask it for; one on loopback asks if it is told to."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.app.http import AnyHost, OwnHosts
from assistant.app.password import AskPassword, Password, _given, password_for
from assistant.app.ui import start
from assistant.errors import UsageError
from assistant.redact import redacted
from index.vectors.address import is_loopback

SECRET = "a red gate by the sea"


def basic(password: str, user: str = "reader") -> bytes:
    return b"Basic " + base64.b64encode(f"{user}:{password}".encode())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.2"])
def test_on_this_machine_alone_none_is_asked_for_unless_one_is_set(host: str) -> None:
    assert password_for(host, own=None) is None
    assert password_for(host, own="") is None
    asked = password_for(host, own=SECRET)
    assert asked is not None
    assert (asked.text, asked.made, asked.up) == (SECRET, False, False)


# Short forms of 127.0.0.1, and names, may lead anywhere.
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.5", "example.org", "127.1", "0x7f000001", "fe80::1"])  # noqa: S104
def test_where_others_reach_it_one_is_made_that_cannot_be_guessed(host: str) -> None:
    first, second = (password_for(host, own=None) for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.made
    assert first.text != second.text
    assert len(first.text) >= 20
    assert first.text not in redacted(f"an error says {first.text}")
    assert password_for(host, own=None, wanted=False) is None


def test_a_password_that_is_soon_guessed_is_refused() -> None:
    with pytest.raises(UsageError, match=r"has 11 characters; expected at least 12.*unset it"):
        password_for("0.0.0.0", own="eleven char")  # noqa: S104


@given(st.ip_addresses())
def test_only_what_no_other_machine_can_reach_is_loopback(address: Any) -> None:
    assert is_loopback(str(address)) == (address in LOOPBACKS[address.version])


LOOPBACKS = {4: ip_network("127.0.0.0/8"), 6: ip_network("::1/128")}


def test_an_app_is_not_served_to_others_by_an_oversight() -> None:
    with pytest.raises(UsageError, match="found no password"):
        start(None, host="192.168.1.5")  # type: ignore[arg-type]


async def content(_scope: Any, _receive: Any, send: Any) -> None:
    """Answer with what is to be kept."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"the articles"})


def sent(app: Any, *headers: tuple[bytes, bytes], kind: str = "http", path: str = "/") -> list[dict[str, Any]]:
    return asyncio.run(sending(app, *headers, kind=kind, path=path))


async def sending(app: Any, *headers: tuple[bytes, bytes], kind: str = "http", path: str = "/") -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        messages.append(message)

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    scope = {"type": kind, "method": "GET", "path": path, "headers": list(headers), "client": ("192.0.2.7", 5)}
    await app(scope, receive, send)
    return messages


@pytest.fixture
def guard(monkeypatch: pytest.MonkeyPatch) -> AskPassword:
    monkeypatch.setattr("assistant.app.password._WRONG_S", 0.0)
    return AskPassword(content, Password(SECRET, made=False, up=True))


def test_without_it_nothing_is_answered_and_the_browser_is_told_to_ask(guard: AskPassword) -> None:
    start, body = sent(guard)
    assert start["status"] == 401
    assert dict(start["headers"])[b"www-authenticate"].startswith(b'Basic realm="')
    assert body["body"] == b"This app asks for a password."


def test_with_it_under_any_user_name_all_is_answered(guard: AskPassword) -> None:
    for user in ("", "reader", "ünïcode"):
        assert sent(guard, (b"authorization", basic(SECRET, user)))[1]["body"] == b"the articles"


def test_letters_with_accents_count_however_a_keyboard_sends_them() -> None:
    guard = AskPassword(content, Password("café près du pont", made=False, up=True))
    for spelling in ("café près du pont", "cafe\u0301 pre\u0300s du pont"):
        assert sent(guard, (b"authorization", basic(spelling)))[0]["status"] == 200


@given(st.one_of(st.text().map(basic), st.binary(), st.binary().map(lambda raw: b"Basic " + base64.b64encode(raw))))
def test_no_header_is_taken_for_it_and_none_breaks_the_guard(authorization: bytes) -> None:
    assert _given(authorization.decode("latin-1")) != SECRET.encode()


@pytest.mark.parametrize(
    "authorization",
    [SECRET.encode(), b"Bearer " + SECRET.encode(), basic(SECRET)[:-4], basic(SECRET) + b"!", b"Basic", b"basic "],
)
def test_what_is_nearly_it_does_not_open(guard: AskPassword, authorization: bytes) -> None:
    assert sent(guard, (b"authorization", authorization))[0]["status"] == 401


def test_a_socket_is_not_opened_without_it(guard: AskPassword) -> None:
    assert sent(guard, kind="websocket") == [{"type": "websocket.close", "code": 1008}]


def test_guesses_are_slow_and_few_at_once_and_who_knows_it_never_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.app.password._WRONG_S", 0.3)
    guard = AskPassword(content, Password(SECRET, made=False, up=True))

    async def crowd() -> tuple[list[int], float]:
        guesses = [asyncio.ensure_future(sending(guard, (b"authorization", basic(f"no {n}")))) for n in range(30)]
        await asyncio.sleep(0)
        began = time.monotonic()
        assert (await sending(guard, (b"authorization", basic(SECRET))))[0]["status"] == 200
        waited = time.monotonic() - began
        return [messages[0]["status"] for messages in await asyncio.gather(*guesses)], waited

    answered, waited = asyncio.run(crowd())
    assert (answered.count(401), answered.count(429)) == (8, 22)
    assert waited < 0.2


def test_until_it_is_up_an_app_asks_itself_that_and_nothing_else() -> None:
    password = Password(SECRET, made=False)
    guard = AskPassword(content, password)
    asked = "/gradio_api/startup-events"
    assert [sent(guard, path=path)[0]["status"] for path in (asked, "/", f"{asked}/more")] == [200, 401, 401]
    password.up = True
    assert sent(guard, path=asked)[0]["status"] == 401


def test_beyond_loopback_a_rebound_name_is_no_host_of_ours() -> None:
    hosts = OwnHosts("127.0.0.1", "localhost", "Shelf.lan")
    assert all(host in hosts for host in ("localhost", "shelf.lan", "192.168.1.5", "::1"))
    assert not any(host in hosts for host in ("evil.example", "192.168.1.5.evil.example", "", None))
    assert "shelf.example" in AnyHost()


# A process of its own: Gradio leaves event loops behind, and warnings are errors here.
APP = """
import json, sys
from pathlib import Path
from assistant.app.extensions import load_extensions
from assistant.home import Home
from assistant.app.password import Password
from assistant.settings import Settings
from assistant.app.ui import start
from index.vectors.address import is_loopback
from assistant.wiring import Application
home = Home(Path(sys.argv[1]))
for folder in (home.articles, home.index, home.conversations, home.logs, home.models):
    folder.mkdir()
app = start(Application(home, Settings(model="extractive")), port=0, password=Password(sys.argv[2], made=False))
def paths(routes):
    for route in routes:
        inner = getattr(route, "original_router", None)
        yield from [route.path] if inner is None else paths(inner.routes)
print(json.dumps([app.url, sorted(set(paths(app.blocks.app.routes)))]), flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[str]]]:
    """Return the address of a running app that asks for a password, and all paths it answers."""
    home = tmp_path_factory.mktemp("home")
    with subprocess.Popen(
        [sys.executable, "-c", APP, str(home), SECRET], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        url, paths = json.loads(running.stdout.readline())
        yield url.removeprefix("http://").rstrip("/"), paths
        running.kill()


def reply(address: str, method: str, path: str, **headers: str) -> tuple[int, list[str], str]:
    """Send a request, and return the status, the names of the headers in lower case, and the body."""
    connection = HTTPConnection(address, timeout=20)
    try:
        connection.request(
            method,
            path,
            b"{}" if method == "POST" else None,
            {name.replace("_", "-"): headers[name] for name in headers},
        )
        answer = connection.getresponse()
        return answer.status, [name.lower() for name, _ in answer.getheaders()], answer.read().decode()
    finally:
        connection.close()


def status(address: str, method: str, path: str, **headers: str) -> int:
    return reply(address, method, path, **headers)[0]


def test_every_route_of_a_running_app_is_closed_without_it(served: tuple[str, list[str]]) -> None:
    address, paths = served
    ours = [
        "/articles/upload?name=a.txt",
        "/articles/page?article=a&page=1&of=b",
        "/tabs/evals/x.html",
        "/assets/x.js",
        "/%2e%2e/",
        "//",
        "/nowhere",
    ]
    known = [path.replace("{", "").replace("}", "").replace(":path", "") for path in paths]
    assert {"/config", "/gradio_api/info", "/gradio_api/queue/join", "/gradio_api/upload"} <= set(known), known
    assert len(known) > 40
    for path in [*known, *ours]:
        for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"):
            assert status(address, method, path) == 401, (method, path)


def test_with_it_the_page_is_served_also_under_the_name_of_a_proxy(served: tuple[str, list[str]]) -> None:
    address, _ = served
    words = {"Authorization": basic(SECRET).decode()}
    assert status(address, "GET", "/", **words) == 200
    assert status(address, "GET", "/config", Host="shelf.example", **words) == 200
    assert status(address, "POST", "/gradio_api/queue/join", Origin="https://evil.example", **words) == 403
    assert status(address, "POST", "/articles/upload?name=a.txt", **words) == 200
    assert status(address, "POST", "/articles/upload?name=a.txt", Origin="https://evil.example", **words) == 403


def test_no_page_of_another_site_may_read_or_ask_for_leave_to_write(served: tuple[str, list[str]]) -> None:
    address, _ = served
    elsewhere = {"Origin": "https://evil.example", "Host": "shelf.example"}
    asks = {"Access_Control_Request_Method": "POST", "Access_Control_Request_Headers": "x-forwarded-host"}
    for method, more in (("GET", {}), ("HEAD", {}), ("OPTIONS", asks)):
        for path in ("/", "/config", "/news", "/gradio_api/queue/join", "/tabs/evals/x.html"):
            assert status(address, method, path, **elsewhere, **more) == 401
            _, told, _ = reply(address, method, path, Authorization=basic(SECRET).decode(), **elsewhere, **more)
            assert "referrer-policy" in told
            assert not [name for name in told if name.startswith("access-control-")], (method, path)


def test_the_page_names_no_address_of_its_own(served: tuple[str, list[str]]) -> None:
    address, _ = served
    _, _, page = reply(address, "GET", "/", Authorization=basic(SECRET).decode())
    assert '"root":"."' in page
    assert not re.search(r"127\.0\.0\.1|here\.invalid", page)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_command_takes_it_from_the_environment_and_does_not_show_it(tmp_path: Path, host: str) -> None:
    if host == "::1" and not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    command = [sys.executable, "-m", "assistant", "chat", "-m", "extractive", "--port", "0", "--host", host]
    environment = {**os.environ, "ASSISTANT_HOME": str(tmp_path), "ASSISTANT_PASSWORD": SECRET}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            opened, asks = running.stdout.readline(), running.stdout.readline()
            address = opened.split()[5].removeprefix("http://").rstrip("/")
            assert asks == "To open it, type any user name and the password in ASSISTANT_PASSWORD\n"
            assert ip_address(address.rpartition(":")[0].strip("[]")) == ip_address(host)
            assert status(address, "GET", "/") == 401
            assert status(address, "GET", "/", Authorization=basic(SECRET).decode()) == 200
        finally:
            running.kill()
