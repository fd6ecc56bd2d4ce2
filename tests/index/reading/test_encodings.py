"""A text is read in the encoding it was written in, also a short one, or refused: never as other words."""

import time

import pytest

from index.errors import LoadError
from index.reading.decode import decode
from index.reading.load import load_bytes

TEXTS = {
    "ja": [
        "島へ渡る船は毎朝七時に港を出て、潮が許せば夕方に戻ってきた。",
        "橋は長い。",
        "日本の首都は東京です",
        "東京タワー",
    ],
    "zh": ["这座桥在夏天开通，全城的人都来看。", "北京是中国的首都", "你好，世界"],
    "zh-tw": ["這座橋在夏天開通，全城的人都來看。", "台北是台灣的首都", "你好，世界"],
    "ko": ["다리는 여름에 개통되었고 온 마을이 보러 왔다.", "서울은 한국의 수도", "안녕하세요"],
    "ru": ["Мост открыли летом, и весь город пришёл посмотреть на него.", "Привет, мир!", "Москва"],
    "fr": ["Le pont fut ouvert en été, et toute la ville est venue le voir à midi.", "Il a été déçu", "C’est l’été"],
    "de": ["Die Brücke wurde im Sommer eröffnet", "„Grüße“, sagte er"],
    "en": ["It’s a “test” – of sorts", "The café opened in 1931."],
    "cs": ["Příliš žluťoučký kůň úpěl ďábelské ódy, a celé město se přišlo podívat na most."],
    "pl": ["Most otwarto latem i całe miasto przyszło go zobaczyć, choć padał deszcz; było dużo ludzi."],
    "tr": ["Köprü yazın açıldı ve bütün şehir onu görmeye geldi; yağmur yağıyordu ama kimse üşümedi."],
    "el": ["Η γέφυρα άνοιξε το καλοκαίρι και όλη η πόλη ήρθε να τη δει."],
}
WIDE = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]
ENCODINGS = {
    "ja": ["shift_jis", "cp932", "euc_jp", "iso2022_jp"],
    "zh": ["gb2312", "gbk", "gb18030"],
    "zh-tw": ["big5", "cp950", "gb18030"],
    "ko": ["euc_kr", "cp949", "iso2022_kr"],
    "ru": ["cp1251", "koi8_r"],
    "fr": ["cp1252", "latin-1", "mac_roman"],
    "de": ["cp1252", "mac_roman"],
    "en": ["cp1252"],
    "cs": ["cp1250", "iso8859_2"],
    "pl": ["cp1250", "iso8859_2"],
    "tr": ["cp1254"],
    "el": ["cp1253"],
}


def writable(text, encoding):
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


CASES = [
    (encoding, text)
    for language, texts in TEXTS.items()
    for encoding in [*ENCODINGS[language], *WIDE]
    for text in texts
    if writable(text, encoding)
]


@pytest.mark.parametrize(("encoding", "text"), CASES)
def test_a_text_is_read_as_it_was_written_short_or_long(encoding, text):
    assert decode(text.encode(encoding)) == text
    long = f"{text}\r\n" * 40
    assert decode(long.encode(encoding)) == long


@pytest.mark.parametrize("encoding", ["shift_jis", "euc_jp", "iso2022_jp", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("suffix", [".txt", ".md", ".html", ""])
def test_every_text_format_is_read_in_every_japanese_encoding(encoding, suffix):
    text = "島へ渡る船は毎朝七時に港を出て、潮が許せば夕方に戻ってきた。"
    source = f"<html><body><p>{text}</p></body></html>" if suffix == ".html" else text
    assert load_bytes(source.encode(encoding), name=f"a{suffix}").text == text


@pytest.mark.parametrize("encoding", ["shift_jis", "gb18030", "big5", "euc_kr", "cp1251", "cp1252"])
def test_words_in_ascii_around_a_few_others_do_not_change_their_reading(encoding):
    language = next(language for language, names in ENCODINGS.items() if encoding in names)
    text = "The name on the old quay, cut in stone, can be read to this day: " * 30 + TEXTS[language][0]
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", ["shift_jis", "euc_jp", "gb18030", "cp1252", "utf-8"])
def test_a_few_damaged_bytes_do_not_change_the_reading_of_the_rest(encoding):
    text = TEXTS["fr" if encoding == "cp1252" else "ja" if encoding != "gb18030" else "zh"][0] * 20
    read = decode(text.encode(encoding) + b"\xff" + b" end.")
    assert read is not None
    assert read.startswith(text)


@pytest.mark.parametrize(
    ("media_type", "encoding"),
    [
        ("text/html; charset=Shift_JIS", "shift_jis"),
        ('text/html;charset="gb2312"', "gb18030"),
    ],
)
def test_the_charset_of_a_response_is_heeded(media_type, encoding):
    page = "<html><body><p>東京</p></body></html>"
    assert load_bytes(page.encode(encoding), name="page", media_type=media_type).text == "東京"


def test_a_charset_that_cannot_be_right_is_not_believed():
    text = "島へ渡る船は毎朝七時に港を出て、潮が許せば夕方に戻ってきた。"
    for declared in ("iso-8859-1", "windows-1252", "us-ascii", "no-such", "utf-8", "\x00", "rot13", "idna", "zip"):
        # What the response says and what the page says, the same.
        named = declared.strip("\x00")
        page = f"<html><head><meta charset='{named}'></head><body><p>{text}</p></body></html>"
        data = page.encode("shift_jis")
        assert load_bytes(data, name="a.html", media_type=f"text/html; charset={declared}").text == text


@pytest.mark.parametrize(
    "data",
    [
        bytes(range(256)) * 8,
        bytes(range(1, 256)) * 8,
        b"abc\x00def",
        b"\x00\x01\x02\x03" * 50,
        b"\x93\x8f\x02\x9c\xff\xfe\xfd" * 30,
    ],
)
def test_bytes_of_no_text_are_refused(data):
    assert decode(data) is None
    with pytest.raises(LoadError, match=r"^Found a binary file at a\.txt; expected"):
        load_bytes(data, name="a.txt")


def test_a_long_text_of_an_old_encoding_is_read_in_seconds():
    text = "島へ渡る船は毎朝七時に港を出て、潮が許せば夕方に戻ってきた。" * 80_000
    started = time.perf_counter()
    assert decode(text.encode("shift_jis")) == text
    assert time.perf_counter() - started < 5
