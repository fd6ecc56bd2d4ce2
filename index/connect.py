"""A page's URL enters, a connection to a public address of its host leaves, checked as it is made and never after.

The address that is checked is the one connected to: a name is looked up once, and a number is dialled. Libraries that
promise this were tried on the table of tests/index/test_fetch.py. httpx-secure 2.0.0 connects to an address before it
judges it, and lets 6to4, multicast and fec0::/10 pass; drawbridge 0.1.2 lets fec0::/10, ISATAP and a cloud's
168.63.129.16 pass; both need another client than ours.
"""

from __future__ import annotations

import os
import queue
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Protocol, TypeVar

from index.addresses import IPAddress, is_neighbour, not_public
from index.errors import FetchError
from index.page_url import PageUrl

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


def look_up(host: str, port: int) -> list[str]:
    """Return the addresses of a name, in the order the system prefers; OSError when it has none."""
    # Encoded here: getaddrinfo would run a text through another IDNA than the one the URL was read with.
    found = socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def dial(address: IPAddress, port: int) -> tuple[str, int]:
    """Return where to connect to for an address that was checked: there."""
    return str(address), port


def authorities() -> ssl.SSLContext:
    """Return the trust in the certificate authorities of this system, whatever the environment says."""
    import httpx2  # imported here: it takes a tenth of a second

    return httpx2.create_ssl_context(trust_env=False)


@dataclass(frozen=True, slots=True)
class Network:
    """What lies outside: names, addresses and trust. Tests give one of their own, on loopback."""

    look_up: Callable[[str, int], Sequence[str]] = look_up
    dial: Callable[[IPAddress, int], tuple[str, int]] = dial
    """Asked after the check alone."""
    authorities: Callable[[], ssl.SSLContext] = authorities


THE_INTERNET = Network()


class Connection(Protocol):
    """Bytes out and in. Both raise OSError for what the other side does, and FetchError when the time is over."""

    def read(self, watch: Watch) -> bytes:
        """Return what has come, b"" at the end."""

    def write(self, data: bytes, watch: Watch) -> None:
        """Send all of it."""

    def close(self) -> None:
        """Hang up."""


def connect(page: PageUrl, *, network: Network, watch: Watch) -> Connection:
    """Return a connection to the host of ``page``, under https with its certificate verified.

    Raises FetchError for a host with any address that is not public, one without an answer, and a bad certificate.
    """
    plain = _connect_to_one(page, _public_addresses(page, network=network, watch=watch), network=network, watch=watch)
    if page.scheme == "http":
        return plain
    try:
        return _Secured(plain, network.authorities(), page.host, watch)
    except BaseException as error:
        plain.close()
        if isinstance(error, ssl.SSLCertVerificationError):
            raise FetchError(
                f"Found a certificate at {page.shown} that does not prove it to be {page.host} "
                f"({_reason(error)}); expected one that does. Check the URL."
            ) from error
        if isinstance(error, OSError):
            raise FetchError(
                f"Found no secure connection to {page.shown} ({_reason(error)}); expected one. Try again later."
            ) from error
        raise


def _public_addresses(page: PageUrl, *, network: Network, watch: Watch) -> list[IPAddress]:
    """Return the addresses of the host; FetchError when there is none, or any that is not public.

    One bad address refuses them all. To go by the good ones would let who answers for the name choose, and an honest
    name has no reason to hold both.
    """
    literal = page.address
    found = [literal] if literal else [_parsed(text, page) for text in _look_up(page, network=network, watch=watch)]
    for address in found:
        if kind := not_public(address):
            raise FetchError(
                f"Found {page.shown} at {kind} address ({address}); expected one of the public internet. "
                "Save the page and add the file."
            )
    return found


def _look_up(page: PageUrl, *, network: Network, watch: Watch) -> Sequence[str]:
    # In a thread of its own: the system's look-up knows no limit of time and cannot be stopped.
    answers: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(network.look_up(page.host, page.port))
        except Exception as error:  # noqa: BLE001 - raised in the thread that waits
            answers.put(error)

    threading.Thread(target=ask, name="look-up", daemon=True).start()
    while True:
        try:
            answer = answers.get(timeout=watch.slice())
        except queue.Empty:
            continue
        if isinstance(answer, Sequence) and answer:
            return answer
        if isinstance(answer, Exception) and not isinstance(answer, OSError | UnicodeError):
            raise answer
        raise FetchError(f"Found no address for {page.host}; expected a site. Check the URL, or your connection.")


