"""A page keeps all of its article, in the words and the order its reader sees, and nothing of what stands around it."""

import pytest
from articles_of_every_format import html

from index.errors import LoadError
from index.reading.load import load_bytes

SEVEN = "The ferry to the island left every morning at seven, and came back when the tide allowed it to."
INN = "Nobody minded much, for the island had an inn with a good kitchen, and the inn had a cellar."


def load_page(body, **page):
    return load_bytes(html(body, **page).encode(), name="page.html")


def blocks(document):
    return [(block.level, document.text[block.start : block.end]) for block in document.blocks]


AROUND = {
    "cookies": '<div id="cookie-banner"><p>We use cookies. By going on you accept them.</p><button>OK</button></div>',
    "header": '<header><nav><ul><li><a href="/">Home</a></li><li><a href="/n">News</a></li></ul></nav></header>',
    "share": '<div class="post-share-buttons"><a href="#">Share on X</a> <a href="#">Share on Facebook</a></div>',
    "related": '<aside class="related"><h3>Related articles</h3><ul><li><a href="/1">The quay</a></li></ul></aside>',
    "bare related": '<h3>You may also like</h3><ul><li><a href="/1">A boat</a></li><li><a>An oar</a></li></ul>',
    "comments": '<section id="comments"><h2>2 Comments</h2><div class="comment"><p>I loved it.</p></div></section>',
    "newsletter": '<div class="newsletter-signup"><p>Subscribe to our newsletter</p><input type="email"></div>',
    "sidebar": '<div class="sidebar"><h3>Most read</h3><ul><li><a href="/5">Another thing</a></li></ul></div>',
    "footer": '<footer>Copyright 2024 The Daily <a href="/i">Imprint</a></footer>',
}
ARTICLE = (
    f"<h1>The Ferry</h1><p>By Ann Lee</p><p>{SEVEN}</p><figure><figcaption>The quay in 1931</figcaption></figure>"
    "<h2>Fares</h2><p>They rose.</p><ul><li>First item</li><li><a href='/x'>Second item</a></li></ul>"
    "<table><caption>Fares by year</caption><tbody><tr><td>1931</td><td>2 <b>pence</b></td></tr></tbody>"
    "<thead><tr><th>Year</th><th>Fare</th></tr></thead></table>"
    "<blockquote><p>It was never late.</p><footer>The captain</footer></blockquote>"
    f"<aside class='pullquote'><p>A quay too far.</p></aside><dl><dt>Tide</dt><dd>The sea rising.</dd></dl>"
    f"<p>{INN}</p><p>The end.</p>"
)
EXPECTED = [
    (0, "By Ann Lee"),
    (0, SEVEN),
    (0, "The quay in 1931"),
    (2, "Fares"),
    (0, "They rose."),
    (0, "First item"),
    (0, "Second item"),
    (0, "Fares by year"),
    (0, "Year | Fare"),
    (0, "1931 | 2 pence"),
    (0, "It was never late."),
    (0, "The captain"),
    (0, "A quay too far."),
    (0, "Tide"),
    (0, "The sea rising."),
    (0, INN),
    (0, "The end."),
]


@pytest.mark.parametrize(
    "frame",
    [
        "{cookies}{header}<main><article>{share}{article}{related}</article>{comments}{newsletter}</main>{sidebar}",
        (
            "{cookies}{header}<div class='wrap'><div class='post-body'>{share}{article}{bare related}</div>{comments}"
            "</div>{sidebar}{newsletter}{footer}"
        ),
        "{header}<article class='post'>{article}{share}</article>{related}{comments}{cookies}{footer}",
        "<div role='main'>{article}{bare related}</div>{footer}{cookies}",
    ],
    ids=["marked", "divisions", "article", "role"],
)
def test_an_article_is_whole_and_what_stands_around_it_is_gone(frame):
    document = load_page(frame.format_map({**AROUND, "article": ARTICLE}), title="The Ferry - The Daily")
    assert (document.title, blocks(document)) == ("The Ferry", EXPECTED)


