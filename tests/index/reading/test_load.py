"""What enters as a file, in any format and however damaged, leaves as text with exact places, or as one clear line."""

import os
import time
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from index.errors import LoadError
from index.reading.canonical import clean_block
from index.reading.load import MAX_BYTES, document_from_text, document_id, load, load_bytes

PARAGRAPH = "The ferry to the island left every morning at seven, and came back when the tide allowed it to."


def blocks(document):
    return [(block.level, document.text[block.start : block.end]) for block in document.blocks]


def assert_document_holds_its_promises(document):
    assert document.text == unicodedata.normalize("NFC", document.text)
    document.text.encode("utf-8")
    assert document.id
    end = 0
    for block in document.blocks:
        text = document.text[block.start : block.end]
        assert text
        assert text == text.strip()
        assert "\n\n" not in text
        assert document.text[end : block.start] == ("\n\n" if end else "")
        assert (block.kind == "heading") == (1 <= block.level <= 6)
        assert clean_block(text) == text
        end = block.end
    assert end == len(document.text)


# --- plain text


def test_lines_are_paragraphs_and_short_lines_above_them_are_headings():
    text = (
        "The Ferry\nBy Ann Lee\nDate: 6 May 2024\n"
        f"{PARAGRAPH}\nIt was never late.\nThe Crew\n{PARAGRAPH}\n\nRELATED:\n- A boat\n- A quay\n"
    )
    document = load_bytes(text.encode(), name="ferry.txt")
    assert blocks(document) == [
        (1, "The Ferry"),
        (0, "By Ann Lee"),
        (0, "Date: 6 May 2024"),
        (0, PARAGRAPH),
        (0, "It was never late."),
        (2, "The Crew"),
        (0, PARAGRAPH),
        (2, "RELATED:"),
        (0, "- A boat"),
        (0, "- A quay"),
    ]
    assert (document.title, document.author, document.published, document.language, document.id) == (
        "The Ferry",
        "Ann Lee",
        "2024-05-06",
        "en",
        "ferry",
    )


def test_a_caption_and_a_link_to_a_translation_above_an_article_are_no_headings():
    document = load_bytes(
        f"Harbour Office\n日本語で読む\n{PARAGRAPH}\nAuthor: Ann Lee\n".encode(), name="the-old_ferry.txt"
    )
    assert [level for level, _ in blocks(document)] == [0, 0, 0, 0]
    assert (document.title, document.author) == ("The old ferry", "Ann Lee")


def test_wrapped_lines_are_joined_and_the_heading_stays_apart():
    wrapped = (
        "The Ferry\n\n"
        "The ferry to the island left every morning at seven, and\n"
        "came back when the tide allowed it to, which was some-\n"
        "times late in the evening and at times not before noon.\n\n"
        "Nobody minded much, for the island had an inn with a good\n"
        "kitchen, and the inn had a cellar.\n"
    )
    document = load_bytes(wrapped.encode(), name="ferry.txt")
    assert blocks(document) == [
        (1, "The Ferry"),
        (
            0,
            f"{PARAGRAPH[:-1]}, which was some-times late in the evening and at times not before noon.",
        ),
        (0, "Nobody minded much, for the island had an inn with a good kitchen, and the inn had a cellar."),
    ]


def test_wrapped_japanese_is_joined_without_spaces():
    paragraph = "島へ渡る船は毎朝七時に港を出て、潮が許せば夕方に戻ってきた。乗客の多くは島の宿で働く人々であった。" * 3
    wrapped = "\n".join(paragraph[i : i + 32] for i in range(0, len(paragraph), 32))
    document = load_bytes(wrapped.encode(), name="船.txt")
    assert (document.text, document.language, document.id, document.title) == (paragraph, "ja", "船", "船")


def test_the_lines_of_a_poem_stay_apart():
    poem = "The boat went out upon the grey and empty sea\nAnd no one knew\nWhere it would go\nOr when, if\n"
    assert len(load_bytes(poem.encode(), name="poem.txt").blocks) == 4


def test_an_underlined_line_is_a_heading_and_the_underline_is_dropped():
    document = load_bytes(f"Ferry\n=====\n{PARAGRAPH}\n".encode(), name="a.txt")
    assert blocks(document) == [(1, "Ferry"), (0, PARAGRAPH)]


