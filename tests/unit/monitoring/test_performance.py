from __future__ import annotations

import pandas as pd

from ml.domain.codes_pf import PERFORMANCE
from ml.domain.findings import Outcome, Severity
from ml.monitoring import measure_performance, performance_findings
from ml.problems import PROBLEMS

CLASSES = PROBLEMS["classification"]
NUMBERS = PROBLEMS["regression"]
METRICS = ("accuracy", "roc_auc")


def table(**columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame(columns)


PREDICTIONS = table(prediction=["a", "a", "b", "b"], p_a=[0.9, 0.8, 0.3, 0.2], p_b=[0.1, 0.2, 0.7, 0.8])


def test_every_metric_on_the_same_rows() -> None:
    values = measure_performance(table(y=["a", "a", "b", "b"]), PREDICTIONS, problem=CLASSES, metrics=METRICS)
    assert values == {"accuracy": 1.0, "roc_auc": 1.0}


def test_a_metric_that_is_not_defined_does_not_hide_the_others() -> None:
    truth = table(y=["a", "a", "a", "a"])
    values = measure_performance(truth, PREDICTIONS, problem=CLASSES, metrics=METRICS)
    assert values == {"accuracy": 0.5}
    (found,) = performance_findings(values, problem=CLASSES, metrics=METRICS, baseline={"accuracy": 0.5}, rows=4)
    assert (found.code, found.subject, found.outcome) == ("PF002", "roc_auc", Outcome.CANNOT_TELL)


def test_a_fall_is_a_warning_with_its_numbers() -> None:
    (found,) = performance_findings(
        {"accuracy": 0.85}, problem=CLASSES, metrics=["accuracy"], baseline={"accuracy": 0.9}, rows=40
    )
    assert (found.code, found.severity, found.rows) == ("PF001", Severity.WARNING, 40)
    assert (found.seen, found.expected) == ("0.85", "above 0.85 (0.9 at promotion)")


def test_errors_fall_by_share_and_upwards() -> None:
    def codes(value: float) -> list[str]:
        name = "mean_absolute_error"
        found = performance_findings({name: value}, problem=NUMBERS, metrics=[name], baseline={name: 200.0}, rows=40)
        return [one.code for one in found]

    assert codes(209.0) == []
    assert codes(210.0) == ["PF001"]
    assert codes(20.0) == []


def test_without_a_figure_at_promotion_there_is_nothing_to_compare() -> None:
    asked = {"problem": CLASSES, "metrics": ["accuracy"], "rows": 40}
    (found,) = performance_findings({"accuracy": 0.5}, baseline={"f1_macro": 0.9}, **asked)
    assert found.code == "PF003"
    assert performance_findings({"accuracy": 0.5}, baseline=None, **asked) == ()
    assert set(PERFORMANCE) == {"PF001", "PF002", "PF003", "PF004"}
