"""HTML enters, a Draft of its article leaves, whole; menus, banners and what is hidden or scripted stay out."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from index.errors import LoadError
from index.reading.accordion import press_open
from index.reading.boilerplate import article_of
from index.reading.canonical import Draft, Piece, clean_block, clean_line, join_lines, raised, without_title
from index.reading.equation import linear_equation
from index.reading.hidden import drop_hidden, drop_struck
from index.reading.json_ld import stated_text
from index.reading.list_numbers import number_items
from index.reading.load_plain import parse_plain
from index.reading.metadata import iso_date, language_code, web_address
from index.reading.tables import fill_merged, is_row, table_row
from index.text.language import script_language

_Element = Any  # lxml ships no types
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>", re.IGNORECASE)
_DOCUMENT = re.compile(r"<(?:html|body)\b", re.IGNORECASE)
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_UNSEEN = frozenset(
    {
        "script",
        "style",
        "template",
        "noscript",
        "svg",
        "math",
        "iframe",
        "object",
        "select",
        "textarea",
        "button",
        "title",
        "meta",
        "video",
        "audio",
        "canvas",
    }
)
_HEADINGS = frozenset(f"h{level}" for level in range(1, 7)) | {"head"}  # "head": trafilatura's own, level in @rend
_ROWS = frozenset({"tr", "row"})
_ANCHOR = re.compile(r"\s*[#¶§🔗]\s*\Z")  # the link to itself that many sites hang on a heading
_CELLS = frozenset({"td", "th", "cell"})
_NOTE_MARK = re.compile(r"[\[(]?(?:\d{1,4}|[a-z]|[ivx]{1,6}|[*†‡§]{1,3})[\])]?")
_BREAKS = frozenset({"br", "lb"})
_SHOWN = {"img": "picture{s}", "video": "video{s}", "audio": "recording{s}", "iframe": "framed page{s}"}
_MARKUP = re.compile(r"</?(?:p|br|div|h[1-6]|li|a|em|strong)\b", re.IGNORECASE)
_MORE = 2  # times as much text as the page shows: what it states about itself is the article, and not its summary
_KEPT_LINES = frozenset({"pre", "code"})
_BLOCKS = frozenset(
    "address article aside blockquote body caption center col colgroup dd details dialog dir div dl dt fieldset "
    "figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li main menu nav ol "
    "p pre search section summary table tbody td tfoot th thead tr ul cell row list item quote".split()
)
_SENTENCES = frozenset("p h1 h2 h3 h4 h5 h6 dt td th a b em i small span strong figcaption".split())
# What trafilatura is asked about takes time in its square: characters of source, elements, and how deep they stand.
_TOP, _ELEMENTS, _DEPTH = 300_000, 10_000, 256
for _name in ("trafilatura", "htmldate", "courlan", "justext", "charset_normalizer"):
    # Without a handler of their own, their warnings about odd pages would land on the user's terminal.
    logging.getLogger(_name).addHandler(logging.NullHandler())


def parse_html(text: str) -> Draft:
    """Return the Draft of a page: its article, or all its text where no article is found; pieces may be empty.

    LoadError for one whose elements stand too deep inside one another.
    """
    # Imported here: half a second that a text file need not pay.
    from trafilatura.metadata import extract_metadata

    tree = _tree(text)
    if tree is None:
        return Draft()
    dates = {"extensive_search": False, "original_date": True}  # only a date the page states, no guess from its text
    draft = Draft(language=_declared_language(tree))
    # It is made for pages as they are, and stumbles over some that no one would write.
    with suppress(ValueError, TypeError, AttributeError, KeyError, IndexError, RecursionError, OverflowError):
        # Facts stand near the top; looked for in the whole of a long page they take time in its square.
        about = extract_metadata(tree if len(text) <= _TOP else _tree(text[:_TOP]), None, dates, True)
        draft.title, draft.author, draft.published = _plain(about.title), _plain(about.author), iso_date(about.date)
        draft.url, draft.site = web_address(about.url), _plain(about.sitename)
    stated = stated_text(tree)
    is_drawn = bool(tree.xpath("//script"))
    _tidy(tree)
    article = article_of(tree, _found_paragraphs)
    draft.pieces, draft.left_out = _walk(article), _left_out(article)
    if sum(map(len, stated)) > _MORE * sum(len(piece.text) for piece in draft.pieces):
        draft.pieces = [piece for part in stated for piece in _stated_pieces(part)]
    elif is_drawn and not any(clean_block(piece.text) for piece in draft.pieces):
        raise LoadError(
            "Found a page whose text its scripts fetch; expected the text itself. Open the page in a browser, and "
            "save it there as MHTML or PDF."
        )
    _settle_title(draft)
    _settle_language(draft)
    return draft


def _stated_pieces(part: str) -> list[Piece]:
    return html_pieces(part) if _MARKUP.search(part) else parse_plain(part, titled=True).pieces


def _left_out(article: _Element) -> Counter[str]:
    """Count what an article shows besides its text; a picture of a point or two only counts its users."""
    found = (element for element in article.iter(*_SHOWN) if element.get("width") not in {"0", "1", "2"})
    return Counter(_SHOWN[element.tag] for element in found)


def html_pieces(text: str) -> list[Piece]:
    """Return the visible headings and paragraphs of a chapter or a fragment, in order, navigation left out."""
    tree = _tree(text)
    if tree is None:
        return []
    _tidy(tree)
    for element in tree.xpath("//nav"):
        element.drop_tree()
    body = tree.find(".//body")
    return [piece for piece in _walk(tree if body is None else body) if clean_block(piece.text)]


def _found_paragraphs(tree: _Element) -> list[str]:
    """Return what trafilatura takes for the paragraphs of a page's article."""
    from trafilatura import bare_extraction

    body = None
    if tree.xpath(f"count(//*) > {_ELEMENTS}") or tree.xpath(f"boolean(//*[count(ancestor::*) > {_DEPTH}])"):
        return []
    with suppress(ValueError, TypeError, AttributeError, KeyError, IndexError, RecursionError, OverflowError):
        found = bare_extraction(tree, include_comments=False, include_tables=True, fast=True)
        body = getattr(found, "body", None)
    return [piece.text for piece in _walk(body)] if body is not None else []


