"""The tables of ``alarms.py``: generated ones of every kind of column, real streams in shuffled order, known drifts."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

DATA = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"
LEAST = 2000
"""A stream of fewer rows is no two sides."""
Rng = np.random.Generator


@dataclass(frozen=True)
class Table:
    """Two sides of one table; the names of its columns of categories."""

    reference: pd.DataFrame
    current: pd.DataFrame

    @property
    def categorical(self) -> list[str]:
        """Names of the columns of categories."""
        return [str(name) for name in self.reference if self.reference[name].dtype == object]


KINDS: tuple[Callable[[Rng, int], np.ndarray], ...] = (
    lambda rng, n: rng.normal(size=n),
    lambda rng, n: rng.lognormal(0, 1.5, n),
    lambda rng, n: np.where(rng.random(n) < 0.9, 0.0, rng.gamma(2, 3, n)),
    lambda rng, n: rng.poisson(2, n).astype(float),
    lambda rng, n: rng.standard_t(2, n),
    lambda rng, n: np.where(rng.random(n) < 0.2, np.nan, rng.uniform(0, 100, n)),
    lambda rng, n: rng.choice(list("abcde"), n, p=[0.5, 0.3, 0.15, 0.04, 0.01]).astype(object),
    lambda rng, n: np.minimum(rng.zipf(1.5, n), 60).astype(str).astype(object),
    lambda rng, n: np.where(rng.random(n) < 0.01, "yes", "no").astype(object),
    lambda rng, n: rng.choice(np.array([*"xyz", None], dtype=object), n, p=[0.4, 0.3, 0.2, 0.1]),
)


def generated(rng: Rng, columns: int, rows: int) -> pd.DataFrame:
    """Make a table of all kinds of columns; the normal ones share a factor, so they are correlated."""
    factor = rng.normal(size=rows)
    made = {f"c{i}": KINDS[i % len(KINDS)](rng, rows) for i in range(columns)}
    for name in list(made)[:: len(KINDS)]:
        made[name] = (made[name] + factor) / math.sqrt(2)
    return pd.DataFrame(made)


def shuffled(stream: pd.DataFrame, rng: Rng, columns: int, rows: int) -> pd.DataFrame:
    """Take rows of a stream in shuffled order; more columns than it has are the same ones in further orders."""
    parts: list[pd.DataFrame] = []
    while sum(part.shape[1] for part in parts) < columns:
        part = stream.iloc[rng.permutation(len(stream))[:rows]].reset_index(drop=True)
        parts.append(part.add_suffix(f".{len(parts)}"))
    return pd.concat(parts, axis=1).iloc[:, :columns]


def streams() -> dict[str, pd.DataFrame]:
    """Read the real streams, without their time."""
    found = {}
    for path in sorted(DATA.glob("*.csv.gz")) if DATA.exists() else []:
        frame = pd.read_csv(path).drop(columns=["ts"], errors="ignore")
        if len(frame) > 2000:  # fewer are no two sides
            found[path.name.removesuffix(".csv.gz")] = frame.dropna(axis=1, how="all")
    return found
