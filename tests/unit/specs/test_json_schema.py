"""The exported JSON Schema says the same as the specs themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from ml.domain.errors import SpecError
from ml.specs import load_spec
from ml.specs.json_schema import DIALECT, json_schema
from ml.specs.loader import _build

CORPUS = Path(__file__).parents[2] / "specs"
SCHEMA = json_schema()


def _data(path: Path) -> Any:
    data, _ = _build(path.read_text(encoding="utf-8"))
    return yaml.safe_load(yaml.safe_dump(data)) if data is not None else None


def _plain(value: Any) -> Any:
    """JSON has no dates: an editor's schema check sees what is written."""
    if isinstance(value, dict):
        return {name: _plain(child) for name, child in value.items()}
    if isinstance(value, list):
        return [_plain(child) for child in value]
    return value if isinstance(value, str | int | float | bool | None) else value.isoformat()


def test_it_is_a_valid_schema_of_draft_2020_12() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == DIALECT
    assert SCHEMA["title"]
    assert SCHEMA["description"]


@pytest.mark.parametrize("path", sorted((CORPUS / "valid").glob("*.yaml")), ids=lambda path: path.stem)
def test_it_accepts_every_valid_spec(path: Path) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(_plain(_data(path)))


@pytest.mark.parametrize(
    "name", ["unknown_field", "problem_kind_unknown", "duration_words", "share_as_percent", "estimator", "search_shape"]
)
def test_it_refuses_what_the_loader_refuses(name: str) -> None:
    path = CORPUS / "invalid" / f"{name}.yaml"
    with pytest.raises(SpecError):
        load_spec(path)
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(_plain(_data(path)))


def test_every_definition_is_described() -> None:
    for name, definition in SCHEMA["$defs"].items():
        assert definition["description"], name
        for field, schema in definition["properties"].items():
            assert field == "kind" or "description" in schema or "$ref" in schema, f"{name}.{field}"


def test_durations_in_defaults_are_written_as_in_yaml() -> None:
    assert SCHEMA["$defs"]["LabelsSpec"]["properties"]["patience"]["default"] == "4w"
