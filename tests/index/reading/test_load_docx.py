"""A Word document becomes what its reader sees: also what was inserted while changes are tracked, nothing deleted."""

import pytest
from articles_of_every_format import docx, unzipped, zipped

from index.errors import LoadError
from index.reading.archive import MAX_MEMBERS
from index.reading.load import load_bytes

SEVEN = "The ferry to the island left every morning at seven, and came back when the tide allowed it to."
NAMESPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def blocks(document):
    return [(block.level, document.text[block.start : block.end]) for block in document.blocks]


def load_body(body, **members):
    """Load a document of this WordprocessingML."""
    parts = unzipped(docx([]))
    parts["word/document.xml"] = f"<w:document {NAMESPACE}><w:body>{body}</w:body></w:document>".encode()
    return load_bytes(zipped(parts | {name.replace("__", "/"): data for name, data in members.items()}), name="a.docx")


def test_headings_paragraphs_and_tables_come_in_order():
    table = [["Year", "Fare"], ["1931", "two\npence"], ["1932", ""]]
    document = load_bytes(
        docx([(0, "The Ferry"), "By Ann Lee", SEVEN, (1, "Fares"), table, (2, "Later"), SEVEN], author="A. Lee"),
        name="ferry.docx",
    )
    assert (document.title, document.author, document.language, document.pages) == ("The Ferry", "A. Lee", "en", ())
    assert blocks(document) == [
        (0, "By Ann Lee"),
        (0, SEVEN),
        (1, "Fares"),
        (0, "Year | Fare"),
        (0, "1931 | two pence"),
        (0, "1932"),
        (2, "Later"),
        (0, SEVEN),
    ]


def test_a_japanese_document_is_read():
    document = load_bytes(docx([(1, "島の船"), "島へ渡る船は毎朝七時に港を出た。"]), name="船.docx")
    assert (document.title, document.language, document.text) == ("島の船", "ja", "島へ渡る船は毎朝七時に港を出た。")


def test_the_title_is_the_documents_own_then_its_property_then_its_first_heading_then_its_name():
    assert load_bytes(docx([(0, "Own"), SEVEN], title="Property"), name="a-ferry.docx").title == "Own"
    assert load_bytes(docx([(1, "Heading"), SEVEN], title="Property"), name="a-ferry.docx").title == "Property"
    assert load_bytes(docx([(1, "Heading"), SEVEN]), name="a-ferry.docx").title == "Heading"
    assert load_bytes(docx([SEVEN]), name="a-ferry.docx").title == "A ferry"


def test_insertions_links_and_content_controls_are_read_and_deletions_and_hidden_words_are_not():
    document = load_body(
        "<w:p><w:r><w:t>One </w:t></w:r><w:ins><w:r><w:t>two </w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>gone </w:delText></w:r></w:del><w:moveFrom><w:r><w:t>away </w:t></w:r></w:moveFrom>"
        "<w:hyperlink><w:r><w:t>three</w:t></w:r></w:hyperlink><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>"
        "<w:r><w:rPr><w:vanish w:val='0'/></w:rPr><w:t> four</w:t></w:r>"
        "<w:r><w:instrText>PAGE</w:instrText></w:r></w:p>"
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>Five</w:t><w:br/><w:t>six</w:t></w:r></w:p></w:sdtContent></w:sdt>"
        "<w:p><w:r><w:t>Seven</w:t></w:r><w:r><w:pict><w:shape><w:textbox><w:txbxContent><w:p><w:r><w:t>In a box"
        "</w:t></w:r></w:p></w:txbxContent></w:textbox></w:shape></w:pict></w:r></w:p>"
    )
    assert document.text.split("\n\n") == ["One two three four", "Five\nsix", "Seven", "In a box"]


def run(text, properties=""):
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t xml:space='preserve'>{text}</w:t></w:r>"


