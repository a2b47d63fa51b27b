from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.domain.codes_dr import DRIFT
from ml.domain.findings import Outcome, Severity
from ml.domain.records import Quantity
from ml.monitoring import ColumnDrift, drift_findings, drift_observations, drift_share, measure_drift
from ml.specs.monitoring import DriftSpec
from tests.builders import week

RNG = np.random.default_rng(7)
SPEC = DriftSpec()


def one(reference: Any, current: Any, *, numeric: bool = True, spec: DriftSpec = SPEC) -> ColumnDrift:
    (drift,) = measure_drift(
        pd.DataFrame({"x": reference}),
        pd.DataFrame({"x": current}),
        numeric=["x"] if numeric else [],
        categorical=[] if numeric else ["x"],
        spec=spec,
        seed=0,
    )
    return drift


NORMAL = RNG.normal(size=500)
TEXTS = RNG.choice(["a", "b"], 500)


def test_a_shifted_column_has_drifted_and_the_same_one_has_not() -> None:
    assert one(NORMAL, NORMAL + 1).drifted
    assert one(NORMAL, NORMAL + 1).outcome is Outcome.WARNING
    same = one(NORMAL, NORMAL)
    assert (same.drifted, same.score, same.outcome) == (False, 0.0, Outcome.PASSED)


@pytest.mark.parametrize(
    ("reference", "current", "outcome", "note"),
    [
        (np.ones(50), np.ones(50), Outcome.NOT_APPLICABLE, "it is always 1.0"),
        (NORMAL, np.full(50, np.nan), Outcome.CANNOT_TELL, "the batch has 0 rows with a value"),
        (NORMAL, [], Outcome.CANNOT_TELL, "the batch has 0 rows"),
        (NORMAL[:29], NORMAL, Outcome.CANNOT_TELL, "the reference has 29 rows with a value, 30 are needed"),
        (NORMAL, [1.0] * 40 + ["n/a"], Outcome.CANNOT_TELL, "holds 1 values that are no numbers, for example 'n/a'"),
        (NORMAL, [[1]] * 40, Outcome.CANNOT_TELL, "no numbers"),
        (NORMAL, pd.date_range("2026", periods=40), Outcome.CANNOT_TELL, "datetime64"),
        (NORMAL, [1j] * 40, Outcome.CANNOT_TELL, "complex"),
        (NORMAL, [np.inf] * 40, Outcome.CANNOT_TELL, "0 rows with a value"),
    ],
)
def test_an_untestable_column_of_numbers_says_why(reference: Any, current: Any, outcome: Outcome, note: str) -> None:
    drift = one(reference, current)
    assert (drift.outcome, drift.score, drift.drifted) == (outcome, None, False)
    assert note in drift.note


def test_values_too_far_apart_to_be_measured_say_so() -> None:
    spec = DriftSpec.model_validate({"numeric": "psi"})
    assert "psi has no finite value" in one(NORMAL, [1e308, -1e308] * 20, spec=spec).note


def test_an_untestable_column_of_categories_says_why() -> None:
    assert "no categories" in one(TEXTS, [["a"]] * 40, numeric=False).note
    assert one(["a"] * 40, ["a"] * 40, numeric=False).outcome is Outcome.NOT_APPLICABLE
    assert one(TEXTS, [None] * 40, numeric=False).outcome is Outcome.CANNOT_TELL


def test_missing_and_doubled_columns_do_not_abort_the_others() -> None:
    past = pd.DataFrame({"a": NORMAL, "b": NORMAL})
    now = pd.DataFrame(np.column_stack([NORMAL, NORMAL, NORMAL]), columns=["a", "c", "c"])
    drifts = measure_drift(past, now, numeric=["a", "b", "c"], categorical=[], spec=SPEC, seed=0)
    assert [drift.outcome for drift in drifts] == [Outcome.PASSED, Outcome.NOT_APPLICABLE, Outcome.NOT_APPLICABLE]


def test_new_categories_are_named() -> None:
    drift = one(TEXTS, [*TEXTS[:60], *"zzzyyxxw"], numeric=False)
    assert drift.note == "new: z, x, y and 1 more (11.8% of the rows)"


def test_a_constant_that_moves_has_drifted() -> None:
    assert one(np.ones(50), np.full(50, 2.0)).drifted
    assert one(["a"] * 50, ["b"] * 50, numeric=False).note == "it was always a in the reference"


def test_the_type_of_a_file_is_no_drift() -> None:
    assert one([1, 2, 3] * 20, [1.0, 2.0, None, 3.0] * 15, numeric=False).score == 0.0
    assert one([1, 2, 3] * 20, ["1", "2", "3"] * 15, numeric=False).score == 0.0
    assert one([1, 2, 3] * 20, ["1", "2", "3"] * 15).score == pytest.approx(0.0)
    assert one([True, False] * 20, [1, 0] * 20).score == 0.0


