"""Count a column of moments."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ml.profiles.columns import MomentLayout, MomentProfile
from ml.profiles.columns.moment import HOURS, WEEKDAYS
from ml.profiles.texts import is_text

Microseconds = npt.NDArray[np.int64]
_UTC = pa.timestamp("us", tz="UTC")
_HOUR = 3_600_000_000
_THURSDAY = 3  # the weekday of 1 January 1970


def tally_moments(values: Any, layout: MomentLayout) -> MomentProfile:
    """Return the profile of an Arrow or NumPy array; moments without a time zone are in UTC."""
    if isinstance(values, np.ndarray):
        values = pa.array(values, from_pandas=True)
    dense = values.drop_null() if values.null_count else values
    moments = microseconds_of(dense)
    nulls = len(values) - len(dense)
    if moments is None or not len(moments):
        return MomentProfile(layout, len(values), nulls, len(dense))
    hours = moments // _HOUR
    return MomentProfile(
        layout,
        rows=len(values),
        nulls=nulls,
        wrong=len(dense) - len(moments),
        first_us=int(moments.min()),
        last_us=int(moments.max()),
        hours=tuple(np.bincount(hours % HOURS, minlength=HOURS).tolist()),
        weekdays=tuple(np.bincount((hours // HOURS + _THURSDAY) % WEEKDAYS, minlength=WEEKDAYS).tolist()),
    )


def microseconds_of(dense: Any) -> Microseconds | None:
    """Return the moments of an array without nulls, as microseconds since 1970; None if its type has none.

    Texts that are no moment are left out.
    """
    kind = dense.type
    if pa.types.is_dictionary(kind):
        return microseconds_of(pc.cast(dense, pa.string()))
    if is_text(kind):
        return _read(dense)
    if not (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        return None
    moments = pc.cast(dense, _UTC if pa.types.is_timestamp(kind) and kind.tz else pa.timestamp("us"), safe=False)
    numbers = pc.cast(moments, pa.int64())
    return numbers.to_numpy() if isinstance(numbers, pa.ChunkedArray) else np.asarray(numbers)


def _read(texts: Any) -> Microseconds:
    import pandas as pd

    read = pd.to_datetime(texts.to_pandas(), format="ISO8601", utc=True, errors="coerce").dropna()
    moments: Microseconds = read.dt.tz_localize(None).to_numpy(dtype="datetime64[us]").astype(np.int64)
    return moments
