"""A folder of cases, or a SQuAD file, enters; an EvalSet leaves, every row checked and every gold quote found.

A broken row is an error that names file, line, field and mend, before anything runs.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from assistant.errors import UsageError
from assistant.home import Home
from assistant.types import Turn
from evals.types import EvalCase, EvalSet, GoldSpan
from index.errors import LoadError
from index.reading.canonical import clean_block
from index.reading.load import document_from_text, load
from index.text.language import script_language
from index.types import Document

OWN_SETS = Path(__file__).parent
"""The project's own sets, by folder name."""

_KEYS = frozenset(
    "id question answerable lang tags history answers nuggets evidence articles forbidden".split()  # a case's fields
)


@dataclass(frozen=True, slots=True)
class SetChoice:
    """One line of a list of sets."""

    name: str
    path: Path
    cases: int
    own: bool
    """Whether it is one of the project's; else it is the user's."""


def sets_folder(home: Home) -> Path:
    """Return where the user's own sets stand."""
    return home.root / "sets"


def known_sets(users: Path) -> tuple[SetChoice, ...]:
    """Return the sets that have a name: the project's, then those in the user's folder; unread, so quick."""
    found = []
    for root in (OWN_SETS, users):
        for file in sorted(root.glob("*/cases.jsonl")):
            with file.open("rb") as lines:
                cases = sum(1 for line in lines if line.strip())
            found.append(SetChoice(file.parent.name, file.parent, cases, own=root is OWN_SETS))
    return tuple(found)


def find_set(name: str, *, users: Path) -> Path:
    """Return the folder or SQuAD file a SET argument means: a path, or the name of an own or a user's set."""
    path = Path(name).expanduser()
    if path.exists():
        return path
    known = {choice.name: choice.path for choice in reversed(known_sets(users))}
    if name in known:
        return known[name]
    raise UsageError(
        f"found no eval set '{name}'; expected a folder with cases.jsonl, a SQuAD JSON file, or one of: "
        f"{', '.join(sorted(known)) or 'none'}. Check the name."
    )


def load_set(path: Path) -> EvalSet:
    """Return the set in a folder or a SQuAD-format JSON file; raise UsageError for the first thing that is wrong."""
    path = path.resolve()
    if path.is_file():
        name, files = path.stem, [path]
        documents, rows = _squad(path)
    else:
        name, files = path.name, [path / "cases.jsonl"]
        if not files[0].is_file():
            raise UsageError(f"found no cases.jsonl in {path}; expected an eval set. Check the path.")
        documents, more = _articles(path)
        files += more
        rows = list(_rows(files[0]))
    cases = tuple(_cases(name, rows, documents))
    if not cases:
        raise UsageError(f"found no case in {files[0]}; expected at least one. Add a row.")
    return EvalSet(name, path, cases, documents, _digest(files))


def load_sets(paths: Sequence[Path]) -> tuple[EvalSet, ...]:
    """Return several sets that can run together: names differ, and an article id means one text in all of them."""
    sets = [load_set(path) for path in paths]
    seen: dict[str, str] = {}
    texts: dict[str, tuple[str, str]] = {}
    for one in sets:
        if one.name in seen:
            raise UsageError(f"found two sets called '{one.name}'; expected different names. Rename a folder.")
        seen[one.name] = str(one.path)
        for id, document in one.documents.items():
            name, digest = texts.setdefault(id, (one.name, document.digest))
            if digest != document.digest:
                raise UsageError(
                    f"article '{id}' differs between the sets {name} and {one.name}; expected one text for one id. "
                    "Run the sets apart."
                )
    return tuple(sets)


def sample(cases: Sequence[EvalCase], *, limit: int | None, seed: int) -> tuple[EvalCase, ...]:
    """Return at most ``limit`` cases in their own order, spread over articles, by a fixed hash of seed, set and id.

    A smaller limit's cases are among a larger one's.
    """
    if limit is None or limit >= len(cases):
        return tuple(cases)
    by_article: dict[tuple[str, ...], list[EvalCase]] = defaultdict(list)
    for case in sorted(cases, key=lambda case: _hash(seed, *case.key)):
        by_article[(case.set, *case.articles)].append(case)
    turns = [(turn, _hash(seed, *case.key), case) for group in by_article.values() for turn, case in enumerate(group)]
    kept = {case.key for _, _, case in sorted(turns, key=lambda one: one[:2])[:limit]}
    return tuple(case for case in cases if case.key in kept)


