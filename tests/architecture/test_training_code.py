"""Which code the key of a replay's trainings may leave out: only what they cannot reach."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml.flows.provenance import UNRELATED, source_digest

ROOT = Path(__file__).parents[2]
TRAINS = "ml.flows.matrix"


def source_of(module: str) -> Path | None:
    place = ROOT.joinpath(*module.split("."))
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)


def imported_by(path: Path) -> Iterator[str]:
    """All that a module imports, within its functions too; a package on the way is imported as well."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None, f"{path} imports relatively: this test does not follow that"
            assert node.level == 0, f"{path} imports relatively: this test does not follow that"
            yield from (node.module, *(f"{node.module}.{one.name}" for one in node.names))


def reached_from(module: str) -> set[str]:
    found: set[str] = set()
    left = [module]
    while left:
        name = left.pop()
        path = source_of(name)
        if name in found or name.split(".")[0] != "ml" or path is None:
            continue
        found.add(name)
        left += [*imported_by(path), name.rpartition(".")[0]]
    return found


def test_no_training_reaches_what_its_key_leaves_out() -> None:
    rooms = {name.split(".")[1] for name in reached_from(TRAINS) if "." in name}
    assert {"training", "problems", "profiles", "monitoring", "artifacts", "evaluation", "data"} <= rooms
    assert not rooms & UNRELATED


def test_what_is_left_out_exists() -> None:
    assert all((ROOT / "ml" / room).is_dir() for room in UNRELATED)


@pytest.mark.parametrize(
    ("edited", "counts"), [("cli/main.py", False), ("training/fit.py", True), ("new_room/a.py", True), ("a.py", True)]
)
def test_an_edit_counts_unless_its_room_is_left_out(tmp_path: Path, edited: str, counts: bool) -> None:
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / "fit.py").write_text("one = 1")
    before = source_digest(tmp_path, without=UNRELATED)
    (tmp_path / edited).parent.mkdir(exist_ok=True)
    (tmp_path / edited).write_text("two = 2")
    assert (source_digest(tmp_path, without=UNRELATED) != before) is counts
