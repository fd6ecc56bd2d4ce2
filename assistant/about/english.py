"""An English question enters; what it asks of the article as a whole leaves, or None where it names anything in it.

A question is taken only if every word of it is known here. One word more, "the 2013 law", and it is to be looked up.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from assistant.about.ordinary import ORDINARY
from assistant.about.request import Asked, Kind, Listing, Request, Talk, Which
from assistant.about.spelling import meant


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# How the article itself is called; the second ones may be things it tells of, unless "this" stands before them.
_ARTICLE = _set("article articles text")
_MAYBE = _set(
    "blog book column document editorial essay feature file news page paper passage pdf piece post publication read "
    "report story webpage website writing"
)
_IT = _set("it this that these")
_GLUE = _set(
    "a all an and any are at be been every each for from here in is it its of on some that the there these this those "
    "to was were what which"
)
_DO = _set("do does did")
_HAVE = _set("have has had")

_NUMBERS = {
    word: value
    for value, word in enumerate(
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen".split(), start=1
    )
} | {"single": 1, "couple": 2, "few": 3, "several": 4, "twenty": 20}
_ORDINALS: dict[str, Which] = {
    "first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3, "fifth": 4, "5th": 4,
    "last": "last", "latest": "newest", "newest": "newest", "recent": "newest", "newer": "newest", "other": "other",
}  # fmt: skip

_WROTE = _set("wrote write writes written authored penned")
_WRITERS = _set("writer journalist reporter columnist")
_PUBLISHED = _set("publish published posted wrote written write")
_APPEARED = _PUBLISHED | _set("appear appeared created dated issued made printed put out released updated uploaded")
_OUTLETS = _set("magazine journal newspaper outlet platform publisher site source website")
_MEASURES = _set("words word characters character letters sentences sentence paragraphs paragraph pages page lines")

_LISTED: dict[str, Listing] = {
    word: kind  # type: ignore[misc]
    for kind, words in (
        ("names", "names"),
        ("people", "people persons person individuals persona characters actors"),
        ("places", "places locations cities towns regions areas"),
        ("countries", "countries nations"),
        (
            "organisations",
            "organisations organizations organisation organization companies institutions institutes agencies parties "
            "bodies firms groups ministries businesses",
        ),
        ("dates", "dates years timeline chronology"),
        ("numbers", "numbers figures statistics stats percentages amounts quantities"),
        ("quotes", "quotes quotations quote"),
        ("headings", "sections headings chapters subheadings subtitles parts headlines"),
    )
    for word in words.split()
}
# Said alone they are a request; the others are things an article may tell of.
_CLEARLY_LISTED = _set(
    "names people persons places locations countries organisations organizations companies dates numbers quotes "
    "quotations timeline chronology sections headings chapters subheadings"
)
_LIST = _set("list enumerate extract find collect identify name display output print show")
_MENTION = _set(
    "mention mentions mentioned named names appear appears appearing contain contains contained include includes "
    "included cite cites cited given gives listed quoted quote quotes refer refers referred present occur occurs "
    "featured found used uses named talked about come comes"
)
_PLAIN = _set(
    "different exact important key main major other relevant specific out up by to whole entire full complete"
)

_SUMMARISE = _set(
    "summarise summarize summarised summarized summarising summarizing sum summary summaries overview gist abstract "
    "synopsis recap tldr condense outline nutshell precis digest shorten eli5"
)
_CONCLUSION = _set("conclusion conclusions conclude concludes concluded")
_STRONG = _SUMMARISE | _CONCLUSION | _set("takeaway takeaways thesis highlights keypoints")
_MAIN = _set(
    "main key central core most important essential principal primary biggest top crucial overall general basic major "
    "chief fundamental"
)
_POINTS = _set("points bullets ideas arguments claims takeaways findings facts things highlights lessons insights")
_MATTERS = _POINTS | _set(
    "point idea argument message claim finding topic topics theme themes subject fact thing issue issues content "
    "contents lesson insight information focus statement story purpose position view opinion stance question aspects"
)
_WITH_ARTICLE = _MATTERS - _set("question issue issues story information")
_SAYS = _set(
    "about talk talks talking speak speaks discuss discusses discussed deal deals cover covers covered say says said "
    "saying describe describes described explain explains explained argue argues argued arguing mean means claim claims "
    "happen happens happened report reports reported focus focuses conclude concludes concluded tell tells telling "
    "trying convey conveys inside"
)
_UNITS = _set("sentence sentences point points bullet bullets line lines paragraph paragraphs word words")
_SUMMARY_GLUE = (
    _GLUE | _MAIN | _MATTERS | _STRONG | _SAYS | _UNITS | _DO | _set(
        "author authors writer brief briefly short shorter quick concise long longer detailed simple simply plain easy "
        "terms english form version with as only than no more less most at about under within max maximum "
        "approximately around roughly up down into using us me my whole entire full complete going whats by "
        "reach reached draw draws drawn come comes make makes made end ends trying try to wants want who how "
        "mainly basically really exactly actually mostly generally essentially contain contains bottom made given"
    )
)  # fmt: skip
_BESIDE: dict[str, Asked] = {
    word: asked  # type: ignore[misc]
    for asked, words in (
        ("common", "common share shared shares agree similar similarity similarities alike both"),
        ("different", "difference differences differ differs different compare comparison contrast disagree"),
        ("new", "new add adds added additional extra not"),
    )
    for word in words.split()
}
_BESIDE_GLUE = _GLUE | _DO | _HAVE | _set(
    "between among them they two both three each another one how with say says agree on about compared than versus "
    "against to first second third last other not that besides tell tells"
) | frozenset(_BESIDE)  # fmt: skip

_TALK: tuple[tuple[Talk, re.Pattern[str]], ...] = tuple(
    (talk, re.compile(pattern))  # type: ignore[misc]
    for talk, pattern in (
        (
            "greeting",
            r"(?:(?:hello|hi|hey|greetings|howdy|yo|good (?:morning|afternoon|evening|day)|hiya|welcome)"
            r"(?: (?:there|you|again|everyone|all|assistant|bot|friend|my|dear|to))*)+"
            r"(?: (?:how are you(?: doing)?(?: today)?|nice to meet you))?|how are you(?: doing)?(?: today)?|what is up"
            r"|nice to meet you",
        ),
        (
            "thanks",
            r"(?:ok |okay |great |cool |perfect |nice |many |no )*(?:thanks?|thx|ty|cheers|thankyou)"
            r"(?: (?:you|very|so|much|a|lot|bunch|again|for|the|your|help|answer|answers|that|this|it|was|is|helpful"
            r"|great|good|and|all|bye|goodbye|assistant|bot|anyway|information|info))*|much appreciated|i appreciate (?:it|that)"
            r"|that (?:was|is) (?:very |really |so )?(?:helpful|useful)|that helps",
        ),
        ("bye", r"(?:(?:ok|okay|thanks|well) )*(?:good ?bye|bye|ciao|farewell|see you|good night|take care)"
                r"(?: (?:bye|then|now|later|soon|tomorrow|again|you|and|thanks|take|care))*"),
        (
            "well",
            r"(?:(?:ok|okay|great|cool|nice|perfect|awesome|good|wow|understood|fine|alright|right|excellent|amazing"
            r"|wonderful|got it|i see|well done|good job|good bot|all right|very|that is|that was|sounds) ?)+"
            r"|i (?:understand|got it)|makes sense",
        ),
        (
            "able",
            r"help(?: me)?|i need help|what (?:else )?(?:can|could|do) you (?:do|answer|know|offer)(?: for me| for us| here)?"
            r"|what (?:else )?(?:can|could|may|should|do) (?:i|we) (?:ask|do|say|type)(?: you| here| about| this| it| the"
            r"| article| with)*"
            r"|(?:what|which)(?: (?:kinds?|sorts?|types?) of)? questions? (?:can|could|may|should) "
            r"(?:i|we|you) (?:ask|answer)(?: you| here| about| this| it| the| article)*"
            r"|how (?:can|could|do|does) (?:you|this) (?:help|work)(?: me| us)?|what are your (?:abilities|capabilities|features)"
            r"|how (?:do|can|should|to) (?:i |we )?use (?:this|you|it)(?: app| assistant| tool)?"
            r"|(?:who|what) (?:exactly )?are you|what is your name|what (?:kind of |sort of )?(?:assistant|bot|ai|model|app) are you"
            r"|are you (?:a |an |some )?(?:bot|robot|ai|human|person|real|machine|model|assistant)(?: or (?:a |an )?(?:bot|robot|ai|human|person|machine))?"
            r"|what is this (?:app|assistant|tool|bot|for)|introduce yourself|what do you do|can you help(?: me)?",
        ),
    )
)  # fmt: skip
_TALK_WORDS = _set(
    "hello hi hey greetings howdy good morning afternoon evening day there you again everyone assistant bot how are "
    "doing today thanks thank much very lot many appreciated appreciate helpful useful great nice cool perfect cheers "
    "answer answers goodbye bye farewell see later soon tomorrow night take care understood alright excellent amazing "
    "wonderful awesome help what can could ask questions question work works who your name who capabilities features "
    "abilities human robot machine person model app tool introduce yourself kind kinds sort understand need okay use"
)

_PREFIX = re.compile(
    r"(?:please|kindly|just|quickly|ok|okay|so|well|now|then|also|hey|hi|hello|thanks|thank you|excuse me|sorry|first"
    r"|(?:can|could|would|will) you|(?:can|could|may) (?:i|we) (?:get|have|see|know)"
    r"|(?:i|we) (?:want|need|wish|(?:would|should) (?:like|love))(?: you)?(?: to)?(?: (?:know|see|have|get|hear|read))?"
    r"|(?:do|did) you know|i (?:wonder|am wondering)|(?:tell|give|show|get|help|let|provide)(?: (?:me|us))?(?: (?:know|see|with|to understand))?"
    r"|(?:write|make|produce|create|prepare|draft)(?: (?:me|us))?(?= (?:a|an|the|one) ))\b"
)  # fmt: skip
_SUFFIX = re.compile(
    r"\b(?:please|thanks|thank you|for (?:me|us)|to (?:me|us)|now|quickly|if (?:you can|possible)|and|then)$"
)
_COUNT = re.compile(
    rf"\b(?:(?P<digits>\d{{1,3}})|(?P<word>{'|'.join(_NUMBERS)}|a|an))"
    rf"(?: (?:{'|'.join([*_MAIN, 'short', 'brief', 'simple', 'bullet', 'of', 'the', 'different', 'or', 'so'])}))*"
    rf" (?P<unit>{'|'.join(sorted(_UNITS | _POINTS | frozenset(_LISTED), key=lambda word: (-len(word), word)))})\b"
)
_WORDS_A_SENTENCE = 25
_WHICH = re.compile(
    rf"\b(?:most )?({'|'.join(_ORDINALS)})(?= (?:one of )?(?:the )?(?:article|text|{'|'.join(_MAYBE)})\b)"
)
_SPECIAL = re.compile(
    r"what (?:do|should|must) (?:i|we|people|one) (?:need to |have to )?(?:know|remember|learn|take away)(?: (?:about|from)(?: (?:it|this|that|the|article|text))+)?"
    r"|what is (?:it|this|that)(?: all)?(?: about)?|about(?: (?:it|this|that|the|article|text))+|what (?:it|this|that) is about"
    r"|what(?: (?:the|this|article|text))+ is(?: all)? about|how does (?:the|this) (?:article|text) (?:end|conclude)"
)
_CONTRACTED = re.compile(r"\b(what|who|when|where|how|it|that|here|there|which)['’]?s\b(?!\w)")
_KNOWN_SHORT = {"tl;dr": "tldr", "tl dr": "tldr", "wat": "what", "abt": "about", "u": "you", "pls": "please",
                "plz": "please", "thankyou": "thank you", "artical": "article", "thnx": "thanks", "headline": "title"}  # fmt: skip

_HEADS = (
    _ARTICLE | _MAYBE | _GLUE | _DO | _HAVE | frozenset(_NUMBERS) | frozenset(_ORDINALS) | _WROTE | _WRITERS | _APPEARED
    | _OUTLETS | _MEASURES | frozenset(_LISTED) | _LIST | _MENTION | _PLAIN | _SUMMARY_GLUE | _BESIDE_GLUE | _TALK_WORDS
    | _set(
        "who whom whose when where how author authors name title titled called entitled headline date day year month "
        "publication publishing release time old recent new url link hyperlink web address language long lengthy short "
        "length big count number many total read reading minutes minute take takes table please kindly just quickly "
        "can could would will should i we you me us tell give show let get want need like know provide remember learn "
        "away wondering wonder word section heading chapter bullet must love so ok well now then also possible if"
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Words:
    """A question's words, in order, after what is only polite."""

    line: str
    words: frozenset[str]
    named: bool
    """Whether it names the article, not only as "it"."""

    def any(self, *kinds: Iterable[str]) -> bool:
        """Return whether it has a word of each kind."""
        return all(not self.words.isdisjoint(kind) for kind in kinds)

    def only(self, *kinds: frozenset[str]) -> bool:
        """Return whether it has no word but the article's names, the small ones and these."""
        return self.words <= _GLUE.union(_ARTICLE, _MAYBE if self.named else (), *kinds)

    @property
    def article(self) -> bool:
        """Whether the article is spoken of, if only as "it"."""
        return self.named or self.any(_IT)


