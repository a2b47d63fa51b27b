from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ml.domain.codes_dr import DRIFT
from ml.domain.findings import Outcome, Severity
from ml.domain.records import Quantity
from ml.domain.schema import ColumnRole, ColumnSchema, ColumnType, TableSchema
from ml.monitoring import ColumnDrift, drift_findings, drift_observations, drift_share, measure_drift
from ml.monitoring.classifier import TableDrift
from ml.monitoring.findings import share_observation, table_observation
from ml.monitoring.pairing import paired
from ml.monitoring.sides import OTHERS, ColumnSides, Incomparable, Side
from ml.profiles import freeze, profile_frame
from ml.specs.monitoring import DriftSpec
from tests.builders import week

RNG = np.random.default_rng(7)
SPEC = DriftSpec()
NORMAL = RNG.normal(size=2000)
TEXTS = RNG.choice(["a", "b"], 2000)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20260106)


def compared(reference: pd.DataFrame, current: pd.DataFrame, **spec: Any) -> dict[str, ColumnDrift]:
    """Freeze the bins on the reference, profile both sides, compare all columns."""
    columns = tuple(
        ColumnSchema(
            str(name),
            ColumnType.TEXT if values.dtype == object else ColumnType.NUMBER,
            ColumnRole.CATEGORICAL if values.dtype == object else ColumnRole.NUMERIC,
        )
        for name, values in reference.items()
    )
    layout = freeze(reference, TableSchema(columns), key=(), numeric_target=False)
    sides = paired(
        profile_frame(reference, layout), profile_frame(current, layout), [column.name for column in columns]
    )
    asked = DriftSpec.model_validate(spec)
    return {one.column: one for one in measure_drift(sides, spec=asked, level=asked.alpha)}


def one(reference: Any, current: Any, **spec: Any) -> ColumnDrift:
    kind = object if isinstance(reference[0], str) else float
    sides = (pd.DataFrame({"x": np.asarray(side, dtype=kind)}) for side in (reference, current))
    return compared(*sides, **spec)["x"]


def test_a_shifted_column_has_drifted_and_another_sample_of_the_same_has_not(rng: np.random.Generator) -> None:
    moved = one(NORMAL, rng.normal(1, 1, 300))
    assert (moved.drifted, moved.significant, moved.outcome) == (True, True, Outcome.WARNING)
    assert moved.effect == pytest.approx(1.0, abs=0.2)
    assert moved.interval is not None
    assert moved.interval[0] < moved.effect < moved.interval[1]
    assert moved.interval[0] > SPEC.threshold
    same = one(NORMAL, rng.normal(size=300))
    assert (same.drifted, same.outcome) == (False, Outcome.PASSED)
    assert same.p_value is not None
    assert same.p_value > 0.001


def test_what_is_sure_but_does_not_matter_is_no_drift(rng: np.random.Generator) -> None:
    small = one(rng.normal(size=400_000), rng.normal(0.03, 1, 400_000))
    assert (small.significant, small.drifted, small.outcome) == (True, False, Outcome.PASSED)


def test_what_would_matter_but_may_be_chance_is_no_drift(rng: np.random.Generator) -> None:
    few = one(NORMAL, rng.normal(0.2, 1, 30))
    assert few.effect is not None
    assert few.effect > SPEC.threshold
    assert (few.significant, few.drifted) == (False, False)


def test_missing_values_are_drift_of_their_column(rng: np.random.Generator) -> None:
    gaps = np.where(rng.random(500) < 0.2, np.nan, rng.normal(size=500))
    found = one(NORMAL, gaps)
    assert (found.drifted, found.outcome) == (True, Outcome.WARNING)
    assert found.note.startswith("without a value 0.0% → ")
    assert not one(NORMAL, gaps, missing=0.5).drifted


def test_a_column_that_became_empty_has_drifted_though_its_values_cannot_be_compared() -> None:
    found = one(NORMAL, np.full(300, np.nan))
    assert (found.effect, found.drifted, found.outcome) == (None, True, Outcome.WARNING)
    assert "the batch has 0 rows with a value" in found.note
    (seen,) = drift_observations([found], quantity=Quantity.COLUMN_DRIFT, window=week(2), weights={})
    assert seen.value == 1.0


@pytest.mark.parametrize(
    ("reference", "current", "outcome", "note"),
    [
        (np.ones(50), np.ones(50), Outcome.NOT_APPLICABLE, "it is always about 1"),
        (["a"] * 50, ["a"] * 50, Outcome.NOT_APPLICABLE, "it is always a"),
        (NORMAL[:29], NORMAL, Outcome.CANNOT_TELL, "the reference has 29 rows with a value, 30 are needed"),
        (NORMAL, NORMAL[:29], Outcome.CANNOT_TELL, "the batch has 29 rows"),
        (NORMAL, [], Outcome.CANNOT_TELL, "the batch has 0 rows"),
        (np.full(50, np.nan), np.full(50, np.nan), Outcome.CANNOT_TELL, "the reference has 0 rows"),
    ],
)
def test_an_untestable_column_says_why(reference: Any, current: Any, outcome: Outcome, note: str) -> None:
    drift = one(reference, current)
    assert (drift.outcome, drift.effect, drift.drifted, drift.tested) == (outcome, None, False, False)
    assert note in drift.note


