"""The command that starts the app: where it may not listen is one line before anything is loaded."""

from __future__ import annotations

import re
import socket
from contextlib import nullcontext

import pytest
from fixtures.commands import run, screen

from assistant.exits import USER_ERROR
from assistant.wiring import Application


@pytest.mark.usefixtures("bare_home")
def test_a_port_in_use_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Application, "preparing", lambda _: nullcontext())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, out, err = screen(run("chat", "-m", "extractive", "--port", str(port)))
    assert (code, out, err.count("\n")) == (USER_ERROR, "", 1)
    assert re.match(rf"assistant: Port {port} on 127\.0\.0\.1 cannot be used", err)


@pytest.mark.usefixtures("bare_home")
def test_an_address_that_others_can_reach_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Application, "preparing", lambda _: nullcontext())
    code, out, err = screen(run("chat", "-m", "extractive", "--host", "0.0.0.0"))  # noqa: S104
    assert (code, out, err.count("\n"), "it has no password" in err) == (USER_ERROR, "", 1, True)
