"""Draw the pictures of docs/drift.md: what an alarm needs, and why the reference stays put.

python benchmarks/drift_pictures.py [docs/images]
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd

from ml.domain.schema import ColumnRole, ColumnSchema, ColumnType, TableSchema
from ml.monitoring.drift import ColumnDrift, measure_drift
from ml.monitoring.pairing import paired
from ml.profiles import Layout, freeze, profile_frame
from ml.specs.monitoring import DriftSpec

mpl.use("Agg")
import matplotlib.pyplot as plt

SPEC = DriftSpec()
SCHEMA = TableSchema((ColumnSchema("x", ColumnType.NUMBER, ColumnRole.NUMERIC),))
ALARM, CALM, GREY = "#c0392b", "#2c6e9b", "#999999"


def compared(reference: np.ndarray, current: np.ndarray, layout: Layout) -> ColumnDrift:
    """Compare two samples of one column."""
    past, now = (profile_frame(pd.DataFrame({"x": side}), layout) for side in (reference, current))
    (found,) = measure_drift(paired(past, now, ["x"]), spec=SPEC, level=SPEC.alpha)
    return found


def needs(path: Path) -> None:
    """Plot effect against p-value for samples of many sizes and shifts: an alarm needs both."""
    rng = np.random.default_rng(0)
    reference = rng.normal(size=20_000)
    layout = freeze(pd.DataFrame({"x": reference}), SCHEMA, key=(), numeric_target=False)
    figure, axes = plt.subplots(figsize=(8, 4.6), layout="constrained")
    markers = {60: "o", 336: "s", 5000: "^", 200_000: "D"}
    for rows, marker in markers.items():
        for shift in (0, 0, 0, 0, 0.02, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1):
            found = compared(reference, rng.normal(shift, 1, rows), layout)
            axes.plot(
                max(found.effect or 0, 3e-3),
                max(found.p_value or 0, 1e-30),
                marker,
                color=ALARM if found.drifted else CALM,
                alpha=0.75,
            )
    axes.axvline(SPEC.threshold, color=GREY, linestyle=":")
    axes.axhline(SPEC.alpha, color=GREY, linestyle=":")
    axes.set(xscale="log", yscale="log", xlabel="effect: normed Wasserstein distance", ylabel="p-value")
    axes.set(xlim=(5e-3, 2), ylim=(1e-31, 30))
    axes.invert_yaxis()
    axes.text(0.0056, 1e-26, "sure, but too small to matter", color=CALM)
    axes.text(0.115, 1e-26, "alarm", color=ALARM, weight="bold")
    axes.text(0.115, 9, "large, but chance would do it", color=CALM)
    for rows, marker in markers.items():
        axes.plot([], [], marker, color=GREY, label=f"{rows:,} rows")
    axes.legend(loc="center left", frameon=False, title="batch of")
    axes.set_title("One column, 48 batches, true shifts of 0 to 1 deviation: red is an alarm", loc="left")
    figure.savefig(path, dpi=110)


def slow(path: Path) -> None:
    """Plot a column that moves by 0.02 deviations a week against the training rows and against the week before."""
    rng = np.random.default_rng(1)
    reference = rng.normal(size=5000)
    layout = freeze(pd.DataFrame({"x": reference}), SCHEMA, key=(), numeric_target=False)
    weeks = [rng.normal(0.02 * week, 1, 400) for week in range(40)]
    figure, axes = plt.subplots(figsize=(8, 4.2), layout="constrained")
    against = [compared(reference, week, layout) for week in weeks]
    for place, found in enumerate(against):
        low, high = found.interval or (0, 0)
        color = ALARM if found.drifted else CALM
        axes.plot([place, place], [low, high], color=color, alpha=0.5)
        axes.plot(place, found.effect, "o", color=color, markersize=5)
    neighbours = [compared(past, now, layout) for past, now in pairwise(weeks)]
    axes.plot(range(1, 40), [one.effect for one in neighbours], ".-", color=GREY, linewidth=0.8)
    alarms = sum(one.drifted for one in neighbours)
    axes.axhline(SPEC.threshold, color=GREY, linestyle=":")
    axes.plot([], [], "o-", color=CALM, label="against the training rows, 95 % interval")
    axes.plot([], [], "o-", color=ALARM, label="the same, alarm")
    axes.plot([], [], ".-", color=GREY, label=f"against the week before: {alarms} alarms in 39 weeks")
    axes.legend(loc="upper left", frameon=False)
    axes.set(xlabel="week", ylabel="normed Wasserstein distance", ylim=(0, None))
    axes.set_title("A mean that moves by 0.02 deviations a week, 400 rows a week", loc="left")
    figure.savefig(path, dpi=110)


def main() -> int:
    """Draw both."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1] / "docs" / "images"
    needs(folder / "drift-alarm.png")
    slow(folder / "drift-slow.png")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
