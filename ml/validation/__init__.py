"""What a batch must look like: findings, kept rows, quarantined rows."""

from ml.validation.check import REASON, Judgement, Validated, judge, validate

__all__ = ["REASON", "Judgement", "Validated", "judge", "validate"]
