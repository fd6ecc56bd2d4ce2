"""What the app shows: articles with their marks, answers with their numbered sources, and nothing unescaped."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.app import render, render_answer, render_article
from assistant.app.citing import numbers, source_spans, sources
from assistant.app.live import Live, joined
from assistant.app.render_article import Span
from assistant.conversations import Exchange
from assistant.types import Answer, Citation, EvidenceFound, Notice, Searched, Statement, StatementReady, Waiting
from index.types import Block, Chunk, Document, ScoredChunk

VECTORS = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "</article></mark><iframe src=javascript:alert(1)>",
    "${7*7} {{7*7}} {{{constructor}}}",
    "![](https://evil.example/?q=1)",
    "<|im_start|>system [9]",
]
TAGS = {
    "article", "button", "details", "div", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "input", "li", "mark",
    "ol", "p", "path", "q", "rect", "section", "span", "strong", "summary", "svg", "time", "ul", "circle", "code",
}  # fmt: skip


class Reader(HTMLParser):
    """Reads HTML as a browser would: its text, its tags, and its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.article_text = ""
        self.marks: list[tuple[str, str]] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self._names: str | None = None
        self._inside = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        values = dict(attrs)
        if tag == "mark":
            self._names = values["data-names"] or ""
        if self._inside or values.get("class") == "article-text":
            self._inside += tag == "div"

    def handle_endtag(self, tag: str) -> None:
        if tag == "mark":
            self._names = None
        self._inside -= bool(self._inside) and tag == "div"

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._inside:
            self.article_text += data
        if self._names is not None:
            self.marks.append((self._names, data))

    def marked(self, name: str) -> str:
        return "".join(text for names, text in self.marks if name in names.split())


def document(*paragraphs: str, title: str = "A title", identity: str = "doc") -> Document:
    text, blocks = "", []
    for paragraph in paragraphs:
        text += "\n\n" if text else ""
        blocks.append(Block("paragraph", len(text), len(text) + len(paragraph)))
        text += paragraph
    return Document(identity, title, text, tuple(blocks))


words = st.text(alphabet="ab <>&\"'$ {}。日本é", min_size=1, max_size=30).map(lambda s: f"x{s}x")


@st.composite
def marked_documents(draw: st.DrawFn) -> tuple[Document, list[Span]]:
    made = document(*draw(st.lists(words, min_size=1, max_size=4)))
    places = st.tuples(st.integers(0, len(made.text)), st.integers(0, len(made.text)))
    spans = []
    for index, (start, end) in enumerate(draw(st.lists(places, max_size=5))):
        start, end = sorted((start, end))
        spans.append(Span(f"m0-{index + 1}", made.id, start, end, made.text[start:end], index + 1))
    pages = draw(st.lists(st.integers(0, len(made.text)), max_size=4))
    return replace(made, pages=tuple(sorted(pages))), spans


@given(marked_documents())
def test_a_rendered_article_reads_as_its_text_character_for_character(case: tuple[Document, list[Span]]) -> None:
    made, spans = case
    for original in ("", "0a1b"):
        assert Reader(render_article.article(made, spans, original=original)).article_text == made.text


@given(marked_documents())
def test_the_pieces_of_every_mark_make_up_its_quote(case: tuple[Document, list[Span]]) -> None:
    """Between two blocks nothing is marked, so a quote that crosses them lacks the blank line there."""
    made, spans = case
    read = Reader(render_article.article(made, spans))
    for span in spans:
        inside = "".join(
            made.text[max(span.start, b.start) : max(min(span.end, b.end), b.start)]
            for b in made.blocks
            if b.end > span.start
        )
        assert read.marked(span.name) == inside


@given(marked_documents(), st.integers(-3, 40), st.integers(-3, 40), st.text(max_size=12))
def test_a_place_that_does_not_hold_its_quote_is_not_marked(
    case: tuple[Document, list[Span]], start: int, end: int, quote: str
) -> None:
    made, _ = case
    span = Span("m0-1", made.id, start, end, quote, 1)
    holds = 0 <= start < end <= len(made.text) and made.text[start:end] == quote
    assert bool(render_article.verified(made, [span])) == holds


def test_a_page_begins_with_its_number_which_is_no_text() -> None:
    made = replace(document("abcdef", "ghi"), pages=(0, 3, 3, 8))
    html = render_article.article(made, [Span("m0-1", "doc", 2, 5, "cde", 1)])
    text = re.sub(r'<span class="page-start"[^>]*data-page="(\d)"></span>', r"{\1}", html.partition("article-text")[2])
    assert re.sub(r"<(/?)mark[^>]*>", r"<\1m>", text) == (
        '">{1}<p>ab<m>c</m>{3}<m>de</m>f</p>\n\n{4}<p>ghi</p></div></article>'
    )
    assert "page-start" not in render_article.article(document("abcdef"))


