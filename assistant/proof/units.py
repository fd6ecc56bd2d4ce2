"""A word or sign beside a number enters; the unit it stands for leaves, one name however it is spelled.

Units are told apart, never converted: five kilometres are no miles, and dollars no euros.
"""

from __future__ import annotations

import re

SHARE = "share"
"""The unit of percentages and fractions: 30 % and three tenths are 0.3 of something."""

_MONEY = {
    "dollar": "$ us$ dollar dollars dólar dólares dollaro dollari usd доллар доллара долларов ドル 美元 달러",
    "euro": "€ euro euros euró eur евро євро ユーロ 欧元 유로",
    "pound": "£ pound pounds gbp pfund sterling фунт фунта фунтов ポンド 英镑 파운드",
    "yen": "¥ yen jpy иена иены иен 円 日元 엔",
    "yuan": "yuan rmb cny юань юаня юаней 元 人民币 人民元 위안",
    "won": "₩ won krw ウォン 韩元 원",
    "rouble": "₽ rouble roubles ruble rubles rub rubel рубль рубля рублей руб ルーブル 卢布 루블",
    "hryvnia": "₴ hryvnia hryvnias uah гривна гривны гривен гривня гривні гривень",
    "rupee": "₹ rupee rupees inr rs rupien roupie roupies rupia rupias rupie рупий рупия ルピー 卢比 루피",
    "crown": "crown crowns krone kronen kroner krona kronor kr sek nok dkk czk couronne couronnes corona coronas "
    "corone coroa coroas kroon крона кроны крон クローネ クローナ コルナ 克朗 크로네 크로나",
    "franc": "franc francs franken chf franco francos franchi франк франка франков フラン 法郎 프랑",
    "peso": "peso pesos mxn песо ペソ 比索 페소",
    "zloty": "złoty złote złotych zloty zlotys pln злотых",
    "cent": "¢ cent cents centime centimes centavo centavos цент центов セント 美分 센트",
    "penny": "pence penny",
}
_MEASURES = {
    SHARE: "% percent prozent procent процент процента процентов відсоток відсотка відсотків パーセント 퍼센트 프로",
    "km": "km kilometre kilometres kilometer kilometers kilomètre kilomètres kilómetro kilómetros chilometro "
    "chilometri quilômetro quilômetros quilómetro quilómetros километр километра километров "
    "кілометр кілометрів キロメートル 公里 "
    "千米 킬로미터",
    "kilo": "キロ 킬로",
    "m": "m metre metres meter meters metern mètre mètres metro metros metri метр метра метров метрів メートル 米 미터",
    "cm": "cm centimetre centimetres centimeter centimeters zentimeter centimètres centímetros сантиметров センチ "
    "センチメートル 厘米 센티미터",
    "mm": "mm millimetre millimetres millimeter millimeters millimètres milímetros миллиметров ミリ ミリメートル 毫米",
    "mile": "mi mile miles meile meilen milla millas miglia miglio milhas миля мили миль マイル 英里 마일",
    "foot": "ft foot feet fuß pied pieds pie pies piedi фут фута футов フィート 英尺 피트",
    "inch": "inch inches zoll インチ 英寸 인치",
    "yard": "yd yard yards ヤード",
    "kg": "kg kilogram kilograms kilogramme kilogrammes kilogramm kilos килограмм килограмма килограммов "
    "キログラム 公斤 千克 킬로그램",
    "g": "g gram grams gramme grammes gramm gramos grammi грамм граммов グラム 克 그램",
    "tonne": "t tonne tonnes ton tons tonnen tonelada toneladas tonnellata tonnellate тонна тонны тонн トン 吨 톤",
    "lb": "lb lbs",
    "litre": "l litre litres liter liters litros litri литр литра литров リットル 升 리터",
    "hectare": "ha hectare hectares hektar hectárea hectáreas ettari гектар гектара гектаров ヘクタール 公顷 헥타르",
    "acre": "acre acres エーカー",
    "km/h": "km/h kmh kph",
    "mph": "mph",
    "knot": "knot knots knoten ノット",
    "degree": "° º degree degrees grad degrés degré grado grados gradi grau graus градус градуса градусов 度 도",
    "celsius": "℃ °c",
    "fahrenheit": "℉ °f",
    "second": "s sec second seconds sekunde sekunden seconde secondes segundo segundos secondi секунда секунды секунд "
    "秒 秒間 초",
    "minute": "min minute minutes minuten minuto minutos minuti минута минуты минут 分 分間 分钟 分鐘 분",
    "hour": "h hr hrs hour hours stunde stunden heure heures hora horas ora ore uur час часа часов 時間 小时 시간",
    "day": "day days tag tage tagen jour jours día días giorno giorni dia dias dag dagen день дня дней 日 日間 天 일",
    "week": "week weeks woche wochen semaine semaines semana semanas settimana settimane weken неделя недели недель "
    "週間 周 주",
    "month": "month months monat monate monaten mois mes meses mese mesi mês maand maanden месяц месяца месяцев か月 "
    "ヶ月 ヵ月 カ月 ケ月 箇月 个月 個月 개월",
    "year": "year years yr yrs jahr jahre jahren an ans année années año años anno anni ano anos jaar год года лет "
    "років роки 年 年間 년 년간",
    "age": "歳 才 岁 세 살",
    "century": "century centuries jahrhundert siècle siècles siglo siglos secolo secoli século век века 世紀 世纪 세기",
    "decade": "年代 년대",
    "time": "回 次 度目 회",
    "person": "人 名 명",
    "fold": "倍 배 fold",
    "volt": "v volt volts",
    "kw": "kw kilowatt kilowatts",
    "mw": "mw megawatt megawatts",
    "gw": "gw gigawatt gigawatts",
    "ordinal": "番目 번째",
    "": "個 つ 个 個の 개",
}
_UNIT_OF = {word: unit for table in (_MONEY, _MEASURES) for unit, words in table.items() for word in words.split()}
_LONGEST = 7
_SIGNS = "".join(sign for sign in _UNIT_OF if len(sign) == 1 and not sign.isalpha() and sign not in "%°º")
STRICT = frozenset({SHARE, "ordinal", "decade", "century"})
"""Units that a number cannot be told without: thirty passengers are not thirty percent of them."""

