"""The matrix *trained through i* × *scored on j*, for two estimators and three training windows, kept on disk.

With it a policy's replay takes milliseconds, and the best choice in hindsight can be computed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from retraining.drift import drift_shares
from retraining.streams import BATCHES, Recipe, Stream

ESTIMATORS = ("linear", "boosting")
WINDOWS = (None, 10, 3)  # batches trained on; None is all history
_NO_DRIFT = np.zeros((BATCHES, BATCHES))
VERSION = 1  # of the way of fitting; another number computes anew


@dataclass(frozen=True)
class Matrix:
    """Losses of every model on every later row.

    ``rows[w][i]`` are the losses (0/1, or absolute errors over those of a dummy) of the model fitted on the window
    ``w`` that ends with batch ``i``, for all rows from batch ``i + 1`` on; ``bounds`` are the batches' first rows.
    """

    name: str
    group: str
    held_back: bool
    bounds: np.ndarray
    rows: tuple[tuple[np.ndarray, ...], ...]
    drift: np.ndarray  # share of the columns that drifted between two batches

    @cached_property
    def means(self) -> np.ndarray:
        """Mean loss, windows × trained through × scored on; not a number where a batch was seen in training."""
        means = np.full((len(WINDOWS), BATCHES, BATCHES), np.nan)
        for w, models in enumerate(self.rows):
            for i, losses in enumerate(models[:-1]):
                starts = self.bounds[i + 1 : -1] - self.bounds[i + 1]
                means[w, i, i + 1 :] = np.add.reduceat(losses, starts, dtype=float) / np.diff(self.bounds[i + 1 :])
        return means

    def losses(self, window: int, trained: int, first: int, last: int) -> np.ndarray:
        """Per-row losses on the batches ``first`` to ``last``, both included."""
        start = self.bounds[trained + 1]
        return self.rows[window][trained][self.bounds[first] - start : self.bounds[last + 1] - start].astype(float)


def _estimator(kind: str, stream: Stream):
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    codes = list(stream.categorical)
    if kind == "linear":
        numbers = [place for place in range(stream.features.shape[1]) if place not in codes]
        prepare = make_column_transformer(
            (make_pipeline(SimpleImputer(), StandardScaler()), numbers), (OneHotEncoder(handle_unknown="ignore"), codes)
        )
        return make_pipeline(prepare, Ridge() if stream.regression else LogisticRegression(max_iter=300))
    size = {"max_iter": 30, "max_leaf_nodes": 15, "learning_rate": 0.15, "early_stopping": False, "random_state": 0}
    kind_of = HistGradientBoostingRegressor if stream.regression else HistGradientBoostingClassifier
    return kind_of(categorical_features=codes or None, **size)


class _Constant:
    """A window with one class only."""

    def __init__(self, value: float) -> None:
        self.value = value

    def predict(self, x: np.ndarray) -> np.ndarray:
        return np.full(len(x), self.value)


def _fit(kind: str, stream: Stream, start: int, end: int):
    x, y = stream.features[start:end], stream.target[start:end]
    if not stream.regression and len(np.unique(y)) == 1:
        return _Constant(float(y[0]))
    return _estimator(kind, stream).fit(x, y)


def _column(kind: str, stream: Stream, scale: float, first: int, trained: int) -> np.ndarray:
    bounds = stream.bounds
    model = _fit(kind, stream, bounds[first], bounds[trained + 1])
    x, y = stream.features[bounds[trained + 1] :], stream.target[bounds[trained + 1] :]
    if not len(y):
        return np.zeros(0, np.uint8)
    guess = model.predict(x)
    if stream.regression:
        return (np.abs(guess - y) / scale).astype(np.float16)
    return (guess != y).astype(np.uint8)


def compute(recipe: Recipe, kind: str) -> Matrix:
    """Fit and score everything: about 140 small fits."""
    stream = recipe.make()
    first = stream.target[: stream.bounds[5]]
    scale = float(np.abs(first - np.median(first)).mean()) if stream.regression else 1.0
    kept: list[list[np.ndarray]] = [[] for _ in WINDOWS]
    for trained in range(BATCHES):
        seen: dict[int, np.ndarray] = {}
        for w, window in enumerate(WINDOWS):
            start = 0 if window is None else max(0, trained + 1 - window)
            if start not in seen:
                seen[start] = _column(kind, stream, scale, start, trained)
            kept[w].append(seen[start])
    return Matrix(
        f"{recipe.name}/{kind}", recipe.group, recipe.held_back, stream.bounds, tuple(map(tuple, kept)), _NO_DRIFT
    )


def load(recipe: Recipe, kind: str, cache: Path, say: Callable[[str], None] = lambda _: None) -> Matrix:
    """Take the matrix from the cache, or compute it and put it there."""
    return replace(_matrix(recipe, kind, cache, say), drift=_drift(recipe, cache))


def _key(*parts: object) -> str:
    return hashlib.sha256(" ".join(map(str, parts)).encode()).hexdigest()[:10]


def _drift(recipe: Recipe, cache: Path) -> np.ndarray:
    path = cache / f"{recipe.name}-drift-{_key(VERSION, recipe.name, recipe.rows)}.npz"
    if not path.exists():
        _save(path, shares=drift_shares(recipe.make()))
    with np.load(path) as data:
        return data["shares"]


def _save(path: Path, **arrays: np.ndarray) -> None:
    """Write beside and rename, so that a killed run leaves no half file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.npz")
    np.savez_compressed(part, **arrays)
    part.replace(path)


def is_cached(recipe: Recipe, kind: str, cache: Path) -> bool:
    """Say whether the matrix need not be computed."""
    return _place(recipe, kind, cache).exists()


def _place(recipe: Recipe, kind: str, cache: Path) -> Path:
    return cache / f"{recipe.name}-{kind}-{_key(VERSION, recipe.name, recipe.rows, kind)}.npz"


def _matrix(recipe: Recipe, kind: str, cache: Path, say: Callable[[str], None]) -> Matrix:
    path = _place(recipe, kind, cache)
    if path.exists():
        with np.load(path) as data:
            return _unpack(recipe, kind, data["bounds"], data["flat"], data["sizes"])
    say(f"computing {recipe.name}/{kind}")
    matrix = compute(recipe, kind)
    flat = np.concatenate([losses for models in matrix.rows for losses in models])
    sizes = np.array([len(losses) for models in matrix.rows for losses in models])
    _save(path, bounds=matrix.bounds, flat=flat, sizes=sizes)
    return matrix


def _unpack(recipe: Recipe, kind: str, bounds: np.ndarray, flat: np.ndarray, sizes: np.ndarray) -> Matrix:
    pieces = np.split(flat, np.cumsum(sizes)[:-1])
    rows = tuple(tuple(pieces[w * BATCHES : (w + 1) * BATCHES]) for w in range(len(WINDOWS)))
    return Matrix(f"{recipe.name}/{kind}", recipe.group, recipe.held_back, bounds, rows, _NO_DRIFT)