class Quotes:
    """Finds quotes in one document, whatever white space and line ends stand between their words."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def find(self, quote: str, *, before: int | None = None) -> tuple[int, int] | None:
        """Return the (start, end) of a quote's first occurrence; None when the article does not hold it.

        Where one stands behind ``before`` characters, white space not counted, it is that one.
        """
        wanted = "".join(clean_block(quote).split())
        if not wanted:
            return None
        squeezed, starts = self._squeezed
        place = squeezed.find(wanted)
        if place < 0:
            return None
        if before is not None and before >= 0 and squeezed.startswith(wanted, before):
            place = before
        return starts[place], starts[place + len(wanted) - 1] + 1

    def text(self, start: int, end: int) -> str:
        """Return the article's own characters between two offsets."""
        return self._document.text[start:end]

    @cached_property
    def _squeezed(self) -> tuple[str, list[int]]:
        """Return the text without white space, and where each of its characters stands in the text."""
        starts = [place for place, char in enumerate(self._document.text) if not char.isspace()]
        return "".join(self._document.text[place] for place in starts), starts


def _articles(folder: Path) -> tuple[dict[str, Document], list[Path]]:
    file = folder / "articles.jsonl"
    documents: dict[str, Document] = {}
    if file.is_file():
        for where, row in _rows(file):
            id, text = _text(row, "id", where), _text(row, "text", where)
            title = row.get("title", "")
            if not isinstance(title, str):
                raise _broken(where, "title", f"{title!r}", "text")
            if id in documents:
                raise _broken(where, "id", f"'{id}' a second time", "an id of its own for each article")
            lang = _language(row, where)
            try:
                documents[id] = document_from_text(text, id=id, title=title, language=lang)
            except LoadError as error:
                raise _broken(where, "text", str(error), "the article's text") from error
        return documents, [file]
    # A stranger's set may hold links to what is none of its own.
    files = sorted(
        path
        for path in (folder / "articles").glob("*")
        if path.is_file() and not path.is_symlink() and path.name[0] != "."
    )
    if not files:
        raise UsageError(f"found neither articles.jsonl nor articles/ with files in {folder}. Add the articles.")
    for path in files:
        try:
            documents[path.stem] = load(path, id=path.stem)
        except LoadError as error:
            raise UsageError(str(error)) from error
    return documents, files


def _squad(path: Path) -> tuple[dict[str, Document], list[tuple[str, dict[str, Any]]]]:
    """Return the articles and rows of a SQuAD 1.1 or 2.0 file; a paragraph that answers is the gold evidence."""
    try:
        articles = json.loads(path.read_text(encoding="utf-8"))["data"]
        documents: dict[str, Document] = {}
        rows: list[tuple[str, dict[str, Any]]] = []
        for number, article in enumerate(articles):
            id = str(article.get("title") or f"article-{number + 1}")
            if id in documents:
                id = f"{id}-{number + 1}"
            texts = [paragraph["context"] for paragraph in article["paragraphs"]]
            documents[id] = document_from_text("\n\n".join(texts), id=id, title=id.replace("_", " "))
            for paragraph in article["paragraphs"]:
                rows.extend(
                    (f"{path}, question {question['id']}", _squad_row(question, paragraph["context"], id))
                    for question in paragraph["qas"]
                )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, LoadError) as error:
        raise UsageError(
            f"{path} is not read as SQuAD 1.1 or 2.0 ({type(error).__name__}: {error}); "
            "expected data[].paragraphs[].qas[]. Check the file, or name a set's folder."
        ) from error
    return documents, rows


def _squad_row(question: Mapping[str, Any], context: str, article: str) -> dict[str, Any]:
    answerable = not question.get("is_impossible", False)
    return {
        "id": str(question["id"]),
        "question": question["question"],
        "answerable": answerable,
        "answers": list(dict.fromkeys(answer["text"] for answer in question["answers"])) if answerable else [],
        "evidence": [{"article": article, "quote": context}] if answerable else [],
        "articles": [article],
    }


