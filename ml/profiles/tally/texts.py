"""Count a column of texts by their length."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ml.profiles.columns import Spread, TextLayout, TextProfile
from ml.profiles.columns.text import LENGTHS
from ml.profiles.texts import is_text


def tally_texts(values: Any, layout: TextLayout) -> TextProfile:
    """Return the profile of an Arrow array; of a NumPy array, where NaN means *no value*."""
    if isinstance(values, np.ndarray):
        values = pa.array(values, from_pandas=True)
    dense = values.drop_null() if values.null_count else values
    nulls = len(values) - len(dense)
    if not len(dense):
        return TextProfile(layout, len(values), nulls)
    found = np.asarray(pc.utf8_length(_as_texts(dense)), dtype=np.float64)
    bins = np.minimum(np.frexp(found)[1], LENGTHS - 1)
    mean = float(found.mean())
    apart = found - mean
    return TextProfile(
        layout,
        rows=len(values),
        nulls=nulls,
        lengths=Spread(len(found), float(found.min()), float(found.max()), mean, float((apart * apart).sum())),
        counts=tuple(np.bincount(bins, minlength=LENGTHS).tolist()),
    )


def _as_texts(dense: Any) -> Any:
    """Return what is no text as the text that it is written as."""
    if is_text(dense.type):
        return dense
    try:
        return pc.cast(dense, pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return pa.array([str(value) for value in dense.to_pylist()], pa.string())
