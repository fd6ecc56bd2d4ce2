"""A kept run: what was said once is not asked again, and nothing else is mistaken for it."""

from collections.abc import Generator, Sequence
from pathlib import Path

from assistant.models.pump import Usage
from evals.kept import Kept
from prompts import Message


class CountingVoice:
    """Says how many messages it was given, and counts."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, messages: Sequence[Message]) -> Generator[str | Usage | None]:
        self.asked += 1
        yield None
        yield f"{len(messages)} "
        yield "messages."
        yield Usage(7, 3)


def test_a_voice_says_the_same_again_without_being_asked(tmp_path: Path) -> None:
    voice = CountingVoice()
    speak = Kept(tmp_path).voice("m", voice)
    asked = [Message("user", "Who?")]
    first = [piece for piece in speak(asked) if piece is not None]
    assert [piece for piece in speak(asked) if piece is not None] == first == ["1 ", "messages.", Usage(7, 3)]
    assert voice.asked == 1
    list(speak([*asked, *asked]))
    list(Kept(tmp_path).voice("another", voice)(asked))
    assert voice.asked == 3


def test_a_reply_that_was_left_is_not_kept(tmp_path: Path) -> None:
    voice = CountingVoice()
    speak = Kept(tmp_path).voice("m", voice)
    left = speak([Message("user", "Who?")])
    next(left)
    next(left)
    left.close()
    assert [piece for piece in speak([Message("user", "Who?")]) if isinstance(piece, str)] == ["1 ", "messages."]
    assert voice.asked == 2