@pytest.mark.parametrize("method", ["ks", "psi", "kl_div", "hellinger", "jensenshannon"])
def test_other_methods_tell_the_same_story(method: str) -> None:
    spec = DriftSpec.model_validate({"numeric": method})
    assert one(NORMAL, NORMAL + 1, spec=spec).drifted
    assert not one(NORMAL, NORMAL[::2], spec=spec).drifted


def test_the_sample_is_bounded_and_seeded() -> None:
    frame = pd.DataFrame({"x": RNG.normal(size=3000)})
    spec = DriftSpec(sample=100)
    scores = [
        measure_drift(frame, frame.iloc[::-1], numeric=["x"], categorical=[], spec=spec, seed=seed)[0].score
        for seed in (1, 1, 2)
    ]
    assert scores[0] == scores[1] != scores[2]


def test_only_the_columns_asked_for_are_measured() -> None:
    frame = pd.DataFrame({"a": NORMAL, "b": NORMAL})
    spec = DriftSpec(columns=("b",))
    assert [d.column for d in measure_drift(frame, frame, numeric=["a", "b"], categorical=[], spec=spec, seed=0)] == [
        "b"
    ]


anything = st.lists(
    st.one_of(
        st.none(), st.floats(), st.integers(), st.text(max_size=3), st.booleans(), st.dates(), st.binary(max_size=2)
    ),
    min_size=1,
    max_size=12,
)


@settings(deadline=None)  # the first example pays for importing SciPy
@given(anything, anything, st.booleans(), st.sampled_from(["wasserstein", "psi", "ks", "kl_div", "hellinger"]))
def test_no_column_whatever_it_holds_aborts(past: list[Any], now: list[Any], numeric: bool, method: str) -> None:
    spec = DriftSpec.model_validate({"numeric": method, "min_rows": 1})
    drift = one(pd.Series(past, dtype=object), pd.Series(now, dtype=object), numeric=numeric, spec=spec)
    assert (drift.score is None) == (drift.outcome in {Outcome.CANNOT_TELL, Outcome.NOT_APPLICABLE})
    assert drift.score is None or np.isfinite(drift.score)
    drift_findings([drift], drift_share=0.5)


def column(name: str, score: float | None, *, drifted: bool = False) -> ColumnDrift:
    outcome = Outcome.CANNOT_TELL if score is None else Outcome.WARNING if drifted else Outcome.PASSED
    return ColumnDrift(
        name, "psi", score, 0.1, drifted=drifted, outcome=outcome, note="" if score else "empty", rows=90
    )


def test_findings_name_columns_and_the_share() -> None:
    features = [column("a", 0.5, drifted=True), column("b", 0.01), column("c", None)]
    found = drift_findings(
        features, drift_share=0.5, predictions=[column("p", 0.3, drifted=True)], target=[column("y", 0.3, drifted=True)]
    )
    assert [(one.code, one.subject, one.severity) for one in found] == [
        ("DR002", "features", Severity.WARNING),
        ("DR001", "a", Severity.INFO),
        ("DR003", "c", Severity.INFO),
        ("DR004", "p", Severity.WARNING),
        ("DR005", "y", Severity.WARNING),
    ]
    assert {one.code for one in found} == set(DRIFT) - {"DR006"}, "DR006 is the report's own"
    assert found[0].seen == "50% drifted (a)"


def test_the_share_is_of_the_columns_that_could_be_tested() -> None:
    assert drift_share([column("a", 0.5, drifted=True), column("b", None)]) == 1.0
    assert drift_share([column("b", None)]) is None
    assert drift_findings([column("a", 0.1)], drift_share=0.0) == ()


def test_observations_carry_what_policies_read() -> None:
    features = [column("a", 0.5, drifted=True), column("b", 0.01), column("c", None)]
    seen = drift_observations(features, quantity=Quantity.COLUMN_DRIFT, window=week(2), as_of=week(2).end)
    assert [(one.quantity, one.subject, one.value) for one in seen] == [
        (Quantity.COLUMN_DRIFT, "a", 0.5),
        (Quantity.COLUMN_DRIFT, "b", 0.01),
        (Quantity.COLUMN_DRIFT, "c", None),
        (Quantity.DRIFT_SHARE, "", 0.5),
    ]
    (said,) = drift_observations(
        features[:1], quantity=Quantity.PREDICTION_DRIFT, window=week(2), as_of=week(2).end, version=4
    )
    assert (said.version, said.detail["drifted"]) == (4, True)


def test_measuring_drift_does_not_import_evidently() -> None:
    code = (
        "import sys, ml.monitoring; sys.exit(any(name.split('.')[0] in {'evidently', 'scipy'} for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