def _tree(text: str) -> _Element | None:
    from lxml import etree
    from lxml.html import HTMLParser, document_fromstring

    text = _DECLARATION.sub("", text).replace("\x00", "")
    if not _DOCUMENT.search(text):
        text = f"<html><body><div>{text}</div></body></html>"
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        tree = document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        if getattr(error, "code", None) == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from error
        return None  # nothing in it
    # There it stops, and says so here alone: the rest of the page would be missing.
    if any("depth" in entry.message for entry in parser.error_log):
        raise LoadError("Found a page of more than 2,000 nested elements; expected fewer. Save it as plain text.")
    return tree


def _tidy(tree: _Element) -> None:
    """Leave, in place, what a browser shows: nothing hidden or struck out, the head of each table before its body."""
    # lxml takes these from a page, and then refuses to move the text they stand in.
    for element in tree.iter():
        for part in ("text", "tail"):
            if (text := getattr(element, part)) and _NO_XML.search(text):
                setattr(element, part, _NO_XML.sub("", text))
    _write_equations(tree)
    press_open(tree)
    drop_hidden(tree)
    drop_struck(tree)
    _drop_readings(tree)
    _raise_numbers(tree)
    number_items(tree)
    for head in tree.xpath("//table/thead[preceding-sibling::tbody | preceding-sibling::tr]"):
        head.xpath("preceding-sibling::tbody | preceding-sibling::tr")[0].addprevious(head)
    fill_merged(tree)


def _write_equations(tree: _Element) -> None:
    """Put each equation into its sentence as a line of text, once where the page holds it twice."""
    for equation in tree.xpath("//*[local-name()='math' or substring-after(name(), ':')='math']"):
        if equation.getparent() is None or next(equation.iterancestors("math"), None) is not None:
            continue
        text, tail = linear_equation(equation), equation.tail
        around = " " if equation.get("display") == "block" else ""
        equation.clear()
        equation.tag, equation.text, equation.tail = "span", f"{around}{text}{around}", tail
        _keep_one(equation)


def _keep_one(equation: _Element) -> None:
    """Keep the words of an equation where its page draws it beside them, for eyes alone or as a picture, and goes on.

    KaTeX and MathJax draw it in letters hidden from screen readers; Wikipedia hides the words, and shows a picture.
    """
    holder = equation
    while not _is_block(parent := holder.getparent()) and len(parent) == 1:
        if (parent.text or "").strip() or (holder.tail or "").strip():
            break
        holder = parent
    beside = (holder.getprevious(), holder.getnext())
    drawn = [other for other in beside if other is not None and other.get("aria-hidden") == "true"]
    if holder is equation or not drawn:
        return
    equation.tail = holder.tail
    holder.getparent().replace(holder, equation)
    for other in drawn:
        other.drop_tree()


def _raise_numbers(tree: _Element) -> None:
    """Write raised numbers as such, and leave out those that are links to a note."""
    for mark in tree.xpath("//sup"):
        text = "".join(mark.itertext()).strip()
        links = mark.xpath("descendant-or-self::*/@href | parent::a/@href")
        if links and "#" in links[0] and _NOTE_MARK.fullmatch(text):
            mark.drop_tree()
        elif not len(mark) and mark.text:
            mark.text = raised(text)


def _drop_readings(tree: _Element) -> None:
    """Remove how the words of a ruby are read: a word with its reading behind it is found and matched by neither."""
    for reading in tree.xpath("//ruby//rt | //ruby//rp | //ruby//rtc"):
        # Of <ruby>島<rt>しま<rb>船<rt>ふね</ruby>, closed by nothing, the parser puts the second word into the first's.
        for word in list(reading.iter("rb")):
            reading.addprevious(word)
        if reading.getparent() is not None:
            reading.drop_tree()


