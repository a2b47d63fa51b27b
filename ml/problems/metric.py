"""A metric as additive terms per row, so that a value and its bootstrap come from the same few arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.domain.errors import DataError

Floats = NDArray[np.float64]
Terms = Callable[[pd.DataFrame, pd.DataFrame], Floats]
"""(truth, predictions) → one row of additive terms per row of data, shape (rows, terms)."""


def first_of(means: Floats) -> Floats:
    """Return the only term: the metric is a mean over rows."""
    return means[..., 0]


@dataclass(frozen=True, slots=True)
class Metric:
    """A way to score predictions, by its scikit-learn name.

    Every metric here is a function of means over rows: ``terms`` gives the rows, ``of_means`` the function, applied
    to the last axis. That makes a bootstrap one matrix product for any of them. ``bounded`` says that the metric
    lives in 0 to 1, so that an absolute drop means the same on every data set. A metric whose only term is its
    per-row score is *decomposable*.
    """

    name: str
    higher_is_better: bool
    bounded: bool
    terms: Terms
    of_means: Callable[[Floats], Floats] = first_of

    def value(self, truth: pd.DataFrame, predictions: pd.DataFrame) -> float:
        """Return the metric over all rows.

        Raises:
            DataError: there are no rows, or the metric is not defined on them.
        """
        if len(truth) == 0:
            raise DataError(f"{self.name} cannot be computed on no rows.", remedy="wait for labelled rows.")
        value = float(self.of_means(self.terms(truth, predictions).mean(axis=0)))
        if not np.isfinite(value):
            raise DataError(
                f"{self.name} is {value} on these {len(truth)} rows: the predictions or the target hold values "
                f"that are no numbers.",
                remedy="look at the rows for missing or infinite values.",
            )
        return value

    def per_row(self, truth: pd.DataFrame, predictions: pd.DataFrame) -> Floats | None:
        """Return the scores whose mean is the metric, None if the metric is no mean over rows."""
        return self.terms(truth, predictions)[:, 0] if self.of_means is first_of else None

    def gain(self, value: float, over: float) -> float:
        """Return how much better ``value`` is than ``over``; positive is better whatever the metric's direction."""
        return value - over if self.higher_is_better else over - value
