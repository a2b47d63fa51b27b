"""Records of models, their specs and frozen schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select, update

from ml.registry.custody.records import LAYOUT
from ml.registry.session import MODEL, Reading, Writing
from ml.registry.tables import ModelRow, SpecRow, TableSchemaRow

_NEWEST_SPEC = select(SpecRow.sha256, SpecRow.spec).where(SpecRow.model == MODEL).order_by(SpecRow.id.desc()).limit(1)
_OF_KEY = (TableSchemaRow.model == MODEL, TableSchemaRow.key == bindparam("key"))
_SCHEMA = select(TableSchemaRow.content).where(*_OF_KEY)
_LAYOUT = select(TableSchemaRow.layout_sha256).where(*_OF_KEY)
_FREEZE_LAYOUT = (
    update(TableSchemaRow)
    .where(TableSchemaRow.model == bindparam("for_model"), TableSchemaRow.key == bindparam("for_key"))
    .values(layout_sha256=bindparam("layout_sha256"))
)


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

    def layout_of(self, model: str, key: str) -> str | None:
        """The digest of the layout of profiles that was frozen with this schema, None before there is one."""
        known = self._memories.layouts.get((model, key))
        if known is None:
            row = self._first(_LAYOUT, model=model, key=key)
            known = None if row is None else row.layout_sha256
            if known is not None:
                self._memories.layouts[model, key] = known
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

    def freeze_layout(self, model: str, key: str, sha256: str) -> str:
        """Freeze the layout of profiles of a frozen schema and return it; the first one stays."""
        self._lock(model)
        frozen = self.layout_of(model, key)
        if frozen is not None:
            return frozen
        values = {"for_model": model, "for_key": key, "layout_sha256": sha256}
        if self._connection.execute(_FREEZE_LAYOUT, values).rowcount == 1:
            self._note(LAYOUT, {"model": model, "key": key, "layout_sha256": sha256})
        return sha256
