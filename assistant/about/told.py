"""A request and the articles that are asked enter; what they say of themselves leaves, every statement a quote of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from assistant.about import lines
from assistant.about.details import byline, dateline, length, titled
from assistant.about.listing import listed
from assistant.about.request import Detail, Request, Which
from assistant.about.summary import chosen, shared
from assistant.types import Citation, Statement
from index.text.language import script_language
from index.text.sentences import sentences
from index.types import Block, Document, Sentence
from index.vectors.embed import Embedder

_ARTICLES = 5
"""Of many, the first ones answer."""
_SEARCHED = 20
"""Articles that are looked through for what is to be listed."""
_ITEMS = 40
_SENTENCES, _POINTS, _LAST_SENTENCES = 3, 5, 2


@dataclass(frozen=True, slots=True)
class Told:
    """An answer about the articles themselves; with neither statements nor an aside, they do not say."""

    statements: tuple[Statement, ...] = ()
    """Each proven by what it cites."""
    aside: str = ""
    """What the assistant says itself, in one line: no statement of an article."""
    listed: bool = False
    """Whether the statements are read one a line."""


def answered(request: Request, documents: Sequence[Document], embedder: Embedder) -> Told:
    """Return what the articles that are asked say of themselves, or the assistant's word where only it can tell.

    Without a model: details as they were added, lists by rule, summaries by choosing sentences.
    """
    if request.kind == "talk":
        return Told(aside=lines.talk(request.asked, request.language, _example(request, documents)))  # type: ignore[arg-type]
    if not documents:
        return Told()
    if request.kind == "beside":
        return _beside(request, documents, embedder)
    asked = documents if request.which is None else _which(request.which, documents)
    if not asked:
        return Told(aside=lines.no_such(request.language, of=len(documents)))
    if request.kind == "listing":
        return _listing(request, asked)
    if request.kind == "details":
        return _details(request, asked)
    return _summary(request, asked)


def _example(request: Request, documents: Sequence[Document]) -> str | None:
    """Return a question that an author suggests, in the language of the request."""
    japanese = request.language == "ja"
    suggested = (question for document in documents[:_ARTICLES] for question in document.questions)
    return next((question for question in suggested if (script_language(question) == "ja") == japanese), None)


def _which(which: Which, documents: Sequence[Document]) -> Sequence[Document]:
    """Return the one article that is meant, none where there are not as many."""
    if isinstance(which, int):
        return documents[which : which + 1]
    if which == "newest":
        dated = [document for document in documents if document.published]
        return [max(dated, key=lambda document: document.published or "")] if dated else documents[-1:]
    return documents[-1:]


def _listing(request: Request, documents: Sequence[Document]) -> Told:
    what = request.asked
    found = [
        _cited(document, document.text[start:end], *_around(starts, spoken, start, end))
        for document in documents[:_SEARCHED]
        if (spoken := sentences(document, headings=True))
        for starts in [[sentence.start for sentence in spoken]]
        for start, end in listed(what, document)  # type: ignore[arg-type]
    ]
    if not found:
        return Told(aside=lines.none_found(what, request.language))  # type: ignore[arg-type]
    shown = found[: request.count or _ITEMS]
    aside = lines.how_many(what, request.language, shown=len(shown), of=len(found))  # type: ignore[arg-type]
    return Told(tuple(shown), _and_several(aside, request, documents, most=_SEARCHED), listed=True)


def _around(starts: Sequence[int], spoken: Sequence[Sentence], start: int, end: int) -> tuple[int, int]:
    """Return the place of the sentence that holds a place; of all that it reaches into."""
    first = spoken[max(0, bisect_right(starts, start) - 1)]
    last = spoken[max(0, bisect_right(starts, end - 1) - 1)]
    return min(first.start, start), max(last.end, end)


def _details(request: Request, documents: Sequence[Document]) -> Told:
    statements: list[Statement] = []
    asides: list[str] = []
    several = len(documents) > 1
    for document in documents[:_ARTICLES]:
        block, aside = _detail(request.asked, document, request)  # type: ignore[arg-type]
        if block is not None:
            text = document.text[block.start : block.end]
            said = lines.of_article(document.title, text, request.language) if several else text
            statements.append(_cited(document, said, block.start, block.end))
        elif aside:
            asides.append(lines.of_article(document.title, aside, request.language) if several else aside)
    if not statements and not asides:
        return Told()
    return Told(tuple(statements), _and_several(" ".join(asides), request, documents, most=_ARTICLES), listed=several)


def _detail(asked: Detail, document: Document, request: Request) -> tuple[Block | None, str]:
    """Return the line of the article that says it, or what its details say; neither where nothing does."""
    language = request.language
    in_text: dict[str, Callable[[Document], Block | None]] = {
        "author": byline, "published": dateline, "title": titled,
    }  # fmt: skip
    if asked in in_text and (block := in_text[asked](document)) is not None:
        return block, ""
    if asked == "length":
        return None, lines.length(length(document), language)
    if asked == "language":
        return None, lines.written_in(document.language, language)
    site = document.site or (urlsplit(document.url).hostname if document.url else None)
    kept = {
        "author": document.author, "published": document.published, "title": document.title, "where": site,
        "url": document.url,
    }  # fmt: skip
    value = kept.get(asked)
    return None, lines.detail(asked, value, language) if value else ""  # type: ignore[arg-type]


def _summary(request: Request, documents: Sequence[Document]) -> Told:
    ending = request.asked == "conclusion"
    if len(documents) > 1:
        firsts = [
            _quoted(document, chosen(document, count=1, ending=ending), request) for document in documents[:_ARTICLES]
        ]
        statements = tuple(statement for first in firsts for statement in first)
        return (
            Told(statements, _and_several("", request, documents, most=_ARTICLES), listed=True)
            if statements
            else Told()
        )
    (document,) = documents
    usual = _POINTS if request.listed else _LAST_SENTENCES if ending else _SENTENCES
    found = chosen(document, count=request.count or usual, ending=ending)
    if not found:
        return Told()
    statements = tuple(_cited(document, sentence.text, sentence.start, sentence.end) for sentence in found)
    return Told(statements, lines.quoted(request.language), listed=request.listed)


def _beside(request: Request, documents: Sequence[Document], embedder: Embedder) -> Told:
    if len(documents) < 2:
        return Told(aside=lines.needs_two(request.asked, request.language))  # type: ignore[arg-type]
    few = documents[:_ARTICLES]
    if request.asked == "common":
        one, other = few[0], few[1]
        pairs = shared(one, other, embedder, count=request.count or _SENTENCES)
        if not pairs:
            return Told(aside=lines.nothing_alike(request.language))
        statements = [
            statement for first, second in pairs
            for statement in (*_quoted(one, [first], request), *_quoted(other, [second], request))
        ]  # fmt: skip
    else:
        targets = few if request.asked == "different" else _which(request.which or 0, documents)
        if not targets:
            return Told(aside=lines.no_such(request.language, of=len(documents)))
        count = request.count or (_SENTENCES if request.asked == "new" else 2)
        statements = [
            statement
            for target in targets
            for statement in _quoted(
                target,
                chosen(target, count=count, beside=[other for other in few if other.id != target.id]),
                request,
            )
        ]
    aside = "" if request.asked == "common" else lines.quoted(request.language)
    return Told(tuple(statements), aside, listed=True)


def _quoted(document: Document, found: Iterable[Sentence], request: Request) -> tuple[Statement, ...]:
    """Return sentences as statements that name their article."""
    return tuple(
        _cited(document, lines.of_article(document.title, one.text, request.language), one.start, one.end)
        for one in found
    )


def _cited(document: Document, said: str, start: int, end: int) -> Statement:
    """Return a statement that the article makes itself: the place it cites holds its very words."""
    citation = Citation(document.id, document.title, start, end, document.text[start:end], 1.0)
    return Statement(" ".join(said.split()), "supported", (citation,))


def _and_several(aside: str, request: Request, documents: Sequence[Document], *, most: int) -> str:
    if len(documents) == 1:
        return aside
    told = lines.several(request.language, shown=min(most, len(documents)), of=len(documents))
    return f"{aside} {told}".strip()
