"""Ask two models one question: two assistants in, and out come the events of both answers over the same evidence."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Literal

from assistant.answer.chain import Assistant
from assistant.answer.question import Question
from assistant.answer.run import Run
from assistant.errors import AssistantError
from assistant.types import Answer, Event, Finished, Waiting

Side = Literal["left", "right"]
SIDES: tuple[Side, Side] = ("left", "right")


@dataclass(frozen=True, slots=True)
class Sided:
    """An event of one answer; of both where ``side`` is None: what is searched for, and what was found."""

    side: Side | None
    event: Event


def side_by_side(
    pair: tuple[Assistant, Assistant],
    question: Question | str,
    *,
    in_turn: bool,
) -> Generator[Sided]:
    """Yield the events of two answers; each side ends with Finished, and closing the generator stops both models.

    ``in_turn`` lets the left one end before the right one begins: two models on one processor take more than twice as
    long. A model that fails ends its own side only, in an answer that was interrupted. Raises as ``Assistant.find``.
    """
    finder = next((one for one in pair if one.write is not None), pair[0])
    found = yield from _of_both(finder.find(question))
    answers = [
        (side, _whole(one, found if one is finder else replace(found, failure=None)))
        for side, one in zip(SIDES, pair, strict=True)
    ]
    if not in_turn:
        yield from _at_once(answers)
        return
    yield Sided("right", Waiting("queued", 0.0))
    for side, answer in answers:
        with closing(answer):
            for event in answer:
                yield Sided(side, event)


def _of_both(events: Generator[Event, None, Run]) -> Generator[Sided, None, Run]:
    with closing(events):
        while True:
            try:
                event = next(events)
            except StopIteration as stop:
                found: Run = stop.value
                return found
            yield Sided(None, event)


def _whole(assistant: Assistant, found: Run) -> Generator[Event]:
    """Yield an answer's events; a failure becomes the end of the answer, so that the other side goes on."""
    try:
        yield from assistant.answer(found)
    except AssistantError as error:
        yield Finished(
            Answer(
                question=found.question,
                searched=found.searched,
                text="",
                abstained=False,
                model=assistant.model,
                embedder=assistant.index.embedder.name,
                evidence=found.evidence,
                interrupted=str(error),
                timings_ms=dict(found.timings),
            )
        )


def _at_once(answers: Sequence[tuple[Side, Generator[Event]]]) -> Iterator[Sided]:
    """Yield the events of several answers as they come, each answer followed in a thread of its own."""
    events: queue.SimpleQueue[Sided | None] = queue.SimpleQueue()
    left = threading.Event()

    def follow(side: Side, answer: Generator[Event]) -> None:
        try:
            with closing(answer):
                for event in answer:
                    if left.is_set():  # there is a heartbeat four times a second: nobody waits long for this
                        return
                    events.put(Sided(side, event))
        finally:
            events.put(None)

    with ThreadPoolExecutor(len(answers), "side-by-side") as pool:
        following = [pool.submit(follow, side, answer) for side, answer in answers]
        try:
            for _ in answers:
                yield from iter(events.get, None)
        finally:
            left.set()
    for one in following:
        one.result()
