"""A book's chapters are read in the order of its spine; a damaged or locked one is refused in one line."""

import pytest
from articles_of_every_format import epub, unzipped, zipped

from index.errors import LoadError
from index.reading.load import load_bytes

SEVEN = "The ferry to the island left every morning at seven."
BOOK = epub(
    [
        f"<h1>One</h1><p>{SEVEN}</p><ul><li>A quay</li></ul>",
        "<h1>Two</h1><table><tr><td>1931</td><td>2</td></tr></table>",
    ],
    title="The Ferry & the Inn",
    author="Ann Lee",
    date="1931-05-04",
    language="en-GB",
)


def blocks(document):
    return [(block.level, document.text[block.start : block.end]) for block in document.blocks]


def changed(**members):
    return zipped(unzipped(BOOK) | {name: value for name, value in members.items() if value is not None})


def test_chapters_come_in_order_with_their_headings_and_the_table_of_contents_stays_out():
    document = load_bytes(BOOK, name="ferry.epub")
    assert blocks(document) == [(1, "One"), (0, SEVEN), (0, "A quay"), (1, "Two"), (0, "1931 | 2")]
    assert (document.title, document.author, document.published, document.language) == (
        "The Ferry & the Inn",
        "Ann Lee",
        "1931-05-04",
        "en",
    )


def test_the_spine_gives_the_order_not_the_file():
    parts = unzipped(BOOK)
    package = parts["OEBPS/book.opf"].decode()
    first, second = 'idref="cchapter-1.xhtml"', 'idref="cchapter-2.xhtml"'
    parts["OEBPS/book.opf"] = package.replace(first, "X").replace(second, first).replace("X", second).encode()
    assert [text for level, text in blocks(load_bytes(zipped(parts), name="a.epub")) if level] == ["Two", "One"]


def test_a_japanese_book_is_read_and_a_word_stands_without_its_ruby():
    book = epub(["<h1>島の船</h1><p><ruby>島<rt>しま</rt></ruby>へ渡る船。</p>"], title="船", language="ja")
    document = load_bytes(book, name="a.epub")
    assert (document.title, document.language, document.text) == ("船", "ja", "島の船\n\n島へ渡る船。")


def test_hidden_text_and_scripts_of_a_chapter_are_dropped_and_a_quotations_footer_stays():
    chapter = (
        f"<p>{SEVEN}</p><p style='display:none'>Orders</p><script>orders()</script>"
        "<blockquote><p>Never late.</p><footer>The captain</footer></blockquote>"
    )
    assert load_bytes(epub([chapter]), name="a.epub").text == f"{SEVEN}\n\nNever late.\n\nThe captain"


def test_a_missing_chapter_does_not_take_the_others_with_it():
    parts = unzipped(BOOK)
    del parts["OEBPS/chapter-1.xhtml"]
    assert load_bytes(zipped(parts), name="a.epub").text == "Two\n\n1931 | 2"


def locked(chapter):
    lock = f'<encryption><CipherData><CipherReference URI="{chapter}"/></CipherData></encryption>'
    return epub([f"<p>{SEVEN}</p>"], extra={"META-INF/encryption.xml": lock})


def test_a_locked_book_is_refused_and_one_with_scrambled_fonts_is_read():
    with pytest.raises(
        LoadError, match=r"^a\.epub: Found an EPUB locked by its seller \(DRM\); expected an open one\."
    ):
        load_bytes(locked("OEBPS/chapter-1.xhtml"), name="a.epub")
    assert load_bytes(locked("OEBPS/font.otf"), name="a.epub").text == SEVEN


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (BOOK[:-200], "a.epub: Found an EPUB that is damaged ("),
        (zipped({"mimetype": "application/epub+zip"}, stored=["mimetype"]), "a.epub: Found an EPUB without a list"),
        (changed(**{"OEBPS/book.opf": "<package/>"}), "a.epub: Found an EPUB without any of its chapters;"),
        (changed(**{"OEBPS/book.opf": "nothing"}), "a.epub: Found an EPUB that is damaged ("),
        (changed(**{"OEBPS/chapter-1.xhtml": b" " * 51_000_000}), "a.epub: Found an EPUB that unpacks to 51 MB"),
        (epub([""]), "Found no text in a.epub; expected at least one word"),
    ],
)  # fmt: skip
def test_what_is_no_readable_book_is_refused_in_one_line(data, message):
    with pytest.raises(LoadError) as caught:
        load_bytes(data, name="a.epub")
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_a_book_never_reaches_outside_itself(tmp_path):
    secret = tmp_path / "secret.xhtml"
    secret.write_text("<p>SECRET</p>", encoding="utf-8")
    for href in (f"../../../../../../../../../..{secret}", secret.as_uri(), str(secret), "%2e%2e/%2e%2e/etc/passwd"):
        package = unzipped(BOOK)["OEBPS/book.opf"].decode().replace('href="chapter-2.xhtml"', f'href="{href}"')
        assert load_bytes(changed(**{"OEBPS/book.opf": package}), name="a.epub").text == f"One\n\n{SEVEN}\n\nA quay"
