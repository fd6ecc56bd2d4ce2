"""Whatever happens in a command becomes an exit status, and what goes wrong one line; tracebacks go to the log."""

from __future__ import annotations

import logging
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:  # --help needs none of it
    from io import TextIOWrapper

    from assistant.home import Home

ANSWERED, USER_ERROR, ABSTAINED = 0, 1, 3
# As a shell reports a program that SIGINT or SIGPIPE ended.
INTERRUPTED, READER_LEFT = 130, 141

_LOG_BYTES = 1_000_000
# On the page a message is a sentence of its own; here it follows the program's name. A file's name keeps its capital.
_OPENING = re.compile(r"(?!.*, line \d)(?:Cannot|Could|Found|Item|Line|Stopped|The|There|Unknown)\b")

logger = logging.getLogger(__name__)


@contextmanager
def told(program: str = "assistant") -> Iterator[Home]:
    """Open the home folder for a command; say in one line on standard error what ends it early, and exit so."""
    from assistant.cli.terminal import ERASED
    from assistant.errors import AssistantError
    from assistant.home import open_home
    from assistant.text import bare
    from index.errors import IndexingError

    try:
        home = open_home()
        with _logged(home.logs / "assistant.log", program):
            yield home
            sys.stdout.flush()
    except (AssistantError, IndexingError) as error:
        complain(str(error), program=program)
        raise typer.Exit(USER_ERROR) from None
    except KeyboardInterrupt:
        # Another Ctrl-C from here on would only add noise.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # A second one may have kept the progress from being taken away.
        bare(sys.stderr).write(f"{ERASED if sys.stderr.isatty() else ''}stopped\n")
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        # The reader of our output left (`… | head`): nothing more can be said to it, at exit neither.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(READER_LEFT) from None


def complain(text: str, *, program: str = "assistant") -> None:
    """Say in one line on standard error what went wrong."""
    from assistant.text import visible

    line = visible(text)
    if _OPENING.match(line):
        line = line[0].lower() + line[1:]
    typer.echo(f"{program}: {line}", err=True)


@contextmanager
def _logged(log: Path, program: str) -> Iterator[None]:
    """Write what the block logs, and the traceback of what ends it, to a file that is begun anew after a megabyte."""
    from logging.handlers import RotatingFileHandler

    from assistant.redact import RedactingFormatter, redacted
    from index.files import NO_LINK

    class Log(RotatingFileHandler):
        def _open(self) -> TextIOWrapper:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | NO_LINK
            return os.fdopen(os.open(self.baseFilename, flags, 0o600), "a", encoding="utf-8")

        def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
            """Say nothing: on a disk that takes no log, a traceback about that would hide the one line that helps."""

    handler = Log(log, maxBytes=_LOG_BYTES, backupCount=1, delay=True, encoding="utf-8")
    handler.setFormatter(RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.setLevel(logging.WARNING)
    logging.getLogger().addHandler(handler)
    try:
        yield
    except (typer.Exit, BrokenPipeError):
        raise
    except Exception as error:
        if _was_interrupt(error):
            raise KeyboardInterrupt from None
        logger.exception("The command ended early")
        if _is_known(error):
            raise
        # The last resort: what nobody foresaw must not show a user our insides.
        reason = redacted(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
        blamed = _blamed(error)
        line = f"{blamed} in the environment cannot be used ({reason}). Correct it, or unset it" if blamed else ""
        complain(f"{line or f'unexpected error ({reason})'}; details in {log}", program=program)
        raise typer.Exit(USER_ERROR) from None
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()


def _blamed(error: Exception) -> str:
    """Return the variables whose value is what a library complains of: many read some that nobody here knows."""
    if not isinstance(error, ValueError | OSError):
        return ""
    return " or ".join(name for name, value in os.environ.items() if value and repr(value) in str(error))


def _was_interrupt(error: BaseException | None) -> bool:
    """Return whether Ctrl-C began it: a compiled module stopped while it loads says "ImportError" instead."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _is_known(error: Exception) -> bool:
    from assistant.errors import AssistantError
    from index.errors import IndexingError

    return isinstance(error, AssistantError | IndexingError)
