"""Events in, whole screens out."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TextIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.cli.terminal import Status, print_answer, print_json
from assistant.errors import ModelError
from assistant.text import visible
from assistant.types import (
    Answer,
    Citation,
    Event,
    EvidenceFound,
    Finished,
    Notice,
    Searched,
    Statement,
    StatementReady,
    Verdict,
    Waiting,
)
from index.types import Chunk, ScoredChunk

OPENED = Citation("bridge", "The valley bridge", 0, 27, "The bridge opened in 1931.", 1.0)
REPAIRS = Citation("bridge", "The valley bridge", 30, 72, "Repairs after the flood cost 2 million euros.", 0.8)
TOWER = Citation("tower", "The tower", 0, 20, "The tower is taller.", 1.0)
EVIDENCE = (ScoredChunk(Chunk("bridge", 0, 27, "The bridge opened in 1931."), 1.0),)


class Terminal(io.StringIO):
    """A stream that says it is a terminal, and knows what would be seen on it."""

    def isatty(self) -> bool:
        return True

    def screen(self) -> str:
        """What is seen: an erased line is gone."""
        *erased, last = self.getvalue().split("\r\x1b[2K")
        return "".join(text.rpartition("\n")[0] + "\n" * ("\n" in text) for text in erased) + last


def said(text: str, *citations: Citation, verdict: Verdict = "supported", why: str = "") -> StatementReady:
    return StatementReady(Statement(text, verdict, citations, why))


def answer(*events: StatementReady, abstained: bool = False, evidence: tuple[ScoredChunk, ...] = EVIDENCE) -> Answer:
    text = "The article does not say." if abstained else " ".join(event.statement.text for event in events)
    statements = tuple(event.statement for event in events)
    return Answer("Q?", "Q?", text, abstained, "extractive", "minilm", statements=statements, evidence=evidence)


def stream(*statements: StatementReady) -> list[Event]:
    return [
        Searched("Q?", rewritten=False),
        EvidenceFound(EVIDENCE, 41),
        Waiting("reading", 0.4),
        *statements,
        Waiting("writing", 1.6),
        Finished(answer(*statements)),
    ]


def refused(*nearest: str, made: tuple[Statement, ...] = (), anyway: bool = False, question: str = "Q?") -> list[Event]:
    near = tuple(Citation("bridge", "The bridge", 0, len(text), text, 0.0) for text in nearest)
    given = replace(answer(abstained=True), question=question, nearest=near, statements=made, anyway=anyway)
    return [*map(StatementReady, made), Finished(given)]


def page(events: list[Event], out: TextIO | None = None, *, anyway: bool = False) -> tuple[str, str]:
    """Return what an answer prints to its output and to its errors; the output is a pipe unless given."""
    out, err = out or io.StringIO(), io.StringIO()
    assert events[-1] == Finished(print_answer(events, anyway=anyway, out=out, err=err))
    return (out.screen() if isinstance(out, Terminal) else out.getvalue()), err.getvalue()


def test_sentences_carry_the_numbers_of_their_sources_and_the_sources_follow() -> None:
    events = stream(
        said("It opened in 1931.", OPENED),
        said("Repairs cost 2 million euros.", REPAIRS, OPENED),
    )
    assert page(events) == (
        """\
It opened in 1931. [1]
Repairs cost 2 million euros. [2][1]

[1] “The bridge opened in 1931.”
[2] “Repairs after the flood cost 2 million euros.”
""",
        "",
    )


def test_sources_of_several_articles_carry_their_titles() -> None:
    assert (
        page(stream(said("It opened in 1931.", OPENED), said("The tower is taller.", TOWER)))[0]
        == """\
It opened in 1931. [1]
The tower is taller. [2]

[1] “The bridge opened in 1931.” (The valley bridge)
[2] “The tower is taller.” (The tower)
"""
    )


def test_unproven_sentences_are_marked_with_the_reason() -> None:
    events = stream(
        said("It is red.", verdict="not supported", why="the article does not say “red” here"),
        said("It opened in May.", OPENED, verdict="partly"),
    )
    assert (
        page(events)[0]
        == """\
It is red. (not supported: the article does not say “red” here)
It opened in May. [1] (partly)

[1] “The bridge opened in 1931.”
"""
    )


def test_a_refusal_stands_first_and_the_nearest_sentences_below_it() -> None:
    assert (
        page(refused("The bridge opened in 1931.", "A toll has\nnever been charged."))[0]
        == """\
The article does not say.

Nearest sentences:
- The bridge opened in 1931.
- A toll has never been charged.
"""
    )


def test_a_refusal_in_japanese_offers_in_japanese() -> None:
    assert (
        "\n\nいちばん近い文:\n- 橋は1931年に開通した。\n"
        in page(refused("橋は1931年に開通した。", question="橋はどこですか。"))[0]
    )


def test_a_refusal_without_any_near_sentence_is_one_line() -> None:
    assert page(refused())[0] == "The article does not say.\n"


def test_what_a_model_made_of_them_anyway_stands_below_the_refusal_and_says_that_it_is_not_proven() -> None:
    guess = Statement("It may be free.", "not supported", (), "no sentence says this")
    assert (
        page(refused("A toll has never been charged.", made=(guess,), anyway=True), anyway=True)[0]
        == """\
