"""A case and its articles enter, its twin leaves: what the article said of the answer is gone, or is something else.

A case that cannot be twinned without guessing is an UnfitError with the reason it is counted under.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from evals.scorers.text import is_reference, present, present_any
from evals.twins.edits import Edit, Names, UnfitError, edits_of
from evals.types import EvalCase, GoldSpan
from index.errors import LoadError
from index.reading.load import document_from_text
from index.types import Block, Document

Kind = Literal["deleted", "edited"]

_YES_OR_NO = frozenset("yes no true false はい いいえ".split())
_MOST_GONE = 0.6
"""Share of a case's paragraphs above which deleting them leaves no article to ask about."""
_LEAST_LEFT, _LEAST_PARAGRAPHS = 0.3, 2
"""What must be left of an article, in characters and paragraphs, or it leaves the case whole."""
_FEW = 64
"""Texts that are looked at one by one."""
_NOT_READ_BACK = "the article does not read back as written"
_MOST_EDITED = 0.25
"""Share of an article's paragraphs above which an edit would change more than the one fact."""


@dataclass(frozen=True, slots=True)
class Twin:
    """A case made from another, and the articles that were made for it; its other articles are the set's own."""

    case: EvalCase
    documents: tuple[Document, ...]


def accepted_strings(case: EvalCase) -> list[str]:
    """Return the accepted answers and nugget variants, each once."""
    return list(dict.fromkeys([*case.answers, *(variant for group in case.nuggets for variant in group)]))


def _accepted(case: EvalCase) -> list[str]:
    """Return what must not stand in the article any more; UnfitError for a case without gold or short answers."""
    answers = accepted_strings(case)
    if not case.evidence:
        raise UnfitError("no gold evidence")
    if all(map(is_reference, answers)):
        raise UnfitError("no short answer")
    if any(answer.strip(" .!。").casefold() in _YES_OR_NO for answer in answers):
        raise UnfitError("a yes or no")
    return answers


def _holding(texts: Sequence[str], answers: Sequence[str]) -> list[int]:
    """Return which texts hold an answer, by halves: a library of thousands is mostly ruled out at a few looks."""
    if len(texts) <= _FEW:
        return [place for place, text in enumerate(texts) if present_any(answers, text)]
    if not present_any(answers, "\n\n".join(texts)):
        return []
    half = len(texts) // 2
    return [*_holding(texts[:half], answers), *(half + place for place in _holding(texts[half:], answers))]


def _texts(document: Document) -> list[str]:
    return [document.text[block.start : block.end] for block in document.blocks]


def deleted_twin(case: EvalCase, documents: Mapping[str, Document]) -> Twin:
    """Return a case without its evidence and every paragraph that holds an accepted answer; raise UnfitError.

    A heading goes with its last paragraph. An article of which less than 30 % or two paragraphs would be left goes
    whole.
    """
    answers = _accepted(case)
    library = [documents[id] for id in case.articles]
    gold = {span.article for span in case.evidence}
    holding = {case.articles[place] for place in _holding([document.text for document in library], answers)}
    gone = {
        document.id: _gone(document, answers, [span for span in case.evidence if span.article == document.id])
        for document in library
        if document.id in gold | holding
    }
    _refuse_gutted(library, gone)
    articles: list[str] = []
    made: list[Document] = []
    for document in library:
        if not gone.get(document.id):
            articles.append(document.id)
        elif (rest := _without(document, gone[document.id])) is not None:
            articles.append(rest.id)
            made.append(rest)
    if not articles:
        raise UnfitError("nothing would be left")
    twin = replace(_named(case, "deleted"), answerable=False, answers=(), nuggets=(), evidence=())
    return Twin(replace(twin, articles=tuple(articles)), tuple(made))


def _gone(document: Document, answers: Sequence[str], gold: Sequence[GoldSpan]) -> frozenset[int]:
    """Return which blocks go: those with evidence or an answer, and the headings that then head nothing."""
    gone = set(_holding(_texts(document), answers))
    gone |= {
        place
        for place, block in enumerate(document.blocks)
        if any(block.start < span.end and span.start < block.end for span in gold)
    }
    for place, block in enumerate(document.blocks):
        if block.kind == "heading" and (under := _section(document, place)) and under <= gone:
            gone.add(place)
    return frozenset(gone)


def _section(document: Document, heading: int) -> set[int]:
    """Return which paragraphs stand under a heading: those up to the next one of its level or above."""
    under: set[int] = set()
    for place in range(heading + 1, len(document.blocks)):
        block = document.blocks[place]
        if block.kind == "paragraph":
            under.add(place)
        elif block.level <= document.blocks[heading].level:
            break
    return under


def _refuse_gutted(library: Sequence[Document], gone: Mapping[str, frozenset[int]]) -> None:
    paragraphs = {document.id: _paragraphs(document) for document in library}
    lost = sum(len(paragraphs[id] & places) for id, places in gone.items())
    total = sum(map(len, paragraphs.values()))
    if lost == total:
        raise UnfitError("nothing would be left")
    if lost > _MOST_GONE * total:
        raise UnfitError("the answer stands in most of the article")


def _paragraphs(document: Document) -> frozenset[int]:
    return frozenset(place for place, block in enumerate(document.blocks) if block.kind == "paragraph")


def _without(document: Document, gone: frozenset[int]) -> Document | None:
    """Return a document without some blocks, or None where too little of it would be left."""
    texts = _texts(document)
    kept = [place for place in range(len(texts)) if place not in gone]
    left = sum(len(texts[place]) for place in kept) / sum(map(len, texts))
    if left < _LEAST_LEFT or len(_paragraphs(document) - gone) < _LEAST_PARAGRAPHS:
        return None
    text = "\n\n".join(texts[place] for place in kept)
    changed = "\x00".join(texts[place] for place in sorted(gone))
    return _changed(document, text, [document.blocks[place] for place in kept], changed=changed)


