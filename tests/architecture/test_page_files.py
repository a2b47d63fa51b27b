"""Habits of the console's scripts that no linter of ours looks at."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[2] / "plugins" / "evergreen_console" / "static"
SCRIPTS = sorted(STATIC.glob("*.js"))
UNESCAPED = ("dangerouslySetInnerHTML", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(")
HOSTS = ("React", "ReactDOM", "ReactRouterDOM", "ChakraUI", "EmotionReact")
LIBRARY = "plot.js"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_every_value_is_escaped_and_nothing_is_fetched_from_elsewhere(path: Path) -> None:
    text = path.read_text()
    assert [word for word in UNESCAPED if word in text] == []
    assert re.findall(r"https?://", text) == []


@pytest.mark.parametrize("path", [one for one in SCRIPTS if one.name != "host.js"], ids=lambda path: path.name)
def test_only_one_file_names_the_hosts_globals(path: Path) -> None:
    taken = re.findall(r"globalThis\.(\w+)|=\s*globalThis\b", path.read_text())
    assert [name for name in taken if name in HOSTS] == []
    assert path.name == LIBRARY or "= globalThis" not in path.read_text()


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_what_a_script_imports_is_there(path: Path) -> None:
    found = re.findall(r"""from\s+"(\./[^"]+)"|import\s+"(\./[^"]+)";""", path.read_text())
    for target in (one for pair in found for one in pair if one):
        assert (STATIC / target).is_file(), f"{path.name} imports {target}"


def test_what_comes_from_others_has_its_licence() -> None:
    licences = (STATIC / "vendor" / "LICENSES.md").read_text()
    for path in (STATIC / "vendor").glob("*.js"):
        assert f"## {path.name}" in licences
