"""The words given to models, a Markdown file each: ``load`` a name, ``render`` it with exactly its variables.

A file opens with a front matter (``purpose``, ``variables``), then messages, each under a line ``=== role``.
``{{name}}`` stands for a variable. Values are put in by one pass over the file's own words, so whatever braces, markers
or orders a value holds, it stays data.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal, cast

Role = Literal["system", "user", "assistant"]
_VARIABLE = re.compile(r"\{\{(\w+)\}\}")
_MESSAGE = re.compile(r"^=== (system|user|assistant)\n", re.MULTILINE)


class PromptError(Exception):
    """A prompt that is not there, is not well formed, or was given other variables than it declares."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message to a chat model."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt as its file has it."""

    name: str
    purpose: str
    variables: tuple[str, ...]
    messages: tuple[Message, ...]
    digest: str
    """SHA-256 of the file's text, 12 digits: a changed word changes it, other line ends do not."""

    def render(self, **variables: str) -> tuple[Message, ...]:
        """Return the messages with every variable in its place; raise PromptError on a missing or surplus one."""
        missing = sorted(set(self.variables) - variables.keys())
        surplus = sorted(variables.keys() - set(self.variables))
        if missing or surplus:
            raise PromptError(f"prompt '{self.name}': missing {missing or 'none'}, surplus {surplus or 'none'}")
        return tuple(
            Message(message.role, _VARIABLE.sub(lambda match: variables[match.group(1)], message.content))
            for message in self.messages
        )


def names() -> tuple[str, ...]:
    """Return the names of all prompts, sorted."""
    files = (file.name for file in resources.files("prompts").iterdir())
    return tuple(sorted(name.removesuffix(".md") for name in files if name.endswith(".md")))


@cache
def load(name: str) -> Prompt:
    """Return a prompt by name; raise PromptError naming the known ones."""
    if name not in names():
        raise PromptError(f"no prompt '{name}'. Known: {', '.join(names())}")
    return parse(name, resources.files("prompts").joinpath(f"{name}.md").read_bytes())


def parse(name: str, data: bytes) -> Prompt:
    """Return the prompt that a file's bytes hold; raise PromptError when declared and used variables differ."""
    text = data.decode("utf-8").replace("\r\n", "\n")
    head, _, body = text.removeprefix("---\n").partition("\n---\n")
    fields = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
    variables = tuple(fields.get("variables", "").replace(",", " ").split())
    parts = _MESSAGE.split(body)[1:]
    messages = tuple(
        Message(cast("Role", role), content.strip()) for role, content in zip(parts[::2], parts[1::2], strict=True)
    )
    used = {match for message in messages for match in _VARIABLE.findall(message.content)}
    if not messages or "purpose" not in fields or used != set(variables):
        raise PromptError(
            f"prompt '{name}': declares {sorted(variables)}, uses {sorted(used)}, has {len(messages)} messages; "
            "expected a purpose, a message, and equal variables"
        )
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return Prompt(name, fields["purpose"], variables, messages, digest)
