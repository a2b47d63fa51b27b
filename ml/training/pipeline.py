"""Preprocessing that fits the estimator: imputation, encoding that bears unknown categories, scaling if needed.

Everything is a scikit-learn transformer with plain parameters, so that the whole pipeline is stored and audited as
one model.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ml.domain.errors import DataError
from ml.domain.schema import ColumnRole, TableSchema

MAX_CATEGORIES = 50
"""One-hot columns per feature; rarer categories, and those unseen in training, share the last one."""

_TREES = frozenset(
    f"{family}{kind}"
    for family in ("DecisionTree", "ExtraTrees", "GradientBoosting", "HistGradientBoosting", "RandomForest")
    for kind in ("Classifier", "Regressor")
)
_SCALE_FREE = _TREES | {"GaussianNB"}


def build_pipeline(estimator: Any, schema: TableSchema, features: pd.DataFrame) -> Any:
    """Return an unfitted pipeline for a conformed table: numbers are float64, categories text or None.

    Trees get categories as ordinal numbers and numbers as they are; everything else gets one-hot categories and,
    unless it is indifferent to scale, standardised numbers. Gaps are left to estimators that handle them, else filled
    with the median and marked.

    A feature without a single value in ``features``, the rows to be learned from, is left out: nothing can be learned
    from it, and not every estimator bears it.

    Raises:
        DataError: no feature is left.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    filled = set(features.columns[features.notna().any()])
    numeric = [name for name in schema.names(ColumnRole.NUMERIC) if name in filled]
    categorical = [name for name in schema.names(ColumnRole.CATEGORICAL) if name in filled]
    if not numeric and not categorical:
        raise DataError(
            f"There is no feature to learn from: of {len(schema.features)} none has a value in {len(features)} rows.",
            remedy="name features in features.columns, or look at why they are empty.",
        )
    if numeric == list(features.columns) and _numeric(estimator) == "passthrough":
        return Pipeline([("estimator", estimator)])  # nothing to prepare: half the time of scoring a small batch
    steps: list[tuple[str, Any, list[str]]] = []
    if numeric:
        steps.append(("numeric", _numeric(estimator), numeric))
    if categorical:
        steps.append(("categorical", _categorical(estimator), categorical))
    prepare = ColumnTransformer(steps, sparse_threshold=0.0, verbose_feature_names_out=False)
    return Pipeline([("prepare", prepare), ("estimator", estimator)])


def _numeric(estimator: Any) -> Any:
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.utils import get_tags

    steps: list[tuple[str, Any]] = []
    if not get_tags(estimator).input_tags.allow_nan:
        steps.append(("impute", SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)))
    if type(estimator).__name__ not in _SCALE_FREE:
        steps.append(("scale", StandardScaler()))
    return Pipeline(steps) if steps else "passthrough"


def _categorical(estimator: Any) -> Any:
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder
    from sklearn.utils import get_tags

    if type(estimator).__name__ not in _TREES:
        return OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=MAX_CATEGORIES, sparse_output=False)
    # A tree that handles gaps learns where "no category" belongs; the others get a number below all categories.
    unknown = np.nan if get_tags(estimator).input_tags.allow_nan else -1
    missing = np.nan if get_tags(estimator).input_tags.allow_nan else -2
    return OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=unknown, encoded_missing_value=missing)
