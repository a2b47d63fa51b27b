"""The frozen schema of a model: inferred once, kept as long as the spec's columns stay what they are."""

from __future__ import annotations

import pandas as pd

from ml.artifacts.rows import Frames
from ml.domain.digests import digest_of
from ml.domain.errors import NotFoundError
from ml.domain.schema import TableSchema
from ml.profiles import infer_schema
from ml.registry import Reader
from ml.specs import ModelSpec


def schema_key(spec: ModelSpec) -> str:
    """Digest of the parts of a spec that say what a column is; when they change, the schema is inferred anew."""
    return digest_of(
        {
            "targets": list(spec.problem.targets),
            "kind": spec.problem.kind,
            "time": spec.time.column,
            "key": list(spec.key),
            "features": spec.features.model_dump(mode="json"),
        }
    )


def inferred_schema(frame: pd.DataFrame | Frames, spec: ModelSpec) -> TableSchema:
    """Infer the schema from a batch."""
    return infer_schema(frame, problem=spec.problem, time=spec.time, key=spec.key, features=spec.features)


def frozen_schema(reader: Reader, spec: ModelSpec) -> TableSchema | None:
    """Return the frozen schema, None before the first good batch."""
    stored = reader.schema_of(spec.model, schema_key(spec))
    return None if stored is None else TableSchema.from_json(stored)


def required_schema(reader: Reader, spec: ModelSpec) -> TableSchema:
    """Return the frozen schema; raise ``NotFoundError`` before the first good batch."""
    schema = frozen_schema(reader, spec)
    if schema is None:
        raise NotFoundError(f"{spec.model} has no validated batch yet.", remedy="ingest and validate a batch first.")
    return schema