def test_columns_that_cannot_be_paired_do_not_abort_the_others() -> None:
    frame = pd.DataFrame({"a": NORMAL, "b": NORMAL})
    schema = TableSchema(tuple(ColumnSchema(name, ColumnType.NUMBER, ColumnRole.NUMERIC) for name in ("a", "b")))
    layout = freeze(frame, schema, key=(), numeric_target=False)
    other = freeze(frame.assign(b=NORMAL * 3 + 1), schema, key=(), numeric_target=False)
    sides = paired(profile_frame(frame, layout), profile_frame(frame, other), ["a", "b", "c"])
    drifts = measure_drift(sides, spec=SPEC, level=0.01)
    assert [drift.outcome for drift in drifts] == [Outcome.PASSED, Outcome.CANNOT_TELL, Outcome.NOT_APPLICABLE]
    assert "other bins" in drifts[1].note


def test_a_measure_without_a_finite_value_says_so() -> None:
    sides = ColumnSides("x", Side(np.array([50, 50])), Side(np.array([20, 80])), places=np.array([-1.7e308, 1.7e308]))
    (drift,) = measure_drift([sides], spec=SPEC, level=0.01)
    assert (drift.outcome, drift.effect) == (Outcome.CANNOT_TELL, None)
    assert "wasserstein has no finite value" in drift.note


def test_sides_over_different_bins_are_refused() -> None:
    with pytest.raises(ValueError, match="the sides have"):
        ColumnSides("x", Side(np.array([1, 2])), Side(np.array([1, 2, 3])))


def test_new_categories_are_named() -> None:
    drift = one(TEXTS, [*TEXTS[:60], *"zzzyyxxw"])
    assert drift.note == "new: z, x, y and 1 more (11.8% of the rows)"


def test_categories_that_are_too_many_to_list_are_compared_together(rng: np.random.Generator) -> None:
    many = [f"k{i}" for i in range(400)]
    reference = pd.DataFrame({"x": rng.choice(many, 4000).astype(object)})
    same = compared(reference, pd.DataFrame({"x": rng.choice(many, 400).astype(object)}))["x"]
    other = compared(reference, pd.DataFrame({"x": rng.choice([*many[:3], "new"], 400).astype(object)}))["x"]
    assert (same.drifted, other.drifted) == (False, True)
    assert OTHERS not in same.note


def test_a_constant_that_moves_has_drifted() -> None:
    assert one(np.ones(50), np.full(50, 2.0)).drifted
    assert one(["a"] * 50, ["b"] * 50).note == "it was always a in the reference"


def test_an_outlier_is_no_drift_and_a_changed_unit_is(rng: np.random.Generator) -> None:
    batch = rng.normal(size=300)
    assert not one(NORMAL, np.r_[batch[:-1], 1e12]).drifted
    assert one(NORMAL, batch * 1000).drifted


@pytest.mark.parametrize("method", ["ks", "psi", "kl_div", "hellinger", "jensenshannon", "linf"])
def test_other_measures_tell_the_same_story(method: str, rng: np.random.Generator) -> None:
    assert one(NORMAL, rng.normal(1, 1, 300), numeric=method, threshold=0.05).drifted
    assert not one(NORMAL, rng.normal(size=300), numeric=method, threshold=0.05).drifted


def test_the_score_of_a_test_is_its_p_value_beside_the_effect(rng: np.random.Generator) -> None:
    found = one(NORMAL, rng.normal(1, 1, 300), numeric="ks")
    assert found.effect is not None
    assert found.effect > 0.3
    assert found.score is not None
    assert found.score < 1e-9


def test_slow_drift_is_found_because_the_reference_stays_put(rng: np.random.Generator) -> None:
    weeks = [rng.normal(0.03 * week, 1, 400) for week in range(40)]
    neighbours = [one(past, now).drifted for past, now in pairwise(weeks)]
    against_training = [one(NORMAL, now).drifted for now in weeks]
    assert not any(neighbours), "no batch jumps from the one before"
    assert all(against_training[20:]), "0.6 deviations from the training rows and more"
    assert not any(against_training[:2])


def test_no_more_than_the_level_of_tables_alarms_whatever_the_columns(rng: np.random.Generator) -> None:
    alarms = 0
    for _ in range(100):
        past, now = rng.multinomial(2000, [0.05] * 20, 60), rng.multinomial(300, [0.05] * 20, 60)
        sides = [
            ColumnSides(f"c{i}", Side(p), Side(n), places=np.arange(20.0))
            for i, (p, n) in enumerate(zip(past, now, strict=True))
        ]
        drifts = measure_drift(sides, spec=DriftSpec(threshold=1e-9), level=0.01)
        alarms += any(drift.drifted for drift in drifts)
    assert alarms <= 5, "1 is expected; more than 5 would happen once in two thousand times"