def test_a_japanese_article_is_whole_and_what_stands_around_it_is_gone():
    document = load_page(
        '<div class="header"><ul class="gnav"><li><a href="/">ホーム</a></li><li><a>一覧</a></li></ul></div>'
        '<div class="cookie">当サイトはクッキーを使用します。</div>'
        '<div class="entry"><h1>島の船</h1><p>2024年5月6日</p>'
        '<ul class="sns"><li><a>ツイート</a></li><li><a>シェア</a></li></ul>'
        "<p>島へ渡る船は毎朝七時に港を出て、潮が許せば\n夕方に戻ってきた。</p><h2>料金</h2><p>安い。</p>"
        "<table><tr><th>年</th><th>料金</th></tr><tr><td>1931</td><td>二銭</td></tr></table>"
        "<blockquote>遅れたことはない。</blockquote>"
        "<figure><figcaption>昔の港</figcaption></figure>"
        '<h3>関連記事</h3><ul><li><a href="/1">島の宿</a></li></ul></div>'
        '<div id="footer">Copyright 島の新聞社</div>',
        title="島の船 | 日報",
        language="ja",
    )
    assert (document.title, document.language) == ("島の船", "ja")
    assert blocks(document) == [
        (0, "2024年5月6日"),
        (0, "島へ渡る船は毎朝七時に港を出て、潮が許せば夕方に戻ってきた。"),
        (2, "料金"),
        (0, "安い。"),
        (0, "年 | 料金"),
        (0, "1931 | 二銭"),
        (0, "遅れたことはない。"),
        (0, "昔の港"),
    ]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (
            '<section id="related-work"><h2>Related work</h2><p>Lee wrote it.</p></section>',
            "Related work\n\nLee wrote it.",
        ),
        ('<section class="discussion"><h2>Discussion</h2><p>Short.</p></section>', "Discussion\n\nShort."),
        ('<section id="comments"><h2>Comments on it</h2><p>We note it.</p></section>', "Comments on it\n\nWe note it."),
        (
            '<section id="cookies"><h2>Cookies</h2><p>A cookie is a cake.</p></section>',
            "Cookies\n\nA cookie is a cake.",
        ),
        ('<div class="cookie-recipe"><p>It needs flour.</p></div>', "It needs flour."),
        ('<div class="social-history"><p>It was social.</p></div>', "It was social."),
        ('<p class="share-of-wool">Wool had <a href="/w">a share</a>.</p>', "Wool had a share."),
        ('<div class="menu"><h2>The menu</h2><p>Soup, then fish.</p></div>', "The menu\n\nSoup, then fish."),
        ('<div class="sidebar"><p>In 1931 the quay was built.</p></div>', "In 1931 the quay was built."),
        ('<ul><li><a href="/1">A page</a></li><li><a href="/2">Another</a></li></ul>', "A page\n\nAnother"),
        ("<details><summary>How deep?</summary><p>Two metres.</p></details>", "How deep?\n\nTwo metres."),
        ('<p aria-hidden="true">Seen all the same.</p>', "Seen all the same."),
        ("<aside><p>A note beside the text.</p></aside>", "A note beside the text."),
        ("<dl><dt>Tide</dt><dd>Water.</dd></dl>", "Tide\n\nWater."),
        ("Bare words", "Bare words"),
    ],
)
@pytest.mark.parametrize("element", ["article", "main", "div"])
def test_a_part_of_the_article_stays_whatever_it_is_called(part, words, element):
    document = load_page(f"<{element}><h1>T</h1><p>{SEVEN}</p>{part}<p>{INN}</p></{element}>")
    assert document.text == f"{SEVEN}\n\n{words}\n\n{INN}"


