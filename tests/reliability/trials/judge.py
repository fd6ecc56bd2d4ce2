"""What a home should hold, as a plain dict; and what became of it, in one word and a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from trials.articles import Sentences, sentences, text
from trials.worker import BrokenError, DiedError, RefusedError, StuckError, Worker

Kind = Literal["right", "refused", "lost", "half", "wrong", "broken", "died", "stuck"]
"""``right``: whole and found. ``refused``: one clear line. ``lost``: what was acknowledged is gone (or what was removed
is back). ``half``: a part of an article is there. ``wrong``: a question finds another article, or an old version.
``broken``: an error no user should see. ``died``: the process ended by itself. ``stuck``: no answer in time."""


@dataclass(frozen=True)
class Verdict:
    """What became of a home."""

    kind: Kind
    detail: str = ""


@dataclass(frozen=True)
class Model:
    """The articles that were acknowledged, and every sentence that must not be found any more."""

    articles: dict[str, Sentences] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()

    def put(self, id: str, new: Sentences) -> Model:
        """Return the model with an article added or replaced."""
        return Model({**self.articles, id: new}, (self.gone | set(self.articles.get(id, ()))) - set(new))

    def remove(self, id: str) -> Model:
        """Return the model without an article."""
        rest = {known: held for known, held in self.articles.items() if known != id}
        return Model(rest, self.gone | set(self.articles[id]))

    def after(self, name: str, arguments: Sequence[object]) -> Model:
        """Return the model after a call to a side."""
        if name == "put":
            return self.put(*arguments)
        return self.remove(*arguments) if name == "remove" else self

    def texts(self) -> dict[str, str]:
        """Return the text of every article."""
        return {id: text(held) for id, held in self.articles.items()}


def library(articles: int, *, count: int) -> Model:
    """Return a model of so many articles of so many sentences."""
    return Model({f"old{n}": sentences(f"old{n}", count=count) for n in range(articles)})


def verdict(worker: Worker, *allowed: Model, most_questions: int = 150) -> Verdict:
    """Return what a process finds in a home that should be as one of the ``allowed`` models says.

    The first is what was acknowledged; a second one is what it was to become when it was killed.
    """
    try:
        held = worker.call("held")
        model = next((one for one in allowed if one.texts() == held), None)
        return _difference(held, allowed) if model is None else _asked(worker, model, most_questions)
    except DiedError as error:
        return Verdict("died", str(error))
    except RefusedError as error:
        return Verdict("refused", str(error))
    except BrokenError as error:
        return Verdict("broken", str(error))
    except StuckError as error:
        return Verdict("stuck", str(error))


def _difference(held: dict[str, str], allowed: Sequence[Model]) -> Verdict:
    texts = [model.texts() for model in allowed]
    for id in sorted({*held, *texts[0]}):
        right = {expected.get(id) for expected in texts}
        if held.get(id) in right:
            continue
        if id in held and any(expected is None or held[id] != expected for expected in right):
            return Verdict("half", f"{id}: {len(held[id])} characters")
        return Verdict("lost", id)
    return Verdict("half", "the articles are of no one moment")


def _asked(worker: Worker, model: Model, most: int) -> Verdict:
    expected = [(sentence, id) for id, held in model.articles.items() for sentence in held]
    expected = expected[:: max(1, len(expected) // most)]
    old = sorted(model.gone)[: max(10, most // 4)]
    found = worker.call("ask", [question for question, _ in expected] + old)
    for (question, id), (article, passage) in zip(expected, found[: len(expected)], strict=True):
        if article != id or question not in passage:
            return Verdict("wrong", f"'{question}' of {id} finds {article or 'nothing'}")
    for question, (article, passage) in zip(old, found[len(expected) :], strict=True):
        if question in passage:
            return Verdict("wrong", f"'{question}' is gone, and is found in {article}")
    return Verdict("right")
