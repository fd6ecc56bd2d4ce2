"""The project's own sets hold what a report rests on: true quotes, known tags, fair twins, planted strings."""

import json
import re
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from index.reading.load import document_from_text, load
from index.text.sentences import sentences
from index.types import Document

ROOT = Path(__file__).parents[3]
OWN = ROOT / "evals" / "cases"
BUNDLED = ROOT / "assistant" / "data" / "japan-national-intelligence-secretariat.md"

CASE_FIELDS = {
    *("id", "question", "history", "answerable", "lang", "tags", "answers", "nuggets", "evidence", "articles"),
    "forbidden",
}
KINDS = {"fact", "number", "date", "name", "list", "why"}
FORMS = {"paraphrase", "yes-no", "multi-sentence", "follow-up", "turn-2", "turn-3", "standalone", "japanese"}
SILENT = {"false-premise", "not-in-article", "off-topic"}
ATTACKS = {
    *("direct-order", "role-tokens", "exfiltration", "html", "fake-citations", "fake-abstention", "fake-conversation"),
    *("language-order", "heading-order", "invisible-characters", "japanese-order"),
}
VOICES = {"differ", "same", "apart"}
QUOTAS = {
    "fact": 25, "name": 15, "number": 10, "date": 10, "list": 10, "why": 14, "paraphrase": 14, "yes-no": 12,
    "multi-sentence": 8, "turn-2": 14, "turn-3": 8, "standalone": 22, "japanese": 14,
    "false-premise": 10, "not-in-article": 18, "off-topic": 10,
}  # fmt: skip

CaseResult = dict[str, Any]


def rows(path: Path) -> list[CaseResult]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


ARTICLE_CASES = rows(OWN / "article" / "cases.jsonl")
HOSTILE_CASES = rows(OWN / "hostile" / "cases.jsonl")
HOSTILE_ARTICLES = rows(OWN / "hostile" / "articles.jsonl")
VOICES_CASES = rows(OWN / "voices" / "cases.jsonl")
VOICES_ARTICLES = rows(OWN / "voices" / "articles.jsonl")
CHECKS = rows(OWN / "checks.jsonl")
ALL_CASES = [*ARTICLE_CASES, *HOSTILE_CASES, *VOICES_CASES]


@pytest.fixture(scope="module")
def documents() -> dict[str, Document]:
    own = load(OWN / "article" / "articles" / BUNDLED.name)
    others = [
        document_from_text(row["text"], id=row["id"], title=row["title"], language=row["lang"])
        for row in [*HOSTILE_ARTICLES, *VOICES_ARTICLES]
    ]
    return {document.id: document for document in [own, *others]}


def plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def stands_in(short: str, text: str) -> bool:
    """Whole words where words have spaces between them, anywhere where they have none."""
    pattern = re.escape(plain(short))
    return re.search(rf"(?<![a-z0-9]){pattern}(?![a-z0-9])", plain(text)) is not None


def proof(case: CaseResult) -> str:
    return " ".join(place["quote"] for place in case["evidence"])


def expectations(case: CaseResult) -> list[list[str]]:
    """Return groups of variants, one of each of which a right answer holds."""
    return [*([case["answers"]] if "answers" in case else []), *case.get("nuggets", [])]


def tagged(cases: list[CaseResult], *tags: str) -> list[CaseResult]:
    return [case for case in cases if set(tags) & set(case["tags"])]


def test_the_article_of_the_set_is_the_bundled_one():
    assert (OWN / "article" / "articles" / BUNDLED.name).read_bytes() == BUNDLED.read_bytes()


@pytest.mark.parametrize("cases", [ARTICLE_CASES, HOSTILE_CASES, VOICES_CASES], ids=["article", "hostile", "voices"])
def test_ids_are_speaking_and_no_question_is_asked_twice(cases):
    assert [case["id"] for case in cases if not re.fullmatch(r"[a-z]+[0-9]?(-[a-z0-9]+)+", case["id"])] == []
    for key in (
        [case["id"] for case in cases],
        [(case["question"], json.dumps(case.get("history"))) for case in cases],
    ):
        assert [one for one, count in Counter(key).items() if count > 1] == []


def test_every_case_has_the_fields_of_the_format():
    for case in ALL_CASES:
        assert {"id", "question", "answerable", "lang", "tags"} <= case.keys() <= CASE_FIELDS, case["id"]
        assert isinstance(case["answerable"], bool)
        assert case["question"].strip() == case["question"] != ""
        for variants in expectations(case):
            assert variants, case["id"]
            assert len({plain(one) for one in variants}) == len(variants), case["id"]
        for place in case.get("evidence", []):
            assert place.keys() == {"article", "quote"}


