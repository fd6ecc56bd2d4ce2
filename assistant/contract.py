"""Write an answer as JSON: in the shape other programs rely on, and whole, as it is saved and read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from assistant.types import Answer, Citation, Statement
from index.types import Chunk, ScoredChunk


def to_contract(answer: Answer) -> dict[str, Any]:
    """Return the object that ``assistant ask --json`` prints (DESIGN: contracts)."""
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
        "timings_ms": dict(answer.timings_ms),
        "tokens": dict(answer.tokens),
        **({"interrupted": answer.interrupted} if answer.interrupted else {}),
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
        }
    )


def _statement(saved: Mapping[str, Any]) -> Statement:
    return Statement(**{**saved, "citations": tuple(Citation(**citation) for citation in saved["citations"])})
