"""The types of a profile: bytes that come back the same, and merging that knows its layout."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ml.domain.errors import ArtifactError
from ml.domain.schema import ColumnType
from ml.profiles import Layout, LayoutError, Profile, merge
from ml.profiles.columns import (
    Bins,
    CategoricalLayout,
    MomentLayout,
    NumericLayout,
    NumericProfile,
    Others,
    Spread,
    TextLayout,
)
from ml.profiles.columns.bins import cells_of, count_cells
from ml.profiles.columns.categorical import MOST_LISTED, listed_as

_DISTANCES = np.array([-4.0, -1.0, 0.5, 2.0, 304.0])
BINS = Bins(10.0, tuple((np.sign(_DISTANCES).astype(int) * cells_of(np.abs(_DISTANCES))).tolist()))


def layout() -> Layout:
    return Layout(
        {
            "n": NumericLayout(ColumnType.NUMBER, BINS),
            "c": CategoricalLayout(ColumnType.TEXT, ("a", "b\ud800", "ü"), complete=True),
            "m": MomentLayout(),
            "t": TextLayout(),
        },
        ("k",),
    )


def test_a_layout_and_an_empty_profile_come_back_from_their_bytes() -> None:
    empty = layout().empty()
    assert Profile.from_bytes(empty.to_bytes()) == empty
    assert Layout.from_bytes(layout().to_bytes()) == layout()
    assert merge(empty, empty) == empty


def test_a_layout_is_not_stored_as_the_profile_of_an_empty_batch() -> None:
    """What is stored is found by its bytes: two things of one digest would be taken for each other."""
    assert layout().to_bytes() != layout().empty().to_bytes()
    for build, data in ((Layout.from_bytes, layout().empty().to_bytes()), (Profile.from_bytes, layout().to_bytes())):
        with pytest.raises(ArtifactError, match=r"are no (layout|profile)"):
            build(data)


def test_the_edges_are_the_cuts_that_were_asked_for() -> None:
    assert BINS.edges.tolist() == [6.0, 9.0, 10.5, 12.0, 314.0]


def test_counts_go_to_the_bin_of_the_number() -> None:
    numbers = np.array([-1e30, 5.0, 6.5, 9.5, 10.0, 10.4, 10.5, 11.0, 12.0, 313.0, 314.0, 1e30])
    counts = BINS.counted(count_cells(numbers - BINS.center))
    assert sum(counts) == len(numbers)
    assert counts == (2, 1, 3, 2, 2, 2)


def test_a_quantile_lies_within_its_bounds() -> None:
    numbers = np.random.default_rng(0).normal(10, 2, 1000)
    profile = NumericProfile(
        NumericLayout(ColumnType.NUMBER, BINS),
        rows=1000,
        spread=Spread(1000, float(numbers.min()), float(numbers.max()), 10.0, 1.0),
        counts=BINS.counted(count_cells(numbers - BINS.center)),
    )
    for share in (0.0, 0.01, 0.3, 0.5, 0.9, 1.0):
        bounds = profile.quantile(share)
        assert bounds is not None
        low, high = bounds
        assert low <= np.quantile(numbers, share, method="inverted_cdf") <= high
    assert layout().empty().columns["n"].quantile(0.5) is None


@pytest.mark.parametrize("other", [replace(BINS, center=11.0), replace(BINS, cuts=BINS.cuts[1:])])
def test_profiles_of_different_bins_do_not_merge(other: Bins) -> None:
    columns = {**layout().columns, "n": NumericLayout(ColumnType.NUMBER, other)}
    with pytest.raises(LayoutError, match="'n'"):
        merge(layout().empty(), Layout(columns, ("k",)).empty())
    with pytest.raises(LayoutError, match="different columns"):
        merge(layout().empty(), Layout(layout().columns, ()).empty())


def test_bytes_that_are_no_profile_are_refused() -> None:
    good = layout().empty().to_bytes()
    cases = {
        b"": "no profile",
        b"PAR1" + good[4:]: "no profile",
        good[:4] + b"\x00\x09" + good[6:]: "format 9",
        good[:6] + b"\xff" * 8 + good[14:]: "at most",
        good[:-5]: "cannot be read",
    }
    for data, message in cases.items():
        with pytest.raises(ArtifactError, match=message):
            Profile.from_bytes(data)


def test_other_categories_are_exact_until_there_are_too_many() -> None:
    few = Others().with_counts({f"v{i}": i + 1 for i in range(MOST_LISTED)})
    assert (few.missed, few.distinct, few.listed["v63"]) == (0, MOST_LISTED, 64)
    many = few.with_counts({"new": 100, "rare": 1})
    assert many.rows == few.rows + 101
    assert many.listed["new"] + many.missed >= 100 >= many.listed["new"]
    assert many.missed <= many.rows / (MOST_LISTED + 1)
    assert abs(many.distinct - 66) <= 5


def test_a_very_long_category_is_listed_under_a_short_name() -> None:
    assert listed_as("short") == "short"
    assert len(listed_as("x" * 10_000)) == 100
    assert listed_as("x" * 10_000) != listed_as("x" * 10_001)
