"""YAML text → ModelSpec, with every error of the file at once: file, line, field, value given, what is accepted.

YAML is bounded before anything is built (size, depth, no anchors, aliases or tags), and its traps are closed: a
duplicate key is an error, and booleans and numbers are those of YAML 1.2, so that ``NO`` stays text, ``010`` is ten,
``12:30`` no number and ``1e6`` one.
"""

from __future__ import annotations

import re
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
_MAX_SHOWN = 60

_BaseLoader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_BaseLoader):  # type: ignore[misc]  # the base is chosen at run time
    """The C loader where there is one, with the booleans and numbers of YAML 1.2."""


_TAG = "tag:yaml.org,2002:"
_YAML_1_1 = {f"{_TAG}{name}" for name in ("bool", "int", "float", "merge", "value")}
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _YAML_1_1]
    for first, resolvers in _BaseLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(f"{_TAG}bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z", re.ASCII), [*"tTfF"])
_Loader.add_implicit_resolver(f"{_TAG}int", re.compile(r"[-+]?[0-9]+\Z", re.ASCII), [*"-+0123456789"])
_Loader.add_implicit_resolver(
    f"{_TAG}float",
    re.compile(
        r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z",
        re.ASCII,
    ),
    [*"-+.0123456789"],
)
_Loader.add_constructor(f"{_TAG}int", lambda _, node: int(node.value))

Path_ = tuple[str | int, ...]


def load_spec(path: Path) -> ModelSpec:
    """Read one spec file.

    Raises:
        SpecError: the file cannot be read or has errors; the message lists all of them, a line each.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SpecError(
            f"{path}: the spec cannot be read: {error.strerror}.", remedy="check the path and its permissions."
        ) from error
    if len(raw) > MAX_BYTES:
        raise SpecError(f"{path}: a spec has at most {MAX_BYTES} bytes; this file is larger.")
    try:
        text = raw.decode("utf-8-sig")
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
    except _NotAcceptedError as error:
        raise SpecError(f"{source}:{error.line}: {error}.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        raise SpecError(f"{source}:{line}: this is not YAML: {_syntax(error)}.") from error
    if not isinstance(data, dict):
        raise SpecError(
            f"{source}:1: a spec is a mapping of fields such as model, problem, source and time; this is {_name(data)}."
        )
    try:
        return ModelSpec.model_validate(data)
    except ValidationError as error:
        raise SpecError(_report(source, problems_of(error), lines)) from error


class _NotAcceptedError(Exception):
    """YAML, but of a kind that a spec does not need."""

    def __init__(self, problem: str, mark: Any) -> None:
        super().__init__(problem)
        self.line = mark.line + 1


def _guard(text: str) -> None:
    """Refuse what could expand or recurse without bound, before any node exists."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _NotAcceptedError("a spec is one YAML document; a second one starts here", event.start_mark)
        _check_event(event)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise _NotAcceptedError(
                    f"nested deeper than the {MAX_DEPTH} levels that are accepted", event.start_mark
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _check_event(event: Any) -> None:
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        raise _NotAcceptedError("anchors and aliases are not accepted in a spec: write the value out", event.start_mark)
    if getattr(event, "tag", None):
        raise _NotAcceptedError(
            f"the tag {event.tag!r} is not accepted in a spec: write a plain value", event.start_mark
        )


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
        shown = node.value if len(node.value) <= _MAX_SHOWN else f"{node.value[:_MAX_SHOWN]}…"
        raise _NotAcceptedError(f"{shown!r} is not a value: {error}", node.start_mark) from error


def _mapping(loader: Any, node: Any, path: Path_, lines: dict[Path_, int]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = key_node.value
        if not isinstance(key_node, yaml.ScalarNode):
            raise _NotAcceptedError("a field's name must be plain text, not a list or mapping", key_node.start_mark)
        if key in result:
            first = lines[(*path, key)]
            raise _NotAcceptedError(f"the field {key!r} stands twice, first in line {first}", key_node.start_mark)
        result[key] = _plain(loader, value_node, (*path, key), lines)
        lines[*path, key] = key_node.start_mark.line + 1
    return result


def _report(source: str, problems: tuple[Problem, ...], lines: Mapping[Path_, int]) -> str:
    count = f"{len(problems)} errors" if len(problems) > 1 else "1 error"
    placed = sorted(((_line(problem.path, lines), problem) for problem in problems), key=lambda item: item[0])
    rows = [f"{source}:{line}: {problem.sentence()}" for line, problem in placed]
    return "\n".join([f"{source}: {count} in the spec.", *rows])


def _line(path: Path_, lines: Mapping[Path_, int]) -> int:
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _syntax(error: yaml.YAMLError) -> str:
    """Say what is wrong in one line; libyaml's message for a control character has two and no mark."""
    return getattr(error, "problem", None) or " ".join(str(error).split())


def _name(value: Any) -> str:
    if value is None:
        return "empty"
    return "a list" if isinstance(value, list) else f"the single value {str(value)[:_MAX_SHOWN]!r}"