def _parsed(text: str, page: PageUrl) -> IPAddress:
    try:
        return ip_address(text)
    except ValueError:
        raise FetchError(f"Found {page.host} at an address that is none; expected a site. Check the URL.") from None


def _connect_to_one(page: PageUrl, addresses: list[IPAddress], *, network: Network, watch: Watch) -> _Plain:
    """Return a connection to the first address that answers; each has its share of the time that is left."""
    problem: Exception = FetchError(watch.too_late)
    for position, address in enumerate(addresses):
        now = time.monotonic()
        share = watch.until(now + (watch.ends - now) / (len(addresses) - position), watch.too_late)
        try:
            return _open(page, address, network=network, watch=share)
        except OSError as error:
            problem = error
        except FetchError as error:
            if time.monotonic() < share.ends or share is watch:
                raise
            problem = error
    if isinstance(problem, FetchError):
        raise problem
    raise FetchError(
        f"Found no answer from {page.host} ({_reason(problem)}); expected a site. Check the URL, or your connection; "
        "a proxy is never asked."
    ) from problem


def _open(page: PageUrl, address: IPAddress, *, network: Network, watch: Watch) -> _Plain:
    where, port = network.dial(address, page.port)
    connection = _Plain(socket.socket(socket.AF_INET6 if ":" in where else socket.AF_INET, socket.SOCK_STREAM))
    try:
        connection.connect((where, port), watch)
        _check_distance(page, address, connection.ours)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_distance(page: PageUrl, address: IPAddress, ours: IPAddress) -> None:
    """Refuse this machine and its neighbours while nothing has been said to them: who they are, a connection tells."""
    if is_neighbour(address, ours):
        raise FetchError(
            f"Found {page.shown} in this machine's own network ({address}); expected a site of the public internet. "
            "Save the page and add the file."
        )


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return str(getattr(error, "verify_message", "") or "it is not trusted").rstrip(".")
    if isinstance(error, ssl.SSLError):
        return (error.reason or "TLS failed").replace("_", " ").lower()
    return (getattr(error, "strerror", None) or "it broke off").lower()


class _Plain:
    """A socket that never blocks longer than its watch allows."""

    def __init__(self, inner: socket.socket) -> None:
        self._socket = inner
        self._socket.setblocking(False)

    @property
    def ours(self) -> IPAddress:
        """The address this machine speaks from."""
        return ip_address(self._socket.getsockname()[0])

    def connect(self, where: tuple[str, int], watch: Watch) -> None:
        try:
            self._socket.connect(where)
        except BlockingIOError:
            self._wait(selectors.EVENT_WRITE, watch)
        if problem := self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(problem, os.strerror(problem))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(self, watch: Watch) -> bytes:
        watch.slice()  # also where every read is answered at once
        while True:
            try:
                return self._socket.recv(_BLOCK)
            except BlockingIOError:
                self._wait(selectors.EVENT_READ, watch)

    def write(self, data: bytes, watch: Watch) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self._socket.send(rest) :]
            except BlockingIOError:
                self._wait(selectors.EVENT_WRITE, watch)

    def close(self) -> None:
        self._socket.close()

    def _wait(self, event: int, watch: Watch) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, event)
            while not selector.select(watch.slice()):
                pass


class _Secured:
    """TLS over a connection; the certificate is verified for ``host`` before this is made."""

    def __init__(self, plain: _Plain, context: ssl.SSLContext, host: str, watch: Watch) -> None:
        self._plain = plain
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context.set_alpn_protocols(["http/1.1"])
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._do(self._tls.do_handshake, watch)

    def read(self, watch: Watch) -> bytes:
        watch.slice()
        try:
            return self._do(lambda: self._tls.read(_BLOCK), watch)
        except ssl.SSLEOFError:  # many servers hang up without a word; HTTP tells whether all has come
            return b""

    def write(self, data: bytes, watch: Watch) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._do(lambda: self._tls.write(rest), watch) :]  # noqa: B023 - called before rest changes

    def close(self) -> None:
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
