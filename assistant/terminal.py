"""Show an answer's events in a terminal as they come, or as one JSON object; plain text when the output is no terminal."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterable
from typing import TextIO

from assistant.contract import to_contract
from assistant.types import Answer, Citation, Event, EvidenceFound, Finished, Notice, Searched, StatementReady, Waiting

_WIDTH = 100
_NEAREST = 3


def print_json(events: Iterable[Event], out: TextIO | None = None) -> Answer:
    """Print the finished answer as the contract's JSON object; return it."""
    answer = _finished(events)
    print(json.dumps(to_contract(answer), ensure_ascii=False), file=out or sys.stdout)
    return answer


def print_answer(events: Iterable[Event], out: TextIO | None = None, err: TextIO | None = None) -> Answer:
    """Print statements with their markers as they come, then the sources; return the answer.

    Progress and notices go to ``err``, and progress only when that is a terminal.
    """
    out, err = out or sys.stdout, err or sys.stderr
    numbers: dict[tuple[str, int, int], int] = {}
    sources: list[Citation] = []
    status = _Status(err)
    for event in events:
        if isinstance(event, Waiting):
            status.show(f"{event.phase}… {event.seconds:.0f} s")
            continue
        status.clear()
        if isinstance(event, Searched) and event.rewritten:
            print(f"searched for: {event.query}", file=err)
        elif isinstance(event, EvidenceFound):
            status.show(f"found {len(event.evidence)} passages in {event.milliseconds} ms; reading…")
        elif isinstance(event, Notice):
            print(event.text, file=err)
        elif isinstance(event, StatementReady):
            marks = ""
            for citation in event.statement.citations:
                key = (citation.document, citation.start, citation.end)
                if key not in numbers:
                    numbers[key] = len(numbers) + 1
                    sources.append(citation)
                marks += f"[{numbers[key]}]"
            doubt = (
                "" if event.statement.verdict == "supported" else f" ({event.statement.verdict}: {event.statement.why})"
            )
            print(f"{_visible(event.statement.text)} {marks}{doubt}".rstrip(), file=out, flush=True)
        elif isinstance(event, Finished):
            _print_end(event.answer, sources, out)
            return event.answer
    raise AssertionError("a stream ends with Finished")


def _print_end(answer: Answer, sources: list[Citation], out: TextIO) -> None:
    lines: list[str] = []
    if answer.abstained:
        lines.append(answer.text)
        nearest = answer.evidence[:_NEAREST]
        if nearest:
            lines += ["", "Nearest passages:"]
            lines += [_wrapped(f"- {scored.chunk.text}") for scored in nearest]
    if sources:
        lines.append("")
        several = len({citation.document for citation in sources}) > 1
        for number, citation in enumerate(sources, start=1):
            title = f" ({citation.title})" if several else ""
            lines.append(_wrapped(f"[{number}] “{citation.quote}”{title}"))
    if lines:
        print("\n".join(lines), file=out)


def _wrapped(text: str) -> str:
    return textwrap.fill(_visible(text), _WIDTH, subsequent_indent="    ", break_long_words=False)


def _visible(text: str) -> str:
    """Return text without control characters: an article must not steer the reader's terminal."""
    return "".join(char if char.isprintable() else " " for char in text)


def _finished(events: Iterable[Event]) -> Answer:
    for event in events:
        if isinstance(event, Finished):
            return event.answer
    raise AssertionError("a stream ends with Finished")


class _Status:
    """One line that is rewritten while something works; nothing when the stream is no terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream if stream.isatty() else None
        self._shown = False

    def show(self, text: str) -> None:
        if self._stream:
            self._stream.write(f"\r\x1b[2K{text}")
            self._stream.flush()
            self._shown = True

    def clear(self) -> None:
        if self._stream and self._shown:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()
            self._shown = False
