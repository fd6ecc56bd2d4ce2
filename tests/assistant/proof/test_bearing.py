"""What the reader found becomes a choice of sentences."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assistant.proof.bearing import nearest
from assistant.proof.context import Numbered
from index.types import Block, Document, Sentence


@given(st.lists(st.tuples(st.sampled_from(["Red.", "Blue.", "Green.", "White."]), st.floats(0, 1)), max_size=8))
def test_the_nearest_sentences_are_the_articles_own_each_wording_once_nearest_first(
    found: list[tuple[str, float]],
) -> None:
    text = " ".join(words for words, _ in found)
    document = Document("a", "A title", text, (Block("paragraph", 0, len(text)),))
    numbered, start = [], 0
    for number, (words, _) in enumerate(found, 1):
        numbered.append(Numbered(number, "a", Sentence(start, start + len(words), words)))
        start += len(words) + 1
    bearing = [near for _, near in found]
    chosen = nearest(numbered, bearing, {"a": document})
    assert all(text[one.start : one.end] == one.quote for one in chosen)
    assert len(chosen) == min(3, len({words for words, _ in found})) == len({one.quote for one in chosen})
    best = {words: max(near for other, near in found if other == words) for words, _ in found}
    assert [best[one.quote] for one in chosen] == sorted(best.values(), reverse=True)[:3]
