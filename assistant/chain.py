"""The one path of a question: condense, retrieve, read, align, and tell it all as events."""

from __future__ import annotations

import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol, TypeVar

from assistant import condense
from assistant.align import Aligner
from assistant.bearing import agreed, chosen, most_bearing
from assistant.context import Numbered, as_lines, fair, nearness, number_sentences, plain
from assistant.errors import ContextTooLongError, ModelError, ReaderError
from assistant.extractive import quote
from assistant.fit import LeftOut, Room, fit_sentences, fit_turns, without_examples
from assistant.meaning import Meaning
from assistant.question import checked_question
from assistant.replies import abstention, says_not_stated
from assistant.segment import Segment, Segmenter
from assistant.settings import Settings
from assistant.types import (
    Answer,
    Event,
    EvidenceFound,
    Finished,
    Notice,
    Phase,
    Searched,
    Statement,
    StatementReady,
    Turn,
    Waiting,
)
from index.embed import Embedder
from index.language import script_language
from index.types import Document, ScoredChunk
from prompts import Message, load

if TYPE_CHECKING:
    from assistant.pump import Usage
    from assistant.reader import Reader, Reading

    Piece = str | Usage | Notice | None
    Speak = Callable[[Sequence[Message]], Generator[Piece]]
    """A model's voice: messages in; out come text as it arrives, None four times a second, and last the tokens used."""

_Found = TypeVar("_Found")
_MOST_SENTENCES = 8
_LANGUAGE_NAMES = {
    "en": "English",
    "ja": "Japanese",
    "zh": "Chinese",
    "ko": "Korean",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
}
_SPACELESS = frozenset({"ja", "zh"})
# A question that shares no rare word with the article and is near none of its passages in meaning is about
# something else.
_FAR = 0.12
logger = logging.getLogger(__name__)


class Searchable(Protocol):
    """What the assistant needs of an index."""

    embedder: Embedder

    def documents(self) -> tuple[Document, ...]:
        """Return the documents that can be searched."""

    def document(self, id: str) -> Document:
        """Return one of them; raise UnknownArticleError naming the known ones."""

    def retrieve(
        self, query: str, *, k: int, documents: Sequence[str] | None = None, wordings: Sequence[str] = ()
    ) -> tuple[ScoredChunk, ...]:
        """Return the k best chunks of some documents (None: of all), best first, for a query and its other wordings."""


@dataclass(slots=True)
class Run:
    """What one question gathers on its way: ``Assistant.find`` begins it, ``Assistant.answer`` ends it."""

    question: str
    searched: str
    documents: Mapping[str, Document]
    """The articles that are asked, by id."""
    started: float = field(default_factory=time.perf_counter)
    evidence: tuple[ScoredChunk, ...] = ()
    shown: list[Statement] = field(default_factory=list)
    dropped: list[Statement] = field(default_factory=list)
    timings: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    prompts: dict[str, str] = field(default_factory=dict)
    failure: ModelError | None = None
    """What the model failed with before the search; whoever found this cannot answer."""
    left: LeftOut = field(default_factory=LeftOut)
    context: int = 0
    """Tokens the model holds, once it was asked something."""

    def gone_on(self) -> Run:
        """Return a copy to answer with, its clock standing where this one was last read."""
        spent = max(self.timings.values(), default=0) / 1000
        return Run(
            self.question,
            self.searched,
            self.documents,
            started=time.perf_counter() - spent,
            evidence=self.evidence,
            timings=dict(self.timings),
            tokens=dict(self.tokens),
            prompts=dict(self.prompts),
        )

    def clock(self, name: str) -> int:
        """Note the milliseconds since the question, once a name, and return them."""
        return self.timings.setdefault(name, round((time.perf_counter() - self.started) * 1000))

    def count(self, usage: Usage) -> None:
        """Add the tokens of one reply."""
        if usage.prompt or usage.completion:
            self.tokens["prompt"] = self.tokens.get("prompt", 0) + usage.prompt
            self.tokens["completion"] = self.tokens.get("completion", 0) + usage.completion