def _changed(document: Document, text: str, blocks: Sequence[Block], *, changed: str) -> Document:
    """Return the article of a text as it will be read from the set, under an id of its own for what was changed.

    ``blocks`` are the blocks of ``document`` that are left, in order: their kinds stay, their places are new.
    """
    id = f"{document.id}~{hashlib.sha256(changed.encode()).hexdigest()[:10]}"
    if text.count("\n") != 2 * (len(blocks) - 1):
        # Lines inside a block: the loader decides from all lines of a text which of them were only wrapped.
        try:
            return document_from_text(text, id=id, title=document.title, language=document.language)
        except LoadError as error:
            raise UnfitError(_NOT_READ_BACK) from error
    start = 0
    placed: list[Block] = []
    for block, words in zip(blocks, text.split("\n\n"), strict=True):
        placed.append(replace(block, start=start, end=start + len(words)))
        start += len(words) + 2
    return replace(document, id=id, text=text, blocks=tuple(placed))


def edited_twin(case: EvalCase, documents: Mapping[str, Document], names: Names, *, key: str) -> Twin:
    """Return a case whose articles say something else wherever they held an accepted answer; raise UnfitError.

    ``names`` are what a name may become; ``key`` chooses among all that an answer may become.
    """
    answers, touched = _editable(case, documents)
    text = "\n\n".join(document.text for document in touched)
    edits = list(edits_of(case.question, answers, text=text, language=touched[0].language, names=names, key=key))
    return _edited(case, answers, edits, touched)


def _editable(case: EvalCase, documents: Mapping[str, Document]) -> tuple[list[str], list[Document]]:
    """Return the answers that stand in the case's articles, and the articles they stand in; else UnfitError."""
    if len(case.nuggets) > 1:
        raise UnfitError("several nuggets")
    answers = _accepted(case)
    library = [documents[id] for id in case.articles]
    touched = [library[at] for at in _holding([document.text for document in library], answers)]
    if present_any(answers, case.question):
        raise UnfitError("the question names the answer")
    if any(present_any(answers, turn.content) for turn in case.history):
        raise UnfitError("the conversation names the answer")
    if any(present_any(answers, document.title) for document in touched):
        raise UnfitError("the title names the answer")
    held = {document.id for document in touched}
    quotes = " ".join(span.quote for span in case.evidence if span.article in held)
    if not present_any(answers, quotes):
        raise UnfitError("the evidence does not hold the answer")
    for document in touched:
        blocks = _texts(document)
        if len(_holding(blocks, answers)) > max(2, _MOST_EDITED * len(blocks)):
            raise UnfitError("the answer stands all over the article")
    whole = [answer for answer in answers if any(present(answer, document.text) for document in touched)]
    return whole, touched


def _edited(case: EvalCase, answers: Sequence[str], edits: Sequence[Edit], touched: Sequence[Document]) -> Twin:
    """Return the twin of the first edit whose answers the articles do not hold yet, or, for numbers, the evidence."""
    gold = [span.quote for span in case.evidence]
    for texts in ([document.text for document in touched], gold):
        for edit in edits:
            if edit.kind == "name" and texts is gold:
                continue
            new = list(dict.fromkeys(edit.apply(answer) for answer in answers))
            if not any(present_any(new, text) for text in [*texts, case.question]):
                return _with_edit(case, new, edit, touched)
    raise UnfitError("no other value of its kind")


def _with_edit(case: EvalCase, new: Sequence[str], edit: Edit, touched: Sequence[Document]) -> Twin:
    if edit.places(case.question):
        raise UnfitError("the question names the answer")
    old = accepted_strings(case)
    made: dict[str, Document] = {}
    evidence: list[GoldSpan] = []
    for document in touched:
        places = edit.places(document.text)
        text = edit.apply(document.text)
        if _holding([edit.apply(block) for block in _texts(document)], old):
            raise UnfitError("the old answer is still there")
        changed = "\x00".join(f"{start}:{words}" for start, _, words in places)
        made[document.id] = _changed(document, text, document.blocks, changed=changed)
        evidence += [_moved(span, places, text, made) for span in case.evidence if span.article == document.id]
    if not any(present_any(new, span.quote) for span in evidence):
        raise UnfitError("the evidence does not hold the answer")
    twin = replace(
        _named(case, "edited"),
        answers=tuple(new),
        nuggets=(tuple(new),) if case.nuggets else (),
        evidence=(*evidence, *(span for span in case.evidence if span.article not in made)),
        articles=tuple(made[id].id if id in made else id for id in case.articles),
    )
    return Twin(twin, tuple(made.values()))


def _moved(span: GoldSpan, places: Sequence[tuple[int, int, str]], text: str, made: Mapping[str, Document]) -> GoldSpan:
    """Return gold evidence where it stands after an edit; one that an edit reaches into grows to hold it."""
    start, end = span.start, span.end
    for first, last, _ in places:
        if first < span.end and span.start < last:
            start, end = min(start, first), max(end, last)
    before = sum(len(words) - (last - first) for first, last, words in places if last <= start)
    within = sum(len(words) - (last - first) for first, last, words in places if start <= first and last <= end)
    quote = text[start + before : end + before + within]
    article = made[span.article]
    found = article.text.find(quote)
    if found < 0:
        raise UnfitError(_NOT_READ_BACK)
    return GoldSpan(article.id, found, found + len(quote), quote)


def _named(case: EvalCase, kind: Kind) -> EvalCase:
    return replace(case, id=f"{case.id}~{kind}", tags=(*case.tags, f"twin:{kind}", f"twin-of:{case.id}"))
