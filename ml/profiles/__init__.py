"""What a model's table looks like: its schema, inferred once, and frames made to fit it."""

from ml.profiles.conform import conform
from ml.profiles.schema import infer_schema

__all__ = ["conform", "infer_schema"]