def column(name: str, effect: float | None, *, drifted: bool = False, segment: str = "") -> ColumnDrift:
    outcome = Outcome.CANNOT_TELL if effect is None else Outcome.WARNING if drifted else Outcome.PASSED
    return ColumnDrift(
        name,
        "psi",
        0.1,
        outcome,
        effect=effect,
        interval=None if effect is None else (0.0, 2 * effect),
        p_value=0.001,
        drifted=drifted,
        note="" if effect else "empty",
        rows=90,
        segment=segment,
    )


def test_findings_name_columns_and_the_share() -> None:
    features = [column("a", 0.5, drifted=True), column("b", 0.01), column("c", None)]
    features.append(column("a", 0.5, drifted=True, segment="zone=north"))
    found = drift_findings(
        features,
        share=0.5,
        limit=0.5,
        predictions=[column("p", 0.3, drifted=True)],
        target=[column("y", 0.3, drifted=True)],
        associations=[column("a × b", 0.3, drifted=True)],
        table=TableDrift(Outcome.WARNING, auc=0.8, interval=(0.7, 0.9), p_value=0.0, threshold=0.6, rows=90),
    )
    assert [(one.code, one.subject, one.severity) for one in found] == [
        ("DR002", "features", Severity.WARNING),
        ("DR001", "a", Severity.INFO),
        ("DR003", "c", Severity.INFO),
        ("DR001", "a [zone=north]", Severity.INFO),
        ("DR004", "p", Severity.WARNING),
        ("DR005", "y", Severity.WARNING),
        ("DR009", "a × b", Severity.INFO),
        ("DR007", "features together", Severity.WARNING),
    ]
    assert {one.code for one in found} == set(DRIFT) - {"DR006", "DR008"}, "these are the flows' own"
    assert found[0].seen == "50% drifted (a)"
    assert found[1].seen == "psi 0.5 (0 to 1); p 0.001"


def test_a_classifier_that_could_not_be_asked_is_a_finding_and_one_that_saw_nothing_is_none() -> None:
    few = TableDrift(Outcome.CANNOT_TELL, note="the smaller side has 3 rows, 50 are needed")
    assert [one.code for one in drift_findings([], share=None, limit=0.5, table=few)] == ["DR003"]
    calm = TableDrift(Outcome.PASSED, auc=0.5, interval=(0.4, 0.6), p_value=0.4)
    assert drift_findings([], share=None, limit=0.5, table=calm) == ()
    assert table_observation(calm, window=week(2)).value == 0.5


def test_the_share_is_of_the_columns_that_could_be_tested_by_weight() -> None:
    drifts = [column("a", 0.5, drifted=True), column("b", 0.1), column("c", None)]
    assert drift_share(drifts) == 0.5
    assert drift_share(drifts, {"a": 0.9, "b": 0.1, "c": 0.0}) == 0.9
    assert drift_share(drifts, {"c": 1.0}) == 0.5, "none of the tested ones is used: all count alike"
    assert drift_share([column("b", None)]) is None
    assert drift_share([*drifts, column("b", 0.5, drifted=True, segment="zone=north")]) == 0.5
    assert drift_findings([column("a", 0.1)], share=0.0, limit=0.0) == ()


def test_observations_carry_what_policies_read() -> None:
    features = [column("a", 0.5, drifted=True), column("b", 0.01), column("c", None)]
    seen = drift_observations(features, quantity=Quantity.COLUMN_DRIFT, window=week(2), weights={"a": 0.7})
    assert [(one.subject, one.value, one.detail["drifted"]) for one in seen] == [
        ("a", 0.5, True),
        ("b", 0.01, False),
        ("c", None, False),
    ]
    assert seen[0].detail["weight"] == 0.7
    share = share_observation(features, share=0.5, window=week(2), weighted=True)
    assert (share.quantity, share.value, share.detail["tested"]) == (Quantity.DRIFT_SHARE, 0.5, 2)
    (said,) = drift_observations(
        features[:1], quantity=Quantity.PREDICTION_DRIFT, window=week(2), version=4, weights={"a": 0.7}
    )
    assert (said.version, said.detail["drifted"], "weight" in said.detail) == (4, True, False)


def test_what_is_not_comparable_keeps_its_segment() -> None:
    (drift,) = measure_drift([Incomparable("a", "why", segment="zone=north")], spec=SPEC, level=0.01)
    assert (drift.subject, drift.note, drift.tested) == ("a [zone=north]", "why", False)
    assert replace(drift, segment="").subject == "a"


def test_measuring_drift_does_not_import_evidently_or_scikit_learn() -> None:
    code = (
        "import sys, ml.monitoring; "
        "sys.exit(any(name.split('.')[0] in {'evidently', 'sklearn', 'scipy'} for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
