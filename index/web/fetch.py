"""A URL enters, the bytes of the one page it names leave; what may not be fetched is a FetchError saying why.

fetch ── parse_page_url ── connect ── get ── redirect? follow, and again ── _page ── page_name
"""

from __future__ import annotations

import email.utils
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime

from index.errors import FetchError
from index.web.connect import THE_INTERNET, Network, connect
from index.web.exchange import Reply, get
from index.web.page_name import SUFFIX_OF, is_known, page_name
from index.web.page_url import PageUrl, follow, parse_page_url
from index.web.unpack import PACKINGS, TooLargeError, Unpacker, UnpackError
from index.web.wire import Watch

OnReceived = Callable[[int, int | None], None]
"""Called often, and at least several times a second from the first moment on, with the bytes that have come and how
many there will be (None: not said); it raises to stop the fetch."""

HEADERS: Mapping[str, str] = {
    "User-Agent": "ArticleAssistant/0.1 (one page, asked for by its reader)",
    "Accept": "text/html, application/xhtml+xml, application/pdf, text/plain, text/markdown, */*;q=0.5",
    "Accept-Encoding": PACKINGS,
}
"""All that a request says, but for Host: no cookie, no credential, no referrer."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PAGES = frozenset({200, 203})
_NAMELESS = frozenset(
    {"application/octet-stream", "binary/octet-stream", "application/force-download", "application/x-download"}
)
_NO_ARTICLE = frozenset({"text/css", "text/javascript", "text/ecmascript", "text/event-stream"})
_XML = frozenset({"application/xml", "application/rss+xml", "application/atom+xml"})
_DAY_S = 86_400
_BY_HAND = "Open it in a browser, save the page and add the file."
_WHY: Mapping[int, tuple[str, str]] = {
    401: ("that asks for a password", _BY_HAND),
    402: ("that asks for payment", _BY_HAND),
    403: ("that is closed to programs, or not open to everyone", _BY_HAND),
    404: ("that does not exist", "Check the URL."),
    407: ("that asks for a proxy", _BY_HAND),
    410: ("that is gone", "Check the URL."),
    429: ("that was requested too often", ""),
    451: ("that is withheld for legal reasons", "Add the article from another source."),
    503: ("that is not available at the moment", ""),
}


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """How much, how long and how far a fetch may go."""

    raw_bytes: int = 20_000_000
    """Most bytes of a body as it comes."""
    decoded_bytes: int = 50_000_000
    """Most bytes of a body once it is unpacked."""
    header_bytes: int = 64 * 1024
    """Most bytes of the headers of one reply."""
    connect_s: float = 10.0
    """Longest wait for a connection: its name's address, the connection itself, and TLS."""
    total_s: float = 30.0
    """Longest fetch in all, redirects included."""
    redirects: int = 5
    """Most redirects followed."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page as it came."""

    url: str = field(repr=False)
    """Where it was in the end, after redirects, without user, password or fragment; its query may be a secret."""
    media_type: str | None
    """Its type in small letters without parameters, such as "text/html"; None where the server does not say."""
    content_type: str
    """The Content-Type header as it came, "" without one: the loader finds the character set in it."""
    data: bytes = field(repr=False)
    """The body, unpacked."""
    name: str
    """A name for it as a file: no folder, never empty, its suffix that of its type."""


def fetch(
    url: str,
    *,
    progress: OnReceived | None = None,
    limits: FetchLimits = FetchLimits(),
    _network: Network = THE_INTERNET,
) -> Fetched:
    """Return the page at an http or https URL on the public internet; it blocks, and any thread may call it.

    Every address on the way is checked as it is connected to, and every redirect as if it had been asked for. What
    ``progress`` raises passes through once the connection is closed. Raises FetchError for a URL, an address or a
    redirect that is refused, for no answer, any status but success, a type that no article has, a body that is torn,
    empty or too large, and when the time is over.
    """
    return _Fetch(limits, _network, progress).run(url)


