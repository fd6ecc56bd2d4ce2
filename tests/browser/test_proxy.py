"""The app behind nginx with TLS, set up word for word as docs/behind-a-proxy.md says: all of the page works."""

from __future__ import annotations

import base64
import os
import re
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import pytest
import trustme
from playwright.sync_api import Browser, expect

from assistant.app.extensions import Extensions
from assistant.app.password import Password
from assistant.app.public import parse_public
from assistant.app.ui import RunningApp, free_port, start
from index.reading.load import MAX_BYTES

pytestmark = [
    pytest.mark.slow,
    # Gradio summarises its queue with an option that pandas has deprecated.
    pytest.mark.filterwarnings("ignore:'future.no_silent_downcasting' is deprecated:DeprecationWarning"),
]

SECRET = "a red gate by the sea"
HOST = "chat.localhost"  # which browsers take for this machine
GUIDE = Path(__file__).parents[2] / "docs" / "behind-a-proxy.md"
REST = """
daemon off;
user root;  # who else may write into the folder of a test that root runs?
pid {folder}/pid;
error_log {folder}/log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {server}
}}
"""


def nginx() -> str:
    """Return an nginx to test with: an installed one, or the one unpacked beside the packages."""
    unpacked = Path(sys.prefix) / "nginx" / "usr" / "sbin"
    found = shutil.which("nginx", path=os.pathsep.join([os.environ["PATH"], "/usr/sbin", str(unpacked)]))
    if not found:
        pytest.fail("No nginx found for the tests behind a proxy. Run `apt-get install -y nginx-light`.")
    return found


@pytest.fixture(scope="module")
def port() -> int:
    return free_port("127.0.0.1", 0)


@pytest.fixture(scope="module")
def app(script: Any, port: int) -> Iterator[RunningApp]:
    public = parse_public(f"https://{HOST}:{port}")
    password = Password(SECRET, made=False)
    running = start(script, port=0, extensions=Extensions(), password=password, public=public)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


WAYS = {"by itself": "/", "under a path": "/chat/", "nothing of the request kept": "/"}


@pytest.fixture(scope="module", params=WAYS)
def proxy(
    request: pytest.FixtureRequest,
    app: RunningApp,
    authority: trustme.CA,
    port: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """Return the path under which nginx shows the app."""
    whole, under = re.findall(r"```nginx\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    folder = tmp_path_factory.mktemp("nginx")
    server = {
        "by itself": whole,
        "under a path": re.sub(r"    location / \{.*?\}\n", lambda _: under, whole, flags=re.DOTALL),
        "nothing of the request kept": re.sub(r" *proxy_set_header .*\n", "", whole),
    }[request.param]
    changes = {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "http://127.0.0.1:7860": app.url.rstrip("/"),
        "/etc/ssl/chat.example.org.pem": f"{folder}/pem",
        "/etc/ssl/chat.example.org.key": f"{folder}/key",
    }
    for theirs, ours in changes.items():
        assert server.count(theirs) == 1, server
        server = server.replace(theirs, ours)
    certificate = authority.issue_cert(HOST, "127.0.0.1")
    certificate.private_key_pem.write_to_path(folder / "key")
    certificate.cert_chain_pems[0].write_to_path(folder / "pem")
    (folder / "conf").write_text(REST.format(folder=folder, server=server))
    with subprocess.Popen([nginx(), "-p", folder, "-c", folder / "conf", "-e", folder / "log"]) as running:
        try:
            wait_for(folder / "pid", running)
            yield WAYS[request.param]
        finally:
            running.terminate()


def wait_for(sign: Path, running: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 20
    while not sign.exists():
        assert running.poll() is None, sign.with_name("log").read_text()
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture
def address(proxy: str, port: int) -> str:
    return f"https://{HOST}:{port}{proxy}"


def test_a_reader_asks_and_reads_the_answer_as_it_comes_and_adds_a_file(
    chromium: Browser, address: str, script: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "beats_s", 60.0)  # what was said is all that comes, and fills nobody's buffer
    reader = {"username": "reader", "password": SECRET}
    context = chromium.new_context(ignore_https_errors=True, http_credentials=reader)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: complaints.append(request.url) if ours not in request.url else None)
    ours = address.removesuffix("chat/")
    page.goto(address)
    page.get_by_label("Your question").fill("Is this endless?")
    page.get_by_label("Your question").press("Enter")
    expect(page.locator("#live-body .cite").first).to_be_visible()  # and more is to come
    script.hold.set()
    expect(page.locator("#history #m0 footer")).to_be_visible()
    script.hold.clear()
    page.locator("#m0 .answer .cite").first.click()
    expect(page.locator("#article mark.active")).to_be_visible()
    page.get_by_role("tab", name="Articles").click()
    page.locator("#articles-files").set_input_files(
        {"name": "lamp.txt", "mimeType": "text/plain", "buffer": b"The lamp was lit at dusk, and put out at dawn."}
    )
    expect(page.locator("#place-articles")).to_contain_text("lamp.txt", timeout=60_000)
    context.close()
    assert complaints == []


def test_a_file_of_the_largest_size_passes(proxy: str, port: int, authority: trustme.CA) -> None:
    """Sent by a browser that says no more than whose page it is."""
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    connection = HTTPSConnection("127.0.0.1", port, timeout=60, context=trust)
    words = {
        "Host": f"{HOST}:{port}",
        "Origin": f"https://{HOST}:{port}",
        "Authorization": f"Basic {base64.b64encode(f'reader:{SECRET}'.encode()).decode()}",
    }
    with closing(connection):
        connection.request("POST", f"{proxy}articles/upload?name=a.txt", b"x" * MAX_BYTES, words)
        reply = connection.getresponse()
        assert (reply.status, b"upload" in reply.read()) == (200, True)
