"""The pictures of a replay as SVG, drawn with the page's own colours, light or dark; every mark says what it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10, sqrt

from ml.policies.replay import Comparison, Outcome
from ml.reports.replay.layout import Box, along, grouped, place_labels
from ml.reports.replay.tables import regret
from ml.reports.replay.words import amount, followed, marks_of, named, roles, smoothed, smoothing
from ml.reports.tables import moment

_WIDTH = 940
_LEFT, _RIGHT, _TOP, _BOTTOM = 78, 16, 14, 46
_LETTER, _LINE = 7.0, 17.0
_DATES, _MOST_TICKS = 6, 8
_ROW = 24
_SHORT = 10
STORY = ("one", "two", "three")
"""Classes of the lines over time: present, recommended or cheapest, never."""


_SHAPES = {
    "up": "{x:.1f} {y:.1f}m-5 4h10l-5 -9z",
    "down": "{x:.1f} {y:.1f}m-5 -4h10l-5 9z",
    "ring": "{x:.1f} {y:.1f}m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0",
    "cross": "{x:.1f} {y:.1f}m-4 -4l8 8m0 -8l-8 8",
}
"""Paths of the marks around a point, behind their first letter."""


@dataclass(frozen=True, slots=True)
class _Scale:
    """Values to pixels; ``root`` draws square roots, which shows the small beside the large."""

    low: float
    high: float
    start: float
    end: float
    root: bool = False

    def __call__(self, value: float) -> float:
        low, high, at = (_root(one) if self.root else one for one in (self.low, self.high, value))
        return self.start + (at - low) / ((high - low) or 1.0) * (self.end - self.start)


def _root(value: float) -> float:
    return sqrt(value) if value >= 0 else -sqrt(-value)


def points_svg(comparison: Comparison) -> str:
    """Draw every policy at the cost of its retrainings and of its errors."""
    height = 440
    area = Box(_LEFT, _TOP, _WIDTH - _LEFT - _RIGHT, height - _TOP - _BOTTOM)
    found = comparison.outcomes
    x = _wide([one.trainings for one in found], area.x, area.x + area.width, root=True, floor_=0.0)
    y = _wide([one.errors for one in found], area.y + area.height, area.y)
    spots = {one.name: (x(one.trainings), y(one.errors)) for one in found}
    front = [spots[name] for name in comparison.front]
    parts = [
        *_grid(x, y, area),
        f'<path class="front" d="{_path(front)}"><title>Beaten by no other policy in both.</title></path>',
        *(_point(comparison, one, spots[one.name]) for one in found),
        *_names(comparison, spots, area, along(front)),
        _text(area.x + area.width / 2, height - 8, "cost of retraining (square-root scale)", "axis middle"),
        _upright(14, area.y + area.height / 2, "cost of errors"),
    ]
    return _svg(height, "Cost of errors against cost of retraining, a point a policy", parts)


def _point(comparison: Comparison, one: Outcome, spot: tuple[float, float]) -> str:
    said = roles(comparison, one.name)
    kind = "in-use" if one.name == comparison.present else "advised" if said else "other"
    on_front = "" if one.name in comparison.front or said else " hollow"
    text = (
        f"{named(comparison, one.name)}: cost {amount(round(one.total, 4))}, of it errors "
        f"{amount(round(one.errors, 4))} and retraining {amount(round(one.trainings, 4))}; {len(one.retrained)} "
        f"retrainings, {len(one.promoted)} went live; regret {regret(one)}"
    )
    return (
        f'<circle class="point {kind}{on_front}" cx="{spot[0]:.1f}" cy="{spot[1]:.1f}" r="{7 if said else 4.5}" '
        f'tabindex="0"><title>{escape(text)}</title></circle>'
    )


def _names(
    comparison: Comparison, spots: dict[str, tuple[float, float]], area: Box, others: Sequence[Box]
) -> Iterator[str]:
    names, points = list(spots), list(spots.values())
    groups = grouped(points)
    texts = [", ".join(names[index] for index in group) for group in groups]
    centres = [points[group[0]] for group in groups]
    boxes = place_labels(centres, [(len(text) * _LETTER, _LINE) for text in texts], area=area, others=others)
    for group, text, (x, y), box in zip(groups, texts, centres, boxes, strict=True):
        middle_x, middle_y = box.middle
        marked = " strong" if any(roles(comparison, names[index]) for index in group) else ""
        yield f'<line class="leader" x1="{x:.1f}" y1="{y:.1f}" x2="{middle_x:.1f}" y2="{middle_y:.1f}"/>'
        yield _text(middle_x, middle_y + 4, text, f"name middle{marked}")


def story_svg(comparison: Comparison) -> str:
    """Draw the primary metric over time of the policies that are followed, and what each did and when."""
    story = followed(comparison)
    height = 300 + _ROW * len(story)
    area = Box(_LEFT, _TOP, _WIDTH - _LEFT - _RIGHT, 300 - _TOP - 30)
    windows = comparison.windows
    x = _Scale(windows[0].start.timestamp(), windows[-1].end.timestamp(), area.x, area.x + area.width)
    known = [value for one in story for value in one.metrics if value is not None]
    y = _wide(known or [0.0], area.y + area.height, area.y)
    at = [x(window.end.timestamp()) for window in windows]
    parts = [*_rows(y, area), *_dates(comparison, x, area)]
    for name, one in zip(STORY, story, strict=False):
        parts += _line(name, one, at, y)
    for level, (name, one) in enumerate(zip(STORY, story, strict=False)):
        parts += _marks(comparison, name, one, at, area.y + area.height + 44 + level * _ROW)
    parts.append(_upright(14, area.y + area.height / 2, comparison.setting.metric.replace("_", " ")))
    return _svg(height, "The primary metric over time, with retrainings", parts)


def _line(name: str, one: Outcome, at: Sequence[float], y: _Scale) -> Iterator[str]:
    values = smoothed(one.metrics, smoothing(len(at)))
    runs: list[list[tuple[float, float]]] = [[]]
    for place, value in zip(at, values, strict=True):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((place, y(value)))
    for run in runs:
        if run:
            yield f'<path class="line {name}" d="{_path(run)}"><title>{escape(one.name)}</title></path>'


def _marks(comparison: Comparison, name: str, one: Outcome, at: Sequence[float], y: float) -> Iterator[str]:
    yield _text(_LEFT - 8, y + 4, _short(one.name), f"name end {name}-text")
    for mark in marks_of(one):
        filled = " filled" if mark.filled else ""
        for place in mark.places:
            title = escape(f"{one.name}, {moment(comparison.windows[place].end)}: {mark.said}")
            shape = _SHAPES[mark.shape].format(x=at[place], y=y)
            yield f'<path class="mark {name}{filled}" d="M{shape}"><title>{title}</title></path>'


def _short(name: str) -> str:
    return name if len(name) <= _SHORT else f"{name[: _SHORT - 1]}…"


def _wide(
    values: Sequence[float], start: float, end: float, *, root: bool = False, floor_: float | None = None
) -> _Scale:
    """A scale with room around the values."""
    low, high = min(values), max(values)
    room = 0.08 * ((high - low) or abs(high) or 1.0)
    least = low - (room if not root else 0.02 * room)
    return _Scale(least if floor_ is None or low > floor_ else -0.02 * room, high + room, start, end, root)


def _ticks(scale: _Scale) -> list[float]:
    """Round numbers, four to eight of them."""
    span = scale.high - scale.low
    step = 10.0 ** floor(log10(span / _MOST_TICKS))
    step *= next(factor for factor in (1, 2, 5, 10) if span / (step * factor) <= _MOST_TICKS)
    first = int(scale.low // step)
    found = [(first + number) * step for number in range(int(span // step) + 3)]
    return [tick for tick in found if scale.low <= tick <= scale.high]


def _grid(x: _Scale, y: _Scale, area: Box) -> Iterator[str]:
    yield from _rows(y, area)
    for tick in _ticks(x):
        at = x(tick)
        yield f'<line class="grid" x1="{at:.1f}" y1="{area.y}" x2="{at:.1f}" y2="{area.y + area.height}"/>'
        yield _text(at, area.y + area.height + 18, amount(round(tick, 9)), "axis middle")


def _rows(y: _Scale, area: Box) -> Iterator[str]:
    large = max(abs(y.low), abs(y.high)) >= 10  # noqa: PLR2004
    for tick in _ticks(y):
        at = y(tick)
        yield f'<line class="grid" x1="{area.x}" y1="{at:.1f}" x2="{area.x + area.width}" y2="{at:.1f}"/>'
        yield _text(area.x - 8, at + 4, amount(round(tick, 9)) if large else f"{tick:.3g}", "axis end")


def _dates(comparison: Comparison, x: _Scale, area: Box) -> Iterator[str]:
    windows = comparison.windows
    for step in range(_DATES):
        window = windows[round(step * (len(windows) - 1) / (_DATES - 1))]
        kind = "axis end" if step == _DATES - 1 else "axis middle"
        at = x(window.end.timestamp())
        yield _text(at, area.y + area.height + 18, f"{window.end:%Y-%m-%d}", kind)


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'


def _upright(x: float, y: float, text: str) -> str:
    return f'<text class="axis middle" transform="translate({x:.1f} {y:.1f}) rotate(-90)">{escape(text)}</text>'


def _svg(height: float, title: str, parts: Sequence[str]) -> str:
    body = "\n".join(parts)
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height:.0f}" role="img" aria-label="{escape(title)}" '
        f'xmlns="http://www.w3.org/2000/svg">\n{body}\n</svg>'
    )
