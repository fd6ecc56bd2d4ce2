"""The one path of a question: condense, retrieve, read, align, and tell it all as events."""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from assistant.about.recognise import kind_of
from assistant.about.told import answered
from assistant.answer import condense
from assistant.answer.fit import LeftOut, fit_sentences, without_examples
from assistant.answer.prompter import Prompter
from assistant.answer.question import Question, checked_question
from assistant.answer.replies import abstention, otherwise, says_not_stated
from assistant.answer.rewrite import rewritten
from assistant.answer.run import Run
from assistant.errors import ContextTooLongError, ModelError, ReaderError
from assistant.proof.align import Aligner
from assistant.proof.bearing import agreed, chosen, most_bearing, nearest
from assistant.proof.context import Numbered, as_lines, cited, fair, nearness, number_sentences, plain
from assistant.proof.counted import counted_off
from assistant.proof.disagree import disagreement
from assistant.proof.echo import is_echo
from assistant.proof.extractive import matched, quote
from assistant.proof.fitting import Fitting
from assistant.proof.meaning import Meaning
from assistant.proof.segment import Segment, Segmenter
from assistant.settings import Settings
from assistant.types import (
    Answer,
    Citation,
    Event,
    EvidenceFound,
    Finished,
    LikelyFound,
    Notice,
    Phase,
    Searched,
    Statement,
    StatementReady,
)
from index.text.language import SPACELESS, script_language
from index.types import Document, ScoredChunk
from index.vectors.embed import Embedder
from prompts import Message, load

if TYPE_CHECKING:
    from assistant.answer.prompter import AskWindow, Write
    from assistant.proof.reader import Reader, Reading
    from assistant.proof.small_reader import SmallReader

_Found = TypeVar("_Found")
_MOST_SENTENCES = 8
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

    def mended(self) -> str | None:
        """Return what the index put right since this was last asked, in one line for the user."""


