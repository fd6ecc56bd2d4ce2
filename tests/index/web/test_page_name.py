"""A fetched page has a name as a file, whatever its server says."""

from pathlib import PurePath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.web.page_name import page_name
from index.web.page_url import parse_page_url


def name(path: str, *, media_type: str | None = "text/html", disposition: str = "") -> str:
    page = parse_page_url(f"https://example.com{path}")
    return page_name(page, media_type=media_type, disposition=disposition)


@pytest.mark.parametrize(
    ("path", "media_type", "expected"),
    [
        ("/wiki/Tay_Bridge", "text/html", "Tay_Bridge.html"),
        ("/wiki/日本", "text/html", "日本.html"),
        ("/wiki/Node.js", "text/html", "Node.js.html"),
        ("/paper.pdf", "application/pdf", "paper.pdf"),
        ("/paper.PDF?download=1", "application/pdf", "paper.PDF"),
        ("/pdf/2101.00001", "application/pdf", "2101.00001.pdf"),
        ("/paper.pdf", "text/html", "paper.pdf.html"),
        ("/page.htm", "text/html", "page.htm"),
        ("/page.html", "application/xhtml+xml", "page.html"),
        ("/README.md", "text/plain", "README.md"),
        ("/page.html", "text/plain", "page.html"),
        ("/README", "text/plain", "README.txt"),
        ("/2024/05/the-title/", "text/html", "the-title.html"),
        ("/", "text/html", "example.com.html"),
        ("", None, "example.com"),
        ("/a%2Fb%2Fc", "text/html", "c.html"),
        ("/..%2F..%2Fetc%2Fpasswd", "text/plain", "passwd.txt"),
        ("/%2e%2e/%2e", "text/html", "example.com.html"),
        ("/con.html", "text/html", "_con.html"),
        ("/a%00b%0Ac%E2%80%AEd", "text/html", "abcd.html"),
        ("/a:b%3Fc*d", "text/html", "a-b-c-d.html"),
        ("/" + "a" * 300, "text/html", "a" * 100 + ".html"),
    ],
)
def test_the_last_part_of_the_url_is_the_name(path: str, media_type: str | None, expected: str):
    assert name(path, media_type=media_type) == expected


@pytest.mark.parametrize(
    ("disposition", "expected"),
    [
        ('attachment; filename="The Tay Bridge.pdf"', "The Tay Bridge.pdf"),
        ("inline; filename=tay.pdf", "tay.pdf"),
        ("attachment; filename*=UTF-8''%E6%A9%8B.pdf", "橋.pdf"),
        ("attachment; filename*=no-such-set''a%00b.pdf", "ab.pdf"),
        ('attachment; filename="../../etc/passwd"', "passwd.pdf"),
        ('attachment; filename="C:\\\\Users\\\\a.pdf"', "a.pdf"),
        ('attachment; filename="橋.pdf"', "橋.pdf"),
        ('attachment; filename=".."', "url.pdf"),
        ("attachment; filename=", "url.pdf"),
        ("attachment", "url.pdf"),
        (";;;=\n x", "url.pdf"),
    ],
)
def test_the_server_may_name_the_file(disposition: str, expected: str):
    assert name("/url", media_type="application/pdf", disposition=disposition) == expected


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40), st.sampled_from([None, "text/html", "application/pdf", "x/y"]))
def test_a_name_is_never_a_path_never_empty_and_never_hidden(path: str, disposition: str, media_type: str | None):
    for header in (disposition, f'attachment; filename="{disposition}"', f"attachment; filename*=utf-8''{disposition}"):
        try:
            found = name("/" + path, media_type=media_type, disposition=header)
        except ValueError:  # no URL
            return
        assert found
        assert PurePath(found).name == found
        assert found.isprintable()
        assert not set('/\\<>:"|?*') & set(found)
        assert found[0] != "."
        assert len(found) <= 110
