"""All that varies by the kind of machine-learning problem: one file a kind, one Protocol, one explicit list."""

from __future__ import annotations

from collections.abc import Mapping

from ml.problems.base import Problem
from ml.problems.classification import CLASSIFICATION
from ml.problems.metric import Metric
from ml.problems.regression import REGRESSION
from ml.specs.problem import ProblemSpec

PROBLEMS: Mapping[str, Problem] = {problem.kind: problem for problem in (CLASSIFICATION, REGRESSION)}
"""Every kind of problem, by its name in a spec."""


def problem_of(spec: ProblemSpec) -> Problem:
    """Return what knows the kind of problem that a spec names."""
    return PROBLEMS[spec.kind]


__all__ = ["PROBLEMS", "Metric", "Problem", "problem_of"]
