"""A socket enters, a connection leaves whose every read and write keeps to its time, in the clear or under TLS."""

from __future__ import annotations

import os
import selectors
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Protocol, TypeVar

from index.errors import FetchError
from index.web.addresses import IPAddress

T = TypeVar("T")
_SLICE_S = 0.1  # longest wait without a tick
_BLOCK = 16 * 1024


@dataclass(frozen=True, slots=True)
class Watch:
    """The time a fetch has, and whom to tell that it still goes on."""

    ends: float
    """By `time.monotonic`."""
    tick: Callable[[], None]
    """Called several times a second while something is waited for; it raises to stop the fetch."""
    too_late: str
    """What to say at the end: one line."""

    def until(self, ends: float, too_late: str) -> Watch:
        """Return a watch that ends at ``ends`` with other words, or with this one when that is sooner."""
        return Watch(ends, self.tick, too_late) if ends < self.ends else self

    def slice(self) -> float:
        """Return how long to wait at most before asking again, in seconds; raises FetchError once the time is over."""
        self.tick()
        left = self.ends - time.monotonic()
        if left <= 0:
            raise FetchError(self.too_late)
        return min(left, _SLICE_S)


class Connection(Protocol):
    """Bytes out and in. Both raise OSError for what the other side does, and FetchError when the time is over."""

    def read(self, watch: Watch) -> bytes:
        """Return what has come, b"" at the end."""

    def write(self, data: bytes, watch: Watch) -> None:
        """Send all of it."""

    def close(self) -> None:
        """Hang up."""


class Plain:
    """A socket that never blocks longer than its watch allows."""

    def __init__(self, inner: socket.socket) -> None:
        self._socket = inner
        self._socket.setblocking(False)

    @property
    def ours(self) -> IPAddress:
        """The address this machine speaks from."""
        return ip_address(self._socket.getsockname()[0])

    def connect(self, where: tuple[str, int], watch: Watch) -> None:
        """Connect to an address; OSError when that fails."""
        try:
            self._socket.connect(where)
        except BlockingIOError:
            self._wait(selectors.EVENT_WRITE, watch)
        if problem := self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(problem, os.strerror(problem))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(self, watch: Watch) -> bytes:
        """Return what has come, b"" at the end."""
        watch.slice()  # also where every read is answered at once
        while True:
            try:
                return self._socket.recv(_BLOCK)
            except BlockingIOError:
                self._wait(selectors.EVENT_READ, watch)

    def write(self, data: bytes, watch: Watch) -> None:
        """Send all of it."""
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self._socket.send(rest) :]
            except BlockingIOError:
                self._wait(selectors.EVENT_WRITE, watch)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _wait(self, event: int, watch: Watch) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, event)
            while not selector.select(watch.slice()):
                pass


class Secured:
    """TLS over a connection; the certificate is verified for ``host`` before this is made."""

    def __init__(self, plain: Plain, context: ssl.SSLContext, host: str, watch: Watch) -> None:
        self._plain = plain
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context.set_alpn_protocols(["http/1.1"])
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._do(self._tls.do_handshake, watch)

    def read(self, watch: Watch) -> bytes:
        """Return what has come, b"" at the end."""
        watch.slice()
        try:
            return self._do(lambda: self._tls.read(_BLOCK), watch)
        except ssl.SSLEOFError:  # many servers hang up without a word; HTTP tells whether all has come
            return b""

    def write(self, data: bytes, watch: Watch) -> None:
        """Send all of it."""
        rest = memoryview(data)
        while rest:
            rest = rest[self._do(lambda: self._tls.write(rest), watch) :]  # noqa: B023 - called before rest changes

    def close(self) -> None:
        """Hang up."""
        self._plain.close()

    def _do(self, step: Callable[[], T], watch: Watch) -> T:
        """Take a step of TLS, and carry its bytes to and fro until it is done."""
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                self._send(watch)
                if data := self._plain.read(watch):
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            else:
                self._send(watch)
                return done

    def _send(self, watch: Watch) -> None:
        if data := self._outgoing.read():
            self._plain.write(data, watch)
