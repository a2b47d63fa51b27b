"""What the corpus of files cannot hold: huge and missing files, the traps of YAML 1.1, and the corpus' completeness."""

from __future__ import annotations

import ast
import re
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ml.specs
from ml.domain.errors import SpecError
from ml.specs import load_spec, parse_spec
from ml.specs.gate import ApprovalSpec, Approver, CalibrationSpec, SlicesSpec
from ml.specs.loader import MAX_BYTES

CORPUS = Path(__file__).parents[2] / "specs"
MINIMAL = (CORPUS / "valid" / "minimal.yaml").read_text(encoding="utf-8")


def test_the_traps_of_yaml_1_1_are_closed() -> None:
    spec = load_spec(CORPUS / "valid" / "traps.yaml")
    assert spec.description == "NO"
    assert spec.owner == "off"
    assert spec.tags == ("NO", "yes", "1")
    assert spec.validation.columns["country"].categories == ("NO", "SE", "on")
    assert spec.validation.columns["amount"].max == 1e6
    assert spec.training.seed == 10
    assert spec.start == datetime(2026, 1, 1, 6, tzinfo=UTC)


def test_what_may_be_left_out_is_switched_on_and_off() -> None:
    gate = load_spec(CORPUS / "valid" / "switches.yaml").gate
    assert (gate.slices, gate.calibration, gate.watch) == (SlicesSpec(), CalibrationSpec(), None)
    assert gate.approval == ApprovalSpec(assigned_users=(Approver(id="ann", name="ann"), Approver(id="7", name="bob")))


def test_a_missing_file_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"nowhere\.yaml: the spec cannot be read: No such file"):
        load_spec(tmp_path / "nowhere.yaml")


def test_a_huge_file_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    with path.open("wb") as file:
        file.truncate(2 * 1024**3)
    started = time.process_time()
    with pytest.raises(SpecError, match=f"at most {MAX_BYTES} bytes"):
        load_spec(path)
    assert time.process_time() - started < 0.5


def test_a_byte_order_mark_is_no_content(tmp_path: Path) -> None:
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + MINIMAL.encode())
    assert load_spec(path).model == "electricity"


def test_windows_line_ends_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "crlf.yaml"
    path.write_bytes(MINIMAL.replace("\n", "\r\n").encode())
    assert load_spec(path).time.batch == timedelta(days=7)


def test_the_digest_is_of_the_meaning() -> None:
    same = "# a comment\n" + MINIMAL + "training: {seed: 0}\n"
    other = MINIMAL + "training: {seed: 1}\n"
    assert parse_spec(same).digest == parse_spec(MINIMAL).digest != parse_spec(other).digest


def test_a_thousand_specs_cost_less_than_three_seconds() -> None:
    text = (CORPUS / "valid" / "everything.yaml").read_text(encoding="utf-8")
    started = time.process_time()
    for _ in range(200):
        parse_spec(MINIMAL)
    minimal = (time.process_time() - started) * 5
    parse_spec(text)
    assert minimal < 3


@given(st.text(max_size=300))
def test_any_text_is_a_spec_or_a_spec_error(text: str) -> None:
    with suppress(SpecError):
        parse_spec(text)


@given(st.integers(0, len(MINIMAL)), st.text(max_size=5), st.integers(0, 5))
def test_a_mutilated_spec_is_a_spec_or_a_spec_error(at: int, inserted: str, cut: int) -> None:
    with suppress(SpecError):
        parse_spec(MINIMAL[:at] + inserted + MINIMAL[at + cut :])


def test_every_validator_has_a_spec_that_it_rejects() -> None:
    """Each text with which a validator refuses occurs in the corpus of expected messages."""
    expected = "\n".join(path.read_text(encoding="utf-8") for path in (CORPUS / "invalid").glob("*.txt"))
    templates = [template for path in _sources() for template in _refusals(ast.parse(path.read_text(encoding="utf-8")))]
    assert len(templates) >= 20
    for template in templates:
        assert re.search(template, expected), f"no file of tests/specs/invalid expects: {template}"


def _sources() -> list[Path]:
    package = Path(ml.specs.__file__).parent
    windows = package.parent / "domain" / "windows.py"
    return [path for path in package.glob("*.py") if path.name != "messages.py"] + [windows]


def _refusals(tree: ast.AST) -> list[str]:
    """Patterns of the texts in ``raise ValueError(…)`` inside functions that specs call."""
    called = {"parse_duration", "parse_moment"}
    skipped = {"as_utc", "__post_init__", "batches"}
    found = []
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        if function.name in skipped or not (function.name.startswith("_") or function.name in called):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name):
                found += (
                    _texts(node.exc)
                    if node.exc.func.id in {"ValueError", "PydanticCustomError", "_NotAcceptedError"}
                    else []
                )
    return found


def _texts(call: ast.Call) -> list[str]:
    last = call.args[1] if isinstance(call.func, ast.Name) and call.func.id == "PydanticCustomError" else call.args[0]
    if isinstance(last, ast.Constant):
        return [re.escape(str(last.value)[:50])]
    if isinstance(last, ast.JoinedStr):
        fixed = max((str(part.value) for part in last.values if isinstance(part, ast.Constant)), key=len)
        return [re.escape(fixed[:40])]
    return []
