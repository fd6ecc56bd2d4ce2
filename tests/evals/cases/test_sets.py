"""A set is read whole or refused with the place and the mend; gold quotes become spans of the article's own text."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import UsageError
from assistant.types import Turn
from evals.cases.sets import Quotes, find_set, known_sets, load_set, load_sets, sample
from evals.types import GoldSpan
from index.reading.load import document_from_text

ARTICLE = {
    "id": "bridge",
    "title": "The bridge",
    "lang": "en",
    "text": "Elena Ruiz designed the bridge.\n\nIt opened in  1931.\nIt replaced a ferry.",
}
CASE = {
    "id": "who",
    "question": "Who designed the bridge?",
    "answerable": True,
    "answers": ["Elena Ruiz"],
    "evidence": [{"article": "bridge", "quote": "Elena Ruiz designed the bridge."}],
}


def write_set(folder: Path, *cases: dict[str, Any], articles: tuple[dict[str, Any], ...] = (ARTICLE,)) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in (("cases.jsonl", cases), ("articles.jsonl", articles)):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


def test_a_set_is_read_with_its_gold_quotes_found_and_what_is_absent_filled_in(tmp_path: Path) -> None:
    read = load_set(write_set(tmp_path / "mine", CASE))
    case = read.cases[0]
    assert (read.name, case.key, case.articles, case.lang, case.tags) == (
        "mine",
        ("mine", "who"),
        ("bridge",),
        "en",
        (),
    )
    assert case.evidence == (GoldSpan("bridge", 0, 31, "Elena Ruiz designed the bridge."),)


def test_every_field_of_the_contract_is_kept(tmp_path: Path) -> None:
    history = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]
    rich = {**CASE, "history": history, "nuggets": [["1931"], ["ferry", "boat"]], "tags": ["date"], "forbidden": ["X"],
            "lang": "ja", "articles": ["bridge"]}  # fmt: skip
    case = load_set(write_set(tmp_path / "mine", rich)).cases[0]
    assert case.history == (Turn("user", "Hello"), Turn("assistant", "Hi"))
    assert (case.nuggets, case.tags, case.forbidden, case.lang) == (
        (("1931",), ("ferry", "boat")), ("date",), ("X",), "ja",
    )  # fmt: skip


def test_a_quote_is_found_whatever_white_space_stands_between_its_words(tmp_path: Path) -> None:
    wide = {**CASE, "evidence": [{"article": "bridge", "quote": "It opened\nin 1931. It\n\nreplaced  a ferry."}]}
    span = load_set(write_set(tmp_path / "mine", wide)).cases[0].evidence[0]
    assert span.quote.split() == "It opened in 1931. It replaced a ferry.".split()


@given(st.lists(st.text("ab .\n", min_size=1, max_size=9), min_size=1, max_size=6), st.data())
def test_any_stretch_of_an_article_is_found_at_words_that_read_the_same(
    paragraphs: list[str], data: st.DataObject
) -> None:
    document = document_from_text("start " + "\n\n".join(paragraphs), id="x", title="", language="en")
    start = data.draw(st.integers(0, len(document.text) - 1))
    end = data.draw(st.integers(start + 1, len(document.text)))
    quote = document.text[start:end]
    found = Quotes(document).find(quote)
    if not quote.strip():
        assert found is None
    else:
        assert found is not None
        assert "".join(document.text[slice(*found)].split()) == "".join(quote.split())


@given(st.lists(st.text("ab .\n", min_size=1, max_size=9), min_size=1, max_size=6), st.data())
def test_of_equal_quotes_the_one_behind_so_many_characters_is_found(paragraphs: list[str], data: st.DataObject) -> None:
    text = document_from_text("start " + "\n\n".join(paragraphs), id="x", title="", language="en")
    seen = [place for place, char in enumerate(text.text) if not char.isspace()]
    first = data.draw(st.integers(0, len(seen) - 1))
    start, end = seen[first], seen[data.draw(st.integers(first, len(seen) - 1))] + 1
    assert Quotes(text).find(text.text[start:end], before=first) == (start, end)
    for nowhere in (-1, len(seen)):
        assert Quotes(text).find(text.text[start:end], before=nowhere) == Quotes(text).find(text.text[start:end])


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("id", None, "field 'id': found nothing; expected text"),
        ("question", " ", "field 'question': found ' '; expected text"),
        ("answerable", "yes", "field 'answerable': found 'yes'; expected true or false"),
        ("answers", "Elena", "field 'answers': found 'Elena'; expected a list"),
        ("answers", [""], "field 'answers': found ''; expected a list of texts, none empty"),
        ("nuggets", ["1931"], "field 'nuggets': found '1931'; expected lists of one or more texts"),
        ("history", [{"role": "system", "content": "x"}], "field 'history'"),
        ("evidence", ["Elena"], "field 'evidence': found 'Elena'"),
        ("evidence", [{"article": "moon", "quote": "x"}], "found the unknown article 'moon'"),
        ("evidence", [{"article": "bridge", "quote": "It fell."}],
         "found in case 'who' a quote that is not in article 'bridge': 'It fell.'; expected a verbatim quote"),
        ("articles", ["moon"], "field 'articles': found the unknown article 'moon'"),
        ("lang", 7, "field 'lang': found 7; expected an ISO 639-1 code as en or ja"),
    ],
)  # fmt: skip
def test_a_broken_row_names_file_line_field_and_mend(tmp_path: Path, field: str, value: object, said: str) -> None:
    folder = write_set(tmp_path / "mine", {**CASE, "id": "fine"}, {**CASE, field: value})
    with pytest.raises(UsageError) as caught:
        load_set(folder)
    assert str(caught.value).startswith(f"{folder / 'cases.jsonl'}, line 2, ")
    assert said in str(caught.value)
    assert str(caught.value).endswith("Correct that field.")


def test_a_misspelt_field_is_an_error_and_a_foreign_one_is_not(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="line 1: found the field 'answer'; expected 'answers'"):
        load_set(write_set(tmp_path / "a", {**CASE, "answer": ["Elena"]}))
    assert load_set(write_set(tmp_path / "b", {**CASE, "source": "a friend"})).cases


def test_a_line_that_is_no_json_a_second_id_and_an_empty_set_are_errors(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "mine", CASE)
    with (folder / "cases.jsonl").open("a") as file:
        file.write("{torn\n")
    with pytest.raises(UsageError, match=r"line 2: found no JSON"):
        load_set(folder)
    with pytest.raises(UsageError, match="found 'who' a second time"):
        load_set(write_set(tmp_path / "twice", CASE, CASE))
    with pytest.raises(UsageError, match="found no case in"):
        load_set(write_set(tmp_path / "empty"))


def test_articles_may_be_files_as_a_user_would_add_them(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "mine", CASE)
    (folder / "articles.jsonl").unlink()
    (folder / "articles").mkdir()
    (folder / "articles" / "bridge.md").write_text("# A bridge\n\nElena Ruiz designed the bridge.\n")
    read = load_set(folder)
    assert read.documents["bridge"].title == "A bridge"
    assert read.cases[0].evidence[0].quote == "Elena Ruiz designed the bridge."


@pytest.mark.parametrize("version", ["1.1", "2.0"])
def test_a_squad_file_is_a_set(tmp_path: Path, version: str) -> None:
    two = [{"id": "q1", "question": "Who?", "answers": [{"text": "Elena", "answer_start": 0}] * 2}]
    if version == "2.0":
        two[0]["is_impossible"] = False
        two.append({"id": "q2", "question": "When?", "answers": [], "is_impossible": True})
    file = tmp_path / "dev.json"
    paragraphs = [{"context": "Elena built it.", "qas": two}, {"context": "It stands.", "qas": []}]
    file.write_text(json.dumps({"version": version, "data": [{"title": "A_bridge", "paragraphs": paragraphs}]}))
    read = load_set(file)
    assert read.name == "dev"
    assert [(c.id, c.answerable, c.answers, c.articles) for c in read.cases][:1] == [
        ("q1", True, ("Elena",), ("A_bridge",))
    ]
    assert read.cases[0].evidence == (GoldSpan("A_bridge", 0, 15, "Elena built it."),)
    assert [case.answerable for case in read.cases] == ([True, False] if version == "2.0" else [True])


def test_a_file_that_is_no_squad_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"data": [{"title": "x"}]}')
    with pytest.raises(UsageError, match=r"is not read as SQuAD 1.1 or 2.0 \(KeyError: 'paragraphs'\)"):
        load_set(tmp_path / "x.json")


def test_two_sets_may_share_an_article_but_not_an_id_for_two_texts(tmp_path: Path) -> None:
    one, same = write_set(tmp_path / "one", CASE), write_set(tmp_path / "same", CASE)
    other = write_set(tmp_path / "other", {**CASE, "evidence": []}, articles=({**ARTICLE, "text": "Another."},))
    assert len(load_sets([one, same])) == 2
    with pytest.raises(UsageError, match="article 'bridge' differs between the sets one and other"):
        load_sets([one, other])
    with pytest.raises(UsageError, match="found two sets called 'one'"):
        load_sets([one, write_set(tmp_path / "deeper" / "one", CASE)])


def test_a_sample_is_fixed_spread_over_articles_and_part_of_any_larger_one(tmp_path: Path) -> None:
    articles = tuple({**ARTICLE, "id": f"a{n}", "title": str(n)} for n in range(4))
    rows = [
        {**CASE, "id": f"{a}-{n}", "evidence": [], "articles": [f"a{a}"]} for a in range(4) for n in range(25 - 6 * a)
    ]
    cases = load_set(write_set(tmp_path / "many", *rows, articles=articles)).cases
    four = sample(cases, limit=4, seed=0)
    assert {case.articles for case in four} == {(f"a{n}",) for n in range(4)}
    shuffled = random.Random(1).sample(cases, len(cases))  # noqa: S311 - no secret
    assert {c.key for c in sample(shuffled, limit=4, seed=0)} == {c.key for c in four}
    for limit in range(1, len(cases) + 2):
        kept = sample(cases, limit=limit, seed=0)
        assert len(kept) == min(limit, len(cases))
        assert {c.key for c in kept} <= {c.key for c in sample(cases, limit=limit + 1, seed=0)}
        assert list(kept) == [case for case in cases if case in kept]
    assert sample(cases, limit=4, seed=1) != four


def test_a_set_is_found_by_path_or_name_and_an_unknown_name_tells_the_known_ones(tmp_path: Path) -> None:
    mine = write_set(tmp_path / "sets" / "mine", CASE)
    assert find_set(str(mine), users=tmp_path) == mine
    assert find_set("mine", users=tmp_path / "sets") == mine
    assert ("mine", 1, False) in {(one.name, one.cases, one.own) for one in known_sets(tmp_path / "sets")}
    with pytest.raises(UsageError, match=r"found no eval set 'yours'; .*mine"):
        find_set("yours", users=tmp_path / "sets")


def test_a_link_among_a_sets_articles_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("A secret.")
    folder = write_set(tmp_path / "theirs", CASE)
    (folder / "articles.jsonl").unlink()
    (folder / "articles").mkdir()
    (folder / "articles" / "bridge.md").write_text(ARTICLE["text"])
    (folder / "articles" / "secret.md").symlink_to(tmp_path / "secret.md")
    assert list(load_set(folder).documents) == ["bridge"]
