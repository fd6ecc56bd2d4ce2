"""A statement and the sentence it rests on enter; whether the one affirms what the other denies leaves.

Each language that is known says no in its own words. Of another one nothing but a quote can be trusted: see ``knows``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from index.text.words import CJK

_EN = (
    r"\b(?:not(?!\s+only\b)|no|never|none|nor|neither|cannot|nobody|nothing|nowhere|hardly|barely|rarely|seldom|"
    r"lack(?:s|ed|ing)?|fail(?:s|ed)? to|unable|unlikely|refus\w+|den(?:y|ies|ied)|reject\w*|doubt\w*|unprecedented|"
    r"yet to|far from|instead of|rather than)\b|n[’']t\b"
)
# Words that deny whatever stands around them in their clause.
_DENIALS = {
    "en": _EN,
    "de": r"\b(?:nicht(?!\s+nur\b)|nichts|kein\w*|nie|niemals|niemand\w*|nirgend\w*|weder|keineswegs|kaum|verweiger\w+|"
    r"abgelehnt\w*|ablehn\w+|lehn\w+|bestreit\w+|bestritt\w*|untersag\w+|verboten\w*|verbiet\w+|unmöglich)\b",
    "fr": r"\b(?:ne|pas(?!\s+seulement\b)|jamais|aucun\w*|rien|ni|nul|nulle|non|refus\w+|interdi\w+|"
    r"impossible)\b|\bn['’]",
    "es": r"\b(?:no(?!\s+s[oó]lo\b)|nunca|jamás|ningun\w*|ningún|nada|nadie|tampoco|ni|negó|negaron|niega\w*|rechaz\w+|"
    r"prohib\w+|prohíb\w+|imposible)\b",
    "it": r"\b(?:non(?!\s+solo\b)|nessun\w*|mai|niente|nulla|né|neppure|neanche|nemmeno|rifiut\w+|viet\w+|proib\w+|"
    r"impossibil\w+|negò|nega|negano|negato)\b",
    "pt": r"\b(?:não(?!\s+só\b)|nunca|jamais|nenhum\w*|ninguém|nada|nem|tampouco|recus\w+|proib\w+|negou|negaram|"
    r"impossív\w+)\b",
    "nl": r"\b(?:niet(?!\s+alleen\b)|geen|nooit|niemand|niets|noch|nergens|weiger\w+|geweigerd|verbied\w+|verbood|"
    r"verboden|onmogelijk)\b",
    "ru": r"\b(?:не(?!\s+только\b)|нет|ни|никогда|никто|никого|никому|никак\w*|ничего|ничто|нельзя|невозможно|"
    r"запре[тщ]\w+|отказ\w+|отриц\w+|отверг\w+)\b",
    "uk": r"\b(?:не(?!\s+(?:тільки|лише)\b)|немає|нема|ні|ані|ніколи|ніхто|нікого|нічого|жодн\w+|неможливо|заборон\w+|"
    r"відмов\w+|заперечу\w+)\b",
    "pl": r"\b(?:nie(?!\s+tylko\b)|nigdy|żaden|żadn\w+|nikt|nikogo|nic|ani|odm[óa]w\w+|zakaz\w+|niemożliw\w+)\b",
    "sv": r"\b(?:inte(?!\s+bara\b)|icke|ej|ingen|inget|inga|ingenting|aldrig|varken|förbj\w+|förbud\w*|vägra\w*|"
    r"omöjlig\w*)\b",
    "da": r"\b(?:ikke(?!\s+kun\b)|ingen|intet|ingenting|aldrig|hverken|nægt\w+|forbud\w*|forb[yø]d\w*|umulig\w*)\b",
    "nb": r"\b(?:ikke(?!\s+bare\b)|ikkje|ingen|inget|intet|ingenting|aldri|verken|nekt\w+|forbud\w*|forb[yøu]d\w*|"
    r"umulig\w*)\b",
    "ja": r"(?<![少危])ない|なかっ|(?<![少危])なく|ません|ぬ(?=[。、]|$)|ず(?=[、。に]|$)|いいえ|不可能|無い|無く|"
    r"禁止|拒否|拒ん",
    "zh": r"没|沒|未(?![来來婚])|不(?![过過仅僅但久同断斷少论論管锈鏽])|无(?![论线数锡])|無(?![論線數錫])|并非|並非|"
    r"(?<![除是])非(?![常洲])|勿|拒绝|拒絕|否认|否認|禁止",
    "ko": r"않|못(?=[하했한할해\s])|아니(?!라)|없|(?:^|\s)안\s|금지|거부",
}
_DENIALS |= {"no": _DENIALS["nb"], "nn": _DENIALS["nb"]}
# Words that deny what follows them alone: a ferry "sailed without lights", but it sailed.
_WITHOUT = {
    "en": "without", "de": "ohne", "fr": "sans", "es": "sin", "it": "senza", "pt": "sem", "nl": "zonder", "ru": "без",
    "uk": "без", "pl": "bez", "sv": "utan", "da": "uden", "nb": "uten", "no": "uten", "nn": "utan",
}  # fmt: skip
_ANY_DENIAL = {
    language: re.compile(f"{pattern}|\\b{_WITHOUT[language]}\\b" if language in _WITHOUT else pattern, re.IGNORECASE)
    for language, pattern in _DENIALS.items()
}
_WHOLE_DENIAL = {language: re.compile(pattern, re.IGNORECASE) for language, pattern in _DENIALS.items()}
_DENIED_LAST = frozenset({"ja", "ko"})
"""Languages in which the denial ends the clause: no word follows it that it could deny."""
_LAST_WORD_JA = re.compile(r"[\u3400-\u9fffァ-ヺー]{2,}(?=[ぁ-ん]{0,6}$)")

_LEADING_REPLY = re.compile(
    r"^(?:yes|no|indeed|correct|ja|nein|oui|non|sí|no|sì|sim|não|nee|да|нет|так|ні|はい|いいえ|是的|不是|네|예|아니요)"
    r"\s*[,.、。，]\s*",
    re.IGNORECASE,
)
_MARKS = rf"[,;:()—–、，；：]|\s-\s|(?<=[{CJK}])が、|지만\s|(?<=[가-힣])[나며]\s"
_TURNS = {
    "en": "but|yet|however|although|though|while|whereas|because|so that|which|who",
    "de": "aber|sondern|obwohl|weil|während",
    "fr": "mais|car|parce que|bien que|tandis que|alors que",
    "es": "pero|sino|porque|aunque|mientras",
    "it": "ma|però|perché|sebbene|mentre",
    "pt": "mas|porque|embora|enquanto",
    "nl": "maar|omdat|hoewel|terwijl",
    "ru": "но|а|хотя|потому что|поскольку",
    "uk": "але|а|хоча|тому що|оскільки",
    "pl": "ale|lecz|a|choć|chociaż|ponieważ|bo",
    "sv": "men|eftersom|medan",
    "da": "men|fordi|mens",
    "nb": "men|fordi|mens",
}
_CLAUSES = {
    language: re.compile(rf"{_MARKS}|\b(?:{words})\b", re.IGNORECASE) for language, words in _TURNS.items()
} | dict.fromkeys(["ja", "zh", "ko"], re.compile(_MARKS))
_KANA, _HAN, _HANGUL = re.compile("[ぁ-んァ-ヺ]"), re.compile("[\u3400-\u9fff]"), re.compile("[가-힣]")
_CYRILLIC = re.compile("[\u0400-\u04ff]")

Terms = Callable[[str], list[str]]
"""The words of a text that carry meaning, in the article's language."""


