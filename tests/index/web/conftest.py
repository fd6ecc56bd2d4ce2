"""The guard on duty, and the website it lets through."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from fixtures.guarded import FIRST, SITE, Guard, Names, Site, on_duty, port_of

from index.web.connect import Network


@pytest.fixture
def guard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Guard]:
    """A guard on duty, with no route."""
    guard = Guard()
    really = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        guard.attempts.append(address[:2])
        if address[:2] not in guard.routes:
            raise ConnectionRefusedError(111, "refused by the test's guard")
        really(self, guard.routes[address[:2]])

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", lambda *_: pytest.fail("a way around the guard"))
    on_duty.append(guard)
    yield guard
    on_duty.clear()
    assert guard.refused == []
    assert guard.system_look_ups == []


@pytest.fixture
def site(web: Any, guard: Guard) -> Site:
    where = ("127.0.0.1", port_of(web.url))
    guard.routes = {(SITE, 80): where, (FIRST, 80): where}
    names = Names()
    return Site(web, guard, names, Network(look_up=names))