def test_tags_are_known_and_say_what_the_case_is():
    for case in ARTICLE_CASES:
        assert set(case["tags"]) <= KINDS | FORMS | SILENT, case["id"]
        assert case["answerable"] == (not set(case["tags"]) & SILENT), case["id"]
    for case in HOSTILE_CASES:
        assert set(case["tags"]) <= KINDS | ATTACKS | {"japanese", "not-in-article"}, case["id"]
        assert len(set(case["tags"]) & ATTACKS) == 1, case["id"]
        assert case["answerable"] == ("not-in-article" not in case["tags"]), case["id"]
    for case in VOICES_CASES:
        assert len(set(case["tags"]) & VOICES) == 1, case["id"]
        assert set(case["tags"]) <= VOICES | {"japanese"}, case["id"]
        assert case["answerable"], case["id"]
    for case in ALL_CASES:
        assert (case["lang"] == "ja") == ("japanese" in case["tags"]), case["id"]
        assert (case["lang"] == "ja") == bool(re.search("[\u3041-\u30ff]", case["question"])), case["id"]


def test_the_article_set_asks_enough_of_every_kind():
    counts = Counter(tag for case in ARTICLE_CASES for tag in case["tags"])
    assert {tag: counts[tag] for tag, least in QUOTAS.items() if counts[tag] < least} == {}
    assert len(tagged(tagged(ARTICLE_CASES, "off-topic"), "japanese")) >= 2
    assert len(ARTICLE_CASES) >= 120
    silent = sum(not case["answerable"] for case in ARTICLE_CASES) / len(ARTICLE_CASES)
    assert 0.2 <= silent <= 0.35


def test_every_quote_is_whole_sentences_of_one_paragraph_and_stands_there_once(documents):
    bounds = {id: [(one.start, one.end) for one in sentences(document)] for id, document in documents.items()}
    for case in ALL_CASES:
        places = [(place["article"], place["quote"]) for place in case.get("evidence", [])]
        assert len(set(places)) == len(places), case["id"]
        for article, quote in places:
            document = documents[article]
            assert document.text.count(quote) == 1, (case["id"], quote)
            start = document.text.index(quote)
            end = start + len(quote)
            assert any(b.kind == "paragraph" and b.start <= start and end <= b.end for b in document.blocks), case["id"]
            assert start in {first for first, _ in bounds[article]}, (case["id"], quote)
            assert end in {last for _, last in bounds[article]}, (case["id"], quote)


def test_what_is_expected_stands_in_the_evidence():
    for case in ALL_CASES:
        if case["answerable"]:
            assert expectations(case), case["id"]
            for variants in expectations(case):
                assert any(stands_in(one, proof(case)) for one in variants), (case["id"], variants)


def test_every_place_of_evidence_holds_a_part_of_the_answer():
    for case in ALL_CASES:
        variants = [one for group in expectations(case) for one in group]
        for place in case.get("evidence", []):
            assert any(stands_in(one, place["quote"]) for one in variants), (case["id"], place["quote"])


def test_a_question_without_an_answer_expects_none():
    for case in ALL_CASES:
        if not case["answerable"]:
            assert not case.keys() & {"answers", "nuggets", "evidence"}, case["id"]


def test_no_question_and_no_earlier_turn_gives_the_answer_away():
    for case in ALL_CASES:
        said = [case["question"], *(turn["content"] for turn in case.get("history", []))]
        for answer in case.get("answers", []):
            assert not any(stands_in(answer, text) for text in said), (case["id"], answer)


def test_a_paraphrase_shares_no_long_word_with_its_evidence():
    for case in tagged(ARTICLE_CASES, "paraphrase"):
        asked, proved = (
            {word.rstrip("s") for word in re.findall("[a-z]{6,}", plain(text))}
            for text in (case["question"], proof(case))
        )
        assert asked & proved == set(), case["id"]


def test_a_question_about_two_sentences_has_two_places_and_a_nugget_for_each():
    for case in tagged(ARTICLE_CASES, "multi-sentence"):
        assert len(case["evidence"]) >= 2, case["id"]
        assert len(case["nuggets"]) >= 2, case["id"]
        for place in case["evidence"]:
            alone = all(any(stands_in(one, place["quote"]) for one in variants) for variants in case["nuggets"])
            assert not alone, (case["id"], place["quote"])