def test_struck_words_are_not_read_by_whichever_way_they_were_struck():
    styles = (
        f"<w:styles {NAMESPACE}><w:style w:type='character' w:styleId='Gone'><w:rPr><w:strike/></w:rPr></w:style>"
        "<w:style w:type='character' w:styleId='Gone2'><w:basedOn w:val='Gone'/></w:style>"
        "<w:style w:type='character' w:styleId='Back'><w:basedOn w:val='Gone'/><w:rPr><w:strike w:val='0'/></w:rPr>"
        "</w:style><w:style w:type='paragraph' w:styleId='Old'><w:rPr><w:dstrike/></w:rPr></w:style></w:styles>"
    )
    gone, double = run("gone ", "<w:strike/>"), run("gone ", "<w:dstrike w:val='1'/>")
    styled, derived = (run("gone ", f"<w:rStyle w:val='{style}'/>") for style in ("Gone", "Gone2"))
    back, off = run("two ", "<w:rStyle w:val='Back'/>"), run("three", "<w:rStyle w:val='Gone'/><w:strike w:val='off'/>")
    kept = run("One ", "<w:strike w:val='false'/>")
    document = load_body(
        f"<w:p>{gone}{kept}{double}{styled}{back}{derived}{off}</w:p>"
        f"<w:p>{gone}</w:p><w:p><w:pPr><w:pStyle w:val='Old'/></w:pPr>{run('gone')}</w:p>"
        f"<w:p><w:pPr><w:rPr><w:strike/></w:rPr></w:pPr>{run('Only its end is struck.')}</w:p>"
        f"<w:tbl><w:tr><w:tc><w:p>{run('Fare ')}{gone}{run('new')}</w:p></w:tc><w:tc><w:p>{run('end')}</w:p></w:tc>"
        "</w:tr></w:tbl>",
        **{"word__styles.xml": styles.encode()},
    )
    assert document.text.split("\n\n") == ["One two three", "Only its end is struck.", "Fare new | end"]


MATH = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'


def test_signs_of_the_font_symbol_stand_where_they_are_drawn():
    def sign(code, font="Symbol"):
        return f"<w:r><w:sym w:font='{font}' w:char='{code}'/></w:r>"

    words = f"{run('at ')}{sign('F0B3')}{run('5 ')}{sign('F0B0')}{run('C, ')}{sign('F06D')}{sign('F0FC', 'Wingdings')}"
    assert load_body(f"<w:p>{words}{sign('zz')}{sign('')}</w:p>").text == "at ≥5 °C, μ"


def test_a_raised_number_is_none_of_the_digits_before_it():
    raised = run("6", "<w:vertAlign w:val='superscript'/>")
    assert load_body(f"<w:p>{run('10')}{raised}{run(' m')}</w:p>").text == "10⁶ m"


def m(**parts):
    """Return elements of an equation; a word is a run."""
    return "".join(
        f"<m:{name}>{part if part.startswith('<') else f'<m:r><m:t>{part}</m:t></m:r>' if part else ''}</m:{name}>"
        for name, part in parts.items()
    )


def r(text):
    return f"<m:r><m:t xml:space='preserve'>{text}</m:t></m:r>"


X2 = m(sSup=m(e="x", sup="2"))


