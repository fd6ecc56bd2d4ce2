"""Rows enter; examples leave: what the reader reads, and what is true of it.

A reading shows a question with sentences, near misses among them: do they answer it, which ones bear the answer, where
does it stand? A check shows a statement with the sentences it cites: do they say that this is the answer? Wrong ones
are made to be near: gold sentences taken out, another answer from the same passage, a number or a denial changed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evals.training.rows import TrainingRow, sentences_of
from index.text.words import terms

_NEAR = 6
_SHARED = 0.5
"""Least share of a reference's words that a sentence must hold to be called its source."""
Span = tuple[int, int]
Labelled = tuple[str, bool | None, Span | None]
"""A sentence, whether it bears the answer (None: not known), and where in it the short answer stands."""
_Way = tuple[str, str, str]
"""A wrong statement, the sentence cited for it, and how it was made."""


@dataclass(frozen=True, slots=True)
class ReadingExample:
    """A question with sentences."""

    set: str
    question: str
    sentences: tuple[str, ...]
    answered: bool
    bearing: tuple[bool | None, ...]
    """Per sentence: whether it states the answer; None where that is not known."""
    spans: tuple[Span | None, ...]
    """Per sentence: where the short answer stands in it."""


@dataclass(frozen=True, slots=True)
class CheckExample:
    """A statement with the sentences cited for it."""

    set: str
    question: str
    statement: str
    cited: tuple[str, ...]
    supported: bool
    kind: str
    """How it was made, for the table."""


