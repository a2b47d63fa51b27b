"""Pydantic's errors → sentences that name the field, the value given and what is accepted."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from ml.specs.model import ModelSpec

_MAX_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Problem:
    """One error of a spec at one place."""

    path: tuple[str | int, ...]
    given: str
    accepted: str

    def sentence(self) -> str:
        """Say it in one line."""
        return f"{_field(self.path)}: {self.given}{self.accepted}"


def problems_of(error: ValidationError) -> tuple[Problem, ...]:
    """Translate all errors, without those that only follow from another one."""
    items = [dict(item) for item in error.errors(include_url=False)]
    return tuple(dict.fromkeys(_problem(item) for item in items if not _follows(item, items)))


def _follows(item: dict[str, Any], items: list[dict[str, Any]]) -> bool:
    """A list whose items are wrong is also reported as too short, since pydantic counts the good items only."""
    loc = item["loc"]
    return item["type"] == "too_short" and any(
        other["loc"][: len(loc)] == loc and len(other["loc"]) > len(loc) for other in items
    )


def _problem(item: dict[str, Any]) -> Problem:
    path, loc, kind = _yaml_path(item["loc"]), item["loc"], item["type"]
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        path = (*path, "kind")
    tag = item.get("ctx", {}).get("tag")
    given = f"given {_shown(item.get('input') if tag is None else tag)}; "
    match kind:
        case "missing":
            given, accepted = "", "this field is required and missing"
        case "extra_forbidden":
            accepted = f"there is no such field{_suggestion(loc)}"
        case "union_tag_not_found":
            given, accepted = "", f"this field is required and missing; accepted is {_kinds(loc)}"
        case "union_tag_invalid":
            accepted = f"accepted is {_kinds(loc)}"
        case "value_error":
            given, accepted = "", str(item["ctx"]["error"])
        case "accepted":
            accepted = item["msg"]
        case _:
            accepted = f"accepted is {_accepted(item)}"
    return Problem(path, given, accepted)


_ACCEPTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "dict_type": "a mapping of fields",
    "model_type": "a mapping of fields",
    "model_attributes_type": "a mapping of fields",
    "tuple_type": "a list",
    "list_type": "a list",
}
_BOUNDS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
    "string_too_short": ("text with a length of at least", "min_length"),
    "string_too_long": ("text with a length of at most", "max_length"),
    "too_short": ("a list with a length of at least", "min_length"),
    "too_long": ("a list with a length of at most", "max_length"),
}


def _accepted(item: dict[str, Any]) -> str:
    """Say what would be right in the words of YAML, not of Python."""
    kind, context = item["type"], item.get("ctx", {})
    if kind in _BOUNDS:
        words, name = _BOUNDS[kind]
        return f"{words} {context[name]}"
    if kind == "literal_error":
        return _choices(item.get("input"), context["expected"])
    return _ACCEPTED.get(kind) or item["msg"].removeprefix("Input should be ")


def _choices(given: Any, expected: str) -> str:
    """List what a literal accepts; pydantic says it as ``'a', 'b' or 'c'``."""
    names = expected.replace("'", "").replace(" or ", ", ").split(", ")
    close = difflib.get_close_matches(str(given), names, n=1)
    hint = f' (did you mean "{close[0]}"?)' if close else ""
    listed = ", ".join(f'"{name}"' for name in names)
    return f"one of {listed}{hint}" if len(names) > 1 else f"{listed}{hint}"


def _shown(value: Any) -> str:
    """Write a value as it stands in YAML's flow style, shortened."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 1]}…"


def _field(path: tuple[str | int, ...]) -> str:
    """Write a path as ``training.candidates[0].estimator``."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in path]
    return "".join(parts).lstrip(".") or "(the spec)"


def _models(annotation: Any) -> list[type[BaseModel]]:
    """All spec classes that occur in an annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]


def _tag(model: type[BaseModel]) -> str | None:
    field = model.model_fields.get("kind")
    return get_args(field.annotation)[0] if field is not None else None


def _walk(loc: tuple[str | int, ...]) -> tuple[list[type[BaseModel]], tuple[str | int, ...]]:
    """Follow pydantic's location; return the classes at its end and the path as it stands in the YAML.

    Pydantic puts the tag of a union (``file``) into the location; the reader of a YAML file does not see it there.
    """
    models: list[type[BaseModel]] = [ModelSpec]
    path: list[str | int] = []
    for part in loc:
        tagged = [model for model in models if _tag(model) == part or model.__name__ == part]
        if tagged:
            models = tagged
            continue
        fields = [model.model_fields[part] for model in models if isinstance(part, str) and part in model.model_fields]
        path.append(part)
        models = [found for field in fields for found in _models(field.annotation)] if fields else models
    return models, tuple(path)


def _yaml_path(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    return _walk(loc)[1]


def _kinds(loc: tuple[str | int, ...]) -> str:
    return "one of " + ", ".join(f'"{tag}"' for tag in (_tag(model) for model in _walk(loc)[0]) if tag)


def _suggestion(loc: tuple[str | int, ...]) -> str:
    models, _ = _walk(loc[:-1])
    names = sorted({name for model in models for name in model.model_fields})
    close = difflib.get_close_matches(str(loc[-1]), names, n=1)
    if close:
        return f'; did you mean "{close[0]}"?'
    return f"; accepted here are {', '.join(names)}" if names else ""
