"""An answer becomes JSON: in the shape other programs rely on, or whole, as it is saved and read back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from assistant.types import Answer, Citation, Statement
from index.types import Chunk, ScoredChunk

_TIMINGS = ("evidence", "first_token", "total")
_TOKENS = ("prompt", "completion")


def to_contract(answer: Answer) -> dict[str, Any]:
    """Return the object that ``assistant ask --json`` prints (docs/json.md).

    Every key is always there: a timing of what did not happen and a count the model does not give are None, and
    ``nearest`` holds sentences only where the article does not answer. Two keys more: ``interrupted``, the reason, in
    an answer that ends before its end; ``aside``, what the assistant says itself.
    """
    return {
        "question": answer.question,
        "searched": answer.searched,
        "answer": answer.text,
        "abstained": answer.abstained,
        "model": answer.model,
        "embedder": answer.embedder,
        "statements": [
            {"text": s.text, "verdict": s.verdict, "citations": [asdict(citation) for citation in s.citations]}
            for s in answer.statements
        ],
        "evidence": [
            {"document": e.chunk.document, "start": e.chunk.start, "end": e.chunk.end, "score": round(e.fused, 4)}
            for e in answer.evidence
        ],
        "nearest": [asdict(citation) for citation in answer.nearest],
        "timings_ms": {name: answer.timings_ms.get(name) for name in _TIMINGS},
        "tokens": {name: answer.tokens.get(name) for name in _TOKENS},
        **({"interrupted": answer.interrupted} if answer.interrupted else {}),
        **({"aside": answer.aside} if answer.aside else {}),
    }


def to_json(answer: Answer) -> dict[str, Any]:
    """Return the whole answer as JSON values; ``from_json`` gives it back."""
    return asdict(answer)


def from_json(fields: Mapping[str, Any]) -> Answer:
    """Return the answer that ``to_json`` wrote; raise KeyError or TypeError for anything else."""
    return Answer(
        **{
            **fields,
            "statements": tuple(_statement(saved) for saved in fields["statements"]),
            "dropped": tuple(_statement(saved) for saved in fields["dropped"]),
            "evidence": tuple(
                ScoredChunk(**{**saved, "chunk": Chunk(**saved["chunk"])}) for saved in fields["evidence"]
            ),
            # Answers saved before there was any have none.
            "nearest": tuple(Citation(**saved) for saved in fields.get("nearest", ())),
        }
    )


def as_text(value: object, *, indent: int | None = None, ascii_only: bool = False) -> str:
    r"""Return a value as JSON that can be printed: what a terminal would obey or not show is escaped (``\u009b``)."""
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    # JSON itself escapes line ends in strings: the ones left are the indentation's.
    return "".join(char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text)


def _statement(saved: Mapping[str, Any]) -> Statement:
    return Statement(**{**saved, "citations": tuple(Citation(**citation) for citation in saved["citations"])})
