"""A website with every fault we know of: the first part of the path asked for says which.

A line of JSON in (``{}``, or ``{"certificate": PEM_FILE}`` for https), a line with the address out:
``{"url": "http://127.0.0.1:PORT"}``; it ends with its input. Requests are kept by their whole target, so a query tells
one from another. ``/seen?TARGET``, the target percent-encoded, gives their ``heads`` as they came, and how many askers
``left`` before the end; it is asked in the same way as a page.
"""

from __future__ import annotations

import gzip
import json
import socketserver
import ssl
import sys
import threading
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable
from urllib.parse import unquote, unquote_to_bytes

PAGE = b"<!doctype html><title>The Tay Bridge</title><p>The bridge was opened in 1887.</p>\n"
_LONG_S = 60.0


class Server(socketserver.ThreadingTCPServer):
    """Listens on a free port of loopback and keeps what it was asked."""

    daemon_threads = True
    request_queue_size = 100

    def __init__(self, certificate: str | None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.secured = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificate else None
        if self.secured:
            self.secured.load_cert_chain(certificate)
            self.secured.sni_callback = self.named
        self.heads: defaultdict[str, list[str]] = defaultdict(list)
        self.left: Counter[str] = Counter()
        self.names: list[str | None] = []

    def handle_error(self, *_: object) -> None:
        """Keep quiet of those who leave in the midst of TLS."""

    def named(self, _: object, name: str | None, __: object) -> None:
        self.names.append(name)


class Handler(socketserver.StreamRequestHandler):
    """One request; its connection is closed after it."""

    server: Server
    target = ""

    def setup(self) -> None:
        if self.server.secured:
            self.request = self.server.secured.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self) -> None:
        lines = []
        for line in iter(self.rfile.readline, b""):
            if line == b"\r\n":
                break
            lines.append(line)
        else:  # the asker left before the end of its request
            return
        head = b"".join(lines).decode("latin-1")
        self.target = head.split(" ")[1]
        name = self.target.split("?")[0].split("/")[1]
        if name != "seen":
            self.server.heads[self.target].append(head)
        try:
            PAGES[name](self)
        except OSError:
            self.server.left[self.target] += 1

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    @property
    def rest(self) -> list[str]:
        """The parts of the path after the first."""
        return self.target.split("?")[0].split("/")[2:]

    def write(self, data: bytes) -> None:
        self.request.sendall(data)

    def head(self, *lines: bytes, status: bytes = b"200 OK") -> None:
        self.write(b"HTTP/1.1 " + status + b"\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n")

    def reply(self, body: bytes = PAGE, *lines: bytes, status: bytes = b"200 OK") -> None:
        lines = lines or (b"Content-Type: text/html; charset=utf-8",)
        self.head(*lines, b"Content-Length: %d" % len(body), status=status)
        self.write(body)

    def keep_on(self, piece: bytes, *, every: float = 0.0) -> None:
        """Send a piece again and again until the asker leaves."""
        until = time.monotonic() + _LONG_S
        while time.monotonic() < until:
            self.write(piece)
            time.sleep(every)


def seen(asked: Handler) -> None:
    target = unquote(asked.query)
    facts = {"heads": asked.server.heads[target], "left": asked.server.left[target], "names": asked.server.names}
    asked.reply(json.dumps(facts).encode(), b"Content-Type: text/plain")


def good(asked: Handler) -> None:
    asked.reply()


def to(asked: Handler) -> None:
    """Redirect to what the query says, with a cookie to be brought along; the body is never to be read."""
    location = unquote_to_bytes(asked.query)
    asked.reply(b"x", b"Location: " + location, b"Set-Cookie: session=cookie-secret", status=b"302 Found")


def status(asked: Handler) -> None:
    """Answer with the status that the path names, and the query as Retry-After."""
    asked.reply(b"no", b"Retry-After: " + unquote_to_bytes(asked.query), status=f"{asked.rest[0]} No".encode())


def typed(asked: Handler) -> None:
    """Send a page with headers as the query has them."""
    asked.reply(PAGE, *unquote_to_bytes(asked.query).split(b"\n"))


def untyped(asked: Handler) -> None:
    asked.reply(PAGE, b"X-Nothing: said")


def chain(asked: Handler) -> None:
    """Redirect as often as the path says."""
    left = int(asked.rest[0])
    if left:
        asked.reply(b"", b"Location: /chain/%d?%s" % (left - 1, asked.query.encode()), status=b"301 Moved")
    else:
        good(asked)


def circle(asked: Handler) -> None:
    asked.reply(b"", b"Location: " + asked.target.encode(), status=b"307 Again")


def nowhere(asked: Handler) -> None:
    asked.reply(b"", b"X-Nothing: said", status=b"302 Found")


def empty(asked: Handler) -> None:
    asked.reply(b"")


PACKED: dict[str, tuple[bytes, bytes]] = {
    "gzip": (b"gzip", gzip.compress(PAGE)),
    "x-gzip": (b"x-gzip", gzip.compress(PAGE)),
    "two-gzips": (b"gzip", gzip.compress(PAGE[:20]) + gzip.compress(PAGE[20:])),
    "padded-gzip": (b"gzip", gzip.compress(PAGE) + bytes(100)),
    "deflate": (b"deflate", zlib.compress(PAGE)),
    "raw-deflate": (b"deflate", zlib.compress(PAGE)[2:-4]),
    "identity": (b"identity", PAGE),
    "capitals": (b"GZIP", gzip.compress(PAGE)),
    "torn": (b"gzip", gzip.compress(PAGE)[:-9]),
    "none": (b"gzip", PAGE),
    "brotli": (b"br", b"\x8b\x03\x80" + PAGE),
    "twice": (b"gzip, gzip", gzip.compress(gzip.compress(PAGE))),
}


