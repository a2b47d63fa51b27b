"""Where the names of points go, so that none lies on another or on a point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import cos, hypot, inf, pi, sin

_RADII = (12.0, 18.0, 26.0, 36.0, 48.0, 62.0, 80.0, 100.0)
_ANGLES = tuple(2 * pi * step / 16 for step in (0, 15, 1, 8, 7, 9, 14, 2, 4, 12, 3, 13, 5, 11, 6, 10))
_POINT = 9.0
_SAME = 5.0
_OUTSIDE = 10.0
_LINE = 2.0
_STEP = 6.0


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, with y downwards."""

    x: float
    y: float
    width: float
    height: float

    def overlap(self, other: Box) -> float:
        """Return the area that both cover."""
        across = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        down = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        return max(0.0, across) * max(0.0, down)

    @property
    def middle(self) -> tuple[float, float]:
        """Its centre."""
        return self.x + self.width / 2, self.y + self.height / 2


def grouped(points: Sequence[tuple[float, float]]) -> list[list[int]]:
    """Put together the indices of points that lie on one another."""
    groups: list[list[int]] = []
    for index, (x, y) in enumerate(points):
        for group in groups:
            other_x, other_y = points[group[0]]
            if abs(x - other_x) <= _SAME and abs(y - other_y) <= _SAME:
                group.append(index)
                break
        else:
            groups.append([index])
    return groups


def along(line: Sequence[tuple[float, float]]) -> list[Box]:
    """Cover a broken line with small boxes."""
    boxes = []
    for (x1, y1), (x2, y2) in pairwise(line):
        steps = max(1, round(hypot(x2 - x1, y2 - y1) / _STEP))
        spots = ((x1 + (x2 - x1) * step / steps, y1 + (y2 - y1) * step / steps) for step in range(steps + 1))
        boxes += [Box(x - _LINE, y - _LINE, 2 * _LINE, 2 * _LINE) for x, y in spots]
    return boxes


def place_labels(
    points: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    *,
    area: Box,
    others: Sequence[Box] = (),
) -> list[Box]:
    """Find a box for the name of each point: close to it, inside the area, on no name, no point and none of ``others``.

    Greedy, from left to right; where all places are taken, the one that covers least.
    """
    dots = [Box(x - _POINT, y - _POINT, 2 * _POINT, 2 * _POINT) for x, y in points]
    placed: dict[int, Box] = {}
    for index in sorted(range(len(points)), key=lambda one: points[one]):
        taken = [*dots, *others, *placed.values()]
        placed[index] = _best(points[index], sizes[index], taken, area)
    return [placed[index] for index in range(len(points))]


def _best(point: tuple[float, float], size: tuple[float, float], taken: Sequence[Box], area: Box) -> Box:
    best, least = _beside(point, size, _RADII[0], 0.0), inf
    for radius in _RADII:
        for angle in _ANGLES:
            box = _beside(point, size, radius, angle)
            outside = box.width * box.height - box.overlap(area)
            covered = outside * _OUTSIDE + sum(box.overlap(other) for other in taken)
            if covered <= 0:
                return box
            if covered < least:
                best, least = box, covered
    return best


def _beside(point: tuple[float, float], size: tuple[float, float], radius: float, angle: float) -> Box:
    """The box whose nearest side or corner lies at this distance and direction from the point."""
    (x, y), (width, height) = point, size
    across, down = cos(angle), sin(angle)
    centre_x = x + across * radius + (width / 2) * max(-1.0, min(1.0, 1.6 * across))
    centre_y = y + down * radius + (height / 2) * max(-1.0, min(1.0, 1.6 * down))
    return Box(centre_x - width / 2, centre_y - height / 2, width, height)