class Assistant:
    """Answers questions about the articles of one index with one model. Any thread may ask; it keeps nothing."""

    def __init__(
        self,
        index: Searchable,
        *,
        model: str,
        speak: Speak | None,
        settings: Settings,
        room: Callable[[], Generator[Notice | None, None, Room]] | None = None,
        reader: Reader | None = None,
    ) -> None:
        """Take the index, the model's name, and its voice (None: quote the article without a language model).

        ``room`` tells how much the model holds; without one that is assumed. ``reader`` decides whether the evidence
        answers the question; without one the answering model alone does.
        """
        self.index = index
        self.model = model
        self.speak = speak
        self.settings = settings
        self.room = room
        self.reader = reader

    def ask(
        self,
        question: str,
        *,
        turns: Sequence[Turn] = (),
        articles: Sequence[str] | None = None,
        strict: bool = True,
        searched: str | None = None,
    ) -> Answer:
        """Return the whole answer: ``stream`` exhausted."""
        for event in self.stream(question, turns=turns, articles=articles, strict=strict, searched=searched):
            if isinstance(event, Finished):
                return event.answer
        raise AssertionError("a stream ends with Finished")

    def stream(
        self,
        question: str,
        *,
        turns: Sequence[Turn] = (),
        articles: Sequence[str] | None = None,
        strict: bool = True,
        searched: str | None = None,
    ) -> Generator[Event]:
        """Yield the events of an answer, ending with Finished; closing the generator stops the model.

        ``articles`` limits the search to these ids; ``searched`` stands in for the rewrite of a follow-up.
        Raises UsageError for an empty or too long question, UnknownArticleError, and ModelError when the model fails
        before it said anything that holds.
        """
        found = yield from self.find(question, turns=turns, articles=articles, searched=searched)
        yield from self.answer(found, strict=strict)

    def find(
        self,
        question: str,
        *,
        turns: Sequence[Turn] = (),
        articles: Sequence[str] | None = None,
        searched: str | None = None,
    ) -> Generator[Event, None, Run]:
        """Yield the events until the evidence is there, and return what was found: ``stream``'s first half."""
        asked = checked_question(question, longest=self.settings.longest_question)
        documents = self._documents(articles)
        run = Run(asked, searched.strip() if searched and searched.strip() else asked, documents)
        if not searched:
            run.failure = yield from self._prepare(run, turns)
            yield from self._left_out(run)
        yield Searched(run.searched, run.searched != asked)
        searching = time.perf_counter()
        # What a follow-up is about stands in the question before it more often than in any rewrite; and what a
        # translation makes of a name may be another name.
        asked_before = condense.with_last_question(run.question, turns)
        wordings = [] if searched or asked_before == run.searched else [asked_before]
        run.evidence = self.index.retrieve(
            run.searched, k=self.settings.evidence, documents=list(documents), wordings=wordings
        )
        run.clock("evidence")
        yield EvidenceFound(run.evidence, round((time.perf_counter() - searching) * 1000))
        return run

    def answer(self, found: Run, *, strict: bool = True) -> Generator[Event]:
        """Yield the events from the evidence on: ``stream``'s second half. Several may answer what one has found."""
        if found.failure is not None:
            raise found.failure
        run = found.gone_on()
        numbered = number_sentences(
            run.evidence,
            run.documents,
            budget=self.settings.prompt_tokens,
            count=fair(self.index.embedder.count_tokens),
        )
        interrupted = None
        if numbered and not _far(run.evidence, self.index.embedder):
            reading = yield from self._read(run, numbered)
            if reading is None or reading.answerable >= self.settings.answerable:
                try:
                    yield from self._answer(run, numbered, reading, strict=strict)
                except ModelError as error:
                    if not run.shown:
                        raise
                    interrupted = str(error)
        yield from self._left_out(run)
        run.clock("total")
        yield Finished(self._finished(run, interrupted))

    def _documents(self, articles: Sequence[str] | None) -> dict[str, Document]:
        if articles is None:
            return {document.id: document for document in self.index.documents()}
        return {id: self.index.document(id) for id in articles}

    def _prepare(self, run: Run, turns: Sequence[Turn]) -> Generator[Event, None, ModelError | None]:
        """Make the question stand alone, and put it in the articles' language; return what the model failed with.

        What is then searched for is what a model is not needed for: the reader sees what was found in any case.
        """
        try:
            yield from self._rewrite(run, turns)
        except ModelError as error:
            if run.searched == run.question:
                run.searched = condense.with_last_question(run.question, turns)
            return error
        return None

    def _rewrite(self, run: Run, turns: Sequence[Turn]) -> Generator[Event]:
        if turns and condense.leans_on_conversation(run.question):
            if self.speak is None:
                run.searched = condense.with_last_question(run.question, turns)
            else:
                run.searched = yield from self._condensed(run, turns)
        # An embedder of many languages finds what was asked in another one; a reader and a small model read it badly.
        language = _other_script(run.searched, run.documents)
        if language and self.speak is not None:
            run.searched = yield from self._translated(run, _LANGUAGE_NAMES.get(language, language))

    def _condensed(self, run: Run, turns: Sequence[Turn]) -> Generator[Event, None, str]:
        """Return the question as the model makes it stand alone, with as many of the last messages as it holds."""

        def render(shown: Sequence[Turn]) -> Sequence[Message]:
            return load("condense").render(conversation=condense.conversation(shown), question=plain(run.question))

        room = yield from self._room(run)
        fitted = fit_turns(room, condense.last(turns), render)
        if fitted is not None:
            try:
                told = yield from self._tell(run, "condense", fitted.messages)
            except ContextTooLongError:
                run.left.unforeseen = True
            else:
                if not fitted.examples:
                    run.left.examples, run.left.messages = True, _beyond(len(fitted.kept), turns)
                return condense.usable_rewrite(told, run.question)
        run.left.messages = len(turns)
        return condense.with_last_question(run.question, turns)

    def _translated(self, run: Run, language: str) -> Generator[Event, None, str]:
        """Return what is searched for in another language; as it is where the model cannot hold even that."""
        room = yield from self._room(run)
        messages = load("translate").render(language=language, question=plain(run.searched))
        if room.holds(messages):
            try:
                told = yield from self._tell(run, "translate", messages)
                return condense.usable_rewrite(told, run.searched)
            except ContextTooLongError:
                run.left.unforeseen = True
        run.left.translation = True
        return run.searched

    def _room(self, run: Run) -> Generator[Event, None, Room]:
        """Return how much the model holds, with heartbeats until that is known."""
        if self.room is None:
            run.context = Room().context
            return Room()
        asking = self.room()
        try:
            while True:
                told = next(asking)
                yield self._beat(run, "loading") if told is None else told
        except StopIteration as finished:
            room: Room = finished.value
            run.context = room.context
            return room

    def _left_out(self, run: Run) -> Generator[Notice]:
        """Say what the model's size kept out of its prompts since this was last said."""
        line = run.left.line(self.model.removeprefix("local:"), run.context)
        run.left = LeftOut()
        if line:
            yield Notice(line)

    def _tell(self, run: Run, prompt: str, messages: Sequence[Message]) -> Generator[Event, None, str]:
        """Return a model's whole reply to a prompt, with heartbeats meanwhile."""
        words: list[str] = []
        for piece in self._voice(run, prompt, messages):
            if isinstance(piece, str):
                words.append(piece)
            elif piece is None:
                yield self._beat(run, "searching")
            elif isinstance(piece, Notice):
                yield piece
        return "".join(words)

    def _voice(self, run: Run, prompt: str, messages: Sequence[Message]) -> Generator[str | Notice | None]:
        """Yield what the model says to a rendered prompt; keep its token counts and the prompt's digest."""
        if self.speak is None:
            raise AssertionError("asked a model that is not there")
        run.prompts[prompt] = load(prompt).digest
        stream = self.speak(messages)
        try:
            for piece in stream:
                if piece is None or isinstance(piece, str | Notice):
                    yield piece
                else:
                    run.count(piece)
        finally:
            stream.close()

    def _read(self, run: Run, numbered: Sequence[Numbered]) -> Generator[Event, None, Reading | None]:
        """Return what the reader makes of the sentences; None where there is no reader, or it fails."""
        if self.reader is None:
            return None
        sentences = [plain(item.sentence.text) for item in numbered]
        reading = yield from self._asked(run, "read", self.reader.read(plain(run.searched), sentences))
        run.clock("read")
        return reading

    def _checked(
        self, run: Run, statement: Statement, reading: Reading, *, least: float
    ) -> Generator[Event, None, Statement]:
        """Return a supported statement, or one that is not: the reader finds no such answer in what it cites.

        Both readings have a say, that of the question with its evidence and that of the answer with what it cites:
        together they tell more than either (docs/quality.md).
        """
        if self.reader is None:
            return statement
        cited = [plain(citation.quote) for citation in statement.citations]
        check = self.reader.check(plain(run.searched), cited, plain(statement.text))
        sure = yield from self._asked(run, "check", check)
        if sure is None or agreed(reading.answerable, sure) >= least:
            return statement
        return Statement(statement.text, "not supported", (), "what it cites does not say that this is the answer")

    def _asked(
        self, run: Run, prompt: str, asked: Generator[None, None, _Found]
    ) -> Generator[Event, None, _Found | None]:
        """Return what the reader found, with heartbeats meanwhile; None, and a notice, when it fails."""
        run.prompts[prompt] = load(prompt).digest
        try:
            while True:
                next(asked)
                yield self._beat(run, "reading")
        except StopIteration as finished:
            found: _Found = finished.value
            return found
        except ReaderError as error:
            logger.warning("%s", error)
            yield Notice("The reader stopped working: this answer was not checked for whether the article holds it.")
            return None

    def _answer(
        self,
        run: Run,
        numbered: Sequence[Numbered],
        reading: Reading | None,
        *,
        strict: bool,
    ) -> Generator[Event]:
        """Yield the sentences of the answer, each judged; keep those shown and those dropped."""
        meaning = Meaning(self.index.embedder)
        aligner = Aligner(numbered, run.documents, question=run.searched, similarity=meaning)
        segments = self._segments(run, numbered, reading, meaning)
        # What is shown is checked once more: its words may all be the article's, and still not answer this.
        written = self.settings.supported if self.speak else self.settings.quotable
        yield from self._written(run, segments, aligner, reading, strict=strict, least=written)
        if not run.shown and reading is not None and self.speak is not None:
            # Whatever the model made of the sentences, the one that bears the answer may say it itself.
            quoted = most_bearing(numbered, reading.bearing)
            yield from self._written(run, quoted, aligner, reading, strict=strict, least=self.settings.quotable)

    def _written(
        self,
        run: Run,
        segments: Iterable[Event | Segment],
        aligner: Aligner,
        reading: Reading | None,
        *,
        strict: bool,
        least: float,
    ) -> Generator[Event]:
        """Yield statements, judged by words and by the reader, which must be as sure of each as ``least``."""
        seen: set[str] = set()
        for item in segments:
            if not isinstance(item, Segment):
                yield item
                continue
            if item.text in seen:
                continue
            seen.add(item.text)
            if says_not_stated(item.text):
                return
            statement = aligner.judge(item.text, item.hints)
            if self.speak is not None and not aligner.says_something_new(item.text):
                statement = Statement(item.text, "not supported", (), "it only repeats the question")
            if reading is not None and statement.verdict == "supported":
                statement = yield from self._checked(run, statement, reading, least=least)
            if strict and statement.verdict != "supported":
                run.dropped.append(statement)
                continue
            run.clock("first_sentence")
            run.shown.append(statement)
            yield StatementReady(statement)
            if len(run.shown) == _MOST_SENTENCES:
                return

    def _segments(
        self,
        run: Run,
        numbered: Sequence[Numbered],
        reading: Reading | None,
        meaning: Meaning,
    ) -> Generator[Event | Segment]:
        if self.speak is None:
            if reading is not None:
                yield from most_bearing(numbered, reading.bearing)
                return
            for item in quote(run.searched, numbered, run.documents, meaning):
                yield Segment(item.sentence.text, (item.number,))
            return
        bearing: Sequence[float] = nearness(numbered, run.evidence)
        if reading is not None:
            found = dict(zip((item.number for item in numbered), reading.bearing, strict=True))
            numbered = chosen(
                numbered,
                reading.bearing,
                budget=self.settings.writer_tokens,
                count=fair(self.index.embedder.count_tokens),
            )
            bearing = [found[item.number] for item in numbered]
        yield from self._from_model(run, numbered, bearing)

    def _from_model(
        self, run: Run, numbered: Sequence[Numbered], bearing: Sequence[float]
    ) -> Generator[Event | Segment]:
        """Yield what the model writes of as many sentences as it holds.

        Where it holds less than known, it is asked once more with half of them, and without the prompt's examples.
        Raises ContextTooLongError when it cannot hold one.
        """

        def render(shown: Sequence[Numbered]) -> Sequence[Message]:
            return load("answer").render(sentences=as_lines(shown), question=plain(run.searched))

        room = yield from self._room(run)
        fitted = fit_sentences(room, numbered, bearing, render)
        if fitted is None:
            raise ContextTooLongError(
                f"{self.model.removeprefix('local:')} holds {room.context:,} tokens: not one sentence of the article "
                "fits beside the question. Ask a shorter one, or choose another model."
            )
        run.left.sentences, run.left.of = len(numbered) - len(fitted.kept), len(numbered)
        run.left.examples = run.left.examples or not fitted.examples
        yield from self._left_out(run)
        try:
            yield from self._segmented(run, fitted.messages)
        except ContextTooLongError:
            half = sorted(fitted.kept, key=lambda place: (-bearing[place], place))[: len(fitted.kept) // 2]
            if not half:
                raise
            run.left = LeftOut(len(numbered) - len(half), len(numbered), examples=True, unforeseen=True)
            yield from self._left_out(run)
            yield from self._segmented(run, without_examples(render([numbered[place] for place in sorted(half)])))

    def _segmented(self, run: Run, messages: Sequence[Message]) -> Generator[Event | Segment]:
        segmenter = Segmenter()
        phase: Phase = "reading"
        stream = self._voice(run, "answer", messages)
        blank = True
        try:
            for piece in stream:
                if piece is None:
                    yield self._beat(run, phase)
                elif isinstance(piece, Notice):
                    yield piece
                else:
                    phase = "writing"
                    blank = blank and not piece.strip()
                    run.clock("first_token")
                    yield from segmenter.push(piece)
        finally:
            stream.close()
        if blank:
            yield Notice("The model's reply was empty.")
        yield from segmenter.finish()

    def _beat(self, run: Run, phase: Phase) -> Waiting:
        return Waiting(phase, round(time.perf_counter() - run.started, 1))

    def _finished(self, run: Run, interrupted: str | None) -> Answer:
        abstained = not run.shown and interrupted is None
        language = script_language(run.question) or "en"
        joiner = "" if script_language(" ".join(s.text for s in run.shown)) in _SPACELESS else " "
        return Answer(
            question=run.question,
            searched=run.searched,
            text=abstention(language) if abstained else joiner.join(statement.text for statement in run.shown),
            abstained=abstained,
            model=self.model,
            embedder=self.index.embedder.name,
            statements=tuple(run.shown),
            dropped=tuple(run.dropped),
            evidence=run.evidence,
            interrupted=interrupted,
            timings_ms=dict(run.timings),
            tokens=dict(run.tokens),
            prompts=dict(run.prompts),
        )


def _beyond(kept: int, turns: Sequence[Turn]) -> int:
    """Return how many messages were left out for the model's size; what is never shown, for being old, is no part."""
    shown = len(condense.last(turns))
    return len(turns) - kept if kept < shown else 0


def _other_script(question: str, documents: Mapping[str, Document]) -> str | None:
    """Return the language to translate a question into: the articles' commonest if none uses the question's script."""
    if not documents or not re.search(r"\w", question):
        return None
    asked = script_language(question)
    if any(_script(document.text[:2000]) == asked for document in documents.values()):
        return None
    languages = Counter(document.language for document in documents.values())
    return min(languages, key=lambda language: (-languages[language], language))


@lru_cache(maxsize=10_000)
def _script(opening: str) -> str | None:
    """Return ``script_language`` of an article's opening, kept: it is asked at every question."""
    return script_language(opening)


def _far(evidence: Sequence[ScoredChunk], embedder: Embedder) -> bool:
    """Whether no passage bears on the question at all, so that no model needs to be asked."""
    meaning = Meaning(embedder)
    near = [meaning.scaled(scored.dense) for scored in evidence if scored.dense is not None]
    return bool(near) and max(near) < _FAR and not any(scored.keyword for scored in evidence)
