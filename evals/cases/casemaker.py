"""A question with its expected answer enters; a case in the user's own set leaves, with a snapshot of its articles.

Both files are replaced in one step each, the articles first: after a kill at any moment every former case is there, and
no case names an article that is not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from assistant.contract import as_text
from assistant.errors import UsageError
from assistant.types import Turn
from evals.cases.sets import Quotes
from index.errors import LoadError
from index.files import WriteLock, write_whole
from index.reading.load import document_from_text
from index.text.language import script_language
from index.types import Document

CASES, ARTICLES = "cases.jsonl", "articles.jsonl"
LONGEST = 4000
"""Most characters of a question: what the assistant takes."""

Place = tuple[str, int, int]
"""Document id, start, end."""


def save_case(
    folder: Path,
    *,
    question: str,
    history: Sequence[Turn] = (),
    answerable: bool,
    answers: Sequence[str] = (),
    evidence: Sequence[Place] = (),
    documents: Sequence[Document],
    lang: str | None = None,
) -> str:
    """Append a case to the set in ``folder`` and return its id; the same case again changes nothing.

    ``documents`` are the case's articles, and ``evidence`` counts in their texts. Its quote is widened by a word or
    more where the article holds it twice: a quote is found again by its first occurrence. An article whose text has
    changed since an earlier case keeps that one's snapshot and gets one more, its id ending in ``~`` and a digest.
    Raises UsageError, one line for the user, for a case that could not be scored and for a set that cannot be written.
    """
    question, answers = question.strip(), _kept(answers)
    _check(question, answerable, answers, evidence, documents)
    quotes = [_quote(documents, place) for place in evidence]
    with suppress(OSError):  # then the lock says why
        folder.parent.mkdir(parents=True, exist_ok=True)
    with WriteLock(folder, f"the set in {folder}", UsageError).held():
        articles = _read(folder / ARTICLES)
        ids, added = _snapshots(documents, articles)
        case: dict[str, Any] = {
            "question": question,
            "answerable": answerable,
            "answers": answers,
            "evidence": [{"article": ids[document], "quote": quote} for document, quote in dict.fromkeys(quotes)],
            "lang": lang or _language(question, documents),
            "tags": ["from-chat"],
            "articles": list(ids.values()),
            **({"history": [{"role": turn.role, "content": turn.content} for turn in history]} if history else {}),
        }
        id = hashlib.sha256(as_text(case).encode()).hexdigest()[:16]
        if any(row.get("id") == id for row in _read(folder / CASES)):
            return id
        if added:
            _append(folder / ARTICLES, added)
        _append(folder / CASES, [{"id": id, **case}])
    return id


def find_place(document: Document, text: str, *, before: int | None = None) -> tuple[int, int]:
    """Return where a document holds a selected text, whatever white space stands between its words.

    ``before`` is how many characters other than white space stand before it in the article, as the page counted them:
    it tells one occurrence from another. Raises UsageError, one line for the user, for a text that is not there.
    """
    if not text.strip():
        raise UsageError("Nothing is selected: select the words in the article that prove the answer.")
    found = Quotes(document).find(text, before=before)
    if found is None:
        raise UsageError("The selection is not exactly the article's own text: select within the article.")
    return found


def _check(
    question: str, answerable: bool, answers: Sequence[str], evidence: Sequence[Place], documents: Sequence[Document]
) -> None:
    if not question:
        raise UsageError("The case has no question: write one.")
    if len(question) > LONGEST:
        raise UsageError(
            f"The question has {len(question):,} characters; at most {LONGEST:,} can be asked. Shorten it."
        )
    if not documents:
        raise UsageError("The case has no article: choose at least one.")
    if answerable and not answers and not evidence:
        raise UsageError(
            "Write the expected answer, or add its proof from the article; or tick “The article does not say”."
        )
    if not answerable and (answers or evidence):
        raise UsageError(
            "“The article does not say” is ticked, but there is an answer: remove the answer, or the tick."
        )


def _kept(answers: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(answer.strip() for answer in answers if answer.strip()))


def _language(question: str, documents: Sequence[Document]) -> str:
    """Return the question's language: by its script, else the article's if that is written in Latin letters, too."""
    spelled = script_language(question)
    if spelled:
        return spelled
    return "en" if script_language(documents[0].text) else documents[0].language


def _quote(documents: Sequence[Document], place: Place) -> tuple[str, str]:
    """Return (document id, the quote at a place), as little widened as finds it again just there."""
    id, start, end = place
    document = next((one for one in documents if one.id == id), None)
    if document is None or not 0 <= start < end <= len(document.text) or not document.text[start:end].strip():
        raise UsageError("A piece of the proof is no longer in the article: remove it, and select it again.")
    text = document.text
    start += len(text[start:end]) - len(text[start:end].lstrip())
    end -= len(text[start:end]) - len(text[start:end].rstrip())
    # As a user of the set will have it: from the text alone.
    quotes = Quotes(_plain(document))
    while quotes.find(text[start:end]) != (start, end) and (start > 0 or end < len(text)):
        start, end = _word_before(text, start), _word_after(text, end)
    if quotes.find(text[start:end]) is None:
        raise UsageError("A piece of the proof cannot be found in the article's plain text: select whole sentences.")
    return id, text[start:end]


def _plain(document: Document) -> Document:
    try:
        return document_from_text(document.text, id=document.id, title=document.title, language=document.language)
    except LoadError as error:
        raise UsageError(str(error)) from error


def _word_before(text: str, start: int) -> int:
    while start > 0 and text[start - 1].isspace():
        start -= 1
    while start > 0 and not text[start - 1].isspace():
        start -= 1
    return start


def _word_after(text: str, end: int) -> int:
    while end < len(text) and text[end].isspace():
        end += 1
    while end < len(text) and not text[end].isspace():
        end += 1
    return end


def _snapshots(
    documents: Sequence[Document], articles: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Return document id to the id of its snapshot, and the rows of the snapshots that are not there yet."""
    texts = {row["id"]: row["text"] for row in articles}
    ids: dict[str, str] = {}
    added: list[dict[str, Any]] = []
    for document in documents:
        id = document.id
        if texts.get(id, document.text) != document.text:
            id = f"{id}~{hashlib.sha256(document.text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
        if id not in texts:
            texts[id] = document.text
            added.append({"id": id, "title": document.title, "lang": document.language, "text": document.text})
        ids[document.id] = id
    return ids, added


def _read(file: Path) -> list[dict[str, Any]]:
    """Return the rows of a file of the set; none where there is no file yet."""
    if not file.is_file():
        return []
    rows = []
    for number, line in enumerate(file.read_text(encoding="utf-8").split("\n"), 1):
        try:
            row = json.loads(line) if line.strip() else None
        except ValueError as error:
            raise UsageError(f"{file}, line {number}: found no JSON; correct the line, then save again.") from error
        if row is not None:
            rows.append(row)
    return rows


def _append(file: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    held = file.read_text(encoding="utf-8") if file.is_file() else ""
    end = "" if not held or held.endswith("\n") else "\n"  # a hand may have written the last line
    write_whole(file, held + end + "".join(as_text(dict(row)) + "\n" for row in rows))