class _Fetch:
    """One fetch, with what it knows while it goes on."""

    def __init__(self, limits: FetchLimits, network: Network, progress: OnReceived | None) -> None:
        self._limits = limits
        self._network = network
        self._progress = progress
        self._done = 0
        self._expected: int | None = None
        self._ends = time.monotonic() + limits.total_s

    def run(self, url: str) -> Fetched:
        try:
            page = parse_page_url(url)
        except ValueError as error:
            raise FetchError(f"Found a URL that is not fetched: {error}") from None
        seen = [page]
        while True:
            result = self._one(page)
            if isinstance(result, Fetched):
                return result
            if result in seen:
                raise FetchError(
                    f"Found {page.shown} redirecting in a circle, as pages that need cookies do; expected a page. "
                    f"{_BY_HAND}"
                )
            if len(seen) > self._limits.redirects:
                raise FetchError(
                    f"Found more than {self._limits.redirects} redirects, the last from {page.shown}; expected a page. "
                    "Give the URL that a browser ends up at."
                )
            seen.append(page := result)

    def _one(self, page: PageUrl) -> Fetched | PageUrl:
        """Return the page, or where it redirects to."""
        watch = Watch(
            self._ends,
            self._tick,
            f"Found {page.shown} incomplete after {self._limits.total_s:g} s; expected all of it. Try again later.",
        )
        connecting = watch.until(
            time.monotonic() + self._limits.connect_s,
            f"Found no answer from {page.host} in {self._limits.connect_s:g} s; expected a site. "
            "Check the URL, or your connection; a proxy is never asked.",
        )
        with closing(connect(page, network=self._network, watch=connecting)) as connection:
            reply = get(page, connection, headers=HEADERS, header_bytes=self._limits.header_bytes, watch=watch)
            if reply.status in _REDIRECTS:
                return _next(page, reply)
            _check_status(page, reply)
            return self._page(page, reply)

    def _page(self, page: PageUrl, reply: Reply) -> Fetched:
        content_type = reply.headers.get("content-type", "")
        media_type = content_type.partition(";")[0].strip().lower() or None
        name = page_name(page, media_type=media_type, disposition=reply.headers.get("content-disposition", ""))
        _check_type(page, media_type, name)
        data = self._body(page, reply)
        if not data:
            raise FetchError(f"Found nothing at {page.shown}; expected a page. {_BY_HAND}")
        return Fetched(str(page), media_type, content_type, data, name)

    def _body(self, page: PageUrl, reply: Reply) -> bytes:
        limits = self._limits
        self._expected = _length(reply)
        if (self._expected or 0) > limits.raw_bytes:
            raise _too_large(page, limits.raw_bytes)
        try:
            unpacker = Unpacker(reply.headers.get("content-encoding", ""), limit=limits.decoded_bytes)
            for piece in reply.body:
                self._done += len(piece)
                if self._done > limits.raw_bytes:
                    raise _too_large(page, limits.raw_bytes)
                unpacker.feed(piece)
                self._tick()
            return unpacker.finish()
        except TooLargeError:
            raise _too_large(page, limits.decoded_bytes) from None
        except UnpackError as error:
            raise FetchError(
                f"Found {page.shown} packed in an unreadable way ({error}); expected gzip or deflate. {_BY_HAND}"
            ) from None

    def _tick(self) -> None:
        if self._progress:
            self._progress(self._done, self._expected)


def _next(page: PageUrl, reply: Reply) -> PageUrl:
    location = reply.headers.get("location", "")
    if not location:
        raise FetchError(f"Found {page.shown} redirecting to nowhere; expected a page. {_BY_HAND}")
    try:
        found = follow(page, location)
    except ValueError as error:
        raise FetchError(f"Found {page.shown} redirecting to a URL that is not fetched: {error}") from None
    if page.scheme == "https" and found.scheme == "http":
        raise FetchError(
            f"Found {page.shown} redirecting from https to http, where anyone on the way may change it; "
            f"expected https. {_BY_HAND}"
        )
    return found


def _check_status(page: PageUrl, reply: Reply) -> None:
    if reply.status in _PAGES:
        return
    what, mend = _WHY.get(reply.status, ("that is not available", _BY_HAND))
    if reply.status >= 500 and reply.status not in _WHY:
        what, mend = "that its server failed to make", ""
    mend = mend or f"Try again {_pause(reply.headers.get('retry-after', ''))}."
    raise FetchError(f"Found a page {what} (HTTP {reply.status}) at {page.shown}; expected an article. {mend}")


def _pause(retry_after: str) -> str:
    """Return when to try again, as a Retry-After header says it: in seconds, or as a date."""
    if retry_after.isascii() and retry_after.isdecimal():
        seconds = int(retry_after[:9])
    else:
        try:
            at = email.utils.parsedate_to_datetime(retry_after)
            seconds = round(((at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds())
        except (ValueError, TypeError, OverflowError):
            return "later"
    if not 1 <= seconds <= _DAY_S:
        return "later"
    return f"in {seconds} seconds" if seconds <= 120 else f"in {-(-seconds // 60)} minutes"


def _check_type(page: PageUrl, media_type: str | None, name: str) -> None:
    """Refuse what is no article by its type; what has none, the loader looks at."""
    if media_type is None or media_type in SUFFIX_OF or media_type in _XML:
        return
    if media_type.startswith("text/") and media_type not in _NO_ARTICLE:
        return
    if media_type in _NAMELESS and is_known(name):
        return
    shown = "".join(c for c in media_type if c.isprintable())[:60]
    raise FetchError(
        f"Found {page.shown} to be of type {shown!r}; expected a web page, a PDF or another document. Check the URL."
    )


def _length(reply: Reply) -> int | None:
    """Return the length of the body as it comes; h11 refuses lengths that are none, or more than one."""
    length = reply.headers.get("content-length", "")
    return int(length) if length.isdecimal() and "transfer-encoding" not in reply.headers else None


def _too_large(page: PageUrl, limit: int) -> FetchError:
    return FetchError(
        f"Found more than {limit / 1e6:g} MB at {page.shown}; expected at most that. "
        "Save it and split it into several articles."
    )
