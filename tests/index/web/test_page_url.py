"""A URL is read in one way, and what was read is what is written again."""

from contextlib import suppress
from urllib.parse import urlsplit

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.web.page_url import follow, parse_page_url

# Characters that parsers have split on differently, and some that none does.
odd = st.text(st.sampled_from("abX01.-_~:/?#@[]%\\ \t\n\u00ad。．①ß例é☃xn;&=+,'\"|^`{}"), max_size=30)
secrets = odd.map("{}-secret".format)
hosts = st.sampled_from(["example.com", "EXAMPLE.com", "93.184.215.14", "[2606:4700::1111]", "münchen.de", "例え。jp"])
urls = st.builds(
    lambda scheme, host, port, rest: f"{scheme}://{host}{port}{rest}",
    st.sampled_from(["http", "https", "HTTP"]),
    st.one_of(hosts, odd),
    st.sampled_from(["", ":80", ":443", ":", ":22"]),
    st.one_of(odd, odd.map("/{}".format), st.text(max_size=20).map("/{}".format)),
)


@settings(max_examples=500, deadline=None)
@given(urls)
def test_reading_what_was_read_changes_nothing(url):
    try:
        page = parse_page_url(url)
    except ValueError:
        return
    assert parse_page_url(str(page)) == page


@settings(max_examples=500, deadline=None)
@given(urls)
def test_two_other_parsers_read_the_same_host_from_what_was_read(url):
    try:
        page = parse_page_url(url)
    except ValueError:
        return
    for parsed in (urlsplit(str(page)), urlsplit(url)):
        assert parsed.scheme == page.scheme
    assert urlsplit(str(page)).hostname == page.host
    other = httpx2.URL(str(page))
    assert (other.scheme, other.host, other.raw_host) == (page.scheme, other.host, page.host.encode())
    if "/." not in page.path:  # it takes out the dots, as servers do
        assert other.raw_path == page.target.encode()


@settings(max_examples=300, deadline=None)
@given(hosts, odd)
def test_nothing_after_the_host_changes_the_host(host, rest):
    expected = parse_page_url(f"https://{host}/").host
    for mark in "/?#":
        try:
            found = parse_page_url(f"https://{host}{mark}{rest}")
        except ValueError:
            continue
        assert found.host == expected


@settings(max_examples=300, deadline=None)
@given(urls, secrets)
def test_an_error_holds_nothing_of_the_url(url, secret):
    for tried in (url + secret, secret + url, f"https://{secret}@example.com/", f"https://example.com:{secret}/"):
        with suppress(ValueError):
            parse_page_url(tried)
            continue
        with pytest.raises(ValueError, match=r"\.$") as caught:
            parse_page_url(tried)
        assert secret not in str(caught.value)
        assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://EXAMPLE.com:443/A/../b", "https://example.com/A/../b"),
        ("http://example.com:80?q=a b".replace(" ", "+"), "http://example.com/?q=a+b"),
        ("https://example.com/a#part", "https://example.com/a"),
        ("https://ja.wikipedia.org/wiki/日本?x=é", "https://ja.wikipedia.org/wiki/%E6%97%A5%E6%9C%AC?x=%C3%A9"),
        ("https://example.com/%E6%97%A5%2f", "https://example.com/%E6%97%A5%2f"),
        ('https://example.com/a"b<c>', "https://example.com/a%22b%3Cc%3E"),
        ("https://MÜNCHEN.de/", "https://xn--mnchen-3ya.de/"),
        ("https://faß.de/", "https://xn--fa-hia.de/"),
        ("https://例え。jp/", "https://xn--r8jz45g.jp/"),
        ("https://[2606:4700:0:0::1111]/", "https://[2606:4700::1111]/"),
    ],
)
def test_a_url_is_written_in_one_form(url, read):
    assert str(parse_page_url(url)) == read


@pytest.mark.parametrize(
    ("location", "leads_to"),
    [
        ("/x y", "https://example.com/x%20y"),
        ("../z?q=1", "https://example.com/z?q=1"),
        ("?q", "https://example.com/a/b?q"),
        ("//other.example.com/p", "https://other.example.com/p"),
        ("https://other.example.com/日本", "https://other.example.com/%E6%97%A5%E6%9C%AC"),
        (" /spaced ", "https://example.com/spaced"),
        ("#part", "https://example.com/a/b"),
    ],
)
def test_a_redirect_is_read_from_where_it_was_met(location, leads_to):
    assert str(follow(parse_page_url("https://example.com/a/b"), location)) == leads_to


@pytest.mark.parametrize("location", ["file:///etc/passwd", "/a\tb", "/a\nb", "http:\\\\x.com", "//a@b.com/", "//[::1"])
def test_an_odd_redirect_is_an_error(location):
    with pytest.raises(ValueError, match=r"\. "):
        follow(parse_page_url("https://example.com/a/b"), location)


def test_what_is_shown_of_a_url_has_no_query_and_is_short():
    assert parse_page_url("https://example.com/a?token=secret").shown == "https://example.com/a"
    assert len(parse_page_url("https://example.com/" + "a" * 500).shown) == 100
    assert "secret" not in repr(parse_page_url("https://example.com/a?token=secret"))
