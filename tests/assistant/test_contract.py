"""An answer as JSON: the shape other programs rely on, and the whole of it, there and back."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from assistant.contract import as_text, from_json, to_contract, to_json
from assistant.types import Answer, Citation, Statement
from index.types import Chunk, ScoredChunk

TEXT = st.text(max_size=30)
PLACES = st.integers(min_value=0, max_value=10_000)
SCORES = st.floats(allow_nan=False, allow_infinity=False)
CITATIONS = st.builds(Citation, TEXT, TEXT, PLACES, PLACES, TEXT, SCORES)
STATEMENTS = st.builds(
    Statement,
    TEXT,
    st.sampled_from(["supported", "partly", "not supported"]),
    st.lists(CITATIONS, max_size=2).map(tuple),
    TEXT,
)
EVIDENCE = st.builds(
    ScoredChunk, st.builds(Chunk, TEXT, PLACES, PLACES, TEXT, TEXT), SCORES, st.none() | SCORES, st.none() | SCORES
)
COUNTS = st.dictionaries(st.sampled_from(["evidence", "first_token", "first_sentence", "total"]), PLACES)
ANSWERS = st.builds(
    Answer,
    question=TEXT,
    searched=TEXT,
    text=TEXT,
    abstained=st.booleans(),
    model=TEXT,
    embedder=TEXT,
    statements=st.lists(STATEMENTS, max_size=2).map(tuple),
    dropped=st.lists(STATEMENTS, max_size=2).map(tuple),
    evidence=st.lists(EVIDENCE, max_size=2).map(tuple),
    nearest=st.lists(CITATIONS, max_size=2).map(tuple),
    anyway=st.booleans(),
    interrupted=st.none() | TEXT,
    timings_ms=COUNTS,
    tokens=st.dictionaries(st.sampled_from(["prompt", "completion"]), PLACES),
    prompts=st.dictionaries(TEXT, TEXT, max_size=2),
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | SCORES | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ANSWER = Answer(
    question="When did it open?",
    searched="When did the bridge open?",
    text="It opened in 1931.",
    abstained=False,
    model="scripted:s.json",
    embedder="minilm",
    statements=(
        Statement("It opened in 1931.", "supported", (Citation("b", "Bridge", 8, 26, "It opened in 1931.", 0.97),)),
    ),
    dropped=(Statement("It is red.", "not supported", (), "red is not there"),),
    evidence=(ScoredChunk(Chunk("b", 0, 40, "…", "Bridge"), 0.812345, 0.7, None),),
    timings_ms={"evidence": 41, "first_token": 812, "first_sentence": 900, "total": 3120},
    tokens={"prompt": 412, "completion": 58},
    prompts={"answer": "0f"},
)


@given(ANSWERS)
def test_an_answer_survives_being_saved_as_json(answer: Answer) -> None:
    assert from_json(json.loads(json.dumps(to_json(answer)))) == answer


def test_an_answer_saved_before_there_were_nearest_sentences_reads_as_one_without_any() -> None:
    saved = to_json(ANSWER)
    del saved["nearest"], saved["anyway"]
    assert from_json(saved) == ANSWER


def test_a_refusal_tells_where_the_nearest_sentences_stand() -> None:
    near = Citation("b", "Bridge", 8, 26, "It opened in 1931.", 0.0)
    refused = Answer("Q", "Q", "The article does not say.", True, "extractive", "minilm", nearest=(near,))
    assert to_contract(refused)["nearest"] == [
        {"document": "b", "title": "Bridge", "start": 8, "end": 26, "quote": "It opened in 1931.", "support": 0.0}
    ]


def test_the_contract_of_a_whole_answer() -> None:
    assert to_contract(ANSWER) == {
        "question": "When did it open?",
        "searched": "When did the bridge open?",
        "answer": "It opened in 1931.",
        "abstained": False,
        "model": "scripted:s.json",
        "embedder": "minilm",
        "statements": [
            {
                "text": "It opened in 1931.",
                "verdict": "supported",
                "citations": [
                    {
                        "document": "b",
                        "title": "Bridge",
                        "start": 8,
                        "end": 26,
                        "quote": "It opened in 1931.",
                        "support": 0.97,
                    }
                ],
            }
        ],
        "evidence": [{"document": "b", "start": 0, "end": 40, "score": 0.8123}],
        "nearest": [],
        "timings_ms": {"evidence": 41, "first_token": 812, "total": 3120},
        "tokens": {"prompt": 412, "completion": 58},
    }


def test_what_did_not_happen_or_was_not_counted_is_null_so_that_no_key_is_ever_missing() -> None:
    refused = Answer("Q", "Q", "The article does not say.", True, "extractive", "minilm", timings_ms={"total": 5})
    contract = to_contract(refused)
    assert contract["timings_ms"] == {"evidence": None, "first_token": None, "total": 5}
    assert contract["tokens"] == {"prompt": None, "completion": None}
    assert contract.keys() == to_contract(ANSWER).keys()


def test_an_answer_that_broke_off_says_why_under_a_key_of_its_own() -> None:
    broken = Answer("Q", "Q", "It", False, "m", "minilm", interrupted="The model was killed.")
    assert to_contract(broken).keys() - to_contract(ANSWER).keys() == {"interrupted"}
    assert to_contract(broken)["interrupted"] == "The model was killed."


@given(JSON_VALUES, st.sampled_from([None, 1]), st.booleans())
def test_printed_json_means_the_same_and_holds_nothing_that_a_terminal_obeys(
    value: Any, indent: int | None, ascii_only: bool
) -> None:
    text = as_text(value, indent=indent, ascii_only=ascii_only)
    assert json.loads(text) == value
    assert text.replace("\n", "").isprintable()
    assert indent or "\n" not in text
    assert not ascii_only or text.isascii()


def test_printed_json_leaves_readable_text_readable() -> None:
    assert as_text({"quote": "東京 “café” \x1b[31m\x9b2J\u202e\n"}) == (
        r'{"quote": "東京 “café” \u001b[31m\u009b2J\u202e\n"}'
    )
