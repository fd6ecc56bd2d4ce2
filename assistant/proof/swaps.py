"""A statement and its sentence enter; the word that stands in another's place leaves.

Two names that have changed their places are told ("Bo beat Ann" where Ann beat Bo) in languages in which the place
says who did it. Where no capital tells a name, a noun that the sentence does not hold, in the place of one that the
statement does not hold, is taken for another name: 佐藤 for 鈴木, 김민수 for 박철수. So is a new word that begins with
a common surname.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import combinations

from index.text.words import fold

_HAN = "\u3005\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TOKEN_JA = re.compile(rf"[{_HAN}]+|[ァ-ヺー]+|[ぁ-ん]+|[A-Za-z0-9]+|[^\s]")
_NOUN_JA = re.compile(rf"[{_HAN}]+")
# What follows a noun: a particle, an honorific, the copula or an end; the endings of verbs are none of these.
_AFTER_NOUN_JA = re.compile(r"(?:[はがをにでとものへや]|から|まで|さん|だ|です|ら(?=[はがをのに])|[、。」）)]|$)")
_EMPTY_JA = frozenset(
    "理由 原因 目的 結果 場合 記事 本文 内容 以下 時点 当時 年 月 日 時 人 者 方 事 物 為 後 前 中 上 下 間".split()
)
_SURNAMES_JA = (
    "佐藤 鈴木 高橋 田中 伊藤 渡辺 渡邊 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 木村 斎藤 斉藤 清水 山崎 "
    "阿部 池田 橋本 山下 石川 中島 前田 藤田 後藤 小川 岡田 村上 長谷川 近藤 石井 坂本 遠藤 青木 藤井 西村 福田 太田 "
    "三浦 藤原 岡本 松田 中川 中野 原田 小野 田村 竹内 金子 和田 中山 石田 上田 森田 柴田 酒井 工藤 横山 宮崎 宮本 "
    "内田 高木 安藤 谷口 大野 丸山 今井 河野 藤本 村田 武田 上野 杉山 増田 平野 菅原 久保 松井 木下 野口 菊地 菊池 "
    "野村 新井 渡部"
).split()
_NAME_JA = re.compile(
    rf"(?:{'|'.join(_SURNAMES_JA)})[{_HAN}ぁ-んァ-ヺー]{{0,4}}?(?=[はがをにでとものへや、。さ氏様君]|から|$)|[{_HAN}]{{1,4}}(?=さん|氏|様)"
)

_SURNAMES_ZH = (
    "王李张張刘劉陈陳杨楊赵趙黄黃周吴吳徐孙孫胡朱高林何郭马馬罗羅梁宋郑鄭谢謝韩韓唐冯馮于董萧蕭程曹袁邓鄧"
    "许許傅沈曾彭吕呂苏蘇卢盧蒋蔣蔡贾賈丁魏薛叶葉阎閻余潘杜戴夏钟鍾汪田任姜范方石姚谭譚廖邹鄒熊金陆陸郝孔"
    "白崔康毛邱秦江史顾顧侯邵孟龙龍万萬段钱錢汤湯尹黎易常武乔喬贺賀赖賴龚龔"
    ""
)
_EMPTY_ZH = frozenset(
    "的了是在和与與及也都就而被把将將从從向对對为為于於由之这這那有一个個着著过過能会會可要其他她它们們我你上下中来來去到得地还還又很最更"
    "等已曾并並但或所以因,，.。、；：“”「」()（）吗嗎呢吧"
)
_PARTICLE_KO = re.compile(r"(?<=[가-힣])(?:에게서|에게|에서|으로|은|는|이|가|을|를|의|에|와|과|로|도|씨가|씨는|씨)$")
_VERB_KO = re.compile(r"(?:다|요|까|며|고|서|면|지만|는데)$")
_SURNAMES_KO = frozenset(
    "김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구민나진지엄채원천방공현함변염여추도소석선설마길"
)
_WORD_KO = re.compile(r"[^\s,.!?“”\"'()]+")
_RUN_JA = re.compile(rf"[{_HAN}]+|[ァ-ヺー]+")
_WORD = re.compile(r"[^\W\d_][\w’'-]*")
_IN_A_ROW = re.compile(r"\W*(?:and|or|und|oder|et|ou|y|e|o|en|of|og|och|と|や|와|과)?\W*", re.IGNORECASE)
_MOST_NAMES = 12
# Where the place of a name says who did it, or a particle that stays there; not where its ending does.
_BY_PLACE = frozenset("en de fr es it pt nl sv da nb no nn ja ko".split())
_LEAST = 2
"""Characters that must be the same on one side of a place, for it to be the same place."""


def swapped(statement: str, sentence: str, language: str, *, known: str) -> str:
    """Return the first word of a statement that stands where the sentence has another, "" where none does.

    ``known`` is all that the word may come from: the cited sentences, and the question. Languages with capitals have
    their names told by these; their statements hold nothing swapped here.
    """
    if language not in {"ja", "zh", "ko"} or statement.isascii():
        return ""
    one, other, known = (unicodedata.normalize("NFKC", text) for text in (sentence, statement, known))
    if language == "ko":
        return _swapped_ko(one, other, known)
    return _swapped_zh(one, other, known) if language == "zh" else _swapped_ja(one, other, known)


def changed_places(statement: str, sentence: str, language: str) -> str:
    """Return the name that stands first of two which a statement exchanges in words of its sentence; "" for none.

    Names in a row ("Ann and Bo") may stand in any order; in Russian, Ukrainian and Polish all may.
    """
    said = letters(sentence)
    if language not in _BY_PLACE or letters(statement) in said:
        return ""
    for (begin, end), (start, stop) in combinations(_names(statement, language)[:_MOST_NAMES], 2):
        one, between, other = statement[begin:end], statement[end:start], statement[start:stop]
        exchanged = statement[:begin] + other + between + one + statement[stop:]
        if not _IN_A_ROW.fullmatch(between) and letters(exchanged) in said:
            return one
    return ""


def _names(text: str, language: str) -> list[tuple[int, int]]:
    """Return where the names of a text, and whatever looks like them, begin and end, in order."""
    if language == "ja":
        return [match.span() for match in _RUN_JA.finditer(text)]
    if language == "ko":
        return [
            (match.start(), match.start() + len(_PARTICLE_KO.sub("", match[0]))) for match in _WORD_KO.finditer(text)
        ]
    found: list[tuple[int, int]] = []
    for match in _WORD.finditer(text):
        if not match[0][0].isupper():
            continue
        if found and text[found[-1][1] : match.start()] == " ":
            found[-1] = (found[-1][0], match.end())
        else:
            found.append(match.span())
    return found


def letters(text: str) -> str:
    """Return the letters and digits of a text, folded: two quotes of one sentence are equal."""
    return re.sub(r"[\W_]", "", fold(text))


def _swapped_ja(one: str, other: str, known: str) -> str:
    for match in _NAME_JA.finditer(other):
        if match[0] not in known:
            return str(match[0])
    ours, theirs = _TOKEN_JA.findall(one), _TOKEN_JA.findall(other)
    for a, b in _replaced(ours, theirs):
        gone = [ours[i] for i in a if _is_noun_ja(ours, i)]
        new = [theirs[i] for i in b if _is_noun_ja(theirs, i) and theirs[i] not in known]
        if gone and new and not all(word in other for word in gone):
            return str(new[0])
    return ""


def _is_noun_ja(tokens: Sequence[str], i: int) -> bool:
    after = "".join(tokens[i + 1 : i + 3])
    return bool(_NOUN_JA.fullmatch(tokens[i]) and tokens[i] not in _EMPTY_JA and _AFTER_NOUN_JA.match(after))


def _swapped_zh(one: str, other: str, known: str) -> str:
    for run in _new_runs(other, known):
        if 2 <= len(run) <= 3 and run[0] in _SURNAMES_ZH:
            return run
    for a, b in _replaced(one, other):
        gone = "".join(one[i] for i in a if one[i] not in _EMPTY_ZH)
        new = "".join(other[i] for i in b if other[i] not in _EMPTY_ZH)
        whole = "".join(other[i] for i in b)
        if new and gone and _NOUN_JA.search(new) and _NOUN_JA.search(gone) and whole not in known and gone not in other:
            return new
    return ""


def _new_runs(text: str, known: str) -> list[str]:
    """Return the runs of Chinese characters no two of which stand together in what is known, cut at empty words."""
    marked = "".join(
        char
        if char not in _EMPTY_ZH and text[i : i + 2] not in known and text[max(0, i - 1) : i + 1] not in known
        else " "
        for i, char in enumerate(text)
    )
    return _NOUN_JA.findall(marked)


def _swapped_ko(one: str, other: str, known: str) -> str:
    ours, theirs = _WORD_KO.findall(one), _WORD_KO.findall(other)
    bare, stated = [_PARTICLE_KO.sub("", word) for word in ours], [_PARTICLE_KO.sub("", word) for word in theirs]
    for word, noun in zip(theirs, stated, strict=True):
        named = len(noun) == 3 and noun[0] in _SURNAMES_KO and noun != word and re.fullmatch("[가-힣]+", noun)
        if named and noun not in known:
            return noun
    for a, b in _replaced(bare, stated):
        gone = [bare[i] for i in a if bare[i] != ours[i] and bare[i] not in other]
        new = [
            stated[i] for i in b if stated[i] != theirs[i] and not _VERB_KO.search(theirs[i]) and stated[i] not in known
        ]
        if gone and new:
            return new[0]
    return ""


def _replaced(ours: Sequence[str], theirs: Sequence[str]) -> list[tuple[range, range]]:
    """Return the places where one text has something else than the other between what is the same, or at an end."""
    blocks = SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks()
    found: list[tuple[range, range]] = []
    at = other_at = before = 0
    for block in blocks:
        a, b = range(at, block.a), range(other_at, block.b)
        same = [sum(len(ours[i]) for i in range(at - before, at)), sum(map(len, ours[block.a : block.a + block.size]))]
        if a and b and max(same) >= _LEAST:
            found.append((a, b))
        at, other_at, before = block.a + block.size, block.b + block.size, block.size
    return found
