"""YAML text → ModelSpec, with every error of the file at once: file, line, field, value given, what is accepted.

YAML is bounded before anything is built (size, depth, no anchors, aliases or tags), and its traps are closed: a
duplicate key is an error, and booleans and numbers are those of YAML 1.2, so that ``NO`` stays text, ``010`` is ten,
``12:30`` no number and ``1e6`` one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import ValidationError

from ml.domain.errors import SpecError
from ml.specs.messages import Problem, problems_of
from ml.specs.model import ModelSpec

MAX_BYTES = 256_000
MAX_DEPTH = 30
_MAX_SHOWN = 60
_TEXT = "tag:yaml.org,2002:str"

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
    return parse_spec(read_text(path), source=str(path))


def read_text(path: Path) -> str:
    """Read a file of at most ``MAX_BYTES`` as UTF-8.

    Raises:
        SpecError: it cannot be read, is larger, or is no UTF-8.
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
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}: byte {error.start} is not UTF-8.", remedy="save the file as UTF-8.") from error


def parse_spec(text: str, *, source: str = "<spec>") -> ModelSpec:
    """Parse and check the text of a spec; ``source`` names it in messages.

    Raises:
        SpecError: as for :func:`load_spec`.
    """
    data, lines = read_yaml(text, source=source)
    if not isinstance(data, dict):
        raise SpecError(
            f"{source}:1: a spec is a mapping of fields such as model, problem, source and time; this is {_name(data)}."
        )
    try:
        return ModelSpec.model_validate(data)
    except ValidationError as error:
        raise SpecError(report(source, problems_of(error), lines)) from error


def read_yaml(text: str, *, source: str) -> tuple[Any, dict[Path_, int]]:
    """Return the plain data of a YAML text and the line (from 1) of every path in it.

    Raises:
        SpecError: it is not YAML, or YAML of a kind that a spec does not need.
    """
    try:
        return _build(text)
    except _NotAcceptedError as error:
        raise SpecError(f"{source}:{error.line}: {error}.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        raise SpecError(f"{source}:{line}: this is not YAML: {_syntax(error)}.") from error


class _NotAcceptedError(Exception):
    """YAML, but of a kind that a spec does not need."""

    def __init__(self, problem: str, mark: Any) -> None:
        super().__init__(problem)
        self.line = mark.line + 1


def _build(text: str) -> tuple[Any, dict[Path_, int]]:
    """Return the plain data and the line (from 1) of every path in it, in one pass over the parser's events.

    Nothing is built from an alias, an anchor or a tag, and nothing deeper than ``MAX_DEPTH``: what could expand or
    recurse without bound is refused before it exists.
    """
    return _Builder(text).build()


class _Builder:
    """Reads events one by one; remembers where each value stood."""

    def __init__(self, text: str) -> None:
        self._loader = _Loader(text)
        self._lines: dict[Path_, int] = {}

    def build(self) -> tuple[Any, dict[Path_, int]]:
        try:
            self._loader.get_event()  # the stream begins
            if self._loader.check_event(yaml.StreamEndEvent):
                return None, self._lines
            self._loader.get_event()  # the document begins
            data = self._value(self._loader.get_event(), ())
            self._loader.get_event()  # the document ends
            after = self._loader.get_event()
            if isinstance(after, yaml.DocumentStartEvent):
                raise _NotAcceptedError("a spec is one YAML document; a second one starts here", after.start_mark)
            return data, self._lines
        finally:
            self._loader.dispose()

    def _value(self, event: Any, path: Path_) -> Any:
        self._lines[path] = event.start_mark.line + 1
        _check_plain(event)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if len(path) >= MAX_DEPTH:
            raise _NotAcceptedError(f"nested deeper than the {MAX_DEPTH} levels that are accepted", event.start_mark)
        return self._list(path) if isinstance(event, yaml.SequenceStartEvent) else self._mapping(path)

    def _scalar(self, event: Any) -> Any:
        tag = self._loader.resolve(yaml.ScalarNode, event.value, event.implicit)
        if tag == _TEXT:
            return event.value
        node = yaml.ScalarNode(tag, event.value, event.start_mark, event.end_mark)
        try:
            return self._loader.construct_object(node)
        except (ValueError, OverflowError) as error:  # 2026-02-30, for example
            shown = event.value if len(event.value) <= _MAX_SHOWN else f"{event.value[:_MAX_SHOWN]}…"
            raise _NotAcceptedError(f"{shown!r} is not a value: {error}", event.start_mark) from error

    def _list(self, path: Path_) -> list[Any]:
        result: list[Any] = []
        while not isinstance(event := self._loader.get_event(), yaml.SequenceEndEvent):
            result.append(self._value(event, (*path, len(result))))
        return result

    def _mapping(self, path: Path_) -> dict[str, Any]:
        result: dict[str, Any] = {}
        while not isinstance(event := self._loader.get_event(), yaml.MappingEndEvent):
            _check_plain(event)
            if not isinstance(event, yaml.ScalarEvent):
                raise _NotAcceptedError("a field's name must be plain text, not a list or mapping", event.start_mark)
            key, mark = event.value, cast(Any, event).start_mark
            if key in result:
                first = self._lines[(*path, key)]
                raise _NotAcceptedError(f"the field {key!r} stands twice, first in line {first}", mark)
            result[key] = self._value(self._loader.get_event(), (*path, key))
            self._lines[*path, key] = mark.line + 1
        return result


def _check_plain(event: Any) -> None:
    """Refuse what refers to another place or asks for another type."""
    if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
        raise _NotAcceptedError("anchors and aliases are not accepted in a spec: write the value out", event.start_mark)
    if event.tag is not None:
        raise _NotAcceptedError(
            f"the tag {event.tag!r} is not accepted in a spec: write a plain value", event.start_mark
        )


def report(source: str, problems: tuple[Problem, ...], lines: Mapping[Path_, int], *, what: str = "spec") -> str:
    """Say all problems of a text, a line each, in the order of its lines."""
    count = f"{len(problems)} errors" if len(problems) > 1 else "1 error"
    placed = sorted(((_line(problem.path, lines), problem) for problem in problems), key=lambda item: item[0])
    rows = [f"{source}:{line}: {problem.sentence()}" for line, problem in placed]
    return "\n".join([f"{source}: {count} in the {what}.", *rows])


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