def test_a_one_word_article_is_an_article():
    document = load_bytes(b"Hello", name="word.txt")
    assert (blocks(document), document.title, document.language) == ([(0, "Hello")], "Word", "en")


def test_marks_of_prompts_and_templates_stay_as_the_article_has_them():
    text = "Write <|im_start|> and {braces} and `ticks` and [9] and ${this} and </s> as they are."
    assert load_bytes(text.encode(), name="a.txt").text == text


def test_characters_no_reader_sees_are_dropped_and_those_seen_stay():
    hidden = "a\u200bb\u202ec\u00add\x07\x1b[e\ufefff\U000e0041\U000e0042g\u2066h\u2060\x00".replace("\x00", "")
    seen = "e\u0301 ½ ﬁ ㎏ １ 👨\u200d👩 می\u200cخواهم 葛\U000e0100"
    document = document_from_text(f"{hidden} {seen}", id="a", title="")
    assert document.text == "abcd[efgh é ½ ﬁ ㎏ １ 👨\u200d👩 می\u200cخواهم 葛\U000e0100"


def test_spaces_are_single_and_an_ideographic_space_is_kept():
    assert document_from_text("\u3000一 \u00a0 二\t三\u3000 \u3000四  ", id="a", title="").text == "一 二 三\u3000四"


def test_a_text_with_a_known_title_takes_none_from_its_first_line():
    document = document_from_text(f"The Ferry\n{PARAGRAPH}", id="x:1", title="Boats", language="en")
    assert (document.id, document.title, blocks(document)[0]) == ("x:1", "Boats", (2, "The Ferry"))
    assert document_from_text(PARAGRAPH, id="x", title="").title == ""


# --- Markdown

MARKDOWN = """---
title: "Tay: a bridge"
author: [Ann Lee, Bo Ek]
date: 2024-05-06
lang: en-GB
url: https://example.org/tay
site: The Engineer
questions:
  - Who built it?
  - 7
---
# Tay: a bridge

Intro with *emph*, **bold**, `{x}`, a [link](http://x) and ![a picture](y.png). Keep [9] <|im_start|>.
A <b>wrapped</b> <!-- secret --> line.<script>alert(1)</script>

## Costs of `it`

- first
  goes on
  - nested
1. second

> quoted

```
a = 1

b = 2
```

| Year | Cost |
|------|------|
| 1878 | 300 |

<div>Tagged <p>part</p><script>bad()</script><p style="display: none">hidden</p></div>

橋は
長い。
"""


def test_markdown_becomes_what_its_reader_sees():
    document = load_bytes(MARKDOWN.encode(), name="tay.md")
    assert blocks(document) == [
        (0, "Intro with emph, bold, {x}, a link and . Keep [9] <|im_start|>. A wrapped line."),
        (2, "Costs of it"),
        (0, "first goes on"),
        (0, "nested"),
        (0, "1. second"),
        (0, "quoted"),
        (0, "a = 1\nb = 2"),
        (0, "Year | Cost"),
        (0, "1878 | 300"),
        (0, "Tagged"),
        (0, "part"),
        (0, "橋は長い。"),
    ]
    assert (document.title, document.author, document.published) == ("Tay: a bridge", "Ann Lee, Bo Ek", "2024-05-06")
    assert (document.language, document.url, document.site, document.questions) == (
        "en",
        "https://example.org/tay",
        "The Engineer",
        ("Who built it?",),
    )


def test_the_first_level_one_heading_is_the_title_and_is_not_repeated():
    document = load_bytes(f"# A *Ferry*\n\n{PARAGRAPH}\n\n# Second\n\nText.\n".encode(), name="a.md")
    assert (document.title, blocks(document)) == ("A Ferry", [(0, PARAGRAPH), (1, "Second"), (0, "Text.")])


def test_an_article_of_one_heading_keeps_it():
    document = load_bytes(b"# Only this", name="a.md")
    assert (document.title, blocks(document)) == ("Only this", [(1, "Only this")])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The bell rings at ~~noon~~ six.", "The bell rings at six."),
        ("The bell rings at <del>noon <del>or</del> one</del> <ins>six</ins>.", "The bell rings at six."),
        ("The bell rings at <S>noon</S> six.", "The bell rings at six."),
        ('At <span style="text-decoration: line-through">noon <b>or</b> so</span> six.', "At six."),
        ("~~It never rings.~~\n\nAt ~ six.", "At ~ six."),
        ("| A | B |\n|---|---|\n| ~~1~~ 2 | `~~3~~` |", "A | B\n\n2 | ~~3~~"),
    ],
)
def test_what_markdown_strikes_out_is_not_the_articles(text, words):
    assert load_bytes(text.encode(), name="a.md").text == words


