"""Champion against challenger on the same rows. Pure: the seed is an argument."""

from __future__ import annotations

from ml.evaluation.checks import CHECKS
from ml.evaluation.judge import Judgement, judge

__all__ = ["CHECKS", "Judgement", "judge"]
