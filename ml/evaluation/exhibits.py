"""What the gate may look at beside the predictions; all of it is an argument, so that a verdict can be repeated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pandas as pd


@dataclass(frozen=True, slots=True)
class Weight:
    """What a challenger costs where it serves; measured by whoever asks, on a batch of held-out rows."""

    milliseconds: float
    bytes: int


@dataclass(frozen=True, slots=True)
class Origin:
    """What a challenger was trained on.

    ``last_row`` is the newest training row's time, ``first_held_out`` the oldest held-out row's. ``features`` are the
    columns that it takes, ``expected`` those of the model's schema.
    """

    last_row: datetime
    first_held_out: datetime
    features: tuple[str, ...]
    expected: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exhibits:
    """What else is known of a case; what is None was not asked for or cannot be known, and its check does not apply.

    ``attempts`` counts the earlier challengers that were judged on rows which overlap with these. ``best`` are the
    predictions of the best champion so far, if that is not the present one. ``rows`` are the held-out rows as they are
    stored, ``features`` those columns that estimators see. ``complaint`` says what the challenger did with gaps,
    unknown categories and values out of range: nothing, if it is empty.
    """

    attempts: int = 0
    best: pd.DataFrame | None = None
    rows: pd.DataFrame | None = None
    features: tuple[str, ...] = ()
    origin: Origin | None = None
    complaint: str | None = None
    weight: Weight | None = None


NO_EXHIBITS = Exhibits()
