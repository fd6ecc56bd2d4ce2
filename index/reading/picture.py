"""Pixels of a page enter, a PNG within bounds leaves; a PNG that a child sends is held to the same bounds."""

from __future__ import annotations

import math
import struct
import zlib

WIDTH = 1_200
"""Pixels of a picture's width, less where its height would be too much."""
MAX_HEIGHT = 8_000
MAX_PIXELS = 4_000_000
MAX_BYTES = 3 * MAX_PIXELS + 500_000
"""Of a PNG: the pixels as they are, a byte a line, and what names it all."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct(">II5B")  # its width and height, and then:
_COLOUR = (8, 2, 0, 0, 0)  # eight bits, in colour, the one way to pack and to filter, not interlaced


def size_of_picture(width: float, height: float) -> tuple[int, int]:
    """Return the pixels, across and down, that show a page of this size in any unit; ValueError for one of no size."""
    if not (0 < width < math.inf and 0 < height < math.inf):
        raise ValueError("a page without a size")
    scale = min(WIDTH / width, MAX_HEIGHT / height, math.sqrt(MAX_PIXELS / width / height))
    return max(1, int(width * scale)), max(1, int(height * scale))


def png(pixels: bytes, width: int, height: int, stride: int) -> bytes:
    """Return the PNG of pixels of three bytes (red, green, blue) in lines of ``stride`` bytes, from the top."""
    packer = zlib.compressobj()
    packed = [packer.compress(b"\x00" + pixels[at : at + 3 * width]) for at in range(0, height * stride, stride)]
    packed.append(packer.flush())
    header = _chunk(b"IHDR", _HEADER.pack(width, height, *_COLOUR))
    return _SIGNATURE + header + _chunk(b"IDAT", b"".join(packed)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def checked_png(data: bytes) -> bytes:
    """Return bytes that begin as ours do, and so are drawn no larger than ours; ValueError for any others."""
    begin = len(_SIGNATURE) + 8
    header = data[begin : begin + _HEADER.size]
    if not data.startswith(_SIGNATURE + struct.pack(">I", _HEADER.size) + b"IHDR") or len(header) < _HEADER.size:
        raise ValueError("no PNG")
    width, height, *rest = _HEADER.unpack(header)
    if tuple(rest) != _COLOUR or not (0 < width <= WIDTH and 0 < height <= MAX_HEIGHT and width * height <= MAX_PIXELS):
        raise ValueError("a PNG of another kind")
    return data
