"""Twins: what is taken from an article or changed in it, and that nothing else is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import UsageError
from evals.cases.sets import load_set
from evals.scorers.text import present, present_any
from evals.twins.edit_values import Dice, other_values, pattern_of, rewritten, values_in
from evals.twins.edits import core_of, cues_of, names_of, shape_of
from evals.twins.make import Counts, Skipped, Twin, edited, gold_deleted, write_twins
from evals.types import EvalSet
from index.reading.load import document_from_text

LIGHTHOUSE = [
    "The light at Skerry Point was built in 1871 by the engineer Edmund Farrow.",
    "Its tower is 26 metres high and has 118 steps.",
    "Keepers",
    "Three keepers lived there with their families until the light was automated.",
    "The last keeper, Ada Brandt, left on 4 July 1977.",
    "Ships",
    "The wreck of the barque Corinna in 1868 had cost nineteen lives.",
    "In heavy fog the tower, twenty-six metres high, was hidden to its top.",
    "A horn was added later, and Farrow's drawings of it are kept in Aldmouth.",
    "Tours begin every hour in summer, and the cliff path is open all year.",
    "Seals rest on the rocks below when the tide is low.",
]
OTHER = [
    "Tunnels under the bay were surveyed by Clara Nyström in the spring.",
    "Nothing came of it, for want of money.",
]
FOUNDRY = [
    "松原鋳造所は1902年に高瀬町で創業した。",
    "創業者は大森一郎で、最初の職人は12人であった。",
    "戦後は橋の部品を作り、設計はヨハン・ベルガーが行った。",
    "現在の工場では毎年見学会が開かれ、子どもたちに人気がある。",
    "工場の前には川が流れ、春には桜が咲く。",
]


def case(id: str, question: str, answers: list[str], *paragraphs: int, article: str = "light", **more: object) -> dict:
    texts = {"light": LIGHTHOUSE, "bay": OTHER, "foundry": FOUNDRY}
    row = {
        "id": id,
        "question": question,
        "answerable": True,
        "answers": answers,
        "evidence": [{"article": article, "quote": texts[article][place]} for place in paragraphs],
        "articles": [article],
        "lang": "ja" if article == "foundry" else "en",
        "tags": ["fact"],
    }
    return row | more


CASES = [
    case("year", "When was the light built?", ["1871"], 0),
    case("engineer", "Who built the light?", ["Edmund Farrow", "the engineer Edmund Farrow"], 0),
    case("height", "How high is the tower?", ["26 metres", "26"], 1),
    case("left", "When did the last keeper leave?", ["4 July 1977", "July 1977"], 4),
    case("surveyor", "Who surveyed the tunnels?", ["Clara Nyström"], 0, article="bay", articles=["bay", "light"]),
    case("animals", "Which animals rest on the rocks?", ["seals"], 10),
    case("open", "Is the path open in winter?", ["yes"], 9),
    case("named", "Did Ada Brandt leave last?", ["Ada Brandt"], 4),
    case("nuggets", "How many steps, and who left last?", [], 1, 4, nuggets=[["118"], ["Ada Brandt"]]),
    case("steps", "How many steps are there?", [], 1, nuggets=[["118", "one hundred and eighteen"]]),
    case("nothing", "What came of the tunnels?", ["Nothing"], 1, article="bay"),
    case("founded", "鋳造所はいつ創業しましたか。", ["1902年"], 0, article="foundry"),
    case("founder", "創業者は誰ですか。", ["大森一郎"], 1, article="foundry"),
    case("designer", "橋の部品を設計したのは誰ですか。", ["ヨハン・ベルガー"], 2, article="foundry"),
    {"id": "moon", "question": "How far is the moon?", "answerable": False, "articles": ["light"]},
]


@pytest.fixture(scope="module")
def eval_set(tmp_path_factory: pytest.TempPathFactory) -> EvalSet:
    folder = tmp_path_factory.mktemp("sets") / "points"
    folder.mkdir()
    articles = [("light", "en", LIGHTHOUSE), ("bay", "en", OTHER), ("foundry", "ja", FOUNDRY)]
    rows = [{"id": id, "title": id, "lang": lang, "text": "\n\n".join(texts)} for id, lang, texts in articles]
    for name, lines in (("cases.jsonl", CASES), ("articles.jsonl", rows)):
        (folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return load_set(folder)


def made(twins: object) -> dict[str, Twin]:
    return {twin.case.id.rsplit("~", 1)[0]: twin for twin in twins if isinstance(twin, Twin)}


def skipped(twins: object) -> dict[str, str]:
    return {twin.id: twin.reason for twin in twins if isinstance(twin, Skipped)}


def blocks(twin: Twin, place: int = 0) -> list[str]:
    return twin.documents[place].text.split("\n\n")


def test_a_deleted_twin_has_lost_its_evidence_and_every_paragraph_with_the_answer(eval_set: EvalSet) -> None:
    twin = made(gold_deleted(eval_set))["height"]
    assert blocks(twin) == [text for text in LIGHTHOUSE if "26" not in text and "twenty-six" not in text]
    assert (twin.case.id, twin.case.answerable, twin.case.answers, twin.case.evidence) == (
        "height~deleted",
        False,
        (),
        (),
    )
    assert twin.case.question == "How high is the tower?"
    assert twin.case.tags == ("fact", "twin:deleted", "twin-of:height")
    assert twin.case.articles == (twin.documents[0].id,)


def test_no_paragraph_of_a_deleted_twins_library_holds_an_accepted_answer(eval_set: EvalSet) -> None:
    answers = {one.id: [*one.answers, *(text for group in one.nuggets for text in group)] for one in eval_set.cases}
    twins = made(gold_deleted(eval_set))
    assert twins
    for id, twin in twins.items():
        library = dict(eval_set.documents) | {document.id: document for document in twin.documents}
        texts = [text for article in twin.case.articles for text in library[article].text.split("\n\n")]
        assert not any(present_any(answers[id], text) for text in texts)


def test_a_heading_goes_with_its_last_paragraph(tmp_path: Path) -> None:
    rows = [case("who", "Who left last?", ["keepers", "Ada Brandt"], 3, 4)]
    eval_set = small(tmp_path, rows)
    (twin,) = made(gold_deleted(eval_set)).values()
    assert blocks(twin) == [text for place, text in enumerate(LIGHTHOUSE) if place not in (2, 3, 4)]


def test_a_heading_stays_while_a_paragraph_stands_under_it(eval_set: EvalSet) -> None:
    assert "Keepers" in blocks(made(gold_deleted(eval_set))["left"])


def test_an_article_of_which_too_little_is_left_leaves_a_case_with_other_articles(eval_set: EvalSet) -> None:
    twin = made(gold_deleted(eval_set))["surveyor"]
    assert (twin.case.articles, twin.documents) == (("light",), ())


def test_cases_without_a_deleted_twin_are_named_with_their_reason(eval_set: EvalSet) -> None:
    assert skipped(gold_deleted(eval_set)) == {"open": "a yes or no", "nothing": "nothing would be left"}


def test_an_answer_in_most_paragraphs_would_gut_the_article(tmp_path: Path) -> None:
    eval_set = small(tmp_path, [case("common", "What stands there?", ["in", "of", "118"], 0)])
    assert list(skipped(gold_deleted(eval_set)).values()) == ["the answer stands in most of the article"]


def test_twins_that_lost_the_same_paragraphs_share_an_article(tmp_path: Path) -> None:
    rows = [case("a", "How many steps are there?", ["118"], 1), case("b", "What has 118?", ["118 steps"], 1)]
    first, second = made(gold_deleted(small(tmp_path, rows))).values()
    assert first.case.articles == second.case.articles


def test_an_edited_year_is_another_year_within_thirty_and_new_to_the_article(eval_set: EvalSet) -> None:
    twin = made(edited(eval_set))["year"]
    (new,) = twin.case.answers
    assert re.fullmatch(r"\d{4}", new)
    assert 0 < abs(int(new) - 1871) <= 30
    assert new not in "".join(LIGHTHOUSE)
    assert blocks(twin) == [LIGHTHOUSE[0].replace("1871", new), *LIGHTHOUSE[1:]]
    assert twin.case.id == "year~edited"
    assert twin.case.tags == ("fact", "twin:edited", "twin-of:year")


def test_an_edited_number_changes_however_it_is_written(eval_set: EvalSet) -> None:
    twin = made(edited(eval_set))["height"]
    new = twin.case.answers[1]
    assert twin.case.answers == (f"{new} metres", new)
    word = re.search("the tower, (.+) metres high", twin.documents[0].text)
    assert present(new, word[1] if word else "")


def test_an_edited_date_is_a_date(eval_set: EvalSet) -> None:
    twin = made(edited(eval_set))["left"]
    found = re.fullmatch(r"(\d+) ([A-Z][a-z]+) (\d{4})", twin.case.answers[0])
    assert found
    assert 1 <= int(found[1]) <= 28
    assert (found[2] != "July", found[3] != "1977") == (True, True)
    assert twin.case.answers[1] == f"{found[2]} {found[3]}"


def test_an_edited_person_is_a_person_of_another_case_and_keeps_no_family_name(eval_set: EvalSet) -> None:
    twin = made(edited(eval_set))["engineer"]
    name = twin.case.answers[0]
    assert name in ("Clara Nyström", "Ada Brandt")
    assert twin.case.answers == (name, f"the engineer {name}")
    assert "Farrow" not in twin.documents[0].text
    assert f"{name.split()[-1]}'s drawings" in twin.documents[0].text


def test_japanese_numbers_keep_their_counter_and_names_their_script(eval_set: EvalSet) -> None:
    twins = made(edited(eval_set))
    (year,) = twins["founded"].case.answers
    assert re.fullmatch(r"1[89]\d\d年", year)
    assert blocks(twins["founded"])[0] == FOUNDRY[0].replace("1902年", year)
    assert "designer" not in twins  # no other name in katakana


def test_a_single_nugget_is_edited_with_its_variants(eval_set: EvalSet) -> None:
    twin = made(edited(eval_set))["steps"]
    assert twin.case.nuggets == (twin.case.answers,)
    assert present(twin.case.answers[0], twin.case.evidence[0].quote)


def test_cases_without_an_edited_twin_are_named_with_their_reason(eval_set: EvalSet) -> None:
    assert skipped(edited(eval_set)) == {
        "animals": "no kind can be told",
        "open": "a yes or no",
        "named": "the question names the answer",
        "nuggets": "several nuggets",
        "nothing": "no kind can be told",
        "founder": "no other value of its kind",
        "designer": "no other value of its kind",
    }


def test_quotes_of_edited_twins_are_verbatim_and_hold_the_new_answer(eval_set: EvalSet) -> None:
    old = {one.id: one.answers for one in eval_set.cases}
    twins = made(edited(eval_set))
    assert twins
    for id, twin in twins.items():
        library = dict(eval_set.documents) | {document.id: document for document in twin.documents}
        spans = twin.case.evidence
        assert all(library[span.article].text[span.start : span.end] == span.quote for span in spans)
        assert any(present_any(twin.case.answers, span.quote) for span in spans)
        assert not any(present_any(old[id], library[article].text) for article in twin.case.articles)


def test_equal_seeds_give_equal_twins_and_another_seed_other_answers(eval_set: EvalSet) -> None:
    assert list(edited(eval_set)) == list(edited(eval_set))
    assert made(edited(eval_set))["year"].case.answers != made(edited(eval_set, seed=5))["year"].case.answers


def test_a_limit_counts_twins_and_a_larger_one_adds_to_them(eval_set: EvalSet) -> None:
    few, more = (set(made(edited(eval_set, limit=limit))) for limit in (2, 4))
    assert (len(few), len(more), few <= more) == (2, 4, True)
    assert list(edited(eval_set, limit=0)) == []


@pytest.mark.parametrize("kind", ["deleted", "edited"])
def test_what_is_written_reads_back_as_it_was_made(eval_set: EvalSet, tmp_path: Path, kind: str) -> None:
    make = gold_deleted if kind == "deleted" else edited
    twins, reasons = made(make(eval_set)), skipped(make(eval_set))
    folder = tmp_path / eval_set.name
    counts = write_twins(eval_set, kind, folder)
    assert counts == Counts(len(twins), {reason: [*reasons.values()].count(reason) for reason in reasons.values()})
    again = load_set(folder)
    assert list(again.cases) == [twin.case for twin in twins.values()]
    for twin in twins.values():
        assert all(again.documents[document.id].text == document.text for document in twin.documents)
    assert sorted(path.name for path in folder.iterdir()) == ["articles.jsonl", "cases.jsonl"]


def test_twins_are_written_over_twins_and_over_nothing_else(eval_set: EvalSet, tmp_path: Path) -> None:
    write_twins(eval_set, "deleted", tmp_path / "t", limit=3)
    assert write_twins(eval_set, "edited", tmp_path / "t", limit=2).made == 2
    before = (eval_set.path / "cases.jsonl").read_bytes()
    with pytest.raises(UsageError, match=r"found cases.jsonl in .*; expected a new or empty folder, or one of twins"):
        write_twins(eval_set, "edited", eval_set.path)
    assert (eval_set.path / "cases.jsonl").read_bytes() == before
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="cannot be written"):
        write_twins(eval_set, "edited", tmp_path / "file")


def test_twins_are_not_written_through_a_link(eval_set: EvalSet, tmp_path: Path) -> None:
    write_twins(eval_set, "deleted", tmp_path / "t", limit=1)
    (tmp_path / "theirs").write_text("theirs")
    (tmp_path / "t" / "cases.jsonl.part").symlink_to(tmp_path / "theirs")
    assert write_twins(eval_set, "deleted", tmp_path / "t", limit=1).made == 1
    assert (tmp_path / "theirs").read_text() == "theirs"


def test_a_set_without_any_twin_is_an_error_and_leaves_no_folder(tmp_path: Path) -> None:
    eval_set = small(tmp_path, [case("open", "Is the path open?", ["yes"], 9)])
    with pytest.raises(UsageError, match=r"could be edited \(1 × a yes or no\)"):
        write_twins(eval_set, "edited", tmp_path / "none")
    assert not (tmp_path / "none").exists()


def small(folder: Path, rows: list[dict]) -> EvalSet:
    folder = folder / "set"
    folder.mkdir()
    (folder / "cases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    article = {"id": "light", "title": "light", "lang": "en", "text": "\n\n".join(LIGHTHOUSE)}
    (folder / "articles.jsonl").write_text(json.dumps(article) + "\n", encoding="utf-8")
    return load_set(folder)


@pytest.mark.parametrize(
    ("answer", "shape"),
    [
        ("1,300,000", r"\d,\d00,000"),
        ("26 years", r"\d\d years"),
        ("64%", r"\d\d?%"),
        ("$3 million", r"\$\d million"),
        ("twenty-six", r"[a-z-]+"),
        ("19th century", r"\d\d?(st|nd|rd|th) century"),
        ("the 1970s", r"the (19|20)\d0s"),
        ("1321 to 1323", r"1[23]\d\d to 1[23]\d\d"),
        ("9.81", r"\d\.\d\d"),
        ("昭和13年", r"昭和\d\d?年"),
        ("２６年", r"[０-９]{2}年"),
        ("3000km", r"\d000km"),
        ("Two", r"[A-Z][a-z]+"),
    ],
)
def test_a_value_keeps_its_shape(answer: str, shape: str) -> None:
    values = values_in([answer])
    assert values
    for roll in range(50):
        keys = other_values(values, Dice(answer, roll))
        if keys:
            new = rewritten(answer, keys)
            assert re.fullmatch(shape, new), new
            assert not present(answer, new)


@pytest.mark.parametrize(
    "answer",
    ["red", "one day", "1914-18", "10:30", "2001-05-03", "1/3", "H2O", "Seven Years' War", "metres per second"],
)
def test_what_has_no_value_or_one_of_an_unknown_shape_is_not_guessed_at(answer: str) -> None:
    assert values_in([answer]) is None


def test_years_of_a_range_move_together() -> None:
    values = values_in(["from 1321 to 1323"]) or {}
    for roll in range(20):
        keys = other_values(values, Dice(roll))
        assert keys is None or int(keys["1323"]) - int(keys["1321"]) == 2


@given(st.integers(2, 10**7), st.text("abc .", max_size=8), st.text("abc .", max_size=8), st.integers(0, 99))
def test_a_number_is_found_and_changed_at_its_edges_only(number: int, before: str, after: str, roll: int) -> None:
    values = values_in([str(number)]) or {}
    keys = other_values(values, Dice(roll))
    pattern = re.compile(pattern_of(str(number)))
    text = f"{before} {number:,} {number}7 {after}"
    if keys:
        new = keys[str(number)]
        assert pattern.sub(lambda found: rewritten(found.group(), keys), text) == (
            f"{before} {int(new):,} {number}7 {after}" if number >= 1000 else f"{before} {new} {number}7 {after}"
        )


@given(st.lists(st.text("ab Z。\n", min_size=1, max_size=30), min_size=1, max_size=8))
def test_canonical_paragraphs_without_line_ends_read_back_as_they_are(texts: list[str]) -> None:
    """What lets a twin skip the loader: it would change nothing."""
    paragraphs = [" ".join(text.split()) for text in texts if text.split()]
    text = "\n\n".join(paragraphs)
    if text:
        assert document_from_text(text, id="x", title="x", language="en").text == text


@pytest.mark.parametrize(
    ("question", "cues"),
    [
        ("Who built it?", ("who",)),
        ("In what European country is it?", ("country", "where")),
        ("Which king came?", ("king", "who")),
        ("Where is it?", ("where",)),
        ("What is it?", ("what",)),
        ("誰が建てましたか。", ("who",)),
        ("どこにありますか。", ("where",)),
    ],
)
def test_a_question_tells_what_it_asks_for(question: str, cues: tuple[str, ...]) -> None:
    assert cues_of(question) == cues


def test_the_core_of_accepted_answers_stands_in_all_of_them() -> None:
    assert core_of(["the Wankel engine", '"Wankel"']) == "Wankel"
    assert core_of(["Conan O'Brien"]) == "Conan O'Brien"
    assert core_of(["Prussia", "Frederick William"]) is None
    assert core_of(["art", "Bartholomew"]) is None
    assert core_of([]) is None


def test_a_single_capital_is_a_name_only_inside_a_sentence() -> None:
    assert shape_of("Prussia", text="It went to Prussia.", language="en") == "1"
    assert shape_of("Seals", text="Seals rest there.", language="en") is None
    assert shape_of("Hundred of the", text="", language="en") is None


def test_names_are_gathered_by_how_they_were_asked_for() -> None:
    asked = [
        ("Who came?", ["Ada Brandt"], "Ada Brandt came.", "en"),
        ("Who left?", ["Clara Nyström"], "Clara Nyström left.", "en"),
        ("When?", ["1871"], "In 1871.", "en"),
        ("誰ですか。", ["大森一郎"], "大森一郎である。", "ja"),
    ]
    assert names_of(asked) == {
        ("en", "who", "2"): ("Ada Brandt", "Clara Nyström"),
        ("ja", "who", "han 郎"): ("大森一郎",),
    }
