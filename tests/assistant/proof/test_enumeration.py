"""The items of a list are found in its sentence, and one that a statement leaves out is noticed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.proof.enumeration import items, left_out


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The members are Norland, Karst, Ostia and Velden.", ("Norland", "Karst", "Ostia", "Velden")),
        ("Norland, Karst, and Ostia signed the treaty in 1951.", ("Norland", "Karst", "Ostia")),
        ("It replaced a ferry that had carried coal, timber and salt.", ("coal", "timber", "salt")),
        ("In 1951, after the war, Norland and Karst agreed.", ("Norland", "Karst")),
        ("He came, he saw, and he won.", ()),
        ("The bridge opened in 1931.", ()),
        ("加盟国はノルランド、カルスト、オスティアです。", ("ノルランド", "カルスト", "オスティア")),
        ("日本・中国・韓国の三か国が署名した。", ("日本", "中国", "韓国")),
        ("石炭や木材、塩を運んだ。", ("石炭", "木材", "塩")),
        ("橋が開いた。", ()),
    ],
)
def test_the_items_of_a_list_are_found(sentence: str, expected: tuple[str, ...]) -> None:
    assert items(sentence) == expected


@pytest.mark.parametrize(
    ("question", "statement", "sentence", "expected"),
    [
        (
            "Which countries signed?",
            "Norland and Velden signed.",
            "Norland, Karst, Ostia and Velden signed the treaty.",
            ("Karst", "Ostia"),
        ),
        ("Which countries signed?", "Norland and Karst signed.", "Norland and Karst signed the treaty.", ()),
        ("When did Norland sign?", "Norland and Karst signed.", "Norland, Karst and Ostia signed in 1951.", ()),
        (
            "Which countries signed with Ostia?",
            "Norland and Karst signed.",
            "Norland, Karst and Ostia signed.",
            (),
        ),
        (
            "加盟国はどこですか？",
            "ノルランドとカルストです。",
            "加盟国はノルランド、カルスト、オスティアです。",
            ("オスティア",),
        ),
    ],
)
def test_what_a_statement_leaves_out_of_a_list_is_noticed(
    question: str, statement: str, sentence: str, expected: tuple[str, ...]
) -> None:
    assert left_out(statement, sentence, question) == expected


@settings(deadline=None)
@given(st.text(max_size=200))
def test_every_item_stands_in_its_sentence_in_order(sentence: str) -> None:
    found = items(sentence)
    place = 0
    for item in found:
        place = sentence.find(item, place)
        assert place >= 0
        place += len(item)
    assert len(found) != 1


_NAMES = st.lists(st.text("bcdfgklmr", min_size=3, max_size=7).map(str.capitalize), min_size=2, max_size=9, unique=True)


@settings(deadline=None)
@given(_NAMES, st.booleans())
def test_a_plain_list_of_names_is_found_whole(names: list[str], comma: bool) -> None:
    joiner = ", and " if comma and len(names) > 2 else " and "
    sentence = f"The members are {', '.join(names[:-1])}{joiner}{names[-1]}."
    assert items(sentence) == tuple(names)
    assert left_out(sentence, sentence, "Which countries are members?") == ()
