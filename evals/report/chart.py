"""Numbers with their intervals enter; SVG leaves, coloured by the page's style sheet, light or dark."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.app.html import Html, element

COLOURS = 6
"""Model colours and marks in the style sheet; the seventh model takes the first again."""

_SHAPES = (
    "M-6 0a6 6 0 1 0 12 0a6 6 0 1 0-12 0z",
    "M-5.5-5.5h11v11h-11z",
    "M0-7l7 12h-14z",
    "M0-7.5l7.5 7.5-7.5 7.5-7.5-7.5z",
    "M0 7l7-12h-14z",
    "M-2.2-7h4.4v4.8h4.8v4.4h-4.8v4.8h-4.4v-4.8h-4.8v-4.4h4.8z",
)
_TICKS = tuple(digit * 10.0**power for power in range(-3, 5) for digit in (1, 3))


@dataclass(frozen=True, slots=True)
class Point:
    """One model in the chart."""

    label: str
    colour: int
    seconds: float
    slow: float | None
    """Seconds that 95 of 100 answers stay under."""
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class _Axis:
    place: Callable[[float], float]
    ticks: tuple[float, ...]


def shape(colour: int) -> Html:
    """Return a model's mark as a small picture of its own."""
    path = element("path", d=_SHAPES[colour % COLOURS])
    return element("svg", path, class_=f"mark m{colour % COLOURS}", viewBox="-9 -9 18 18", aria_hidden="true")


def interval(
    value: float, low: float | None, high: float | None, *, least: float = 0, most: float = 1, colour: int
) -> Html:
    """Return a track from ``least`` to ``most`` with the interval as a bar on it and the value as a tick."""
    percent = _clamped_percent(least, most)
    parts = [element("rect", x=0, y="40%", width="100%", height="20%", class_="track")]
    if low is not None and high is not None:
        width = max(0.0, percent(high) - percent(low))
        parts.append(
            element("rect", x=f"{percent(low):.2f}%", y="20%", width=f"{width:.2f}%", height="60%", class_="span")
        )
    at = min(percent(value), 98.0)
    parts.append(element("rect", x=f"{at:.2f}%", y=0, width="2%", height="100%", class_="at"))
    return element("svg", *parts, class_=f"range m{colour % COLOURS}", aria_hidden="true")


def stacked(parts: Sequence[tuple[str, int, str]]) -> Html:
    """Return one horizontal bar of parts ``(style class, count, words)``; parts of no count are left out."""
    total = sum(count for _, count, _ in parts)
    drawn, before = [], 0
    for style, count, words in parts:
        if not count:
            continue
        start, width = 100 * before / total, 100 * count / total
        before += count
        inside = [element("title", words), element("rect", x=f"{start:.3f}%", width=f"{width:.3f}%", height="100%")]
        if width >= 2.2 * len(str(count)) + 2.5:  # narrower than its number on a phone: the table below has it
            inside.append(element("text", count, x=f"{start + width / 2:.3f}%", y="50%", dy="0.35em"))
        drawn.append(element("g", *inside, class_=style))
    words = ", ".join(words for _, count, words in parts if count)
    return element("svg", *drawn, class_="stacked", role="img", aria_label=words)


def scatter(points: Sequence[Point], *, width: int, height: int, labels: bool, name: str, size: str) -> Html:
    """Return quality (upwards) against seconds per answer (to the right) with error bars, ``width`` x ``height``.

    The seconds' axis is logarithmic where the slowest model takes more than eight times the quickest one's time.
    ``name`` is the quality's; ``size`` the style class that decides where this drawing is shown.
    """
    left, right, top, bottom = 46, 16, 14, 44
    across = _seconds_axis(points, left, width - right)
    upwards = _share_axis(points, height - bottom, top)
    parts: list[Html] = []
    for tick in upwards.ticks:
        y = f"{upwards.place(tick):.1f}"
        parts.append(element("line", x1=left, x2=width - right, y1=y, y2=y, class_="grid"))
        parts.append(element("text", f"{tick:.0%}", x=left - 8, y=y, dy="0.35em", text_anchor="end"))
    for tick in across.ticks:
        x = f"{across.place(tick):.1f}"
        parts.append(element("line", x1=x, x2=x, y1=top, y2=height - bottom, class_="grid"))
        parts.append(element("text", f"{tick:g}", x=x, y=height - bottom + 18, text_anchor="middle"))
    middle = (left + width - right) / 2
    parts.append(element("text", "seconds per answer", x=middle, y=height - 6, text_anchor="middle", class_="axis"))
    parts.extend(_bars(point, across, upwards) for point in points)
    parts.extend(_mark(point, across, upwards) for point in points)
    if labels:
        parts.extend(_labels(points, across, upwards, width - right))
    described = f"{name} against seconds per answer: " + "; ".join(_words(point) for point in points)
    return element(
        "svg", *parts, class_=f"scatter {size}", viewBox=f"0 0 {width} {height}", role="img", aria_label=described
    )