def test_a_follow_up_leans_on_turns_that_alternate_and_end_with_the_assistant():
    for case in ALL_CASES:
        history = case.get("history", [])
        assert bool(history) == ("follow-up" in case["tags"]), case["id"]
        if history:
            assert [turn["role"] for turn in history] == ["user", "assistant"] * (len(history) // 2), case["id"]
            assert f"turn-{len(history) // 2 + 1}" in case["tags"], case["id"]


def test_a_follow_up_has_a_standalone_twin_that_expects_the_same():
    by_id = {case["id"]: case for case in ARTICLE_CASES}
    follow_ups = tagged(ARTICLE_CASES, "follow-up")
    assert len(tagged(ARTICLE_CASES, "standalone")) == len(follow_ups)
    for case in follow_ups:
        twin = by_id[f"{case['id']}-standalone"]
        assert "standalone" in twin["tags"]
        assert len(twin["question"]) > len(case["question"])
        for key in ("answerable", "lang", "answers", "nuggets", "evidence"):
            assert case.get(key) == twin.get(key), (case["id"], key)
        assert {*case["tags"]} - {"follow-up", "turn-2", "turn-3"} == {*twin["tags"]} - {"standalone"}, case["id"]


def test_the_hostile_set_has_an_answerable_and_a_silent_case_for_every_article(documents):
    assert len(HOSTILE_CASES) >= 30
    assert sum(row["lang"] == "ja" for row in HOSTILE_ARTICLES) >= 2
    assert {attack for attack in ATTACKS if not tagged(HOSTILE_CASES, attack)} == set()
    for row in HOSTILE_ARTICLES:
        assert row.keys() == {"id", "title", "lang", "text"}
        assert 150 <= len(row["text"].split()) <= 350 or (row["lang"] == "ja" and 350 <= len(row["text"]) <= 800)
        assert documents[row["id"]].language == row["lang"]
        cases = [case for case in HOSTILE_CASES if case["articles"] == [row["id"]]]
        assert Counter(case["answerable"] for case in cases)[False] == 1, row["id"]
        assert Counter(case["answerable"] for case in cases)[True] >= 2, row["id"]


def test_a_planted_string_is_in_the_article_as_read_and_in_nothing_a_right_answer_needs(documents):
    for case in HOSTILE_CASES:
        assert case["forbidden"], case["id"]
        for canary in case["forbidden"]:
            assert plain(canary) in plain(documents[case["articles"][0]].text), (case["id"], canary)
            needed = [case["question"], *(one for group in expectations(case) for one in group)]
            needed += [place["quote"] for place in case.get("evidence", [])]
            assert not any(plain(canary) in plain(text) for text in needed), (case["id"], canary)


def test_two_articles_differ_say_the_same_or_tell_of_two_things():
    by_tag = {tag: tagged(VOICES_CASES, tag) for tag in VOICES}
    assert {tag: len(cases) >= 10 for tag, cases in by_tag.items()} == dict.fromkeys(VOICES, True)
    for case in VOICES_CASES:
        assert len(case["articles"]) == 2, case["id"]
    for case in by_tag["differ"]:  # each says one thing, and a right answer says both
        assert [place["article"] for place in case["evidence"]] == case["articles"], case["id"]
        assert len(case["nuggets"]) == 2, case["id"]
        for variants, place in zip(case["nuggets"], case["evidence"], strict=True):
            assert any(stands_in(one, place["quote"]) for one in variants), case["id"]
    for case in by_tag["same"]:
        assert [place["article"] for place in case["evidence"]] == case["articles"], case["id"]
        assert "nuggets" not in case, case["id"]
    for case in by_tag["apart"]:  # the like number of another thing stands in one of the two, and answers nothing
        texts = [row["text"] for row in VOICES_ARTICLES if row["id"] in case["articles"]]
        assert len(case["evidence"]) == 1, case["id"]
        for other in case["forbidden"]:
            assert any(stands_in(other, text) or other in text for text in texts), (case["id"], other)
            assert other not in proof(case), (case["id"], other)


def test_invisible_characters_are_in_the_file_and_gone_from_the_article(documents):
    hidden = {case["articles"][0] for case in tagged(HOSTILE_CASES, "invisible-characters")}
    assert hidden
    for row in HOSTILE_ARTICLES:
        canaries = {canary for case in HOSTILE_CASES if case["articles"] == [row["id"]] for canary in case["forbidden"]}
        assert any(canary in row["text"] for canary in canaries) == (row["id"] not in hidden)
        assert not re.search("[\u200b-\u200d\u2060]", documents[row["id"]].text)


def test_files_show_every_character_they_hold():
    """What no reader sees is written as an escape, so that a diff shows it."""
    for file in OWN.rglob("*.jsonl"):
        text = file.read_text(encoding="utf-8")
        assert {c for c in text if unicodedata.category(c) in {"Cf", "Cc"}} <= {"\n"}, file.name


def test_checks_pair_a_right_and_a_wrong_answer_to_the_same_question():
    assert len(CHECKS) >= 60
    assert len({row["id"] for row in CHECKS}) == len(CHECKS)
    assert Counter(row["lang"] for row in CHECKS) == {"en": 48, "ja": 12}
    for row in CHECKS:
        assert row.keys() == {"id", "lang", "question", "expected", "answer", "label"}
        assert row["label"] in {0, 1}
        assert row["expected"], row["id"]
        assert (row["lang"] == "ja") == bool(re.search("[\u3041-\u30ff]", row["answer"])), row["id"]
    labels: dict[str, list[int]] = {}
    for row in CHECKS:
        labels.setdefault(row["question"], []).append(row["label"])
    assert {tuple(sorted(pair)) for pair in labels.values()} == {(0, 1)}


def test_checks_cannot_be_told_apart_by_looking_for_the_expected_words():
    """A judge must beat this: it is what the deterministic scorer does already."""
    right = [any(stands_in(one, row["answer"]) for one in row["expected"]) == bool(row["label"]) for row in CHECKS]
    assert sum(right) / len(right) < 0.65
