"""A PDF becomes paragraphs with their pages: wrapped lines joined, hyphens undone, running heads and numbers gone."""

import re
import textwrap

import pytest
from articles_of_every_format import Line, pdf

from index.errors import LoadError
from index.reading.load import load_bytes

SEVEN = (
    "The ferry to the island left every morning at seven, and came back when the tide allowed it to, which was "
    "sometimes late in the evening and at times not before noon."
)
INN = (
    "Nobody minded much, for the island had an inn with a good kitchen, and the inn had a cellar that was the best of "
    "the whole coast, so that even the captain was known to stay."
)
JAPANESE = "島へ渡る船は毎朝七時に港を出て、潮が許せば夕方に戻ってきた。乗客の多くは島の宿で働く人々であった。" * 2


def wrapped(text, width=80, **place):
    lines = textwrap.wrap(text, width)
    return [Line(lines[0], **place), *lines[1:]]


def load_pdf(pages, name="the-ferry.pdf", **about):
    return load_bytes(pdf(pages, **about), name=name)


def blocks(document):
    return [(block.level, document.text[block.start : block.end]) for block in document.blocks]


def test_wrapped_lines_become_paragraphs_and_larger_ones_headings():
    first = [Line("The Ferry", 20), *wrapped(SEVEN, gap=12)]
    document = load_pdf([[*first, Line("Costs", 15, gap=12), *wrapped(INN, gap=12), *wrapped(SEVEN, x=90)]])
    assert (document.title, document.language) == ("The Ferry", "en")
    assert blocks(document) == [(0, SEVEN), (2, "Costs"), (0, INN), (0, SEVEN)]


def test_japanese_lines_are_joined_without_spaces():
    lines = [JAPANESE[at : at + 35] for at in range(0, len(JAPANESE), 35)]
    document = load_pdf([[Line("船の歴史", 18), Line(lines[0], gap=10), *lines[1:]]])
    assert (document.title, document.language, document.text) == ("船の歴史", "ja", JAPANESE)


def test_hyphens_of_line_ends_are_undone_and_those_of_words_stay():
    document = load_pdf(
        [
            [
                *("The captain of the ferry was an extraor-", "dinary man, and well-"),
                *(
                    "known along the coast for his half-",
                    "hearted jokes about the Anglo-",
                    "French harbour and its twenty-",
                ),
                *("two boats, of which a long-forgotten one was his; long-", "forgotten by all."),
            ]
        ]
    )
    assert document.text == (
        "The captain of the ferry was an extraordinary man, and well-known along the coast for his half-hearted jokes "
        "about the Anglo-French harbour and its twenty-two boats, of which a long-forgotten one was his; "
        "long-forgotten by all."
    )


def test_running_heads_feet_and_page_numbers_are_dropped_and_pages_kept():
    words = ["First", "Second", "Third", "Fourth"]
    pages = [
        [
            Line("The Ferryman, volume 2", 8, y=810),
            Line(f"{word} part", 15, y=770),
            *wrapped(f"{word}. {SEVEN}", gap=8),
            Line(f"- {number} -", 8, y=40),
        ]
        for number, word in enumerate(words, start=7)
    ]
    document = load_pdf(pages, title="The Ferry")
    assert document.title == "The Ferry"
    assert blocks(document) == [b for word in words for b in ((1, f"{word} part"), (0, f"{word}. {SEVEN}"))]
    assert document.pages == tuple(document.text.index(f"{word} part") for word in words)
    assert [document.page_at(document.text.index(f"{word}. The")) for word in words] == [1, 2, 3, 4]


def test_a_paragraph_that_goes_on_over_a_page_is_one_and_its_second_page_begins_within_it():
    lines = textwrap.wrap(SEVEN, 60)
    document = load_pdf([[*wrapped(INN, 60), Line(lines[0], gap=12)], [*lines[1:]], [], [*wrapped(INN, 60)], []])
    assert blocks(document) == [(0, INN), (0, SEVEN), (0, INN)]
    second = document.text.index(lines[1])
    last = document.text.rindex(INN)
    assert document.pages == (0, second, last, last, len(document.text))
    assert (document.page_at(second - 1), document.page_at(second), document.page_at(last)) == (1, 2, 4)


