"""What a model's table looks like: its schema, frames made to fit it, and the profile of a batch."""

from ml.profiles.conform import conform
from ml.profiles.freeze import freeze
from ml.profiles.profile import Layout, LayoutError, Profile, merge, merge_all
from ml.profiles.scan import profile_frame, profile_parquet, profile_table
from ml.profiles.schema import infer_schema

__all__ = [
    "Layout",
    "LayoutError",
    "Profile",
    "conform",
    "freeze",
    "infer_schema",
    "merge",
    "merge_all",
    "profile_frame",
    "profile_parquet",
    "profile_table",
]