def english(question: str) -> Request | None:
    """Return what an English question asks of the article as a whole, None for one that is to be looked up."""
    line = _spelled(question)
    if line is None:
        return None
    for talk, pattern in _TALK:
        if pattern.fullmatch(line.strip()):
            return Request("talk", talk, "en")
    line, which = _taken_which(_polite(line))
    counted, count, listed = _taken_count(line)
    tokens = counted.split()
    if not tokens and count is None:
        return None
    words = frozenset(tokens)
    named = not words.isdisjoint(_ARTICLE) or bool(re.search(rf"\b(?:this|these) (?:{'|'.join(_MAYBE)})\b", counted))
    said = _Words(counted, words, named or which is not None)
    found = _beside(said, which) or _details(said) or _listing(said) or _summary(said, counted=count is not None)
    if found is None:
        return None
    kind, asked = found
    # "Summarise it" is said to whoever has an article before him.
    leans = not said.named and which is None and not words.isdisjoint(_IT) and words.isdisjoint(_SUMMARISE)
    about_it = re.search(r"\babout (?:it|this|that|them|these)$", counted) and said.named and kind == "summary"
    points = listed or not words.isdisjoint(_POINTS)
    return Request(kind, asked, "en", count, points, which, points_back=leans or bool(about_it))


def _spelled(question: str) -> str | None:
    """Return a question in small letters and known spellings; None where a word of it is not known."""
    text = unicodedata.normalize("NFKC", question).replace("’", "'").replace("‘", "'")
    for short, whole in _KNOWN_SHORT.items():
        text = re.sub(rf"(?<!\w){re.escape(short)}(?!\w)", whole, text, flags=re.IGNORECASE)
    text = re.sub(
        r"(?i)\b(i|you|we)'(d|m|re|ll|ve)\b", lambda found: f"{found[1]} {_SHORTENED[found[2].lower()]}", text
    )
    text = _CONTRACTED.sub(r"\1 is", text[:1].lower() + text[1:])
    text = re.sub(r"(?i)(?<=\w)'s\b", " ", text).replace("'", "")
    typed = re.findall(r"[^\W_]+", text)
    if not typed or len(typed) > _MOST_WORDS:
        return None
    shouted = text.isupper() or text.istitle()
    found: list[str] = []
    for place, word in enumerate(typed):
        known = _known(word.lower(), guess=shouted or place == 0 or word.islower())
        if known is None:
            return None
        found.append(known)
    return " ".join(found)


