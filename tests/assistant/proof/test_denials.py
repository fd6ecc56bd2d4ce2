"""What an article denies is never affirmed, and what it affirms never denied, in every language that is known."""
# ruff: noqa: E501 - the pairs read best side by side

from __future__ import annotations

from collections.abc import Sequence

import pytest

from assistant.proof.align import Aligner
from assistant.proof.context import number_sentences
from assistant.proof.denials import clauses, is_negated, knows
from assistant.types import Verdict
from index.reading.load import document_from_text
from index.types import Chunk, ScoredChunk

PAIRS = [
    ("en", "The council opened the old market hall in spring.", "The council did not open the old market hall in spring."),
    ("en", "Passengers were hurt in the storm.", "No passengers were hurt in the storm."),
    ("en", "The ferry sailed with a pilot on board.", "The ferry sailed without a pilot on board."),
    ("de", "Der Stadtrat öffnete die alte Markthalle im Frühling.", "Der Stadtrat öffnete die alte Markthalle im Frühling nicht."),
    ("de", "Im Hafen lag im Winter ein Schiff aus Bergen.", "Im Hafen lag im Winter kein Schiff aus Bergen."),
    ("fr", "Le conseil a ouvert la vieille halle au printemps.", "Le conseil n'a jamais ouvert la vieille halle au printemps."),
    ("es", "El consejo abrió el viejo mercado en primavera.", "El consejo nunca abrió el viejo mercado en primavera."),
    ("es", "El barco zarpó con piloto a bordo.", "El barco zarpó sin piloto a bordo."),
    ("it", "Il consiglio ha aperto il vecchio mercato in primavera.", "Il consiglio non ha aperto il vecchio mercato in primavera."),
    ("pt", "O conselho abriu o velho mercado na primavera.", "O conselho não abriu o velho mercado na primavera."),
    ("nl", "De raad opende de oude markthal in het voorjaar.", "De raad opende de oude markthal in het voorjaar niet."),
    ("ru", "Совет открыл старый рынок весной.", "Совет не открыл старый рынок весной."),
    ("ru", "Судно вышло в море с лоцманом.", "Судно вышло в море без лоцмана."),
    ("uk", "Рада відкрила старий ринок навесні.", "Рада не відкрила старий ринок навесні."),
    ("pl", "Rada otworzyła stary rynek wiosną.", "Rada nie otworzyła starego rynku wiosną."),
    ("sv", "Rådet öppnade den gamla saluhallen i våras.", "Rådet öppnade inte den gamla saluhallen i våras."),
    ("da", "Rådet åbnede den gamle markedshal i foråret.", "Rådet åbnede ikke den gamle markedshal i foråret."),
    ("nb", "Rådet åpnet den gamle markedshallen i vår.", "Rådet åpnet ikke den gamle markedshallen i vår."),
    ("ja", "市議会は春に古い市場を開放した。", "市議会は春に古い市場を開放しなかった。"),
    ("ja", "船は夜に出港できます。", "船は夜に出港できません。"),
    ("zh", "市议会春天开放了旧市场。", "市议会春天没有开放旧市场。"),
    ("zh", "船只夜间可以离港。", "船只夜间不可以离港。"),
    ("ko", "시의회는 봄에 낡은 시장을 개방하였다.", "시의회는 봄에 낡은 시장을 개방하지 않았다."),
]  # fmt: skip


def verdict(article: str, statement: str, language: str) -> Verdict:
    def near(_: str, others: Sequence[str]) -> list[float]:
        return [0.95] * len(others)

    document = document_from_text(article, id="a", title="a", language=language)
    found = [ScoredChunk(Chunk("a", 0, len(document.text), document.text), 1.0)]
    numbered = number_sentences(found, {"a": document}, budget=10_000, count=len)
    return Aligner(numbered, {"a": document}, question="?", similarity=near).judge(statement).verdict


