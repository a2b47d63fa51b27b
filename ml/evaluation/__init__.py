"""Candidates against each other, champion against challenger, on the same rows. Pure: the seed is an argument."""

from __future__ import annotations

from ml.evaluation.checks import CHECKS
from ml.evaluation.curves import curves_of
from ml.evaluation.exhibits import Exhibits, Origin, Weight
from ml.evaluation.judge import Judgement, judge
from ml.evaluation.pick import Pick, pick, terms_of

__all__ = ["CHECKS", "Exhibits", "Judgement", "Origin", "Pick", "Weight", "curves_of", "judge", "pick", "terms_of"]