def test_every_page_of_an_original_can_be_opened_where_it_begins_also_one_without_text() -> None:
    made = replace(document("abcdef", "ghi"), id='d"&<oc', pages=(0, 3, 3, 8, 11))
    html = render_article.article(made, [Span("m0-1", made.id, 2, 5, "cde", 1)], original="0a1b")
    text = html.partition('"article-text">')[2]
    button = re.compile(r'<button type="button" [^>]*data-page="(\d)"[^>]*></button>')
    text = button.sub(r"{\1}", text).replace('<span class="page-start">', "[").replace("</span>", "]")
    assert re.sub(r"<(/?)mark[^>]*>", r"<\1m>", text) == (
        "[{1}]<p>ab<m>c</m>[{2}{3}]<m>de</m>f</p>\n\n[{4}]<p>ghi</p>[{5}]</div></article>"
    )
    assert 'aria-label="Page 3 of the original"' in html
    assert 'data-address="articles/page?article=d%22%26%3Coc&amp;page=3&amp;of=0a1b"' in html
    assert Reader(html).article_text == made.text


def test_a_citation_that_no_longer_holds_is_shown_as_it_was_saved() -> None:
    made = document("Another sentence.", title="<b>T</b>")
    sought = Span("m0-1", "doc", 0, 3, "One <i>", 1)
    html = render_article.article(made, [sought], answer="m0", active="m0-1")
    assert "<mark" not in html
    assert Reader(html).text.startswith(
        "The article has changed since. This is the sentence that was cited:One <i><b>T</b>"
    )
    assert "cited-before" not in render_article.article(made, [sought])
    assert Reader(render_article.gone(sought, "<b>T</b>")).text == (
        "The article is no longer in the library. This is the sentence that was cited:One <i><b>T</b>"
    )
    assert Reader(render_article.gone(sought, "")).text.endswith("doc")


def test_a_quote_of_another_article_is_not_marked_here() -> None:
    made = document("One sentence.")
    assert "<mark" not in render_article.article(made, [Span("m0-1", "other", 0, 3, "One", 1)])


def test_overlapping_places_share_their_common_piece() -> None:
    made = document("abcdef")
    html = render_article.article(made, [Span("m0-1", "doc", 0, 4, "abcd", 1), Span("m0-2", "doc", 2, 6, "cdef", 2)])
    assert Reader(html).marks == [("m0-1", "ab"), ("m0-1 m0-2", "cd"), ("m0-2", "ef")]
    assert re.findall(r'data-numbers="(.*?)"', html) == ["1", "2"]


def test_a_title_that_opens_the_text_is_not_shown_twice() -> None:
    made = Document(
        "doc",
        "A title",
        "A title\n\nText.",
        (Block("heading", 0, 7, 1), Block("paragraph", 9, 14)),
        "Ines Park",
        "2024",
    )
    assert render_article.article(made) == (
        '<article class="article" lang="en" data-document="doc" data-answer="" data-active="">'
        '<p class="byline">Ines Park · <time datetime="2024">2024</time></p>'
        '<div class="article-text"><h1 class="article-title">A title</h1>\n\n<p>Text.</p></div></article>'
    )


def cite(start: int, end: int, quote: str = "Quote.", support: float = 0.9, identity: str = "doc") -> Citation:
    return Citation(identity, "A title", start, end, quote, support)


def test_sources_are_numbered_by_first_appearance_and_keep_their_highest_support() -> None:
    first, second = cite(10, 16, support=0.6), cite(0, 6)
    statements = [
        Statement("One.", "supported", (first,)),
        Statement("Two.", "supported", (second, cite(10, 16, support=0.8))),
    ]
    known = sources(statements)
    assert [(s.number, s.citation.start, s.citation.support) for s in known] == [(1, 10, 0.8), (2, 0, 0.9)]
    assert [s.number for s in numbers(statements[1], known)] == [2, 1]
    assert [span.name for span in source_spans(statements, "m4")] == ["m4-1", "m4-2"]


def answer(**changes: object) -> Answer:
    values: dict[str, object] = {
        "question": "Who?",
        "searched": "Who?",
        "text": "Ada did.",
        "abstained": False,
        "model": "local:small",
        "embedder": "minilm",
        "statements": (Statement("Ada did.", "supported", (cite(0, 6),)),),
        "timings_ms": {"evidence": 41, "total": 3120},
    }
    return Answer(**{**values, **changes})  # type: ignore[arg-type]


def shown(one: Answer) -> str:
    return render.exchange(Exchange(one), 0, {"doc": "A title"}, last=True)


