"""Records and rows as plain JSON, with the same keys in every release."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from ml.domain.windows import format_duration


def plain(value: Any) -> Any:
    """Turn frozen values into JSON: a dataclass becomes its fields, a moment ISO 8601, an enum its value,
    a part of a spec what it was written as.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if hasattr(value, "model_dump"):  # asked so, because to import pydantic takes longer than --help may
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {str(key): plain(child) for key, child in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(child) for child in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return format_duration(value)
    return str(value) if isinstance(value, Path) else value
