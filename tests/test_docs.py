"""What the documents tell other programs is so."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from assistant.contract import to_contract
from assistant.types import Answer, Citation, Statement
from evals.cases.sets import load_set
from index.types import Chunk, ScoredChunk

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]


def example(document: str) -> Any:
    """Return the first JSON of a document."""
    found = re.search(r"```json\n(.*?)```", (ROOT / "docs" / document).read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return json.loads(found[1])


def shape(value: Any) -> Any:
    """Return the keys of objects and the kinds of all else."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    return [shape(one) for one in value] if isinstance(value, list) else type(value).__name__


def test_the_answer_in_the_documents_has_the_shape_of_every_answer() -> None:
    text = "The bridge opened in 1931."
    answer = Answer(
        text, text, text, abstained=False, model="m", embedder="e",
        statements=(Statement(text, "supported", (Citation("bridge", "The bridge", 0, 26, text, 1.0),)),),
        evidence=(ScoredChunk(Chunk("bridge", 0, 26, text), 0.5, 0.5, 0.5),),
        timings_ms={"evidence": 1, "first_token": 2, "total": 3}, tokens={"prompt": 1, "completion": 2},
    )  # fmt: skip
    assert shape(example("json.md")) == shape(json.loads(json.dumps(to_contract(answer))))


def test_the_case_in_the_documents_is_read(tmp_path: Path) -> None:
    (tmp_path / "cases.jsonl").write_text(json.dumps(example("eval-sets.md")))
    (tmp_path / "articles.jsonl").write_text(json.dumps({"id": "bridge", "text": "The bridge opened in 1931."}))
    [case] = load_set(tmp_path).cases
    assert [case.evidence[0].start, case.answers, case.forbidden] == [0, ("1931",), ("ZEBRA-41",)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_that_a_document_links_to_is_there(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_of_the_project_that_a_document_names_is_there(document: Path) -> None:
    named = re.findall(
        r"`((?:assistant|index|prompts|evals|tests|docs)/[\w./-]+\.\w+)`", document.read_text(encoding="utf-8")
    )
    assert [path for path in named if not (ROOT / path).exists()] == []
