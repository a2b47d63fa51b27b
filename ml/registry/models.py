"""Records of models, their specs and frozen schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select

from ml.registry.session import MODEL, Reading, Writing
from ml.registry.tables import ModelRow, SpecRow, TableSchemaRow

_NEWEST_SPEC = select(SpecRow.sha256, SpecRow.spec).where(SpecRow.model == MODEL).order_by(SpecRow.id.desc()).limit(1)
_SCHEMA = select(TableSchemaRow.content).where(TableSchemaRow.model == MODEL, TableSchemaRow.key == bindparam("key"))


class ModelReader(Reading):
    """Questions about models."""

    def models(self) -> tuple[str, ...]:
        """Names of all models, in alphabetical order."""
        return tuple(row.name for row in self._all(select(ModelRow.name).order_by(ModelRow.name)))

    def spec_of(self, model: str) -> dict[str, Any] | None:
        """The newest spec that was registered, None for an unknown model."""
        row = self._first(_NEWEST_SPEC, model=model)
        return None if row is None else row.spec

    def schema_of(self, model: str, key: str) -> dict[str, Any] | None:
        """The schema that was frozen for this key, None before there is one."""
        known = self._memories.schemas.get((model, key))
        if known is None:
            row = self._first(_SCHEMA, model=model, key=key)
            if row is None:
                return None
            known = self._memories.schemas[model, key] = row.content
        return known


class ModelWriter(Writing, ModelReader):
    """Records models."""

    def register_model(self, name: str, spec_sha256: str, spec: Mapping[str, Any]) -> None:
        """Record a model with its spec; a spec that is the newest one already adds nothing."""
        newest = self._first(_NEWEST_SPEC, model=name)
        if newest is not None and newest.sha256 == spec_sha256:
            return
        self._insert_or_ignore(ModelRow, {"name": name})
        self._lock(name)
        newest = self._first(_NEWEST_SPEC, model=name)
        if newest is None or newest.sha256 != spec_sha256:
            self._insert(SpecRow, {"model": name, "sha256": spec_sha256, "spec": dict(spec)})

    def freeze_schema(self, model: str, key: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Freeze a schema and return it; the first one of a key stays, whoever comes later gets that."""
        self._lock(model)
        frozen = self.schema_of(model, key)
        if frozen is not None:
            return frozen
        self._insert(TableSchemaRow, {"model": model, "key": key, "content": dict(schema)})
        return dict(schema)
