"""Candidates against each other, champion against challenger, on the same rows. Pure: the seed is an argument."""

from __future__ import annotations

from ml.evaluation.checks import CHECKS
from ml.evaluation.curves import curves_of
from ml.evaluation.exhibits import Exhibits, Origin, Weight
from ml.evaluation.judge import Judgement, judge
from ml.evaluation.pick import Pick, pick, terms_of
from ml.evaluation.shadow import ShadowLook, stands_in_shadow
from ml.evaluation.watch import Look, worse_than_beaten

__all__ = [
    "CHECKS",
    "Exhibits",
    "Judgement",
    "Look",
    "Origin",
    "Pick",
    "ShadowLook",
    "Weight",
    "curves_of",
    "judge",
    "pick",
    "stands_in_shadow",
    "terms_of",
    "worse_than_beaten",
]
