"""A page's URL enters, a connection to a public address of its host leaves, checked as it is made and never after.

The address that is checked is the one connected to: a name is looked up once, and a number is dialled. Libraries that
promise this were tried on the table of tests/index/web/test_fetch_reach.py. httpx-secure 2.0.0 connects to an address
before it judges it, and lets 6to4, multicast and fec0::/10 pass; drawbridge 0.1.2 lets fec0::/10, ISATAP and a cloud's
168.63.129.16 pass; both need another client than ours.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from index.errors import FetchError
from index.web.addresses import IPAddress, is_neighbour, not_public
from index.web.page_url import PageUrl
from index.web.wire import Connection, Plain, Secured, Watch


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


def connect(page: PageUrl, *, network: Network, watch: Watch) -> Connection:
    """Return a connection to the host of ``page``, under https with its certificate verified.

    Raises FetchError for a host with any address that is not public, one without an answer, and a bad certificate.
    """
    plain = _connect_to_one(page, _public_addresses(page, network=network, watch=watch), network=network, watch=watch)
    if page.scheme == "http":
        return plain
    try:
        return Secured(plain, network.authorities(), page.host, watch)
    except BaseException as error:
        plain.close()
        if isinstance(error, ssl.SSLCertVerificationError):
            raise FetchError(
                f"Found a certificate at {page.shown} that does not prove that it is {page.host} "
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
        raise FetchError(f"Found {page.host} at an address that is invalid; expected a site. Check the URL.") from None


def _connect_to_one(page: PageUrl, addresses: list[IPAddress], *, network: Network, watch: Watch) -> Plain:
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


def _open(page: PageUrl, address: IPAddress, *, network: Network, watch: Watch) -> Plain:
    where, port = network.dial(address, page.port)
    connection = Plain(socket.socket(socket.AF_INET6 if ":" in where else socket.AF_INET, socket.SOCK_STREAM))
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
