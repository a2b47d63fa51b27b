"""What a model's table looks like: its schema, inferred once, frames made to fit it, and the profile of a batch."""

from ml.profiles.conform import conform
from ml.profiles.profile import Layout, LayoutError, Profile, merge, merge_all
from ml.profiles.schema import infer_schema

__all__ = ["Layout", "LayoutError", "Profile", "conform", "infer_schema", "merge", "merge_all"]
