"""The bytes of a text enter, its characters leave: by its mark, as UTF-8, as declared, or by what it would be.

A wrong guess is worse than none: each encoding is judged by the language its text would be in (kana for Japanese, the
most written characters for Chinese and Korean, letters inside words elsewhere), and where none convinces there is none.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Callable, Container, Iterable, Iterator

from index.text.language import detect_language

_SAMPLE = 50_000  # bytes judged
_CONVINCING = 0.35
# UTF-32 before UTF-16: its mark begins with the other's.
_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CHARSET = re.compile(
    rb"charset\s*=\s*[\"']?\s*([\w.:-]{2,40})|<\?xml[^>]{0,200}encoding\s*=\s*[\"']([\w.:-]{2,40})", re.IGNORECASE
)
# What is written under these names on the web is the larger set of the second name.
_LARGER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "tis-620": "cp874",
}
_SHIFTED = re.compile(rb"\x1b\$[@AB]|\x1b\$\([@BCD]|\x1b\([IJ]|\x1b\$\)C")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")
_HIGH = re.compile(rb"[\x80-\xff]")
_BEYOND = re.compile(r"[^\x00-\x7f]")

_SIMPLIFIED = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么"
    "去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又"
    "关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海"
    "通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管"
    "期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北"
    "边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运桥城河船岛夏春秋冬"
)
_TRADITIONAL = frozenset(
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成方多經麼"
    "去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實日軍者意無力它與長把機十民第公此已工使情明性知全三又"
    "關點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產或新己制身果加西斯月話合回特代內信表化老給世位次度門任常先海"
    "通教兒原東聲提立及比員解水名真論處走義各入幾口認條平系氣題活爾更別打女變四神總何電數安少報才結反受目太量再感建務做接必場件計管"
    "期市直德資命山金指克許統區保至隊形社便空決治展馬科司五基眼書非則聽白卻界達光放強即像難且權思王象完設式色路記南品住告類求據程北"
    "邊死張該交規萬取拉格望覺術領共確傳師觀清今切院讓識候帶導爭運橋城河船島夏春秋冬"
)
_SYLLABLES = frozenset(
    "이다는의에을가고하한지를은로리자기도서사나대인시어아일해수스그정부라과제전있들상만보원여성주장으공조신면구오안소선동경비것국게트중"
    "무유위개진적않없었했습니까요내네거때더문방학생말년월명계실연물분관결세회발단모치우간산양식예용입건재업행통화민당약영후품심교차터본"
    "급번종집체운향질남북음름점속열력름온왔되된려러며던같처많큰새물섬배마을다리"
)
_PUNCTUATION = frozenset("、。，．・：；？！「」『』（）【】〈〉《》“”‘’…—–～〜ー　·•«»€£©®°§¿¡№„‚™\u00a0")
_LATIN_LETTERS = frozenset("àâäáãåæçèéêëìíîïñòóôöõøœùúûüßÀÂÄÁÃÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÖÕØŒÙÚÛÜ")
_CENTRAL_LETTERS = frozenset("áâăäąćčçďđéęěëíîĺľłńňóôőöřŕşšśșţťțúůűüýžźżßÁÂĂÄĄĆČÇĎĐÉĘĚËÍÎĹĽŁŃŇÓÔŐÖŘŔŞŠŚȘŢŤȚÚŮŰÜÝŽŹŻ")
_TURKISH_LETTERS = frozenset("çğıöşüâîûÇĞİÖŞÜÂÎÛ")
_CENTRAL = frozenset({"cs", "pl", "hu", "sk", "sl", "hr", "bs", "ro", "sq"})
_WESTERN = frozenset({"ca", "da", "de", "en", "es", "fi", "fr", "gl", "is", "it", "nb", "nl", "no", "pt", "sv"})


def decode(data: bytes, *, declared: str | None = None) -> str | None:
    """Return the text in ``data``, None where it is none; ``declared`` is what came with it, as a response's charset.

    A few damaged bytes become U+FFFD; they do not change the reading of the rest.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    if _SHIFTED.search(data[:_SAMPLE]) and (text := _shifted(data)) is not None:
        return text
    controls = len(_CONTROL.findall(data[:_SAMPLE]))
    if controls and (text := _unmarked_utf16(data)) is not None:
        return text
    if b"\x00" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        text = _damaged_utf8(data) or _by_declaration(data, declared) or _unmarked_utf16(data) or _guessed(data)
    if text is None or len(_CONTROLS.findall(text)) * 100 > len(text):
        return None
    return text


