"""YAML text → ModelSpec, with every error of the file at once: file, line, field, value given, what is accepted.

YAML is bounded before anything is built (size, depth, no anchors or aliases), and two of its traps are closed: a duplicate key is an
error, and only ``true`` and ``false`` are booleans, so that ``NO`` stays the text it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ml.domain.errors import SpecError
from ml.specs.messages import Problem, problems_of
from ml.specs.model import ModelSpec

MAX_BYTES = 256_000
MAX_DEPTH = 30

_BaseLoader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_BaseLoader):  # type: ignore[misc]
    """The C loader where there is one, with YAML 1.2 booleans."""


_BOOL = "tag:yaml.org,2002:bool"
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOL or first in "tTfF"]
    for first, resolvers in _BaseLoader.yaml_implicit_resolvers.items()
}

Path_ = tuple[str | int, ...]


def load_spec(path: Path) -> ModelSpec:
    """Read one spec file.

    Raises:
        SpecError: the file cannot be read or has errors; the message lists all of them, a line each.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SpecError(f"{path}: the spec cannot be read: {error.strerror}.", remedy="check the path and its permissions.") from error
    if len(raw) > MAX_BYTES:
        raise SpecError(f"{path}: {len(raw)} bytes are too many for a spec; at most {MAX_BYTES} are accepted.")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}: byte {error.start} is not UTF-8.", remedy="save the file as UTF-8.") from error
    return parse_spec(text, source=str(path))


def parse_spec(text: str, *, source: str = "<spec>") -> ModelSpec:
    """Parse and check the text of a spec; ``source`` names it in messages.

    Raises:
        SpecError: as for :func:`load_spec`.
    """
    try:
        _guard(text)
        data, lines = _build(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        raise SpecError(f"{source}:{line}: this is not YAML: {getattr(error, 'problem', None) or error}.") from error
    if not isinstance(data, Mapping):
        raise SpecError(f"{source}:1: a spec is a mapping of fields such as model, problem, source, time; this is {_name(data)}.")
    try:
        return ModelSpec.model_validate(data)
    except ValidationError as error:
        raise SpecError(_report(source, problems_of(error), lines)) from error


def _guard(text: str) -> None:
    """Refuse what could expand or recurse without bound, before any node exists."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.MarkedYAMLError(problem="anchors and aliases are not accepted in a spec", problem_mark=event.start_mark)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise yaml.MarkedYAMLError(
                    problem=f"nested deeper than the {MAX_DEPTH} levels that are accepted", problem_mark=event.start_mark
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _build(text: str) -> tuple[Any, dict[Path_, int]]:
    """Return the plain data and the line (from 1) of every path in it."""
    loader = _Loader(text)
    lines: dict[Path_, int] = {}
    try:
        root = loader.get_single_node()
        if root is None:
            return None, lines
        return _plain(loader, root, (), lines), lines
    finally:
        loader.dispose()


def _plain(loader: Any, node: Any, path: Path_, lines: dict[Path_, int]) -> Any:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return [_plain(loader, child, (*path, index), lines) for index, child in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node, path, lines)
    try:
        return loader.construct_object(node)
    except (ValueError, OverflowError) as error:  # 2026-02-30, for example
        raise yaml.MarkedYAMLError(problem=f"{node.value!r}: {error}", problem_mark=node.start_mark) from error


def _mapping(loader: Any, node: Any, path: Path_, lines: dict[Path_, int]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = key_node.value
        if not isinstance(key_node, yaml.ScalarNode):
            raise yaml.MarkedYAMLError(problem="a field's name must be plain text", problem_mark=key_node.start_mark)
        if key in result:
            raise yaml.MarkedYAMLError(
                problem=f"the field {key!r} stands twice, first in line {lines[(*path, key)]}", problem_mark=key_node.start_mark
            )
        result[key] = _plain(loader, value_node, (*path, key), lines)
        lines[*path, key] = key_node.start_mark.line + 1
    return result


def _report(source: str, problems: tuple[Problem, ...], lines: Mapping[Path_, int]) -> str:
    count = f"{len(problems)} errors" if len(problems) > 1 else "1 error"
    rows = [f"{source}:{_line(problem.path, lines)}: {problem.sentence()}" for problem in problems]
    return "\n".join([f"{source}: {count} in the spec.", *rows])


def _line(path: Path_, lines: Mapping[Path_, int]) -> int:
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _name(value: Any) -> str:
    return "empty" if value is None else f"a {type(value).__name__}"
