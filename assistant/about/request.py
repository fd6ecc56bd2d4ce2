"""What a question about the article itself, or a word of small talk, asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["talk", "details", "listing", "summary", "beside"]
Talk = Literal["greeting", "thanks", "bye", "well", "able"]
Detail = Literal["author", "published", "where", "title", "length", "language", "sections", "url"]
Listing = Literal["names", "people", "places", "countries", "organisations", "dates", "numbers", "quotes", "headings"]
Summary = Literal["whole", "conclusion"]
Beside = Literal["new", "common", "different"]
Asked = Talk | Detail | Listing | Summary | Beside

Which = int | Literal["last", "newest", "other"]
"""Which of several articles: its place from 0, the last one, the one published last, the one not named before."""


@dataclass(frozen=True, slots=True)
class Request:
    """A question that no search can answer: about an article as a whole, or about nothing in it."""

    kind: Kind
    asked: Asked
    language: Literal["en", "ja"]
    """Of the question: what the assistant says itself is said in it."""
    count: int | None = None
    """How many sentences, points or items are wanted; None where the question leaves that open."""
    listed: bool = False
    """Whether points were asked for, one a line."""
    which: Which | None = None
    """One of the articles that are asked; None for all of them."""
    points_back: bool = False
    """Whether the article is only called "it": in a conversation that may be what was spoken of before."""
