"""A prompt fits its model, whatever is asked of it; and what was left out is counted as it was."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.answer.condense import conversation, last
from assistant.answer.fit import LeftOut, fit_sentences, fit_turns
from assistant.answer.question import Question
from assistant.errors import ContextTooLongError
from assistant.home import Home
from assistant.models.context_window import ContextWindow
from assistant.proof.context import Numbered, as_lines
from assistant.settings import Settings
from assistant.types import Event, Finished, Notice, Turn
from assistant.wiring import Application
from index.types import Sentence
from prompts import Message, load

if TYPE_CHECKING:
    from fixtures.hosted import HostedModel

TEXT = st.text(st.characters(codec="utf-8"), max_size=300) | st.sampled_from(
    ["The bridge opened in 1931. " * 9, "橋" * 80]
)
ROOMS = st.builds(ContextWindow, st.integers(512, 6000), st.integers(1, 1000))


def numbered(texts: Sequence[str]) -> list[Numbered]:
    return [Numbered(number, "a", Sentence(number, number + 1, text)) for number, text in enumerate(texts, start=1)]


@settings(max_examples=50, deadline=None)
@given(ROOMS, st.lists(st.tuples(TEXT, st.floats(0, 1)), min_size=1, max_size=12), TEXT)
def test_the_sentences_that_fit_are_those_of_most_bearing(
    window: ContextWindow, article: list[tuple[str, float]], question: str
) -> None:
    items, bearing = numbered([text for text, _ in article]), [weight for _, weight in article]

    def render(some: Sequence[Numbered]) -> Sequence[Message]:
        return load("answer").render(sentences=as_lines(some), question=question)

    fitted = fit_sentences(window, items, bearing, render)
    alone = [(weight, item) for weight, item in zip(bearing, items, strict=True) if window.holds(_bare(render([item])))]
    if fitted is None:
        assert not alone
        return
    assert window.tokens(fitted.messages) + window.answer <= window.context
    kept = [items[place] for place in fitted.kept]
    assert fitted.messages[-1] == render(kept)[-1]
    assert fitted.examples == (len(fitted.messages) > 2)
    if len(kept) < len(items):
        assert not fitted.examples
        assert min(alone, key=lambda pair: (-pair[0], pair[1].number))[1] in kept


def _bare(messages: Sequence[Message]) -> tuple[Message, ...]:
    return messages[0], messages[-1]


@settings(max_examples=50, deadline=None)
@given(ROOMS, st.lists(TEXT, min_size=1, max_size=9), TEXT)
def test_the_turns_that_fit_are_the_last_ones(window: ContextWindow, said: list[str], question: str) -> None:
    turns = last([Turn("user" if place % 2 else "assistant", text) for place, text in enumerate(said)])

    def render(shown: Sequence[Turn]) -> Sequence[Message]:
        return load("condense").render(conversation=conversation(shown), question=question)

    fitted = fit_turns(window, turns, render)
    if fitted is None:
        assert not window.holds(_bare(render(turns[-1:])))
        return
    assert window.tokens(fitted.messages) + window.answer <= window.context
    assert fitted.messages[-1] == render([turns[place] for place in fitted.kept])[-1]
    assert fitted.kept == tuple(range(len(turns)))[-len(fitted.kept) :]
    if len(fitted.kept) < len(turns):
        assert not window.holds(_bare(render(turns[fitted.kept[0] - 1 :])))


@pytest.mark.parametrize(
    ("left", "context", "said"),
    [
        (LeftOut(), 512, ""),
        (
            LeftOut(3, 9, 12),
            2048,
            "my-llama holds 2,048 tokens: 3 of 9 sentences and the 12 oldest messages were left out.",
        ),
        (LeftOut(messages=1), 512, "my-llama holds 512 tokens: the oldest message was left out."),
        (
            LeftOut(sentences=1, of=2, unforeseen=True),
            512,
            "my-llama could not hold everything: 1 of 2 sentences were left out.",
        ),
        (
            LeftOut(2, 4, 3, examples=True),
            512,
            (
                "my-llama holds 512 tokens: 2 of 4 sentences, the 3 oldest messages and the examples of how to answer "
                "were left out."
            ),
        ),
        (LeftOut(translation=True), 512, "my-llama holds 512 tokens: the question's translation was left out."),
    ],
)
def test_what_was_left_out_is_one_plain_line(left: LeftOut, context: int, said: str) -> None:
    assert left.line("my-llama", context) == said


# The whole path


@pytest.fixture
def small(small_models: Path, tmp_path: Path) -> Generator[Application]:
    """An application that holds the bundled article, with the small embedder."""
    home = Home(tmp_path)
    (tmp_path / "models").symlink_to(small_models)
    for folder in (home.articles, home.index, home.conversations, home.logs):
        folder.mkdir()
    application = Application(home, Settings(embedder="minilm"))
    yield application
    application.close()


def configure(application: Application, **values: object) -> None:
    lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())
    (application.home.root / "models.toml").write_text(f"[mine]\n{lines}")


def notices(events: Sequence[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Notice)]


QUESTION = "Which organizations gather intelligence for Japan?"


def test_a_small_model_is_asked_less_and_the_reader_is_told(small: Application, hosted: HostedModel) -> None:
    configure(small, provider="openai", model="m", base_url=hosted.url, context=700)
    hosted.reply = "Japan's intelligence gatherers include the Ministry of Defense [1]."
    turns = [Turn("user", "Tell me about it. " * 20), Turn("assistant", "It is so. " * 40)] * 8
    events = list(small.ask(Question(f"And then? {QUESTION}", turns=tuple(turns)), model="mine"))
    of_the_rewrite, of_the_answer = notices(events)
    assert of_the_rewrite.startswith("mine holds 700 tokens: ")
    assert of_the_answer.startswith("mine holds 700 tokens: ")
    for asked in hosted.asked:
        messages = [Message(message["role"], message["content"]) for message in asked["messages"]]
        assert ContextWindow(700).tokens(messages) + asked["max_completion_tokens"] <= 700
    rewrite, answer = hosted.asked
    kept = rewrite["messages"][-1]["content"].count("Reader: ") + rewrite["messages"][-1]["content"].count(
        "Assistant: "
    )
    assert f"the {16 - kept} oldest messages" in of_the_rewrite
    shown = answer["messages"][-1]["content"].count("\n[")
    left, of = (int(number) for number in of_the_answer.split(": ")[1].split(" sentences")[0].split(" of "))
    assert of - left == shown


def test_nothing_is_said_where_all_fits(small: Application, hosted: HostedModel) -> None:
    configure(small, provider="openai", model="m", base_url=hosted.url, context=8192)
    assert notices(list(small.ask(QUESTION, model="mine"))) == []


def test_a_model_that_holds_less_than_known_is_asked_once_more_with_half(
    small: Application, hosted: HostedModel
) -> None:
    configure(small, provider="openai", model="m", base_url=hosted.url)
    hosted.longest = 1900
    events = list(small.ask(QUESTION, model="mine"))
    (told,) = notices(events)
    whole, half = (request["messages"][-1]["content"].count("\n[") for request in hosted.asked)
    left = f"{whole - half} of {whole} sentences and the examples of how to answer"
    assert told == f"mine could not hold everything: {left} were left out."
    assert [message["role"] for message in hosted.asked[1]["messages"]] == ["system", "user"]
    assert half == whole // 2
    assert isinstance(events[-1], Finished)


def test_one_that_cannot_hold_half_either_is_one_line(small: Application, hosted: HostedModel) -> None:
    configure(small, provider="openai", model="m", base_url=hosted.url)
    hosted.longest = 10
    with pytest.raises(ContextTooLongError, match=r"^The question and its passages are longer than the model's server"):
        list(small.ask(QUESTION, model="mine"))
    assert len(hosted.asked) == 2


def test_a_question_that_leaves_no_room_for_a_sentence_is_one_line(small: Application, hosted: HostedModel) -> None:
    configure(small, provider="openai", model="m", base_url=hosted.url, context=512)
    with pytest.raises(ContextTooLongError, match=r"^mine holds 512 tokens: no sentence of the article fits"):
        list(small.ask(f"{QUESTION} " * 40, model="mine"))
    assert hosted.asked == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_long_conversation_fits_a_real_model_of_512_tokens(small: Application) -> None:
    configure(small, provider="local", model="smollm2-135m-instruct", context=512)
    turns = [
        Turn("user", "Which bodies gather intelligence for Japan, and since when? " * 6),
        Turn("assistant", "The Ministry of Defense and the Japan Coast Guard gather intelligence. " * 6),
    ] * 10
    events = list(small.ask(Question("And what did officials call it?", turns=tuple(turns)), model="mine"))
    assert notices(events)[0].startswith("mine holds 512 tokens: ")
    assert isinstance(events[-1], Finished)
    assert 0 < events[-1].answer.tokens["prompt"] < 2 * 512