def _plain(text: str | None) -> str | None:
    """Return a title or a name that a page states about itself, without the markup some of them carry."""
    if text:
        text = re.sub(
            r"<(script|style)\b.*?(?:</\1\s*>|\Z)|</?[a-zA-Z][^<>]*>", " ", text, flags=re.DOTALL | re.IGNORECASE
        )
    return clean_line(text)


def _walk(root: _Element) -> list[Piece]:
    writer = _Writer()
    for event, element in _events(root):
        if event == "start":
            writer.open(element)
        elif event == "text":
            writer.write(element)
        else:
            writer.close(element)
    writer.flush()
    return writer.pieces


def _events(root: _Element) -> Iterator[tuple[str, Any]]:
    """Yield ("start", element), ("text", string) and ("end", element) in reading order, without recursion."""
    stack: list[tuple[str, Any]] = [("start", root)]
    while stack:
        event, item = stack.pop()
        if event != "start":
            yield event, item
            continue
        if not isinstance(item.tag, str) or item.tag in _UNSEEN:  # comments have no name
            continue
        yield "start", item
        stack.append(("end", item))
        for child in reversed(item):
            stack.extend([("text", child.tail or ""), ("start", child)])
        yield "text", item.text or ""


def _is_block(element: _Element) -> bool:
    """Say whether an element stands on lines of its own. One of a site's own making does unless a sentence holds it."""
    tag, parent = element.tag, element.getparent()
    own = "-" in tag and not tag.startswith("mjx-")
    return tag in _BLOCKS or (own and (parent is None or parent.tag not in _SENTENCES))


class _Writer:
    """Gathers the text between block borders into pieces."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self._text: list[str] = []
        self._has_lines = False
        """Whether a line ends in what was gathered."""
        self._level = 0
        self._kept = 0
        self._row: list[str] | None = None

    def open(self, element: _Element) -> None:
        tag = element.tag
        if tag in _BREAKS:
            self._add("\n")
        elif tag in _KEPT_LINES:
            self._open_kept(element)
        elif _is_block(element) and not (tag in _CELLS and self._row is not None):
            self.flush()
            if tag in _HEADINGS:
                level = str(element.get("rend") or tag)
                self._level = int(level[1]) if re.fullmatch("h[1-6]", level) else 2
            elif tag in _ROWS and self._row is None and is_row(element):
                self._row = []

    def close(self, element: _Element) -> None:
        tag = element.tag
        if tag in _KEPT_LINES:
            if tag == "pre" or self._has_lines:
                self.flush()
            self._kept -= 1
        elif tag in _CELLS and self._row is not None:
            self._end_cell(self._row)
        elif tag in _ROWS and self._row is not None:
            self._end_row(self._row)
        elif _is_block(element):
            self.flush()
            if tag in _HEADINGS:
                self._level = 0

    def write(self, text: str) -> None:
        if self._kept:
            self._add(text)
        elif text:
            # Line ends in the source are spaces on the page, and nothing between Chinese or Japanese characters.
            edge = [" " if text[0].isspace() else "", " " if text[-1].isspace() else ""]
            self._add(edge[0] + join_lines(text.split("\n")) + edge[1])

    def flush(self) -> None:
        if self._row is not None:
            self._add(" ")
            return
        text = self._taken()
        for part in re.split(r"\n\s*\n", text) if not self._kept else [text]:
            if part.strip():
                self.pieces.append(Piece(_ANCHOR.sub("", part) if self._level else part, self._level))

    def _add(self, text: str) -> None:
        self._text.append(text)
        self._has_lines = self._has_lines or "\n" in text

    def _taken(self) -> str:
        """Return what was gathered, and begin anew."""
        text = "".join(self._text)
        self._text, self._has_lines = [], False
        return text

    def _open_kept(self, element: _Element) -> None:
        if element.tag == "pre" or "\n" in (element.text or ""):
            self.flush()
        self._kept += 1

    def _end_cell(self, row: list[str]) -> None:
        row.append(clean_line(join_lines(self._taken().split("\n"))) or "")

    def _end_row(self, row: list[str]) -> None:
        self._end_cell(row)  # words between the cells
        self._row = None
        self.pieces.append(Piece(table_row(row)))


def _declared_language(tree: _Element) -> str | None:
    return language_code(tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang"))


def _settle_title(draft: Draft) -> None:
    """Prefer the heading that opens the article: a page's title adds the site's name, or is the site's alone."""
    pieces = draft.pieces
    heading = clean_line(pieces[0].text) if pieces and pieces[0].level == 1 else None
    if title := heading or clean_line(draft.title):
        draft.title = title
        draft.pieces = without_title(draft.pieces, title)


def _settle_language(draft: Draft) -> None:
    """Drop a declared language the script denies: templates say "en" above every page."""
    script = script_language("\n".join(piece.text for piece in draft.pieces))
    if script != draft.language and (script or draft.language in {"ja", "zh", "ko"}):
        draft.language = None
