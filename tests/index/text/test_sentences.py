"""Sentences are found where readers find them, and their places are exact whatever the text."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.reading.load import document_from_text, load_bytes
from index.text.sentences import block_sentences, sentences, split_sentences


def cut(text, language="en"):
    return [text[start:end] for start, end in split_sentences(text, language)]


@pytest.mark.parametrize(
    "expected",
    [
        ["Mr. Lee met Dr. No in Washington D.C. on Jan. 5.", "They spoke of No. 5 and fig. 3."],
        ["He came from the U.S. Navy at 5 p.m. sharp.", "It cost $2.5 million."],
        ['"I like it."', "He left.", 'She said "Go!" and ran.', "What?!", "Nothing."],
        ["He was born there.[9]", "He left.[citation needed]", "He died."],
        ["It rained.", "(So it was said.)", "Then it stopped."],
        ["The ferry (it was late.) left.", "The pier fell."],
        ["Mrs. Ek, e.g. in a letter of Sept. 3, was vs. it.", "J. R. R. Tolkien was not."],
        ["1. Open the valve.", "Close it again."],
        ["It opened in 1878.", "300 people came."],
    ],
)
def test_english_sentences_end_where_a_reader_ends_them(expected):
    assert cut(" ".join(expected)) == expected


def test_sentences_inside_a_long_quotation_are_told_apart():
    quote = [
        f"We built the {word} of the bridge with our own hands in that year."
        for word in ("first", "second", "third", "last")
    ]
    assert cut('"' + " ".join(quote) + '" Then he sat.') == [
        '"' + quote[0],
        *quote[1:3],
        quote[3] + '"',
        "Then he sat.",
    ]


@pytest.mark.parametrize(
    "expected",
    [
        ["橋は夏に開通した。", "2007年に改修された。", "町は喜んだ！", "本当に？"],
        ["彼は「行く。」と言った。", "「待て。帰れ。」と答えた。"],
        ["「そう。」", "次の日、雨が降った。"],
        ["橋（全長は長い。）は古い。", "（これは補足である。）", "終わりだ。"],
        ["番組「進め!」の曲と歌集『走れ!』は人気がある。", "終わり"],
        ["首都はワシントンD.C.にある。", "長さは1.5kmだ。"],
        ["「閉じない括弧の文。", "次の文。"],
    ],
)
def test_japanese_sentences_end_outside_their_brackets(expected):
    assert cut("".join(expected), "ja") == expected


def test_chinese_and_korean_are_split_too():
    assert cut("桥很长。他问：“真的吗？”是的！", "zh") == ["桥很长。", "他问：“真的吗？”", "是的！"]
    assert cut("다리는 길다. 강은 넓다.", "ko") == ["다리는 길다.", "강은 넓다."]


def test_a_line_end_always_ends_a_sentence():
    assert cut("first line\nsecond line\n\nthird") == ["first line", "second line", "third"]


@pytest.mark.parametrize("text", ["", " ", "\n", " \n\t "])
def test_nothing_gives_no_sentences(text):
    assert cut(text) == cut(text, "ja") == []


def test_a_language_nobody_knows_is_split_as_english():
    assert cut("One is here. Two is there.", "xx") == ["One is here.", "Two is there."]


def test_headings_are_sentences_only_when_asked_for():
    document = load_bytes(b"# A\n\n## Mr. B. C said. No\n\nOne is here. Two is there.\n\n- Three\n", name="a.md")
    assert [s.text for s in sentences(document)] == ["One is here.", "Two is there.", "Three"]
    assert [s.text for s in sentences(document, headings=True)] == [
        "Mr. B. C said. No",
        "One is here.",
        "Two is there.",
        "Three",
    ]


def test_an_article_of_headings_alone_gives_them_as_sentences():
    document = load_bytes(b"# A\n\n## B\n", name="a.md")
    assert [s.text for s in sentences(document)] == ["B"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("彼は「行く。」と言った。" * 20_000, "ja"),
        ('He said "no. yes" ' * 8_000, "en"),
        ("word " * 60_000, "en"),
        ("「" * 200_000, "ja"),
        ("The ferry left. " * 120_000, "en"),
    ],
)
def test_a_long_paragraph_is_split_in_a_moment(text, language):
    started = time.process_time()
    assert cut(text, language)
    assert time.process_time() - started < 8  # unguarded, the first takes two minutes


def test_a_long_run_of_words_without_an_end_is_cut_between_words():
    words = "wordy and " * 5_000
    assert all(piece.startswith(("wordy", "and")) and piece.endswith(("wordy", "and")) for piece in cut(words))


FRAGMENTS = [
    *(
        "Mr. Lee",
        " came. ",
        "He",
        " said ",
        '"Go!"',
        "「行く。」",
        "と言った。",
        "（注。）",
        "2007年",
        " U.S. ",
        "[9]",
        " (so.) ",
    ),
    *(
        "\n",
        "...",
        "…",
        "!?",
        " 5 p.m. ",
        "Then",
        "then ",
        "‘no.’",
        "。",
        "　",
        "é",
        "👨\u200d👩",
        ")",
        "」",
        '"',
        "1. ",
    ),
    "abc " * 70,
]
PROSE = st.lists(st.sampled_from(FRAGMENTS)).map("".join)


@settings(max_examples=300, deadline=None)
@given(text=st.one_of(PROSE, st.text()), language=st.sampled_from(["en", "ja", "zh", "de", "ar", "hi", "xx"]))
def test_sentences_are_trimmed_in_order_and_hold_every_character_but_white_space(text, language):
    spans = split_sentences(text, language)
    end_before = 0
    for start, end in spans:
        assert end_before <= start < end
        assert text[end_before:start].strip() == ""
        assert text[start:end] == text[start:end].strip()
        end_before = end
    assert text[end_before:].strip() == ""


@settings(max_examples=100, deadline=None)
@given(paragraphs=st.lists(PROSE, min_size=1), language=st.sampled_from(["en", "ja"]))
def test_the_sentences_of_a_document_lie_in_its_blocks_and_cover_them(paragraphs, language):
    document = document_from_text("Start.\n\n" + "\n\n".join(paragraphs), id="a", title="", language=language)
    everything = sentences(document, headings=True)
    assert all(document.text[s.start : s.end] == s.text for s in everything)
    for block in document.blocks:
        inside = [s for s in everything if block.start <= s.start and s.end <= block.end]
        assert tuple(inside) == block_sentences(document, block)
        assert "".join("".join(s.text.split()) for s in inside) == "".join(
            document.text[block.start : block.end].split()
        )
    assert sum(len(block_sentences(document, b)) for b in document.blocks) == len(everything)


THAI = (
    "สะพานแห่งหุบเขาเปิดใช้เมื่อเดือนพฤษภาคม พ.ศ. 2474 โดยนายกเทศมนตรีของเมือง สะพานนี้แทนที่เรือข้ามฟากที่ขนถ่านหินมานานหกสิบปี "
    "หลังน้ำท่วมใหญ่ในปี 2507 การซ่อมแซมใช้เงินสองล้านโครน ชาวเมืองยังข้ามสะพานนี้ทุกวันเพื่อไปตลาด"
)


def test_thai_is_parted_at_spaces_and_never_within_a_date() -> None:
    parted = [THAI[start:end] for start, end in split_sentences(THAI, "th")]
    assert len(parted) >= 3
    assert " ".join(parted) == THAI
    assert any("พ.ศ. 2474" in part for part in parted)
    assert all(len(part) >= 30 for part in parted)


@given(st.lists(st.sampled_from(["สะพาน", "เรือข้ามฟากของเมือง", "พ.ศ.", "2474", "(ท่าเรือ)"]), min_size=1, max_size=40))
def test_thai_sentences_hold_every_character_but_white_space(words: list[str]) -> None:
    text = " ".join(words)
    parted = [text[start:end] for start, end in split_sentences(text, "th")]
    assert "".join(parted).replace(" ", "") == text.replace(" ", "")
    assert not any(part[0].isdigit() for part in parted[1:])


@pytest.mark.parametrize("stop", ["។", "།", "။", "।", "۔", "።", "։"])
def test_full_stops_of_other_scripts_end_sentences(stop: str) -> None:
    spans = split_sentences(
        f"ក ខ{stop} គ ឃ{stop}", {"។": "km", "།": "bo", "။": "my", "।": "hi", "۔": "ur"}.get(stop, "am")
    )
    assert spans == [(0, 4), (5, 9)]
