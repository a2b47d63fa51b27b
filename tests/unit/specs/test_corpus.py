"""Every YAML in tests/specs/invalid is refused with the messages next to it; every one in valid loads."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml.domain.errors import SpecError
from ml.specs import load_spec

CORPUS = Path(__file__).parents[2] / "specs"
INVALID = sorted((CORPUS / "invalid").glob("*.yaml"))
VALID = sorted((CORPUS / "valid").glob("*.yaml"))


def test_the_corpus_is_there() -> None:
    assert len(INVALID) >= 25
    assert len(VALID) >= 4


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_invalid_spec_is_refused_with_every_message(path: Path) -> None:
    expected = path.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    with pytest.raises(SpecError) as refused:
        load_spec(path)
    message = str(refused.value)
    assert expected
    for line in expected:
        assert line in message
    assert message.count(str(path)) == len(message.splitlines()), "each line names the file"
    errors = [line for line in message.splitlines() if f"{path}: " not in line]
    assert len(errors) <= len(expected), "no error follows from another one"
    assert "function-" not in message
    assert "Input should" not in message


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_valid_spec_loads(path: Path) -> None:
    spec = load_spec(path)
    assert type(spec).model_validate_json(spec.model_dump_json(), strict=False) == spec
    assert load_spec(path).digest == spec.digest