def test_front_matter_values_of_a_wrong_type_are_ignored():
    fields = "title: {a: 1}\nauthor: [1, 2]\ndate: soon\nlanguage: 5\nurl: 'javascript:alert(1)'\nquestions: none"
    text = f"---\n{fields}\n---\nHi there.\n"
    document = load_bytes(text.encode(), name="note.md")
    assert (document.title, document.author, document.published, document.url) == ("Note", None, None, None)
    assert (document.language, document.questions, document.text) == ("en", (), "Hi there.")


@pytest.mark.parametrize(
    ("title", "read"),
    [
        ("title: The quay: a history", "The quay: a history"),
        ("title:\tThe quay", "The quay"),
        ("title:The quay", "The quay"),
        ('title: "The quay', "The quay"),
        ('title: "The quay" by night', '"The quay" by night'),
        ("title: The quay\ntags:\n\t- stone", "The quay"),
        ("title: @quay: 'old'", "@quay: 'old'"),
        ("title: [Part 1] The quay", "[Part 1] The quay"),
        ("title: The quay\nnonsense", "The quay"),
        ("title: The quay\nmood: [unclosed\ndraft: {", "The quay"),
        ("  title: The quay: a history\n  mood: fair", "The quay: a history"),
    ],
)
def test_front_matter_that_is_not_yaml_is_read_field_by_field(title, read):
    fields = f"{title}\nauthor: Ann Lee\ndate: 2024-05-06\nquestions:\n  - How long is it?"
    if title.startswith(" "):
        fields = fields.replace("\n", "\n  ")
    document = load_bytes(f"---\n{fields}\n---\nIt is of stone.\n".encode(), name="note.md")
    assert (document.title, document.author, document.published) == (read, "Ann Lee", "2024-05-06")
    assert (document.questions, document.text) == (("How long is it?",), "It is of stone.")


@pytest.mark.parametrize(
    "top",
    [
        '+++\ntitle = "The Pier: a history"\nauthor = "Ida Holm"\ndate = 2024-05-06\ntags = ["a"]\n+++\n',
        "+++\ntitle = 'The Pier: a history'\nauthor = Ida Holm\ndate = 2024-05-06\n+++\n",
        "---\nTitle:\t'The Pier: a history'\nAuthor: Ida Holm\nDate: 2024-05-06\n---\n",
        "Title: The Pier: a history\nAuthor: Ida Holm\nDate: 2024-05-06\n",
        "% The Pier: a history\n% Ida Holm\n% 2024-05-06\n",
    ],
)
def test_front_matter_is_read_in_the_forms_of_other_programs(top):
    document = load_bytes(f"{top}\n{PARAGRAPH}".encode(), name="a.md")
    assert (document.title, document.author, document.published) == ("The Pier: a history", "Ida Holm", "2024-05-06")
    assert document.text == PARAGRAPH


def test_items_of_numbered_lists_keep_their_numbers_and_raised_numbers_are_no_digits():
    text = (
        "4. Paint\n   - rail\n   - lamp\n4. Mend\n\n   Well.\n\ntext\n\n1) First\n\nIs 10<sup>6</sup> m, x^2^ or m^t^."
    )
    assert [words for _, words in blocks(load_bytes(text.encode(), name="a.md"))] == [
        "4. Paint", "rail", "lamp", "5. Mend", "Well.", "text", "1. First", "Is 10⁶ m, x² or m^t^.",
    ]  # fmt: skip


@pytest.mark.parametrize("broken", ["date: 2024-13-45", "date: &a [*a, *b]", "mood: " + "[" * 5_000, "a:b"])
def test_front_matter_that_says_nothing_does_not_stand_in_the_way(broken):
    document = load_bytes(f"---\n{broken}\n---\n# The quay\n\nIt is of stone.\n".encode(), name="note.md")
    assert (document.title, document.published, document.text) == ("The quay", None, "It is of stone.")


