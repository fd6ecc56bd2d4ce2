"""The pieces of a packed body enter, its bytes as they were leave, and never more of them than a limit allows."""

from __future__ import annotations

import zlib

PACKINGS = "gzip, deflate"
"""What is unpacked, as an Accept-Encoding header says it."""

_GZIP = b"\x1f\x8b"


class UnpackError(Exception):
    """The bytes are not packed as was said, or end too soon."""


class TooLargeError(Exception):
    """They unpack to more than the limit."""


class Unpacker:
    """Unpacks "gzip", "x-gzip" or "deflate", takes "" and "identity" as they are; UnpackError for another packing."""

    def __init__(self, packing: str, *, limit: int) -> None:
        self._packing = packing.strip().lower().removeprefix("x-")
        if self._packing not in {"", "identity", "gzip", "deflate"}:
            raise UnpackError(f"unknown packing {packing[:20]!r}")
        self._limit = limit
        self._inflate: zlib._Decompress | None = None
        self._held = b""  # the start of a stream, until there is enough of it to tell its kind
        self._ended = False
        self._unpacked = bytearray()

    def feed(self, data: bytes) -> None:
        """Take the next piece; TooLargeError at once when all outgrow the limit, with no more than that in memory."""
        if self._packing in {"", "identity"}:
            self._add(data)
            return
        data, self._held = self._held + data, b""
        while data:
            if self._inflate is None:
                if len(data) < len(_GZIP):
                    self._held = data
                    return
                if self._ended and not data.startswith(_GZIP):  # what follows a stream and is none is padding
                    return
                self._inflate = zlib.decompressobj(_window(data, self._packing))
            data = self._step(self._inflate, data)

    def finish(self) -> bytes:
        """Return all bytes; UnpackError when the last ones are missing."""
        if self._inflate is not None or (self._held and not self._ended):
            raise UnpackError("it ends too early")
        return bytes(self._unpacked)

    def _step(self, inflate: zlib._Decompress, data: bytes) -> bytes:
        """Unpack at most to the limit and return what is still packed."""
        try:
            # One byte beyond the limit tells too much from exactly enough.
            self._add(inflate.decompress(data, self._limit - len(self._unpacked) + 1))
        except zlib.error as error:
            raise UnpackError(str(error)) from None
        if not inflate.eof:
            return inflate.unconsumed_tail
        self._inflate, self._ended = None, True  # a gzip file may go on with another
        return inflate.unused_data

    def _add(self, data: bytes) -> None:
        self._unpacked += data
        if len(self._unpacked) > self._limit:
            raise TooLargeError


def _window(start: bytes, packing: str) -> int:
    """Return zlib's number for a stream that begins so: "deflate" is sent with zlib's header, and wrongly without."""
    if packing == "gzip":
        return 16 + zlib.MAX_WBITS
    has_header = start[0] & 0x0F == 8 and int.from_bytes(start[:2], "big") % 31 == 0
    return zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS
