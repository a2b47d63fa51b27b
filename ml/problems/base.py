"""What a kind of problem must know, and the checks of a spec that are the same for all kinds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd

from ml.domain.errors import DataError, SpecError
from ml.problems.metric import Metric
from ml.specs import ModelSpec
from ml.specs.problem import ProblemSpec
from ml.specs.training import CandidateSpec, SearchChoice

PREDICTION = "prediction"
_ESTIMATOR_OWN = {"random_state": "training.seed", "warm_start": "nothing: every training starts anew"}


class Problem(Protocol):
    """A kind of machine-learning problem. Nothing here assumes one target, or labels at all.

    ``needs_labels`` says whether training and metrics wait for labels. ``truth`` and ``predictions`` are tables with
    one row per row of
    data: how many columns they have, and what those mean, is the kind's own business.
    """

    @property
    def kind(self) -> str:
        """Name in a spec."""

    @property
    def needs_labels(self) -> bool:
        """Whether training and metrics wait for labels."""

    @property
    def numeric_output(self) -> bool:
        """Whether predictions and targets are numbers, whose drift is measured as that of numbers."""

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """Every metric of the kind, by its scikit-learn name."""

    @property
    def default_metrics(self) -> tuple[str, ...]:
        """The metrics that are measured when a spec names none."""

    def default_candidates(self) -> tuple[CandidateSpec, ...]:
        """Return the estimators that are tried when a spec names none."""

    def estimator(self, name: str, parameters: Mapping[str, Any], seed: int) -> Any:
        """Build an unfitted estimator.

        Raises:
            SpecError: the estimator does not fit the problem or has no such parameter.
        """

    def dummy(self, metric: str = "") -> Any:
        """Return an unfitted estimator that ignores the features: about the best constant under ``metric``."""

    def predict(self, estimator: Any, features: pd.DataFrame) -> pd.DataFrame:
        """Return the predictions, row by row, with a fresh index.

        Raises:
            DataError: the estimator refuses the features.
        """

    def truth(self, frame: pd.DataFrame, spec: ProblemSpec) -> pd.DataFrame:
        """Return the target columns of labelled rows, typed as estimators and metrics want them, with a fresh index.

        Raises:
            DataError: a target is missing or is not what the problem needs.
        """

    def target_for_fit(self, truth: pd.DataFrame) -> Any:
        """Return what ``fit`` of an estimator takes beside the features, a row per row of :meth:`truth`."""

    def check_trainable(self, truth: pd.DataFrame) -> None:
        """Refuse a target that no estimator can learn from.

        Raises:
            DataError: for example only one class.
        """

    def check_spec(self, spec: ModelSpec) -> None:
        """Check what can only be known with the estimators and metrics at hand.

        Raises:
            SpecError: lists every problem of the spec at once.
        """


def build(kind: str, classes: Mapping[str, type[Any]], name: str, parameters: Mapping[str, Any], seed: int) -> Any:
    """Instantiate one of ``classes`` with ``parameters``, seeded where it draws random numbers.

    Raises:
        SpecError: the name is no estimator for the problem, or a parameter is unknown or not the spec's to set.
    """
    if name not in classes:
        raise SpecError(
            f"{name} is no estimator for {kind}; accepted are {', '.join(sorted(classes))}.",
            remedy="name one of them in training.candidates, or change problem.kind.",
        )
    estimator = classes[name]()
    known = estimator.get_params(deep=False)
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        raise SpecError(
            f"{name} has no parameter {', '.join(map(repr, unknown))}; it has {', '.join(sorted(known))}.",
            remedy="correct the name under training.candidates; scikit-learn's documentation of the class lists them.",
        )
    own = sorted(set(parameters) & set(_ESTIMATOR_OWN))
    if own:
        raise SpecError(f"{name}: {own[0]} is not the spec's to set.", remedy=f"use {_ESTIMATOR_OWN[own[0]]}.")
    if "random_state" in known:
        estimator.set_params(random_state=seed)
    return estimator.set_params(**parameters)


def raise_problems(problem: Problem, spec: ModelSpec) -> None:
    """Raise one error with every problem of the spec's candidates and metrics, or return."""
    candidates = spec.training.candidates or problem.default_candidates()
    found = [line for place, one in enumerate(candidates) for line in _candidate_problems(problem, place, one)]
    found += list(_metric_problems(problem, "gate.floors", tuple(spec.gate.floors)))
    found += list(_metric_problems(problem, "monitoring.metrics", spec.monitoring.metrics))
    if found:
        raise SpecError(
            f"The spec of {spec.model} cannot be used:\n" + "\n".join(f"  {line}" for line in found),
            remedy="correct the spec, then check it with: evergreen spec check.",
        )


def _candidate_problems(problem: Problem, place: int, candidate: CandidateSpec) -> Iterator[str]:
    where = f"training.candidates[{place}]"
    both = sorted(set(candidate.parameters) & set(candidate.search))
    if both:
        yield f"{where}: {', '.join(both)} stands under both parameters and search."
    settings = [dict(candidate.parameters)]
    for name, search in candidate.search.items():
        tried = search.values if isinstance(search, SearchChoice) else (search.low, search.high)
        settings += [{**candidate.parameters, name: value} for value in tried]
    seen: set[str] = set()
    for parameters in settings:
        line = _setting_problem(problem, candidate.estimator, parameters)
        if line and line not in seen:
            seen.add(line)
            yield f"{where}: {line}"


def _setting_problem(problem: Problem, name: str, parameters: Mapping[str, Any]) -> str:
    try:
        estimator = problem.estimator(name, parameters, 0)
        # scikit-learn's own check of values, which ``fit`` runs first; it has no public name.
        estimator._validate_params()  # noqa: SLF001
    except (SpecError, ValueError) as error:
        return error.message if isinstance(error, SpecError) else str(error)
    return ""


def _metric_problems(problem: Problem, where: str, names: Sequence[str]) -> Iterator[str]:
    for name in names:
        if name not in problem.metrics:
            yield f"{where}: {name!r} is no metric for {problem.kind}; accepted are {', '.join(problem.metrics)}."


def column_of(frame: pd.DataFrame, target: str) -> pd.Series[Any]:
    """Return a target column without gaps.

    Raises:
        DataError: the column is missing, or a row has no label.
    """
    if target not in frame.columns:
        raise DataError(
            f"The target column {target!r} is missing; there are {', '.join(map(str, frame.columns))}.",
            remedy="correct problem.target or the source.",
        )
    column = frame[target]
    gaps = int(pd.isna(column.array).sum())
    if gaps:
        raise DataError(f"{gaps} of {len(column)} rows have no {target!r}.", remedy="use labelled rows only.")
    return column


def refused(estimator: Any, error: ValueError) -> DataError:
    """Return the error to raise when a fitted estimator does not take the features."""
    return DataError(
        f"{type(estimator).__name__} refuses the features: {str(error).splitlines()[0]}",
        remedy="compare the batch's columns and values with those the version was trained on.",
    )


def as_floats(values: pd.Series[Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return numbers as 64-bit floats, missing ones as NaN."""
    return values.to_numpy(dtype=np.float64, na_value=np.nan)
