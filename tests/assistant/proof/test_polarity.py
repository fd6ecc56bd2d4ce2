"""A yes or no is shown where it follows from what is cited, and turned away where the opposite does."""

import pytest

from assistant.proof.polarity import following, says_yes, without_yes_or_no


@pytest.mark.parametrize(
    ("reply", "yes", "rest"),
    [
        ("Yes, the bridge opened in 1931.", True, "The bridge opened in 1931."),
        ("No, it did not.", False, "It did not."),
        ("はい、橋は1931年に開通しました。", True, "橋は1931年に開通しました。"),
        ("いいえ、有料ではありません。", False, "有料ではありません。"),
    ],
)
def test_a_leading_yes_or_no_is_read_and_taken_off(reply: str, yes: bool, rest: str) -> None:
    assert (says_yes(reply), without_yes_or_no(reply)) == (yes, rest)


@pytest.mark.parametrize("text", ["No toll has ever been charged.", "Yesterday it rained.", "Noah built it.", "1931."])
def test_a_sentence_that_only_looks_like_a_reply_is_none(text: str) -> None:
    assert says_yes(text) is None


@pytest.mark.parametrize(
    ("question", "sentence", "yes"),
    [
        ("Did the harbor board choose Elena Ruiz?", "The harbor board chose Elena Ruiz in March 1929.", True),
        ("Has a toll been charged?", "A toll has never been charged.", False),
        ("Was the bridge opened in 1940?", "The bridge was opened in 1931.", False),
        ("Was the bridge opened in 1931?", "The bridge was opened in 1931.", True),
        ("Did exports increase?", "Exports fell by a third.", False),
        ("Did the council accept the plan?", "The council rejected the plan.", False),
        ("Did the council not accept the plan?", "The council rejected the plan.", True),
        (
            "Has any earlier mayor given such an order?",
            "It was the first time that a mayor had given such an order.",
            False,
        ),
        ("Has any earlier mayor given such an order?", "Such an order from a mayor is unprecedented.", False),
        ("Was the bridge closed before the flood?", "The bridge was closed after the flood.", False),
        ("輸出は増加しましたか？", "輸出は減少した。", False),
        ("議会は計画に賛成しましたか？", "議会は計画に反対した。", False),
        ("通行料は徴収されましたか？", "通行料は徴収されなかった。", False),
        ("通行料は徴収されましたか？", "通行料は徴収された。", True),
        ("過去に市長が命令を出したことはありますか？", "市長が命令を出したのは初めてである。", False),
    ],
)
def test_what_a_sentence_says_decides_between_yes_and_no(question: str, sentence: str, yes: bool) -> None:
    assert following(question, yes, [sentence]) == "follows"
    assert following(question, not yes, [sentence]) == "opposite"


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("Has any earlier mayor given such an order?", "The mayor gave written orders to the harbor office."),
        ("Was the bridge opened in 1940?", "Elena Ruiz was the engineer."),
        ("Will the council build a second bridge?", "The council may build a second bridge."),
        ("Did all farmers oppose the bridge?", "Farmers opposed the bridge."),
        ("If the river rises, would the bridge close?", "The bridge would close if the river rises."),
        ("Was Tomas Lind the engineer?", "Elena Ruiz was the engineer."),
        ("橋は閉鎖されますか？", "橋は閉鎖される可能性がある。"),
        ("橋は閉鎖されますか？", "The bridge is closed."),
    ],
)
def test_where_neither_follows_that_cannot_be_told(question: str, sentence: str) -> None:
    assert {following(question, yes, [sentence]) for yes in (True, False)} == {"cannot tell"}