class Assistant:
    """Answers questions about the articles of one index with one model. Any thread may ask; it keeps nothing."""

    def __init__(
        self,
        index: Searchable,
        *,
        model: str,
        write: Write | None,
        settings: Settings,
        window: AskWindow | None = None,
        reader: Reader | None = None,
        small_reader: SmallReader | None = None,
    ) -> None:
        """Take the index, the model's name, and its writer (None: quote the article without a language model).

        ``window`` tells how much the model holds; without one that is assumed. ``reader`` decides whether the evidence
        answers the question; without one the answering model alone does. ``small_reader`` points at the sentence that
        likely bears the answer, before ``reader`` has read.
        """
        self.index = index
        self.model = model
        self.write = write
        self.settings = settings
        self.window = window
        self.reader = reader
        self.small_reader = small_reader
        self._prompter = Prompter(model, write, window) if write is not None else None

    def ask(self, question: Question | str) -> Answer:
        """Return the whole answer: ``stream`` exhausted."""
        for event in self.stream(question):
            if isinstance(event, Finished):
                return event.answer
        raise AssertionError("a stream ends with Finished")

    def stream(self, question: Question | str) -> Generator[Event]:
        """Yield the events of an answer, ending with Finished; closing the generator stops the model.

        Raises UsageError for an empty or too long question, UnknownArticleError, and ModelError when the model fails
        before it said anything that holds.
        """
        found = yield from self.find(question)
        yield from self.answer(found)

    def find(self, question: Question | str) -> Generator[Event, None, Run]:
        """Yield the events until the evidence is there, and return what was found: ``stream``'s first half."""
        if isinstance(question, str):
            question = Question(question)
        asked = checked_question(question.text, longest=self.settings.longest_question)
        searched = (question.searched or "").strip()
        run = Run(
            asked,
            searched or asked,
            self._documents(question.articles),
            strict=question.strict,
            anyway=question.anyway,
        )
        if not question.searched:
            run.request = kind_of(asked, after=[turn.content for turn in question.turns if turn.role == "user"])
            if run.request is not None:
                yield Searched(asked, rewritten=False)
                yield EvidenceFound((), 0)
                return run
            run.failure = yield from rewritten(self._prompter, run, question.turns)
        yield Searched(run.searched, run.searched != asked)
        searching = time.perf_counter()
        # What a follow-up is about stands in the question before it more often than in any rewrite; and what a
        # translation makes of a name may be another name.
        asked_before = condense.with_last_question(run.question, question.turns)
        wordings = [] if question.searched or asked_before == run.searched else [asked_before]
        run.evidence = self.index.retrieve(
            run.searched, k=self.settings.evidence, documents=list(run.documents), wordings=wordings
        )
        run.clock("evidence")
        if line := self.index.mended():
            yield Notice(line)
        yield EvidenceFound(run.evidence, round((time.perf_counter() - searching) * 1000))
        return run

    def answer(self, found: Run) -> Generator[Event]:
        """Yield the events from the evidence on: ``stream``'s second half. Several may answer what one has found."""
        if found.failure is not None:
            raise found.failure
        run = found.gone_on()
        if run.request is not None:
            yield from self._of_itself(run)
            return
        # Without a model nobody makes anything of the nearest sentences.
        run.anyway = run.anyway and self.write is not None
        run.strict = run.strict and not run.anyway
        numbered = number_sentences(
            run.evidence,
            run.documents,
            budget=self.settings.prompt_tokens,
            count=fair(self.index.embedder.count_tokens),
        )
        interrupted = None
        if not run.anyway:
            yield from self._counted_off(run)
        if numbered and not run.shown and not _far(run.evidence, self.index.embedder):
            yield from self._likely(run, numbered)
            reading = yield from self._read(run, numbered)
            if run.anyway or self._may_answer(reading):
                try:
                    yield from self._answer(run, numbered, reading)
                except ModelError as error:
                    if not run.shown:
                        raise
                    interrupted = str(error)
            if run.is_silent:
                run.nearest = self._nearest(run, numbered, reading)
        if self._prompter is not None:
            yield from self._prompter.left_out(run)
        run.clock("total")
        yield Finished(self._finished(run, interrupted))

    def _of_itself(self, run: Run) -> Generator[Event]:
        """Yield what the articles say of themselves, or what the assistant can tell of them: no model is asked."""
        assert run.request is not None  # noqa: S101
        told = answered(run.request, tuple(run.documents.values()), self.index.embedder)
        for statement in told.statements:
            run.clock("first_sentence")
            run.shown.append(statement)
            yield StatementReady(statement)
        run.clock("total")
        answer = self._finished(run, None)
        if told.listed and told.statements:
            answer = replace(answer, text="; ".join(statement.text for statement in told.statements), listed=True)
        if told.aside:
            text = answer.text if told.statements else told.aside
            answer = replace(answer, text=text, aside=told.aside, abstained=False)
        yield Finished(answer)

    def _documents(self, articles: Sequence[str] | None) -> dict[str, Document]:
        if articles is None:
            return {document.id: document for document in self.index.documents()}
        return {id: self.index.document(id) for id in articles}

    def _may_answer(self, reading: Reading | None) -> bool:
        """Whether to go on: without a reader always, with one where it read and thinks the question answered."""
        if reading is None:
            return self.reader is None
        return reading.answerable >= self.settings.answerable

    def _read(self, run: Run, numbered: Sequence[Numbered]) -> Generator[Event, None, Reading | None]:
        """Return what the reader makes of the sentences; None where there is no reader, or it fails."""
        if self.reader is None:
            return None
        reading = yield from self._asked(run, "read", self.reader.read(plain(run.searched), _texts(numbered)))
        run.clock("read")
        return reading

    def _likely(self, run: Run, numbered: Sequence[Numbered]) -> Generator[Event]:
        """Yield the sentence that most likely bears the answer, in a tenth of a second or two; it decides nothing."""
        if self.small_reader is None or self.write is None:
            return
        try:
            reading = yield from _beating(run, self.small_reader.read(plain(run.searched), _texts(numbered)))
        except ReaderError as error:
            logger.warning("%s", error)
            return
        [likely] = nearest(numbered, reading.bearing, run.documents, most=1)
        run.clock("likely")
        yield LikelyFound(likely)

    def _nearest(self, run: Run, numbered: Sequence[Numbered], reading: Reading | None) -> tuple[Citation, ...]:
        """Return the sentences nearest to the question, by the reader; without one by words and meaning."""
        near: Sequence[float]
        if reading is not None:
            near = reading.bearing
        else:
            near = matched(run.searched, numbered, run.documents, Meaning(self.index.embedder))
        return nearest(numbered, near, run.documents)

    def _checked(
        self, run: Run, statement: Statement, reading: Reading | None, *, least: float
    ) -> Generator[Event, None, Statement]:
        """Return a supported statement, or one that is not: the reader finds no such answer in what it cites.

        Both readings have a say, that of the question with its evidence (where it was read) and that of the answer with
        what it cites: together they tell more than either (docs/quality.md).
        """
        if self.reader is None:
            return statement
        quotes = [plain(citation.quote) for citation in statement.citations]
        check = self.reader.check(plain(run.searched), quotes, plain(statement.text))
        sure = yield from self._asked(run, "check", check)
        answerable = () if reading is None else (reading.answerable,)
        if sure is not None and agreed(*answerable, sure) >= least:
            return statement
        why = "it could not be checked" if sure is None else "what it cites does not say that this is the answer"
        return Statement(statement.text, "not supported", (), why)

    def _asked(
        self, run: Run, prompt: str, asked: Generator[None, None, _Found]
    ) -> Generator[Event, None, _Found | None]:
        """Return what the reader found, with heartbeats meanwhile; None, and a notice, when it fails."""
        run.prompts[prompt] = load(prompt).digest
        try:
            return (yield from _beating(run, asked))
        except ReaderError as error:
            logger.warning("%s", error)
            yield Notice(f"Nothing could be checked, so nothing is shown as proven: {error}")
            return None

    def _answer(self, run: Run, numbered: Sequence[Numbered], reading: Reading | None) -> Generator[Event]:
        """Yield the sentences of the answer, each judged; keep those shown and those dropped."""
        meaning = Meaning(self.index.embedder)
        aligner = Aligner(numbered, run.documents, question=run.searched, similarity=meaning)
        fitting = Fitting(run.searched, numbered, run.documents)
        bearing = fitting.bearing(reading.bearing) if reading is not None else ()
        segments = self._segments(run, numbered, reading, meaning, bearing)
        # What is shown is checked once more: its words may all be the article's, and still not answer this.
        written = self.settings.supported if self.write else self.settings.quotable
        yield from self._written(run, segments, aligner, fitting, reading, least=written)
        if not run.shown and reading is not None and self.write is not None and not run.anyway:
            # Whatever the model made of the sentences, the one that bears the answer may say it itself.
            quoted = most_bearing(numbered, bearing)
            yield from self._written(run, quoted, aligner, fitting, reading, least=self.settings.quotable)
        if reading is not None:
            missing = list(fitting.missing(run.shown, bearing))
            yield from self._written(run, missing, aligner, fitting, reading, least=self.settings.quotable)
            yield from self._otherwise(run, numbered, reading)

    def _counted_off(self, run: Run) -> Generator[Event]:
        """Say what the article counts off, where that is asked for: each item cited, all checked as one answer."""
        # Unchecked, a rule would speak over the model.
        found = counted_off(run.searched, run.evidence, run.documents) if self.reader else ()
        if not found:
            return
        whole = Statement(" ".join(plain(citation.quote) for citation in found), "supported", found)
        whole = yield from self._checked(run, whole, None, least=self.settings.quotable)
        if whole.verdict != "supported":
            return
        for citation in found:
            run.clock("first_sentence")
            run.shown.append(Statement(plain(citation.quote), "supported", (citation,)))
            yield StatementReady(run.shown[-1])

    def _otherwise(self, run: Run, numbered: Sequence[Numbered], reading: Reading) -> Generator[Event]:
        """Say where another article answers otherwise than what is shown, and cite it."""
        proven = [statement for statement in run.shown if statement.verdict == "supported"]
        already = [citation for statement in proven for citation in statement.citations]
        found = disagreement(already, numbered, reading.bearing, run.documents, question=run.searched)
        if found is None:
            return
        document, sentence = run.documents[found.otherwise.document], found.otherwise.sentence
        citation = cited(document, sentence)
        said = Statement(sentence.text, "supported", (citation,))
        said = yield from self._checked(run, said, reading, least=self.settings.quotable)
        if said.verdict != "supported":
            return
        language = script_language(run.question) or "en"
        text = otherwise(language, title=document.title, sentence=sentence.text)
        run.shown.append(Statement(text, "supported", (citation,)))
        yield StatementReady(run.shown[-1])

    def _written(
        self,
        run: Run,
        segments: Iterable[Event | Segment],
        aligner: Aligner,
        fitting: Fitting,
        reading: Reading | None,
        *,
        least: float,
    ) -> Generator[Event]:
        """Yield statements, judged by words, by what is asked for, and by the reader, to be as sure as ``least``."""
        seen: set[str] = set()
        for item in segments:
            if not isinstance(item, Segment):
                yield item
                continue
            if item.text in seen:
                continue
            seen.add(item.text)
            if says_not_stated(item.text) and not run.anyway:
                return
            already = any(shown.verdict == "supported" for shown in run.shown)
            statement = fitting.fitted(self._judged(run, item, aligner), answered=already)
            if run.strict and any(shown.text == statement.text for shown in run.shown):
                continue
            if reading is not None and statement.verdict == "supported":
                statement = yield from self._checked(run, statement, reading, least=least)
            if run.strict and statement.verdict != "supported":
                run.dropped.append(statement)
                continue
            if run.anyway and statement.verdict != "supported":
                # A guess must not look like proof: it cites nothing.
                statement = replace(statement, citations=())
            run.clock("first_sentence")
            run.shown.append(statement)
            yield StatementReady(statement)
            if len(run.shown) == _MOST_SENTENCES:
                return

    def _judged(self, run: Run, item: Segment, aligner: Aligner) -> Statement:
        """Return a sentence judged by its words; what a model says must say more than the question."""
        if self.write is not None and (is_echo(run.searched, item.text) or not aligner.says_something_new(item.text)):
            return Statement(item.text, "not supported", (), "it only repeats the question")
        return aligner.judge(item.text, item.hints)

    def _segments(
        self,
        run: Run,
        numbered: Sequence[Numbered],
        reading: Reading | None,
        meaning: Meaning,
        fitting: Sequence[float],
    ) -> Generator[Event | Segment]:
        if self._prompter is None and reading is not None:
            yield from most_bearing(numbered, fitting)
            return
        if self._prompter is None:
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
        yield from _from_model(self._prompter, run, numbered, bearing)

    def _finished(self, run: Run, interrupted: str | None) -> Answer:
        abstained = run.is_silent and interrupted is None
        language = script_language(run.question) or "en"
        joiner = "" if script_language(" ".join(s.text for s in run.shown)) in SPACELESS else " "
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
            nearest=run.nearest if abstained else (),
            anyway=run.anyway,
            interrupted=interrupted,
            timings_ms=dict(run.timings),
            tokens=dict(run.tokens),
            prompts=dict(run.prompts),
        )


