"""A proven statement enters; what of it answers the question leaves, or what it lacks.

What is proven need not answer: it may not say when, list four of nine, tell what followed and not why, or open with a
yes that does not follow. Then the article's own sentence stands in its place, with a neighbour where it takes two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from assistant.proof.anchors import content
from assistant.proof.context import Numbered, cited, plain
from assistant.proof.enumeration import left_out
from assistant.proof.kinds import Kind, asked_for
from assistant.proof.of_kind import is_of_kind, lacks
from assistant.proof.polarity import following, says_yes, without_yes_or_no
from assistant.proof.reasons import gives_reason
from assistant.proof.segment import Segment
from assistant.proof.two_part import parts
from assistant.types import Statement
from index.text.language import SPACELESS, script_language
from index.types import Document

_READ = frozenset({"en", "ja"})
_BACK = re.compile(
    r"\b(?:it|its|he|she|they|his|her|their|this|that|these|those|there|then|such)\b|それ|その|これ|この|同|彼",
    re.IGNORECASE,
)
_NEAR_TIE = 0.8
"""A sentence that says "because" is taken before one that bears the answer no more surely than this much more."""


class Fitting:
    """Holds one question and the sentences of its evidence; fits statement after statement to what is asked."""

    def __init__(self, question: str, numbered: Sequence[Numbered], documents: Mapping[str, Document]) -> None:
        self._question = question
        self._numbered = tuple(numbered)
        self._documents = documents
        self._parts = parts(question)
        self._kinds = tuple(asked_for(part, script_language(part) or "en") for part in self._parts)

    def fitted(self, statement: Statement, *, answered: bool = False) -> Statement:
        """Return a supported statement as it answers the question, or not supported with what it lacks.

        Once the question is ``answered``, what is said beside that need not answer it again.
        """
        if statement.verdict != "supported" or not statement.citations:
            return statement
        statement = self._completed(self._with_true_reply(statement))
        if statement.verdict != "supported" or answered or self._answers(statement):
            return statement
        return next(self._instead(statement), None) or Statement(
            statement.text, "not supported", (), lacks(self._kinds[0])
        )

    def bearing(self, bearing: Sequence[float]) -> tuple[float, ...]:
        """Return how surely each sentence bears an answer of the kind asked for; 0: nor does a neighbour.

        Where a reason is asked for, a sentence that does not give one in so many words bears it a little less.
        """
        why = any(kind.wanted == "why" for kind in self._kinds)
        found = []
        for item, sure in zip(self._numbered, bearing, strict=True):
            fits = self.fitted(self._quoted((item,))).verdict == "supported"
            better = why and not gives_reason(item.sentence.text)
            found.append(sure * (_NEAR_TIE if better else 1.0) if fits else 0.0)
        return tuple(found)

    def missing(self, shown: Sequence[Statement], bearing: Sequence[float]) -> Iterator[Segment]:
        """Yield, for each part of a question that nothing shown answers, the surest sentence of its kind about it."""
        if len(self._parts) < 2 or not shown:
            return
        cited = {(citation.document, citation.start) for statement in shown for citation in statement.citations}
        for part, kind in zip(self._parts, self._kinds, strict=True):
            if kind.wanted == "anything" or any(is_of_kind(kind, one.text, _quotes(one), part) for one in shown):
                continue
            ranked = sorted(zip(bearing, self._numbered, strict=True), key=lambda pair: (-pair[0], pair[1].number))
            for _, item in ranked:
                text = item.sentence.text
                fresh = (item.document, item.sentence.start) not in cited
                if fresh and self._holds(kind, text, item.document, part) and self._is_about(item, part):
                    yield Segment(text, (item.number,))
                    break

    def _with_true_reply(self, statement: Statement) -> Statement:
        """Return a statement without its leading yes or no where that does not follow from what it cites."""
        yes = says_yes(statement.text)
        if yes is None:
            return statement
        found = following(self._question, yes, _quotes(statement))
        if found == "opposite":
            return Statement(statement.text, "not supported", (), "what it cites says the opposite")
        if found == "follows":
            return statement
        rest = without_yes_or_no(statement.text)
        if not content(rest, "en"):
            return Statement(statement.text, "not supported", (), "it says yes or no, and not what proves it")
        return Statement(rest, statement.verdict, statement.citations, statement.why)

    def _completed(self, statement: Statement) -> Statement:
        """Return a statement, or the cited sentence whose list it tells in part."""
        for citation in statement.citations:
            if left_out(statement.text, citation.quote, self._question):
                return Statement(plain(citation.quote), statement.verdict, (citation,))
        return statement

    def _answers(self, statement: Statement) -> bool:
        """Whether a statement holds an answer of the kind of any part of the question."""
        return any(
            self._holds(kind, statement.text, statement.citations[0].document, part)
            for kind, part in zip(self._kinds, self._parts, strict=True)
        )

    def _holds(self, kind: Kind, text: str, document: str, part: str) -> bool:
        language = script_language(text) or self._documents[document].language
        return language not in _READ or is_of_kind(kind, text, (text,), part, language=language)

    def _instead(self, statement: Statement) -> Iterator[Statement]:
        """Yield the article's own sentences that say what a statement leaves out.

        First what it cites, then that with the sentence before it, or after it.
        """
        cited = {(citation.document, citation.start) for citation in statement.citations}
        places = [i for i, n in enumerate(self._numbered) if (n.document, n.sentence.start) in cited]
        wanted = [self._numbered[place] for place in places]
        if wanted and self._answers(quoted := self._quoted(wanted)) and quoted.text != statement.text:
            yield quoted
        for place in places:
            for first, second in ((place - 1, place), (place, place + 1)):
                if first < 0 or second >= len(self._numbered):
                    continue
                pair = self._numbered[first], self._numbered[second]
                other = pair[0] if second == place else pair[1]
                if self._goes_on(*pair) and self._answers(self._quoted((other,))):
                    yield self._quoted(pair)

    def _goes_on(self, one: Numbered, other: Numbered) -> bool:
        """Whether a sentence follows the other in its section and speaks of the same matter."""
        if one.document != other.document or one.sentence.end > other.sentence.start:
            return False
        document = self._documents[one.document]
        between = document.text[one.sentence.end : other.sentence.start]
        if between.strip() or document.heading_before(one.sentence.start) != document.heading_before(
            other.sentence.start
        ):
            return False
        if _BACK.search(" ".join(other.sentence.text.split()[:6])[:60]):
            return True
        return len(set(self._words(one)) & set(self._words(other))) >= 2

    def _is_about(self, item: Numbered, part: str) -> bool:
        """Whether a sentence holds two thirds of the words of a question's part."""
        wanted = set(content(part, self._documents[item.document].language))
        return bool(wanted) and 3 * len(wanted & set(self._words(item))) >= 2 * len(wanted)

    def _words(self, item: Numbered) -> list[str]:
        return content(item.sentence.text, self._documents[item.document].language)

    def _quoted(self, items: Sequence[Numbered]) -> Statement:
        """Return sentences of the article as a statement that cites them."""
        texts = [plain(item.sentence.text) for item in items]
        joiner = "" if script_language(texts[0]) in SPACELESS else " "
        citations = tuple(cited(self._documents[item.document], item.sentence) for item in items)
        return Statement(joiner.join(texts), "supported", citations)


def _quotes(statement: Statement) -> list[str]:
    return [citation.quote for citation in statement.citations]
