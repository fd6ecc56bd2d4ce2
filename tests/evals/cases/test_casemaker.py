"""A case saved from the app can be read back, is verbatim, and is never lost."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import string
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from assistant.errors import UsageError
from assistant.types import Turn
from evals.cases.casemaker import ARTICLES, CASES, find_place, save_case
from evals.cases.sets import load_set
from index.reading.load import document_from_text
from index.types import Document

TEXT = (
    "The lamp at Skerry Point\n\nThe lamp was lit on 3 May 1871. Ada Holm chose granite. She was given brick.\n\n"
    "The lamp was lit again in 1905, after the storm."
)


def article(text: str = TEXT, id: str = "lighthouse", language: str | None = "en") -> Document:
    return document_from_text(text, id=id, title="The lamp", language=language)


def place(document: Document, quote: str) -> tuple[str, int, int]:
    start = document.text.index(quote)
    return document.id, start, start + len(quote)


def rows(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_a_case_is_written_whole(tmp_path: Path) -> None:
    lighthouse = article()
    history = (Turn("user", "Who built it?"), Turn("assistant", "Ada Holm."))
    id = save_case(
        tmp_path / "mine",
        question="  What of?  ",
        history=history,
        answerable=True,
        answers=["brick", " brick ", ""],
        evidence=[place(lighthouse, "She was given brick.")],
        documents=[lighthouse],
    )
    assert rows(tmp_path / "mine" / CASES) == [
        {
            "id": id,
            "question": "What of?",
            "answerable": True,
            "answers": ["brick"],
            "evidence": [{"article": "lighthouse", "quote": "She was given brick."}],
            "lang": "en",
            "tags": ["from-chat"],
            "articles": ["lighthouse"],
            "history": [
                {"role": "user", "content": "Who built it?"},
                {"role": "assistant", "content": "Ada Holm."},
            ],
        }
    ]
    assert rows(tmp_path / "mine" / ARTICLES) == [
        {"id": "lighthouse", "title": "The lamp", "lang": "en", "text": lighthouse.text}
    ]
    (case,) = load_set(tmp_path / "mine").cases
    assert case.history == history


def test_a_case_that_the_article_does_not_answer_needs_no_proof(tmp_path: Path) -> None:
    save_case(tmp_path, question="How tall is it?", answerable=False, documents=[article()])
    (case,) = load_set(tmp_path).cases
    assert (case.answerable, case.answers, case.evidence, case.articles) == (False, (), (), ("lighthouse",))


def test_the_same_case_again_changes_nothing(tmp_path: Path) -> None:
    ids = {save_case(tmp_path, question="How tall?", answerable=False, documents=[article()]) for _ in range(3)}
    assert len(ids) == 1
    assert len(rows(tmp_path / CASES)) == 1


def test_an_article_is_kept_once_and_one_that_changed_beside_its_former_self(tmp_path: Path) -> None:
    former, changed = article(), article(TEXT.replace("brick", "stone"))
    for question, document in [("One?", former), ("Two?", former), ("Three?", changed), ("Four?", changed)]:
        save_case(tmp_path, question=question, answerable=False, documents=[document])
    first, second = rows(tmp_path / ARTICLES)
    assert (first["id"], first["text"]) == ("lighthouse", former.text)
    assert str(second["id"]).startswith("lighthouse~")
    assert second["text"] == changed.text
    assert [case.articles for case in load_set(tmp_path).cases] == [("lighthouse",)] * 2 + [(second["id"],)] * 2


def test_a_quote_that_the_article_holds_twice_is_widened_until_it_is_the_one_picked(tmp_path: Path) -> None:
    lighthouse = article()
    start = lighthouse.text.rindex("was lit")
    save_case(tmp_path, question="When again?", answerable=True, evidence=[("lighthouse", start, start + 7)],
              documents=[lighthouse])  # fmt: skip
    ((gold,),) = [case.evidence for case in load_set(tmp_path).cases]
    assert gold.start <= start < gold.end
    assert gold.quote == "lamp was lit again"


def test_a_japanese_question_is_japanese(tmp_path: Path) -> None:
    save_case(tmp_path, question="灯台はいつ点灯したか", answerable=True, answers=["1871年"], documents=[article()])
    (case,) = load_set(tmp_path).cases
    assert case.lang == "ja"


LIGHTHOUSE = article()


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"question": " \n"}, "The case has no question"),
        ({"question": "x" * 4001}, "4,001 characters"),
        ({"documents": []}, "no article"),
        ({"answers": [" "], "evidence": []}, "Write the expected answer"),
        ({"answerable": False}, "is ticked, but there is an answer"),
        ({"evidence": [("other", 0, 5)]}, "no longer in the article"),
        ({"evidence": [("lighthouse", 5, 5)]}, "no longer in the article"),
        ({"evidence": [("lighthouse", 0, 10_000)]}, "no longer in the article"),
        ({"evidence": [("lighthouse", 24, 26)]}, "no longer in the article"),
    ],
)
def test_a_case_that_could_not_be_scored_is_refused_in_one_line(
    tmp_path: Path, wrong: dict[str, object], line: str
) -> None:
    given_case = {"question": "What of?", "answerable": True, "answers": ["brick"], "documents": [LIGHTHOUSE]} | wrong
    with pytest.raises(UsageError, match=line) as refused:
        save_case(tmp_path / "mine", **given_case)  # type: ignore[arg-type]
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "mine" / CASES).exists()


def test_a_set_that_a_hand_broke_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    save_case(tmp_path, question="One?", answerable=False, documents=[article()])
    with (tmp_path / CASES).open("a") as file:
        file.write('{"id": "half')
    before = (tmp_path / CASES).read_bytes()
    with pytest.raises(UsageError, match=r"cases\.jsonl, line 2: found no JSON"):
        save_case(tmp_path, question="Two?", answerable=False, documents=[article()])
    assert (tmp_path / CASES).read_bytes() == before


def test_a_last_line_without_an_end_is_kept(tmp_path: Path) -> None:
    save_case(tmp_path, question="One?", answerable=False, documents=[article()])
    file = tmp_path / CASES
    file.write_text(file.read_text().rstrip("\n"))
    save_case(tmp_path, question="Two?", answerable=False, documents=[article()])
    assert [case.question for case in load_set(tmp_path).cases] == ["One?", "Two?"]


def test_a_selection_is_found_across_paragraphs_and_at_the_place_it_was_made() -> None:
    lighthouse = article()
    start, end = find_place(lighthouse, "given  brick.\n\n\nThe lamp\twas")
    assert lighthouse.text[start:end] == "given brick.\n\nThe lamp was"
    second = lighthouse.text.rindex("The lamp was lit")
    before = len("".join(lighthouse.text[:second].split()))
    assert find_place(lighthouse, "The lamp was lit", before=before) == (second, second + 16)
    first = lighthouse.text.index("The lamp was lit")
    assert find_place(lighthouse, "The lamp was lit", before=before + 1) == (first, first + 16)


@pytest.mark.parametrize("text", ["", " \n ", "The lamp is lit", "Ines Park"])
def test_a_selection_that_is_not_the_articles_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"^[^\n]+$"):
        find_place(LIGHTHOUSE, text, before=3)


_WORDS = st.text(string.ascii_letters + "ab" * 20 + "点灯。é’-.!1 ", min_size=1, max_size=12)
_TEXTS = st.lists(st.lists(_WORDS, min_size=1, max_size=8).map(" ".join), min_size=1, max_size=5).map("\n\n".join)
_ASKED = st.text(min_size=1, max_size=40).filter(lambda text: text.strip() and max(text) < "\ud800")


@settings(max_examples=150, deadline=None)
@given(data=st.data(), text=_TEXTS, question=_ASKED, answers=st.lists(_ASKED, max_size=3))
def test_whatever_is_saved_is_read_back_and_its_quotes_are_verbatim(
    data: st.DataObject, text: str, question: str, answers: list[str]
) -> None:
    assume(text.strip())
    document = article(text, language=None)
    size = len(document.text)
    spans = st.tuples(st.integers(0, size), st.integers(0, size)).map(sorted)
    picked = [
        (document.id, start, end)
        for start, end in data.draw(st.lists(spans, min_size=1, max_size=3))
        if document.text[start:end].strip()
    ]
    assume(picked)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mine"
        id = save_case(path, question=question, answerable=True, answers=answers, evidence=picked, documents=[document])
        read = load_set(path)
    (case,) = read.cases
    assert (case.id, case.question) == (id, question.strip())
    assert case.answers == tuple(dict.fromkeys(answer.strip() for answer in answers))
    assert read.documents[document.id].text == document.text
    for gold in case.evidence:
        assert document.text[gold.start : gold.end] == gold.quote
    for _, start, end in picked:
        squeezed = "".join(document.text[start:end].split())
        assert any(squeezed in "".join(gold.quote.split()) for gold in case.evidence)
        wanted = {place for place in range(start, end) if not document.text[place].isspace()}
        assert any(wanted <= set(range(gold.start, gold.end)) for gold in case.evidence)


def _save_many(folder: str, said: str) -> None:
    for number in range(10_000):
        question = f"Question {number}?"
        save_case(Path(folder), question=question, answerable=False, documents=[article(f"{TEXT} {number % 7}")])
        with Path(said).open("a") as file:
            file.write(f"{question}\n")


@pytest.mark.parametrize("seconds", [0.05, 0.11, 0.17, 0.23])
def test_a_kill_at_any_moment_loses_no_case_that_was_saved(tmp_path: Path, seconds: float) -> None:
    said = tmp_path / "said"
    writer = multiprocessing.get_context("fork").Process(target=_save_many, args=(str(tmp_path / "mine"), str(said)))
    writer.start()
    while not said.exists():
        time.sleep(0.01)
    time.sleep(seconds)
    os.kill(writer.pid or 0, signal.SIGKILL)
    writer.join()
    kept = [case.question for case in load_set(tmp_path / "mine").cases]
    acknowledged = said.read_text().splitlines()
    assert kept[: len(acknowledged)] == acknowledged
    save_case(tmp_path / "mine", question="After?", answerable=False, documents=[article()])
    assert load_set(tmp_path / "mine").cases[-1].question == "After?"
