"""Pydantic's errors → sentences that name the field, the value given and what is accepted."""

from __future__ import annotations

import difflib
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
        field = ".".join(str(part) for part in self.path) or "(the spec)"
        return f"{field}: {self.given}{self.accepted}"


def problems_of(error: ValidationError) -> tuple[Problem, ...]:
    """Translate all errors, in the order of the file's fields."""
    return tuple(_problem(dict(item)) for item in error.errors(include_url=False))


def _problem(item: dict[str, Any]) -> Problem:
    path, context, kind = _yaml_path(item["loc"]), item.get("ctx", {}), item["type"]
    given = f"given {_shown(item.get('input'))}; "
    match kind:
        case "missing":
            return Problem(path, "", "this field is required and missing")
        case "extra_forbidden":
            return Problem(path, "", f"there is no such field{_suggestion(item['loc'])}")
        case "union_tag_not_found":
            kinds = context.get("expected_tags") or _kinds(item["loc"])
            return Problem((*path, "kind"), "", f"this field is required and missing; accepted is one of {kinds}".rstrip(" of"))
        case "union_tag_invalid":
            return Problem((*path, "kind"), f"given {context['tag']!r}; ", f"accepted is one of {context['expected_tags']}")
        case "literal_error":
            return Problem(path, given, f"accepted is {context['expected']}")
        case "value_error":
            return Problem(path, "", str(context["error"]))
        case _:
            return Problem(path, given, f"accepted is: {_accepted(item['msg'])}")


def _accepted(message: str) -> str:
    return message.removeprefix("Input should be ").replace("a valid ", "a ")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 1]}…"


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

    Pydantic puts the tag of a union (``file``) and the name of a plain union's member into the location; a YAML reader knows neither.
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
    return ", ".join(repr(tag) for tag in (_tag(model) for model in _walk(loc)[0]) if tag)


def _suggestion(loc: tuple[str | int, ...]) -> str:
    models, _ = _walk(loc[:-1])
    names = sorted({name for model in models for name in model.model_fields})
    close = difflib.get_close_matches(str(loc[-1]), names, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; accepted here are {', '.join(names)}" if names else ""
