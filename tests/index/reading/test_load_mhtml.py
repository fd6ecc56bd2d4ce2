"""A page saved as one file is the page: in its own charset, at the address it was saved from."""

import pytest
from articles_of_every_format import html, mhtml

from index.errors import LoadError
from index.reading.load import load_bytes

SEVEN = "The ferry to the island left every morning at seven, and came back when the tide allowed it to."
PAGE = html(f"<article><h1>Ferry</h1><p>{SEVEN} = 7</p></article>", title="Ferry - The Daily")


def test_a_saved_page_is_read_with_the_address_it_came_from():
    document = load_bytes(mhtml(PAGE, url="https://example.org/a?b=1"), name="page.mhtml")
    assert (document.title, document.text, document.url) == ("Ferry", f"{SEVEN} = 7", "https://example.org/a?b=1")


@pytest.mark.parametrize("charset", ["utf-8", "shift_jis", "euc-jp", "iso-2022-jp", "utf-16"])
def test_a_saved_page_is_read_in_the_charset_of_its_part(charset):
    page = html("<article><h1>橋</h1><p>橋は夏に開通した。</p></article>").replace('<meta charset="utf-8">', "")
    document = load_bytes(mhtml(page, charset=charset), name="a.mht")
    assert (document.title, document.text, document.language) == ("橋", "橋は夏に開通した。", "ja")


def test_the_part_that_the_head_names_is_the_page_not_a_frame_before_it():
    data = mhtml(PAGE).replace(b"boundary=", b'start="<page@x>"; boundary=')
    frame = b"------Part\r\nContent-Type: text/html\r\n\r\n<p>An advertisement in a frame.</p>\r\n"
    first = data.index(b"------Part\r\n")
    named = data[first:].replace(b"Content-Location:", b"Content-ID: <page@x>\r\nContent-Location:", 1)
    assert load_bytes(data[:first] + frame + named, name="a.mht").text == f"{SEVEN} = 7"


def test_a_saved_page_is_known_by_its_head():
    for name in ("download", "a.html.mht", "page.php", "a.mhtml"):
        assert load_bytes(mhtml(PAGE), name=name).title == "Ferry"


@pytest.mark.parametrize(
    "data",
    [
        b"Content-Type: multipart/related; boundary=x\r\n\r\n--x\r\nContent-Type: image/png\r\n\r\nx\r\n--x--",
        b"nothing of the kind",
        b"Content-Type: text/html; charset*=x''%zz\r\n\r\n",
        b"Content-Type: multipart/related; boundary=x\r\n\r\n" * 3_000,
        b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n\xff\xfe\x00",
    ],
)  # fmt: skip
def test_what_is_no_saved_page_is_refused_in_one_line(data):
    with pytest.raises(LoadError) as caught:
        load_bytes(data, name="a.mhtml")
    assert "a.mhtml" in str(caught.value)
    assert "\n" not in str(caught.value)
