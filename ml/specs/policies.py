"""Policies in files of their own: one, or several by name; read and checked as if they stood in a model's spec."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ml.domain.errors import SpecError
from ml.specs.loader import Path_, read_text, read_yaml, report
from ml.specs.messages import Problem, problems_of
from ml.specs.model import ModelSpec
from ml.specs.policy import Costs, PolicySpec

_POLICY = "policy"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.+-]{0,59}", re.ASCII)
_COSTS_REMEDY = (
    f"give each of {', '.join(Costs.model_fields)} at most once as a number, for example error=2,training=500."
)
_REMEDY = (
    "write what stands under `policy:` in a spec, for example `when: {kind: never}`, or a mapping of names to that."
)


def load_policies(path: Path, *, spec: ModelSpec) -> dict[str, PolicySpec]:
    """Read the policies of one YAML file, by name; a single one has the name of the file.

    Raises:
        SpecError: the file cannot be read or has errors; the message lists all of them, a line each.
    """
    return parse_policies(read_text(path), source=str(path), name=path.stem, spec=spec)


def parse_policies(text: str, *, source: str, name: str, spec: ModelSpec) -> dict[str, PolicySpec]:
    """Parse policies; ``source`` names the text in messages, ``name`` is that of a single policy.

    A policy is checked as a part of ``spec``: the columns that it names must be there.

    Raises:
        SpecError: as for :func:`load_policies`.
    """
    data, lines = read_yaml(text, source=source)
    if not isinstance(data, dict) or not data:
        raise SpecError(f"{source} holds no policy.", remedy=_REMEDY)
    found: dict[str, PolicySpec] = {}
    problems: list[Problem] = []
    for label, path, body in _bodies(data, name):
        problems += _named(label, path)
        checked = _checked(body, path, spec)
        if isinstance(checked, PolicySpec):
            found[label] = checked
        else:
            problems += checked
    if problems:
        raise SpecError(report(source, tuple(problems), lines, what="policies"))
    return found


def changed_costs(costs: Costs, changes: Mapping[str, float], *, source: str) -> Costs:
    """Return costs with some of them changed; ``source`` names in messages who asked for that.

    Raises:
        SpecError: a name or a value cannot be used.
    """
    for name, value in changes.items():
        if name not in Costs.model_fields:
            raise SpecError(f"{source} cannot use {f'{name}={value:g}'!r}.", remedy=_COSTS_REMEDY)
    try:
        return Costs.model_validate({**costs.model_dump(), **changes})
    except ValidationError as error:
        first = error.errors()[0]
        name, why = str(first["loc"][0]), first["msg"]
        raise SpecError(
            f"{source} cannot use {f'{name}={changes[name]:g}'!r}: {why[:1].lower()}{why[1:]}.", remedy=_COSTS_REMEDY
        ) from error


def _bodies(data: Mapping[str, Any], name: str) -> Iterator[tuple[str, Path_, Any]]:
    """Yield name, place in the file and content of every policy."""
    if _is_policy(data):
        yield name, *_opened(data, ())
        return
    for label, body in data.items():
        yield label, *_opened(body, (label,))


def _is_policy(data: Mapping[str, Any]) -> bool:
    """One that has a field of a policy is a policy; in a mapping by name, each entry has them instead."""
    return _POLICY in data or any(field in data for field in PolicySpec.model_fields)


def _opened(body: Any, path: Path_) -> tuple[Path_, Any]:
    if isinstance(body, Mapping) and set(body) == {_POLICY}:
        return (*path, _POLICY), body[_POLICY]
    return path, body


def _named(label: str, path: Path_) -> list[Problem]:
    if _NAME.fullmatch(label):
        return []
    accepted = "accepted are at most 60 letters, digits, spaces, and _ . + -"
    return [Problem(path, f"given {label!r} as a policy's name; ", accepted)]


def _checked(body: Any, path: Path_, spec: ModelSpec) -> PolicySpec | list[Problem]:
    document = spec.model_dump(mode="json")
    try:
        return ModelSpec.model_validate({**document, _POLICY: body}).policy
    except ValidationError as error:
        return [_moved(problem, path) for problem in problems_of(error)]


def _moved(problem: Problem, path: Path_) -> Problem:
    """The problem at its place in the file, not in the spec."""
    inner = problem.path[1:] if problem.path[:1] == (_POLICY,) else problem.path
    return Problem((*path, *inner), problem.given, problem.accepted)
