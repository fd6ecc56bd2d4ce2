"""The command that starts the app: what it asks of those who come, and where it may not listen."""

from __future__ import annotations

import os
import re
import socket
from contextlib import nullcontext
from typing import Any

import pytest
from fixtures.commands import run, screen

from assistant.cli.exits import USER_ERROR
from assistant.startup import Startup


@pytest.mark.usefixtures("bare_home")
def test_a_port_in_use_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Startup, "in_background", lambda *_: nullcontext())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, out, err = screen(run("chat", "-m", "extractive", "--port", str(port)))
    assert (code, out, err.count("\n")) == (USER_ERROR, "", 1)
    assert re.match(rf"assistant: port {port} on 127\.0\.0\.1 cannot be used", err)


@pytest.mark.usefixtures("bare_home")
def test_a_proxy_that_no_client_can_use_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Startup, "in_background", lambda *_: nullcontext())
    monkeypatch.setenv("ALL_PROXY", "gopher://proxy.example")
    code, out, err = screen(run("chat", "-m", "extractive", "--port", "0"))
    assert (code, out, err.count("\n")) == (USER_ERROR, "", 1)
    assert "ALL_PROXY is 'gopher://proxy.example'; expected the address of a proxy" in err


@pytest.fixture
def served(bare_home: object, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:  # noqa: ARG001
    """How the app would be served; nothing here listens where others could reach it."""
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(Startup, "in_background", lambda *_: nullcontext())
    monkeypatch.setattr("assistant.app.ui.free_port", lambda _, port: port)
    monkeypatch.setattr("assistant.app.ui.serve", lambda _, **options: calls.append(options))
    return calls


def test_where_others_can_reach_it_it_asks_for_a_password_that_is_made(served: list[dict[str, Any]]) -> None:
    run("chat", "-m", "extractive", "--host", "0.0.0.0")  # noqa: S104
    run("chat", "-m", "extractive")
    beyond, here = served
    assert beyond["password"].made
    assert (here["password"], beyond["unguarded"], here["unguarded"]) == (None, False, False)


def test_a_password_of_ones_own_is_asked_for_everywhere_and_given_to_no_child(
    served: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for host in ("0.0.0.0", "127.0.0.1"):  # noqa: S104
        monkeypatch.setenv("ASSISTANT_PASSWORD", "a red gate by the sea")
        run("chat", "-m", "extractive", "--host", host)
        assert "ASSISTANT_PASSWORD" not in os.environ
    assert [options["password"].text for options in served] == ["a red gate by the sea"] * 2


def test_without_a_password_only_where_it_is_told_so(served: list[dict[str, Any]]) -> None:
    run("chat", "-m", "extractive", "--host", "0.0.0.0", "--no-password")  # noqa: S104
    assert (served[0]["password"], served[0]["unguarded"]) == (None, True)


def test_a_short_password_is_one_line(served: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_PASSWORD", "hunter2")
    code, out, err = screen(run("chat", "-m", "extractive", "--host", "0.0.0.0"))  # noqa: S104
    assert (code, out, err.count("\n"), served) == (USER_ERROR, "", 1, [])
    assert "has 7 characters" in err
    assert "hunter2" not in err


def test_behind_a_proxy_it_asks_for_a_password_as_where_others_reach_it(served: list[dict[str, Any]]) -> None:
    run("chat", "-m", "extractive", "--public-url", "https://chat.example.org")
    run("chat", "-m", "extractive", "--public-url", "https://chat.example.org", "--no-password")
    asked, trusting = served
    assert asked["password"].made
    assert (asked["public"].url, asked["host"]) == ("https://chat.example.org/", "127.0.0.1")
    assert (trusting["password"], trusting["unguarded"]) == (None, True)


def test_a_public_address_that_is_none_is_one_line(served: list[dict[str, Any]]) -> None:
    code, out, err = screen(run("chat", "-m", "extractive", "--public-url", "chat.example.org"))
    assert (code, out, served) == (USER_ERROR, "", [])
    assert err == (
        "assistant: --public-url is not a page's address: it does not begin with http:// or https://. "
        "Give the one that users open, as https://chat.example.org.\n"
    )
