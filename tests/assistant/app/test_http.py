"""The app's guards: other hosts, other origins and large bodies are refused, and every reply carries strict headers."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import pytest

from assistant.app.http import BodyLimit, NoFileData, OwnHostOnly, OwnOriginOnly, OwnReadersOnly, StrictHeaders

Message = MutableMapping[str, Any]


async def echo(
    scope: Any, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Answer with the body that came, as plain text."""
    body, more = b"", scope["method"] == "POST"
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": body})


def html(*parts: bytes) -> Any:
    """Answer with an HTML page sent in parts."""

    async def page(_scope: Any, _receive: Any, send: Callable[[Message], Awaitable[None]]) -> None:
        headers = [(b"Content-Type", b"text/html; charset=utf-8"), (b"Content-Length", b"%d" % len(b"".join(parts)))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for index, part in enumerate(parts):
            await send({"type": "http.response.body", "body": part, "more_body": index + 1 < len(parts)})

    return page


def call(
    app: Any, *, method: str = "GET", body: tuple[bytes, ...] = (b"",), **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Send one request and return status, headers and body."""
    sent: list[Message] = []
    parts = [{"type": "http.request", "body": b, "more_body": i + 1 < len(body)} for i, b in enumerate(body)]
    scope = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }

    async def receive() -> Message:
        return parts.pop(0) if parts else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    told = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], told, b"".join(m["body"] for m in sent[1:])


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "localhost", "LOCALHOST:1", "[::1]:7860"])
def test_our_own_names_are_answered(host: str) -> None:
    assert call(OwnHostOnly(echo, {"127.0.0.1", "localhost", "::1"}), host=host)[0] == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "192.168.1.5:7860", "", "[::1", "localhost@evil.example"]
)
def test_any_other_name_is_refused(host: str) -> None:
    assert call(OwnHostOnly(echo, {"127.0.0.1", "localhost", "::1"}), host=host)[0] == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "http://127.0.0.1:7860"}, 200),
        ({"origin": "http://127.0.0.1:9999"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-origin", "origin": "http://127.0.0.1:7860"}, 200),
    ],
)
def test_only_our_own_page_may_post(headers: dict[str, str], status: int) -> None:
    assert call(OwnOriginOnly(echo), method="POST", host="127.0.0.1:7860", **headers)[0] == status


def test_reading_needs_no_origin() -> None:
    assert call(OwnOriginOnly(echo), host="127.0.0.1:7860", origin="https://evil.example")[0] == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:9999", "null"])
def test_no_other_site_s_page_may_read(origin: str) -> None:
    assert call(OwnReadersOnly(echo), host="127.0.0.1:7860", origin=origin)[0] == 403


@pytest.mark.parametrize("headers", [{}, {"sec_fetch_site": "cross-site"}, {"origin": "http://127.0.0.1:7860"}])
def test_our_own_page_and_a_link_from_elsewhere_may(headers: dict[str, Any]) -> None:
    assert call(OwnReadersOnly(echo), host="127.0.0.1:7860", **headers)[0] == 200


def test_a_body_up_to_the_limit_goes_through_whole() -> None:
    status, _, body = call(BodyLimit(echo, 10), method="POST", body=(b"12345", b"67890"))
    assert (status, body) == (200, b"1234567890")


@pytest.mark.parametrize("declared", [{}, {"content_length": "3"}, {"content_length": "nonsense"}])
def test_a_larger_body_is_refused_whatever_it_declares(declared: dict[str, str]) -> None:
    assert call(BodyLimit(echo, 10), method="POST", body=(b"123456", b"78901"), **declared)[0] == 413


def test_a_larger_declared_body_is_refused_unread() -> None:
    assert call(BodyLimit(echo, 10), method="POST", body=(), content_length="11")[0] == 413


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"data": ["What is a path, and what is meta?", {"path": "x"}]}, 200),
        ({"data": [[{"deep": {"path": "https://elsewhere.example/x", "meta": {"_type": "gradio.FileData"}}}]]}, 400),
        ({"event_data": {"path": "/etc/hosts", "meta": {}}}, 400),
    ],
)
def test_a_body_that_names_a_file_is_refused(body: object, status: int) -> None:
    sent = json.dumps(body).replace("FileData", r"\u0046ileData").encode()
    told, _, echoed = call(BodyLimit(NoFileData(echo)), method="POST", body=(sent[:9], sent[9:]))
    assert told == status
    assert (echoed == sent) is (status == 200)


@pytest.mark.parametrize("sent", [b"", b"not JSON", b"\xff\xfe", b"[" * 500_000])
def test_a_body_that_is_no_json_names_no_file(sent: bytes) -> None:
    assert call(BodyLimit(NoFileData(echo)), method="POST", body=(sent,))[2] == sent


def test_a_body_that_never_ends_is_given_up() -> None:
    sent: list[Message] = []

    async def never() -> Message:
        return await asyncio.Future()

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(BodyLimit(echo, within_s=0)({"type": "http", "method": "POST", "headers": []}, never, send))
    assert sent[0]["status"] == 408


def test_every_reply_is_strict() -> None:
    _, headers, body = call(StrictHeaders(echo), method="POST", body=(b"x",))
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert body == b"x"
    assert policy["img-src"] == "'self' data:"
    assert policy["connect-src"] == policy["form-action"] == policy["base-uri"] == "'self'"
    assert policy["frame-ancestors"] == policy["object-src"] == "'none'"
    assert "unsafe-inline" not in policy["script-src"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"


def test_the_page_s_own_scripts_get_the_nonce_of_its_policy() -> None:
    app = StrictHeaders(html(b"<html><scr", b"ipt>1</script><script type=module src=a></script><scripture>"))
    _, headers, body = call(app)
    found = re.search(r"'nonce-([\w-]+)'", headers["content-security-policy"])
    assert found
    nonce = found[1].encode()
    assert body == b'<html><script nonce="%b">1</script><script nonce="%b" type=module src=a></script><scripture>' % (
        nonce,
        nonce,
    )
    assert headers["content-length"] == str(len(body))
    assert call(app)[1]["content-security-policy"] != headers["content-security-policy"]


def test_a_script_of_ours_runs_before_the_page_s_own_and_has_the_nonce_too() -> None:
    app = StrictHeaders(html(b"<html><head><script>1</script></head>"), first="0")
    _, headers, body = call(app)
    found = re.search(r"'nonce-([\w-]+)'", headers["content-security-policy"])
    assert found
    tag = b'<script nonce="%b">' % found[1].encode()
    assert body == b"<html><head>" + tag + b"0</script>" + tag + b"1</script></head>"
    assert headers["content-length"] == str(len(body))


def test_a_streamed_reply_is_not_held_back() -> None:
    async def stream(_scope: Any, _receive: Any, send: Callable[[Message], Awaitable[None]]) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        for part in (b"a", b"b"):
            await send({"type": "http.response.body", "body": part, "more_body": part == b"a"})

    assert call(StrictHeaders(stream))[2] == b"ab"


def test_what_is_not_http_passes() -> None:
    passed: list[str] = []

    async def lifespan(scope: Any, _receive: Any, _send: Any) -> None:
        passed.append(scope["type"])

    for guard in (StrictHeaders(lifespan), OwnHostOnly(lifespan, ()), OwnOriginOnly(lifespan), BodyLimit(lifespan)):
        asyncio.run(guard({"type": "lifespan"}, None, None))  # type: ignore[arg-type]
    assert passed == ["lifespan"] * 4
