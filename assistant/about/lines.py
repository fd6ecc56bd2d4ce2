"""What the assistant says itself, in the question's language: never a statement of an article, and never shown as one."""

from __future__ import annotations

from typing import Literal

from assistant.about.details import Length
from assistant.about.request import Beside, Listing, Talk

Language = Literal["en", "ja"]

_ABLE = {
    "en": "Ask me anything about your articles: every sentence I answer with opens the sentence that proves it. "
    "You can also ask what an article is about, who wrote it, or for its dates, names, numbers and quotes. For example: “{}”",
    "ja": "記事について何でも質問してください。答えの一文ごとに、根拠となる記事の文を示します。"
    "要約、著者、日付・名前・数字・引用の一覧も聞けます。例：「{}」",
}
_TALK: dict[Language, dict[Talk, str]] = {
    "en": {
        "greeting": f"Hello! {_ABLE['en']}",
        "able": _ABLE["en"],
        "thanks": "You are welcome. Ask on: for example “{}”",
        "bye": "Goodbye. The conversation stays here.",
        "well": "Good. Ask on: for example “{}”",
    },
    "ja": {
        "greeting": f"こんにちは。{_ABLE['ja']}",
        "able": _ABLE["ja"],
        "thanks": "どういたしまして。続けて質問してください。例：「{}」",
        "bye": "さようなら。会話はここに残ります。",
        "well": "続けて質問してください。例：「{}」",
    },
}
_EXAMPLE = {"en": "What is the article about?", "ja": "この記事は何について書かれていますか。"}

_LISTED: dict[Language, dict[Listing, str]] = {
    "en": {
        "names": "names", "people": "people’s names", "places": "names of places", "countries": "names of countries",
        "organisations": "names of organisations", "dates": "dates", "numbers": "numbers", "quotes": "quotes",
        "headings": "headings",
    },
    "ja": {
        "names": "名前", "people": "人名", "places": "地名", "countries": "国名", "organisations": "組織名", "dates": "日付",
        "numbers": "数字", "quotes": "引用", "headings": "見出し",
    },
}  # fmt: skip
_UNSURE: dict[Language, dict[Listing, str]] = {
    "en": {
        "people": "Rules cannot tell people from places and other things: these are all names that are no country’s and no "
        "known kind of organisation’s.",
        "places": "Rules cannot tell places from people and other things: these are all names that are no known kind of "
        "organisation’s.",
        "organisations": "Told by words such as Ministry or Party, and by acronyms: others may be missing.",
        "names": "Told by their capitals: one may be missing, or be no name.",
    },
    "ja": {
        "people": "「氏」などの敬称や肩書きから見分けたもので、漏れがあるかもしれません。",
        "places": "「県」などの語尾と国名から見分けたもので、漏れがあるかもしれません。",
        "organisations": "「省」「党」などの語尾から見分けたもので、漏れがあるかもしれません。",
        "names": "表記から見分けたもので、漏れがあるかもしれません。",
    },
}
_LANGUAGES: dict[Language, dict[str, str]] = {
    "en": {"en": "English", "ja": "Japanese", "zh": "Chinese", "ko": "Korean", "de": "German", "fr": "French",
           "es": "Spanish", "it": "Italian", "pt": "Portuguese", "nl": "Dutch", "ru": "Russian", "ar": "Arabic"},
    "ja": {"en": "英語", "ja": "日本語", "zh": "中国語", "ko": "韓国語", "de": "ドイツ語", "fr": "フランス語", "es": "スペイン語",
           "it": "イタリア語", "pt": "ポルトガル語", "nl": "オランダ語", "ru": "ロシア語", "ar": "アラビア語"},
}  # fmt: skip


def talk(said: Talk, language: Language, example: str | None) -> str:
    """Return the answer to small talk, with a question to go on with."""
    return _TALK[language][said].format(example or _EXAMPLE[language])


def none_found(what: Listing, language: Language) -> str:
    """Return the line that says that a rule found nothing of a kind."""
    kind = _LISTED[language][what]
    return (
        f"Looked for {kind}, and found none." if language == "en" else f"{kind}を探しましたが、見つかりませんでした。"
    )


