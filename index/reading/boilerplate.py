"""A page's tree enters, the element that holds its article leaves, without menus, banners, share bars and comments.

Nothing goes by its name alone: "related-work" heads a section, "cookies" may be what an article is about. What goes is
named for it *and* looks it (links, buttons, few words), and never takes the last words of a page with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_Element = Any  # lxml ships no types
_CONTAINERS = frozenset("div section aside ul ol nav header footer form table p dialog details center dl".split())
# Words that sites hang before and behind what a thing is: "post-share-buttons".
_BEFORE = (
    r"(?:(?:site|page|article|post|entry|content|single|blog|news|js|global|main|primary|secondary|top|bottom|sticky"
    r"|wp|jp|u|c|l|p|block|widget|module|component|section)[-_]{1,2})*"
)
_AFTER = (
    r"(?:[-_]{1,2}(?:buttons?|btns?|bar|links?|icons?|tools?|toolbar|lists?|box|area|wrap|wrapper|container|widget"
    r"|block|section|inner|contents?|module|panel|group|items?|nav|menu|top|bottom|left|right|main|primary|secondary"
    r"|footer|header|this|us|form|banner|notice|popup|modal|overlay|dialog|message|consent|signup|posts?|articles?"
    r"|stories|news|entries|reading|thread|respond|count|title|heading|cards?|grid|slider|\d+))*"
)


def _named(core: str) -> re.Pattern[str]:
    """Return what matches a class or an id that names a thing as sites do, and not "share-of-wool"."""
    return re.compile(f"{_BEFORE}(?:{core}){_AFTER}", re.IGNORECASE)


_MENU = _named(
    "g?nav|navi|navigation|navbar|menu|submenu|breadcrumbs?|pankuzu|topicpath|pagination|pager|skip|skip-?link|sitemap"
    "|toc|tabs|masthead|mega-?menu|drawer|hamburger|header|footer|sidebar|side|subnav|tags?|tag-?cloud|categor(?:y|ies)"
)
_FOOT = _named("footer|foot|copyright|colophon|credits?")
_SHARE = _named("share|sharing|sharedaddy|social|socials|sns|addtoany|addthis|follow|tweet|like|reactions?|print|clap")
_RELATED = _named(
    "related|recommend|recommended|recommendations?|recirc|more|read-?more|read-?next|also|you-?may|popular|trending"
    "|most-?read|ranking|recent|latest|kanren|osusume|pickup|teasers?|outbrain|taboola|yarpp|promos?|up-?next|prev-?next"
)
_COMMENTS = _named("comments?|comment-?list|disqus|disqus_thread|respond|livefyre|fb-?comments")
_COOKIE = _named("cookies?|cookie-?law|consent|gdpr|ccpa|onetrust|cookiebot|cmp|privacy|legal-?notice|eu-?cookie")
_SIGNUP = _named(
    "newsletter|subscribe|subscription|signup|sign-?up|mailing|mailchimp|mc_embed|paywall|register|login|sign-?in"
    "|membership|donate|cta|promo"
)
_ADS = _named(
    "ads?|adsense|advert|adverts|advertisement|advertising|ad-?slot|ad-?unit|sponsor|sponsored|google-?ad|dfp"
)
_EDIT = re.compile(r"(?:mw-)?edit-?section|header-?link|edit-?link", re.IGNORECASE)  # hung on headings by wikis
_MENU_ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "menu", "menubar", "toolbar", "tablist"})
_DIALOG_ROLES = frozenset({"dialog", "alertdialog"})
_COOKIE_WORDS = re.compile("cookie|consent|gdpr|クッキー|同意|プライバシー", re.IGNORECASE)
_SIGNUP_WORDS = re.compile("newsletter|subscri|sign up|log in|register|登録|購読|メルマガ|ログイン", re.IGNORECASE)
_AD_WORDS = re.compile(r"\W*(?:advert|ad\b|sponsor|promoted|広告|スポンサー|PR\b)", re.IGNORECASE)
_FOOT_WORDS = re.compile(r"©|\(c\)|copyright|all rights reserved|著作権|無断|privacy", re.IGNORECASE)
_COMMENT_WORDS = re.compile(
    r"\W*(?:\d+\s*)?(?:(?:leave a |post a )?(?:comments?|repl(?:y|ies)|responses?)|コメント(?:欄|一覧|する|を書く)?)"
    r"\W*\d*\W*",
    re.IGNORECASE,
)
_RELATED_WORDS = re.compile(
    r"\W*(?:related (?:articles?|stories|posts?|contents?|links?|reading|news|topics?)|read (?:more|next|also)"
    r"|more (?:from|on|stories|articles|news|like this)\b.{0,40}"
    r"|(?:you )?(?:may|might) also (?:like|enjoy|be interested in)"
    r"|recommended(?: (?:for you|reading|articles?|stories))?|(?:most|what's) (?:read|popular|viewed|trending)"
    r"|popular(?: posts?| now)?|trending(?: now)?|(?:latest|recent) (?:news|posts?|articles?|stories)"
    r"|share (?:this|on|via).{0,30}|share|follow us.{0,20}|tags?"
    r"|関連(?:記事|リンク|ニュース|コンテンツ|する記事)|(?:あわせて|合わせて|併せて)読みたい.{0,6}"
    r"|(?:おすすめ|オススメ|人気|新着|最新|注目)の?(?:記事|ニュース|エントリー|投稿)?"
    r"|(?:アクセス|人気|記事)?ランキング|シェア(?:する)?|(?:SNSで|この記事を)シェア(?:する)?|タグ)\W*",
    re.IGNORECASE,
)
_HEADINGS = ("h2", "h3", "h4", "h5", "h6", "p", "div", "strong")
_FEW, _SOME = 200, 600  # characters of a banner, of a box


def article_of(tree: _Element, find: Callable[[_Element], list[str]]) -> _Element:
    """Return the element with the article, cleaned in place; the body where the page does not say which it is.

    ``find`` is asked, for such a page, for the paragraphs of its article: what holds them is kept, whole.
    """
    found = tree.find(".//body")
    body = tree if found is None else found
    page = _Page(body)
    page.clean()
    root = _marked_root(body)
    if root is None or _prose(root) < 0.4 * _prose(body):
        root = _around_text(body, find(tree))
    return root


class _Page:
    """A body being cleaned."""

    def __init__(self, body: _Element) -> None:
        self._body = body
        self._length = _length(body)

    def clean(self) -> None:
        for element in list(self._body.iterdescendants()):
            if isinstance(element.tag, str) and element.getparent() is not None and self._is_boilerplate(element):
                self._drop(element)
        for heading in list(self._body.iterdescendants(*_HEADINGS)):
            if heading.getparent() is not None and _RELATED_WORDS.fullmatch(_short(heading)):
                self._drop_below(heading)

    def _is_boilerplate(self, element: _Element) -> bool:
        if element.tag == "nav" or element.get("role") in _MENU_ROLES:
            return not _holds_article(element) and (_is_links(element) or _length(element) < _SOME)
        if element.get("role") in _DIALOG_ROLES or element.get("aria-modal") == "true":
            return not _holds_article(element)
        if element.tag == "footer":
            return _is_foot(element)
        names = f"{element.get('class') or ''} {element.get('id') or ''}".split()[:12]
        if element.tag in ("span", "a"):
            return any(map(_EDIT.fullmatch, names)) and _length(element) < _FEW / 10
        if element.tag not in _CONTAINERS or _holds_article(element):
            return False
        if element.tag == "form" and _asks(element) and _length(element) < _SOME:
            return True
        return any(looks(element) for name, looks in _LOOKS if any(name.fullmatch(word) for word in names))

    def _drop(self, element: _Element) -> None:
        """Remove an element unless the page would have no words left."""
        length = _length(element)
        if length < self._length:
            self._length -= length
            element.drop_tree()

    def _drop_below(self, heading: _Element) -> None:
        """Remove a heading such as "Related articles" with the links below it."""
        links: list[_Element] = []
        for below in heading.itersiblings():
            if below.tag in ("h1", "h2", "h3", "h4", "h5", "h6") or not _is_links(below, 0.8):
                break
            links.append(below)
        if links:
            for element in [heading, *links]:
                self._drop(element)


def _is_links(element: _Element, share: float = 0.5) -> bool:
    """Say whether so much of an element's text is links and buttons."""
    linked = sum(_length(link) for link in element.iter("a", "button"))
    return bool(linked) and linked >= share * _length(element)


