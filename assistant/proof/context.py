"""Choose and number the article sentences a model may see: evidence in, numbered sentences in article order out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from assistant.types import Citation
from index.text.language import SPACELESS, script_language
from index.text.sentences import block_sentences
from index.types import Document, ScoredChunk, Sentence

# Tokens that open and close turns in the chat templates of the models in use. llama.cpp reads them wherever they
# stand, so an article
# that holds one could speak as the user or the system.
_TEMPLATE_TOKENS = re.compile(
    r"<\|[^|<>\n]{1,40}\|>|</?s>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|<(?:bos|eos|pad|unk)>|<｜[^｜\n]{1,40}｜>",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Numbered:
    """A sentence of an article under the number the model knows it by."""

    number: int
    document: str
    sentence: Sentence


def number_sentences(
    evidence: Sequence[ScoredChunk],
    documents: Mapping[str, Document],
    *,
    budget: int,
    count: Callable[[str], int],
) -> tuple[Numbered, ...]:
    """Return the sentences of the evidence, numbered from 1 in article order (documents in order of their best chunk).

    Chunks are taken best first while their sentences fit ``budget`` as counted by ``count``; the first one always
    stays.
    """
    taken: dict[str, list[Sentence]] = {}
    spent = 0
    for scored in evidence:
        chunk = scored.chunk
        inside = _sentences_of(documents[chunk.document], chunk.start, chunk.end)
        cost = sum(count(sentence.text) for sentence in inside)
        if taken and spent + cost > budget:
            continue
        spent += cost
        taken.setdefault(chunk.document, []).extend(inside)
    numbered: list[Numbered] = []
    for document, found in taken.items():
        for sentence in sorted(set(found), key=lambda s: s.start):
            numbered.append(Numbered(len(numbered) + 1, document, sentence))
    return tuple(numbered)


def nearness(numbered: Sequence[Numbered], evidence: Sequence[ScoredChunk]) -> tuple[float, ...]:
    """Return one number a sentence, in their order: the higher, the better the best chunk that holds it was found."""

    def rank(item: Numbered) -> int:
        chunks = (scored.chunk for scored in evidence)
        return next(
            (
                place
                for place, chunk in enumerate(chunks)
                if chunk.document == item.document
                and chunk.start < item.sentence.end
                and item.sentence.start < chunk.end
            ),
            len(evidence),
        )

    return tuple(1 / (1 + rank(item)) for item in numbered)


def fair(count: Callable[[str], int]) -> Callable[[str], int]:
    """Return a count of tokens that is fair to languages without spaces.

    The tokenizer of an English embedder counts their every character; the models that read count seven of ten.
    """
    return lambda text: (
        min(count(text), int(len(text) * 0.7) + 1) if script_language(text) in SPACELESS else count(text)
    )


def _sentences_of(document: Document, start: int, end: int) -> list[Sentence]:
    """Return the sentences that a stretch of a document touches; only its own blocks are split, not a long article."""
    blocks = [block for block in document.blocks if block.end > start and block.start < end]
    body = [block for block in blocks if block.kind != "heading"] or blocks
    return [s for block in body for s in block_sentences(document, block) if s.end > start and s.start < end]


def plain(text: str) -> str:
    """Return article or user text as a model may see it: on one line, without chat-template tokens."""
    before = None
    while before != text:  # removing one token may join the halves of another
        before, text = text, _TEMPLATE_TOKENS.sub(" ", text)
    return " ".join(text.split())


def cited(document: Document, sentence: Sentence, support: float = 1.0) -> Citation:
    """Return a whole sentence of a document as what is cited."""
    return Citation(document.id, document.title, sentence.start, sentence.end, sentence.text, support)


def as_lines(numbered: Sequence[Numbered]) -> str:
    """Return the sentences one a line, each after its number in brackets."""
    return "\n".join(f"[{item.number}] {plain(item.sentence.text)}" for item in numbered)
