"""What every spec has in common: strict, frozen, no unknown fields; and the scalar types written in YAML."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core.core_schema import no_info_before_validator_function

from ml.domain.windows import format_duration, parse_duration, parse_moment


class Spec(BaseModel):
    """Base of every part of a spec: an unknown field, a wrong type or a later change is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def _duration(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    return parse_duration(value if isinstance(value, str) else str(value))


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise PydanticCustomError("accepted", "accepted is a duration longer than nothing, for example 7d or 12h")
    return value


def _moment(value: Any) -> Any:
    """YAML reads a date by itself, and may give it without an offset: UTC, as for text."""
    if isinstance(value, date):
        return parse_moment(value.isoformat())
    return parse_moment(value if isinstance(value, str) else str(value))


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("accepted", "accepted is a number")
    return value


def _listed(value: Any) -> Any:
    """YAML lists arrive as lists; frozen specs hold tuples."""
    return tuple(value) if isinstance(value, list) else value


class _Switch:
    """Marks a part of a spec that may be left out: written as `true` it has all defaults, as `false` it is left out."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_before_validator_function(self._read, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        written = handler(schema)
        return {**written, "anyOf": [*written["anyOf"], {"type": "boolean"}]}

    @staticmethod
    def _read(value: Any) -> Any:
        if isinstance(value, bool):
            return {} if value else None
        if value is None or isinstance(value, dict | Spec):
            return value
        raise PydanticCustomError("accepted", "accepted is true for all defaults, false, or a mapping of fields")


Switch = _Switch()
"""Marks an optional part that is switched on by ``true``, with all defaults, and off by ``false``."""

Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,9}[smhdw]$", "examples": ["12h", "7d", "2w"]}),
]
"""A whole number and a unit: s, m, h, d or w."""

PositiveDuration = Annotated[Duration, AfterValidator(_positive)]
"""A duration longer than nothing."""

Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    PlainSerializer(lambda moment: moment.isoformat(), return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-03-01"]}),
]
"""An ISO 8601 date or datetime; UTC where it has no offset."""

Listed = BeforeValidator(_listed)
"""Marks a tuple that is written as a list in YAML."""

Number = Annotated[int | float, BeforeValidator(_number)]
"""A number that stays whole if it is written whole."""

Column = Annotated[str, Field(min_length=1, max_length=255)]
"""The name of a column."""

Columns = Annotated[tuple[Column, ...], Listed]
"""Names of columns."""

Share = Annotated[float, Field(ge=0.0, le=1.0)]
"""A part of a whole, 0 to 1."""