def _shifted(data: bytes) -> str | None:
    """Return text of the ISO-2022 family, which switches between sets of characters with escape sequences."""
    for encoding in ("iso2022_kr",) if b"\x1b$)C" in data[:_SAMPLE] else ("iso2022_jp_2", "iso2022_jp_ext"):
        text = data.decode(encoding, errors="replace")
        if 50 * text.count("\ufffd") <= len(_BEYOND.findall(text)):
            return text
    return None


def _damaged_utf8(data: bytes) -> str | None:
    """Return UTF-8 text with a few wrong bytes replaced, None where the wrong ones are not few."""
    text = data.decode("utf-8", errors="replace")
    wrong = text.count("\ufffd")
    return text if len(_BEYOND.findall(text)) >= 10 * wrong else None


def _by_declaration(data: bytes, declared: str | None) -> str | None:
    found = _CHARSET.search(data[:4096])
    for name in (declared, (found[1] or found[2]).decode("ascii") if found else None):
        try:
            codec = codecs.lookup(name.strip("\"' ")) if name else None
            encoding = _LARGER.get(codec.name, codec.name) if codec else None
            text = data.decode(encoding) if encoding else None
        except (LookupError, UnicodeError, ValueError):  # ValueError: a NUL in the name
            continue
        # A server's "iso-8859-1" above a page in Japanese is a setting nobody changed.
        if text and encoding and (encoding in _EAST_ASIAN or _score(data, encoding) >= 0):
            return text
    return None


def _unmarked_utf16(data: bytes) -> str | None:
    if len(data) < 4:
        return None
    sample = data[: _SAMPLE & ~1]
    scores = {
        encoding: _mean(_utf16_weight(c) for c in sample[: len(sample) & ~1].decode(encoding, errors="replace"))
        for encoding in ("utf-16-le", "utf-16-be")
    }
    best = max(scores, key=lambda encoding: scores[encoding])
    return data.decode(best, errors="replace") if scores[best] >= 0.5 else None


def _utf16_weight(c: str) -> float:
    if c.isascii():
        return 1.0 if c.isprintable() or c in "\t\n\r" else -2.0
    if c in _PUNCTUATION or _is_kana(c) or c in _SIMPLIFIED or c in _TRADITIONAL or c in _SYLLABLES:
        return 1.0
    if "\u00c0" <= c <= "\u024f" or "\u0370" <= c <= "\u06ff":
        return 0.5
    # Any two bytes are a character of UTF-16, most often a Chinese one nobody writes.
    return 0.1 if "\u4e00" <= c <= "\u9fff" or "\uac00" <= c <= "\ud7a3" else -1.0


def _guessed(data: bytes) -> str | None:
    scores = {encoding: _score(data, encoding) for encoding in _CANDIDATES}
    best = max(scores, key=lambda encoding: scores[encoding])
    if scores[best] < _CONVINCING:
        return None
    if best in _LATIN:
        best = _by_language(data, {name: scores[name] for name in _LATIN})
    return data.decode(best, errors="replace")


def _by_language(data: bytes, scores: dict[str, float]) -> str:
    """Return which of several Latin encodings gives a language that is written in it; the western one in doubt."""
    close = sorted(scores, key=lambda name: -scores[name])  # ties: in the order of the table, the western one first
    for name in close:
        if scores[name] < scores[close[0]] - 0.25:
            break
        if detect_language(data[:_SAMPLE].decode(name, errors="replace")) in _LATIN[name][1]:
            return name
    return close[0]


def _score(data: bytes, encoding: str) -> float:
    """Return how much the text would be one, per character beyond ASCII: 1 for what is often written, below 0 for junk.

    0 for a text of ASCII alone.
    """
    first = _HIGH.search(data)
    # All before it is ASCII: no character is cut in two there.
    text = data[max(0, first.start() - 50 if first else 0) :][:_SAMPLE].decode(encoding, errors="replace")
    if encoding in _EAST_ASIAN:
        weigh = _EAST_ASIAN[encoding]
        return _mean(weigh(c) for c in text if not c.isascii())
    if encoding in _LATIN:
        letters = _LATIN[encoding][0]
        return _mean(_latin_weight(*around, letters) for around in _around(text))
    return _mean(_alphabet_weight(*around, _ALPHABETS.get(encoding, "")) for around in _around(text))


