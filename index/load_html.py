"""HTML enters, a Draft of its main text leaves: trafilatura finds the article; what is hidden or scripted stays out."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any

from index.canonical import Draft, Piece, clean_block, clean_line, join_lines, without_title
from index.language import script_language
from index.metadata import iso_date, language_code, web_address

_Element = Any  # lxml ships no types
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>", re.IGNORECASE)
_DOCUMENT = re.compile(r"<(?:html|body)\b", re.IGNORECASE)
# What a browser would not show. White text on white cannot be told here; its words are at least seen in the pane.
_HIDING = re.compile(
    r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|(?:font-size|opacity)\s*:\s*0(?:\.0*)?(?:px|em|%)?\s*(?:;|!|$))",
    re.IGNORECASE,
)
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
    }
    | {"meta", "nav", "footer"}
)
_HEADINGS = frozenset(f"h{level}" for level in range(1, 7)) | {"head"}  # "head": trafilatura's own, level in @rend
_ROWS = frozenset({"tr", "row"})
_ANCHOR = re.compile(r"\s*[#¶§🔗]\s*\Z")  # the link to itself that many sites hang on a heading
_CELLS = frozenset({"td", "th", "cell"})
_BREAKS = frozenset({"br", "lb"})
_KEPT_LINES = frozenset({"pre", "code"})
_INLINE = frozenset(
    {
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "big",
        "cite",
        "data",
        "del",
        "dfn",
        "em",
        "font",
        "hi",
        "i",
        "ins",
        "kbd",
        "label",
    }
    | {"mark", "q", "ref", "rp", "rt", "ruby", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time"}
    | {"tt", "u", "var", "wbr"}
)
# Below the first trafilatura gives the words of a page without its shape; below the second it has hardly found it.
_LITTLE, _HARDLY = 300, 100
for _name in ("trafilatura", "htmldate", "courlan", "justext", "charset_normalizer"):
    # Without a handler of their own, their warnings about odd pages would land on the user's terminal.
    logging.getLogger(_name).addHandler(logging.NullHandler())


def parse_html(text: str) -> Draft:
    """Return the Draft of a page: its article, or all its text where no article is found; pieces may be empty."""
    # Imported here: half a second that a text file need not pay.
    from trafilatura import bare_extraction
    from trafilatura.metadata import extract_metadata

    tree = _tree(text)
    if tree is None:
        return Draft()
    dates = {"extensive_search": False, "original_date": True}  # only a date the page states, no guess from its text
    about = extract_metadata(tree, None, dates, True)
    draft = Draft(
        title=about.title,
        author=about.author,
        published=iso_date(about.date),
        language=_declared_language(tree),
        url=web_address(about.url),
    )
    found = bare_extraction(tree, include_comments=False, include_tables=True)
    body = getattr(found, "body", None)  # None where no article was found
    main = _walk(body) if body is not None else []
    draft.pieces = main if len(main) > 1 and _length(main) >= _LITTLE else _main_or_whole(main, html_pieces(text))
    _settle_title(draft)
    _settle_language(draft)
    return draft


def html_pieces(text: str) -> list[Piece]:
    """Return the visible headings and paragraphs of a page or a fragment, in order, navigation left out."""
    tree = _tree(text)
    if tree is None:
        return []
    body = tree.find(".//body")
    return [piece for piece in _walk(tree if body is None else body) if clean_block(piece.text)]


def _tree(text: str) -> _Element | None:
    from trafilatura import load_html

    text = _DECLARATION.sub("", text)
    if not _DOCUMENT.search(text):
        text = f"<html><body><div>{text}</div></body></html>"
    tree = load_html(text)
    if tree is None:
        return None
    for element in tree.xpath("//*[@hidden or @style]"):
        hidden = element.get("hidden") is not None or _HIDING.search(element.get("style") or "")
        if hidden and element.getparent() is not None:
            element.drop_tree()
    return tree


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


class _Writer:
    """Gathers the text between block borders into pieces."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self._text: list[str] = []
        self._level = 0
        self._kept = 0
        self._row: list[str] | None = None

    def open(self, element: _Element) -> None:
        tag = element.tag
        if tag in _BREAKS:
            self._text.append("\n")
        elif tag in _KEPT_LINES:
            self._open_kept(element)
        elif tag not in _INLINE and tag not in _CELLS:
            self.flush()
            if tag in _HEADINGS:
                level = str(element.get("rend") or tag)
                self._level = int(level[1]) if re.fullmatch("h[1-6]", level) else 2
            elif tag in _ROWS:
                self._row = []

    def close(self, element: _Element) -> None:
        tag = element.tag
        if tag in _KEPT_LINES:
            if tag == "pre" or "\n" in "".join(self._text):
                self.flush()
            self._kept -= 1
        elif tag in _CELLS:
            self._end_cell()
        elif tag not in _INLINE and tag not in _BREAKS:
            self.flush()
            if tag in _HEADINGS:
                self._level = 0
            elif tag in _ROWS:
                self._end_row()

    def write(self, text: str) -> None:
        if self._kept:
            self._text.append(text)
        elif text:
            # Line ends in the source are spaces on the page, and nothing between Chinese or Japanese characters.
            edge = [" " if text[0].isspace() else "", " " if text[-1].isspace() else ""]
            self._text.append(edge[0] + join_lines(text.split("\n")) + edge[1])

    def flush(self) -> None:
        if self._row is not None:
            self._text.append(" ")
            return
        for part in re.split(r"\n\s*\n", "".join(self._text)) if not self._kept else ["".join(self._text)]:
            if part.strip():
                self.pieces.append(Piece(_ANCHOR.sub("", part) if self._level else part, self._level))
        self._text = []

    def _open_kept(self, element: _Element) -> None:
        if element.tag == "pre" or "\n" in (element.text or ""):
            self.flush()
        self._kept += 1

    def _end_cell(self) -> None:
        if self._row is not None:
            self._row.append(join_lines("".join(self._text).split("\n")))
            self._text = []

    def _end_row(self) -> None:
        cells, self._row, self._text = self._row or [], None, []
        self.pieces.append(Piece(" | ".join(filter(None, map(clean_line, cells)))))


def _main_or_whole(main: list[Piece], whole: list[Piece]) -> list[Piece]:
    """Return the whole page where it is hardly more than the main text found, or that text is hardly anything."""
    return whole if _length(main) < _HARDLY or _length(main) <= _length(whole) <= 3 * _length(main) else main


def _length(pieces: list[Piece]) -> int:
    return sum(len(clean_block(piece.text)) for piece in pieces)


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
