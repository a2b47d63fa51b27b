"""The JSON Schema of a spec: with it an editor completes a YAML file and marks its errors while it is written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from ml.domain.windows import format_duration
from ml.specs.model import ModelSpec

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Generator(GenerateJsonSchema):
    """Writes the default of a duration as it is written in YAML, not as ISO 8601."""

    def encode_default(self, dft: Any) -> Any:
        return format_duration(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def json_schema() -> dict[str, Any]:
    """Return the schema of a whole spec as plain JSON, draft 2020-12, with titles, descriptions and defaults."""
    schema = ModelSpec.model_json_schema(schema_generator=_Generator)
    for node in _nodes(schema):
        node.pop("discriminator", None)  # OpenAPI's; JSON Schema needs no hint beside each member's constant kind
        if isinstance(node.get("description"), str):
            node["description"] = " ".join(node["description"].split())
    return {"$schema": DIALECT, **schema, "title": "Evergreen model spec"}


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Walk every schema in a schema; names of properties are no schemas, and no default is one."""
    if isinstance(node, list):
        for item in node:
            yield from _nodes(item)
    if isinstance(node, dict):
        yield node
        for name, child in node.items():
            if name in ("properties", "$defs"):
                yield from _nodes(list(child.values()))
            elif name not in ("default", "const", "enum", "examples", "required"):
                yield from _nodes(child)