MENUS = "<nav><a href='/'>Home</a></nav><div id='menu'><a href='/1'>One</a> <a href='/2'>Two</a></div>"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (f"{MENUS}<p>Closed today.</p>", "Closed today."),
        (
            "<main><h1>T</h1><p>The lead.</p><article><p>The rest.</p></article><p>After it.</p></main>",
            "The lead.\n\nThe rest.\n\nAfter it.",
        ),
        (f"<main><a href='/x'>Skip</a></main><div><p>{SEVEN}</p><p>{INN}</p></div>", f"{SEVEN}\n\n{INN}"),
        (f"<main><article><h1>T</h1><p>{INN}</p></article><article><a href='/1'>Other</a></article></main>", INN),
        (
            f"<article><h2>A</h2><p>{SEVEN}</p></article><article><h2>B</h2><p>{INN}</p></article>",
            f"A\n\n{SEVEN}\n\nB\n\n{INN}",
        ),
        ("<nav><a href='/'>Only this</a></nav>", "Only this"),
        ("<footer>Only this</footer>", "Only this"),
    ],
)
def test_the_article_is_found_on_pages_of_every_shape(body, text):
    assert load_page(body).text == text


def test_a_page_named_after_its_furniture_loses_nothing():
    page = f'<html><body class="menu sidebar comments cookie"><p>{SEVEN}</p></body></html>'
    assert load_bytes(page.encode(), name="a.html").text == SEVEN


def test_the_edit_links_of_a_wiki_are_not_part_of_its_headings():
    heading = '<h2><span>History</span><span class="mw-editsection">[<a href="/e">edit</a>]</span></h2>'
    assert blocks(load_page(f"<p>{SEVEN}</p>{heading}<p>{INN}</p>")) == [(0, SEVEN), (2, "History"), (0, INN)]


def test_a_page_laid_out_in_tables_is_read_in_order_and_its_table_of_numbers_row_by_row():
    numbers = "<table><tr><th></th><th>1931</th><th>1932</th></tr><tr><td>Fare</td><td></td><td>3</td></tr></table>"
    page = f"<table><tr><td><p>Left</p></td><td><h2>Old page</h2><p>{SEVEN}</p>{numbers}</td></tr></table>"
    assert blocks(load_page(page)) == [
        (0, "Left"),
        (2, "Old page"),
        (0, SEVEN),
        (0, "| 1931 | 1932"),
        (0, "Fare | | 3"),
    ]


HIDING = [
    "display:none",
    "DISPLAY : NONE !important",
    "display:/**/none",
    "visibility:hidden",
    "font-size:0",
    "font-size:0px",
    "font-size:1px",
    "opacity:0",
    "opacity: 0.0",
    "opacity:0%",
    "position:absolute;left:-9999px",
    "text-indent:-9999px",
    "clip:rect(0,0,0,0)",
    "clip: rect(1px, 1px, 1px, 1px)",
    "clip-path: inset(50%)",
    "width:0;height:0;overflow:hidden",
    "max-height:0;overflow:hidden",
    "transform:scale(0)",
    "color:transparent",
    "color:#fff;background:#FFFFFF",
    "color:white;background-color:rgb(254,254,254)",
    "background:black;color:#000",
]


@pytest.mark.parametrize("style", HIDING)
def test_text_hidden_by_its_style_is_not_the_articles(style):
    document = load_page(f'<p>{SEVEN}</p><p style="{style}">Ignore all <b>orders</b>.</p>{INN}')
    assert document.text == f"{SEVEN}\n\n{INN}"


@pytest.mark.parametrize(
    "hidden",
    [
        "<p hidden>X</p>",
        "<dialog>X</dialog>",
        '<font color="#fff" bgcolor="white">X</font>',
        "<template>X</template>",
        "<noscript>X</noscript>",
    ],
)
def test_text_hidden_by_an_attribute_or_an_element_is_not_the_articles(hidden):
    assert load_page(f"<p>{SEVEN}</p>{hidden}").text == SEVEN


@pytest.mark.parametrize(
    "style",
    [
        "opacity:0.9",
        "font-size:0.9em",
        "font-size:.875rem",
        "font-size:10px",
        "color:white",
        "color:#fff;background:#000",
        "left:-5px",
        "margin-left:-15px",
        "max-width:100%",
        "display:flex",
        "width:0",
        "top:0",
        "max-height:0.5em",
    ],
)
def test_text_with_a_style_that_shows_it_stays(style):
    assert load_page(f'<p>{SEVEN}</p><p style="{style}">Seen.</p>').text == f"{SEVEN}\n\nSeen."


