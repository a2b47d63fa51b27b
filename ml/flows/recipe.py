"""An estimator of a replay: how it is made, and what is known of it once it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to make an estimator: the labelled rows at positions ``first`` to ``last`` of those known after ``step``.

    ``candidate`` and ``parameters`` are given for a second fit of a setting that was chosen before; else the search of
    the spec chooses. ``key`` identifies it by content.
    """

    key: str
    step: int
    first: int
    last: int
    candidate: str | None = None
    parameters: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """An estimator of the matrix without its predictions.

    ``metrics`` holds the primary metric by number of the labels' arrival (see ``Past.events``), NaN where it is not
    defined or the estimator had seen the batch. ``since`` is the first batch that it did not see as a whole:
    predictions are there from it on. ``complaint`` is what it says against rows that no training row is like,
    ``importance`` how much it uses each feature.
    """

    candidate: str
    parameters: Mapping[str, Any]
    seconds: float
    since: int
    metrics: NDArray[np.float64]
    complaint: str
    importance: Mapping[str, float] | None
