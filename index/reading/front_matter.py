"""A Markdown text enters; what it states about itself at its top goes into a Draft, the article below it leaves.

YAML, TOML (Hugo), the lines of MultiMarkdown ("Title: …") and the title block of Pandoc ("% …").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from textwrap import dedent
from typing import Any

from index.reading.canonical import Draft
from index.reading.metadata import iso_date, language_code, one_text, web_address

_END = r"[ \t]*(?:\n|\Z)"
_YAML = re.compile(rf"---[ \t]*\n(?P<fields>[ \t]*[\w-]+[ \t]*:.*?)\n(?:---|\.\.\.){_END}", re.DOTALL)
_TOML = re.compile(rf"\+\+\+[ \t]*\n(?P<fields>.*?)\n\+\+\+{_END}", re.DOTALL)
_LINES = re.compile(
    r"(?P<fields>(?:title|author|date)[ \t]*:.*(?:\n[A-Za-z][\w -]{0,30}:.*|\n[ \t]+\S.*)*)\n[ \t]*(?:\n|\Z)",
    re.IGNORECASE,
)
_BLOCK = re.compile(r"%[ \t]+(?P<title>.+)(?:\n%[ \t]*(?P<author>.*))?(?:\n%[ \t]*(?P<date>.*))?(?:\n|\Z)")


def read_front_matter(text: str, draft: Draft) -> str:
    """Return a text without its front matter, which goes into ``draft``; what is wrong in that is passed over."""
    for form, read in _FORMS:
        if found := form.match(text):
            fields = {str(name).lower(): value for name, value in read(found).items()}
            draft.title = one_text(fields.get("title"))
            draft.author = one_text(fields.get("author", fields.get("authors")))
            draft.published = iso_date(fields.get("date", fields.get("published")))
            draft.language = language_code(fields.get("language", fields.get("lang")))
            draft.url = web_address(fields.get("url"))
            draft.site = one_text(fields.get("site"))
            questions = fields.get("questions")
            if isinstance(questions, list):
                draft.questions = tuple(question for question in questions if isinstance(question, str))
            return text[found.end() :]
    return text


def _from_yaml(found: re.Match[str]) -> Mapping[Any, Any]:
    """Return the fields; where they are not YAML as a whole, each read alone.

    One that is not YAML either is the words behind its colon: titles are typed with colons and stray quotes.
    """
    text = found["fields"].expandtabs(2)
    whole = _yaml(text)
    if isinstance(whole, Mapping):
        return whole
    fields: dict[object, object] = {}
    for field in re.split(r"\n(?=[\w-]+[ \t]*:)", dedent(text)):
        name, _, words = field.partition("\n")[0].partition(":")
        known = _yaml(field)
        fields |= known if isinstance(known, dict) else {name.strip(): _unquoted(words)}
    return fields


def _yaml(text: str) -> object:
    """Return what a YAML text says, None where it is not YAML."""
    # Imported here: only an article with front matter needs it.
    import yaml

    with suppress(yaml.YAMLError, ValueError, RecursionError):  # ValueError: a date such as 2024-13-45
        return yaml.safe_load(text)
    return None


def _from_toml(found: re.Match[str]) -> Mapping[Any, Any]:
    """Return the fields; where they are not TOML, the words behind each equals sign."""
    import tomllib

    with suppress(ValueError, RecursionError):
        return tomllib.loads(found["fields"])
    pairs = (line.partition("=") for line in found["fields"].splitlines())
    return {name.strip(): _unquoted(words) for name, sign, words in pairs if sign}


def _from_lines(found: re.Match[str]) -> Mapping[Any, Any]:
    fields = (field.partition(":") for field in re.split(r"\n(?=\S)", found["fields"]))
    return {name.strip(): " ".join(words.split()) for name, _, words in fields}


def _from_block(found: re.Match[str]) -> Mapping[Any, Any]:
    return found.groupdict()


def _unquoted(words: str) -> str:
    """Return words without the quotes around them; one that is opened and never closed belongs to the typing."""
    words = words.strip()
    quote = words[:1] if words[:1] in {'"', "'"} else ""
    if not quote or quote in words[1:-1]:  # '"One" and "two"'
        return words
    return words.removeprefix(quote).removesuffix(quote)


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Mapping[Any, Any]]], ...] = (
    (_YAML, _from_yaml),
    (_TOML, _from_toml),
    (_LINES, _from_lines),
    (_BLOCK, _from_block),
)
