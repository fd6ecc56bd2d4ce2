"""A web page saved as one file (MHTML) enters; its HTML, and where it came from, leave."""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message

from index.errors import LoadError
from index.reading.decode import decode
from index.reading.metadata import web_address


@dataclass(frozen=True, slots=True)
class SavedPage:
    """The page of an MHTML file, without its pictures."""

    html: str
    url: str | None


def parse_mhtml(data: bytes) -> SavedPage:
    """Return the page itself, which is the first HTML part or the one that ``start`` names; LoadError without one."""
    try:
        # The older policy: it never interprets a header, and so cannot stumble over a malformed one.
        message = message_from_bytes(data, policy=policy.compat32)
        parts = [part for part in message.walk() if part.get_content_type() in ("text/html", "application/xhtml+xml")]
        start = message.get_param("start")
        named = [part for part in parts if start and str(part.get("Content-ID", "")).strip() == start]
        page = (named or parts)[0]
        content = page.get_payload(decode=True)
        charset = page.get_param("charset")
    except IndexError as error:
        raise _no_page("no HTML part") from error
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise _no_page("damaged headers") from error
    text = (
        decode(content, declared=charset if isinstance(charset, str) else None) if isinstance(content, bytes) else None
    )
    if text is None:
        raise _no_page("a part that is not text")
    return SavedPage(text, _address(message, page))


def _address(message: Message, page: Message) -> str | None:
    for value in (message.get("Snapshot-Content-Location"), page.get("Content-Location")):
        if found := web_address("".join(str(value or "").split())):
            return found
    return None


def _no_page(found: str) -> LoadError:
    return LoadError(f"Found {found}; expected a web page saved as one file (MHTML). Save it again, or as HTML.")
