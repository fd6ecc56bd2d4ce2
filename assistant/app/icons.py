"""The few signs of the app, drawn here: constant SVG that takes the colour of the text around it."""

from __future__ import annotations

from assistant.app.html import Html, element


def _icon(*lines: str, beside: Html | None = None) -> Html:
    """Return a sign of ``lines``, the data of paths, ``beside`` another shape."""
    return element(
        "svg",
        beside or "",
        *(element("path", d=line) for line in lines),
        class_="sign",
        viewBox="0 0 24 24",
        fill="none",
        stroke="currentColor",
        stroke_width="1.75",
        stroke_linecap="round",
        stroke_linejoin="round",
        aria_hidden="true",
    )


SEARCH = _icon("M15.5 15.5 21 21", beside=element("circle", cx=10.5, cy=10.5, r=6.5))
WARNING = _icon("M12 4 2.5 20h19z", "M12 10v4.5", "M12 17.4v.1")
INFO = _icon("M12 11v5.5", "M12 7.6v.1", beside=element("circle", cx=12, cy=12, r=9))
BOOK = _icon(
    "M12 6.5V20.5", "M12 6.5C9.5 4.8 6.5 4.5 3 5v14c3.5-.5 6.5-.2 9 1.5 2.5-1.7 5.5-2 9-1.5V5c-3.5-.5-6.5-.2-9 1.5z"
)
COPY = _icon(
    "M15.5 8.5v-3a2 2 0 0 0-2-2h-8a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2h3",
    beside=element("rect", x=8.5, y=8.5, width=12, height=12, rx=2),
)
UP = _icon("M7 11v9H4v-9zM7 11l4-8c1.7 0 2.7 1.3 2.3 3L12.6 9H19a2 2 0 0 1 2 2.4l-1.2 7A2 2 0 0 1 17.8 20H7")
DOWN = _icon("M17 13V4h3v9zM17 13l-4 8c-1.7 0-2.7-1.3-2.3-3l.7-3H5a2 2 0 0 1-2-2.4l1.2-7A2 2 0 0 1 6.2 4H17")
AGAIN = _icon("M20 12a8 8 0 1 1-2.4-5.7", "M20 3.5v4.5h-4.5")
