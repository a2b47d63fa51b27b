"""Rows whose key an earlier row has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from ml.artifacts.rows import Frames, stacked
from ml.profiles.keys import Digests, digests_of, several_times
from ml.validation.panel import Mask
from ml.validation.reading import read_column
from ml.validation.rules import Rule


def repeated_keys(batch: Frames, rules: Sequence[Rule]) -> Iterator[Mask]:
    """Yield a mask for each frame of the batch; ``rules`` are those of the key's columns, as which they are read."""
    if batch.whole is not None:
        yield _read(batch.whole, rules).duplicated().to_numpy()
        return
    keys = several_times(lambda: (_digests(frame) for frame in _keys(batch, rules)), batch.rows)
    places: list[np.ndarray] = []
    found: list[pd.DataFrame] = []
    for frame in _keys(batch, rules):
        mask = np.isin(_digests(frame), keys)
        places.append(np.flatnonzero(mask))
        found.append(frame[mask])
    repeated = stacked(found).duplicated().to_numpy()
    start = 0
    for place, frame in zip(places, batch.read([rules[0].name]), strict=True):
        mask = np.zeros(len(frame), dtype=np.bool_)
        mask[place[repeated[start : start + len(place)]]] = True
        start += len(place)
        yield mask


def _keys(batch: Frames, rules: Sequence[Rule]) -> Iterator[pd.DataFrame]:
    return (_read(frame, rules) for frame in batch.read([rule.name for rule in rules]))


def _read(frame: pd.DataFrame, rules: Sequence[Rule]) -> pd.DataFrame:
    return pd.DataFrame({rule.name: read_column(frame[rule.name], rule).values for rule in rules})


def _digests(frame: pd.DataFrame) -> Digests:
    return digests_of([frame[name] for name in frame.columns])
