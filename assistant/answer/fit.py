"""A prompt's parts and a model's size enter; the messages that fit leave, and how much was left out for them to.

Left out first are a prompt's own examples, then the sentences of least bearing, or the oldest messages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.models.context_window import ContextWindow
from assistant.proof.context import Numbered
from assistant.types import Turn
from prompts import Message


@dataclass(frozen=True, slots=True)
class Fitted:
    """A prompt that fits."""

    messages: tuple[Message, ...]
    kept: tuple[int, ...]
    """Places, from 0 and in order, of the sentences, or the messages of the conversation, that are in it."""
    examples: bool
    """Whether the prompt's own examples are in it."""


def fit_sentences(
    window: ContextWindow,
    numbered: Sequence[Numbered],
    bearing: Sequence[float],
    render: Callable[[Sequence[Numbered]], Sequence[Message]],
) -> Fitted | None:
    """Return the prompt with as many sentences as fit, those that bear the answer most surely first; None for none.

    ``bearing`` is one number a sentence, in their order; ties go to the earlier one.
    """
    whole = tuple(render(numbered))
    if window.holds(whole):
        return Fitted(whole, tuple(range(len(numbered))), examples=True)
    taken: list[int] = []
    for place in sorted(range(len(numbered)), key=lambda place: (-bearing[place], place)):
        wanted = sorted([*taken, place])
        if window.holds(without_examples(render([numbered[one] for one in wanted]))):
            taken = wanted
    if not taken:
        return None
    shown = without_examples(render([numbered[place] for place in taken]))
    return Fitted(shown, tuple(taken), examples=False)


def fit_turns(
    window: ContextWindow, turns: Sequence[Turn], render: Callable[[Sequence[Turn]], Sequence[Message]]
) -> Fitted | None:
    """Return the prompt with as many of the last turns as fit; None when not even the last one does."""
    whole = tuple(render(turns))
    if window.holds(whole):
        return Fitted(whole, tuple(range(len(turns))), examples=True)
    for first in range(len(turns)):
        shown = without_examples(render(turns[first:]))
        if window.holds(shown):
            return Fitted(shown, tuple(range(first, len(turns))), examples=False)
    return None


def without_examples(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return a prompt without its examples: its orders, and the last message."""
    return (*(message for message in messages[:-1] if message.role == "system"), messages[-1])


@dataclass(slots=True)
class LeftOut:
    """What a model's size kept out of the prompts of one question."""

    sentences: int = 0
    of: int = 0
    messages: int = 0
    """The oldest of the conversation."""
    examples: bool = False
    translation: bool = False
    unforeseen: bool = False
    """Whether the model itself said that it could not hold a prompt, which should have fitted."""

    def line(self, model: str, context: int) -> str:
        """Return it in one line for the user, empty when nothing was left out; ``context`` counts tokens."""
        parts = []
        if self.sentences:
            parts.append(f"{self.sentences} of {self.of} sentences")
        if self.messages:
            parts.append("the oldest message" if self.messages == 1 else f"the {self.messages} oldest messages")
        if self.examples:
            parts.append("the examples of how to answer")
        if self.translation:
            parts.append("the question's translation")
        if not parts:
            return ""
        what = " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
        why = "could not hold everything" if self.unforeseen else f"holds {context:,} tokens"
        singular = len(parts) == 1 and (self.messages == 1 or self.translation or (self.sentences == self.of == 1))
        return f"{model} {why}: {what} {'was' if singular else 'were'} left out."
