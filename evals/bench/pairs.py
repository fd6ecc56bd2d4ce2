"""Rows of a question, an answer and the text cited for it enter; how well the check tells right from wrong leaves.

A row is ``{"id", "lang", "article_id", "question", "answer", "cited", "kind", "label"}``: label 1 where the text says
that this is the answer. Of the kinds of wrong ones, an answer to another question from the same text is the one that
no overlap of words can tell.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import UsageError
from assistant.models.catalogue import DEFAULT_CHAT
from assistant.proof.context import plain
from assistant.proof.reader import Reader
from evals.cases.held_out import is_held_out
from evals.numbers.statistics import Interval, auroc_interval
from index.text.sentences import split_sentences
from index.text.words import terms

SUPPORTED = "supported"


@dataclass(frozen=True, slots=True)
class Pair:
    """An answer and what is cited for it."""

    id: str
    language: str
    article: str
    question: str
    answer: str
    cited: tuple[str, ...]
    """The sentences of the cited text, in order."""
    kind: str
    supported: bool


@dataclass(frozen=True, slots=True)
class Told:
    """How well the right ones of a language are told from the wrong ones of one kind."""

    language: str
    kind: str
    auroc: float
    interval: Interval
    """Whole articles drawn again."""
    right: int
    wrong: int

    @property
    def line(self) -> str:
        """The whole in one line of a table."""
        bounds = self.interval
        within = "" if bounds.low is None or bounds.high is None else f" [{bounds.low:.3f}, {bounds.high:.3f}]"
        return (
            f"{self.language}  {self.kind:<28} n {self.right:>4} + {self.wrong:<4} "
            f"over {bounds.clusters:>3} {bounds.over}   AUROC {self.auroc:.3f}{within}"
        )


def load_pairs(path: Path, *, limit: int | None = None) -> tuple[Pair, ...]:
    """Return the pairs on articles the reader was not trained on; at most ``limit`` of a kind and language.

    Raises UsageError naming the line that is no such row.
    """
    found: list[Pair] = []
    taken: dict[tuple[str, str], int] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}). Check the path.") from error
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            pair = Pair(
                str(row["id"]),
                str(row["lang"]),
                str(row["article_id"]),
                str(row["question"]),
                str(row["answer"]),
                _sentences(str(row["cited"]), str(row["lang"])),
                str(row["kind"]),
                bool(row["label"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"{path}:{number} is no pair ({type(error).__name__}: {error}); expected an object with id, lang, "
                "article_id, question, answer, cited, kind and label."
            ) from None
        group = (pair.language, pair.kind)
        if is_held_out(pair.article) and taken.get(group, 0) < (limit or len(lines)):
            taken[group] = taken.get(group, 0) + 1
            found.append(pair)
    return tuple(found)


def told_apart(pairs: Sequence[Pair], scores: Sequence[float]) -> Iterator[Told]:
    """Yield, by language and kind of wrong one, the AUROC of the scores: right above wrong."""
    for language in sorted({pair.language for pair in pairs}):
        for kind in sorted({pair.kind for pair in pairs if not pair.supported and pair.language == language}):
            chosen = [
                (pair, score)
                for pair, score in zip(pairs, scores, strict=True)
                if pair.language == language and (pair.supported or pair.kind == kind)
            ]
            labels = [pair.supported for pair, _ in chosen]
            if any(labels) and not all(labels):
                value, interval = auroc_interval(
                    [score for _, score in chosen], labels, [pair.article for pair, _ in chosen]
                )
                yield Told(language, kind, value, interval, sum(labels), len(labels) - sum(labels))


def by_reader(reader: Reader | None) -> Callable[[Pair], float]:
    """Return the reader's check, as an answer goes through it; UsageError where there is no reader."""
    if reader is None:
        raise UsageError(f"the reader is not here. Run `assistant models pull {DEFAULT_CHAT}`, which cuts it out.")

    def sure(pair: Pair) -> float:
        check = reader.check(plain(pair.question), [plain(sentence) for sentence in pair.cited], plain(pair.answer))
        while True:
            try:
                next(check)
            except StopIteration as finished:
                return float(finished.value)

    return sure


def by_overlap(pair: Pair) -> float:
    """Return the share of the answer's terms that the cited text holds: the floor any check must beat."""
    said, held = set(terms(pair.answer, pair.language)), set(terms(" ".join(pair.cited), pair.language))
    return len(said & held) / len(said) if said else 0.0


def _sentences(text: str, language: str) -> tuple[str, ...]:
    return tuple(" ".join(text[start:end].split()) for start, end in split_sentences(text, language))