@pytest.mark.parametrize(
    ("equation", "line"),
    [
        (r("v=") + m(f=m(num="s", den="t")), "v = s/t"),
        (r("v") + r("=") + m(f=m(num="a+b", den="2t")) + r("+c"), "v = (a+b)/(2t)+c"),
        (r("2") + m(f=m(num="1", den="3")), "2 1/3"),
        (m(f=m(num=m(f=m(num="a", den="b")), den="c")), "(a/b)/c"),
        (r("3") + X2 + r("y"), "3x^2 y"),
        (m(sSup=m(e="10", sup="n+1")) + r("≤") + m(sSub=m(e="k", sub="max")), "10^(n+1) ≤ k_max"),
        (m(sSubSup=m(e="a", sub="1", sup="2")), "a_1^2"),
        (m(rad=m(e="2g")) + r(">") + m(rad=m(deg="3", e="8")), "√(2g) > ∛8"),
        (m(rad=m(deg="n", e="a+b")), "(a+b)^(1/n)"),
        (m(d=m(e="a+b")) + m(sSup=m(e=m(d=m(e="c")), sup="2")), "(a+b)(c)^2"),
        ("<m:d><m:dPr><m:begChr m:val='['/><m:sepChr m:val=';'/><m:endChr m:val=''/></m:dPr>"
         + m(e="0") + m(e="1") + "</m:d>", "[0;1"),
        ("<m:nary><m:naryPr><m:chr m:val='∑'/></m:naryPr>" + m(sub="i=1", sup="n", e=m(sSub=m(e="x", sub="i")))
         + "</m:nary>", "∑_(i = 1)^n x_i"),
        (m(nary=m(sub="0", sup="1", e="x dx")), "∫_0^1 x dx"),
        (m(func=m(fName="sin", e="x")) + r("=") + m(func=m(fName=m(limLow=m(e="lim", lim="n→0")), e=X2)),
         "sin x = lim_(n → 0) x^2"),
        (m(acc=m(e="n")) + m(box=m(e="a")), "n\u0302a"),
        (m(d=m(e=m(m=m(mr=m(e="1") + m(e="2")) + m(mr=m(e="3") + m(e="4"))))), "(1, 2; 3, 4)"),
        (r("a") + "<w:del><m:r><m:t>+b</m:t></m:r></w:del><w:ins><m:r><m:t>+c</m:t></m:r></w:ins>"
         "<m:r><w:rPr><w:strike/></w:rPr><m:t>+d</m:t></m:r>", "a+c"),
    ],
)  # fmt: skip
def test_an_equation_stands_in_its_sentence_as_a_line(equation, line):
    sentence = f"{run('Here ')}<m:oMath {MATH}>{equation}</m:oMath>{run(', he said.')}"
    assert load_body(f"<w:p>{sentence}</w:p>").text == f"Here {line}, he said."


def test_equations_that_are_a_paragraph_are_one():
    both = f"<m:oMath>{r('a=1')}</m:oMath><m:oMath>{r('b=2')}</m:oMath>"
    alone = f"<m:oMathPara {MATH}>{both}</m:oMathPara>"
    document = load_body(f"<w:p>{run('They are:')}</w:p><w:p>{alone}</w:p>{alone}<w:p>{run('So it is.')}</w:p>")
    assert document.text.split("\n\n") == ["They are:", "a = 1\nb = 2", "a = 1\nb = 2", "So it is."]


def level(at, text, kind="decimal", more=""):
    about = f"<w:start w:val='1'/><w:numFmt w:val='{kind}'/>{more}<w:lvlText w:val='{text}'/>"
    return f"<w:lvl w:ilvl='{at}'>{about}</w:lvl>"


def item(text, at=None, number=None, style=None):
    own = (f"<w:ilvl w:val='{at}'/>" if at is not None else "") + (
        f"<w:numId w:val='{number}'/>" if number is not None else ""
    )
    styled = f"<w:pStyle w:val='{style}'/>" if style else ""
    return f"<w:p><w:pPr>{styled}{f'<w:numPr>{own}</w:numPr>' if own else ''}</w:pPr>{run(text) if text else ''}</w:p>"


def numbered(body, lists, numbers="<w:num w:numId='1'><w:abstractNumId w:val='0'/></w:num>", styles=""):
    numbering = f"<w:numbering {NAMESPACE}><w:abstractNum w:abstractNumId='0'>{lists}</w:abstractNum>{numbers}"
    members = {"word__numbering.xml": f"{numbering}</w:numbering>".encode()}
    return load_body(body, **members, **{"word__styles.xml": f"<w:styles {NAMESPACE}>{styles}</w:styles>".encode()})


