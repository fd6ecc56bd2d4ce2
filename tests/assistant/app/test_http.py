"""The app's guards: other hosts, other origins and large bodies are refused, and every reply carries strict headers."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import pytest

from assistant.app.http import ROOT, BodyLimit, NoFileData, OwnHostOnly, OwnOriginOnly, StrictHeaders, header

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
    app: Any, *, method: str = "GET", body: tuple[bytes, ...] = (b"",), scheme: str = "http", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Send one request and return status, headers and body."""
    sent: list[Message] = []
    parts = [{"type": "http.request", "body": b, "more_body": i + 1 < len(body)} for i, b in enumerate(body)]
    scope = {
        "type": "http",
        "method": method,
        "scheme": scheme,
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
        ({"origin": ""}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site", "origin": "http://127.0.0.1:7860"}, 403),
        ({"sec_fetch_site": "none", "origin": "https://evil.example"}, 403),
        ({"sec_fetch_site": "same-origin", "origin": "http://127.0.0.1:7860"}, 200),
    ],
)
def test_only_our_own_page_may_post(headers: dict[str, str], status: int) -> None:
    assert call(OwnOriginOnly(echo), method="POST", host="127.0.0.1:7860", **headers)[0] == status


UPSTREAM, PAGE = "127.0.0.1:7860", "https://chat.example.org"
ADVICE = (
    "Found a page of {} sending this to {}; expected one of the same address. If a proxy stands between, have it send "
)
# What usual proxies make of a POST of the page's, what their app sees of it, and what they are told to send.
PROXIES = {
    "Host and scheme kept": ({"host": "chat.example.org", "scheme": "https"}, PAGE, None),
    "Host with the port its scheme implies": ({"host": "chat.example.org:443", "scheme": "https"}, PAGE, None),
    "only X-Forwarded-Host": (
        {"host": UPSTREAM, "x_forwarded_host": "chat.example.org", "x_forwarded_proto": "https"}, PAGE, None,
    ),
    "X-Forwarded-Host of two proxies": (
        {"host": UPSTREAM, "x_forwarded_host": "chat.example.org, b", "x_forwarded_proto": "https, http"}, PAGE, None,
    ),
    "nothing kept": ({"host": UPSTREAM}, PAGE, "“Host: chat.example.org” and “X-Forwarded-Proto: https”"),
    "Host kept, no scheme": ({"host": "chat.example.org"}, PAGE, "“X-Forwarded-Proto: https”"),
    "the port lost": (
        {"host": "chat.example.org", "scheme": "https"}, f"{PAGE}:8443", "“Host: chat.example.org:8443”",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("sent", "page", "told"), PROXIES.values(), ids=PROXIES)
def test_behind_a_proxy_our_page_may_post_or_the_proxy_is_told_what_to_send(
    sent: dict[str, str], page: str, told: str | None
) -> None:
    status, _, body = call(OwnOriginOnly(echo, alone=True), method="POST", origin=page, **sent)
    assert status == (403 if told else 200)
    if told:
        seen = f"{sent.get('scheme', 'http')}://{sent['host']}"
        assert body.decode() == f"{ADVICE.format(page, seen)}{told}, or start with --public-url {page}."


@pytest.mark.parametrize(("sent", "page", "told"), PROXIES.values(), ids=PROXIES)
def test_the_browser_s_word_that_the_page_is_ours_or_the_user_s_is_enough(
    sent: dict[str, str],
    page: str,
    told: str | None,  # noqa: ARG001
) -> None:
    ours = {"sec_fetch_site": "same-origin"}
    assert call(OwnOriginOnly(echo), method="POST", origin=page, **sent, **ours)[0] == 200
    shown = OwnOriginOnly(echo, public=page)
    assert call(shown, method="POST", origin=page, **sent)[0] == 200
    assert call(shown, method="POST", origin=page, **sent, sec_fetch_site="cross-site")[0] == 403
    assert call(shown, method="POST", origin="https://evil.example", **sent)[0] == 403


def test_where_others_reach_the_app_what_is_said_to_be_forwarded_counts_for_nothing() -> None:
    forwarded = {"x_forwarded_host": "chat.example.org", "x_forwarded_proto": "https"}
    assert call(OwnOriginOnly(echo), method="POST", host=UPSTREAM, origin=PAGE, **forwarded)[0] == 403


@pytest.mark.parametrize(
    "page", [{"origin": "https://evil.example", "sec_fetch_site": "cross-site"}, {"origin": "null"}, {"origin": ""}]
)
def test_whose_page_is_surely_another_s_is_told_no_way_in(
    page: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        _, _, body = call(OwnOriginOnly(echo), method="POST", host=UPSTREAM, **page)
    whose = page["origin"] or "another site"
    line = f"Found a page of {whose} sending this to http://{UPSTREAM}; expected one of the same address."
    assert (body.decode(), caplog.messages) == (line, [line])


@pytest.mark.parametrize("forwarded", [{}, {"x_forwarded_host": "127.0.0.1:7860"}, {"forwarded": "host=127.0.0.1"}])
def test_no_header_makes_another_name_ours(forwarded: dict[str, str]) -> None:
    status, _, body = call(OwnHostOnly(echo, {"127.0.0.1"}), host="evil.example", **forwarded)
    assert status == 400
    assert b"--public-url" in body


def test_reading_needs_no_origin() -> None:
    assert call(OwnOriginOnly(echo), host="127.0.0.1:7860", origin="https://evil.example")[0] == 200


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
    assert (
        body == b'<html><head><link rel="icon" href="favicon.ico">' + tag + b"0</script>" + tag + b"1</script></head>"
    )
    assert headers["content-length"] == str(len(body))


def test_a_streamed_reply_is_not_held_back() -> None:
    async def stream(_scope: Any, _receive: Any, send: Callable[[Message], Awaitable[None]]) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        for part in (b"a", b"b"):
            await send({"type": "http.response.body", "body": part, "more_body": part == b"a"})

    assert call(StrictHeaders(stream))[2] == b"ab"


def test_a_proxy_is_told_not_to_hold_a_stream_back() -> None:
    async def stream(scope: Any, _receive: Any, send: Callable[[Message], Awaitable[None]]) -> None:
        kind = header(scope, b"accept") or ""
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind.encode())]})
        await send({"type": "http.response.body", "body": b""})

    app = StrictHeaders(stream)
    assert call(app, accept="text/event-stream; charset=utf-8")[1]["x-accel-buffering"] == "no"
    assert "x-accel-buffering" not in call(app, accept="application/json")[1]


def test_the_page_stands_wherever_the_reader_s_browser_opened_it() -> None:
    body = call(StrictHeaders(html(f'<script>{{"root": "{ROOT}"}}</script><a href="{ROOT}/x">'.encode())))[2]
    assert b'{"root": "."}</script><a href="./x">' in body


def test_what_is_not_http_passes() -> None:
    passed: list[str] = []

    async def lifespan(scope: Any, _receive: Any, _send: Any) -> None:
        passed.append(scope["type"])

    for guard in (StrictHeaders(lifespan), OwnHostOnly(lifespan, ()), OwnOriginOnly(lifespan), BodyLimit(lifespan)):
        asyncio.run(guard({"type": "lifespan"}, None, None))  # type: ignore[arg-type]
    assert passed == ["lifespan"] * 4
