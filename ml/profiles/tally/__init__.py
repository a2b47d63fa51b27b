"""From the values of a column to its profile: one kind of column a file."""

from __future__ import annotations

from typing import Any

from ml.profiles.columns import (
    CategoricalLayout,
    ColumnLayout,
    ColumnProfile,
    MomentLayout,
    NumericLayout,
)
from ml.profiles.tally.categories import tally_categories
from ml.profiles.tally.moments import tally_moments
from ml.profiles.tally.numbers import numbers_in, tally_numbers
from ml.profiles.tally.texts import tally_texts

__all__ = ["numbers_in", "tally", "tally_categories", "tally_moments", "tally_numbers", "tally_texts"]


def tally(values: Any, layout: ColumnLayout) -> ColumnProfile:
    """Return the profile of a column: an Arrow array, or a NumPy array, where NaN means *no value*."""
    if isinstance(layout, NumericLayout):
        return tally_numbers(values, layout)
    if isinstance(layout, CategoricalLayout):
        return tally_categories(values, layout)
    if isinstance(layout, MomentLayout):
        return tally_moments(values, layout)
    return tally_texts(values, layout)