@pytest.mark.parametrize("vector", VECTORS)
def test_whatever_an_article_a_model_or_a_reader_writes_is_text_and_nothing_else(vector: str) -> None:
    chunk = Chunk(vector, 0, 6, vector, vector)
    hostile = answer(
        question=vector,
        searched=vector + "!",
        text=vector,
        model=vector,
        statements=(Statement(vector, "partly", (Citation(vector, vector, 0, 6, vector, 0.5),), vector),),
        dropped=(Statement(vector, "not supported", (), vector),),
        evidence=(ScoredChunk(chunk, 1.0),),
        interrupted=vector,
    )
    made = document(vector, title=vector, identity=vector)
    live = Live(vector, "m0", vector, (ScoredChunk(chunk, 1.0),), 4, hostile.statements)
    titles = {vector: vector, "other": "Other"}
    pages = [
        render.exchange(Exchange(hostile, "up"), 0, titles, last=True),
        render.exchange(
            Exchange(answer(abstained=True, text=vector, evidence=hostile.evidence)), 0, titles, last=False
        ),
        render.live_head(live, titles) + render.live_body([("m", live)]) + render.live_status(live),
        render.notices([vector]) + render.error(vector, vector) + render.welcome([made.title], made.questions),
        render_article.article(made, [Span(vector, vector, 0, len(vector), vector, 1)], answer=vector, active=vector),
    ]
    for page in pages:
        read = Reader(page)
        assert read.tags <= TAGS
        assert not {name for name in read.attributes if name.startswith("on")}
        assert not {"href", "src", "style", "srcset"} & read.attributes
        assert vector in read.text


def test_markers_carry_what_a_click_and_a_hover_need() -> None:
    assert (
        '<button type="button" class="cite" id="cite-m0-1-s0" '
        'data-title="A title" data-support="90" aria-label="Source 1: Quote." '
        'data-cite="m0-1" data-document="doc" data-start="0" data-end="6" data-quote="Quote.">1</button>'
    ) in shown(answer())


def test_figures_are_said_as_a_reader_says_them() -> None:
    assert [render.duration(ms) for ms in (0, 41, 999, 1240)] == ["0 ms", "41 ms", "999 ms", "1.2 s"]
    assert [render_answer.percent(share) for share in (-1, 0, 0.666, 1, 2)] == [0, 0, 67, 100, 100]
    assert "evidence 41 ms · total 3.1 s" in shown(answer())


def test_an_unproven_sentence_says_so_in_words() -> None:
    html = shown(answer(statements=(Statement("Perhaps.", "not supported", (), "no such name"),)))
    assert "Not proven by the article: no such name" in Reader(html).text


def test_left_out_sentences_are_counted_and_can_be_read() -> None:
    one = Statement("Perhaps.", "not supported", (), "no such name")
    assert "1 sentence was left out: the article does not prove it" in shown(answer(dropped=(one,)))
    assert "2 sentences were left out: the article does not prove them" in shown(answer(dropped=(one, one)))
    assert "left out" not in shown(answer())


def silent(**changes: object) -> Answer:
    said = {"abstained": True, "text": "The article does not say.", "statements": (), "nearest": (cite(0, 4, "Near"),)}
    return answer(**{**said, **changes})


def test_an_abstention_offers_the_nearest_sentences_and_none_of_them_looks_like_a_source() -> None:
    html = shown(silent(nearest=(cite(0, 4, "Near"), cite(9, 14, "Other"))))
    assert "Nearest sentences" in Reader(html).text
    assert html.count('class="near"') == 2
    assert 'data-cite="m0-n0"' in html
    assert 'class="cite"' not in html
    assert 'class="source"' not in html


@pytest.mark.parametrize(
    ("one", "last", "offered"),
    [
        (silent(), True, True),
        (silent(), False, False),
        (silent(nearest=()), True, False),
        (silent(model="extractive"), True, False),
        (silent(anyway=True), True, False),
    ],
)
def test_to_answer_anyway_is_offered_once_by_a_model_that_has_something_to_go_on(
    one: Answer, last: bool, offered: bool
) -> None:
    html = render.exchange(Exchange(one), 0, {"doc": "A title"}, last=last)
    assert ('data-action="anyway"' in html) == offered


def test_what_a_model_made_of_the_nearest_sentences_is_no_answer_and_has_no_markers() -> None:
    guess = Statement("It may be red.", "not supported")
    html = shown(silent(anyway=True, statements=(guess,)))
    assert "Not proven: what the model makes of the nearest sentences" in Reader(html).text
    assert "It may be red." in html.split('class="made"')[1]
    assert 'class="cite"' not in html
    assert 'class="answer"' not in html
    assert "The article does not say. It may be red. (not proven by the article)" in render.markdown(
        silent(anyway=True, statements=(guess,))
    )


def test_a_silence_in_japanese_speaks_japanese() -> None:
    text = Reader(shown(silent(question="船はいつ沈みましたか。", text="この記事には書かれていません。"))).text
    assert "いちばん近い文" in text
    assert "それでも答える" in text


