"""What the article counts off: the whole run where it is asked for, nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.proof.counted import counted_off
from index.reading.load import load_bytes
from index.types import Chunk, Document, ScoredChunk

SHOCKS = (
    "The town was hit by three shocks. The first shock was the flood of May. Nobody had expected it. "
    "The second shock was the fire at the mill. The third shock was the loss of the ferry. The council met in June."
)
DEADLOCK = (
    "Officials called this the double deadlock. First, the boards kept their letters from one another. "
    "Second, their reports did not reach the mayor. A law was passed in 1931."
)
CONVICTIONS = (
    "Two convictions, held in common, support the plan. One is that a town has to feed itself. "
    "The other is that a bridge outlives its builders."
)
JAPANESE = (
    "町を三つの衝撃が襲った。第一の衝撃は五月の洪水だった。"
    "第二の衝撃は工場の火事だった。第三の衝撃は渡し船の廃止だった。"
)
ORDINALS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth")


def _document(text: str) -> Document:
    return load_bytes(text.encode(), name="town.txt")


def _found(question: str, text: str) -> list[str]:
    document = _document(text)
    chunk = Chunk(document.id, 0, min(20, len(document.text)), document.text[:20], "")
    found = counted_off(question, [ScoredChunk(chunk, 1.0)], {document.id: document})
    assert all(document.text[citation.start : citation.end] == citation.quote for citation in found)
    return [citation.quote for citation in found]


@pytest.mark.parametrize(
    ("question", "text", "openings"),
    [
        ("What were the three shocks?", SHOCKS, ["The first", "The second", "The third"]),
        ("Which shocks hit the town?", SHOCKS, ["The first", "The second", "The third"]),
        ("What were the two parts of the double deadlock?", DEADLOCK, ["First", "Second"]),
        ("Which convictions support the plan?", CONVICTIONS, ["One is", "The other"]),
        ("三つの衝撃は何ですか。", JAPANESE, ["第一の", "第二の", "第三の"]),
    ],
)
def test_the_items_of_a_counted_run_are_found_where_they_are_asked_for(
    question: str, text: str, openings: list[str]
) -> None:
    found = _found(question, text)
    assert len(found) == len(openings)
    assert all(sentence.startswith(opening) for sentence, opening in zip(found, openings, strict=True))


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What were the four shocks?", SHOCKS),  # the article tells of three
        ("What was the second of the three shocks?", SHOCKS),  # one is asked for
        ("Which ferries crossed the river?", SHOCKS),  # of something else
        ("When was the law passed?", DEADLOCK),
        ("What were the three shocks?", SHOCKS.replace("The second shock", "A later shock")),  # a gap
        ("Which laws were passed?", DEADLOCK.replace("Second", "Then")),
        ("Which shocks hit the town?", SHOCKS.replace("three shocks", "shocks")),  # nobody says how many
    ],
)
def test_a_run_that_is_not_whole_or_not_asked_for_is_none(question: str, text: str) -> None:
    assert _found(question, text) == []


@given(st.integers(2, 6), st.lists(st.integers(0, 3), min_size=6, max_size=6), st.integers(2, 6))
def test_all_items_come_or_none_whatever_stands_between(count: int, between: list[int], asked: int) -> None:
    sentences = ["These are the reasons."]
    for ordinal, others in zip(ORDINALS[:count], between, strict=False):
        sentences += [f"{ordinal}, the {ordinal.lower()}born reason is old.", *["It is well known."] * others]
    words = "two three four five six".split()
    found = _found(f"What are the {words[asked - 2]} reasons?", " ".join(sentences))
    assert found == []  # nobody says that what is counted are reasons
    announced = [f"There are {words[count - 2]} reasons.", *sentences[1:]]
    found = _found(f"What are the {words[asked - 2]} reasons?", " ".join(announced))
    whole = asked == count and all(others < 3 for others in between[: count - 1])
    assert len(found) == (count if whole else 0)