def test_the_numbers_word_counts_stand_before_their_paragraphs_and_lower_levels_begin_again():
    lists = level(0, "Rule %1:") + level(1, "%1.%2", "lowerLetter") + level(2, "(%3)", "upperRoman")
    kept = level(3, "%4)", "decimal", "<w:lvlRestart w:val='0'/>")
    places = [(0, "a"), (1, "b"), (1, "c"), (2, "d"), (3, "e"), (0, ""), (1, "f"), (2, "g"), (3, "h"), (0, "i")]
    body = "".join(item(text, at, 1) for at, text in places) + item("free") + item("off", 0, 0)
    assert numbered(body, lists + kept).text.split("\n\n") == (
        ["Rule 1: a", "1.a b", "1.b c", "(I) d", "1) e", "2.a f", "(I) g", "2) h", "Rule 3: i", "free", "off"]
    )


@pytest.mark.parametrize(
    ("kind", "first", "seventh"),
    [
        ("decimal", "1. ", "7. "),
        ("decimalZero", "01. ", "07. "),
        ("upperLetter", "A. ", "G. "),
        ("lowerRoman", "i. ", "vii. "),
        ("ordinal", "1st. ", "7th. "),
        ("japaneseCounting", "一. ", "七. "),
        ("bullet", "", ""),
        ("none", "", ""),
        ("unknown", "1. ", "7. "),
    ],
)
def test_numbers_are_written_in_their_format(kind, first, seventh):
    found = numbered("".join(item("x", 0, 1) for _ in range(7)), level(0, "%1.", kind)).text.split("\n\n")
    assert (found[0], found[6]) == (f"{first}x", f"{seventh}x")


def test_long_counts_are_written_as_word_writes_them():
    def last(kind, count):
        return numbered("".join(item("x", 0, 1) for _ in range(count)), level(0, "%1", kind)).text.split()[-2]

    assert (last("lowerLetter", 28), last("upperRoman", 49)) == ("bb", "XLIX")


def test_a_style_numbers_its_paragraphs_and_those_of_styles_based_on_it():
    styles = (
        "<w:style w:styleId='Head'><w:name w:val='heading 1'/><w:pPr><w:numPr><w:numId w:val='1'/></w:numPr></w:pPr>"
        "</w:style><w:style w:styleId='Sub'><w:name w:val='heading 2'/><w:pPr><w:numPr><w:numId w:val='1'/></w:numPr>"
        "</w:pPr></w:style><w:style w:styleId='Own'><w:basedOn w:val='Sub'/></w:style>"
    )
    lists = level(0, "%1", more="<w:pStyle w:val='Head'/>") + level(1, "%1.%2", more="<w:pStyle w:val='Sub'/>")
    body = "".join(item(text, style=style) for style, text in [("Head", "One"), ("Sub", "Two"), ("Sub", "Three")])
    body += item("Off", 0, 0, style="Sub") + item("Text") + item("Four", style="Head") + item("Text")
    document = numbered(body, lists, styles=styles)
    assert document.title == "1 One"
    assert blocks(document) == [
        (2, "1.1 Two"), (2, "1.2 Three"), (2, "Off"), (0, "Text"), (1, "2 Four"), (0, "Text"),
    ]  # fmt: skip


def test_lists_of_one_kind_go_on_unless_one_begins_anew():
    def number(id, more=""):
        return f"<w:num w:numId='{id}'><w:abstractNumId w:val='0'/>{more}</w:num>"

    anew = "<w:lvlOverride w:ilvl='0'><w:startOverride w:val='5'/></w:lvlOverride>"
    body = "".join(item("x", 0, id) for id in (1, 1, 2, 3, 3, 1))
    found = numbered(body, level(0, "%1."), number(1) + number(2) + number(3, anew)).text.split("\n\n")
    assert found == ["1. x", "2. x", "3. x", "5. x", "6. x", "7. x"]


def test_a_deleted_paragraph_is_not_counted_and_cells_are():
    gone = "<w:p><w:pPr><w:numPr><w:numId w:val='1'/></w:numPr><w:rPr><w:del/></w:rPr></w:pPr><w:del/></w:p>"
    table = f"<w:tbl><w:tr><w:tc>{item('b', 0, 1)}</w:tc><w:tc>{item('c', 0, 1)}</w:tc></w:tr></w:tbl>"
    found = numbered(item("a", 0, 1) + gone + table + item("d", 0, 1), level(0, "%1."))
    assert found.text.split("\n\n") == ["1. a", "2. b | 3. c", "4. d"]