def test_only_the_last_exchange_can_be_asked_again() -> None:
    html = render.conversation([Exchange(answer()), Exchange(answer())], {"doc": "A title"})
    assert html.count('data-action="again"') == 1
    assert html.count('data-action="copy"') == 2


def test_a_copied_answer_carries_its_quotes() -> None:
    statements = (
        Statement("Ada did.", "supported", (cite(0, 6),)),
        Statement("Perhaps.", "not supported"),
    )
    assert render.markdown(answer(statements=statements)) == (
        "**Who?**\n\nAda did. [1] Perhaps. (not proven by the article)\n\n1. “Quote.” — *A title*, characters 0–6\n"
    )


def test_a_copied_answer_cannot_become_a_link_or_an_image_where_it_is_pasted() -> None:
    hostile = Statement("![x](https://evil.example/) <b>", "supported", (cite(0, 6, "[a](b)\n# c"),))
    text = render.markdown(answer(statements=(hostile,)))
    assert "\\!" not in text
    assert "!\\[x\\](https://evil.example/) \\<b\\>" in text
    assert "“\\[a\\](b) \\# c”" in text


def test_the_copy_button_holds_the_markdown_itself() -> None:
    held = re.search(r'data-markdown="(.*?)"', shown(answer()), re.DOTALL)
    assert held
    assert unescape(held[1]) == render.markdown(answer())


def test_suggestions_take_turns_between_articles() -> None:
    assert render.suggestions([("a1?", "a2?"), (), ("c1?", "a2?")]) == ("a1?", "c1?", "a2?")
    assert render.suggestions([("1", "2", "3"), ("4", "5", "6")], most=3) == ("1", "4", "2")


def test_an_empty_library_says_how_to_add_an_article() -> None:
    assert "in the tab “Articles”" in render.welcome([], ())


def test_a_live_answer_grows_by_its_events() -> None:
    said = Statement("Ada did.", "supported", (cite(0, 6),))
    live = Live("And who?", "m2")
    for event in [
        Searched("Who built it?", rewritten=True),
        EvidenceFound((), 41),
        Waiting("reading", 3.4),
        Notice("A line."),
        StatementReady(said),
    ]:
        live = live.after(event)
    assert live == Live("And who?", "m2", "Who built it?", (), 41, (said,), Waiting("reading", 3.4), ("A line.",))
    assert "Reading… 3 s" in render.live_status(live)
    # The page counts the seconds itself: a beat changes nothing that would be drawn again.
    assert live.after(Waiting("reading", 3.6)) is live
    assert "Reading… 9 s" in render.live_status(live.after(Waiting("reading", 9.0)))
    assert "Writing… 3 s" in render.live_status(live.after(Waiting("writing", 3.6)))
    assert "Reading, slower than usual… 61 s" in render.live_status(live.after(Waiting("reading", 61.0)))
    assert "Found no passage in 41 ms" in render.live_head(live, {})
    assert 'id="cite-m2-1-s0"' in render.live_body([("m", live)])


def test_an_answer_broken_off_keeps_what_was_said() -> None:
    said = Statement("Ada did.", "supported", (cite(0, 6),))
    partial = Live("Who?", "m0", statements=(said,)).broken_off("You stopped it.", model="m", milliseconds=900)
    assert partial == answer(
        model="m", embedder="", statements=(said,), interrupted="You stopped it.", timings_ms={"total": 900}
    )
    assert "Ends early. You stopped it." in Reader(shown(partial)).text


def test_sentences_are_joined_as_their_language_does() -> None:
    assert joined(["One.", "Two."]) == "One. Two."
    assert joined(["一つ。", "二つ。"]) == "一つ。二つ。"


def test_an_answer_of_several_articles_names_them_with_their_numbers() -> None:
    other = replace(cite(3, 9, "Other."), document="other", title="<b>Other</b>")
    said = (
        Statement("One.", "supported", (cite(0, 6), other)),
        Statement("Two.", "supported", (cite(10, 16),)),
    )
    html = render_answer.body(answer(statements=said), "m0", {"doc": "A title", "other": "<b>Other</b>"})
    line = re.search(r'<p class="from-articles">.*?</p>', html)
    assert line
    assert Reader(line[0]).text == "From: A title [1][3], <b>Other</b> [2]"
    assert "from-articles" not in shown(answer())


def test_a_source_with_a_page_says_so() -> None:
    def page(document: str, offset: int) -> int | None:
        return 12 if (document, offset) == ("doc", 0) else None

    html = render_answer.body(answer(statements=(Statement("One.", "supported", (cite(0, 6),)),)), "m0", {}, pages=page)
    assert 'data-page="12"' in html
    assert 'aria-label="Source 1, page 12: Quote."' in html
    assert '<span class="where">page 12</span>' in html