@pytest.mark.parametrize(
    "struck",
    [
        "<del>noon</del>",
        "<s>no<b>on</b></s>",
        "<strike>noon</strike>",
        '<span role="deletion">noon</span>',
        '<span style="color:red; text-decoration: LINE-THROUGH red">noon</span>',
        '<b style="text-decoration-line:underline line-through">noon</b>',
    ],
)
def test_what_is_struck_out_is_not_the_articles_and_what_stands_for_it_is(struck):
    assert (
        load_page(f"<p>{SEVEN} The bell rings at {struck} <ins>six</ins>.</p>").text
        == f"{SEVEN} The bell rings at six."
    )


def test_whole_paragraphs_and_cells_are_struck_out_and_the_other_cells_keep_their_columns():
    row = '<tr><td>Oar</td><td style="text-decoration:line-through">9</td><td><s>8</s> 7</td></tr>'
    page = f"<p>{SEVEN}</p><del><p>It sank.</p></del><table>{row}</table><p style='text-decoration:underline'>{INN}</p>"
    assert load_page(page).text == f"{SEVEN}\n\nOar | | 7\n\n{INN}"


@pytest.mark.parametrize(
    "ruby",
    [
        "<ruby>灯台<rt>とうだい</rt></ruby>",
        "<ruby>灯台<rp>(</rp><rt>とうだい</rt><rp>)</rp></ruby>",
        "<ruby>灯<rt>とう</rt>台<rt>だい</rt></ruby>",
        "<ruby><rb>灯</rb><rb>台</rb><rt>とう</rt><rt>だい</rt></ruby>",
        "<ruby>灯<rp>(<rt>とう<rp>)<rb>台<rp>(<rt>だい<rp>)</ruby>",
        "<ruby>灯台<rtc><rt>lighthouse</rt></rtc></ruby>",
    ],
)
def test_a_word_stands_without_its_reading_so_that_it_can_be_found(ruby):
    assert load_page(f"<p>島の{ruby}は白い。</p>", language="ja").text == "島の灯台は白い。"
    if "</rt>" in ruby:
        assert load_bytes(f"島の{ruby}は白い。".encode(), name="a.md").text == "島の灯台は白い。"


@pytest.mark.parametrize(
    ("opener", "level"),
    [
        ("<h3><button aria-expanded='false'>How <b>deep</b> is it?</button></h3>", 3),
        ("<h4><span><button>How deep is it?</button></span> <button>🔗</button></h4>", 4),
        ("<details><summary><button>How deep is it?</button></summary></details>", 0),
        ("<div role='heading' aria-level='3'><button>How deep is it?</button></div>", 0),
        ("<dl><dt><button>How deep is it?</button></dt></dl>", 0),
    ],
)
def test_a_button_that_is_all_of_a_heading_heads_what_it_opens(opener, level):
    document = load_page(f"<main><h1>T</h1><p>{SEVEN}</p>{opener}<div role='region'><p>Nine fathoms.</p></div></main>")
    assert blocks(document) == [(0, SEVEN), (level, "How deep is it?"), (0, "Nine fathoms.")]


@pytest.mark.parametrize(
    "closed", ["hidden", "style='display: none'", "hidden=until-found", "style='color:red;visibility:hidden'"]
)
@pytest.mark.parametrize(
    "opener", ["<h3><button aria-controls=a>How deep?</button></h3>", "<button aria-controls='b a'>How deep?</button>"]
)
def test_what_a_button_opens_is_read_below_its_words(opener, closed):
    page = load_page(f"<main><h1>T</h1><p>{SEVEN}</p>{opener}<div id=a {closed}><p>Nine fathoms.</p></div></main>")
    assert page.text.split("\n\n") == [SEVEN, "How deep?", "Nine fathoms."]