_SHORTENED = {"d": "would", "m": "am", "re": "are", "ll": "will", "ve": "have"}
_MOST_WORDS = 30
_ALONE = frozenset(re.findall(r"[a-z]+", " ".join([*(p.pattern for _, p in _TALK), _PREFIX.pattern, _SUFFIX.pattern])))
_KNOWN = _HEADS | frozenset(word for word in _ALONE if len(word) > 1) | {"i", "a"}


def _known(word: str, *, guess: bool) -> str | None:
    if word in _KNOWN or (word.isdecimal() and len(word) <= 3):
        return word
    # A capital within a sentence is a name, however near it is to one of our words.
    if not guess or word in ORDINARY or not word.isalpha():
        return None
    if found := meant(word, _KNOWN):
        return found
    # A space left out: "thisarticle".
    halves = ((word[:at], word[at:]) for at in range(2, len(word) - 2))
    return next((f"{one} {two}" for one, two in halves if one in _KNOWN and two in _KNOWN), None)


def _polite(line: str) -> str:
    """Return a question without what only makes it polite."""
    before = None
    while before != line:
        before = line
        if (found := _PREFIX.match(line)) and line[found.end() :].strip():
            line = line[found.end() :].strip()
        if (found := _SUFFIX.search(line)) and line[: found.start()].strip():
            line = line[: found.start()].strip()
    return line


