"""A quantity is one however it is spelled, and no spelling of another is taken for it."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.proof.quantities import Quantity, agree, lacking, quantities, required, supports, without_quantities


def values(text: str, language: str = "en") -> list[Fraction | str | None]:
    return [quantity.code or quantity.value for quantity in quantities(text, language) if not quantity.weak]


def proves(source: str, statement: str, language: str = "en") -> bool:
    return not lacking(required(statement, language), source, language)


ALIKE = [
    ("en", ["5 × 10⁶ m", "5x10^6 m", "5e6 m", "5,000,000 m", "five million m"]),
    ("en", ["5 km²", "5 km^2", "5 km2"]),
    ("en", ["2.5 years", "two and a half years", "2 1/2 years", "2 and a half years"]),
    ("en", ["half a million", "500,000", "0.5 million"]),
    ("de", ["zwanzig Schiffe", "20 Schiffe"]),
    ("de", ["drei Millionen Kronen", "3 Mio. Kronen", "3.000.000 Kronen"]),
    ("fr", ["quatre-vingt-dix bateaux", "90 bateaux"]),
    ("es", ["quince barcos", "15 barcos"]),
    ("ru", ["полтора миллиона", "1,5 млн", "1 500 000"]),
    ("uk", ["п’ять човнів", "п'ять човнів", "5 човнів"]),
    ("nb", ["tolv båter", "12 båter"]),
    ("en", ["three quarters of a million", "750,000"]),
    ("en", ["$1.5m", "$1.5 million", "US$1,500,000", "1.5 million dollars", "$1.5M", "1500 thousand dollars"]),
    ("en", ["£40k", "£40,000", "40 000 pounds", "forty thousand pounds", "GBP 40,000"]),
    ("en", ["−12 °C", "-12 degrees Celsius", "minus 12 °C", "minus twelve degrees Celsius"]),
    ("en", ["30 percent", "30%", "30 per cent", "thirty percent", "３０％"]),
    ("en", ["half of it", "50%", "50 percent", "one half"]),
    ("en", ["two-thirds", "two thirds", "2/3"]),
    ("en", ["26th", "twenty-sixth"]),
    ("en", ["306", "three hundred and six", "three hundred six", "٣٠٦", "३०६"]),
    ("en", ["12 crates", "a dozen crates", "twelve crates"]),
    ("en", ["4 February 2024", "February 4, 2024", "2024-02-04", "4th of February 2024", "Feb. 4, 2024"]),
    ("en", ["7 pm", "7 p.m.", "19:00", "7:00 pm", "seven p.m."]),
    ("en", ["7.30 p.m.", "7:30 pm", "19:30", "half past seven pm"]),
    ("en", ["1'250'000", "1 250 000", "1,250,000", "12,50,000", "1.250.000", "1.25 million"]),
    ("fr", ["1 250 000 couronnes", "1\u202f250\u202f000 couronnes", "1250000 couronnes", "1,25 million couronnes"]),
    ("fr", ["4 février 2024", "04/02/2024", "2024-02-04"]),
    ("fr", ["19h30", "19 h 30", "19:30"]),
    ("de", ["1,5 Mio. Kronen", "1.500.000 Kronen", "1,5 Millionen Kronen"]),
    ("de", ["1.500 Euro", "1500 €", "1 500 EUR"]),
    ("de", ["4. Februar 2024", "04.02.2024"]),
    ("de", ["19.30 Uhr", "19:30 Uhr", "19:30"]),
    ("es", ["2 mil millones de euros", "2.000.000.000 de euros"]),
    ("ru", ["150 млн рублей", "150 000 000 рублей", "150 миллионов рублей"]),
    ("ru", ["4 февраля 2024", "04.02.2024"]),
    ("ja", ["150万円", "1,500,000円", "百五十万円", "１５０万円", "¥1,500,000"]),
    ("ja", ["1億5000万円", "150,000,000円", "1.5億円"]),
    ("ja", ["昭和6年", "1931年", "昭和六年", "一九三一年"]),
    ("ja", ["令和5年2月4日", "2023年2月4日", "2023/2/4"]),
    ("ja", ["午後7時", "19時", "19:00", "午後七時"]),
    ("ja", ["午後7時半", "19時30分", "午後7時30分"]),
    ("ja", ["30パーセント", "30%", "3割"]),
    ("ja", ["3分の2", "三分の二"]),
    ("zh", ["1.5亿元", "150,000,000元"]),
    ("ko", ["1억 5000만 원", "150,000,000원"]),
    ("ko", ["오후 7시 30분", "19:30"]),
]
OTHER = [
    ("en", "$1.5 million", "$1.5"),
    ("en", "$1.5", "$1.5m"),
    ("en", "40k crowns", "40 crowns"),
    ("en", "-12 degrees", "12 degrees"),
    ("en", "12 degrees", "-12 degrees"),
    ("en", "$40", "€40"),
    ("en", "5 km", "5 miles"),
    ("en", "30 percent of them", "30 of them"),
    ("en", "30 of them", "30 percent of them"),
    ("en", "10–12 crates", "10–13 crates"),
    ("en", "between 10 and 12 million", "10"),
    ("en", "4 February 2024", "5 February 2024"),
    ("en", "February 2024", "4 February 2024"),
    ("en", "on 4 February", "4 ferries"),
    ("en", "7 pm", "7 am"),
    ("en", "7:30", "7:30 pm"),
    ("en", "19:00", "7:00"),
    ("en", "26 years", "26 months"),
    ("en", "3 ferries", "the third ferry"),
    ("en", "the 1990s", "in 1990"),
    ("en", "1.5.2", "1.5.3"),
    ("en", "doubled in May", "tripled in May"),
    ("en", "5 × 10³ kg", "5 kg"),
    ("en", "10⁶ m", "10 m"),
    ("en", "two and a half years", "two years"),
    ("en", "1 1/2 hours", "1 hour"),
    ("en", "half a million boats", "a million boats"),
    ("de", "zwanzig Schiffe", "dreißig Schiffe"),
    ("fr", "vingt bateaux", "trente bateaux"),
    ("it", "tre barche", "sette barche"),
    ("pt", "três barcos", "quinze barcos"),
    ("nl", "elf boten", "twaalf boten"),
    ("sv", "elva båtar", "tolv båtar"),
    ("da", "elleve både", "tolv både"),
    ("pl", "trzy łodzie", "siedem łodzi"),
    ("ru", "двадцать судов", "тридцать судов"),
    ("en", "10⁶ m", "106 m"),
    ("en", "3.2·10⁻⁴ g", "3.2 g"),
    ("en", "5 km²", "5 km"),
    ("en", "a vote of 52 to 48", "a vote of 48 to 52"),
    ("en", "won 3-1", "won 1-3"),
    ("en", "rose from 4 to 6 crowns", "rose from 6 to 4 crowns"),
    ("de", "von 4 bis 6 Kronen", "von 6 bis 4 Kronen"),
    ("ja", "4から6に増えた", "6から4に増えた"),
    ("de", "1,5 Mio. Kronen", "5 Kronen"),
    ("de", "1.500 Kronen", "1,5 Kronen"),
    ("fr", "1 250 000 couronnes", "250 000 couronnes"),
    ("ja", "150万円", "150円"),
    ("ja", "1億5000万円", "5000万円"),
    ("ja", "昭和6年", "6年"),
    ("ja", "午後7時", "午前7時"),
    ("ja", "3人", "3年"),
]


@pytest.mark.parametrize(("language", "spellings"), ALIKE)
def test_every_spelling_of_a_quantity_proves_every_other(language: str, spellings: list[str]) -> None:
    for one in spellings:
        assert required(one, language), one
        for other in spellings:
            assert proves(f"x {one} x", f"y {other} y", language), (one, other)


@pytest.mark.parametrize(("language", "source", "statement"), OTHER)
def test_another_quantity_is_not_proven(language: str, source: str, statement: str) -> None:
    assert required(statement, language)
    assert not proves(source, statement, language)


@pytest.mark.parametrize(
    ("language", "source", "statement"),
    [
        ("en", "26 years", "26"),
        ("en", "$1.5m", "1,500,000"),
        ("en", "4 February 2024", "2024"),
        ("en", "4 February 2024", "February 2024"),
        ("en", "4 February 2024", "4 February"),
        ("en", "In 2024 it stopped on 4 February", "4 February 2024"),
        ("en", "4–6 February 2024", "4 February 2024"),
        ("en", "at 7.30 p.m.", "7:30"),
        ("en", "10–12 km", "10 km"),
        ("en", "between 10 and 12 million crowns", "10 million crowns"),
        ("en", "1914–18", "1918"),
        ("en", "the length, in metres, is 40", "40 metres"),
        ("en", "2/4/2024", "4 February 2024"),
        ("en", "King Olav V of Norvik", "King Olav 5"),
        ("en", "only one ferry", "1 ferry"),
        ("en", "a triple shock", "three shocks"),
        ("en", "a dozen boats", "twelve boats"),
        ("en", "a vote of 52 to 48", "52 votes"),
        ("en", "rose from 4 to 6 crowns", "rose to 6 crowns from 4"),
        ("ja", "1931年5月4日", "1931年"),
    ],
)
def test_what_is_said_less_precisely_is_proven(language: str, source: str, statement: str) -> None:
    assert proves(source, statement, language)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1.2345678 million, two thousand", [Fraction("1234567.8"), 2000]),
        ("between one hundred and two hundred men", [100, 200]),
        ("two thousand and three thousand", [2000, 3000]),
        ("five and six, seven or eight", [5, 6, 7, 8]),
        ("in nineteen eighty-four", [1984]),
        ("twenty twenty-five", [2025]),
        ("one of them, and hundreds more", []),
        ("a hundred and one nights", [101]),
        ("1.5 thousand or 1500.", [1500, 1500]),
        ("2 million five hundred thousand", [2500000]),
        ("40,000 75,000", [40000, 75000]),
        ("COVID-19 and 747-400", [19, 747, 400]),
    ],
)
def test_a_number_ends_where_the_next_one_begins(text: str, found: list[Fraction | int]) -> None:
    assert values(text) == found


_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def spelled(number: int, joined: str) -> str:
    """Return a number in words, as British (`` and ``) or American English spells it."""
    if number < 20:
        return _UNITS[number]
    if number < 100:
        return _TENS[number // 10 - 2] + (f"-{_UNITS[number % 10]}" if number % 10 else "")
    scale, word = next(
        one
        for one in ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
        if number >= one[0]
    )
    rest = number % scale
    last = (joined if rest < 100 else " ") + spelled(rest, joined) if rest else ""
    return f"{spelled(number // scale, joined)} {word}{last}"


def in_characters(number: int) -> str:
    """Return a number as Japanese and Chinese mix figures and characters: 1億5000万."""
    large, ten_thousands, rest = number // 10**8, number // 10**4 % 10**4, number % 10**4
    parts = [f"{large}億" if large else "", f"{ten_thousands}万" if ten_thousands else "", str(rest) if rest else ""]
    return "".join(parts)


def spellings(number: int) -> list[tuple[str, str]]:
    grouped = f"{number:,}"
    return [
        ("en", str(number)),
        ("en", grouped),
        ("en", grouped.replace(",", " ")),
        ("fr", grouped.replace(",", "\u202f")),
        ("de", grouped.replace(",", ".")),
        ("de", grouped.replace(",", "'")),
        ("en", spelled(number, " and ")),
        ("en", spelled(number, " ")),
        ("ja", in_characters(number)),
        ("ja", "".join(chr(ord(digit) + 0xFEE0) for digit in str(number))),
        ("ar", "".join(chr(0x0660 + int(digit)) for digit in str(number))),
        ("hi", "".join(chr(0x0966 + int(digit)) for digit in str(number))),
    ]


NUMBERS = st.integers(2, 10**12 - 1) | st.integers(2, 3000)


@given(NUMBERS, NUMBERS, st.data())
def test_a_value_is_that_value_in_every_spelling_and_no_other(number: int, other: int, data: st.DataObject) -> None:
    language, one = data.draw(st.sampled_from(spellings(number)))
    found = values(f"There were {one} of them.", language)
    assert found == [number], one
    language, another = data.draw(st.sampled_from(spellings(other)))
    assert (values(f"There were {another} of them.", language) == found) == (other == number)


@given(st.dates(dt.date(1000, 1, 1), dt.date(2099, 12, 31)), st.dates())
def test_a_date_is_that_date_in_every_spelling(day: dt.date, other: dt.date) -> None:
    months = "January February March April May June July August September October November December".split()
    said = [
        f"{day.day} {months[day.month - 1]} {day.year}",
        f"{months[day.month - 1]} {day.day}, {day.year}",
        day.isoformat(),
        f"{day.year}年{day.month}月{day.day}日",
        f"{day.day}.{day.month}.{day.year}",
    ]
    assert {quantity.date for text in said for quantity in quantities(text)} == {(day.year, day.month, day.day)}
    if other != day:
        assert not any(proves(text, f"{other.day} {months[other.month - 1]} {other.year}") for text in said)


@given(st.integers(0, 23), st.integers(0, 59), st.integers(0, 1439))
def test_a_time_is_that_time_in_every_spelling(hour: int, minute: int, other: int) -> None:
    half, twelve = "pm" if hour >= 12 else "am", (hour - 1) % 12 + 1
    eastern = f"{'午後' if hour >= 12 else '午前'}{hour % 12}時{minute}分"
    said = [f"{twelve}:{minute:02d} {half}", f"{twelve}.{minute:02d} {half[0]}.m.", eastern]
    assert {quantity.minutes for text in said for quantity in quantities(text)} == {hour * 60 + minute}
    if other % 720 != (hour * 60 + minute) % 720:
        assert not any(proves(text, f"{other // 60}:{other % 60:02d}") for text in said)


_PIECES = ["0", "9" * 400, "1.2345678", "0.0001", ".", ",", "-", "and", "one", "two", "ninety", "hundred", "thousand"]
_MORE = [
    "million",
    "billion",
    "1931",
    "三百",
    "万",
    "٣",
    "年",
    "月",
    "分の",
    "pm",
    "May",
    "%",
    "$",
    "½",
    "1/0",
    "第",
    "V",
]


@given(
    st.text(max_size=80) | st.lists(st.sampled_from([*_PIECES, *_MORE]), max_size=12).map(" ".join)
    | st.lists(st.sampled_from([*_PIECES, *_MORE]), max_size=12).map("".join),
    st.sampled_from(["en", "de", "ja", "xx", ""]),
)  # fmt: skip
def test_whatever_stands_in_a_text_its_quantities_are_read_where_they_stand(text: str, language: str) -> None:
    found = quantities(text, language)
    assert all(text[quantity.start : quantity.end] == quantity.written for quantity in found)
    assert len(without_quantities(text, language)) == len(text)
    assert all(supports(quantity, quantity) for quantity in found)
    assert proves(text, text, language)


@given(st.text(max_size=40), st.text(max_size=40))
def test_quantities_agree_both_ways(one: str, other: str) -> None:
    for here in quantities(one):
        for there in quantities(other):
            assert agree(here, there) == agree(there, here)


def test_a_quantity_is_equal_wherever_it_stands() -> None:
    assert {*quantities("It cost 1,200.")} == {Quantity(Fraction(1200))}
