"""A replay as a PNG: errors against the cost of retraining, and what a few policies did over time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml.policies.replay import Comparison, Outcome
from ml.reports.palette import BLACK, BLUE, GREEN, GREY, LIGHT, ORANGE
from ml.reports.replay.layout import Box, along, grouped, place_labels
from ml.reports.replay.words import Mark, followed, marks_of, marks_used, named, roles, smoothed, smoothing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIZE_INCHES, _DPI = (11.0, 8.6), 150
_GAP = float("nan")
_STORY = (BLUE, GREEN, ORANGE)
_FONT = 9
_MARKERS = {"up": "^", "down": "v", "ring": "o", "cross": "x"}
_LABEL_HEIGHT = 24.0
_WIDTH = 0.62
"""Of a letter, on average, as a share of the font's size."""


def comparison_png(comparison: Comparison, path: Path, *, title: str = "") -> Path:
    """Draw a replay into a PNG file and return its path.

    Above: each policy at the cost of its retrainings and of its errors, in the same unit, so that lower left is better
    and the grey diagonals are equal cost; the line joins those that no other beats in both. Below: the primary metric
    of the present policy, the recommended one and never retraining, and what each did and when.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    story = followed(comparison)
    figure = Figure(figsize=_SIZE_INCHES, dpi=_DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    upper, middle, lower = figure.subplots(3, 1, height_ratios=[4.6, 3.2, 0.34 * len(story) + 0.2])
    _draw_points(upper, comparison)
    _draw_metric(middle, comparison, story)
    _draw_marks(lower, comparison, story)
    _tidy((upper, middle, lower), comparison, title)
    figure.legend(
        *_handles(upper, middle, lower, story), loc="outside lower center", ncols=4, frameon=False, fontsize=_FONT
    )
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # what is measured now stays where it is
    _name_points(upper, comparison)
    figure.savefig(path, metadata={"Software": "Evergreen"})
    return path


def _colour(comparison: Comparison, one: Outcome) -> str:
    if one.name == comparison.present:
        return BLUE
    return GREEN if one.name == comparison.advice.policy else GREY


def _draw_points(axes: Axes, comparison: Comparison) -> None:
    by_name = {one.name: one for one in comparison.outcomes}
    line = [by_name[name] for name in comparison.front]
    _stretch(axes)
    axes.plot(
        [one.trainings for one in line],
        [one.errors for one in line],
        color=BLACK,
        linewidth=1.1,
        zorder=2,
        label="beaten by none in both",
    )
    for one in comparison.outcomes:
        marked = bool(roles(comparison, one.name))
        axes.scatter(
            one.trainings,
            one.errors,
            s=90 if marked else 34,
            marker="D" if one.name == comparison.advice.policy else "o",
            facecolor=_colour(comparison, one) if one.name in comparison.front or marked else "white",
            edgecolor=_colour(comparison, one),
            linewidth=1.3,
            zorder=4 if marked else 3,
        )
    axes.margins(x=0.09, y=0.14)
    _draw_equal_costs(axes, comparison)
    axes.set_xlabel("cost of retraining")
    axes.set_ylabel("cost of errors")


def _stretch(axes: Axes) -> None:
    """Retraining always costs many times what the rest cost: the square root shows all of them."""
    import numpy as np

    untyped: Any = axes
    untyped.set_xscale("function", functions=(lambda x: np.sign(x) * np.sqrt(np.abs(x)), lambda x: np.sign(x) * x**2))


def _draw_equal_costs(axes: Axes, comparison: Comparison) -> None:
    """Lines through the cheapest policy and through the present one; the axes keep the range of the points."""
    import numpy as np

    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    spots = np.linspace(max(0.0, left), right, 200)
    present = next(one.total for one in comparison.outcomes if one.name == comparison.present)
    for number, total in enumerate(dict.fromkeys((comparison.outcomes[0].total, present))):
        label = "" if number else "equal cost in all"
        axes.plot(spots, total - spots, color=GREY, linewidth=0.8, linestyle=(0, (2, 3)), zorder=1, label=label)
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)


def _name_points(axes: Axes, comparison: Comparison) -> None:
    """Write the names where they cover nothing, in the pixels of the finished layout."""
    found = comparison.outcomes
    bounds = axes.get_window_extent()
    spots = axes.transData.transform([(one.trainings, one.errors) for one in found])
    points = [(float(x - bounds.x0), float(bounds.y1 - y)) for x, y in spots]
    groups = grouped(points)
    texts = [", ".join(named(comparison, found[index].name) for index in group) for group in groups]
    scale = _DPI / 72
    sizes = [(len(text) * _FONT * _WIDTH * scale + 6, _LABEL_HEIGHT) for text in texts]
    centres = [points[group[0]] for group in groups]
    names = [one.name for one in found]
    line = along([points[names.index(name)] for name in comparison.front])
    boxes = place_labels(centres, sizes, area=Box(0, 0, bounds.width, bounds.height), others=line)
    for group, text, box, point in zip(groups, texts, boxes, centres, strict=True):
        marked = [found[index] for index in group if roles(comparison, found[index].name)]
        x, y = box.middle
        axes.annotate(
            text,
            (found[group[0]].trainings, found[group[0]].errors),
            xytext=((x - point[0]) / scale, (point[1] - y) / scale),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=_FONT,
            fontweight="bold" if marked else "normal",
            color=_colour(comparison, marked[0]) if marked else BLACK,
            arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 4},
            zorder=5,
        )


def _at(comparison: Comparison) -> list[Any]:
    """Batches stand at the end of their window. Any: a date is a unit to matplotlib."""
    return [window.end for window in comparison.windows]


def _draw_metric(axes: Axes, comparison: Comparison, story: Sequence[Outcome]) -> None:
    width = smoothing(len(comparison.windows))
    for colour, one in zip(_STORY, story, strict=False):
        values = [_GAP if value is None else value for value in smoothed(one.metrics, width)]
        axes.plot(_at(comparison), values, color=colour, linewidth=1.5, label=named(comparison, one.name))
    better = "higher" if comparison.setting.higher_is_better else "lower"
    over = f", mean of {width}" if width > 1 else ""
    axes.set_ylabel(f"{comparison.setting.metric.replace('_', ' ')}\n({better} is better{over})")
    axes.margins(y=0.12)


def _draw_marks(axes: Axes, comparison: Comparison, story: Sequence[Outcome]) -> None:
    moments = _at(comparison)
    for level, (colour, one) in enumerate(zip(_STORY, story, strict=False)):
        for mark in marks_of(one):
            axes.scatter([moments[place] for place in mark.places], [level] * len(mark.places), **_drawn(mark, colour))
    axes.set_yticks(range(len(story)), [one.name for one in story])
    axes.set_ylim(len(story) - 0.4, -0.6)


def _drawn(mark: Mark, colour: str) -> dict[str, Any]:
    """How a mark is drawn in a colour."""
    marker = _MARKERS[mark.shape]
    return {
        "marker": marker,
        "s": 30,
        "color": colour if mark.filled or marker == "x" else "none",
        "edgecolor": None if marker == "x" else colour,
        "linewidth": 1.1,
    }


def _handles(upper: Axes, middle: Axes, lower: Axes, story: Sequence[Outcome]) -> tuple[list[Any], list[str]]:
    """Lines and marks with their names; the marks in black, since each policy has its own colour."""
    handles, labels = middle.get_legend_handles_labels()
    more, names = upper.get_legend_handles_labels()
    used = marks_used(story)
    more += [lower.scatter([], [], **_drawn(mark, BLACK)) for mark in used]
    return [*handles, *more], [*labels, *names, *(mark.said for mark in used)]


def _tidy(panels: Sequence[Axes], comparison: Comparison, title: str) -> None:
    from matplotlib import dates

    untyped: Any = dates
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=_FONT, color=GREY, length=3)
        axes.set_axisbelow(True)
    panels[0].grid(color=LIGHT, linewidth=0.6)
    panels[1].grid(axis="y", color=LIGHT, linewidth=0.8)
    panels[2].spines["left"].set_visible(False)
    panels[2].tick_params(axis="y", length=0)
    low, high = comparison.windows[0].start, comparison.windows[-1].end
    for axes in panels[1:]:
        untyped_axes: Any = axes
        untyped_axes.set_xlim(low, high)
        locator = untyped.AutoDateLocator(minticks=4, maxticks=9)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(untyped.ConciseDateFormatter(locator))
    panels[1].tick_params(labelbottom=False)
    panels[2].set_xlabel("end of the batch (UTC)")
    panels[0].set_title(title, loc="left", fontsize=12, fontweight="bold", pad=10)
