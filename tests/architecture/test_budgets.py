"""Budgets that no linter knows: the size of a module and of a function, and words that name no idea."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("ml", "dags", "plugins", "demo", "config")
MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "versions" not in path.parts)
NAMELESS = {"utils", "util", "helpers", "common", "misc", "manager", "service", "core"}


def _id(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=_id)
def test_a_module_is_at_most_300_lines(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= 300, f"{_id(path)} has {lines} lines: one idea per file, split it"


@pytest.mark.parametrize("path", MODULES, ids=_id)
def test_a_function_is_at_most_50_lines(path: Path) -> None:
    tree = ast.parse(path.read_text())
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > 50
    ]
    assert not long, f"{_id(path)}: {long}"


@pytest.mark.parametrize("path", MODULES, ids=_id)
def test_a_module_is_named_after_an_idea(path: Path) -> None:
    assert path.stem not in NAMELESS
