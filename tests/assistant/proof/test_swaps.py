"""A name in another's place is not proven, whatever script it is written in; the true one is."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from assistant.proof.align import Aligner
from assistant.proof.anchors import names
from assistant.proof.context import number_sentences
from assistant.proof.swaps import changed_places, swapped
from index.reading.load import document_from_text
from index.types import Chunk, ScoredChunk

JAPANESE = "橋の塗装は高橋美咲が監督した。作業は長崎港で続いた。"
CHINESE = "老灯塔的修缮由船长王建国主持。灯塔位于青岛港的北岸。"
KOREAN = "등대의 수리는 선장 이영호가 감독하였다. 작업은 목포의 항구에서 계속되었다."
RUSSIAN = "Ремонт маяка возглавил Тарас Шевченко. Летом здесь отдыхают дети."
SPANISH = "Ángela Ruiz dirigió la obra del faro. En verano se bañan muchos niños."
DANISH = "Tårnet blev tegnet af Ørsted i byen Århus."
FRENCH = "Le dîner des gardiens a eu lieu à l'Élysée en hiver."
ENGLISH = "The lamp was made in Ōsaka by a small workshop."


def supported(article: str, statement: str, language: str) -> bool:
    def near(_: str, others: Sequence[str]) -> list[float]:
        return [0.9 if other == others[0] else 0.3 for other in others]

    document = document_from_text(article, id="a", title="a", language=language)
    found = [ScoredChunk(Chunk("a", 0, len(document.text), document.text), 1.0)]
    numbered = number_sentences(found, {"a": document}, budget=10_000, count=len)
    judge = Aligner(numbered, {"a": document}, question="?", similarity=near)
    return judge.judge(statement).verdict == "supported"


@pytest.mark.parametrize(
    ("language", "article", "statement"),
    [
        ("ja", JAPANESE, "橋の塗装は鈴木健太が監督した。"),
        ("ja", JAPANESE, "橋の塗装は高橋健太が監督した。"),
        ("ja", JAPANESE, "鈴木健太が橋の塗装を監督した。"),
        ("ja", JAPANESE, "作業は横浜港で続いた。"),
        ("zh", CHINESE, "老灯塔的修缮由船长李志强主持。"),
        ("zh", CHINESE, "船长李志强主持了老灯塔的修缮。"),
        ("zh", CHINESE, "灯塔位于大连港的北岸。"),
        ("ko", KOREAN, "등대의 수리는 선장 박철수가 감독하였다."),
        ("ko", KOREAN, "작업은 인천의 항구에서 계속되었다."),
        ("ru", RUSSIAN, "Ремонт маяка возглавил Тарас Бондаренко."),
        ("es", SPANISH, "Óscar Vidal dirigió la obra del faro."),
        ("da", DANISH, "Tårnet blev tegnet af Østergaard i byen Århus."),
        ("fr", FRENCH, "Le dîner des gardiens a eu lieu à l'Étoile en hiver."),
        ("en", ENGLISH, "The lamp was made in Ōmiya by a small workshop."),
    ],
)
def test_a_name_in_anothers_place_is_not_proven(language: str, article: str, statement: str) -> None:
    assert not supported(article, statement, language)


@pytest.mark.parametrize(
    ("language", "article", "statement"),
    [
        ("ja", JAPANESE, "橋の塗装は高橋美咲が監督しました。"),
        ("ja", JAPANESE, "高橋美咲が橋の塗装を監督した。"),
        ("ja", JAPANESE, "作業は長崎港で続きました。"),
        ("zh", CHINESE, "老灯塔的修缮由王建国主持。"),
        ("zh", CHINESE, "船长王建国主持了老灯塔的修缮。"),
        ("ko", KOREAN, "등대의 수리는 이영호가 감독하였다."),
        ("ru", RUSSIAN, "Тарас Шевченко возглавил ремонт маяка."),
        ("es", SPANISH, "La obra del faro la dirigió Ángela Ruiz."),
        ("da", DANISH, "Ørsted tegnede: tårnet blev tegnet i byen Århus."),
        ("fr", FRENCH, "Le dîner des gardiens a eu lieu à l'Élysée."),
        ("en", ENGLISH, "A small workshop in Ōsaka made the lamp."),
    ],
)
def test_the_true_name_is_proven(language: str, article: str, statement: str) -> None:
    assert supported(article, statement, language)


def test_a_name_may_begin_with_any_capital() -> None:
    assert names("We met Élodie, Ørsted and Шевченко at l'Île") == {"élodie", "ørsted", "шевченко", "île"}


@pytest.mark.parametrize(("language", "article"), [("ja", JAPANESE), ("zh", CHINESE), ("ko", KOREAN)])
def test_nothing_is_swapped_in_a_quote(language: str, article: str) -> None:
    assert swapped(article, article, language, known=article) == ""


@pytest.mark.parametrize(
    ("language", "sentence", "statement", "first"),
    [
        ("en", "In the final Ahmed Lund beat Karim Berg on points.", "Karim Berg beat Ahmed Lund.", "Karim Berg"),
        ("de", "Anna Lund besiegte Bo Berg im Finale.", "Bo Berg besiegte Anna Lund im Finale.", "Bo Berg"),
        ("ru", "Анна Лунд обошла Ольгу.", "Ольгу обошла Анна Лунд.", ""),
        ("ja", "田中が鈴木を破った。", "鈴木が田中を破った。", "鈴木"),
        ("ko", "김민수가 박철수를 이겼다.", "박철수가 김민수를 이겼다.", "박철수"),
        ("en", "Ann Lund and Bo Berg opened the lock.", "Bo Berg and Ann Lund opened the lock.", ""),
        ("en", "Ann Lund, Bo Berg and Carl Dahl opened it.", "Bo Berg and Carl Dahl opened it.", ""),
        ("en", "Bo Berg was beaten by Ann Lund.", "Ann Lund beat Bo Berg.", ""),
        ("en", "Ann Lund beat Bo Berg, and Bo Berg beat Ann Lund.", "Bo Berg beat Ann Lund.", ""),
        ("en", "Onodera chaired the commission of the LDP.", "The LDP commission's chair was Onodera.", ""),
    ],
)
def test_two_names_that_changed_their_places_are_told(language: str, sentence: str, statement: str, first: str) -> None:
    assert changed_places(statement, sentence, language) == first