def how_many(what: Listing, language: Language, *, shown: int, of: int) -> str:
    """Return the line that says how many there are of a kind, and how sure that is."""
    kind, unsure = _LISTED[language][what], _UNSURE[language].get(what, "")
    if language == "ja":
        count = f"{kind}：{of}件。" if shown == of else f"{kind}：{of}件のうち最初の{shown}件（残り{of - shown}件）。"
        return f"{count}{unsure}"
    count = (
        f"{of} {_singular(kind) if of == 1 else kind}"
        if shown == of
        else f"The first {shown} of {of} {kind}; {of - shown} more are not shown"
    )
    return f"{count}, in the order in which they first stand.{' ' * bool(unsure)}{unsure}"


def _singular(kind: str) -> str:
    first, space, rest = kind.partition(" ")
    return (
        {"names": "name", "people’s": "person’s"}.get(first, first.removesuffix("s"))
        + space
        + rest.replace("names", "name")
    )


def detail(name: Literal["author", "published", "where", "title", "url"], value: str, language: Language) -> str:
    """Return a line that gives a detail which the article was added with, and does not say in its text."""
    english = {
        "author": "Its author, by its own details: {}.",
        "published": "Published, by its own details: {}.",
        "where": "It was published at {}.",
        "title": "It is kept under the title “{}”.",
        "url": "Its address: {}",
    }
    japanese = {
        "author": "記事の情報によると、著者は{}です。",
        "published": "記事の情報によると、公開日は{}です。",
        "where": "掲載元は{}です。",
        "title": "「{}」という題名で保存されています。",
        "url": "アドレス：{}",
    }
    return (english if language == "en" else japanese)[name].format(value)


def length(found: Length, language: Language) -> str:
    """Return how long an article is, and how long reading it takes."""
    minutes = found.minutes
    if language == "ja":
        size = (
            f"約{found.characters:,}文字" if found.words is None else f"{found.words:,}語（{found.characters:,}文字）"
        )
        pages = f"、{found.pages}ページ" if found.pages else ""
        return f"{size}、{found.sentences}文{pages}。読むのに約{minutes}分かかります。"
    size = (
        f"{found.characters:,} characters"
        if found.words is None
        else f"{found.words:,} words ({found.characters:,} characters)"
    )
    pages = f", {found.pages} pages" if found.pages else ""
    return f"{size} in {found.sentences} sentences{pages}: some {minutes} minute{'s' * (minutes != 1)} to read."


def written_in(code: str, language: Language) -> str:
    """Return the line that names the language of an article."""
    name = _LANGUAGES[language].get(code, code)
    return f"It is written in {name}." if language == "en" else f"{name}で書かれています。"


def quoted(language: Language) -> str:
    """Return the line that says how a summary was made."""
    return (
        "Sentences of the article itself, chosen over the whole of it."
        if language == "en"
        else "記事全体から選んだ、記事の文そのものです。"
    )


def several(language: Language, *, shown: int, of: int) -> str:
    """Return the line that says how many articles are asked, and how many of them answer."""
    if language == "ja":
        return f"{of}本の記事のうち{shown}本について答えています。一つを選ぶと詳しく答えます。"
    few = f"{of} articles are asked" if shown == of else f"{of} articles are asked; these are the first {shown}"
    return f"{few}. Choose one to hear more of it."


def needs_two(asked: Beside, language: Language) -> str:
    """Return the line that says that one article cannot be compared."""
    del asked
    return (
        "Only one article is asked here: choose two or more to compare them."
        if language == "en"
        else "対象の記事が一つだけです。比べるには二つ以上選んでください。"
    )


def no_such(language: Language, *, of: int) -> str:
    """Return the line that says that fewer articles are asked than the question names."""
    return (
        f"There is no such article among those asked: {of} of them are."
        if language == "en"
        else f"その記事はありません。対象の記事は{of}本です。"
    )


def nothing_alike(language: Language) -> str:
    """Return the line that says that no two sentences of two articles say the same."""
    return (
        "No sentence of one says what a sentence of the other says."
        if language == "en"
        else "同じことを述べている文は見つかりませんでした。"
    )


def of_article(title: str, text: str, language: Language) -> str:
    """Return a sentence with the title of the article it stands in."""
    return f"“{title}”: {text}" if language == "en" else f"『{title}』：{text}"