@pytest.mark.parametrize(
    "panel",
    [
        "<nav id=a hidden>Home. News.</nav>",
        "<div id=a role=dialog hidden>We use cookies.</div>",
        "<p id=a hidden>Home</p>",
    ],
)
def test_a_menu_or_a_window_that_a_button_opens_is_not_read(panel):
    assert load_page(f"<main><h1>T</h1><button aria-controls=a>Menu</button>{panel}<p>{SEVEN}</p></main>").text == SEVEN


def test_a_page_of_questions_that_are_all_buttons_keeps_every_one():
    asked = [f"What does the keeper do in the {season}, and who helps?" for season in ("spring", "summer", "autumn")]
    page = "".join(f"<div class='menu'><h3><button>{a}</button></h3><p>Paints.</p></div>" for a in asked)
    expected = [piece for a in asked for piece in ((3, a), (0, "Paints."))]
    assert blocks(load_page(f"<main><h1>T</h1>{page}</main>")) == expected


def test_a_button_beside_words_is_not_the_articles():
    page = f"<h2>Depth <button>Copy link</button></h2><p>{SEVEN}</p><button>Print</button><p>{INN}</p>"
    assert blocks(load_page(page)) == [(2, "Depth"), (0, SEVEN), (0, INN)]


HALF = "<mi>h</mi><mo>=</mo><mfrac><mrow><mi>d</mi><mo>+</mo><mn>3</mn></mrow><mn>2</mn></mfrac>"
TEX = "<annotation encoding='application/x-tex'>h=\\frac{d+3}{2}</annotation>"


@pytest.mark.parametrize(
    "equation",
    [
        f"<math>{HALF}</math>",
        f"<math alttext='h=\\frac{{d+3}}{{2}}'><semantics><mrow>{HALF}</mrow>{TEX}</semantics></math>",
        (
            f"<span><span class='katex-mathml'><math><semantics><mrow>{HALF}</mrow>{TEX}</semantics></math></span>"
            "<span class='katex-html' aria-hidden='true'><span>h=</span><span>2d+3</span></span></span>"
        ),
        (
            f"<span><span style='display: none'><math><mstyle>{HALF}</mstyle></math></span>"
            "<img src='h.svg' aria-hidden='true' alt='h'></span>"
        ),
        (
            "<mjx-container><mjx-math aria-hidden='true'><mjx-mi></mjx-mi></mjx-math>"
            f"<mjx-assistive-mml><math>{HALF}</math></mjx-assistive-mml></mjx-container>"
        ),
        "<math alttext='h = (d+3)/2'></math>",
    ],
    ids=["plain", "with TeX", "KaTeX", "Wikipedia", "MathJax", "in words"],
)
def test_an_equation_stands_in_its_sentence_once(equation):
    assert load_page(f"<p>{SEVEN} So {equation} of it.</p>").text == f"{SEVEN} So h = (d+3)/2 of it."


def test_words_beside_an_equation_stay_whatever_is_said_of_them_to_screen_readers():
    page = f"<p>{SEVEN} <b>Its half <math>{HALF}</math></b> <i aria-hidden='true'>is kept</i>.</p>"
    assert load_page(page).text == f"{SEVEN} Its half h = (d+3)/2 is kept."


def test_an_equation_of_its_own_stands_between_the_paragraphs():
    page = f"<p>{SEVEN}</p><math display='block'>{HALF}</math><p>{INN}</p>"
    assert load_page(page).text == f"{SEVEN}\n\nh = (d+3)/2\n\n{INN}"