def _taken_which(line: str) -> tuple[str, Which | None]:
    found = _WHICH.search(line)
    return (
        (line, None)
        if found is None
        else (f"{line[: found.start()]}{line[found.end() :].strip()}", _ORDINALS[found[1]])
    )


def _taken_count(line: str) -> tuple[str, int | None, bool]:
    """Return a question without its count, the count, and whether points are counted."""
    found = _COUNT.search(line)
    if found is None:
        return line, None, False
    spoken, unit = found["word"], found["unit"]
    if spoken in {"a", "an"}:
        if unit not in {"sentence", "line", "paragraph"}:
            return line, None, False
        number = 1
    else:
        number = int(found["digits"]) if found["digits"] else _NUMBERS[spoken]
    if unit in {"word", "words"}:
        number = round(number / _WORDS_A_SENTENCE)
    elif unit in {"paragraph", "paragraphs"}:
        number *= 4
    kept = f"{line[: found.start()]}{unit}{line[found.end() :]}"
    return kept, max(1, number), unit.startswith(("point", "bullet")) or unit in _POINTS


def _beside(said: _Words, which: Which | None) -> tuple[Kind, Asked] | None:
    several = "articles" in said.words or which is not None or said.any({"both", "two"}, _ARTICLE)
    if not several or not said.only(_BESIDE_GLUE):
        return None
    found = [asked for word, asked in _BESIDE.items() if word in said.words]
    if "new" in found:
        return ("beside", "new") if which is not None else ("beside", "different")
    return ("beside", next(one for one in ("different", "common") if one in found)) if found else None


