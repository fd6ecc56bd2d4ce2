"""An article enters, a few questions to begin with leave: its author's own, or what its headings and names suggest."""

from __future__ import annotations

import re
from collections import Counter

from index.types import Document

MOST = 4
_ABOUT = {
    "en": "What does the article say about {}?",
    "ja": "{}について何と書かれていますか。",
    "zh": "文章中关于{}说了什么？",
    "ko": "기사에서 {}에 대해 무엇이라고 하나요?",
    "de": "Was sagt der Artikel über {}?",
    "fr": "Que dit l’article au sujet de {} ?",
    "es": "¿Qué dice el artículo sobre {}?",
}
_LONGEST_SUBJECT = 60
# A heading's own number, and headings that every paper has: neither says what an article is about.
_NUMBERED = re.compile(
    r"^(?:(?:\d{1,2}|[IVX]+)(?:\.\d{1,2})*[.):．、]|\d{1,2}(?:\.\d{1,2})+|第[0-9一二三四五六七八九十百]+[章節部回])\s*(?=\D)"
)
_STOCK = frozenset(
    """
abstract|acknowledgements|acknowledgments|appendix|bibliography|conclusion|conclusions|contents|discussion|foreword|index
further reading|introduction|methods|notes|preface|references|results|see also|sources|summary|table of contents
はじめに|おわりに|まとめ|参考文献|目次|序文|序章|結論|概要|注|脚注
""".strip()
    .replace("\n", "|")
    .split("|")
)
_ADDRESS = re.compile(r"@|://|www\.|\b\w+ at \w+\.\w")
# The English article that begins a heading stands within a sentence here.
_ARTICLE = re.compile(r"^(?:The|An?) (?=[a-z])")
# Two or more words with capitals, joined by the small ones that names hold; or a run of katakana or Han.
_NAME = re.compile(
    r"\b[A-ZÀ-Þ][\w’'-]+(?: (?:of|the|and|for|de|la|du|des|der|von) (?=[A-ZÀ-Þ])| )(?:[A-ZÀ-Þ][\w’'-]+ ?)+"
    r"|[\u30a1-\u30fa][\u30a1-\u30fa・ー]{3,}|[\u4e00-\u9fff]{4,10}"
)


def starters(document: Document) -> tuple[str, ...]:
    """Return up to four questions, in the article's language; none where nothing in it suggests one."""
    if document.questions:
        return document.questions[:MOST]
    about = _ABOUT.get(document.language, _ABOUT["en"])
    subjects = _subjects(document)[:MOST]
    if document.language == "en":
        subjects = [_ARTICLE.sub(lambda word: word[0].lower(), subject) for subject in subjects]
    return tuple(about.format(subject) for subject in subjects)


def _subjects(document: Document) -> list[str]:
    """Return what the article is about: its headings, then the names it says most often; no name twice."""
    headings = [document.text[block.start : block.end] for block in document.blocks if block.kind == "heading"]
    named = Counter(match[0].strip() for match in _NAME.finditer(document.text))
    often = sorted((name for name, count in named.items() if count > 1), key=lambda name: (-named[name], name))
    subjects = [_NUMBERED.sub("", subject).strip(" .:：。") for subject in (*headings, *often)]
    return [subject for subject in dict.fromkeys(subjects) if subject != document.title and _is_subject(subject)]


def _is_subject(text: str) -> bool:
    """Tell whether something can be asked about; a heading that asks something itself is no subject."""
    told = text.casefold()
    return (
        1 < len(text) <= _LONGEST_SUBJECT
        and text[-1] not in "?？!！"
        and told not in _STOCK
        and not _ADDRESS.search(told)
    )