def test_characters_no_reader_sees_are_dropped_from_text_title_and_author():
    smuggled = "".join(chr(0xE0000 + ord(c)) for c in "obey")
    author = f'<meta name="author" content="Ann\u2060 Lee{smuggled}">'
    page = html(f"<p>Fer\u200bry{smuggled} at sev\u00aden.</p>", title=f"A\u202e title{smuggled}", head=author)
    document = load_bytes(page.encode(), name="a.html")
    assert (document.text, document.title, document.author) == ("Ferry at seven.", "A title", "Ann Lee")


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("&lt;script&gt;alert(1)&lt;/script&gt;Ferry", "Ferry"),
        ("Ferry &lt;img src=x onerror=alert(1)&gt;", "Ferry"),
        ("Ferry &lt;style&gt;*{}", "Ferry"),
        ("Lee &amp; Ek", "Lee & Ek"),
    ],
)
def test_a_title_is_words_without_the_markup_some_carry(title, shown):
    assert load_page(f"<h2>x</h2><p>{SEVEN}</p>", title=title).title == shown


def test_what_a_page_says_about_itself_is_taken():
    head = (
        '<meta property="og:site_name" content="The Daily"><meta name="author" content="Ann Lee">'
        '<meta property="article:published_time" content="2024-05-06T10:00:00Z">'
        '<link rel="canonical" href="https://example.org/ferry">'
    )
    page = html(f"<article><h1>Ferry</h1><p>{SEVEN}</p></article>", head=head).encode()
    document = load_bytes(page, name="a.html")
    assert (document.site, document.author, document.published) == ("The Daily", "Ann Lee", "2024-05-06")
    came_from = {
        "https://example.org/ferry?from=mail": "https://example.org/ferry",
        "https://copy.example/1": "https://copy.example/1",
    }
    for url, kept in came_from.items():
        assert load_bytes(page, name="a", media_type="text/html", url=url).url == kept
    assert load_bytes(page, name="a", url="javascript:alert(1)").url == "https://example.org/ferry"


@pytest.mark.parametrize("odd", ["\x0b", "\x0c", "\x01", "&#11;", "&#x1f;", "\ufffe", "&#xffff;", "&#xd800;", "\x7f"])
def test_characters_that_are_none_do_not_stand_in_the_way(odd):
    page = f"<p>One{odd}<script>x</script>two{odd}<b hidden>x</b>three</p><div id='menu'><a>x</a></div>{odd}"
    assert load_bytes(page.encode(), name="a.html").text.startswith("One")


def nested(depth, tag="div"):
    return f"<html><body>{f'<{tag}>' * depth}<p>{SEVEN}</p>{f'</{tag}>' * depth}<p>After.</p></body></html>".encode()


@pytest.mark.parametrize("depth", [300, 2_000])
def test_a_page_of_many_elements_inside_one_another_keeps_its_words(depth):
    assert load_bytes(nested(depth), name="a.html").text == f"{SEVEN}\n\nAfter."


@pytest.mark.parametrize("tag", ["div", "b", "table><tr><td"])
def test_a_page_of_too_many_elements_inside_one_another_is_refused_and_not_cut(tag):
    with pytest.raises(LoadError, match=r"^a\.html: Found a page of more than 2,000 nested elements;"):
        load_bytes(nested(10_000, tag), name="a.html")


def test_a_page_of_nothing_but_hidden_text_is_refused():
    with pytest.raises(LoadError, match=r"^Found no text in page\.html; expected"):
        load_page('<p style="display:none">X</p>')


@pytest.mark.parametrize(
    ("sentence", "read"),
    [
        ("It weighs 5 × 10<sup>3</sup> kg on 4 m<sup>2</sup>.", "It weighs 5 × 10³ kg on 4 m²."),
        ("It lost 10<sup>−4</sup> g on the 1<sup>st</sup> day.", "It lost 10⁻⁴ g on the 1st day."),
        ("It won<sup><a href='#fn1'>1</a></sup>, and <a href='#n'><sup>[b]</sup></a>left.", "It won, and left."),
        ("It fell<sup>[1]</sup>; H<sub>2</sub>O froze.", "It fell[1]; H2O froze."),
    ],
)
def test_a_raised_number_is_none_of_the_digits_before_it(sentence, read):
    assert load_page(f"<p>{sentence}</p>").text == read


