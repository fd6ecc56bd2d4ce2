"""One run at a time in the background: a plan comes in, and how far it is can be asked at any moment."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import AssistantError
from index.errors import IndexingError

if TYPE_CHECKING:
    from evals.run.jobs import Plan
    from evals.run.progress import RunProgress

logger = logging.getLogger(__name__)

Work = Callable[["Plan", Callable[["RunProgress"], None], Callable[[], bool]], tuple[Path, ...]]


@dataclass(frozen=True, slots=True)
class Status:
    """What there is to show of the run at hand, or of the last one."""

    plan: Plan | None = None
    """None before the first run."""
    running: bool = False
    stopping: bool = False
    """Whether it was asked to end; it does within a second, and that case is asked again."""
    progress: tuple[RunProgress, ...] = ()
    """The last word on each model that began, in order."""
    paths: tuple[Path, ...] = ()
    """The folders it wrote, once it ended."""
    trouble: str = ""
    """Why it ended early, in one line."""


class Runner:
    """Runs plans in a thread of its own, so that the app answers meanwhile."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._status = Status()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def status(self) -> Status:
        """How far it is."""
        with self._lock:
            return self._status

    def start(self, plan: Plan) -> str:
        """Begin a plan and return nothing; while another runs, return why it cannot begin."""
        with self._lock:
            if self._status.running:
                return "Another run is under way: wait until it ends, or stop it."
            self._status = Status(plan, running=True)
            self._stop = threading.Event()
            self._thread = threading.Thread(target=self._run, args=(plan, self._stop), name="evals", daemon=True)
            self._thread.start()
            return ""

    def stop(self) -> None:
        """Ask the run to end; it can be taken up again."""
        with self._lock:
            if self._status.running:
                self._stop.set()
                self._status = replace(self._status, stopping=True)

    def close(self, wait_s: float = 10.0) -> None:
        """Stop and wait a little; what was written stays, and the rest is done when the plan is run again."""
        self.stop()
        if self._thread is not None:
            self._thread.join(wait_s)

    def _run(self, plan: Plan, stop: threading.Event) -> None:
        paths: tuple[Path, ...] = ()
        trouble = ""
        try:
            paths = self._work(plan, self._told, stop.is_set)
        except (AssistantError, IndexingError) as error:
            trouble = str(error)
        except Exception as error:
            # A thread has nobody to raise to, and the page must not wait for ever.
            logger.exception("The run ended early")
            trouble = f"The run broke off ({type(error).__name__}: {error}); the log has more. Run again to continue."
        finally:
            with self._lock:
                self._status = replace(self._status, running=False, paths=paths, trouble=trouble)

    def _told(self, progress: RunProgress) -> None:
        with self._lock:
            others = self._status.progress
            if others and others[-1].model == progress.model and others[-1].done <= progress.done:
                others = others[:-1]
            self._status = replace(self._status, progress=(*others, progress))
