"""A Japanese question enters; what it asks of the article as a whole leaves, or None where it names anything in it.

As in English, every character must belong to a word that is known here; two stray hiragana are taken for a slip.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from assistant.about.request import Asked, Kind, Request, Which

_ARTICLE = "記事|文章|本文|テキスト|ページ|文書|ニュース|コラム|資料|論文|レポート|原稿|文献"
_DIGIT = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}
_NUMBER = r"(?:\d{1,3}|[一二三四五六七八九十])"
# A kind of word by its name, the longest ones first where one begins another.
_WORDS: tuple[tuple[str, str], ...] = (
    ("which", rf"(?:{_NUMBER}(?:番目|つ目|本目|件目|個目)|最後|最新|新しい(?:ほう|方)|もう(?:一つ|ひとつ|一方)|他|ほか|別)の(?={_ARTICLE})"),
    ("articles", rf"(?:両方の|二つの|2つの|これらの|それぞれの|各|全ての|すべての|両)(?:{_ARTICLE})|両者|(?:{_ARTICLE})(?:同士|たち|間)"),
    ("article", rf"(?:この|その|本|当|こちらの|上の|当該|全|今回の|上記の)?(?:{_ARTICLE})(?:全体|自体|内|中|の中)?"),
    ("it", r"これ|それ|ここ|こちら"),
    ("count", rf"(?:約|およそ)?{_NUMBER}(?:つ|個|点|箇条|行|文|センテンス|件|項目|か条)(?:の文章|の文)?|一言|ひとこと|{_NUMBER}0*字(?:程度|以内|くらい|ぐらい)?|\d{{2,4}}(?:文字|字)(?:程度|以内|くらい|ぐらい)?"),
    ("bullets", r"箇条書き|かじょう書き|ポイント|要点|論点|重要な点|大事な点|重要なこと"),
    ("many", r"いくつ|何個|何件|何章|何人|何[かカヶケ]国|何社"),
    ("length_unit", r"文字数|字数|単語数|語数|ページ数|何文字|何字|何単語|何ページ|何分|長さ|分量|どのくらいの長さ|どれくらいの長さ|どれ?くらい長い|長い"),
    ("reading", r"読む(?:の)?(?:に)?|読み終える(?:のに)?|読了|かかり|かかる|時間|所要"),
    ("summarise", r"要約|まとめ|サマリー|サマリ|概要|あらすじ|ダイジェスト|かいつまんで|大意|要旨|趣旨"),
    ("conclude", r"結論|結末|締めくくり|最終的な結論|最後(?:の)?(?:主張)?"),
    ("main", r"主旨|主題|テーマ|主張|中心的な|主な|主要な|重要な|一番|最も|メッセージ|言いたいこと|伝えたいこと|核心|本質|キーポイント|話題|トピック|内容"),
    ("about", r"(?:何|なに|なん)(?:について|に関して|に関する|のこと|の話)|どんな(?:こと|内容)?|どのような(?:こと|内容)?|どういう(?:こと|内容)?"),
    ("author", r"著者名|作者名|記者名|筆者名|著者|作者|筆者|執筆者|記者|書いた人|書き手|ライター"),
    ("wrote", r"書いたのは|書いた|書きました|書かれました|書かれた|執筆した|執筆されたのは|執筆された|執筆"),
    ("published", r"公開日時|公開日|掲載日|発行日|投稿日|発表日|日付(?=(?:は|を教えて)?$)|公開された|公開されました|掲載された|掲載されました|発行された|発行されました|発表された|発表されました|出された|更新された|更新日|公開|掲載|発行|出版された|出版されました|出版"),
    ("outlet", r"出典|情報源|掲載元|配信元|発行元|媒体|サイト名|サイト|新聞|雑誌"),
    ("url", r"url|リンク|アドレス|ウェブアドレス"),
    ("title", r"タイトル|題名|題|見出し(?=は(?:何|なん))|表題"),
    ("language", r"何語|言語|どの言語|何の言語"),
    ("headings", r"見出し|小見出し|セクション|章|節|目次|項目"),
    ("countries", r"国名|国々|国"),
    ("organisations", r"組織名|団体名|機関名|企業名|会社名|組織|団体|機関|企業|会社"),
    ("places", r"地名|場所|都市名|都市|地域"),
    ("people", r"人名|人物名|登場人物|人物|人々|人"),
    ("names", r"固有名詞|名前|名称"),
    ("dates", r"日付|年月日|日時|年号|年代|年表|時系列"),
    ("numbers", r"数字|数値|統計|データ|割合|金額|数量"),
    ("quotes", r"引用文|引用|発言|セリフ|台詞|コメント"),
    ("list", r"一覧表示|一覧|リストアップ|リスト|列挙|抜き出|書き出|挙げ|あげ|抽出|並べ|羅列"),
    ("mention", r"出てくる|でてくる|出てき|でてき|登場する|登場します|言及されている|言及されています|書かれている|書かれています|書いてある|書いてあります|述べられている|述べられています|含まれている|含まれています|含まれる|ある|あります|載っている|触れられている|挙げられている"),
    ("common", r"共通点|共通して|共通する|共通の|共通|似ている点|類似点"),
    ("different", r"違い|違う点|相違点|異なる点|相違|比較|比べ"),
    ("new", r"新しい点|新しい(?:情報|こと|内容)|新しく|新たに|新た|追加された"),
    ("talks", r"書かれて|書いて|述べて|述べられて|言って|話して|論じて|語って|説明して|伝えて|扱って|取り上げて|説明|紹介|解説|わかりやすく|簡単に|簡潔に|短く|手短に|詳しく|ざっくり"),
    ("what", r"何ですか|なんですか|何か|何|なに|なん|どれ|どの|どんな|どう"),
    ("who", r"誰が|誰によって|誰に|誰|だれが|だれ|どなたが|どなた"),
    ("when", r"いつ頃|いつごろ|いつ|何年何月|何年|何日|何月"),
    ("where", r"どこで|どこに|どこ|何処"),
    ("glue", r"すべて|全て|全部|各|ください|下さい|くれますか|くれませんか|もらえますか|いただけますか|教えて|知りたい|お願いします|お願い|頼む|して|しなさい|せよ|します|する|した|ほしい|欲しい|見せて|示して|出して"
             r"|でしょうか|でしょう|ですか|です|ますか|ました|ます|ません|のですか|んですか|だ|か|の|は|が|を|に|で|と|も|て|って|から|まで|へ|や|な|よ|ね|いる|います|いた|いました|られて|されて|され|れて|ある|あります|あった|こと|もの|とは|という|間|さ|し|い|た|る|う|点|ところ|使われて|使われ|使って|名|たち"),
)  # fmt: skip
_PIECE = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _WORDS))
_NOISE = re.compile(r"[\s、。，．,.!！?？…「」『』・〜~ー]+")
_STRAY = re.compile(r"[ぁ-ん]")
_MOST_STRAY = 2

_TALK: tuple[tuple[Asked, re.Pattern[str]], ...] = tuple(
    (asked, re.compile(pattern))  # type: ignore[misc]
    for asked, pattern in (
        ("greeting", r"(?:こんにち[はわ]|こんばん[はわ]|おはよう(?:ございます)?|はじめまして|初めまして|やあ|もしもし|どうも|ハロ|お元気ですか|元気ですか|よろしく(?:お願いします)?)+"),
        ("thanks", r"(?:どうも|本当に|大変|とても|教えてくれて|はい)*(?:ありがとう?(?:う)?(?:ございま(?:す|した))?|有難うございます?|感謝します|サンキュ|助かりました|助かった|たすかります)(?:感謝します|助かりました|ね|よ)*"),
        ("bye", r"(?:では|じゃあ?|それでは)?(?:さようなら|さよなら|バイバイ|また(?:ね|明日|今度|あとで)|おやすみ(?:なさい)?|失礼します)"),
        ("well", r"(?:わかりました|分かりました|了解(?:です|しました)?|なるほど|はい|オッケ|ok|すごい|素晴らしい|いいね|よかった|承知しました)+(?:です|ね)*"),
        ("able", r"(?:あなたは|君は|ここでは|このアプリ[はで]|これ[はで])?(?:何|なに)(?:が|を)(?:できますか|できるの?(?:ですか)?|出来ますか|出来るの?|聞けますか|聞けばいい(?:ですか)?|質問できますか|してくれますか|聞いたらいいですか)"
                 r"|(?:どんな|どのような|どういう)(?:こと|質問)(?:が|を)(?:できますか|聞けますか|できるの?|出来ますか|質問できますか|してもいいですか)"
                 r"|(?:あなた|君)(?:は|って)(?:誰|だれ|何|なに|何者)(?:です|なの)?か?|(?:使い方|使用方法|機能|ヘルプ)(?:は|を教えて(?:ください)?|とは|を説明して(?:ください)?)?|助けて(?:ください)?|自己紹介して(?:ください)?|どうやって使(?:うの|いますか|うのですか)"),
    )
)  # fmt: skip


def japanese(question: str) -> Request | None:
    """Return what a Japanese question asks of the article as a whole, None for one that is to be looked up."""
    line = _NOISE.sub("", unicodedata.normalize("NFKC", question).lower())
    for talk, pattern in _TALK:
        if pattern.fullmatch(line):
            return Request("talk", talk, "ja")
    pieces = list(_pieces(line))
    if not pieces or sum(name == "" for name, _ in pieces) > _stray_allowed(pieces):
        return None
    said = frozenset(name for name, _ in pieces)
    found = _asked(said)
    if found is None:
        return None
    kind, asked = found
    count = next((_count(text) for name, text in pieces if name == "count"), None)
    which = next((_which(text) for name, text in pieces if name == "which"), None)
    # A Japanese question leaves out what it is about: after another question that may be something else.
    leans = not said & {"article", "articles", "which"} and ("it" in said or kind == "details")
    return Request(kind, asked, "ja", count, bool(said & {"bullets"}), which, points_back=leans)


def _pieces(line: str) -> Iterator[tuple[str, str]]:
    """Yield the words of a line with the names of their kinds; "" for a character that belongs to none."""
    at = 0
    while at < len(line):
        found = _PIECE.match(line, at)
        yield (found.lastgroup or "", found[0]) if found else ("", line[at])
        at = found.end() if found else at + 1


def _stray_allowed(pieces: list[tuple[str, str]]) -> int:
    """Return how many characters may belong to no known word: those of particles and endings, in a clear question."""
    strays = [text for name, text in pieces if name == ""]
    clear = any(name in {"article", "articles", "summarise", "list"} for name, _ in pieces)
    return _MOST_STRAY if clear and all(_STRAY.fullmatch(text) for text in strays) else 0


_LISTINGS = ("countries", "organisations", "places", "people", "names", "dates", "numbers", "quotes", "headings")


def _asked(said: frozenset[str]) -> tuple[Kind, Asked] | None:
    article = bool(said & {"article", "articles", "it", "which", "article_kind"})
    rules = (_beside(said, article=article), _details(said, article=article), _listing(said, article=article))
    return next((found for found in rules if found is not None), None) or _summary(said, article=article)


def _beside(said: frozenset[str], *, article: bool) -> tuple[Kind, Asked] | None:
    if "new" in said and "which" in said:
        return "beside", "new"
    if not article or not said & {"articles", "which"}:
        return None
    return next((("beside", asked) for asked in ("different", "common") if asked in said), None)


def _details(said: frozenset[str], *, article: bool) -> tuple[Kind, Asked] | None:
    if said & set(_LISTINGS) - {"names", "people"} or "summarise" in said:
        return None
    rules: tuple[tuple[Asked, bool], ...] = (
        ("author", bool("author" in said and not said & {"main", "conclude", "about", "talks", "mention", "bullets"})
         or bool("who" in said and said & {"wrote"})),
        ("url", "url" in said),
        ("language", "language" in said or ("length_unit" in said and False)),
        ("title", "title" in said),
        ("where", bool(("where" in said and said & {"published", "outlet"})
                       or ("outlet" in said and (article or said <= {"outlet", "glue", "what"})))),
        ("published", bool("published" in said and (article or not said & {"who", "where"})
                           and not said & {"list", "mention"})
         or bool("when" in said and said & {"wrote", "published"} and article)),
        ("length", bool(said & {"length_unit"}) or bool("reading" in said and article)),
    )  # fmt: skip
    return next((("details", asked) for asked, holds in rules if holds), None)


def _listing(said: frozenset[str], *, article: bool) -> tuple[Kind, Asked] | None:
    kind = next((one for one in _LISTINGS if one in said), None)
    if kind is None:
        return ("listing", "people") if "who" in said and "mention" in said and article else None
    asks = said & {"list", "mention"} or article or said <= {kind, "glue", "what", "names"}
    if "many" in said and kind != "headings" and not (said & {"mention"} or article):
        return None
    return ("listing", kind) if asks else None  # type: ignore[return-value]


def _summary(said: frozenset[str], *, article: bool) -> tuple[Kind, Asked] | None:
    if "who" in said or "when" in said or "where" in said or "many" in said:
        return None
    right = (
        said & {"summarise"}
        or ("conclude" in said)
        or (
            said & {"main", "bullets"}
            and (article or "author" in said or said <= {"main", "bullets", "glue", "what", "count", "list"})
        )
        or "article_kind" in said
        or (said & {"about"} and article)
        or (said & {"talks", "mention"} and article and said & {"what", "about", "glue"})
    )
    return ("summary", "conclusion" if "conclude" in said else "whole") if right else None


def _count(text: str) -> int:
    number = _number(text) or 1
    return max(1, round(number / 60)) if "字" in text else number


def _number(text: str) -> int | None:
    found = re.search(r"\d+|[一二三四五六七八九十]", text)
    return None if found is None else int(found[0]) if found[0].isdigit() else _DIGIT[found[0]]


def _which(text: str) -> Which:
    if "最後" in text:
        return "last"
    if "新し" in text or "最新" in text:
        return "newest"
    number = _number(text) if re.match(_NUMBER, text) else None
    return number - 1 if number else "other"