def _mean(weights: Iterable[float]) -> float:
    total, count = 0.0, 0
    for weight in weights:
        total, count = total + weight, count + 1
    return total / count if count else 0.0


def _around(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield each character beyond ASCII behind the one before it and ahead of the one after it."""
    for found in _BEYOND.finditer(text := f" {text} "):
        at = found.start()
        yield text[at - 1], text[at], text[at + 1]


def _latin_weight(before: str, c: str, after: str, letters: frozenset[str]) -> float:
    """Weigh an accented letter or a typographic mark by whether it stands among plain ones."""
    if not (before.isascii() or after.isascii() or (before in letters and after in letters)):
        return -0.5
    if c in _PUNCTUATION:
        if before.isalpha() and after.isalpha() and c not in "’–—":
            return -0.5
        return 0.9 if (before.isascii() or before in letters) and (after.isascii() or after in letters) else -0.3
    if c not in letters:
        return -1.0 if c == "\ufffd" or (before.isalpha() and after.isalpha()) else -0.5
    if c.isupper() and before.islower():
        return -1.0
    return 0.9 if before.isalpha() or after.isalpha() else 0.5


def _alphabet_weight(before: str, c: str, after: str, common: str) -> float:
    """Weigh a letter of another alphabet by its neighbours, its case and how often it is written."""
    if c in _PUNCTUATION:
        return 0.5 if before.isascii() or after.isascii() else -0.3
    if not (c.isalpha() or unicodedata.combining(c)) or "LATIN" in unicodedata.name(c, "LATIN"):
        return -1.0
    if (before.isascii() and before.isalpha()) or (after.isascii() and after.isalpha()):
        return -0.5
    if c.isupper():
        return -1.0 if before.islower() else 0.1 if before.isupper() else 0.5
    return 1.0 if c in common else 0.5


def _is_kana(c: str) -> bool:
    return "\u3041" <= c <= "\u30ff"


def _east_asian(common: Container[str], known: str, *, kana: bool = False) -> Callable[[str], float]:
    """Return what weighs a character: of the most written, of the ``known`` first level of its standard, or neither."""
    first_level = frozenset(known)

    def weigh(c: str) -> float:
        if kana and _is_kana(c):
            return 1.0
        if c in common:
            return 1.0
        if c in _PUNCTUATION or "\uff01" <= c <= "\uff5e":
            return 0.6
        if c in first_level:
            return 0.45
        if "\uff61" <= c <= "\uff9f":
            return 0.0
        return -1.0 if c == "\ufffd" or "\ue000" <= c <= "\uf8ff" else -0.4

    return weigh


def _table(encoding: str, rows: range, cells: range) -> str:
    return "".join(bytes([row, cell]).decode(encoding, errors="ignore") for row in rows for cell in cells)


_HIGH_CELLS = range(0xA1, 0xFF)
_EAST_ASIAN = {
    "cp932": _east_asian("", _table("euc_jp", range(0xB0, 0xD0), _HIGH_CELLS), kana=True),
    "euc_jp": _east_asian("", _table("euc_jp", range(0xB0, 0xD0), _HIGH_CELLS), kana=True),
    "gb18030": _east_asian(_SIMPLIFIED, _table("gb2312", range(0xB0, 0xD8), _HIGH_CELLS)),
    "big5hkscs": _east_asian(_TRADITIONAL, _table("big5", range(0xA4, 0xC7), range(0x40, 0xFF))),
    "cp949": _east_asian(_SYLLABLES, _table("euc_kr", range(0xB0, 0xC9), _HIGH_CELLS)),
}
_LATIN = {
    "cp1252": (_LATIN_LETTERS, _WESTERN),
    "cp1250": (_CENTRAL_LETTERS, _CENTRAL),
    "iso8859_2": (_CENTRAL_LETTERS, _CENTRAL),
    "cp1254": (_TURKISH_LETTERS, frozenset({"tr", "az"})),
    "mac_roman": (_LATIN_LETTERS, _WESTERN),
}
_ALPHABETS = {
    "cp1251": "оеаинтсрвлкмдпуіў",
    "koi8_r": "оеаинтсрвлкмдпу",
    "cp1253": "αοιετσνηυρπκλάίό",
    "cp1255": "יוהלאמתרבש",
    "cp1256": "اليمونترهبةعد",
    "cp874": "านรอกเงมยลวดทสต่้",
}
_CANDIDATES = (*_EAST_ASIAN, *_LATIN, *_ALPHABETS)
