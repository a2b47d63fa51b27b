"""How much an estimator uses each feature."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from ml.problems import problem_of
from ml.specs.problem import ClassificationSpec, RegressionSpec
from ml.training import importance_of

RNG = np.random.default_rng(0)
FEATURES = pd.DataFrame(RNG.normal(size=(1000, 3)), columns=["used", "less", "not"])


def test_a_linear_model_uses_features_by_their_coefficients() -> None:
    problem = problem_of(RegressionSpec(kind="regression", target="y"))
    model = LinearRegression().fit(FEATURES, 3 * FEATURES["used"] + FEATURES["less"])
    found = importance_of(problem, model, FEATURES, seed=0)
    assert found is not None
    assert found["used"] == pytest.approx(0.75, abs=0.05)
    assert found["not"] == pytest.approx(0.0, abs=1e-5)
    assert sum(found.values()) == pytest.approx(1.0, abs=1e-5)
    assert found == importance_of(problem, model, FEATURES, seed=0)


def test_probabilities_move_where_labels_would_not() -> None:
    problem = problem_of(ClassificationSpec(kind="classification", target="y"))
    model = LogisticRegression().fit(FEATURES, FEATURES["used"] > 2)
    found = importance_of(problem, model, FEATURES, seed=0)
    assert found is not None
    assert max(found, key=lambda name: found[name]) == "used"


def test_a_constant_uses_all_alike_and_too_wide_a_table_is_not_asked() -> None:
    problem = problem_of(RegressionSpec(kind="regression", target="y"))
    model = LinearRegression().fit(FEATURES, np.ones(1000))
    found = importance_of(problem, model, FEATURES, seed=0)
    assert found is not None
    wide = pd.DataFrame(np.zeros((300, 300)))
    assert importance_of(problem, model, wide, seed=0) is None
