"""A model's stream becomes sentences; how it was cut on the way never shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.proof.segment import Segment, Segmenter


def cut(*pieces: str) -> list[Segment]:
    segmenter = Segmenter()
    found = [segment for piece in pieces for segment in segmenter.push(piece)]
    return [*found, *segmenter.finish()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One fact [1]. Another fact [2, 3].", [Segment("One fact.", (1,)), Segment("Another fact.", (2, 3))]),
        ("One fact. [1] Another. [2][3]", [Segment("One fact.", (1,)), Segment("Another.", (2, 3))]),
        ("It rose by 3.5 percent. Mr. Abe and the U.S. Navy agreed.", None),
        ("第一の点です[1]。第二の点です【2】。", [Segment("第一の点です。", (1,)), Segment("第二の点です。", (2,))]),
        ("- A point [1]\n- **B** point [2]", [Segment("A point", (1,)), Segment("B point", (2,))]),
        ("1. First thing [4].\n2. Second.", [Segment("First thing.", (4,)), Segment("Second.")]),
        ('He said "Never." Then he left.', [Segment('He said "Never."'), Segment("Then he left.")]),
        ("Answer: 26 years [2].", [Segment("26 years.", (2,))]),
        ("no end and half a marker [1", [Segment("no end and half a marker")]),
        ("Really?! Yes.", [Segment("Really?!"), Segment("Yes.")]),
        ("", []),
        ("[1] [2]", []),
    ],
)
def test_sentences_and_their_hints(text: str, expected: list[Segment] | None) -> None:
    if expected is None:
        expected = [Segment("It rose by 3.5 percent."), Segment("Mr. Abe and the U.S. Navy agreed.")]
    assert cut(text) == expected


PIECES = st.sampled_from(
    [
        "A",
        "b",
        " ",
        ".",
        "!",
        "?",
        "。",
        "\n",
        "[",
        "]",
        "1",
        "23",
        ",",
        "-",
        '"',
        "”",
        "」",
        "Mr",
        "U.S.",
        " The",
        "【",
        "】",
        "3.5",
        "*",
    ]
)


@given(st.lists(PIECES, max_size=40), st.data())
def test_every_way_of_cutting_the_stream_gives_the_same_sentences(pieces: list[str], data: st.DataObject) -> None:
    text = "".join(pieces)
    places = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    parts = [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]
    assert cut(*parts) == cut(text) == cut(*text)


@given(st.text(max_size=80))
def test_no_marker_and_no_half_marker_is_ever_shown(text: str) -> None:
    for segment in cut(text + " [1] and [2"):
        assert "[1]" not in segment.text
        assert not segment.text.endswith("[2")


@given(st.lists(st.sampled_from(["Alpha beta", "Gamma [3] delta", "Ypsilon"]), min_size=1, max_size=5))
def test_a_sentence_is_given_as_soon_as_the_next_one_begins(sentences: list[str]) -> None:
    segmenter = Segmenter()
    text = ". ".join(sentences) + ". Next"
    assert len(list(segmenter.push(text))) == len(sentences)
