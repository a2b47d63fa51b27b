"""The spec as the console shows it: the same text, whether PyYAML came with libyaml or not."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ml.specs import load_spec
from ml.views.console.specs import _written

VALID = sorted((Path(__file__).parents[2] / "specs" / "valid").glob("*.yaml"))


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_spec_is_written_alike_by_both_of_yamls_writers(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = load_spec(path).model_dump(mode="json")
    written = _written(spec)
    monkeypatch.setattr("ml.views.console.specs._DUMPER", yaml.SafeDumper)
    assert _written(spec) == written
    assert yaml.safe_load(written) == spec