@pytest.mark.parametrize(
    "inline",
    [
        "<x-tip>ferry</x-tip>",
        "<img src=a>ferry",
        "<meter>ferry</meter>",
        "<picture><img></picture>ferry",
        "<o:p>ferry</o:p>",
    ],
)
def test_a_sentence_is_not_cut_by_what_stands_in_its_line(inline):
    assert load_page(f"<p>The {inline} left at seven.</p>").text == "The ferry left at seven."


def test_what_a_site_calls_by_a_name_of_its_own_stands_apart():
    assert load_page("<x-card>The ferry left.</x-card><x-card>It came back.</x-card>").text.split("\n\n") == [
        "The ferry left.",
        "It came back.",
    ]


@pytest.mark.parametrize(
    ("ordered", "items"),
    [
        ("<ol><li>Paint<li><p>Mend</p><p>Well</p></ol>", ["1. Paint", "2. Mend", "Well"]),
        ("<ol start=3 type=a><li>Paint<ul><li>rail</ul><li value=9><b>Mend</b></ol>", ["c. Paint", "rail", "i. Mend"]),
        ("<ol reversed type=I><li>Paint<li>Mend</ol>", ["II. Paint", "I. Mend"]),
        ("<ol style='list-style: none'><li>Paint</ol>", ["Paint"]),
        ("<ol start=x><li><li><ol><li>Mend</ol></ol>", ["1. Mend"]),
        ("<ol start=0><li>Paint<li>Mend</ol>", ["0. Paint", "1. Mend"]),
    ],
)
def test_the_items_of_a_numbered_list_keep_their_numbers(ordered, items):
    assert load_page(f"<p>{SEVEN}</p>{ordered}").text.split("\n\n")[1:] == items


STATED = "Ice closed the harbour on Monday. The ferry lay at the quay.\\nThe master expects it to leave in nine days."


@pytest.mark.parametrize(
    "data",
    [
        '{"@type": "NewsArticle", "headline": "Ice", "articleBody": "%s"}',
        '[{"@type": "WebSite"}, {"@graph": [{"articleBody": "Less."}, {"mainEntity": {"articleBody": "%s"}}]}]',
    ],
)
def test_an_article_that_a_page_only_states_as_data_is_read(data):
    head = f'<script type="application/ld+json">{data % STATED}</script>'
    document = load_page('<div id="root"></div><noscript>Turn scripts on.</noscript>', title="Ice", head=head)
    assert document.text.replace("\n\n", "\n") == STATED.replace("\\n", "\n")


def test_an_article_that_a_page_states_in_markup_is_read_without_it():
    body = "&lt;p&gt;Ice closed the harbour.&lt;/p&gt;&lt;p&gt;The ferry &amp;amp; its crew stayed.&lt;/p&gt;"
    head = f'<script type="application/ld+json">{{"articleBody": "{body}"}}</script>'
    assert load_page("", head=head).text == "Ice closed the harbour.\n\nThe ferry & its crew stayed."


def test_questions_and_steps_that_a_page_only_states_as_data_are_read_in_order():
    data = (
        '{"@type": "FAQPage", "name": "Help", "mainEntity": [{"@type": "Question", "name": "When does it leave?",'
        ' "acceptedAnswer": {"@type": "Answer", "text": "<p>At <b>seven</b>.</p>"}}, {"@type": "HowToStep",'
        ' "name": "1", "text": "Buy a ticket."}]}'
    )
    page = load_page("<div id=root></div>", head=f'<script type="application/ld+json">{data}</script>')
    assert page.text.split("\n\n") == ["When does it leave?", "At seven.", "Buy a ticket."]


def test_what_a_page_shows_goes_before_what_it_states():
    head = (
        f'<script type="application/ld+json">{{"articleBody": "{SEVEN}"}}</script><script>{{"articleBody": 1}}</script>'
    )
    assert load_page(f"<p>{INN}</p>", head=head).text == INN


def test_a_page_that_scripts_draw_is_refused_and_says_how_to_save_it():
    with pytest.raises(LoadError, match="whose text its scripts fetch"):
        load_page('<div id="root"></div><script src="/app.js"></script><noscript>Turn scripts on.</noscript>')