def test_columns_are_read_one_after_the_other():
    left, right = textwrap.wrap(SEVEN, 38), textwrap.wrap(INN, 38)
    columns = [
        Line(text, 10, x, 700 - 13 * at) for x, lines in ((60, left), (310, right)) for at, text in enumerate(lines)
    ]
    assert load_pdf([columns]).text == f"{SEVEN}\n\n{INN}"


def test_list_items_and_short_lines_stay_apart():
    document = load_pdf([[*wrapped(SEVEN), "• A boat", "• A quay", "12 Harbour Road", "The Island"]])
    assert document.text.split("\n\n") == [SEVEN, "• A boat", "• A quay", "12 Harbour Road", "The Island"]


def test_what_no_reader_sees_is_dropped_and_the_recognised_text_of_a_scan_is_read():
    hidden = [Line("Invisible orders", mode=3, y=500), Line("Tiny orders", 0.5, y=400), Line("Orders beside", y=900)]
    assert load_pdf([[*wrapped(SEVEN), *hidden]]).text == SEVEN
    scan = pdf([[Line(SEVEN[:60], mode=3)]], pictures=True)
    assert load_bytes(scan, name="a.pdf").text == SEVEN[:60].strip()


def test_what_a_pdf_says_about_itself_is_taken_and_the_name_of_a_program_is_not_its_title():
    document = load_pdf([[Line("The Ferry", 20), Line(SEVEN[:70], gap=9)]], title="The ferry, 橋", author="Ann Lee")
    assert (document.title, document.author, blocks(document)[0]) == ("The ferry, 橋", "Ann Lee", (1, "The Ferry"))
    for junk in ("Microsoft Word - ferry.docx", "untitled", "ferry_final.indd", None):
        assert load_pdf([[Line("The Ferry", 20), Line(SEVEN[:70], gap=9)]], title=junk).title == "The Ferry"
    assert load_pdf([["Short."]]).title == "The ferry"


def test_ligatures_and_radicals_become_the_letters_they_stand_for():
    assert load_pdf([["The oﬃce ﬁle of ⼭⽥"]]).text == "The office file of 山田"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (pdf([[], []]), "a.pdf: Found a PDF without text: its pages are pictures (a scan?), or empty. Expected text"),
        (pdf([["Secret."]], password="key"), "a.pdf: Found a PDF locked with a password; expected an open one."),
        (b"%PDF-1.7\nnothing", "a.pdf: Found a PDF that is damaged ("),
        (pdf([["x"]])[:300], "a.pdf: Found a PDF that is damaged ("),
        (pdf([["\ue000\ue001\ue002"]]), "a.pdf: Found a PDF whose letters have no meaning but their shape"),
    ],
)  # fmt: skip
def test_a_pdf_without_readable_text_is_refused_in_one_line(data, message):
    with pytest.raises(LoadError) as caught:
        load_bytes(data, name="a.pdf")
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_a_pdf_of_too_many_pages_is_refused():
    data = pdf([["x"]])
    kid = data.split(b"/Kids [")[1].split(b"]")[0]
    many = data.replace(b"/Count 1 /Kids [" + kid + b"]", b"/Count 2001 /Kids [" + b" ".join([kid] * 2001) + b"]")
    with pytest.raises(LoadError, match=r"^a\.pdf: Found a PDF of 2,001 pages; expected at most 2,000\. Split it\.$"):
        load_bytes(many, name="a.pdf")


def test_a_pdf_is_known_by_its_first_bytes_and_a_text_about_pdfs_is_a_text():
    data = pdf([[SEVEN[:70]]])
    for name in ("a.txt", "a", "a.html", "a.pdf"):
        assert load_bytes(data, name=name).pages == (0,)
    assert load_bytes(b"\n\n" + data, name="download", media_type="application/pdf").pages == (0,)
    assert load_bytes(b"It begins with %PDF-1.7.", name="a.txt").text == "It begins with %PDF-1.7."


def test_a_page_behind_the_name_of_a_pdf_is_read_as_a_page():
    page = f"<!doctype html><html><body><p>{SEVEN}</p></body></html>".encode()
    assert load_bytes(page, name="report.pdf", media_type="text/html").text == SEVEN


