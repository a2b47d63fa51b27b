"""Small streams with a concept that turns, written as files, and specs to go with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ml.domain.windows import Window
from ml.specs import ModelSpec, parse_spec

DAYS = 12
SPAN = Window.parse("2026-01-01", "2026-01-13")


def stream(*, seed: int = 0, rows_a_day: int = 120, turn_on_day: int = 6) -> pd.DataFrame:
    """Return ``DAYS`` days of rows: the label follows ``x``, and from ``turn_on_day`` on its opposite."""
    rng = np.random.default_rng(seed)
    rows = DAYS * rows_a_day
    day = np.repeat(np.arange(DAYS), rows_a_day)
    x = rng.normal(size=rows)
    sign = np.where(day < turn_on_day, 1.0, -1.0)
    label = (sign * x + rng.normal(scale=0.3, size=rows) > 0).astype(int)
    moments = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(np.arange(rows) * (86_400 / rows_a_day), unit="s")
    return pd.DataFrame(
        {
            "order_id": np.arange(rows),
            "ts": moments.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "x": x.round(6),
            "city": rng.choice(["Bern", "Oslo", "Rome"], size=rows),
            "late": label,
        }
    )


def spec_of(folder: Path, frame: pd.DataFrame, *, extra: str = "", name: str = "orders") -> ModelSpec:
    """Write the stream as a CSV and return a spec that reads it a day at a time."""
    path = folder / f"{name}.csv"
    frame.to_csv(path, index=False)
    return parse_spec(
        f"""
model: {name}
problem: {{kind: classification, target: late}}
source: {{kind: file, path: "{path}"}}
time: {{column: ts, batch: 1d}}
key: [order_id]
training: {{min_rows: 50, window: {{kind: sliding, length: 3d}}, candidates: [{{estimator: LogisticRegression}}]}}
{extra}
"""
    )