The article does not say.

Not proven: what the model makes of the nearest sentences:
- It may be free. (not supported: no sentence says this)

Nearest sentences:
- A toll has never been charged.
"""
    )


def test_an_answer_that_is_proven_reads_the_same_when_it_was_asked_for_anyway() -> None:
    events = stream(said("It opened in 1931.", OPENED), said("It is red.", verdict="not supported", why="no red"))
    assert page(events, anyway=True) == page(events)


def test_notices_and_a_rewritten_question_go_to_the_errors() -> None:
    events = [Searched("When did the bridge open?", rewritten=True), Notice("The model was restarted."), *stream()[-1:]]
    assert page(events) == ("", "searched for: When did the bridge open?\nThe model was restarted.\n")


def test_a_terminal_gets_lines_of_its_own_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "32")
    assert (
        page(stream(said("Repairs cost 2 million euros after the flood.", REPAIRS)), Terminal())[0]
        == """\
Repairs cost 2 million euros
after the flood. [1]

[1] “Repairs after the flood
    cost 2 million euros.”
"""
    )


def test_a_wide_terminal_gets_lines_that_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    lines = page(stream(said("word " * 60, OPENED)), Terminal())[0].splitlines()
    assert max(map(len, lines)) <= 100


def test_progress_is_seen_while_it_lasts_and_gone_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    terminal = Terminal()
    seen = []

    def events() -> Iterator[Event]:
        for event in stream(said("It opened in 1931.", OPENED)):
            yield event
            seen.append(terminal.screen())

    print_answer(events(), out=terminal, err=terminal)
    assert seen == [
        "",
        "found 1 passage in 41 ms; reading…",
        "reading… 0 s",
        "It opened in 1931. [1]\n",
        "It opened in 1931. [1]\nwriting… 2 s",
    ]
    assert terminal.screen() == "It opened in 1931. [1]\n\n[1] “The bridge opened in 1931.”\n"


def test_a_status_that_is_longer_than_the_line_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "12")
    terminal = Terminal()
    with Status(terminal) as status:
        status.show("indexing… 12 of 400 passages")
        assert terminal.screen() == "indexing… 1"
        status.show("indexing… 13 of 400 passages")  # the same to the eye: nothing is written
        assert terminal.getvalue() == "\r\x1b[2Kindexing… 1"
    assert terminal.screen() == ""


def test_the_status_is_gone_when_the_model_fails() -> None:
    terminal = Terminal()

    def events() -> Iterator[Event]:
        yield Waiting("reading", 3.0)
        raise ModelError("It broke off.")

    with pytest.raises(ModelError):
        print_answer(events(), out=io.StringIO(), err=terminal)
    assert terminal.screen() == ""


def test_json_is_one_line_and_the_notices_go_to_the_errors() -> None:
    out, err = io.StringIO(), io.StringIO()
    events = [Notice("Restarted."), *stream(said("It opened in 1931.", OPENED))]
    assert Finished(print_json(events, out=out, err=err)) == events[-1]
    assert (out.getvalue().count("\n"), err.getvalue()) == (1, "Restarted.\n")
    assert json.loads(out.getvalue())["statements"][0]["citations"][0]["quote"] == "The bridge opened in 1931."


def test_json_for_an_output_of_few_characters_is_ascii() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="latin-1")
    print_json(stream(said("東京で開かれた。", OPENED)), out=out, err=io.StringIO())
    assert raw.getvalue().isascii()
    assert json.loads(raw.getvalue())["statements"][0]["text"] == "東京で開かれた。"


@given(st.text(), st.text(), st.text(), st.booleans())
def test_no_text_can_steer_the_terminal(text: str, quote: str, title: str, wide: bool) -> None:
    hostile = Citation("x", title, 0, 1, quote, 1.0)
    shown = said(text, hostile, TOWER, verdict="partly", why=text)
    events = [Searched(text, rewritten=True), Notice(quote), *stream(shown)]
    screens = [*page(events, Terminal() if wide else None), page(refused(quote))[0]]
    assert all(char.isprintable() or char in "\n\u200c\u200d" for char in "".join(screens))


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain “text” 東京 é", "plain “text” 東京 é"),
        ("\x1b[31mred\x1b[0m\x07", "[31mred [0m"),
        ("\x9b2J and\u2028on\n\n  two\tlines", "2J and on two lines"),
        ("evil\u202egnp.exe\u2066", "evilgnp.exe"),
        ("co\u00adoperate", "cooperate"),
        ("می\u200cخواهم 👩\u200d🚀", "می\u200cخواهم 👩\u200d🚀"),
        ("\udcff", ""),
        ("", ""),
    ],
)
def test_visible_text_is_one_line_of_what_can_be_seen(text: str, seen: str) -> None:
    assert visible(text) == seen
