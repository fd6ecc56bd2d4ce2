"""One piece of background work at a time: what to do comes in, and how far it is can be asked at any moment.

A job belongs to the app, not to the page that began it: every page sees it, and none has to stay open.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from assistant.errors import AssistantError
from index.errors import IndexingError

logger = logging.getLogger(__name__)

Task = Literal["pull", "use", "add"]
"""``pull``: fetch a model's weights. ``use``: search with another embedder, its weights and index made if need be.
``add``: take articles into the library and make them searchable."""
Phase = Literal["starting", "waiting", "downloading", "verifying", "unpacking", "done", "loading", "adding", "indexing"]
"""``waiting``: another process fetches the same weights."""


@dataclass(frozen=True, slots=True)
class Job:
    """The last word on a piece of work."""

    task: Task
    name: str
    """Of the weights, the embedder, or what is added."""
    state: Literal["running", "cancelling", "done", "cancelled", "failed"] = "running"
    phase: Phase = "starting"
    done: int = 0
    """Bytes; articles where ``phase`` is ``adding``; passages where it is ``indexing``."""
    total: int = 0
    """0 where it is not known."""
    trouble: str = ""
    """Why it failed, in one line."""

    @property
    def is_running(self) -> bool:
        """Return whether it is under way, a cancelled one until it has really ended."""
        return self.state in {"running", "cancelling"}


class JobCancelledError(AssistantError):
    """The job was cancelled; what it had done so far is kept."""


class Ticket:
    """The work's own end of its job: how far it is goes in, whether to stop comes out."""

    def __init__(self, tell: Callable[[Phase, int, int], None], given_up: Callable[[], bool]) -> None:
        self._tell = tell
        self._given_up = given_up
        self._cancelled = threading.Event()

    @property
    def cancelled(self) -> bool:
        """Whether the work should end."""
        return self._cancelled.is_set() or self._given_up()

    def cancel(self) -> None:
        """Ask the work to end."""
        self._cancelled.set()

    def tell(self, phase: Phase, done: int = 0, total: int = 0) -> None:
        """Say how far the work is."""
        self._tell(phase, done, total)

    def stop_if_cancelled(self) -> None:
        """Raise JobCancelledError where the work should end."""
        if self.cancelled:
            raise JobCancelledError("It was cancelled; the work done so far is kept.")


Work = Callable[[Ticket], object]
"""It raises what went wrong, and anything at all once ``Ticket.cancelled`` says so."""


class Jobs:
    """The jobs of one home folder. Any thread may ask."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._last: dict[tuple[Task, str], Job] = {}
        """The last word on each, in the order in which they began."""
        self._ticket: Ticket | None = None
        """Of the one under way."""
        self._closed = False

    @property
    def running(self) -> Job | None:
        """The job under way."""
        with self._changed:
            return next((job for job in self._last.values() if job.is_running), None)

    @property
    def known(self) -> tuple[Job, ...]:
        """The last word on every job of this app, the newest first."""
        with self._changed:
            return tuple(reversed(self._last.values()))

    def start(self, task: Task, name: str, work: Work, *, then: Callable[[], None] = lambda: None) -> str:
        """Begin a job in a thread of its own and return nothing; or return in one line why it cannot begin.

        ``then`` is called in that thread once the job has ended well.
        """
        with self._changed:
            other = self.running
            if self._closed:
                return "The app is closing."
            if other is not None:
                return f"'{other.name}' is still being made ready: wait for it, or cancel it."
            ticket = self._begin(task, name, lambda: False)

        def go() -> None:
            # Said in the job; a thread has nobody to raise to.
            with suppress(Exception):
                self._carry_out(ticket, task, name, work)
                then()

        threading.Thread(target=go, name=f"{task} {name}", daemon=True).start()
        return ""

    def run(self, task: Task, name: str, work: Work, *, given_up: Callable[[], bool] = lambda: False) -> None:
        """Carry out a job in the calling thread, once it is its turn; raise what stopped it.

        The same job under way already is waited for instead, and shares its end. ``given_up`` is asked several times a
        second; once it says True this raises JobCancelledError.
        """
        joined = False
        with self._changed:
            while (other := self.running) is not None:
                joined |= (other.task, other.name) == (task, name)
                self._changed.wait(0.2)
                if given_up() or self._closed:
                    raise JobCancelledError("It was cancelled before it began.")
            if joined:
                ended = self._last[task, name]
                if ended.state != "done":
                    raise JobCancelledError(ended.trouble or "It was cancelled; the work done so far is kept.")
                return
            ticket = self._begin(task, name, given_up)
        self._carry_out(ticket, task, name, work)

    def cancel(self, task: Task, name: str) -> None:
        """Ask a job to end, if it is the one under way."""
        with self._changed:
            job = self._last.get((task, name))
            if job is not None and job.is_running and self._ticket is not None:
                self._ticket.cancel()
                self._last[task, name] = replace(job, state="cancelling")
                self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Wait at most so long for the job under way to end; return whether none is."""
        with self._changed:
            return self._changed.wait_for(lambda: self.running is None, seconds)

    def close(self, wait_s: float = 5.0) -> None:
        """Cancel what is under way, and wait a little for its end; nothing begins any more."""
        with self._changed:
            self._closed = True
            if self._ticket is not None:
                self._ticket.cancel()
        self.wait(wait_s)

    def _begin(self, task: Task, name: str, given_up: Callable[[], bool]) -> Ticket:
        def tell(phase: Phase, done: int, total: int) -> None:
            with self._changed:
                job = self._last[task, name]
                self._last[task, name] = replace(job, phase=phase, done=done, total=total)

        self._last.pop((task, name), None)
        self._last[task, name] = Job(task, name)
        self._ticket = Ticket(tell, given_up)
        return self._ticket

    def _carry_out(self, ticket: Ticket, task: Task, name: str, work: Work) -> None:
        state: Literal["done", "cancelled", "failed"] = "failed"
        trouble = ""
        try:
            work(ticket)
            state = "done"
        except (AssistantError, IndexingError) as error:
            state, trouble = ("cancelled", "") if ticket.cancelled else ("failed", str(error))
            raise
        except Exception as error:
            logger.exception("The job '%s %s' broke off", task, name)
            trouble = f"It broke off ({type(error).__name__}: {error}); the log has more."
            raise
        finally:
            with self._changed:
                self._ticket = None
                self._last[task, name] = replace(self._last[task, name], state=state, trouble=trouble)
                self._changed.notify_all()
