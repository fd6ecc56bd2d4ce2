"""What can go wrong in the conversation, said for the person who can mend it.

AssistantError           the base: one line that says what was found, what was expected and what to do
├── UsageError           a question, option or name that cannot be used as given
├── HomeError            the home folder cannot be read or written
├── ReaderError          the reader cannot be had, or stopped; answering goes on without it
├── WeightsError         weights are missing, incomplete, or not the bytes the catalogue names
└── ModelError           the answering model cannot be reached, stalled, or broke off
    └── ContextTooLongError  the prompt is longer than the model can hold: fewer passages may fit
"""


class AssistantError(Exception):
    """Base of every error the conversation side raises on purpose."""


class UsageError(AssistantError):
    """What was asked for cannot be used as given."""


class HomeError(AssistantError):
    """The home folder cannot be used."""


class WeightsError(AssistantError):
    """Model weights cannot be used."""


class ReaderError(AssistantError):
    """The reader cannot be had, or stopped; answering goes on without it."""


class ModelError(AssistantError):
    """The answering model cannot be used, or stopped in mid-answer."""


class ContextTooLongError(ModelError):
    """The prompt is longer than the model can hold; the same question with fewer passages may fit."""
