"""What a batch must look like: findings, kept rows, quarantined rows."""

from ml.validation.check import REASON, Validated, validate

__all__ = ["REASON", "Validated", "validate"]
