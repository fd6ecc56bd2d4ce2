"""How much a model holds: a prompt enters; whether it fits with an answer is told, counted or estimated from above."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from prompts import Message

LONGEST_ANSWER = 300
"""Tokens."""
ASSUMED_CONTEXT = 4096
"""Tokens that a model is taken to hold where neither its settings nor its server say: what servers allot by default."""
_PER_MESSAGE, _PER_PROMPT = 8, 32
"""Tokens that a chat template adds around each message, and to the whole, at most."""
_PLAIN_WORD = re.compile(r"(?<![A-Za-z0-9])[A-Z]?[a-z]+(?![A-Za-z0-9])")
_LETTER_IN_CAPITALS_OR_CODE = 0.8


def estimate(text: str) -> int:
    """Return at least as many tokens as a text takes, whatever the tokenizer; of English it takes some six of ten.

    Measured on tokenizers of English alone, which take the most: three letters a token of plain words, fewer of names,
    capitals and code; a token for each digit and sign, and for each byte of other scripts.
    """
    words = sum(-(-len(word) // 3) if word.islower() else -(-len(word) * 2 // 5) for word in _PLAIN_WORD.findall(text))
    letters = others = 0
    for char in _PLAIN_WORD.sub("", text):
        if char.isascii() and char.isalpha():
            letters += 1
        elif char != " ":
            others += len(char.encode("utf-8", "surrogatepass"))
    return words + others + math.ceil(letters * _LETTER_IN_CAPITALS_OR_CODE)


@dataclass(frozen=True, slots=True)
class ContextWindow:
    """How much a model holds."""

    context: int = ASSUMED_CONTEXT
    """Tokens, prompt and answer together."""
    longest: int = LONGEST_ANSWER
    """Tokens of the longest answer wanted."""
    count: Callable[[str], int] = estimate
    """Tokens of a text: counted by the model's own tokenizer, or estimated from above."""

    @property
    def answer(self) -> int:
        """Return the tokens kept free for an answer: those wanted, at most a quarter of all."""
        return min(self.longest, self.context // 4)

    def tokens(self, messages: Sequence[Message]) -> int:
        """Return what a prompt takes."""
        return _PER_PROMPT + sum(_PER_MESSAGE + self.count(message.content) for message in messages)

    def holds(self, messages: Sequence[Message]) -> bool:
        """Return whether a prompt and the longest answer to it fit; counted only where the estimate leaves a doubt."""
        most = self.context - self.answer
        return replace(self, count=estimate).tokens(messages) <= most or self.tokens(messages) <= most
