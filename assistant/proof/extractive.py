"""Answer without a language model: quote the article sentences that come nearest to the question, or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assistant.proof.align import Similarity
from assistant.proof.anchors import content, names
from assistant.proof.context import Numbered
from index.types import Document

# Below this no sentence is near enough to be an answer. On 80 answerable questions of SQuAD 2.0, asked of their own
# article, the best sentence reaches it for 95 % (e5-multilingual; MiniLM 98 %); asked of another article, for none.
NEAR_ENOUGH = 0.4
_SECOND = 0.9
"""A second sentence is quoted when it comes this near to the best one's score."""


def quote(
    question: str, numbered: Sequence[Numbered], documents: Mapping[str, Document], similarity: Similarity
) -> tuple[Numbered, ...]:
    """Return the one or two sentences that best match the question, best first; none when none is near enough."""
    scores = matched(question, numbered, documents, similarity)
    scored = sorted(zip(scores, numbered, strict=True), key=lambda pair: (-pair[0], pair[1].number))
    if not scored or scored[0][0] < NEAR_ENOUGH:
        return ()
    return tuple(item for score, item in scored[:2] if score >= scored[0][0] * _SECOND)


def matched(
    question: str, numbered: Sequence[Numbered], documents: Mapping[str, Document], similarity: Similarity
) -> tuple[float, ...]:
    """Return how well each sentence matches the question, 0 to 1, in their order.

    Score: half the share of the question's words the sentence or its heading holds, half its similarity in meaning
    (words alone where the embedder does not know the language).
    """
    if not numbered:
        return ()
    similar = similarity(question, [item.sentence.text for item in numbered])
    blind = not any(similar)
    scored = []
    for item, near in zip(numbered, similar, strict=True):
        document = documents[item.document]
        wanted = set(content(question, document.language)) | names(question)
        heading = document.heading_before(item.sentence.start) or document.title
        held = set(content(f"{heading} {item.sentence.text}", document.language)) | names(item.sentence.text)
        share = len(wanted & held) / len(wanted) if wanted else 0.0
        scored.append(share if blind else (share + near) / 2)
    return tuple(scored)
