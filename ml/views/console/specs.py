"""A model's spec as it is on record, with what the last change of it changed."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import yaml

from ml.views.console import statements

if TYPE_CHECKING:
    from ml.registry import Reader

_CONTEXT_LINES = 3
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""libyaml's, which PyYAML's wheels bring: a spec takes a quarter of the time."""


@dataclass(frozen=True, slots=True)
class SpecPage:
    """The newest spec as YAML with every default written out; ``diff`` against the one before, line by line.

    ``changed_at`` is when the newest one was first seen. ``diff`` is empty where there was only one.
    """

    model: str
    sha256: str
    changed_at: datetime
    yaml: str
    diff: tuple[str, ...]


def spec_page(reader: Reader, model: str) -> SpecPage | None:
    """Return a model's spec, None if the records do not know the model."""
    found = reader.ask(statements.TWO_SPECS, model=model, limit=2)
    if not found:
        return None
    newest = _written(found[0].spec)
    before = _written(found[1].spec) if len(found) > 1 else newest
    lines = difflib.unified_diff(
        before.splitlines(), newest.splitlines(), "before", "now", lineterm="", n=_CONTEXT_LINES
    )
    return SpecPage(model, found[0].sha256, found[0].created_at, newest, tuple(lines))


def _written(spec: Mapping[str, Any]) -> str:
    return yaml.dump(dict(spec), Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=100)
