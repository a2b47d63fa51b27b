from __future__ import annotations

import pytest

from ml.domain.errors import SpecError
from ml.problems import problem_of
from tests.tables import spec_for


def check(spec):
    problem_of(spec.problem).check_spec(spec)


def test_all_problems_are_listed_at_once():
    spec = spec_for(
        training={
            "candidates": [
                {"estimator": "RandomForestRegressor"},
                {"estimator": "LogisticRegression", "parameters": {"depth": 3}},
                {"estimator": "RandomForestClassifier", "search": {"max_depth": {"low": -1, "high": 4}}},
                {
                    "estimator": "GaussianNB",
                    "parameters": {"var_smoothing": 1e-9},
                    "search": {"var_smoothing": {"values": [1e-8]}},
                },
            ]
        },
        gate={"floors": {"r2": 0.5}},
        monitoring={"metrics": ["mean_absolute_error"]},
    )
    with pytest.raises(SpecError) as caught:
        check(spec)
    message = str(caught.value)
    for part in (
        "training.candidates[0]: RandomForestRegressor is no estimator for classification",
        "training.candidates[1]: LogisticRegression has no parameter 'depth'",
        "training.candidates[2]: The 'max_depth' parameter of RandomForestClassifier must be an int in the range",
        "training.candidates[3]: var_smoothing stands under both parameters and search",
        "gate.floors: 'r2' is no metric for classification; accepted are accuracy",
        "monitoring.metrics: 'mean_absolute_error' is no metric",
    ):
        assert part in message
    assert message.count("training.candidates[2]") == 1


@pytest.mark.parametrize(
    ("estimator", "parameters", "part"),
    [
        ("SGDClassifier", {"loss": "hinge"}, "no probabilities"),
        ("RandomForestClassifier", {"random_state": 3}, "use training.seed|random_state is not the spec's"),
        ("HistGradientBoostingClassifier", {"warm_start": True}, "warm_start is not the spec's"),
        ("LogisticRegression", {"solver": "magic"}, "'solver' parameter"),
    ],
)
def test_parameters_that_cannot_work(estimator, parameters, part):
    spec = spec_for(training={"candidates": [{"estimator": estimator, "parameters": parameters}]})
    with pytest.raises(SpecError, match=part):
        check(spec)


def test_lists_are_values():
    candidate = {"estimator": "MLPClassifier", "parameters": {"hidden_layer_sizes": [5, 3]}}
    check(spec_for(training={"candidates": [candidate]}))


def test_sgd_gives_probabilities_by_default():
    check(spec_for(training={"candidates": [{"estimator": "SGDClassifier"}]}))