def reading(row: TrainingRow, rng: random.Random, *, kind: str, budget: int) -> ReadingExample | None:
    """Return a row as a reading; None where it cannot be made.

    ``kind``: ``whole`` (gold and near misses), ``deleted`` (near misses alone), ``cut`` (the gold passages without the
    sentences that answer). ``budget``: characters of sentences, of Japanese ones a third of it.
    """
    if row.lang in {"ja", "zh"}:
        budget //= 3
    own = _own(row, rng, kind=kind, budget=budget * 2 // 3)
    if own is None:
        return None
    spent = sum(len(s) for passage in own for s, _, _ in passage)
    passages = [*own, *_near(row, kind=kind, budget=budget - spent)]
    rng.shuffle(passages)
    shown = [item for passage in passages for item in passage]
    answered = row.answerable and kind == "whole"
    if not shown or (answered and row.answers and not any(bears for _, bears, _ in shown)):
        return None
    return ReadingExample(
        row.set,
        " ".join(row.question.split()),
        tuple(s for s, _, _ in shown),
        answered,
        tuple(bears if answered else False for _, bears, _ in shown),
        tuple(span if answered else None for _, _, span in shown),
    )


def _own(row: TrainingRow, rng: random.Random, *, kind: str, budget: int) -> list[list[Labelled]] | None:
    """Return what is shown of a row's own passages; None where the sentences that answer cannot be told."""
    if not row.answerable:
        unlabelled = [[(s, False, None) for s in sentences_of(gold, row.lang)] for gold in row.golds[:2]]
        return [_window(passage, None, budget) for passage in unlabelled]
    if kind == "deleted":
        return []
    passages = []
    for gold in row.golds:
        labelled = _labelled(row, gold)
        if kind == "cut":
            kept: list[Labelled] = [
                (s, False, None) for s, bears, _ in labelled if bears is False and not _holds(row, s)
            ]
            if not row.answers or len(kept) == len(labelled) or not kept:
                return None
            passages.append(_window(kept, rng.randrange(len(kept)), budget))
        else:
            bearing = [place for place, (_, bears, _) in enumerate(labelled) if bears]
            if not bearing and row.answers and len(row.golds) == 1:
                return None
            middle = rng.choice(bearing) if bearing else None
            passages.append(_window(labelled, middle, max(budget // 2, budget // len(row.golds))))
    return passages


def _near(row: TrainingRow, *, kind: str, budget: int) -> Iterator[list[Labelled]]:
    """Yield what is shown of passages that nearly answer, the nearest first, while they fit ``budget`` characters."""
    near = [p for p in row.pool.nearest(row.question, _NEAR + len(row.golds)) if not _same(p, row.golds)]
    if kind != "whole" and row.answerable:
        near = [passage for passage in near if not any(_in(answer, passage) for answer in row.answers)]
    for passage in near:
        found = sentences_of(passage, row.lang)
        if budget > 0 and found:
            best = max(range(len(found)), key=lambda i: (_overlap(row.question, found[i], row.lang), -i))
            window = _window([(s, None if _holds(row, s) else False, None) for s in found], best, budget)
            budget -= sum(len(s) for s, _, _ in window)
            yield window


def checks(row: TrainingRow, others: Sequence[TrainingRow], rng: random.Random) -> Iterator[CheckExample]:
    """Yield a right statement about a row and a wrong one; ``others`` ask of the same passage, or of near ones."""
    question = " ".join(row.question.split())
    near = [p for p in row.pool.nearest(row.question, _NEAR) if not _same(p, row.golds)]
    far = [s for p in near[:2] for s in sentences_of(p, row.lang) if not _holds(row, s)]
    far.sort(key=lambda s: -_overlap(row.question, s, row.lang))
    if not row.answerable:
        held = [s for gold in row.golds for s in sentences_of(gold, row.lang)] or far
        if held:
            best = max(held, key=lambda s: _overlap(row.question, s, row.lang))
            yield CheckExample(row.set, question, best, (best,), False, "quote of an unanswerable")
        return
    labelled = [item for gold in row.golds for item in _labelled(row, gold)]
    right = [(s, span) for s, bears, span in labelled if bears]
    if not right or len(row.golds) > 1:
        return
    sentence, span = right[0]
    answer = sentence[span[0] : span[1]] if span else rng.choice(row.references or (sentence,))
    said = stated(question, answer, row.lang)
    statement = rng.choice([answer, sentence, sentence, *([said] * 3 if said else [])])
    beside = rng.random() < 0.25 and far
    cited = tuple(rng.sample([sentence, far[0]], 2)) if beside else (sentence,)
    yield CheckExample(row.set, question, statement, cited, True, "right")
    told = _Told(question, sentence, answer, said, tuple(s for s, _, _ in labelled))
    wrong = [s for s, bears, _ in labelled if bears is False and not _holds(row, s)]
    wrong.sort(key=lambda s: -_overlap(row.question, s, row.lang))
    ways = [*_cited_wrongly(told, wrong[:3], far, rng), *_changed(row, told, rng), *_of_another(row, told, others, rng)]
    if ways:
        statement, cited_one, kind = rng.choice(ways)
        yield CheckExample(row.set, question, statement, (cited_one,), False, kind)


@dataclass(frozen=True, slots=True)
class _Told:
    """A question with its right answer."""

    question: str
    sentence: str
    """The one that bears the answer."""
    answer: str
    said: str | None
    """The question with its answer as a statement."""
    passage: tuple[str, ...]


def _cited_wrongly(told: _Told, wrong: Sequence[str], far: Sequence[str], rng: random.Random) -> Iterator[_Way]:
    if wrong:
        other = rng.choice(wrong)
        yield from [(other, other, "quote of another sentence")] * 2
        yield told.said or told.answer, other, "another sentence cited"
    if far:
        yield far[0], far[0], "quote of another passage"
        yield told.said or told.answer, far[0], "another passage cited"


def _changed(row: TrainingRow, told: _Told, rng: random.Random) -> Iterator[_Way]:
    changed = changed_number(told.answer, rng)
    if changed:
        words = stated(told.question, changed, row.lang) or told.sentence.replace(told.answer, changed, 1)
        yield from [(words, told.sentence, "changed number")] * 2
    flipped = denied(told.said or told.sentence, row.lang)
    if flipped:
        yield flipped, told.sentence, "denied"


def _of_another(row: TrainingRow, told: _Told, others: Sequence[TrainingRow], rng: random.Random) -> Iterator[_Way]:
    """Yield statements with the answer to another question of the same passage, where it is of the same kind."""
    for one in rng.sample(list(others), min(2, len(others))):
        if not one.answers or any(_in(a, b) or _in(b, a) for a in one.answers for b in row.answers):
            continue
        if bool(re.search(r"\d", one.answers[0])) != bool(re.search(r"\d", told.answer)):
            continue
        if told.question.casefold() != one.question.casefold():
            words = stated(told.question, one.answers[0], row.lang) or one.answers[0]
            held = next((s for s in told.passage if _in(one.answers[0], s) and s != told.sentence), told.sentence)
            yield words, held, "another answer"
            yield words, told.sentence, "another answer, right sentence"
            return


_SUBJECT = re.compile(
    r"^(?:who|what|which \w+)\s+"
    r"(?!(?:is|are|was|were|did|do|does|has|have|had|can|could|will|would|should|may|might)\b)(.+?)\s*\?*$",
    re.IGNORECASE,
)
_IS = re.compile(r"^(?:who|what)\s+(is|are|was|were)\s+(.+?)\s*\?*$", re.IGNORECASE)
_IN_PLACE = re.compile(
    r"(?:誰|だれ|何という\w{0,6}?(?=[でにをがはと])|どのような\w{0,6}?(?=[でにをがはと])|どこ|いつ|何(?:年|人|月|日|歳|個|回|番|語|世紀|州|県|メートル|キロメートル)?|いくつ|いくら|どれくらい|どのくらい)"
)
_ASKS_JA = re.compile(r"(?:です|でしょう|であろう)?か?[?？。]*$")


def stated(question: str, answer: str, lang: str) -> str | None:
    """Return the question with its answer as a statement, by rule: "Who chaired it?" is "Onodera chaired it."."""
    if lang == "ja":
        if len(_IN_PLACE.findall(question)) != 1:
            return None
        body = _IN_PLACE.sub(lambda _: answer, question)
        return _ASKS_JA.sub("", body) + ("です。" if re.search(r"です|でしょう|は(?:誰|何)", question) else "。")
    if lang != "en" or len(answer.split()) > 12:
        return None
    answer = answer.strip().rstrip(".")
    if found := _IS.match(question):
        rest = found[2][:1].upper() + found[2][1:]
        return f"{rest} {found[1].lower()} {answer}."
    if found := _SUBJECT.match(question):
        return f"{answer[:1].upper()}{answer[1:]} {found[1]}."
    return None


def changed_number(answer: str, rng: random.Random) -> str | None:
    """Return an answer with one of its figures changed; None where it has none."""
    figures = list(re.finditer(r"\d+", answer))
    if not figures:
        return None
    one = rng.choice(figures)
    value = int(one[0]) if len(one[0]) < 16 else 7
    step = rng.choice([1, -1, 2, 10, -10, 100])
    other = str(max(0, value + step))
    return answer[: one.start()] + other + answer[one.end() :] if other != one[0] else None


_AUXILIARY = re.compile(r"\b(is|are|was|were|can|could|will|would|should|has|have|had|did|does|do)\b(?! not|n't)")
_DENIED_JA = (
    ("ではない", "である"),
    ("しなかった", "した"),
    ("されなかった", "された"),
    ("していない", "している"),
    ("でした", "ではありませんでした"),
)


def denied(statement: str, lang: str) -> str | None:
    """Return a statement with its first denial taken out, or one put in; None where no rule fits."""
    if lang == "en":
        if re.search(r"\b(?:not|never)\b ?", statement):
            return re.sub(r"\b(?:not|never)\b ?", "", statement, count=1)
        return _AUXILIARY.sub(r"\1 not", statement, count=1) if _AUXILIARY.search(statement) else None
    if lang == "ja":
        for one, other in _DENIED_JA:
            if statement.rstrip("。").endswith(one):
                return statement.rstrip("。").removesuffix(one) + other + "。"
            if statement.rstrip("。").endswith(other):
                return statement.rstrip("。").removesuffix(other) + one + "。"
        if statement.endswith("です。"):
            return statement.removesuffix("です。") + "ではありません。"
    return None


def _labelled(row: TrainingRow, gold: str) -> list[Labelled]:
    """Return the sentences of a gold passage, whether each bears the answer, and where in it that stands."""
    found = sentences_of(gold, row.lang)
    if not row.answers:
        return [(s, bears, None) for s, bears in zip(found, _by_reference(row, found), strict=True)]
    wanted = [answer for answer in row.answers if answer.strip()]
    places = [_where(s, wanted) for s in found]
    if row.starts and len(row.golds) == 1:
        told = _by_offset(row, gold, found)
        if told:
            return [
                (s, place in told, span if place in told else None)
                if place in told or span is None
                else (s, None, None)
                for place, (s, span) in enumerate(zip(found, places, strict=True))
            ]
    hits = [place for place, span in enumerate(places) if span]
    if len(hits) > 1 and len(wanted) >= 1:
        # The one that shares most with the question bears it; of the others nothing is known.
        best = max(hits, key=lambda i: (_overlap(row.question, found[i], row.lang), -i))
        return [
            (s, place == best if span is None or place == best else None, span if place == best else None)
            for place, (s, span) in enumerate(zip(found, places, strict=True))
        ]
    return [(s, span is not None, span) for s, span in zip(found, places, strict=True)]


def _by_offset(row: TrainingRow, gold: str, found: Sequence[str]) -> set[int]:
    """Return the places of the sentences that hold the answers' offsets and their text."""
    told: set[int] = set()
    at = 0
    squeezed = "".join(gold.split())
    ends = []
    for sentence in found:
        at += len("".join(sentence.split()))
        ends.append(at)
    if at != len(squeezed):
        return told
    for answer, start in zip(row.answers, row.starts, strict=True):
        before = len("".join(gold[:start].split()))
        place = next((i for i, end in enumerate(ends) if before < end), None)
        if place is not None and _where(found[place], [answer]):
            told.add(place)
    return told


def _by_reference(row: TrainingRow, found: Sequence[str]) -> list[bool | None]:
    """Return, per sentence, whether it holds most of an answer in other words; of none is it known otherwise."""
    if not row.references:
        return [None] * len(found)
    shares = []
    for sentence in found:
        held = set(terms(sentence, row.lang))
        shares.append(
            max(
                (len(held & said) / len(said) for said in (set(terms(r, row.lang)) for r in row.references) if said),
                default=0.0,
            )
        )
    best = max(shares, default=0.0)
    return [True if share >= _SHARED and share == best else None for share in shares]


def _where(sentence: str, answers: Sequence[str]) -> Span | None:
    for answer in answers:
        wanted = " ".join(answer.split())
        start = sentence.find(wanted)
        if wanted and start >= 0:
            return start, start + len(wanted)
    return None


def _holds(row: TrainingRow, sentence: str) -> bool:
    return any(_in(answer, sentence) for answer in row.answers)


def _in(part: str, whole: str) -> bool:
    return bool(part.strip()) and " ".join(part.split()).casefold() in " ".join(whole.split()).casefold()


def _same(passage: str, golds: Sequence[str]) -> bool:
    return any(gold[:60] in passage or passage[:60] in gold for gold in golds)


def _overlap(question: str, sentence: str, lang: str) -> int:
    return len(set(terms(question, lang)) & set(terms(sentence, lang)))


def _window(items: Sequence[Labelled], middle: int | None, budget: int) -> list[Labelled]:
    """Return sentences around one (the first where there is none) that fit ``budget`` characters; one always stays."""
    if not items:
        return []
    low = high = middle or 0
    spent = len(items[low][0])
    grown = True
    while grown:
        grown = False
        for place in (high + 1, low - 1):
            if 0 <= place < len(items) and spent + len(items[place][0]) <= budget:
                low, high = min(low, place), max(high, place)
                spent += len(items[place][0])
                grown = True
    return list(items[low : high + 1])
