"""A question as it is searched for: made to stand alone, and put into the articles' language."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from functools import lru_cache

from assistant.answer import condense
from assistant.answer.fit import fit_turns
from assistant.answer.prompter import Prompter
from assistant.answer.run import Run
from assistant.errors import ContextTooLongError, ModelError
from assistant.proof.context import plain
from assistant.types import Event, Turn
from index.text.language import script_language
from index.types import Document
from prompts import Message, load

_LANGUAGE_NAMES = {
    "en": "English",
    "ja": "Japanese",
    "zh": "Chinese",
    "ko": "Korean",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
}


def rewritten(prompter: Prompter | None, run: Run, turns: Sequence[Turn]) -> Generator[Event, None, ModelError | None]:
    """Make the question stand alone, and put it in the articles' language; return what the model failed with.

    What is then searched for is what a model is not needed for: the user sees what was found in any case. ``prompter``
    None: there is no model, and a follow-up is searched for with the question before it.
    """
    failure = None
    try:
        yield from _rewrite(prompter, run, turns)
    except ModelError as error:
        if run.searched == run.question:
            run.searched = condense.with_last_question(run.question, turns)
        failure = error
    if prompter is not None:
        yield from prompter.left_out(run)
    return failure


def _rewrite(prompter: Prompter | None, run: Run, turns: Sequence[Turn]) -> Generator[Event]:
    if turns and condense.leans_on_conversation(run.question):
        if prompter is None:
            run.searched = condense.with_last_question(run.question, turns)
        else:
            run.searched = yield from _condensed(prompter, run, turns)
    # An embedder of many languages finds what was asked in another one; a reader and a small model read it badly.
    language = _other_script(run.searched, run.documents)
    if language and prompter is not None:
        run.searched = yield from _translated(prompter, run, _LANGUAGE_NAMES.get(language, language))


def _condensed(prompter: Prompter, run: Run, turns: Sequence[Turn]) -> Generator[Event, None, str]:
    """Return the question as the model makes it stand alone, with as many of the last messages as it holds."""

    def render(shown: Sequence[Turn]) -> Sequence[Message]:
        return load("condense").render(conversation=condense.conversation(shown), question=plain(run.question))

    window = yield from prompter.window(run)
    fitted = fit_turns(window, condense.last(turns), render)
    if fitted is not None:
        try:
            told = yield from prompter.tell(run, "condense", fitted.messages)
        except ContextTooLongError:
            run.left.unforeseen = True
        else:
            if not fitted.examples:
                run.left.examples, run.left.messages = True, _beyond(len(fitted.kept), turns)
            return condense.usable_rewrite(told, run.question)
    run.left.messages = len(turns)
    return condense.with_last_question(run.question, turns)


def _translated(prompter: Prompter, run: Run, language: str) -> Generator[Event, None, str]:
    """Return what is searched for in another language; as it is where the model cannot hold even that."""
    window = yield from prompter.window(run)
    messages = load("translate").render(language=language, question=plain(run.searched))
    if window.holds(messages):
        try:
            told = yield from prompter.tell(run, "translate", messages)
            return condense.usable_rewrite(told, run.searched)
        except ContextTooLongError:
            run.left.unforeseen = True
    run.left.translation = True
    return run.searched


def _beyond(kept: int, turns: Sequence[Turn]) -> int:
    """Return how many messages were left out for the model's size; what is never shown, for being old, is no part."""
    shown = len(condense.last(turns))
    return len(turns) - kept if kept < shown else 0


def _other_script(question: str, documents: Mapping[str, Document]) -> str | None:
    """Return the language to translate a question into: the articles' commonest if none uses the question's script."""
    if not documents or not re.search(r"\w", question):
        return None
    asked = script_language(question)
    if any(_script(document.text[:2000]) == asked for document in documents.values()):
        return None
    languages = Counter(document.language for document in documents.values())
    return min(languages, key=lambda language: (-languages[language], language))


@lru_cache(maxsize=10_000)
def _script(opening: str) -> str | None:
    """Return ``script_language`` of an article's opening, kept: it is asked at every question."""
    return script_language(opening)
