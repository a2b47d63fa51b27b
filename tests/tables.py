"""A small table with everything that troubles estimators, its schema, and specs for it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from ml.domain.schema import ColumnRole, ColumnSchema, ColumnType, TableSchema
from ml.specs import ModelSpec, parse_spec

SCHEMA = TableSchema(
    (
        ColumnSchema("at", ColumnType.TIMESTAMP, ColumnRole.TIME),
        ColumnSchema("size", ColumnType.NUMBER, ColumnRole.NUMERIC),
        ColumnSchema("age", ColumnType.INTEGER, ColumnRole.NUMERIC),
        ColumnSchema("empty", ColumnType.NUMBER, ColumnRole.NUMERIC),
        ColumnSchema("colour", ColumnType.TEXT, ColumnRole.CATEGORICAL),
        ColumnSchema("void", ColumnType.TEXT, ColumnRole.CATEGORICAL),
        ColumnSchema("sold", ColumnType.TEXT, ColumnRole.TARGET),
    )
)
"""Of the table of :func:`mixed_rows`."""


def mixed_rows(count: int = 160, *, seed: int = 0) -> pd.DataFrame:
    """Rows an hour apart: gaps, two empty columns, and targets that the features explain in part."""
    rng = np.random.default_rng(seed)
    size, age = rng.normal(size=count), rng.integers(0, 90, count)
    colour = rng.choice(np.array(["red", "green", None], dtype=object), count)
    bonus = np.where(colour == "red", 1.0, 0.0)
    signal = size + bonus + 0.3 * rng.normal(size=count)
    return pd.DataFrame(
        {
            "at": pd.date_range("2026-01-05", periods=count, freq="h", tz="UTC"),
            "size": np.where(rng.random(count) < 0.1, np.nan, size),
            "age": age,
            "empty": np.nan,
            "colour": colour,
            "void": np.full(count, None, dtype=object),
            "sold": np.where(signal > 0.3, "yes", "no").astype(object),
            "grade": np.digitize(signal, [-0.5, 0.8]),
            "flag": signal > 0.3,
            "price": np.exp(0.3 * signal),
        }
    )


def strange_rows(count: int = 40) -> pd.DataFrame:
    """Rows of a later batch: a colour never seen, gaps where there were none, a value where there was none."""
    rows = mixed_rows(count, seed=1)
    rows.loc[::3, "colour"] = "purple"
    rows["age"] = rows["age"].astype(float)
    rows.loc[::4, "age"] = np.nan
    rows["empty"] = 1.0
    rows["void"] = "filled"
    return rows


TARGETS = {"classification": "sold", "regression": "price"}


def spec_for(kind: str = "classification", *, target: str = "", metric: str = "", **parts: Any) -> ModelSpec:
    """A spec for the table; ``parts`` are sections such as ``training`` as plain dictionaries."""
    problem = {"kind": kind, "target": target or TARGETS[kind]} | ({"metric": metric} if metric else {})
    sections: dict[str, Any] = {
        "model": "shop",
        "problem": problem,
        "source": {"kind": "file", "path": "rows.csv"},
        "time": {"column": "at", "batch": "1d"},
    }
    return parse_spec(json.dumps(sections | parts))  # JSON is YAML
