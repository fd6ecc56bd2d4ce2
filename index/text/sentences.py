"""A Document enters, its sentences leave with exact offsets: the units of citation, each within one block.

`sentencex` finds the sentences of most languages; its mistakes met on real articles are mended here. Thai and Lao,
which have no full stops, are parted at spaces. Chinese and Japanese are split by a rule of our own: on 17,000
sentences of Japanese articles sentencex missed one end in ten (every one before a digit), ended sentences inside
brackets, and took time in the square of a paragraph full of quotations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from index.types import Block, Document, Sentence

_Span = tuple[int, int]

_UNSPACED = frozenset({"ja", "zh"})
_SPACE_ENDS = frozenset({"th", "lo"})
# sentencex takes time in the square of the quotations it is handed at once, so it is handed this many characters.
_WINDOW, _WIDEST = 4_000, 16_000
_QUOTATION = 300  # characters of a bracketed Japanese passage kept whole; a longer one is cut at its own sentences
_LONG = 240  # characters of a sentence that is looked at again for ends sentencex missed inside quotation marks

_BRACKETS = {
    "「": "」",
    "『": "』",
    "（": "）",
    "(": ")",
    "【": "】",
    "〈": "〉",
    "《": "》",
    "“": "”",
    "［": "］",
    "〔": "〕",
}
_CLOSING = "」』）)】〉》”’\"'］〕"
_CJK = "\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_CJK_END = re.compile(rf"(?:[。！？｡]|(?<=[{_CJK}])[．!?]|(?<=[a-z]{{2}})[.!?](?= +[A-Z]))[。！？｡!?]*")
# What goes on after a quoted sentence: 「…。」と述べた. The words excluded begin a new sentence.
_GOES_ON = re.compile(
    r"[、，,・：:]|と(?!ころ|もに)|っ|は(?!い|じ)|が(?!、)|を|に(?!も)|の(?!ち)|も(?!ち|っと|し)|で(?!す|も|は)|や(?!が)|へ|から|まで|より"
    r"|など|なる|なの|だ(?!が|か)|ら"
)

_SPACE = re.compile(r"(?<=[^\s.\d])\s+(?=[^\W\d])(?!\S{1,8}\.)")
_MISSED_STOP = re.compile("[។៕།༎]+")  # Khmer's and Tibetan's, which sentencex does not know
_CLAUSE = 30  # characters of a Thai or Lao clause that may stand alone

_TITLE_BEFORE_NAME = re.compile(
    r"(?:^|[\s(\"“‘])(?:Mr|Mrs|Ms|Mx|Dr|Prof|Gen|Sen|Rep|Gov|Lt|Col|Capt|Sgt|Cpl|Adm|Cmdr|Rev|Hon|St|Pres|Supt|Messrs"
    r"|Ph|vs|cf|e\.g|i\.e|approx|[Ff]igs?|[Nn]os?(?=\.\s*\d)|[Vv]ol|pp)\.$"
)
_NUMBER_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"“])(?:Nos?|Art|Sec|Vol|Ch|Figs?|pp?|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.$"
)
_ENUMERATOR = re.compile(r"[(\[]?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[.)]|[-*•‣–—・!¡¿]+")
_LOWER_WORD = re.compile(r"[a-zß-öø-ÿ]{2}|[a-z] ")
# Belongs to the sentence before: closing marks, and the notes [9] and [citation needed].
_BELONGS_BEFORE = re.compile(r"(?:[\"”’'»」』)\]]+(?=\s|$)|\s*\[(?:\d{1,3}|[a-z]|note \d+|citation needed)\])+")
_MISSED_AFTER_BRACKET = re.compile(r"(?<=[a-z\d][.!?][)\]])\s+(?=[\"“‘(]?[A-Z])")
_MISSED_IN_QUOTE = re.compile(r"(?:(?<=[a-z\d)%]{3}[.!?])|(?<=[a-z\d)%]{3}[.!?][\"”’']))\s+(?=[\"“‘(]*[A-Z])")


def sentences(document: Document, *, headings: bool = False) -> tuple[Sentence, ...]:
    """Return the sentences of a document in order; together they hold every character of its blocks but white space.

    A heading is one sentence, returned only with ``headings``, or where the document has nothing but headings.
    """
    headings = headings or all(block.kind == "heading" for block in document.blocks)
    found: list[Sentence] = []
    for block in document.blocks:
        if block.kind == "paragraph" or headings:
            found.extend(block_sentences(document, block))
    return tuple(found)


def block_sentences(document: Document, block: Block) -> tuple[Sentence, ...]:
    """Return the sentences of one block of ``document``; a heading is one sentence."""
    text = document.text[block.start : block.end]
    spans = [(0, len(text))] if block.kind == "heading" else split_sentences(text, document.language)
    return tuple(Sentence(block.start + start, block.start + end, text[start:end]) for start, end in spans)


def split_sentences(text: str, language: str) -> list[tuple[int, int]]:
    """Return the sentences of ``text`` as (start, end), in order, trimmed, none empty; a line end always ends one.

    ``language`` is ISO 639-1; one that nobody knows rules for is split as English is.
    """
    spans: list[_Span] = []
    for line in re.finditer(r"[^\n]+", text):
        ends: Iterable[int]
        if language in _UNSPACED:
            ends = _ends_unspaced(line[0])
        elif language in _SPACE_ENDS:
            ends = _ends_at_spaces(line[0])
        elif _MISSED_STOP.search(line[0]):
            ends = (stop.end() for stop in _MISSED_STOP.finditer(line[0]))
        else:
            ends = _ends(line[0], language)
        start = 0
        for end in [*ends, len(line[0])]:
            piece = line[0][start:end]
            if trimmed := piece.strip():
                first = line.start() + start + len(piece) - len(piece.lstrip())
                spans.append((first, first + len(trimmed)))
            start = end
    return spans


def _ends_unspaced(text: str) -> Iterator[int]:
    """Yield where sentences of Chinese or Japanese end: at a full stop outside brackets, closing marks included."""
    inside = _bracketed(text)
    position = 0
    while found := _CJK_END.search(text, position):
        position = found.end()
        while position < len(text) and (text[position] in _CLOSING or _CJK_END.match(text, position)):
            position += 1
        asks = found[0][-1] not in "。｡．"  # "けいおん!のテーマ": a name may hold the mark
        quoted = position > found.end()
        if position >= len(text) or inside[position - 1]:
            continue
        if not ((asks or quoted) and _GOES_ON.match(text, position)):
            yield position


def _ends_at_spaces(text: str) -> Iterator[int]:
    """Yield where a Thai or Lao text may be parted: it has no full stops, and a space between clauses and sentences.

    Short clauses stay together, a number stays with what it counts, and an abbreviation with what stands around.
    """
    start = 0
    for space in _SPACE.finditer(text):
        if space.start() - start >= _CLAUSE and len(text) - space.end() >= _CLAUSE:
            yield space.end()
            start = space.end()


def _bracketed(text: str) -> bytearray:
    """Return 1 for each character in a pair of brackets at most `_QUOTATION` apart, the closing one excluded."""
    inside = bytearray(len(text))
    opened: list[tuple[str, int]] = []
    for i, character in enumerate(text):
        if character in _BRACKETS:
            opened.append((_BRACKETS[character], i))
        elif opened and character == opened[-1][0]:
            start = opened.pop()[1]
            if i - start <= _QUOTATION and not (opened and i - opened[0][1] <= _QUOTATION):
                inside[start:i] = b"\x01" * (i - start)
        elif opened and i - opened[0][1] > _QUOTATION:
            opened = [(closing, at) for closing, at in opened if i - at <= _QUOTATION]  # never closed, or too long
    return inside


def _ends(text: str, language: str) -> list[int]:
    """Return where sentences end, by sentencex, its ends mended."""
    ends: list[int] = []
    start = 0
    for end in [*_raw_ends(text, language), len(text)]:
        last = end
        while last and text[last - 1].isspace():  # no slice: a line may have a hundred thousand sentences
            last -= 1
        if belongs := _BELONGS_BEFORE.match(text, last) or _BELONGS_BEFORE.match(text, end):
            end = max(end, belongs.end())
        if end <= start or (end < len(text) and _is_false_end(text[start:end].strip(), text[end : end + 40].lstrip())):
            continue
        ends.extend(_missed_ends(text, start, end))
        ends.append(end)
        start = end
    return ends


def _raw_ends(text: str, language: str) -> Iterator[int]:
    # Imported here: a compiled module that only reading an article needs.
    from sentencex import segment

    start, size = 0, _WINDOW
    while start < len(text):
        window = text[start : start + size]
        pieces = segment(language, window)
        last = start + size >= len(text)
        if not last and len(pieces) < 2 and size < _WIDEST:
            size *= 2
            continue
        # The last sentence of a window may go on behind it: it is read again with what follows.
        complete = pieces if last else pieces[:-1] or [window[: window.rfind(" ") + 1] or window]
        at = 0
        for piece in complete:
            found = window.find(piece, at)
            at = found + len(piece) if found >= 0 else at
            yield start + at
        start, size = start + (at or len(window)), _WINDOW


def _is_false_end(sentence: str, following: str) -> bool:
    """Say whether ``sentence`` only seemed to end: an abbreviation, a list number, or small letters after it."""
    if _ENUMERATOR.fullmatch(sentence) or _TITLE_BEFORE_NAME.search(sentence):
        return True
    if following[:1].isdigit() and _NUMBER_ABBREVIATION.search(sentence):
        return True
    return bool(_LOWER_WORD.match(following)) and len(sentence) < 2 * _LONG and not sentence.endswith(("…", "..."))


def _missed_ends(text: str, start: int, end: int) -> list[int]:
    """Return ends inside one sentence of sentencex that it keeps whole for its brackets or quotation marks."""
    patterns = [_MISSED_AFTER_BRACKET, *([_MISSED_IN_QUOTE] if end - start > _LONG else [])]
    found = {match.end() for pattern in patterns for match in pattern.finditer(text, start, end)}
    return sorted(position for position in found if start < position < end)
