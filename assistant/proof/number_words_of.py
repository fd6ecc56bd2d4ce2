"""Numbers spelled out in languages other than English: what is one word, from two to twenty, the tens, a hundred.

A number of several words ("vingt et un") is none of these, and stays words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import cache

from assistant.proof.number_words import scale_of

_VALUES = [*range(2, 21), *range(30, 101, 10)]
_WORDS = {
    "de": "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn "
    "achtzehn neunzehn zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig hundert",
    "fr": "deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit "
    "dix-neuf vingt trente quarante cinquante soixante soixante-dix quatre-vingts quatre-vingt-dix cent",
    "es": "dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete "
    "dieciocho diecinueve veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa cien",
    "it": "due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici "
    "diciassette diciotto diciannove venti trenta quaranta cinquanta sessanta settanta ottanta novanta cento",
    "pt": "dois|duas três quatro cinco seis sete oito nove dez onze doze treze catorze|quatorze quinze "
    "dezesseis|dezasseis dezessete|dezassete dezoito dezenove|dezanove vinte trinta quarenta cinquenta "
    "sessenta setenta oitenta noventa cem",
    "nl": "twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien zeventien "
    "achttien negentien twintig dertig veertig vijftig zestig zeventig tachtig negentig honderd",
    "sv": "två tre fyra fem sex sju åtta nio tio elva tolv tretton fjorton femton sexton sjutton arton nitton tjugo "
    "trettio fyrtio femtio sextio sjuttio åttio nittio hundra",
    "da": "to tre fire fem seks syv otte ni ti elleve tolv tretten fjorten femten seksten sytten atten nitten tyve "
    "tredive fyrre halvtreds tres halvfjerds firs halvfems hundrede",
    "nb": "to tre fire fem seks sju|syv åtte ni ti elleve tolv tretten fjorten femten seksten sytten atten nitten "
    "tjue|tyve tretti|tredve førti femti seksti sytti åtti nitti hundre",
    "ru": "два|две|двух|двум три|трёх|трех|трём четыре|четырёх|четырех пять|пяти шесть|шести семь|семи "
    "восемь|восьми девять|девяти десять|десяти одиннадцать|одиннадцати двенадцать|двенадцати "
    "тринадцать|тринадцати четырнадцать|четырнадцати пятнадцать|пятнадцати шестнадцать|шестнадцати "
    "семнадцать|семнадцати восемнадцать|восемнадцати девятнадцать|девятнадцати двадцать|двадцати "
    "тридцать|тридцати сорок|сорока пятьдесят|пятидесяти шестьдесят|шестидесяти семьдесят|семидесяти "
    "восемьдесят|восьмидесяти девяносто|девяноста сто|ста",
    "uk": "два|дві|двох три|трьох чотири|чотирьох п'ять|п'яти шість|шести сім|семи вісім|восьми дев'ять|дев'яти "
    "десять|десяти одинадцять дванадцять тринадцять чотирнадцять п'ятнадцять шістнадцять сімнадцять "
    "вісімнадцять дев'ятнадцять двадцять тридцять сорок п'ятдесят шістдесят сімдесят вісімдесят дев'яносто "
    "сто",
    "pl": "dwa|dwie|dwaj|dwóch trzy|trzej|trzech cztery|czterech pięć|pięciu sześć|sześciu siedem|siedmiu "
    "osiem|ośmiu dziewięć|dziewięciu dziesięć|dziesięciu jedenaście dwanaście trzynaście czternaście "
    "piętnaście szesnaście siedemnaście osiemnaście dziewiętnaście dwadzieścia trzydzieści czterdzieści "
    "pięćdziesiąt sześćdziesiąt siedemdziesiąt osiemdziesiąt dziewięćdziesiąt sto",
}
_WORDS |= {"no": _WORDS["nb"], "nn": _WORDS["nb"]}
_NEXT = re.compile(r" ([^\W\d_]+)")
_ONE_AND_A_HALF = {"de": "anderthalb", "ru": "полтора", "uk": "півтора", "pl": "półtora", "sv": "halvannan"}


def spelled_in(text: str, language: str) -> Iterator[tuple[Fraction, int, int]]:
    """Yield the value, the beginning and the end of each number that a text spells in this language, in order."""
    if language not in _WORDS:
        return
    pattern, values = _pattern(language)
    plain = text.replace("’", "'")
    for match in filter(lambda found: found["word"], pattern.finditer(plain)):
        value, (start, end) = values[match["word"].lower()], match.span("word")
        after = _NEXT.match(plain, end)
        scale = scale_of(after[1], language) if after else 0
        yield value * (scale or 1), start, after.end() if after and scale else end


@cache
def _pattern(language: str) -> tuple[re.Pattern[str], dict[str, Fraction]]:
    values = {
        word: Fraction(value)
        for value, words in zip(_VALUES, _WORDS[language].split(), strict=True)
        for word in words.split("|")
    }
    if half := _ONE_AND_A_HALF.get(language):
        values[half] = Fraction(3, 2)
    any_word = "|".join(sorted(map(re.escape, values), key=len, reverse=True))
    joined = rf"(?:[ -](?:(?:et|y|e|og|i) )?(?:{any_word}|une?|uno|um|en|ett|jeden|один)\b)"
    # All that is spoken together is matched, and what is more than one word passed over.
    spoken = rf"(?<![\w'-])(?:(?P<word>{any_word})(?![\w'-])(?!{joined})|(?:{any_word}){joined}+)"
    return re.compile(spoken, re.IGNORECASE), values
