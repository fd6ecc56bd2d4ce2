"""Which questions are about the article itself, and which are to be looked up."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.about.recognise import asked_about, kind_of
from assistant.about.spelling import meant

TAKEN = [
    ("hello", "talk", "greeting", None),
    ("hi", "talk", "greeting", None),
    ("Hi there!", "talk", "greeting", None),
    ("thanks", "talk", "thanks", None),
    ("thank you very much", "talk", "thanks", None),
    ("thnaks", "talk", "thanks", None),
    ("what can you do?", "talk", "able", None),
    ("bye", "talk", "bye", None),
    ("Good morning", "talk", "greeting", None),
    ("help", "talk", "able", None),
    ("who are you?", "talk", "able", None),
    ("What can I ask?", "talk", "able", None),
    ("ok", "talk", "well", None),
    ("great, thanks", "talk", "thanks", None),
    ("Who wrote it?", "details", "author", None),
    ("Who wrote this article?", "details", "author", None),
    ("who is the author", "details", "author", None),
    ("Who's the author of this piece?", "details", "author", None),
    ("What is the author's name?", "details", "author", None),
    ("who wrote teh artcle?", "details", "author", None),
    ("By whom was this written?", "details", "author", None),
    ("When was it published?", "details", "published", None),
    ("When was this article published?", "details", "published", None),
    ("publication date?", "details", "published", None),
    ("What's the date of this article?", "details", "published", None),
    ("wehn was the article publishd", "details", "published", None),
    ("How old is this article?", "details", "published", None),
    ("Where was it published?", "details", "where", None),
    ("Which newspaper published this?", "details", "where", None),
    ("What is the source of the article?", "details", "where", None),
    ("give me the link to the article", "details", "url", None),
    ("What is the title?", "details", "title", None),
    ("What is the article called?", "details", "title", None),
    ("How long is it?", "details", "length", None),
    ("How long is this article?", "details", "length", None),
    ("How many words does it have?", "details", "length", None),
    ("word count", "details", "length", None),
    ("how long does it take to read?", "details", "length", None),
    ("reading time", "details", "length", None),
    ("What language is it in?", "details", "language", None),
    ("Which language is the article written in?", "details", "language", None),
    ("How many sections does it have?", "listing", "headings", None),
    ("list the headings", "listing", "headings", None),
    ("table of contents", "listing", "headings", None),
    ("List all the dates", "listing", "dates", None),
    ("List all dates mentioned in the article.", "listing", "dates", None),
    ("what dates are mentioned?", "listing", "dates", None),
    ("lsit the dates", "listing", "dates", None),
    ("Which dates appear in the text?", "listing", "dates", None),
    ("list the names", "listing", "names", None),
    ("Who is mentioned in the article?", "listing", "people", None),
    ("Which people are named?", "listing", "people", None),
    ("list the numbers", "listing", "numbers", None),
    ("What figures are given in the article?", "listing", "numbers", None),
    ("What places are mentioned?", "listing", "places", None),
    ("List the countries", "listing", "countries", None),
    ("Which countries are mentioned?", "listing", "countries", None),
    ("Name all the countries in the article", "listing", "countries", None),
    ("list the organisations", "listing", "organisations", None),
    ("Which organizations are mentioned?", "listing", "organisations", None),
    ("what quotes are there?", "listing", "quotes", None),
    ("list the quotes", "listing", "quotes", None),
    ("Who is quoted?", "listing", "quotes", None),
    ("Give me a timeline", "listing", "dates", None),
    ("What is this article about?", "summary", "whole", None),
    ("What is it about?", "summary", "whole", None),
    ("whats this about", "summary", "whole", None),
    ("waht is this artcile about?", "summary", "whole", None),
    ("Summarise", "summary", "whole", None),
    ("Summarize the article", "summary", "whole", None),
    ("Summarise it in one sentence", "summary", "whole", 1),
    ("sumarize this in five points", "summary", "whole", 5),
    ("Can you give me a summary, please?", "summary", "whole", None),
    ("tl;dr", "summary", "whole", None),
    ("tldr", "summary", "whole", None),
    ("What's the main argument?", "summary", "whole", None),
    ("What is the conclusion?", "summary", "conclusion", None),
    ("key points", "summary", "whole", None),
    ("What are the key takeaways?", "summary", "whole", None),
    ("top 3 takeaways", "summary", "whole", 3),
    ("Give me five bullet points", "summary", "whole", 5),
    ("in one sentence", "summary", "whole", 1),
    ("What does the author argue?", "summary", "whole", None),
    ("What does the article say?", "summary", "whole", None),
    ("what does this article talk about", "summary", "whole", None),
    ("Tell me about the article", "summary", "whole", None),
    ("I'd like a short summary of this article.", "summary", "whole", None),
    ("What are the three most important points?", "summary", "whole", 3),
    ("what is the main idea of the text", "summary", "whole", None),
    ("gist?", "summary", "whole", None),
    ("Explain this article to me", "summary", "whole", None),
    ("What should I know?", "summary", "whole", None),
    ("What conclusion does the author draw?", "summary", "conclusion", None),
    ("What is new in the second article?", "beside", "new", None),
    ("What do the articles have in common?", "beside", "common", None),
    ("How do the two articles differ?", "beside", "different", None),
    ("What is the difference between the articles?", "beside", "different", None),
    ("compare the articles", "beside", "different", None),
    ("what is the second article about?", "summary", "whole", None),
    ("Summarise the newest article", "summary", "whole", None),
    ("thisarticle is about what", "summary", "whole", None),
    ("overview", "summary", "whole", None),
    ("What's the gist of this story?", "summary", "whole", None),
    ("What is the author's view?", "summary", "whole", None),
    ("How does the article end?", "summary", "conclusion", None),
    ("what are these articles about", "summary", "whole", None),
    ("こんにちは", "talk", "greeting", None),
    ("ありがとう", "talk", "thanks", None),
    ("ありがとうございます！", "talk", "thanks", None),
    ("何ができますか？", "talk", "able", None),
    ("何を聞けますか", "talk", "able", None),
    ("さようなら", "talk", "bye", None),
    ("この記事は何についてですか？", "summary", "whole", None),
    ("この記事は何について書かれていますか？", "summary", "whole", None),
    ("記事の内容を教えてください", "summary", "whole", None),
    ("要約して", "summary", "whole", None),
    ("この記事を要約してください。", "summary", "whole", None),
    ("3つのポイントで要約して", "summary", "whole", 3),
    ("一言でまとめて", "summary", "whole", 1),
    ("要点は？", "summary", "whole", None),
    ("要点を5つ挙げてください", "summary", "whole", 5),
    ("結論は何ですか？", "summary", "conclusion", None),
    ("この記事の結論を教えて", "summary", "conclusion", None),
    ("著者の主張は何ですか", "summary", "whole", None),
    ("主旨は？", "summary", "whole", None),
    ("どんな記事ですか？", "summary", "whole", None),
    ("誰が書きましたか", "details", "author", None),
    ("この記事を書いたのは誰ですか？", "details", "author", None),
    ("著者は誰？", "details", "author", None),
    ("筆者の名前を教えてください", "details", "author", None),
    ("いつ公開されましたか？", "details", "published", None),
    ("この記事はいつ書かれましたか", "details", "published", None),
    ("公開日は？", "details", "published", None),
    ("どこに掲載されましたか", "details", "where", None),
    ("出典は？", "details", "where", None),
    ("タイトルは何ですか", "details", "title", None),
    ("この記事の長さは？", "details", "length", None),
    ("何文字ありますか？", "details", "length", None),
    ("読むのに何分かかりますか", "details", "length", None),
    ("何語で書かれていますか？", "details", "language", None),
    ("日付をすべて挙げてください", "listing", "dates", None),
    ("日付を一覧にして", "listing", "dates", None),
    ("どんな日付が出てきますか", "listing", "dates", None),
    ("人名をリストアップして", "listing", "people", None),
    ("登場人物を教えてください", "listing", "people", None),
    ("国名をすべて挙げて", "listing", "countries", None),
    ("記事に出てくる国は？", "listing", "countries", None),
    ("数字を抜き出してください", "listing", "numbers", None),
    ("組織名を列挙してください", "listing", "organisations", None),
    ("引用を教えて", "listing", "quotes", None),
    ("見出しの一覧", "listing", "headings", None),
    ("地名を挙げてください", "listing", "places", None),
    ("2つの記事の共通点は何ですか", "beside", "common", None),
    ("2番目の記事で新しい点は何ですか", "beside", "new", None),
    ("二つの記事の違いは？", "beside", "different", None),
    ("この記事の言いたいことは何ですか", "summary", "whole", None),
    ("この記事は何につて書かれていますか", "summary", "whole", None),
    ("この記事では何が述べられていますか", "summary", "whole", None),
    ("URLを教えて", "details", "url", None),
]
LOOKED_UP = [
    "What is the article's view on nuclear power?",
    "when was the strategy published?",
    "How long is the bridge?",
    "Who wrote the report on floods?",
    "When was the report published?",
    "What is the title of the new act?",
    "What does the article say about the ferry?",
    "What does it say about taxes?",
    "What is the main argument of the minister?",
    "What is the conclusion of the commission?",
    "Which countries signed the agreement?",
    "What numbers did the minister give?",
    "How many people live there?",
    "How many people were killed?",
    "How many countries signed?",
    "What do people want?",
    "What do people need?",
    "What can people do?",
    "Who is the prime minister?",
    "What is the language of the law?",
    "What language do they write?",
    "What is the official language?",
    "How many languages are spoken?",
    "Where was the treaty signed?",
    "Where was he born?",
    "When was it founded?",
    "When was it built?",
    "How long did it take?",
    "How long did it last?",
    "What is the date of the election?",
    "What is the capital of Mongolia?",
    "Who is the author of the law?",
    "Who published the report on health?",
    "What is the name of the bridge?",
    "What is the name of the author's dog?",
    "List the members of the commission",
    "List the reasons for the reform",
    "List the rates",
    "List the counties",
    "List the quotas",
    "What are the dates of the festival?",
    "What are the main causes?",
    "What is the main cause of the flood?",
    "What is the summary of the law?",
    "Tell me about the bridge",
    "What is the key to success?",
    "Why was the article written?",
    "Why?",
    "When?",
    "What happened?",
    "What is new in the strategy?",
    "How does it work?",
    "Who said that?",
    "What did Page say?",
    "Who is Text?",
    "What year is it?",
    "What is the number of members?",
    "What is the length of the bridge?",
    "How long is the coastline?",
    "How many pages does the report have?",
    "Is this article about Brexit?",
    "What is the purpose of the law?",
    "What is the role of the press?",
    "Which newspaper broke the story?",
    "Where is the source of the river?",
    "When did it open?",
    "Who is it?",
    "Who are they?",
    "What is the price?",
    "Where do people live?",
    "What does the author like to eat?",
    "What is not mentioned?",
    "Good luck charms are sold where?",
    "What helps?",
    "Who helps people?",
    "What did they say?",
    "What groups are there?",
    "How many parts does the engine have?",
    "橋はいつ開通しましたか？",
    "戦略はいつ公開されましたか？",
    "この記事は原子力について何と言っていますか？",
    "日本の首都はどこですか？",
    "首相は誰ですか",
    "橋の長さは？",
    "報告書の著者は誰ですか",
    "内閣の結論は何ですか",
    "フェリーについて何と書かれていますか",
    "何人が死亡しましたか",
    "何人住んでいますか",
    "どの国が協定に署名しましたか",
    "情報を集める機関はどこですか",
    "条約の内容は何ですか",
    "選挙の日付はいつですか",
    "何年続きましたか",
    "なぜ連立は終わりましたか",
    "彼はどこで生まれましたか",
    "法律の目的は何ですか",
    "議長を務めたのは誰ですか",
    "公用語は何語ですか",
    "会社はいつ設立されましたか",
    "この法律の要点は何ですか",
    "川の長さはどのくらいですか",
    "大臣の主張は何ですか",
    "新しい法律の違いは何ですか",
    "いつですか",
    "なぜですか",
    "誰ですか",
    "どこですか",
    "何人ですか",
    "人口は何人ですか",
    "この会社の創業者は誰ですか",
    "国会はいつ開かれますか",
]


@pytest.mark.parametrize(("question", "kind", "asked", "count"), TAKEN)
def test_a_question_about_the_article_itself_is_told_by_its_words(
    question: str, kind: str, asked: str, count: int | None
) -> None:
    found = kind_of(question)
    assert found is not None
    assert (found.kind, found.asked, found.count) == (kind, asked, count)


@pytest.mark.parametrize("question", LOOKED_UP)
def test_a_question_that_names_anything_in_the_article_is_looked_up(question: str) -> None:
    assert kind_of(question) is None


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([question for question, *_ in TAKEN]), st.sampled_from(["Zorvex", "the ferry", "Elena Ruiz"]))
def test_one_thing_named_makes_any_question_a_look_up(question: str, named: str) -> None:
    assert kind_of(f"{question.rstrip('?？。.!！')} {named}?") is None


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=60))
def test_whatever_is_typed_it_is_read_without_an_error(typed: str) -> None:
    kind_of(typed)
    asked_about(typed)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_two_letters_that_changed_places_cost_nothing(data: st.DataObject) -> None:
    question = "what is this article about"
    word = data.draw(st.sampled_from(["what", "this", "article", "about"]))
    at = data.draw(st.integers(1, len(word) - 2))
    slip = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    found = kind_of(question.replace(word, slip))
    assert found is not None
    assert found.kind == "summary"


def test_an_ordinary_word_is_not_taken_for_a_slip() -> None:
    assert meant("artcle", {"article", "artist"}) == "article"
    assert kind_of("List the counties") is None
    assert kind_of("List the quotas") is None


def test_a_name_is_not_taken_for_a_slip() -> None:
    assert kind_of("what is this about") is not None
    assert kind_of("what is this Abouts") is None


def test_it_is_the_article_only_where_the_question_before_was_about_the_article() -> None:
    assert kind_of("Who wrote it?", after=["What is the lighthouse act?"]) is None
    assert kind_of("Who wrote it?", after=["What is this article about?"]) is not None
    assert kind_of("Who wrote this article?", after=["What is the lighthouse act?"]) is not None


def test_the_article_that_is_meant_is_told_by_its_place() -> None:
    second, newest, last = (
        kind_of(question)
        for question in ("Summarise the second article", "What is the newest article about?", "最後の記事を要約して")
    )
    assert second is not None
    assert newest is not None
    assert last is not None
    assert (second.which, newest.which, last.which) == (1, "newest", "last")


@pytest.mark.parametrize(
    ("question", "about"),
    [
        ("What does the article say about the ferry?", "the ferry"),
        ("what does it say about coal prices", "coal prices"),
        ("フェリーについて何と書かれていますか。", "フェリー"),
        ("What does the article say about it?", None),
        ("Who built the bridge?", None),
    ],
)
def test_what_the_article_says_about_something_is_looked_up_by_that(question: str, about: str | None) -> None:
    assert asked_about(question) == about
