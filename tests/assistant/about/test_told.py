"""What articles say of themselves: quotes of them, and the assistant's own words beside."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.about.dates import dates, numbers
from assistant.about.listing import listed
from assistant.about.recognise import kind_of
from assistant.about.told import Told, answered
from index.reading.load import load_bytes
from index.types import Document
from index.vectors.embed import Embedder

BRIDGE = """# The valley bridge

By Mara Holt

## How it was built

The harbor board chose Elena Ruiz as the engineer of the valley bridge in March 1929. She had built two smaller \
bridges in Portugal. \
The Ministry of Works did not want a tunnel, because a tunnel would have cost twice as much as the bridge.

The bridge opened on 4 May 1931 and replaced a ferry that had carried coal, timber and salt across the valley.

## Later years

Repairs of the bridge after the flood of 1964 cost 2 million euros. "A toll has never been charged here," Ruiz wrote. \
In short, the bridge has served the valley for three generations without a toll.
"""
FERRY = """# The ferry

The last ferry of the valley carried coal and timber until 1931. Its captain, Otto Brand, kept a diary of every \
crossing for the museum. The ferry was sold to Norway for 900 crowns.
"""
MURAL = """# 駅の壁画

文：山本あかね

駅の壁画は2004年4月10日に完成した。制作費は300万円で、市民およそ120人が参加した。佐藤健一氏は「町の記憶を描いた」と述べた。
"""


class NoEmbedder:
    """Stands where no text may be embedded."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"the embedder was asked for {name}")


NOBODY: Embedder = NoEmbedder()  # type: ignore[assignment]


def _article(text: str, name: str) -> Document:
    return load_bytes(text.encode(), name=name)


bridge, ferry, mural = _article(BRIDGE, "bridge.md"), _article(FERRY, "ferry.md"), _article(MURAL, "mural.md")


def told(question: str, *documents: Document) -> Told:
    request = kind_of(question)
    assert request is not None
    return answered(request, documents or (bridge,), NOBODY)


QUESTIONS = [
    "What is it about?", "Summarise in five points", "List the dates", "List the names", "List the numbers",
    "List the countries", "List the quotes", "List the headings", "List the organisations", "List the people",
    "List the places", "Who wrote it?", "What is the title?", "What is the conclusion?", "この記事を要約して",
    "How do the articles differ?", "What do the articles have in common?", "What is new in the second article?",
]  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("documents", [(bridge,), (mural,), (bridge, ferry)])
def test_every_statement_cites_the_very_words_of_its_article(question: str, documents: tuple[Document, ...]) -> None:
    by_id = {document.id: document for document in documents}
    for statement in told(question, *documents).statements:
        (cited,) = statement.citations
        assert cited.quote
        assert by_id[cited.document].text[cited.start : cited.end] == cited.quote
        said = statement.text.partition("”: ")[2] or statement.text.partition("』：")[2] or statement.text
        assert said in " ".join(cited.quote.split())


def test_small_talk_is_the_assistants_own_word() -> None:
    for talk in ("hello", "thanks", "what can you do?", "bye", "こんにちは"):
        found = told(talk)
        assert found.aside
        assert not found.statements


def test_lists_hold_everything_once_in_the_order_of_the_article() -> None:
    assert [s.text for s in told("List the dates").statements] == ["March 1929", "4 May 1931", "1964"]
    assert [s.text for s in told("日付をすべて挙げて", mural).statements] == ["2004年4月10日"]
    assert [s.text for s in told("List the countries").statements] == ["Portugal"]
    assert [s.text for s in told("List the organisations").statements] == ["Ministry of Works"]
    assert [s.text for s in told("List the headings").statements] == ["How it was built", "Later years"]
    assert "Elena Ruiz" in [s.text for s in told("List the names").statements]
    assert [s.text for s in told("人名を挙げて", mural).statements] == ["佐藤健一"]


def test_what_is_not_shown_of_a_list_is_counted() -> None:
    found = told("List two dates")
    assert len(found.statements) == 2
    assert "2 of 3 dates" in found.aside
    assert "1 more" in found.aside


def test_an_author_is_quoted_from_his_line_or_else_told_as_a_detail() -> None:
    assert [s.text for s in told("Who wrote it?").statements] == ["By Mara Holt"]
    assert [s.text for s in told("著者は誰ですか", mural).statements] == ["文：山本あかね"]
    kept = told("Who wrote it?", replace(ferry, author="Ida Lund"))
    assert not kept.statements
    assert "Ida Lund" in kept.aside


def test_a_detail_that_nobody_knows_is_not_told() -> None:
    assert told("Who wrote it?", ferry) == Told()
    assert told("When was it published?", ferry) == Told()
    assert told("Where was it published?", ferry) == Told()


def test_a_summary_has_as_many_points_as_are_asked_for_in_the_articles_order() -> None:
    for count in (1, 2, 4):
        found = told(f"Summarise in {count} points").statements
        starts = [statement.citations[0].start for statement in found]
        assert len(found) == count
        assert starts == sorted(starts)


def test_of_several_articles_each_says_a_line_of_its_own() -> None:
    found = told("What are the articles about?", bridge, ferry)
    assert [statement.citations[0].document for statement in found.statements] == [bridge.id, ferry.id]
    assert "2 articles" in found.aside


def test_what_is_new_in_an_article_is_not_what_the_other_says() -> None:
    copied = _article(
        BRIDGE + "\nA second bridge of glass is planned beside the old one by the young Ana Prado.\n", "copy.md"
    )
    found = told("What is new in the second article?", bridge, copied).statements
    assert any("Ana Prado" in statement.text for statement in found)


@settings(max_examples=25, deadline=None)
@given(st.dates(min_value=dt.date(1500, 1, 1), max_value=dt.date(2099, 12, 31)), st.integers(0, 5))
def test_every_date_in_a_text_is_listed(day: dt.date, form: int) -> None:
    months = "January February March April May June July August September October November December".split()
    month = months[day.month - 1]
    written = [
        f"{month} {day.day}, {day.year}", f"{day.day} {month} {day.year}", f"{month} {day.year}", day.isoformat(),
        f"{day.year}年{day.month}月{day.day}日", str(day.year),
    ][form]  # fmt: skip
    text = f"この橋は{written}に開いた。" if form == 4 else f"The gate was opened in {written}, as the board had asked."
    assert [text[start:end] for start, end in dates(text, "ja" if form == 4 else "en")] == [written]


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 999_999_999))
def test_a_number_is_listed_with_what_it_counts(number: int) -> None:
    text = f"The mill sold {number:,} sacks that year."
    found = {text[start:end] for start, end in (*numbers(text, "en"), *dates(text, "en"))}
    assert f"{number:,} sacks" in found or (1000 <= number < 2200 and "," not in f"{number:,}")


@settings(max_examples=25, deadline=None)
@given(st.text(alphabet="ABab 19月年「」“”\"'.。,-–(\n", max_size=80))
def test_no_text_breaks_a_list(text: str) -> None:
    document = replace(ferry, text="x", blocks=())
    if text.strip():
        document = load_bytes(f"x{text}".encode(), name="odd.txt")
    for kind in ("names", "people", "places", "countries", "organisations", "dates", "numbers", "quotes", "headings"):
        for start, end in listed(kind, document):  # type: ignore[arg-type]
            assert 0 <= start < end <= len(document.text)
