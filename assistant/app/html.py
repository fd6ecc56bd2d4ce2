"""Names, attributes and children enter; HTML leaves, with everything escaped that is not HTML already."""

from __future__ import annotations

import html
import re

# What HTML cannot carry as it is: controls, and halves of surrogate pairs, which UTF-8 cannot write.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_EMPTY = frozenset({"br", "input", "rect", "circle", "line", "path"})


class Html(str):
    """Text that is HTML already: ``element`` puts it in as it stands."""

    __slots__ = ()


def escaped(text: object) -> Html:
    """Return anything as HTML that shows it; what no page can show becomes U+FFFD."""
    return text if isinstance(text, Html) else Html(html.escape(_UNPRINTABLE.sub("\ufffd", str(text)), quote=True))


def join(*parts: object, by: str = "") -> Html:
    """Return the parts that are not empty with ``by`` between them, each escaped unless it is HTML."""
    return Html(escaped(by).join(written for part in parts if (written := escaped(part))))


def element(name: str, /, *children: object, **attributes: object) -> Html:
    """Return ``<name …>children</name>``.

    ``class_`` is written ``class`` and ``data_label`` is written ``data-label``. An attribute of True is its name
    alone; one of None or False is left out.
    """
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escaped(value)}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _EMPTY:
        return Html(f"<{name}{written}/>")
    return Html(f"<{name}{written}>{join(*children)}</{name}>")


def button(*children: object, **attributes: object) -> Html:
    """Return a button that sends no form; app.js acts on its ``data-action``."""
    return element("button", *children, type="button", **attributes)
