"""Question sets of two schemas enter; rows leave: a question, the passages that answer it, and those that nearly do."""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from evals.cases.held_out import is_held_out
from evals.cases.sets import load_set
from evals.types import EvalCase, EvalSet
from index.text.sentences import split_sentences
from index.text.words import terms

LONG_ANSWERS = frozenset({"clapnq", "mtrag"})
"""Sets whose accepted answer is a paragraph of its own words: no span of the passage is the answer."""
_K1, _B = 1.2, 0.75
_EIGHTH = 32


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """One question with what is known about it."""

    set: str
    lang: str
    """ISO 639-1, of the passages."""
    group: str
    """The article: its id decides whether the row is held out."""
    question: str
    golds: tuple[str, ...]
    """The passages that answer it; of an unanswerable one, those that were shown to whoever asked."""
    answers: tuple[str, ...]
    """Accepted short answers, as they stand in a gold passage; none where the set does not tell."""
    references: tuple[str, ...]
    """Answers in other words than the passage's."""
    answerable: bool
    pool: Pool
    """Where near misses come from."""

    learned: bool
    """Whether the set was made to learn from: then one article in eight is held out, and else every second one."""
    starts: tuple[int, ...] = ()
    """Where ``answers`` stand in the only gold passage; empty: wherever they are found."""

    @property
    def held_out(self) -> bool:
        """Whether the row is kept for measuring."""
        if not self.learned:
            return is_held_out(self.group)
        return hashlib.sha256(self.group.encode(errors="surrogatepass")).digest()[1] < _EIGHTH


class Pool:
    """Passages of one article or of one set, searched by BM25."""

    def __init__(self, passages: Sequence[str], lang: str) -> None:
        self.passages = tuple(dict.fromkeys(passages))
        self.lang = lang
        self._found: dict[str, list[tuple[int, float]]] = defaultdict(list)
        lengths = []
        for place, passage in enumerate(self.passages):
            counts: dict[str, int] = defaultdict(int)
            for term in terms(passage, lang):
                counts[term] += 1
            lengths.append(sum(counts.values()))
            for term, count in counts.items():
                self._found[term].append((place, count))
        mean = sum(lengths) / max(1, len(lengths)) or 1
        for term, held in self._found.items():
            rarity = math.log(1 + (len(self.passages) - len(held) + 0.5) / (len(held) + 0.5))
            self._found[term] = [
                (place, rarity * count * (_K1 + 1) / (count + _K1 * (1 - _B + _B * lengths[place] / mean)))
                for place, count in held
            ]

    def nearest(self, question: str, most: int) -> list[str]:
        """Return up to ``most`` passages, best first; those that share no word, as for another language, come last."""
        scores: dict[int, float] = defaultdict(float)
        for term in set(terms(question, self.lang)):
            for place, score in self._found.get(term, ()):
                scores[place] += score
        ranked = sorted(scores, key=lambda place: (-scores[place], place))[:most]
        if len(ranked) < most:
            others = [place for place in range(len(self.passages)) if place not in scores]
            random.Random(question).shuffle(others)  # noqa: S311  a sample, no secret
            ranked += others[: most - len(ranked)]
        return [self.passages[place] for place in ranked]


@lru_cache(maxsize=200_000)
def sentences_of(passage: str, lang: str) -> tuple[str, ...]:
    """Return a passage's sentences, each on one line."""
    found = (" ".join(passage[start:end].split()) for start, end in split_sentences(passage, lang))
    return tuple(sentence for sentence in found if sentence)


def rows_of(path: Path) -> list[TrainingRow]:
    """Return the rows of an eval set's folder, or of a ``.jsonl`` file of training rows."""
    return list(_training(path) if path.suffix == ".jsonl" else _cases(load_set(path)))


def _training(path: Path) -> Iterator[TrainingRow]:
    with path.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    contexts: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        contexts[_pool_of(row)].append(row["context"])
    pools = {name: Pool(held, rows[0]["lang"]) for name, held in contexts.items()}
    for row in rows:
        yield TrainingRow(
            row["set"],
            row["lang"],
            row["title"] or row["context"][:80],
            row["question"],
            (row["context"],),
            tuple(answer["text"] for answer in row["answers"]),
            tuple(row.get("references", ())),
            row["answerable"],
            pools[_pool_of(row)],
            learned=True,
            starts=tuple(answer["start"] for answer in row["answers"]),
        )


def _pool_of(row: Mapping[str, Any]) -> str:
    """Return which passages a row's near misses come from: its article's, where it has several, or the whole set's."""
    return str(row["title"] if row["set"] in {"jaquad-train", "fairytale"} else row["set"])


def _cases(one: EvalSet) -> Iterator[TrainingRow]:
    pools: dict[tuple[str, ...], Pool] = {}
    for case in one.cases:
        if case.history:
            continue
        if case.articles not in pools:
            pools[case.articles] = _pool(one, case)
        pool = pools[case.articles]
        golds = tuple(dict.fromkeys(_passage(one, gold.article, gold.start, gold.end) for gold in case.evidence))
        long = case.set in LONG_ANSWERS
        yield TrainingRow(
            case.set,
            pool.lang,
            case.articles[0] if len(case.articles) < 100 else case.id,
            case.question,
            golds,
            () if long else tuple(case.answers),
            tuple(case.answers) if long else (),
            case.answerable,
            pool,
            learned=False,
        )


def _pool(one: EvalSet, case: EvalCase) -> Pool:
    documents = [one.documents[article] for article in case.articles]
    passages = [
        line for document in documents for line in document.text.split("\n") if len(line.split()) > 3 or len(line) > 30
    ]
    return Pool(passages, documents[0].language)


def _passage(one: EvalSet, article: str, start: int, end: int) -> str:
    """Return the whole lines of an article that a stretch of it stands in."""
    text = one.documents[article].text
    begin = text.rfind("\n", 0, start) + 1
    stop = text.find("\n", end)
    return text[begin : stop if stop >= 0 else len(text)]
