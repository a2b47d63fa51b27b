"""Streams in time order, cut into fifty batches: real ones where they lie, seeded synthetic ones always.

A synthetic stream is a *concept* (what the labels mean), a *kind of change*, and a batch difficulty that fluctuates
by several points whatever the model does, since real streams do: that is what makes moments hard to choose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

BATCHES = 50
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"


@dataclass(frozen=True)
class Stream:
    """Features (codes where ``categorical``), target, the group it is reported in; ``regression`` is scored by MAE."""

    name: str
    group: str
    features: np.ndarray
    target: np.ndarray
    categorical: tuple[int, ...] = ()
    regression: bool = False

    @property
    def bounds(self) -> np.ndarray:
        """First row of each batch, and the end: BATCHES + 1 numbers."""
        return np.linspace(0, len(self.target), BATCHES + 1).astype(int)


@dataclass(frozen=True)
class Recipe:
    """How a stream is made when it is needed; ``held_back`` ones were played only after all choices were made."""

    name: str
    group: str
    make: Callable[[], Stream]
    held_back: bool = False
    rows: int = 0  # of a batch, if it was chosen


# --- real ------------------------------------------------------------------------------------------------------------


def _from_file(
    name: str, target: str, group: str, *, categorical: tuple[str, ...] = (), regression: bool = False
) -> Stream:
    frame = pd.read_csv(SHARED / f"{name}.csv.gz").drop(columns="ts")
    features = frame.drop(columns=target)
    places = tuple(features.columns.get_loc(column) for column in categorical)
    return Stream(name, group, features.to_numpy(float), frame[target].to_numpy(float), places, regression)


def real() -> list[Recipe]:
    """Find the streams of ../shared/data; an absent one is left out."""
    hours = ("month", "hour", "weekday", "weathersit")
    known = {
        "electricity": partial(_from_file, "electricity", "price_up", "real"),
        "bike_sharing": partial(_from_file, "bike_sharing", "cnt", "real", categorical=hours, regression=True),
        "sea_drift": partial(_from_file, "sea_drift", "class", "synthetic"),
        "sea_null": partial(_from_file, "sea_null", "class", "none"),
    }
    groups = {"sea_drift": "synthetic", "sea_null": "none"}
    return [
        Recipe(name, groups.get(name, "real"), make)
        for name, make in known.items()
        if (SHARED / f"{name}.csv.gz").exists()
    ]


# --- synthetic: how the concept's position moves ------------------------------------------------------------------


def _steps(rng: np.random.Generator, most: int) -> np.ndarray:
    """Levels 0, 1, 2, … that change at up to ``most`` moments, not too close to either end or each other."""
    places = np.sort(
        rng.choice(np.arange(9, 46, 6), size=rng.integers(1, most + 1), replace=False) + rng.integers(0, 4)
    )
    return np.searchsorted(places, np.arange(BATCHES), side="right").astype(float)


def path(kind: str, rng: np.random.Generator) -> np.ndarray:
    """Where the concept stands at each batch: a position on a line of concepts, one unit apart if they are different."""
    at = np.arange(BATCHES)
    if kind in {"abrupt", "concept"}:
        return _steps(rng, 3)
    if kind == "gradual":
        start, length = rng.integers(10, 25), rng.integers(8, 20)
        return np.clip((at - start) / length, 0, 1) * 1.5
    if kind == "wander":
        return np.abs(np.cumsum(rng.normal(0.03, 0.09, BATCHES)))
    if kind == "recurring":
        return (at // rng.integers(7, 14) % 2).astype(float)
    if kind == "season":
        return 0.5 - 0.5 * np.cos(2 * np.pi * at / rng.integers(12, 30)) + 0.01 * at
    if kind in {"feature", "none", "perfect"}:
        return np.zeros(BATCHES)
    raise ValueError(kind)


def _fluctuation(rng: np.random.Generator, size: float) -> np.ndarray:
    """Autocorrelated noise around 0 with standard deviation ``size``: good and bad weeks."""
    noise, out = rng.normal(0, 1, BATCHES), np.zeros(BATCHES)
    for j in range(1, BATCHES):
        out[j] = 0.6 * out[j - 1] + 0.8 * noise[j]
    return size * out


def _weights(rng: np.random.Generator, dimensions: int, position: float, levels: list[np.ndarray]) -> np.ndarray:
    while len(levels) <= int(position) + 1:
        change = rng.random(dimensions) < 0.5
        levels.append(np.where(change, rng.normal(0, 1, dimensions), levels[-1]))
    low = int(position)
    return levels[low] + (position - low) * (levels[low + 1] - levels[low])


# --- synthetic: concepts. Each gives features and a score for one batch; the score's sign is the clean label. ------


def _hyperplane(
    rng: np.random.Generator, n: int, position: float, shift: float, memory: dict
) -> tuple[np.ndarray, np.ndarray]:
    levels = memory.setdefault("levels", [rng.normal(0, 1, 8)])
    x = rng.normal(0, 1, (n, 10)) + shift * memory.setdefault("direction", rng.normal(0, 1, 10))
    return x, x[:, :8] @ _weights(rng, 8, position, levels) / 2.5


def _rotating(
    rng: np.random.Generator, n: int, position: float, shift: float, memory: dict
) -> tuple[np.ndarray, np.ndarray]:
    angle = 0.6 * position
    x = rng.normal(0, 1, (n, 5))
    x[:, 0] += shift
    return x, np.cos(angle) * x[:, 0] + np.sin(angle) * x[:, 1] + 0.6 * np.sin(2 * x[:, 2])


def _sea(
    rng: np.random.Generator, n: int, position: float, shift: float, memory: dict
) -> tuple[np.ndarray, np.ndarray]:
    thresholds = memory.setdefault("thresholds", 9.0 + np.concatenate([[0.0], rng.uniform(-2.5, 2.5, 9)]))
    x = rng.uniform(0, 10, (n, 3))
    x[:, 2] += shift
    level = np.interp(position, np.arange(10), thresholds)
    return x, (level - x[:, 0] - x[:, 1]) / 3


def _mixed(
    rng: np.random.Generator, n: int, position: float, shift: float, memory: dict
) -> tuple[np.ndarray, np.ndarray]:
    """Four numbers and three categories (12, 30 and 150 values, so that more data goes on helping)."""
    sizes = (12, 30, 150)
    x = rng.normal(0, 1, (n, 4))
    x[:, 0] += shift
    score = 0.7 * x[:, 0] + 0.5 * x[:, 1] * (x[:, 2] > 0)
    codes = []
    for number, size in enumerate(sizes):
        levels = memory.setdefault(f"levels{number}", [rng.normal(0, 1, size)])
        code = np.minimum(rng.exponential(size / 4, n).astype(int), size - 1)
        codes.append(code)
        score = score + _weights(rng, size, position, levels)[code] * (1.0, 0.7, 0.9)[number]
    return np.column_stack([x, *codes]), score / 1.5


def _blobs(
    rng: np.random.Generator, n: int, position: float, shift: float, memory: dict
) -> tuple[np.ndarray, np.ndarray]:
    """Twelve clusters, each with a class; a new concept reassigns and moves some."""
    centres = memory.setdefault("centres", rng.normal(0, 2, (12, 4)))
    signs = memory.setdefault("signs", [np.where(rng.random(12) < 0.5, -1.0, 1.0)])
    which = rng.integers(0, 12, n)
    sign = np.sign(_weights(rng, 12, position, signs) + 1e-9)
    drift = memory.setdefault("velocity", rng.normal(0, 0.6, (12, 4)))
    x = centres[which] + position * drift[which] + rng.normal(0, 0.7, (n, 4))
    x[:, 0] += shift
    return x, sign[which] * 1.5


CONCEPTS = {"hyperplane": _hyperplane, "rotating": _rotating, "sea": _sea, "mixed": _mixed, "blobs": _blobs}


def synthetic(concept: str, kind: str, seed: int, *, rows: int = 400, regression: bool = False) -> Stream:
    """Make one stream: the same name and seed always give the same rows."""
    rng = np.random.default_rng([seed, sum(map(ord, concept + kind))])
    positions, memory = path(kind, rng), {}
    moving = kind in {"feature", "season", "wander"}
    shifts = np.cumsum(rng.normal(0, 0.12, BATCHES)) if moving else np.zeros(BATCHES)
    if kind != "concept":
        shifts = shifts + _fluctuation(rng, 0.15)
    perfect = kind == "perfect"
    noise = np.clip(rng.uniform(0.04, 0.16) + _fluctuation(rng, 0.03), 0.01, 0.4)
    xs, ys = [], []
    for j in range(BATCHES):
        x, score = CONCEPTS[concept](rng, rows, positions[j], shifts[j], memory)
        if perfect:  # a wide margin: nobody stands near the boundary
            x = np.column_stack([x, np.where(score > 0, 3.0, -3.0) + rng.normal(0, 0.8, rows)])
            y = (score > 0).astype(float)
        elif regression:
            y = score + rng.normal(0, 0.3 + 3 * noise[j], rows)
        else:
            y = ((score > 0) ^ (rng.random(rows) < noise[j])).astype(float)
        xs.append(x)
        ys.append(y)
    categorical = (4, 5, 6) if concept == "mixed" else ()
    group = {"none": "none", "perfect": "perfect"}.get(kind, "synthetic")
    name = f"{concept}-{kind}-{seed}" + ("-mae" if regression else "")
    return Stream(name, group, np.vstack(xs), np.concatenate(ys), categorical, regression)