def _clamped_percent(least: float, most: float) -> Callable[[float], float]:
    return lambda value: 100 * min(1.0, max(0.0, (value - least) / (most - least)))


def _seconds_axis(points: Sequence[Point], start: float, end: float) -> _Axis:
    quickest = max(0.001, min(point.seconds for point in points))
    slowest = max(max(point.seconds, point.slow or 0) for point in points)
    if slowest > 8 * quickest:
        low, high = quickest / 1.6, slowest * 1.3
        ratio = (end - start) / math.log(high / low)
        ticks = tuple(tick for tick in _TICKS if low <= tick <= high)
        return _Axis(lambda value: start + ratio * math.log(max(value, quickest) / low), ticks)
    most = max(slowest * 1.15, 0.01)
    step = _nice(most / 4)
    ticks = tuple(step * n for n in range(int(most / step) + 1))
    return _Axis(lambda value: start + (end - start) * value / most, ticks)


def _share_axis(points: Sequence[Point], start: float, end: float) -> _Axis:
    """Cut the axis to the tenths around the intervals, at least three: 0 to 100% would press points together."""
    lows = [point.value if point.low is None else point.low for point in points]
    highs = [point.value if point.high is None else point.high for point in points]
    low, high = max(0, math.floor(min(lows) * 10 - 0.3)), min(10, math.ceil(max(highs) * 10 + 0.3))
    while high - low < 3:
        low, high = max(0, low - 1), min(10, high + 1)
    step = 2 if high - low > 6 else 1
    ticks = tuple(n / 10 for n in range(low, high + 1, step))
    return _Axis(lambda value: start + (end - start) * (value * 10 - low) / (high - low), ticks)


def _nice(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= step)


def _bars(point: Point, across: _Axis, upwards: _Axis) -> Html:
    x, y = across.place(point.seconds), upwards.place(point.value)
    lines: list[Html] = []
    if point.slow is not None and point.slow > point.seconds:
        lines.append(
            element(
                "line", x1=f"{x:.1f}", x2=f"{across.place(point.slow):.1f}", y1=f"{y:.1f}", y2=f"{y:.1f}", class_="slow"
            )
        )
    if point.low is not None and point.high is not None:
        low, high = upwards.place(point.low), upwards.place(point.high)
        path = f"M{x:.1f} {low:.1f}V{high:.1f}M{x - 5:.1f} {low:.1f}h10M{x - 5:.1f} {high:.1f}h10"
        lines.append(element("path", d=path, class_="whisker"))
    return element("g", *lines, class_=f"m{point.colour % COLOURS}")


def _mark(point: Point, across: _Axis, upwards: _Axis) -> Html:
    place = f"translate({across.place(point.seconds):.1f} {upwards.place(point.value):.1f})"
    title = element("title", _words(point))
    path = element("path", d=_SHAPES[point.colour % COLOURS], class_="point")
    return element("g", title, path, class_=f"m{point.colour % COLOURS}", transform=place)


def _labels(points: Sequence[Point], across: _Axis, upwards: _Axis, end: float) -> list[Html]:
    """Put each name beside its mark, on the side with room, and away from the names already there."""
    taken: list[tuple[float, float, float]] = []
    drawn: list[Html] = []
    for point in sorted(points, key=lambda p: -p.value):
        text = point.label if len(point.label) <= 40 else f"{point.label[:39]}…"
        room = 7.2 * len(text)
        x, y = across.place(point.seconds), upwards.place(point.value)
        to_left = x + 12 + room > end
        start = x - 12 - room if to_left else x + 12
        for away in (-9, 18, -25, 34, -41, 50):
            if all(abs(y + away - other) > 15 or start > b or start + room < a for a, b, other in taken):
                break
        taken.append((start, start + room, y + away))
        drawn.append(
            element(
                "text",
                text,
                x=f"{x - 12 if to_left else x + 12:.1f}",
                y=f"{y + away:.1f}",
                text_anchor="end" if to_left else "start",
                class_=f"name m{point.colour % COLOURS}",
            )
        )
    return drawn


def _words(point: Point) -> str:
    between = f" ({point.low:.0%} to {point.high:.0%})" if point.low is not None and point.high is not None else ""
    return f"{point.label}: {point.value:.0%}{between}, {point.seconds:.3g} s"