@pytest.mark.parametrize(("language", "affirmed", "denied"), PAIRS)
def test_a_denial_is_neither_dropped_nor_made_up(language: str, affirmed: str, denied: str) -> None:
    assert is_negated(denied, language)
    assert not is_negated(affirmed, language)
    assert verdict(denied, denied, language) == "supported"
    assert verdict(affirmed, affirmed, language) == "supported"
    assert verdict(denied, affirmed, language) == "not supported"
    assert verdict(affirmed, denied, language) == "not supported"


@pytest.mark.parametrize(
    ("language", "article", "statement", "supported"),
    [
        ("en", "The ferry sailed at dawn, but it did not stop at Norvik.", "The ferry sailed at dawn.", True),
        ("en", "The ferry sailed at dawn, but it did not stop at Norvik.", "The ferry did not sail at dawn.", False),
        ("en", "The ferry sailed at dawn, but it did not stop at Norvik.", "The ferry did not stop at Norvik.", True),
        ("en", "The ferry sailed at dawn, but it did not stop at Norvik.", "The ferry stopped at Norvik.", False),
        ("en", "The bridge, which was never painted, opened in May.", "The bridge was painted.", False),
        ("en", "The ferry sailed without lights.", "The ferry sailed.", True),
        ("en", "The harbour not only grew but also earned money.", "The harbour grew and earned money.", True),
        ("de", "Die Fähre fuhr im Nebel, aber sie hielt nicht in Norvik.", "Die Fähre hielt in Norvik.", False),
        ("de", "Die Fähre fuhr im Nebel, aber sie hielt nicht in Norvik.", "Die Fähre fuhr im Nebel.", True),
        ("fr", "Le bac navigue au printemps, mais il ne s'arrête pas à Norvik.", "Le bac navigue au printemps.", True),
        ("fr", "Le bac navigue au printemps, mais il ne s'arrête pas à Norvik.", "Le bac s'arrête à Norvik.", False),
        ("ja", "橋は塗装されていないが、1931年に開通した。", "橋は1931年に開通した。", True),
        ("ja", "橋は塗装されていないが、1931年に開通した。", "橋は塗装されている。", False),
    ],
)
def test_a_denial_is_of_its_clause(language: str, article: str, statement: str, supported: bool) -> None:
    assert (verdict(article, statement, language) == "supported") == supported


def test_in_a_language_whose_denials_are_not_known_only_a_whole_sentence_is_proven() -> None:
    article = "Belediye meclisi eski çarşıyı ilkbaharda açmadı. Yazın çocuklar köprünün altında yüzer."
    assert not knows("tr")
    assert verdict(article, "Belediye meclisi eski çarşıyı ilkbaharda açmadı.", "tr") == "supported"
    assert verdict(article, "“Belediye meclisi eski çarşıyı ilkbaharda açmadı”", "tr") == "supported"
    assert verdict(article, "Belediye meclisi eski çarşıyı ilkbaharda açtı.", "tr") == "not supported"
    assert verdict(article, "Belediye meclisi eski çarşıyı açmadı.", "tr") == "not supported"


@pytest.mark.parametrize(
    ("article", "statement"),
    [
        ("The fares of the ferry rose by 5 percent in May.", "The fares of the ferry fell by 5 percent in May."),
        ("At least 40 boats sank in the storm of May.", "At most 40 boats sank in the storm of May."),
        ("Ahmed Lund beat Karim Berg in the final.", "Karim Berg beat Ahmed Lund in the final."),
        ("The council voted 52 to 48 for the bridge.", "The council voted 48 to 52 for the bridge."),
    ],
)
def test_an_opposite_and_an_exchange_are_not_proven(article: str, statement: str) -> None:
    assert verdict(article, article, "en") == "supported"
    assert verdict(article, statement, "en") == "not supported"


def test_a_reply_is_no_denial() -> None:
    assert is_negated("It isn't charged")
    assert not is_negated("No, it is charged")
    assert is_negated("No toll is charged")
    assert is_negated("徴収されていない")
    assert not is_negated("徴収されている")
    assert not is_negated("費用は少ない", "ja")


def test_clauses_end_where_a_thought_turns() -> None:
    assert clauses("It opened, but the toll stayed") == ["It opened", "the toll stayed"]
    assert clauses("Sie kam aber er blieb", "de") == ["Sie kam", "er blieb"]
