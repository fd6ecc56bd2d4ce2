"""A chat model and messages become pieces of text with heartbeats between them, under time limits; closing it cancels.

The model streams in a task on one private event loop, so that whoever listens can leave at any moment: leaving cancels
the task, that closes the connection, and the model's server stops writing.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import queue
import sys
import threading
import time
import traceback
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from assistant.errors import ModelError
from assistant.models.model_errors import explain, pause_before_retry
from assistant.redact import redacted

if TYPE_CHECKING:  # langchain_core takes half a second to import
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk, BaseMessage
    from langchain_core.runnables import RunnableConfig

logger = logging.getLogger(__name__)
_T = TypeVar("_T")

_GRACE_SECONDS = 5.0
"""How long past ``total_s`` a task may take to notice it, before the listener stops waiting for it."""
_LONGEST_REPLY = 50_000
"""Characters: many times what any prompt of ours asks for, and little enough to be worked through at once."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one reply took, as the model counts; the last thing a pump yields, and only when the reply is whole."""

    prompt: int
    completion: int
    """0 and 0 where the model does not count."""
    cut: bool = False
    """Whether the model stopped at its length limit rather than at an end of its own."""


@dataclass(frozen=True, slots=True)
class _Limits:
    """Seconds of patience."""

    first_token: float
    idle: float
    total: float


def pump(
    model: BaseChatModel,
    messages: list[BaseMessage],
    *,
    first_token_s: float = 60,
    idle_s: float = 20,
    total_s: float = 180,
    beat_s: float = 0.2,
    retries: int = 0,
    config: RunnableConfig | None = None,
) -> Generator[str | Usage | None]:
    """Yield the reply's pieces of text as they arrive, None every ``beat_s`` seconds, and at the end one ``Usage``.

    An empty reply yields no text. ``ModelError`` with one plain line: no sign of life for ``first_token_s`` seconds
    before the first text or for ``idle_s`` after it, not finished after ``total_s``, or whatever else went wrong; what
    was yielded until then stays valid. A server that is busy or fails is asked again up to ``retries`` times, before
    its first text and within ``first_token_s`` only. Closing the generator cancels the request. ``config`` is handed
    to the model (callbacks, tags).
    """
    limits = _Limits(first_token_s, idle_s, total_s)
    inbox: queue.SimpleQueue[str | Usage | ModelError] = queue.SimpleQueue()
    ended = threading.Event()
    give_up = time.monotonic() + total_s + _GRACE_SECONDS

    async def feed() -> None:
        try:
            await _feed(model, messages, limits, retries, config, inbox.put)
        except ModelError as error:
            inbox.put(error)
        finally:
            ended.set()

    future = asyncio.run_coroutine_threadsafe(feed(), _LOOP.running())
    next_beat = time.monotonic() + beat_s
    try:
        while True:
            if time.monotonic() >= next_beat:  # also while words come thick and fast
                yield None
                next_beat = time.monotonic() + beat_s
            try:
                item = inbox.get(timeout=max(0.0, next_beat - time.monotonic()))
            except queue.Empty:
                if next_beat > give_up:  # the task cannot even be cancelled: some code in it blocks the loop
                    raise ModelError(f"The model took more than {total_s:g} s and does not respond.") from None
                continue
            if isinstance(item, ModelError):
                raise item
            yield item
            if isinstance(item, Usage):
                return
    finally:
        if not ended.is_set():
            future.cancel()
            ended.wait(1.0)  # the connection is closed when this returns


async def _feed(
    model: BaseChatModel,
    messages: list[BaseMessage],
    limits: _Limits,
    retries: int,
    config: RunnableConfig | None,
    put: Callable[[str | Usage], None],
) -> None:
    """Stream the reply into ``put``; every failure leaves as a ModelError."""
    clock = asyncio.get_running_loop().time
    begun = clock()
    for attempt in range(retries + 1):
        tally = _Tally(model)
        try:
            async with _generators_closed(), contextlib.aclosing(model.astream(messages, config)) as stream:  # type: ignore[type-var]
                while (chunk := await _next(stream, limits, begun + limits.total, wrote=tally.wrote)) is not None:
                    if text := tally.add(chunk):
                        put(text)
        except ModelError:
            raise
        except Exception as error:  # noqa: BLE001  every failure is told in a line
            # Whatever a provider's library may raise: there are dozens, and no error of theirs may reach a user, or a
            # log: some servers say a key back.
            logger.warning(
                "The model's reply broke off (attempt %d)\n%s", attempt + 1, redacted(traceback.format_exc())
            )
            pause = None if tally.wrote or attempt == retries else pause_before_retry(error, attempt)
            if pause is None or clock() + pause > begun + limits.first_token:
                raise explain(error, model) from None
            await asyncio.sleep(pause)
        else:
            put(tally.usage())
            return


_GENERATORS: ContextVar[list[AsyncGenerator[Any, Any]] | None] = ContextVar("_GENERATORS", default=None)
"""The async generators a reply has begun, the outermost first; in the tasks it starts too."""


