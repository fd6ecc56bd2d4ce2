"""A question asks for a kind of answer, and what holds none of that kind is not taken for one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.proof.kinds import ANYTHING, Kind, asked_for, is_choice
from assistant.proof.of_kind import is_of_kind, lacks


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("When will the harbor office be closed?", Kind("when")),
        ("In what year did the ferry stop?", Kind("when")),
        ("How many people cross the bridge?", Kind("how many")),
        ("How long did the repairs take?", Kind("how long")),
        ("Who designed the bridge?", Kind("who")),
        ("Who is the harbor master?", Kind("who")),
        ("Where was Elena Ruiz born?", Kind("where")),
        ("Why was no tunnel built?", Kind("why")),
        ("Was the bridge opened in 1940?", Kind("yes or no")),
        ("Which countries signed the treaty?", Kind("name", "countries", several=True)),
        ("What are the three reasons for the delay?", Kind("anything", several=True, count=3)),
        ("According to the board, when did it open?", Kind("when")),
        ("橋はいつ開通しましたか？", Kind("when")),
        ("橋を設計したのは誰ですか？", Kind("who")),
        ("工事は何年間続きましたか？", Kind("how long")),
        ("渡し船には何人乗れましたか？", Kind("how many")),
        ("どの国が条約に署名しましたか？", Kind("name", "国")),
        ("なぜトンネルは造られなかったのですか？", Kind("why")),
        ("橋は有料ですか？", Kind("yes or no")),
    ],
)
def test_a_question_asks_for_a_kind_of_answer(question: str, kind: Kind) -> None:
    assert asked_for(question, "ja" if "？" in question else "en") == kind


@pytest.mark.parametrize(
    "question",
    [
        "Who is Elena Ruiz?",  # what she is, not her name
        "Who came first, Ruiz or Lind?",
        "When was it revised and who chaired it?",
        "How did the ferry cross the river?",
        "Tell the story of the bridge.",
        "ルイスとリンドのうち、先に来たのは誰ですか？",
        "誰がいつ橋を設計しましたか？",
        "橋はどのように造られましたか？",
    ],
)
def test_of_a_question_whose_kind_is_not_plain_nothing_is_demanded(question: str) -> None:
    assert asked_for(question, "ja" if "？" in question else "en") == ANYTHING


def test_of_other_languages_nothing_is_demanded() -> None:
    assert asked_for("Wann wurde die Brücke eröffnet?", "de") == ANYTHING
    kind = asked_for("When did the bridge open?", "en")
    assert is_of_kind(kind, "Die Brücke ist alt.", (), "When did the bridge open?", language="de")


@pytest.mark.parametrize(
    ("question", "holding", "lacking"),
    [
        ("When will the harbor office be closed?", "It will be closed in March.", "The board will close the office."),
        ("When did the 1931 bridge open?", "It opened on 4 May.", "The 1931 bridge was opened by the board."),
        ("When does the ferry leave?", "It leaves as soon as it is full.", "The ferry carries coal."),
        ("How many people crossed?", "Some 4,000 people crossed.", "People crossed by ferry."),
        ("How many shops did it sell?", "It sold half of them.", "It sold them to Lind."),
        ("How long did the repairs take?", "They took until spring.", "The repairs were costly."),
        ("Who designed the bridge?", "Elena Ruiz designed it.", "The bridge was designed with great care."),
        ("Who opposed it?", "The farmers did.", "It was opposed at once."),
        ("Which countries signed?", "Portugal and Spain signed.", "The countries signed the treaty at sea."),
        ("Where was the steel made?", "It was made in Bilbao.", "The steel was of good quality."),
        ("Why was no tunnel built?", "It would have cost twice as much.", "That is why no tunnel was built."),
        ("橋はいつ開通しましたか？", "橋は1931年に開通した。", "橋は市長が開いた。"),
        ("事務所はいつ閉まりますか？", "来年閉まる。", "事務所を閉めると決めた。"),
        ("渡し船には何人乗れましたか？", "百人が乗れた。", "渡し船は石炭を運んだ。"),
        ("どの国が署名しましたか？", "ポルトガルが署名した。", "大臣が署名した。"),
        ("橋を設計したのは誰ですか？", "橋を設計したのはルイスです。", "橋を設計した。"),
        ("なぜ閉鎖されましたか？", "洪水のため閉鎖された。", "そのため、橋は閉鎖された。"),
    ],
)
def test_what_lacks_the_kind_is_told_from_what_holds_it(question: str, holding: str, lacking: str) -> None:
    kind = asked_for(question, "ja" if "？" in question else "en")
    assert is_of_kind(kind, holding, (holding,), question)
    assert not is_of_kind(kind, lacking, (lacking,), question)


def test_the_reader_is_told_what_is_lacking() -> None:
    assert lacks(asked_for("When did it open?", "en")) == "it does not say when"


def test_a_choice_names_its_answers_itself_and_a_yes_or_no_question_with_or_is_none() -> None:
    assert is_choice("Which is longer, the bridge or the tunnel?", "en")
    assert not is_choice("Was it Ruiz or Lind?", "en")
    assert is_choice("橋とトンネルのうち、長いのはどちらですか？", "ja")


@settings(deadline=None)
@given(st.sampled_from(["When did it open?", "How many came?", "いつ開きましたか？"]), st.text(max_size=60))
def test_a_statement_with_a_new_year_always_says_when_or_how_many(question: str, text: str) -> None:
    kind = asked_for(question, "ja" if "？" in question else "en")
    assert is_of_kind(kind, f"{text} 1931 .", (), question)