def knows(language: str) -> bool:
    """Tell whether denials are known in a language; where they are not, a statement must be a quote."""
    return language in _DENIALS


def is_negated(text: str, language: str = "en") -> bool:
    """Return whether a statement or clause denies something (a leading "Yes," or "No," is a reply, not a denial)."""
    pattern = _ANY_DENIAL.get(_spoken(text, language))
    return bool(pattern and pattern.search(without_reply(text)))


def without_reply(text: str) -> str:
    """Return a statement without a leading "Yes," or "No,"."""
    return _LEADING_REPLY.sub("", text)


def clauses(text: str, language: str = "en") -> list[str]:
    """Return the clauses of a sentence, split at punctuation and at the words that join or turn a thought."""
    pattern = _CLAUSES.get(_spoken(text, language), _CLAUSES["en"])
    return [part.strip() for part in pattern.split(text) if part and part.strip()]


def contradicts(statement: str, sentence: str, language: str, terms: Terms) -> bool:
    """Tell whether a statement affirms what a sentence denies, or denies what it affirms, clause by clause.

    Each clause of the statement is held against the clause of the sentence that shares most words with it.
    """
    said = [(clause, set(terms(clause))) for clause in clauses(sentence, language)] or [
        (sentence, set(terms(sentence)))
    ]
    denied = [is_negated(clause, language) for clause, _ in said]
    for part in clauses(statement, language) or [statement]:
        wanted = set(terms(part))
        shares = [len(wanted & words) for _, words in said]
        nearest = [i for i, share in enumerate(shares) if share == max(shares) and share] or list(range(len(said)))
        if is_negated(part, language):
            # "It did not, in the fog, sail": the clause with the "not" breaks off.
            broken = any(denied[i] and not _denied_words(clause, language, terms) for i, (clause, _) in enumerate(said))
            if not any(denied[i] for i in nearest) and not (broken and language not in _DENIED_LAST):
                return True
        elif all(_denied_whole(said[i][0], language) for i in nearest) or _affirms_denied(
            wanted, said, language, terms
        ):
            return True
    return False


def _affirms_denied(wanted: set[str], said: list[tuple[str, set[str]]], language: str, terms: Terms) -> bool:
    """Tell whether a word of what is affirmed stands behind a denial alone, and nowhere else in the sentence."""
    held: set[str] = set()
    denied: set[str] = set()
    for clause, words in said:
        behind = _denied_words(clause, language, terms) if is_negated(clause, language) else set()
        denied |= behind
        held |= words - behind
    # Stems of a declined word may differ in their last letters.
    return bool({word[:5] for word in wanted} & ({word[:5] for word in denied} - {word[:5] for word in held}))


def _denied_whole(clause: str, language: str) -> bool:
    pattern = _WHOLE_DENIAL.get(_spoken(clause, language))
    return bool(pattern and pattern.search(clause))


def _denied_words(clause: str, language: str, terms: Terms) -> set[str]:
    """Return the words a clause denies: those behind its first denial; in Japanese, the last one before it."""
    spoken = _spoken(clause, language)
    match = _ANY_DENIAL[spoken].search(clause) if spoken in _ANY_DENIAL else None
    if not match:
        return set()
    if spoken in _DENIED_LAST:
        last = _LAST_WORD_JA.search(clause[: match.start()])
        return set(terms(last[0])) if last else set()
    return set(terms(clause[match.end() :]))


def _spoken(text: str, language: str) -> str:
    """Return the language whose words tell: the article's, unless the text is in another script."""
    if text.isascii():
        return "en" if language in {"ja", "zh", "ko", "ru", "uk"} else language
    if _KANA.search(text):
        return "ja"
    if _HANGUL.search(text):
        return "ko"
    if _HAN.search(text) and language != "ja":
        return "zh"
    return "ru" if language not in {"ru", "uk"} and knows(language) and _CYRILLIC.search(text) else language