def _rows(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (file and line, row) of a JSON Lines file; empty lines are passed over."""
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                where = f"{file}, line {number}"
                try:
                    row = json.loads(line)
                except ValueError as error:
                    raise UsageError(
                        f"{where}: found no JSON ({error}); expected one object. Correct the line."
                    ) from error
                if not isinstance(row, dict):
                    raise UsageError(f"{where}: found {type(row).__name__}; expected a JSON object. Correct the line.")
                yield where, row
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{file} cannot be read ({error}); expected UTF-8 text. Check the file.") from error


def _cases(
    name: str, rows: Iterable[tuple[str, dict[str, Any]]], documents: Mapping[str, Document]
) -> Iterator[EvalCase]:
    quotes = {id: Quotes(document) for id, document in documents.items()}
    seen: set[str] = set()
    for where, row in rows:
        case = _case(name, where, row, quotes)
        if case.id in seen:
            raise _broken(where, "id", f"'{case.id}' a second time", "an id of its own for each case")
        seen.add(case.id)
        yield case


def _case(name: str, where: str, row: Mapping[str, Any], quotes: Mapping[str, Quotes]) -> EvalCase:
    for key in row.keys() - _KEYS:
        meant = difflib.get_close_matches(key, _KEYS, 1, 0.8)
        if meant:
            raise UsageError(f"{where}: found the field '{key}'; expected '{meant[0]}'. Rename it.")
    id, question = _text(row, "id", where), _text(row, "question", where)
    answerable = row.get("answerable")
    if not isinstance(answerable, bool):
        raise _broken(where, "answerable", repr(answerable), "true or false")
    articles = tuple(_strings(row, "articles", where)) or tuple(quotes)
    for article in articles:
        if article not in quotes:
            raise _broken(where, "articles", f"the unknown article '{article}'", "ids of this set's articles")
    case = EvalCase(
        set=name,
        id=id,
        question=question,
        answerable=answerable,
        articles=articles,
        history=tuple(_history(row, where)),
        answers=tuple(_strings(row, "answers", where)),
        nuggets=tuple(_nuggets(row, where)),
        forbidden=tuple(_strings(row, "forbidden", where)),
        lang=_language(row, where) or script_language(question) or "en",
        tags=tuple(_strings(row, "tags", where)),
    )
    return replace(case, evidence=tuple(_evidence(row, where, id, quotes)))


def _evidence(row: Mapping[str, Any], where: str, id: str, quotes: Mapping[str, Quotes]) -> Iterator[GoldSpan]:
    for one in _list(row, "evidence", where):
        if (
            not isinstance(one, dict)
            or not isinstance(one.get("quote"), str)
            or not isinstance(one.get("article"), str)
        ):
            raise _broken(where, "evidence", f"{one!r:.80}", 'objects {"article": id, "quote": text}')
        article, quote = one["article"], one["quote"]
        if article not in quotes:
            raise _broken(where, "evidence", f"the unknown article '{article}'", "ids of this set's articles")
        found = quotes[article].find(quote)
        if found is None:
            raise _broken(
                where, "evidence", f"in case '{id}' a quote that is not in article '{article}': {quote!r:.120}",
                "a verbatim quote",
            )  # fmt: skip
        start, end = found
        yield GoldSpan(article, start, end, quotes[article].text(start, end))


def _history(row: Mapping[str, Any], where: str) -> Iterator[Turn]:
    for turn in _list(row, "history", where):
        match turn:
            case {"role": "user" | "assistant" as role, "content": str(content)}:
                yield Turn(role, content)
            case _:
                raise _broken(where, "history", f"{turn!r:.80}", '{"role": "user" or "assistant", "content": text}')


def _nuggets(row: Mapping[str, Any], where: str) -> Iterator[tuple[str, ...]]:
    for group in _list(row, "nuggets", where):
        if not isinstance(group, list) or not group or not all(isinstance(one, str) and one.strip() for one in group):
            raise _broken(where, "nuggets", f"{group!r:.80}", "lists of one or more texts")
        yield tuple(group)


def _strings(row: Mapping[str, Any], field: str, where: str) -> list[str]:
    values = _list(row, field, where)
    for value in values:
        if not isinstance(value, str) or not value.strip():
            raise _broken(where, field, f"{value!r:.80}", "a list of texts, none empty")
    return values


def _list(row: Mapping[str, Any], field: str, where: str) -> list[Any]:
    value = row.get(field)
    if value is None:
        return []
    if not isinstance(value, list):
        raise _broken(where, field, f"{value!r:.80}", "a list")
    return value


def _text(row: Mapping[str, Any], field: str, where: str) -> str:
    value = row.get(field)
    if not isinstance(value, str) or not value.strip():
        raise _broken(where, field, "nothing" if value is None else f"{value!r:.80}", "text")
    return value


def _language(row: Mapping[str, Any], where: str) -> str | None:
    lang = row.get("lang")
    if lang is not None and not (isinstance(lang, str) and len(lang) >= 2 and lang.isascii()):
        raise _broken(where, "lang", f"{lang!r:.40}", "an ISO 639-1 code as en or ja")
    return lang


def _broken(where: str, field: str, found: str, expected: str) -> UsageError:
    return UsageError(f"{where}, field '{field}': found {found}; expected {expected}. Correct that field.")


def _digest(files: Sequence[Path]) -> str:
    whole = hashlib.sha256()
    for path in files:
        whole.update(f"{path.name}\x00{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


def _hash(seed: int, *parts: str) -> str:
    return hashlib.sha256("\x00".join([str(seed), *parts]).encode()).hexdigest()
