"""Find the article sentences that prove a statement: a statement goes in, citations and a verdict come out.

What a model cites is a hint. A statement is supported when one article sentence (with at most two neighbours that say
who "she" is) carries its words and every number and name in it, and does not deny what it affirms. A list drawn from
several sentences is judged part by part.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from assistant.proof.anchors import content, names, small_words
from assistant.proof.context import Numbered
from assistant.proof.denials import clauses, contradicts, knows, without_reply
from assistant.proof.opposites import says_opposite
from assistant.proof.quantities import Quantity, lacking, quantities, required, without_quantities
from assistant.proof.swaps import changed_places, letters, swapped
from assistant.types import Citation, Statement, Verdict
from index.types import Document

Similarity = Callable[[str, Sequence[str]], Sequence[float]]
"""Cosine similarities of one text with others, in their order; all 0 where the embedder does not know the language."""

SUPPORTED = 0.6
PARTLY = 0.4
_SAME = 0.93
"""Similarity from which a statement and the question say the same."""
_NEIGHBOURHOOD = 3
"""Sentences before or after the main one that may fill in a name it leaves out."""
_PRIMARY_SHARE = 0.4
"""Least share of the words the main sentence itself must carry: below it, several sentences were stitched together."""


_PRONOUN = re.compile(
    r"\b(?:he|she|it|they|him|her|them|his|hers|its|their|theirs|this|these|those|both|such|the two)\b"
    r"|彼|彼女|同氏|同社|それ|これ|この|その",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Claim:
    """A statement, or a part of one, taken apart."""

    text: str
    terms: tuple[str, ...]
    """But its quantities."""
    names: frozenset[str]
    quantities: tuple[Quantity, ...]


@dataclass(frozen=True, slots=True)
class _Finding:
    """What was found for a claim: the sentences, best first, and how far they carry it."""

    places: tuple[Numbered, ...]
    support: float
    why: str = ""


class Aligner:
    """Holds the sentences of one question's evidence; judges statement after statement against them."""

    def __init__(
        self, numbered: Sequence[Numbered], documents: Mapping[str, Document], *, question: str, similarity: Similarity
    ) -> None:
        self._numbered = tuple(numbered)
        self._documents = documents
        self._similarity = similarity
        self._question = question
        self._asked = frozenset(content(question, "en")) | names(question)
        self._asked_quantities = frozenset(quantities(question, self._first_language()))
        self._common = (
            frozenset().union(*(small_words(documents[n.document].text) for n in numbered)) if numbered else frozenset()
        )
        self._terms = [
            frozenset(content(without_quantities(n.sentence.text, self._language(n)), self._language(n)))
            for n in numbered
        ]
        self._weights = _rarity(self._terms)

    def judge(self, text: str, hints: Iterable[int] = ()) -> Statement:
        """Return the statement with its citations and verdict; ``why`` says what an unsupported one lacks."""
        if not self._numbered:
            return Statement(text, "not supported", (), "no evidence was found")
        claim = self._claim(text)
        if not claim.terms and not claim.quantities and not claim.names:
            return Statement(text, "not supported", (), "it says nothing that could be checked")
        hinted = frozenset(hints)
        finding = self._find(claim, hinted)
        if finding.support < SUPPORTED:
            by_parts = self._find_by_parts(text, hinted)
            if by_parts and by_parts.support > finding.support:
                finding = by_parts
        verdict: Verdict = (
            "supported" if finding.support >= SUPPORTED else "partly" if finding.support >= PARTLY else "not supported"
        )
        why = "" if verdict == "supported" else finding.why or "no sentence of the article says this"
        cited = finding.places if verdict != "not supported" else ()
        return Statement(text, verdict, tuple(self._citation(place, finding.support) for place in cited), why)

    def says_something_new(self, text: str) -> bool:
        """Return whether a statement says yes or no, or holds a word, name or number that the question does not.

        New words alone are no news when the whole is the question said again ("did she choose", "she chose").
        """
        claim = self._claim(text)
        if claim.text != text or claim.names - self._asked or set(claim.quantities) - self._asked_quantities:
            return True
        return bool(set(claim.terms) - self._asked) and self._similarity(text, [self._question])[0] < _SAME

    def _claim(self, text: str) -> _Claim:
        body = without_reply(text)
        language = self._first_language()
        # A month in a date is no name, and no word: "4 February" may stand as "02-04"; nor is "Twelve" for "a dozen".
        words = without_quantities(body, language)
        named = names(without_quantities(body, language, but_weak=True), common=self._common)
        return _Claim(body, tuple(content(words, language)), named, required(body, language))

    def _find(self, claim: _Claim, hinted: frozenset[int]) -> _Finding:
        if not claim.terms:
            claim = replace(claim, terms=tuple(claim.names))
        similar = self._similarity(claim.text, [n.sentence.text for n in self._numbered])
        own = [self._covered(claim, [i]) for i in range(len(self._numbered))]
        ranked = sorted(
            range(len(self._numbered)),
            key=lambda i: (-(own[i] + 0.6 * similar[i] + 0.1 * (self._numbered[i].number in hinted)), i),
        )
        best = _Finding((), 0.0)
        for main in ranked[:3]:
            finding = self._with_neighbours(claim, main, own[main], similar[main])
            if finding.support > best.support or (not best.why and not best.places):
                best = finding
            if best.support >= SUPPORTED:
                break
        return best

    def _with_neighbours(self, claim: _Claim, main: int, own: float, similar: float) -> _Finding:
        chosen = [main]
        for neighbour in self._neighbours(main):
            missing = self._missing_names(claim, chosen)
            gained = missing - self._missing_names(claim, [*chosen, neighbour])
            if len(chosen) < 3 and any(self._may_lend(name, neighbour, main) for name in gained):
                chosen.append(neighbour)
        places = tuple(self._numbered[i] for i in chosen)
        # A neighbour may say who "she" is, never when or how many: numbers stand in the main sentence.
        absent = sorted(self._missing_names(claim, chosen)) + [one.written for one in self._lacking(claim, main)]
        if absent:
            shown = ", ".join(dict.fromkeys(absent[:3]))
            return _Finding(places, 0.0, f"the article does not say “{shown}” here")
        sentence, language = self._numbered[main].sentence.text, self._language(self._numbered[main])
        if not knows(language) and letters(claim.text) != letters(sentence):
            return _Finding(places, 0.0, "in the article's language only a whole sentence of it can be told for proven")
        known = " ".join([self._question, *(self._numbered[i].sentence.text for i in chosen)])
        if other := swapped(
            _bare(claim.text, language), _bare(sentence, language), language, known=known
        ) or changed_places(claim.text, sentence, language):
            return _Finding(places, 0.0, f"the article does not say “{other}” here")
        if says_opposite(claim.text, sentence, language) or contradicts(
            claim.text, sentence, language, lambda text: content(_bare(text, language), language)
        ):
            return _Finding(places, 0.0, "the article says the opposite, or does not deny what this denies")
        covered = self._covered(claim, chosen)
        # Words decide; closeness in meaning helps a paraphrase over the line, never alone.
        support = max(covered, 0.55 * covered + 0.45 * _scaled(similar))
        if own < _PRIMARY_SHARE and similar < 0.75:
            support = min(support, SUPPORTED - 0.01)
        return _Finding(places, round(min(1.0, support), 2))

    def _may_lend(self, name: str, neighbour: int, main: int) -> bool:
        """Whether a neighbour may supply a name: one the question gave, or one a pronoun in the main sentence means."""
        refers_back = bool(_PRONOUN.search(self._numbered[main].sentence.text))
        return name in self._asked or (refers_back and main - 2 <= neighbour < main)

    def _find_by_parts(self, text: str, hinted: frozenset[int]) -> _Finding | None:
        parts = [self._claim(part) for part in clauses(without_reply(text), self._first_language())]
        parts = [part for part in parts if len(part.terms) >= 2 or part.names or part.quantities]
        if len(parts) < 2:
            return None
        findings = [self._find(part, hinted) for part in parts]
        places = {place.number: place for finding in findings for place in finding.places[:2]}
        if not places or len(places) > 4 or not _close_together(places.values()):
            return None
        worst = min(findings, key=lambda finding: finding.support)
        return _Finding(tuple(places[number] for number in sorted(places)), worst.support, worst.why)

    def _neighbours(self, main: int) -> list[int]:
        """Return sentences near the main one in its section, nearest first, the earlier before the later."""
        here = self._numbered[main]
        section = self._section(here)
        near = [
            i
            for i, other in enumerate(self._numbered)
            if i != main
            and other.document == here.document
            and abs(i - main) <= _NEIGHBOURHOOD
            and self._section(other) == section
        ]
        return sorted(near, key=lambda i: (abs(i - main), i))

    def _section(self, place: Numbered) -> str | None:
        return self._documents[place.document].heading_before(place.sentence.start)

    def _missing_names(self, claim: _Claim, chosen: Sequence[int]) -> set[str]:
        """Return the names of a claim that none of the chosen sentences holds."""
        text = " ".join(self._numbered[i].sentence.text for i in chosen)
        held_terms = frozenset().union(*(self._terms[i] for i in chosen))
        held_names = names(text) | small_words(text)
        return {
            name
            for name in claim.names
            if name not in held_names
            and not _held(name, held_terms, self._language(self._numbered[chosen[0]]))
            and not _is_initials_of(name, text)
        }

    def _covered(self, claim: _Claim, chosen: Sequence[int]) -> float:
        """Return the share of a claim's words, weighed by rarity, and quantities that the chosen sentences hold."""
        held = frozenset().union(*(self._terms[i] for i in chosen))
        total = sum(self._weight(term) for term in claim.terms) + len(claim.quantities)
        said = sum(self._weight(term) for term in claim.terms if term in held)
        said += len(claim.quantities) - len(self._lacking(claim, chosen[0]))
        return said / total if total else 0.0

    def _lacking(self, claim: _Claim, main: int) -> tuple[Quantity, ...]:
        """Return the quantities of a claim that a sentence does not hold."""
        if not claim.quantities:
            return ()
        return lacking(claim.quantities, self._numbered[main].sentence.text, self._language(self._numbered[main]))

    def _weight(self, term: str) -> float:
        return self._weights.get(term, 1.0)

    def _first_language(self) -> str:
        return self._language(self._numbered[0]) if self._numbered else "en"

    def _language(self, place: Numbered) -> str:
        return self._documents[place.document].language

    def _citation(self, place: Numbered, support: float) -> Citation:
        document, sentence = self._documents[place.document], place.sentence
        quote = document.text[sentence.start : sentence.end]
        if quote != sentence.text:
            raise AssertionError(f"sentence {sentence.start}..{sentence.end} of {document.id} is not where it was")
        return Citation(document.id, document.title, sentence.start, sentence.end, quote, support)