def test_an_article_between_two_rules_is_not_front_matter():
    assert load_bytes(b"---\n\nJust text.\n\n---\n\nMore.", name="a.md").text == "Just text.\n\nMore."


# --- HTML

PAGE = f"""<!doctype html><html lang="en"><head><title>Bridges &amp; Rivers - The Site</title>
<meta name="author" content="Ann Lee"><meta property="article:published_time" content="2024-05-06T10:00:00Z">
<link rel="canonical" href="https://example.org/a"></head><body>
<nav><ul><li><a href="/">Home</a></li></ul></nav>
<article><h1>Bridges &amp; Rivers</h1><p>{PARAGRAPH}</p><h2>The <em>river</em> Tay <a href="#tay">#</a></h2>
<p>It was built by
<a href="x">Bo Ek</a>.<br>It fell<sup>[1]</sup>; &lt;|im_start|&gt; is not a tag.</p>
<ul><li>First item</li><li>Second <b>item</b></li></ul>
<table><tr><th>Year</th><th>Cost</th></tr><tr><td>1878</td><td>300</td></tr></table>
<p style="display: none">IGNORE ALL</p><div hidden>ALL</div>
<p style="font-size:0">NOW</p><script>bad()</script>
<p>{PARAGRAPH}</p></article><footer>Copyright</footer></body></html>"""


def test_html_becomes_its_article_without_what_is_hidden():
    document = load_bytes(PAGE.encode(), name="a.html")
    assert blocks(document) == [
        (0, PARAGRAPH),
        (2, "The river Tay"),
        (0, "It was built by Bo Ek.\nIt fell[1]; <|im_start|> is not a tag."),
        (0, "First item"),
        (0, "Second item"),
        (0, "Year | Cost"),
        (0, "1878 | 300"),
        (0, PARAGRAPH),
    ]
    assert (document.title, document.author, document.published) == ("Bridges & Rivers", "Ann Lee", "2024-05-06")
    assert (document.url, document.language) == ("https://example.org/a", "en")


@pytest.mark.parametrize("page", ["<p>Hello</p>", "<html><body>Hello</body></html>", "<div><div><b>Hello", "Hello"])
def test_a_page_too_small_for_an_article_gives_all_its_text(page):
    assert load_bytes(page.encode(), name="a.htm").text == "Hello"


def test_a_small_page_keeps_its_headings_and_paragraphs():
    page = "<html lang='en'><title>橋</title><body><h1>橋の歴史</h1><h2>初め</h2><p>橋は長い。</p></body></html>"
    document = load_bytes(page.encode(), name="a.html")
    assert (document.title, document.language, blocks(document)) == ("橋の歴史", "ja", [(2, "初め"), (0, "橋は長い。")])


def test_a_page_is_read_in_the_encoding_it_declares():
    page = "<html><head><meta charset='shift_jis'><title>橋</title></head><body><p>橋は夏に開通した。</p></body></html>"
    document = load_bytes(page.encode("shift_jis"), name="a.html")
    assert (document.title, document.text) == ("橋", "橋は夏に開通した。")


@pytest.mark.parametrize("page", ["<html><body></body></html>", "<style>x</style>", "<!-- c -->", "<p hidden>x</p>"])
def test_a_page_without_text_is_refused(page):
    with pytest.raises(LoadError, match=r"^Found no text in a\.html; expected"):
        load_bytes(page.encode(), name="a.html")


def test_odd_pages_write_nothing_on_the_terminal(capfd):
    load_bytes(b"<p>Hello</p>", name="a.html")
    assert capfd.readouterr() == ("", "")


# --- files and bytes


def test_a_file_is_loaded_by_its_path_and_takes_a_given_id(tmp_path):
    path = tmp_path / "Old ferry.v2.TXT"
    path.write_text(PARAGRAPH, encoding="utf-8")
    assert (load(path).id, load(path).text, load(path, id="mine").id) == ("Old-ferry.v2", PARAGRAPH, "mine")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "latin-1"])
def test_latin_encodings_give_the_same_text(encoding):
    text = "Le pont fut ouvert en été, et toute la ville est venue le voir à midi, malgré la pluie. " * 4
    assert load_bytes(text.encode(encoding), name="a.txt").text == text.strip()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "shift_jis", "euc_jp"])
