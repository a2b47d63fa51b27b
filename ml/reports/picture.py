"""Performance over time as a picture, with what was decided and done."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml.reports.palette import BLACK, BLUE, GREEN, GREY, LIGHT, ORANGE, PURPLE, VERMILION
from ml.views.timeline import BatchRow, EventKind

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STOPPED = "stopped"
_MARKS = {
    EventKind.PROMOTED.value: (GREEN, "^"),
    EventKind.REJECTED.value: (VERMILION, "x"),
    EventKind.ROLLED_BACK.value: (PURPLE, "<"),
    _STOPPED: (BLACK, "s"),
}
_MOST_LABELS = 25
_GAP = float("nan")
_SIZE_INCHES, _DPI = (11.0, 6.0), 150


def timeline_png(
    rows: Sequence[BatchRow], path: Path, *, metric: str, title: str = "", higher_is_better: bool = True
) -> Path:
    """Draw a timeline into a PNG file and return its path.

    The line is the primary metric of the version that served each batch, with gaps where no labels have arrived; the
    dashed steps are its value at promotion. A hollow dot is a champion kept, a filled one a retraining. Below: what
    happened to versions and batches, and the share of drifted features.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    marked = [(name, _marks(rows, name)) for name in _MARKS]
    shown = [(name, marks) for name, marks in marked if marks]
    figure = Figure(figsize=_SIZE_INCHES, dpi=_DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    heights = [5.0, 0.32 * max(1, len(shown)), 1.1]
    upper, middle, lower = figure.subplots(3, 1, sharex=True, height_ratios=heights)
    _draw_metric(upper, rows, metric, higher_is_better)
    _draw_marks(middle, upper, shown)
    _draw_drift(lower, rows)
    _tidy((upper, middle, lower), title)
    figure.legend(*upper.get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False, fontsize=9)
    figure.savefig(path, metadata={"Software": "Evergreen"})
    return path


def _at(row: BatchRow) -> Any:
    """Batches stand at the end of their window: that is when they were judged. Any: a date is a unit to matplotlib."""
    return row.window.end


def _draw_metric(axes: Axes, rows: Sequence[BatchRow], metric: str, higher_is_better: bool) -> None:
    moments = [_at(row) for row in rows]
    values = [_GAP if row.metric is None else row.metric for row in rows]
    baselines = [_GAP if row.baseline is None else row.baseline for row in rows]
    axes.plot(
        moments,
        baselines,
        color=GREY,
        linewidth=1.3,
        linestyle=(0, (4, 2)),
        drawstyle="steps-mid",
        label="champion's value at promotion",
    )
    axes.plot(moments, values, color=BLUE, linewidth=1.7, label="champion on the batch", zorder=2)
    for retrained, label in ((False, "kept"), (True, "retrained")):
        chosen = [row for row in rows if row.metric is not None and row.decision and row.retrained is retrained]
        axes.scatter(
            [_at(row) for row in chosen],
            [row.metric or 0.0 for row in chosen],
            s=40 if retrained else 24,
            facecolor=BLUE if retrained else "white",
            edgecolor=BLUE,
            linewidth=1.2,
            label=label,
            zorder=3,
        )
    axes.set_ylabel(f"{metric.replace('_', ' ')}\n({'higher' if higher_is_better else 'lower'} is better)")
    axes.margins(y=0.12)


def _marks(rows: Sequence[BatchRow], name: str) -> list[tuple[Any, str]]:
    """Moments at which something happened, each with the version that it happened to."""
    if name == _STOPPED:
        return [(_at(row), "") for row in rows if row.stopped]
    return [(_at(row), f"v{event.version}") for row in rows for event in row.events if event.kind.value == name]


def _draw_marks(axes: Axes, upper: Axes, shown: Sequence[tuple[str, list[tuple[Any, str]]]]) -> None:
    for level, (name, marks) in enumerate(shown):
        colour, marker = _MARKS[name]
        axes.scatter([at for at, _ in marks], [level] * len(marks), color=colour, marker=marker, s=46, zorder=3)
        crowded = len(marks) > _MOST_LABELS
        for at, text in [] if crowded else marks:
            axes.annotate(
                text, (at, level), xytext=(6, 0), textcoords="offset points", va="center", fontsize=8, color=colour
            )
        for at, _ in marks if name != EventKind.REJECTED.value else []:
            upper.axvline(at, color=colour, linewidth=0.9, alpha=0.45, zorder=0)
    axes.set_yticks(range(len(shown)), [name for name, _ in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)


def _draw_drift(axes: Axes, rows: Sequence[BatchRow]) -> None:
    measured = [row for row in rows if row.drift_share is not None]
    widths: Any = [row.window.length * 0.8 for row in measured]
    shares = [row.drift_share or 0.0 for row in measured]
    axes.bar([_at(row) for row in measured], shares, width=widths, color=ORANGE)
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
    axes.set_ylabel("features\ndrifted")


def _tidy(panels: Sequence[Axes], title: str) -> None:
    from matplotlib import dates

    untyped: Any = dates

    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=9, color=GREY, length=3)
        axes.set_axisbelow(True)
        axes.grid(axis="y", color=LIGHT, linewidth=0.8)
    panels[1].spines["left"].set_visible(False)
    panels[1].tick_params(axis="y", length=0)
    locator = untyped.AutoDateLocator(minticks=4, maxticks=9)
    panels[-1].xaxis.set_major_locator(locator)
    panels[-1].xaxis.set_major_formatter(untyped.ConciseDateFormatter(locator))
    panels[-1].set_xlabel("end of the batch (UTC)")
    if title:
        panels[0].set_title(title, loc="left", fontsize=12, fontweight="bold", pad=10)
