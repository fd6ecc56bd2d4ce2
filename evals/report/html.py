"""Names, attributes and children enter; HTML leaves, with everything escaped that is not HTML already.

The files that pages are made of besides, scripts and style sheets, come from here, too.
"""

from __future__ import annotations

import html
import re
from importlib.resources import files

# What HTML cannot carry as it is: controls, and halves of surrogate pairs, which UTF-8 cannot write.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_EMPTY = frozenset({"br", "rect", "circle", "line", "path"})


class Html(str):
    """Text that is HTML already: ``element`` puts it in as it stands."""

    __slots__ = ()


def escaped(text: object) -> Html:
    """Return anything as HTML that shows it; what no page can show becomes U+FFFD."""
    return text if isinstance(text, Html) else Html(html.escape(_UNPRINTABLE.sub("\ufffd", str(text)), quote=True))


def join(*parts: object) -> Html:
    """Return parts one after the other, each escaped unless it is HTML."""
    return Html("".join(escaped(part) for part in parts))


def element(name: str, *children: object, **attributes: object) -> Html:
    """Return ``<name …>children</name>``.

    ``class_`` is written ``class`` and ``data_label`` is written ``data-label``; an attribute of None is left out.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escaped(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _EMPTY:
        return Html(f"<{name}{written}/>")
    return Html(f"<{name}{written}>{join(*children)}</{name}>")


def asset(name: str) -> str:
    """Return the text of a script, style sheet or page that ships with this package."""
    return (files("evals.report") / "assets" / name).read_text(encoding="utf-8")
