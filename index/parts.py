"""An article enters, its part of an index leaves: its chunks, and the counts of their terms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from index.search.keyword import Counted, Counts
from index.types import Chunk, Document
from index.vectors.cache import Cache

# Articles whose parts are kept in one write.
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Part:
    """An article's part of an index."""

    document: Document
    chunks: Mapping[str, Chunk]
    """By id, in the order of the article."""
    counted: Counted


def parts(
    documents: Sequence[Document],
    *,
    former: Mapping[str, Part],
    split: Callable[[Document], Sequence[Chunk]],
    splitter: str,
    cache: Cache,
) -> dict[str, Part]:
    """Return the part of each article by its id, in their order; of two with one id the later counts.

    An article that has not changed since ``former`` has the same part. Others are looked up in the cache, under
    ``splitter`` (the name of what ``split`` does); what is not there is split, counted and kept.
    """
    library = {document.id: document for document in documents}
    made = {}
    for id, document in library.items():
        part = former.get(id)
        if part is not None and (part.document is document or part.document == document):
            made[id] = part
    changed = [document for id, document in library.items() if id not in made]
    for start in range(0, len(changed), _BATCH):
        made |= {part.document.id: part for part in _made(changed[start : start + _BATCH], split, splitter, cache)}
    return {id: made[id] for id in library}


def _made(
    documents: Sequence[Document], split: Callable[[Document], Sequence[Chunk]], splitter: str, cache: Cache
) -> Iterator[Part]:
    keys = {document.id: f"{document.id}\x00{document.digest}" for document in documents}
    kept = cache.splits(splitter, keys.values())
    new = {}
    for document in documents:
        if (known := kept.get(keys[document.id])) is not None:
            bounds, packed = known
            chunks = [
                Chunk(document.id, start, end, document.text[start:end], heading) for start, end, heading in bounds
            ]
            counts = Counts.unpacked(packed)
        else:
            chunks = list(split(document))
            counts = Counts.of(chunks, document.language)
            new[keys[document.id]] = [(chunk.start, chunk.end, chunk.heading) for chunk in chunks], counts.packed()
        by_id = {chunk.id: chunk for chunk in chunks}
        yield Part(document, by_id, Counted(document.id, document.language, tuple(by_id), counts))
    cache.keep_splits(splitter, new)
