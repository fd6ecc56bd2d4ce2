"""What was packed comes out as it was, in whatever pieces it arrives, and never more of it than the limit."""

import gzip
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.web.unpack import TooLargeError, Unpacker, UnpackError

PACK = {
    "": lambda data: data,
    "identity": lambda data: data,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "raw": lambda data: zlib.compress(data)[2:-4],
    "two": lambda data: gzip.compress(data[:7]) + gzip.compress(data[7:]),
}
NAMES = {"raw": "deflate", "two": "gzip"}


def unpack(packing: str, packed: bytes, *, step: int, limit: int = 1 << 20) -> bytes:
    unpacker = Unpacker(NAMES.get(packing, packing), limit=limit)
    for start in range(0, len(packed), step):
        unpacker.feed(packed[start : start + step])
    return unpacker.finish()


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(PACK)), st.binary(max_size=300), st.integers(1, 50))
def test_unpacking_returns_what_was_packed(packing: str, data: bytes, step: int):
    assert unpack(packing, PACK[packing](data), step=step) == data


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(PACK)), st.integers(1, 5000), st.integers(0, 5000), st.integers(1, 500))
def test_the_limit_is_exact(packing: str, size: int, limit: int, step: int):
    packed = PACK[packing](bytes(size))
    if size <= limit:
        assert unpack(packing, packed, step=step, limit=limit) == bytes(size)
    else:
        with pytest.raises(TooLargeError):
            unpack(packing, packed, step=step, limit=limit)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(["gzip", "deflate"]), st.binary(max_size=100), st.integers(1, 20))
def test_what_was_never_packed_is_an_error_or_some_bytes(packing: str, data: bytes, step: int):
    try:
        assert isinstance(unpack(packing, data, step=step), bytes)
    except UnpackError as error:
        assert str(error)  # noqa: PT017 - either end is right


@pytest.mark.parametrize("packing", ["gzip", "deflate", "raw"])
def test_a_body_that_ends_too_soon_is_an_error(packing: str):
    whole = PACK[packing](b"The bridge was opened in 1887.")
    for length in range(1, len(whole)):
        with pytest.raises(UnpackError):
            unpack(packing, whole[:length], step=5)


@pytest.mark.parametrize("packing", ["br", "zstd", "compress", "gzip, gzip", "gzip,br", "x"])
def test_an_unknown_packing_is_an_error(packing: str):
    with pytest.raises(UnpackError, match="unknown packing"):
        Unpacker(packing, limit=10)