def test_lists_that_are_damaged_number_nothing():
    for lists in ("", level(0, "%1" * 500), level(99, "%1."), "<w:lvl/>"):
        assert numbered(item("a", 0, 1) + item("b", 7, 1) + item("c", 0, 9), lists).text == "a\n\nb\n\nc"


def test_a_merged_cell_says_its_words_in_each_row_and_keeps_its_columns_and_tables_in_tables_stay_in_their_cell():
    def cell(text, properties=""):
        return f"<w:tc><w:tcPr>{properties}</w:tcPr><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>"

    inner = f"<w:tc><w:tbl><w:tr>{cell('a')}{cell('b')}</w:tr></w:tbl><w:p/></w:tc>"
    rows = [
        cell("Year", '<w:vMerge w:val="restart"/>') + cell("Fare"),
        cell("again", "<w:vMerge/>") + cell("two pence"),
        cell("1932") + inner,
        cell("Free", '<w:gridSpan w:val="2"/>') + cell("on Sundays"),
        cell(SEVEN * 3, '<w:vMerge w:val="restart"/>') + cell("1933"),
        cell("", "<w:vMerge/>") + cell("1934"),
    ]
    document = load_body("<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in rows) + "</w:tbl>")
    assert document.text.split("\n\n") == [
        "Year | Fare",
        "Year | two pence",
        "1932 | a | b",
        "Free | | on Sundays",
        f"{SEVEN * 3} | 1933",
        "1934",
    ]


def test_footnotes_stand_at_the_end():
    note = f"<w:footnotes {NAMESPACE}><w:footnote><w:p><w:r><w:t>A note.</w:t></w:r></w:p></w:footnote></w:footnotes>"
    body = "<w:p><w:r><w:t>Text.</w:t></w:r></w:p>"
    assert load_body(body, **{"word__footnotes.xml": note.encode()}).text == "Text.\n\nA note."


def member(name, content):
    return zipped(unzipped(docx(["x"])) | {name: content})


BOMB = b"<w:document " + NAMESPACE.encode() + b">" + b"<w:p/>" * 10_000_000


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (docx([]), "Found no text in a.docx; expected at least one word"),
        (b"PK\x03\x04 and nothing", "a.docx: Found a Word document that is damaged ("),
        (docx(["x"])[:-300], "a.docx: Found a Word document that is damaged ("),
        (zipped({"a": "b"}), "a.docx: Found a Word document that is damaged (word/document.xml is missing)"),
        (member("word/document.xml", BOMB), "a.docx: Found a Word document that unpacks to 60 MB or more;"),
        (member("word/document.xml", b" " * 20_000_000), "a.docx: Found a Word document that unpacks to 20 MB or more"),
        (
            zipped({str(number): "" for number in range(MAX_MEMBERS + 1)}),
            "a.docx: Found a Word document of 2,001 parts; expected at most 2,000.",
        ),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "Found an old Office document, or a new one locked with a password at"),
    ],
)  # fmt: skip
def test_what_is_no_readable_document_is_refused_in_one_line(data, message):
    with pytest.raises(LoadError) as caught:
        load_bytes(data, name="a.docx")
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_entities_are_not_expanded_and_no_other_file_is_read(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET", encoding="utf-8")
    laughs = '<!ENTITY l0 "ha">' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 2}">' for n in range(1, 40))
    kinds = f'<!DOCTYPE x [{laughs}<!ENTITY out SYSTEM "{secret.as_uri()}">]>'
    body = f"<w:document {NAMESPACE}><w:body><w:p><w:r><w:t>Seen &l39; &out;</w:t></w:r></w:p></w:body></w:document>"
    data = member("word/document.xml", (kinds + body).encode())
    assert load_bytes(data, name="a.docx").text == "Seen"


def test_a_document_is_known_by_what_is_in_it():
    for name in ("a.zip", "a", "a.txt", "a.docx"):
        assert load_bytes(docx([SEVEN]), name=name).text == SEVEN