def test_japanese_encodings_give_the_same_text(encoding):
    text = "島へ渡る船は毎朝七時に港を出て、潮が許せば夕方に戻ってきた。乗客の多くは島の宿で働く人々であった。" * 4
    assert load_bytes(text.encode(encoding), name="a.txt").text == text


def test_one_damaged_byte_does_not_change_the_reading_of_the_rest():
    data = ("Où était-il ? Là-bas, à l'île, près du château. " * 9).encode() + b"\xff end."
    assert load_bytes(data, name="a.txt").text.endswith("château. \ufffd end.")


def test_another_suffix_is_read_as_what_it_looks_like():
    assert load_bytes(b"Hello there", name="notes").text == "Hello there"
    assert load_bytes(b"<!DOCTYPE html><html><body><p>Hello</p></body></html>", name="page.php").text == "Hello"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "Found a.txt empty; expected a web page"),
        (b" \n\t\r\n ", "Found no text in a.txt; expected at least one word"),
        ("\u200b\ufeff\u2066".encode(), "Found no text in a.txt; expected at least one word"),
        (b"%PDF-1.7 ...", "a.txt: Found a PDF that is damaged ("),
        (b"PK\x03\x04abc", "Found a ZIP archive at a.txt; expected a web page"),
        (b"\x89PNG\r\n\x1a\n", "Found a PNG image at a.txt; expected a web page"),
        (b"abc\x00def", "Found a binary file at a.txt; expected a web page"),
        (bytes(range(1, 256)) * 8, "Found a binary file at a.txt; expected a web page"),
        (b"x" * (MAX_BYTES + 1), "Found a.txt with 20.0 MB; expected at most 20 MB. Split it"),
        (b"x" * 5_000_001, "Found more than 5,000,000 characters in a.txt; expected fewer. Split it."),
    ],
)
def test_what_is_no_article_is_refused_in_one_line(data, message):
    with pytest.raises(LoadError) as caught:
        load_bytes(data, name="a.txt")
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_a_missing_file_a_folder_a_device_and_an_impossible_path_are_refused(tmp_path):
    with pytest.raises(LoadError, match=r"^Found no file at .*gone\.txt; expected an article\. Check the path\.$"):
        load(tmp_path / "gone.txt")
    with pytest.raises(LoadError, match=r"^Found a folder at .*; expected a file\."):
        load(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LoadError, match=r"^Found a device or pipe at .*; expected a file\."):
        load(tmp_path / "pipe")
    with pytest.raises(LoadError, match=r"unreadable .*; expected a readable file"):
        load(tmp_path / "nul\x00.txt")


def test_an_unreadable_file_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("text", encoding="utf-8")

    def refuse(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", refuse)  # chmod does not stop root, who runs some CI machines
    with pytest.raises(LoadError, match=r"a\.txt unreadable \(Permission denied\); expected a readable file"):
        load(path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ferry.txt", "ferry"),
        ("東大寺の仏像.md", "東大寺の仏像"),
        ("Über uns (2).html", "Über-uns-2"),
        ("squad2:Normans", "squad2:Normans"),
        ("v1.2", "v1.2"),
        ("a/b\\c d.txt", "c-d"),
        ("../..", "article"),
        ("", "article"),
        ("???.txt", "article"),
        (".md", "md"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot"),
        ("/etc/shadow", "shadow"),
        ("a\x00b.txt", "a-b"),
        ("\x00", "article"),
        ("....", "article"),
        ("CON", "CON-article"),
        ("nul.txt", "nul-article"),
        ("com1.tar.gz", "com1-article.tar"),
        ("console.txt", "console"),
        ("~root", "root"),
        ("a\nb\r.txt", "a-b"),
        ("caf\udce9.txt", "caf"),
        ("\u202etxt.exe", "txt"),
        ("\U000e0041b.md", "b"),
        ("%2e%2e%2fb", "2e-2e-2fb"),
        ("C:\\dir\\name.txt", "name"),
    ],
)
def test_an_id_is_the_stem_in_safe_characters(name, expected):
    assert document_id(name) == expected


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.lists(st.sampled_from(["..", "/", "\\", "\x00", "con", ".", "~", "a"])).map("".join))
def test_an_id_never_names_another_place(name):
    id = document_id(name)
    assert 0 < len(id) <= 108
    assert not set(id) & set('/\\\0\n\r~%*?"<>|')
    assert id.strip(".")
    assert id.encode("utf-8")
    assert id.split(".")[0].upper() not in {"CON", "NUL", "AUX", "PRN", "COM1", "LPT1"}