@contextlib.asynccontextmanager
async def _generators_closed() -> AsyncIterator[None]:
    """Close every async generator that is begun inside and left open.

    A provider's library that fails in mid-stream leaves the generators below it where they stood. The garbage collector
    would come for them in any thread, and close some there while the loop closes the others: "already executing".
    """
    begun: list[AsyncGenerator[Any, Any]] = []
    token = _GENERATORS.set(begun)
    try:
        yield
    finally:
        _GENERATORS.reset(token)
        for generator in begun:
            with contextlib.suppress(Exception):  # what they say on closing was said when they failed
                await generator.aclose()


def _note_generators() -> None:
    """Have the running loop's generators noted in ``_GENERATORS`` as they begin."""
    known = sys.get_asyncgen_hooks().firstiter

    def begin(generator: AsyncGenerator[Any, Any]) -> None:
        if known is not None:
            known(generator)
        if (begun := _GENERATORS.get()) is not None:
            begun.append(generator)

    sys.set_asyncgen_hooks(firstiter=begin)


async def _next(
    stream: AsyncIterator[AIMessageChunk], limits: _Limits, deadline: float, *, wrote: bool
) -> AIMessageChunk | None:
    """Return the next chunk, or None at the end; ModelError says which limit ran out."""
    at = asyncio.get_running_loop().time() + (limits.idle if wrote else limits.first_token)
    timeout = asyncio.timeout_at(min(at, deadline))
    try:
        async with timeout:
            return await anext(stream, None)
    except TimeoutError:
        if not timeout.expired():
            raise  # the provider's own
        if deadline <= at:
            why = f"The model had not finished after {limits.total:g} s."
        elif wrote:
            why = f"The model stopped in mid-answer: nothing came for {limits.idle:g} s."
        else:
            why = f"The model did not begin to answer within {limits.first_token:g} s."
        raise ModelError(why) from None


class _Tally:
    """What the chunks so far say about the reply besides its text."""

    def __init__(self, model: BaseChatModel) -> None:
        self._length = self._prompt = self._completion = 0
        self._finish: str | None = None
        # These say of every whole answer why it ended; ChatOpenAI also stands behind providers of other names.
        self._says_its_end = model._llm_type == "chat-ollama"  # noqa: SLF001  LangChain's own name for the class

    @property
    def wrote(self) -> bool:
        """Whether any text has come."""
        return self._length > 0

    def add(self, chunk: AIMessageChunk) -> str:
        """Take in a chunk and return its text; ModelError when there is no end to it."""
        if chunk.usage_metadata:
            self._prompt += chunk.usage_metadata["input_tokens"]
            self._completion += chunk.usage_metadata["output_tokens"]
        facts = chunk.response_metadata
        self._says_its_end = self._says_its_end or facts.get("model_provider") == "openai"
        for key in ("finish_reason", "stop_reason", "done_reason"):
            self._finish = facts.get(key) or self._finish
        text = str(chunk.text)  # joins the text blocks where the content is a list
        self._length += len(text)
        if self._length > _LONGEST_REPLY:
            raise ModelError(f"The model did not stop writing; it was cut after {_LONGEST_REPLY:,} characters.")
        return text

    def usage(self) -> Usage:
        """Return what the whole reply took; ModelError when the stream ended without saying that it was whole."""
        if self._says_its_end and self._finish is None:
            raise ModelError("The model's answer broke off: the connection ended before the model said it was done.")
        return Usage(self._prompt, self._completion, cut=str(self._finish).lower() in ("length", "max_tokens"))


class _LoopThread:
    """One event loop in a daemon thread, started when first needed, and again in a forked process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def running(self) -> asyncio.AbstractEventLoop:
        """Return the loop, running."""
        with self._lock:
            if self._loop is None or self._thread is None or not self._thread.is_alive():
                self._loop = asyncio.new_event_loop()
                self._loop.set_default_executor(UnawaitedThreads())
                self._loop.call_soon(_note_generators)
                self._thread = threading.Thread(target=self._loop.run_forever, name="model-streams", daemon=True)
                self._thread.start()
            return self._loop

    def close(self) -> None:
        """Cancel what still runs, then stop and close the loop; the next ``running`` starts another."""
        with self._lock:
            if self._loop is None or self._thread is None or not self._thread.is_alive():
                return
            with contextlib.suppress(TimeoutError):
                asyncio.run_coroutine_threadsafe(_cancel_all(), self._loop).result(2.0)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(1.0)
            if not self._thread.is_alive():
                self._loop.close()
            self._loop = self._thread = None


class UnawaitedThreads(ThreadPoolExecutor):
    """A thread for each look-up of a server's name, which nothing can stop and some resolvers take half a minute for.

    The threads of the usual executor are waited for when the process ends: long after the user was told.
    """

    def submit(self, fn: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        """Run a function in a thread of its own."""
        future: Future[_T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001  the one who waits for it gets it
                future.set_exception(error)
            else:
                future.set_result(result)

        threading.Thread(target=run, name="model-look-up", daemon=True).start()
        return future


async def _cancel_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()


_LOOP = _LoopThread()
atexit.register(_LOOP.close)