def _texts(numbered: Sequence[Numbered]) -> list[str]:
    """Return the sentences as a reader reads them."""
    return [plain(item.sentence.text) for item in numbered]


def _beating(run: Run, asked: Generator[None, None, _Found]) -> Generator[Event, None, _Found]:
    """Return what a reader found, with heartbeats meanwhile."""
    try:
        while True:
            next(asked)
            yield run.beat("reading")
    except StopIteration as finished:
        found: _Found = finished.value
        return found


def _from_model(
    prompter: Prompter, run: Run, numbered: Sequence[Numbered], bearing: Sequence[float]
) -> Generator[Event | Segment]:
    """Yield what the model writes of as many sentences as it holds.

    Where it holds less than known, it is asked once more with half of them, and without the prompt's examples.
    Raises ContextTooLongError when it cannot hold one.
    """
    prompt = "anyway" if run.anyway else "answer"

    def render(shown: Sequence[Numbered]) -> Sequence[Message]:
        return load(prompt).render(sentences=as_lines(shown), question=plain(run.searched))

    window = yield from prompter.window(run)
    fitted = fit_sentences(window, numbered, bearing, render)
    if fitted is None:
        raise ContextTooLongError(
            f"{prompter.name} holds {window.context:,} tokens: no sentence of the article fits "
            "beside the question. Ask a shorter question, or choose another model."
        )
    run.left.sentences, run.left.of = len(numbered) - len(fitted.kept), len(numbered)
    run.left.examples = run.left.examples or not fitted.examples
    yield from prompter.left_out(run)
    try:
        yield from _segmented(prompter, run, fitted.messages)
    except ContextTooLongError:
        half = sorted(fitted.kept, key=lambda place: (-bearing[place], place))[: len(fitted.kept) // 2]
        if not half:
            raise
        run.left = LeftOut(len(numbered) - len(half), len(numbered), examples=True, unforeseen=True)
        yield from prompter.left_out(run)
        yield from _segmented(prompter, run, without_examples(render([numbered[place] for place in sorted(half)])))


def _segmented(prompter: Prompter, run: Run, messages: Sequence[Message]) -> Generator[Event | Segment]:
    segmenter = Segmenter()
    phase: Phase = "reading"
    stream = prompter.say(run, "anyway" if run.anyway else "answer", messages)
    blank = True
    try:
        for piece in stream:
            if piece is None:
                yield run.beat(phase)
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


def _far(evidence: Sequence[ScoredChunk], embedder: Embedder) -> bool:
    """Whether no passage bears on the question at all, so that no model needs to be asked."""
    meaning = Meaning(embedder)
    near = [meaning.scaled(scored.dense) for scored in evidence if scored.dense is not None]
    return bool(near) and max(near) < _FAR and not any(scored.keyword for scored in evidence)