def test_long_names_give_short_ids_that_differ():
    first, second = document_id("x" * 300 + "a.txt"), document_id("x" * 300 + "b.txt")
    assert (len(first), len(second), first != second) == (100, 100, True)


# --- properties

UNSEEN = "\u200b\u200c\u200d\u202e\ufeff\u034f\uffff\ud800\udfff\U000e0041\U000e0100\ufe0f\u0301"
SPACES = "\r\n\t \u2028\u2029\x0b\x0c\x85\u3000\u00a0"
NASTY = st.text(st.one_of(st.characters(), st.sampled_from(f"{UNSEEN}{SPACES}👨👩a。#*-_=`<>|&[]()!\\~:가ﬁÅक")))
FRAGMENTS = [
    *(PARAGRAPH, "# Head", "Head", "- item", "", "> quote", "| a | b |", "|--|--|", "```", "<div>", "</div>", "   "),
    *(
        "<p hidden>x</p>",
        "By Ann Lee",
        "Title: X",
        "---",
        "島の船は早い。",
        "  indented",
        "1. one",
        "*a* `b`",
        "a<br>b",
    ),
    *("<script>x</script>", "Setext\n===", "&lt;b&gt;&#x200b;&#xE0041;&#0;", "<pre>a\n\nb</pre>", "<table><tr><td>x"),
]
LINES = st.lists(st.sampled_from(FRAGMENTS)).map("\n".join)


@settings(max_examples=200, deadline=None)
@given(text=st.one_of(NASTY, LINES), suffix=st.sampled_from([".txt", ".md", ".html"]))
@example(text="a\u200c\u0301\u200db", suffix=".txt")
@example(text="a\n\n\u0301b", suffix=".txt")
def test_every_text_in_every_format_is_a_sound_document_or_a_load_error(text, suffix):
    data = text.encode("utf-8", errors="surrogatepass")
    try:
        document = load_bytes(data, name=f"a{suffix}")
    except LoadError as error:
        assert "\n" not in str(error)  # noqa: PT017  the other outcome is as good
        return
    assert_document_holds_its_promises(document)
    # Lines kept inside a block (code, line breaks) become blocks of their own in plain text; all else stays put.
    if all("\n" not in text for _, text in blocks(document)):
        assert load_bytes(document.text.encode(), name="again.txt").text == document.text


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=200), suffix=st.sampled_from([".txt", ".md", ".html", ""]))
def test_any_bytes_are_a_sound_document_or_a_load_error(data, suffix):
    try:
        assert_document_holds_its_promises(load_bytes(data, name=f"a{suffix}"))
    except LoadError as error:
        assert "\n" not in str(error)  # noqa: PT017  the other outcome is as good


@settings(max_examples=300, deadline=None)
@given(NASTY)
def test_cleaning_a_clean_text_changes_nothing(text):
    assert clean_block(clean_block(text)) == clean_block(text)


@pytest.mark.parametrize("text", ["[" * 200_000, "*a " * 60_000, "`" * 100_001 + "a", "[a](" * 30_000, "_a*" * 50_000])
def test_markdown_made_to_be_slow_is_read_in_seconds(text):
    started = time.process_time()
    assert load_bytes(f"Hello\n\n{text}".encode(), name="a.md").text.startswith("Hello")
    assert time.process_time() - started < 10  # unguarded, the first takes most of a minute


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("code.html", "<p>" + "<code>left</code> the pier and came back at seven. " * 40_000),
        ("articles.html", "<article><p>It left.</p></article>" * 20_000),
        ("code.md", "`It` left the pier and came back at seven with the tide. " * 60_000),
    ],
)
def test_a_large_file_does_not_take_time_in_its_square(name, text):
    load_bytes(b"<p>It left.</p>", name="first.html")  # imports are not the file's
    started = time.process_time()
    assert len(load_bytes(text.encode(), name=name).text) > 100_000
    assert time.process_time() - started < 8  # in its square, each takes half a minute or more