def _details(said: _Words) -> tuple[Kind, Asked] | None:
    rules = (_author, _published, _where, _title, _length, _language)
    return next((("details", found) for rule in rules if (found := rule(said)) is not None), None)


def _author(said: _Words) -> Asked | None:
    if (
        said.only(_WROTE, _DO, _set("who whom by author"))
        and said.article
        and said.any(_WROTE | {"by"}, {"who", "whom"})
    ):
        return "author"
    if said.only(_WRITERS, _set("author authors who name names whose by")):
        asks = said.any({"who", "name", "names"}) or "what" not in said.words
        if asks and (said.any({"author", "authors"}) or (said.named and said.any(_WRITERS))):
            return "author"
        if said.named and "whose" in said.words:
            return "author"
    return None


def _published(said: _Words) -> Asked | None:
    dated = _set("when date day year month time how old recent new")
    if not said.only(_APPEARED, _DO, dated, _set("publication publishing release first author come comes came")):
        return None
    when = said.any(_set("when date day year month"))
    verbs = _APPEARED | {"from", "come", "came"} if said.named else _PUBLISHED
    if (when and said.article and said.any(verbs)) or (
        when and said.any(_set("publication publishing published release"))
    ):
        return "published"
    if said.named and "date" in said.words and not said.any(_set("how when")):
        return "published"
    return "published" if said.named and re.search(r"\bhow (?:old|recent|new)\b", said.line) else None


def _where(said: _Words) -> Asked | None:
    if said.any(_set("url link hyperlink")) or re.search(r"\bweb address\b", said.line):
        return "url" if said.only(_set("url link hyperlink web address where original")) else None
    if not said.only(_APPEARED, _OUTLETS, _DO, _set("where who by original come comes came")):
        return None
    if "where" in said.words and said.any(_APPEARED | _set("from come comes came") if said.named else _PUBLISHED):
        return "where" if said.article else None
    if said.any({"who"}, {"published", "publish", "posted"}) and said.article:
        return "where"
    outlet = said.any(_OUTLETS - {"website"}) or re.search(r"\b(?:what|which) website\b", said.line)
    return "where" if outlet and (said.article or said.only(_set("publisher source"))) else None


def _title(said: _Words) -> Asked | None:
    if said.only(_set("title titled called entitled name how")):
        if "title" in said.words and "how" not in said.words:
            return "title"
        if said.named and said.any(_set("called titled entitled name")):
            return "title"
    return None


