"""One YAML file per model, as frozen and strict pydantic specs. Imports pydantic and yaml only."""

from ml.specs.loader import load_spec, parse_spec
from ml.specs.model import ModelSpec

__all__ = ["ModelSpec", "load_spec", "parse_spec"]