def _bare(text: str, language: str) -> str:
    return without_quantities(text, language)


def _rarity(sentences: Sequence[frozenset[str]]) -> dict[str, float]:
    """Return 1 + ln(n / sentences holding it) per term, scaled to at most 1: what every sentence says proves little."""
    counts: dict[str, int] = {}
    for terms_of_one in sentences:
        for term in terms_of_one:
            counts[term] = counts.get(term, 0) + 1
    top = 1 + math.log(max(1, len(sentences)))
    return {term: (1 + math.log(len(sentences) / count)) / top for term, count in counts.items()}


def _scaled(similarity: float) -> float:
    """Map cosine similarity to 0..1: unrelated sentences of one article stand near 0.25, restatements above 0.85."""
    return min(1.0, max(0.0, (similarity - 0.25) / 0.6))


def _close_together(places: Iterable[Numbered]) -> bool:
    numbers_by_document: dict[str, list[int]] = {}
    for place in places:
        numbers_by_document.setdefault(place.document, []).append(place.number)
    return len(numbers_by_document) == 1 and all(max(n) - min(n) <= 5 for n in numbers_by_document.values())


def _held(name: str, held: frozenset[str], language: str) -> bool:
    stems = set(content(name, language))
    return bool(stems) and stems <= held


def _is_initials_of(name: str, text: str) -> bool:
    """Whether a short name is the initials of capitalised words in a row ("US": "United States")."""
    if not 2 <= len(name) <= 6 or not name.isalpha():
        return False
    initials = "".join(word[0] for word in text.split() if word[:1].isupper()).casefold()
    return name in initials
