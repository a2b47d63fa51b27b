"""Our distances against Evidently's own, through the one adapter: what a spec names is what Evidently computes."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest

from ml.monitoring.distances import METHODS, ONLY_CATEGORICAL, ONLY_NUMERIC, drifted
from ml.monitoring.evidently_adapter import evidently_score, html_report
from ml.monitoring.values import Values, values_of
from ml.specs.monitoring import CategoricalDriftMethod, DriftSpec, NumericDriftMethod

RNG = np.random.default_rng(20260105)
SIZES = [(5000, 350), (300, 5000), (31, 30)]
NUMBERS = {
    "shifted": lambda n, m: (RNG.normal(size=n), RNG.normal(0.3, 2, m)),
    "same": lambda n, m: (RNG.normal(size=n), RNG.normal(size=m)),
    "heavy tail": lambda n, m: (RNG.lognormal(0, 2, n), RNG.lognormal(1, 1, m)),
    "few values": lambda n, m: (RNG.integers(0, 8, n) * 1.0, RNG.integers(0, 9, m) * 1.0),
    "constant before": lambda n, m: (np.full(n, 3.0), RNG.normal(size=m)),
    "far away": lambda n, m: (RNG.normal(size=n), RNG.normal(1e6, 1, m)),
}
CATEGORIES = {
    "shifted": lambda n, m: (RNG.choice(list("aaabc"), n), RNG.choice(list("abbcc"), m)),
    "new category": lambda n, m: (RNG.choice(list("abc"), n), RNG.choice(list("abcd"), m)),
    "nothing in common": lambda n, m: (RNG.choice(list("ab"), n), RNG.choice(list("xy"), m)),
    "many": lambda n, m: (RNG.integers(0, 200, n).astype(str), RNG.integers(0, 220, m).astype(str)),
    "not normal": lambda n, m: (RNG.choice(["", "ä", "a b"], n), RNG.choice(["", "ä", "c"], m)),
}


def sides(made: tuple[Values, Values], *, numeric: bool) -> list[Values]:
    return [values_of(pd.Series(side), numeric=numeric) for side in made]


def cases(*, numeric: bool) -> list[Any]:
    makers = NUMBERS if numeric else CATEGORIES
    foreign = ONLY_CATEGORICAL if numeric else ONLY_NUMERIC
    return [
        pytest.param(method, *sides(make(*size), numeric=numeric), id=f"{method}-{name}-{size}")
        for method in METHODS
        if method not in foreign
        for name, make in makers.items()
        for size in SIZES
    ]


def check(method: str, reference: Values, current: Values, *, numeric: bool) -> None:
    theirs, said = evidently_score(
        pd.Series(reference), pd.Series(current), method=method, numeric=numeric, threshold=0.1
    )
    ours = METHODS[method](reference, current)
    assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9)
    assert drifted(method, ours, 0.1) == said


@pytest.mark.parametrize(("method", "reference", "current"), cases(numeric=True))
def test_numbers(method: str, reference: Values, current: Values) -> None:
    check(method, reference, current, numeric=True)


@pytest.mark.parametrize(("method", "reference", "current"), cases(numeric=False))
def test_categories(method: str, reference: Values, current: Values) -> None:
    check(method, reference, current, numeric=False)


def test_every_method_of_the_specs_is_here() -> None:
    assert METHODS.keys() - ONLY_CATEGORICAL == set(get_args(NumericDriftMethod))
    assert METHODS.keys() - ONLY_NUMERIC == set(get_args(CategoricalDriftMethod))


def frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    def side(rows: int, shift: float) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "load": RNG.normal(shift, 1, rows),
                "gap": np.where(RNG.random(rows) < 0.3, np.nan, RNG.normal(size=rows)),
                "zone": RNG.choice(["north", "south", None], rows),
                "void_column": np.full(rows, np.nan),
                "still_column": np.ones(rows),
                "text": RNG.choice(["1", "two"], rows),
            }
        )

    return side(400, 0.0), side(200, 0.5).assign(zone="east")


@pytest.mark.parametrize(("numeric", "categorical"), [("wasserstein", "chisquare"), ("ks", "psi")])
def test_the_report_shows_what_can_be_tested(numeric: str, categorical: str) -> None:
    past, now = frames()
    spec = DriftSpec.model_validate({"numeric": numeric, "categorical": categorical, "sample": 250})
    page = html_report(
        past,
        now,
        numeric=["load", "gap", "void_column", "still_column", "text"],
        categorical=["zone"],
        title="power: <week 3>",
        spec=spec,
    ).decode()
    assert page.lstrip().startswith("<!DOCTYPE html>")
    assert "<title>power: &lt;week 3&gt;</title>" in page
    for column, expected in {
        "load": True,
        "gap": True,
        "zone": True,
        "void_column": False,
        "still_column": False,
    }.items():
        assert (f'"{column}"' in page) == expected, column