def with_form(data, fields):
    """Return a PDF of one page with these fields: their PDF, without what all have. Its table of places is lost."""
    numbers = " ".join(f"{900 + at} 0 R" for at in range(len(fields))).encode()
    made = "".join(
        f"{900 + at} 0 obj << /Type /Annot /Subtype /Widget {field} >> endobj\n" for at, field in enumerate(fields)
    )
    data = data.replace(b"/Type /Catalog", b"/Type /Catalog /AcroForm << /Fields [%s] >>" % numbers)
    data = data.replace(b"/Type /Page /Parent", b"/Type /Page /Annots [%s] /Parent" % numbers)
    return data.replace(b"xref\n", made.encode() + b"xref\n", 1)


def test_what_a_form_was_filled_in_with_stands_beside_its_labels_or_by_its_name_at_the_end():
    labels = [("Name:", 700), ("Trade:", 670), ("I agree", 640), ("Not me", 610), ("Key:", 580)]
    page = [Line("Ask for a berth", y=760), *(Line(text, y=y, x=100) for text, y in labels)]
    fields = [
        "/FT /Tx /T (name) /V (Ann Lee) /Rect [200 696 400 714]",
        "/FT /Ch /Ff 131072 /T (trade) /Opt [(Cook) (Smith)] /V (Smith) /Rect [200 666 400 684]",
        "/FT /Btn /T (agree) /V /Yes /AS /Yes /AP << /N << /Yes 3 0 R /Off 3 0 R >> >> /Rect [80 638 92 650]",
        "/FT /Btn /T (not) /V /Off /AS /Off /AP << /N << /Yes 3 0 R /Off 3 0 R >> >> /Rect [80 608 92 620]",
        "/FT /Tx /Ff 8192 /T (key) /V (secret) /Rect [200 576 400 594]",
        "/FT /Tx /T (f7) /TU (Remarks) /V (None at all) /Rect [100 300 400 400]",
        "/FT /Tx /T (empty) /V () /Rect [100 200 400 220]",
        "/FT /Tx /T (unseen) /V (unseen) /F 2 /Rect [100 100 400 120]",
    ]
    text = load_bytes(with_form(pdf([page]), fields), name="form.pdf").text
    assert text.split("\n\n") == (
        ["Ask for a berth", "Name: Ann Lee", "Trade: Smith", "☒ I agree", "Not me", "Key:", "Remarks: None at all"]
    )


@pytest.mark.parametrize("quarters", [1, 2, 3])
@pytest.mark.parametrize("rotate", ["", "/Rotate 90", "/Rotate 180", "/Rotate 270"])
def test_a_page_that_is_drawn_sideways_or_on_its_head_is_read_as_an_upright_one(quarters, rotate):
    upright = pdf([[Line("The Ferry", 20), *wrapped(SEVEN, gap=12), *wrapped(INN, gap=12)]])
    turn, box = {
        1: (b"0 1 -1 0 842 0", b"[0 0 842 595]"),
        2: (b"-1 0 0 -1 595 842", b"[0 0 595 842]"),
        3: (b"0 -1 1 0 0 595", b"[0 0 842 595]"),
    }[quarters]
    start = re.search(rb"stream\n(?=BT /F 20)", upright).end()
    turned = upright[:start] + turn + b" cm\n" + upright[start:]
    turned = turned.replace(b"/MediaBox [0 0 595 842]", b"/MediaBox %s %s" % (box, rotate.encode()))
    turned = re.sub(
        rb"/Length (\d+)(?=[^/]*stream\nBT|[^/]*stream\n\S+ \S+ \S+ \S+ \S+ \S+ cm)",
        lambda old: b"/Length %d" % (int(old[1]) + len(turn) + 4),
        turned,
    )
    document = load_bytes(turned, name="ferry.pdf")
    assert document.title == "The Ferry"
    assert blocks(document) == blocks(load_bytes(upright, name="ferry.pdf"))


def test_a_raised_number_is_none_of_the_digits_before_it():
    def at(place, text, **small):
        return Line(text, x=72 + 5.5 * place, y=704 if small else 700, **small)

    line = [
        at(0, "It weighs 10"),
        at(12, "6", size=7),
        at(13, " kg on 4 m"),
        at(23, "2", size=7),
        at(24, " and CO"),
        Line("2", size=7, x=72 + 31 * 5.5, y=698),
        at(32, " rose to 12-14 on 100."),
    ]
    document = load_bytes(pdf([["The bridge opened in 1931 and was long.", *line]]), name="a.pdf")
    assert document.text.endswith("It weighs 10⁶ kg on 4 m² and CO2 rose to 12-14 on 100.")