def _is_share(element: _Element) -> bool:
    return _length(element) < _SOME and (_is_links(element) or (_length(element) < 60 and _can_be_pressed(element)))


def _is_related(element: _Element) -> bool:
    first = next((e for e in element.iter("h2", "h3", "h4", "h5", "h6", "strong", "p", "span") if _short(e)), None)
    headed = first is not None and bool(_RELATED_WORDS.fullmatch(_short(first)))
    return _is_links(element) or (headed and next(element.iter("a"), None) is not None)


def _is_comments(element: _Element) -> bool:
    """Say whether an element is where users answer, not a section an article calls its comments."""
    first = next((e for e in element.iter("h2", "h3", "h4", "h5", "h6") if _short(e)), None)
    if element.getprevious() is None or (first is not None and not _COMMENT_WORDS.fullmatch(_short(first))):
        return False
    return first is not None or bool(
        element.xpath(".//form | .//textarea | .//time | .//button | .//iframe | .//*[contains(@class, 'comment')]")
    )


def _is_cookie(element: _Element) -> bool:
    if _length(element) > 2 * _SOME or not _COOKIE_WORDS.search(_words(element)):
        return False
    at_edge = element.getparent().tag == "body" and _length(element) < _FEW
    return at_edge or _can_be_pressed(element)