_BEFORE = re.compile(
    rf"(?:(?:us|a|c|hk|nz)?[{re.escape(_SIGNS)}]|\b(?:usd|eur|gbp|jpy|chf|rs|rmb|kr)\.?)\s?$", re.IGNORECASE
)
_PER_HUNDRED = re.compile(
    r"\s?(?:per\s?cent\b|pour[ -]cent\b|por\s?cien(?:to)?\b|per\s?cento\b|por\s?cento\b)", re.IGNORECASE
)
_WORD = re.compile(
    r"[ -]?(?P<adjective>(?:us|square|cubic|nautical)\s)?(?P<word>°[cf](?!\w)|[^\W\d_]+(?:/h\b)?)", re.IGNORECASE
)
_SIGN = re.compile(rf"\s?(?:(?:us)?(?P<sign>[{re.escape(_SIGNS)}%°º℃℉]))", re.IGNORECASE)
_SPEED = re.compile(r"\s(?:per|an|pro)\s(?:hour|second|stunde|sekunde)\b|/(?:h|s)\b", re.IGNORECASE)
_POWER = re.compile(r"[²³]|\^?[23](?!\d)")
_CELSIUS = re.compile(r"\s(celsius|fahrenheit)\b|\s?([CF])\b", re.IGNORECASE)


def unit_after(text: str, at: int) -> tuple[str, int]:
    """Return the unit that stands at a place and where it ends; "" and the place itself where none does."""
    if match := _PER_HUNDRED.match(text, at):
        return SHARE, match.end()
    if match := _SIGN.match(text, at):
        unit, end = _UNIT_OF[match["sign"]], match.end()
        return _degrees(text, unit, end)
    match = _WORD.match(text, at)
    if not match:
        return "", at
    word, begins = match["word"].casefold(), match.start("word")
    if not word.isascii() and (found := _clinging(word)):
        return _UNIT_OF[found], begins + len(found)
    unit = _UNIT_OF.get(word, "")
    if not unit or (len(word) == 1 and text[at : at + 1] == "-"):
        return "", at
    end = match.end()
    if match["adjective"] and match["adjective"].casefold().strip() != "us":
        unit = f"{match['adjective'].casefold().strip()} {unit}"
    elif power := _POWER.match(text, end):
        unit, end = f"{'cubic' if power[0][-1] in '³3' else 'square'} {unit}", power.end()
    if speed := _SPEED.match(text, end):
        hourly = {"km": "km/h", "mile": "mph"}.get(unit) if speed[0].casefold().strip(" /")[-1:] in "hre" else None
        unit, end = hourly or f"{unit} a time", speed.end()
    return _degrees(text, unit, end)


def money_before(text: str, at: int) -> tuple[str, int]:
    """Return the currency whose sign or code stands before a place and where it begins; "" where none does."""
    match = _BEFORE.search(text, max(0, at - 6), at)
    if not match:
        return "", at
    sign = match[0].strip().casefold().rstrip(".")
    return _UNIT_OF.get(sign, "") or _UNIT_OF[sign[-1]], match.start()


def is_money(unit: str) -> bool:
    """Tell whether a unit is a currency."""
    return unit in _MONEY


def units_named(text: str) -> frozenset[str]:
    """Return the units a text names, beside a number or not."""
    found = {_UNIT_OF[word] for word in re.findall(r"[^\W\d_]+", text.casefold()) if word in _UNIT_OF}
    found.update(_UNIT_OF[sign] for sign in text if sign in _SIGNS or sign == "%")
    if not text.isascii():
        found.update(unit for word, unit in _UNIT_OF.items() if len(word) > 1 and not word.isascii() and word in text)
    return frozenset(found)


def _clinging(word: str) -> str:
    """Return the longest unit with which a run of letters begins, in a script whose words touch; else the word."""
    if word in _UNIT_OF:
        return word
    if not word[0] >= "\u2e80":
        return ""
    return next((word[:n] for n in range(min(_LONGEST, len(word)), 0, -1) if word[:n] in _UNIT_OF), "")


def _degrees(text: str, unit: str, end: int) -> tuple[str, int]:
    if unit == "degree" and (scale := _CELSIUS.match(text, end)):
        return ("celsius" if scale[0].strip()[0] in "cC" else "fahrenheit"), scale.end()
    return unit, end