def packed(asked: Handler) -> None:
    """Send the page packed as the path says; the query is how many bytes at a time."""
    packing, body = PACKED[asked.rest[0]]
    asked.head(b"Content-Type: text/html", b"Content-Encoding: " + packing, b"Content-Length: %d" % len(body))
    step = int(asked.query or len(body))
    for start in range(0, len(body), step):
        asked.write(body[start : start + step])
        time.sleep(0.002 if asked.query else 0)


def bomb(asked: Handler) -> None:
    """Send two gigabytes in two megabytes."""
    asked.head(b"Content-Type: text/html", b"Content-Encoding: gzip")
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = bytes(1 << 20)
    for _ in range(2000):
        asked.write(pack.compress(block))
    asked.write(pack.flush())


def bombs(asked: Handler) -> None:
    """Send gzip files without end, each of them empty."""
    asked.head(b"Content-Type: text/html", b"Content-Encoding: gzip")
    asked.keep_on(gzip.compress(b"") * 500)


def endless(asked: Handler) -> None:
    asked.head(b"Content-Type: text/html")
    asked.keep_on(PAGE * 500)


def endless_chunks(asked: Handler) -> None:
    asked.head(b"Content-Type: text/html", b"Transfer-Encoding: chunked")
    asked.keep_on((b"%x\r\n%s\r\n" % (len(PAGE), PAGE)) * 500)


def crumbs(asked: Handler) -> None:
    """Send chunks without end, each of them one byte."""
    asked.head(b"Content-Type: text/html", b"Transfer-Encoding: chunked")
    asked.keep_on(b"1\r\nx\r\n" * 1000)


def drips(asked: Handler) -> None:
    """Send a little every moment, and promise a million bytes."""
    asked.head(b"Content-Type: text/html", b"Content-Length: 1000000")
    asked.keep_on(b"x", every=0.02)


def drips_head(asked: Handler) -> None:
    asked.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    asked.keep_on(b"x", every=0.02)


def mute(asked: Handler) -> None:
    asked.request.recv(1)


def stalls(asked: Handler) -> None:
    asked.head(b"Content-Type: text/html", b"Content-Length: 1000")
    asked.write(PAGE)
    asked.request.recv(1)
    asked.write(PAGE)  # to one who has left
    time.sleep(0.05)
    asked.write(PAGE)


def flood(asked: Handler) -> None:
    asked.write(b"HTTP/1.1 200 OK\r\n")
    asked.keep_on(b"".join(b"X-%d: and on\r\n" % number for number in range(100)))


def long_line(asked: Handler) -> None:
    asked.write(b"HTTP/1.1 200 OK\r\nX: ")
    asked.keep_on(b"x" * 1000)


def continues(asked: Handler) -> None:
    """Say "go on" without end."""
    asked.keep_on(b"HTTP/1.1 100 Continue\r\n\r\n" * 10, every=0.001)


def early(asked: Handler) -> None:
    """Say "go on" and give early hints, then the page."""
    asked.write(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n")
    good(asked)


RAW: dict[str, bytes] = {
    "huge": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 99999999999\r\n\r\n" + PAGE,
    "short": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000\r\n\r\n" + PAGE,
    "chunk": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n0123",
    "no-last-chunk": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
    "two-lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n123456",
    "no-length": b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n" + PAGE,
    "negative": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n12345",
    "switch": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    "half-head": b"HTTP/1.1 200 OK\r\nContent-Ty",
    "nothing": b"",
    "mail": b"220 mail.example.com ESMTP\r\n\r\n",
    "longer": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(PAGE) + PAGE + b"more",
    "long-head": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 50_000 + b"\r\nContent-Type: text/html\r\n\r\n" + PAGE,
    "both": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"%x\r\n%s\r\n0\r\n\r\n" % (len(PAGE), PAGE),
}


def raw(asked: Handler) -> None:
    asked.write(RAW[asked.rest[0]])


PAGES: dict[str, Callable[[Handler], None]] = {
    "seen": seen,
    "good": good,
    "to": to,
    "status": status,
    "typed": typed,
    "untyped": untyped,
    "chain": chain,
    "circle": circle,
    "nowhere": nowhere,
    "empty": empty,
    "packed": packed,
    "bomb": bomb,
    "bombs": bombs,
    "endless": endless,
    "endless-chunks": endless_chunks,
    "crumbs": crumbs,
    "drips": drips,
    "drips-head": drips_head,
    "mute": mute,
    "stalls": stalls,
    "flood": flood,
    "long-line": long_line,
    "continues": continues,
    "early": early,
    "raw": raw,
}


def main() -> None:
    """Serve until standard input ends."""
    order = json.loads(sys.stdin.readline())
    server = Server(order.get("certificate"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    scheme = "https" if server.secured else "http"
    sys.stdout.write(json.dumps({"url": f"{scheme}://127.0.0.1:{server.server_address[1]}"}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