def _is_signup(element: _Element) -> bool:
    if _length(element) > _SOME:
        return False
    return _asks(element) or (bool(_SIGNUP_WORDS.search(_words(element))) and _length(element) < _FEW)


def _is_ad(element: _Element) -> bool:
    return _length(element) < _FEW and (_can_be_pressed(element) or bool(_AD_WORDS.match(_words(element))))


def _is_small_print(element: _Element) -> bool:
    return _length(element) < _SOME and (_is_links(element) or bool(_FOOT_WORDS.search(_words(element))))


def _is_foot(element: _Element) -> bool:
    """Say whether a footer is the page's: that of a quotation or a figure names whose words they are."""
    inside = {ancestor.tag for ancestor in element.iterancestors()}
    if inside & {"blockquote", "figure", "q"}:
        return False
    return not inside & {"article", "main"} or _is_links(element)


def _can_be_pressed(element: _Element) -> bool:
    return next(element.iter("a", "button", "input"), None) is not None


def _asks(element: _Element) -> bool:
    kinds = "@type='email' or @type='search' or @type='password' or @type='text'"
    return bool(element.xpath(f".//textarea | .//input[{kinds}]"))


_LOOKS: tuple[tuple[re.Pattern[str], Callable[[_Element], bool]], ...] = (
    (_MENU, _is_links),
    (_FOOT, _is_small_print),
    (_SHARE, _is_share),
    (_RELATED, _is_related),
    (_COMMENTS, _is_comments),
    (_COOKIE, _is_cookie),
    (_SIGNUP, _is_signup),
    (_ADS, _is_ad),
)


def _holds_article(element: _Element) -> bool:
    return element.tag in ("article", "main", "body", "html") or bool(
        element.xpath("boolean(.//main | .//h1 | .//article[.//p])")
    )


# --- where the article is


def _marked_root(body: _Element) -> _Element | None:
    """Return the element the page itself marks as its article or its main part."""
    mains = body.xpath(".//main | .//*[@role='main']")
    articles = [a for a in body.xpath(".//article | .//*[contains(@itemprop, 'articleBody')]") if not _is_comment(a)]
    known = set(articles)
    outer = [a for a in articles if known.isdisjoint(a.iterancestors())]
    if mains:
        main = max(mains, key=_prose)
        _drop_teasers([a for a in outer if a is not main])
        return main
    if not outer:
        return None
    best = max(outer, key=_length)
    if _length(best) >= 0.6 * sum(map(_length, outer)):
        return best
    return _common(outer, body)


def _is_comment(element: _Element) -> bool:
    return "comment" in (element.get("class") or "").lower()


def _drop_teasers(articles: list[_Element]) -> None:
    """Remove the articles that are mere links to others, where one holds nearly all words."""
    best = max(articles, key=_length, default=None)
    for article in articles:
        if article is not best and _length(article) < 0.2 * _length(best) and _is_links(article, 0.3):
            article.drop_tree()


def _around_text(body: _Element, paragraphs: list[str]) -> _Element:
    """Return the innermost element that holds every one of these paragraphs that the page has."""
    wanted = set(filter(None, map(_squeeze, paragraphs)))
    if sum(map(len, wanted)) < 100:
        return body
    held = [
        e
        for e in body.iter("p", "li", "td", "blockquote", "h2", "h3", "pre", "dd", "figcaption", "div")
        if _squeeze(_short(e, 5_000)) in wanted
    ]
    return _common(held, body)


def _common(elements: list[_Element], body: _Element) -> _Element:
    """Return the innermost element around all of these; headings and notes beside them are inside it too."""
    if not elements:
        return body
    chains = [[*reversed(list(element.iterancestors())), element] for element in elements]
    common = body
    for level in zip(*chains, strict=False):
        if any(element is not level[0] for element in level):
            break
        common = level[0]
    # A single paragraph is not the article: what stands beside it is.
    if len(elements) == 1:
        common = common.getparent()
    while common is not body and common.tag not in ("div", "section", "article", "main", "td"):
        common = common.getparent()
        if common is None:
            return body
    return common


def _prose(element: _Element) -> int:
    """Return the characters of an element's text that are in no link."""
    return _length(element) - sum(_length(link) for link in element.iter("a"))


def _length(element: _Element) -> int:
    return sum(len(text.strip()) for text in element.itertext())


def _words(element: _Element) -> str:
    return " ".join(" ".join(element.itertext()).split())


def _short(element: _Element, limit: int = 80) -> str:
    """Return an element's words; "" where they are over ``limit`` characters: no page is read at every level of it."""
    words, left = [], limit
    for text in element.itertext():
        words.append(text)
        left -= len(text.strip())
        if left < 0:
            return ""
    return " ".join(" ".join(words).split())


def _squeeze(text: str) -> str:
    return "".join(text.split())