def _length(said: _Words) -> Asked | None:
    line = said.line
    if said.only(_MEASURES, _DO, _HAVE, _set("how many number count total long")) and (
        re.search(r"\bhow many (?:words|characters|letters|sentences|paragraphs|pages|lines)\b", line)
        or re.search(r"\b(?:word|character|page|sentence) count\b", line)
        or re.search(
            r"\b(?:count|number of)(?: the| of)* (?:words|characters|letters|sentences|paragraphs|pages)\b", line
        )
    ):
        return "length"
    if said.only(_DO, _set("how long many much time minutes minute take takes read reading need i me would will")):
        if re.search(r"\breading time\b|\b(?:take|minutes|minute|long|time)\b.*\bread\b", line):
            return "length"
        if said.article and re.search(
            r"\bhow long (?:is|was|are)\b|\bis (?:it|this(?: \w+)?|the article) (?:a )?long\b", line
        ):
            return "length" if not said.any(_set("take takes")) else None
    if said.only(_set("length lengthy how big short")):
        return "length" if said.any({"length"}) or (said.article and "how" in said.words) else None
    return None


def _language(said: _Words) -> Asked | None:
    if "language" not in said.words or not said.only(_set("language written"), _DO):
        return None
    bare = said.words <= _set("language what which")
    return "language" if bare or said.article else None


def _listing(said: _Words) -> tuple[Kind, Asked] | None:
    line = said.line
    if re.search(r"\btable of contents\b", line) and said.only(_set("table contents")):
        return "listing", "headings"
    kinds = [kind for word, kind in _LISTED.items() if word in said.words and word not in {"quote", "quotes"}]
    if "quote" in said.words or "quotes" in said.words or "quoted" in said.words:
        kinds = kinds or ["quotes"]
    words = frozenset(_LISTED)
    if not said.only(words, _LIST, _MENTION, _PLAIN, _DO, _HAVE, _MAIN, _set("how many who author make")):
        return None
    by_verb, mentioned = said.any(_LIST - {"name"}) or line.startswith("name "), said.any(_MENTION - {"names", "about"})
    if "who" in said.words:
        return (
            ("listing", kinds[0] if kinds else "people")
            if mentioned or (said.named and not said.any({"about"}, {"is"}) and said.any({"in"}))
            else None
        )
    if not kinds:
        return None
    kind = _narrowest(kinds)
    if said.any(_DO | _HAVE) and not (said.article or "author" in said.words):
        return None
    if "many" in said.words and not (mentioned or said.named or kind == "headings"):
        return None
    clear = said.any(_CLEARLY_LISTED) and not said.any({"how"} if kind != "headings" else ())
    return ("listing", kind) if by_verb or mentioned or said.named or clear else None


def _narrowest(kinds: list[Listing]) -> Listing:
    """Return what is listed where two kinds are spoken of: of "the names of the countries", the countries."""
    return next((kind for kind in kinds if kind != "names"), kinds[0])


def _summary(said: _Words, *, counted: bool) -> tuple[Kind, Asked] | None:
    if _SPECIAL.fullmatch(said.line):
        return "summary", "conclusion" if said.any({"end", "conclude"}) else "whole"
    if not said.words <= _SUMMARY_GLUE | _ARTICLE | (_MAYBE if said.named or said.any(_SUMMARISE) else frozenset()):
        return None
    author = said.any({"author", "authors"}) or (said.any({"writer"}) and said.named)
    asks = said.any(_set("what which explain describe")) or said.line.startswith(("about", "the", "main", "key"))
    right = (
        (said.any(_STRONG) and not said.any({"who", "how"}))
        or (said.any(_MAIN, _MATTERS) and not said.any({"who", "how"}))
        or (said.any(_WITH_ARTICLE) and (said.named or author) and not said.any({"who", "how"}))
        or (said.any(_SAYS - {"about"}) and (said.named or author) and asks and not said.any({"who", "how"}))
        or (said.any({"about"}) and said.article and said.any({"what", "who"}) and "how" not in said.words)
        or (counted and said.any(_UNITS - {"word", "words", "line", "lines"}) and not said.any({"who", "how"}))
        or (said.any({"explain", "describe"}) and said.article)
    )
    if not right:
        return None
    return "summary", "conclusion" if said.any(_CONCLUSION) else "whole"
