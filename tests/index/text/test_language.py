import pytest

from index.text.language import detect_language, script_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The bridge was opened in the summer, and the town came to see it.", "en"),
        ("Die Brücke wurde im Sommer eröffnet, und die ganze Stadt kam, um sie zu sehen.", "de"),
        ("Le pont fut ouvert en été, et toute la ville est venue le voir.", "fr"),
        ("橋は夏に開通し、町中の人が見に来た。", "ja"),
        ("这座桥在夏天开通，全城的人都来看。", "zh"),
        ("다리는 여름에 개통되었고 온 마을이 보러 왔다.", "ko"),
        ("Мост открыли летом, и весь город пришёл посмотреть на него.", "ru"),
        ("Міст відкрили влітку, і все місто прийшло подивитися на нього.", "uk"),
        ("افتتح الجسر في الصيف وجاءت المدينة كلها لرؤيته.", "ar"),
    ],
)
def test_an_article_is_known_by_its_language(text, language):
    assert detect_language(text) == language


@pytest.mark.parametrize("text", ["", "   \n", "1234 – 5678", "🙂🙂", "Hello", "Zzyzx"])
def test_a_text_that_does_not_tell_its_language_is_taken_for_english(text):
    assert detect_language(text) == "en"


def test_one_foreign_line_does_not_change_the_language_of_an_article():
    english = "The bridge was opened in the summer, and the town came to see it. " * 3
    assert detect_language("日本語で読む\n" + english) == "en"


def test_a_stray_kana_does_not_make_a_chinese_article_japanese():
    chinese = "这座桥在夏天开通，全城的人都来看。" * 10
    assert detect_language(chinese + "優の良品") == "zh"


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("橋はいつ開通しましたか。", "ja"),
        ("Super Bowl 50 の勝者は？", "ja"),
        ("桥什么时候开通？", "zh"),
        ("다리는 언제 개통되었나요?", "ko"),
        ("Когда открыли мост?", "ru"),
        ("متى افتتح الجسر؟", "ar"),
        ("When was the bridge opened?", None),
        ("Wann wurde die Brücke eröffnet?", None),
        ("What does 橋 mean in this name?", None),
        ("", None),
        ("?!", None),
    ],
)
def test_the_script_of_a_question_tells_its_language_and_latin_script_does_not(question, language):
    assert script_language(question) == language


def test_detection_is_the_same_every_time():
    text = "Il ponte fu aperto in estate e tutta la città venne a vederlo."
    assert {detect_language(text) for _ in range(5)} == {"it"}
