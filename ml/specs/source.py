"""Where rows come from, how time runs in them, and when their labels arrive."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from ml.specs.base import Column, Duration, PositiveDuration, Spec


class FileSource(Spec):
    """CSV or Parquet files: a path, a glob, or any fsspec URL (``s3://…``, ``gs://…``, ``memory://…``)."""

    kind: Literal["file"]
    path: str = Field(
        min_length=1,
        description="Path, glob or fsspec URL. A relative path starts at the data root (EVERGREEN_DATA_ROOT, by "
        "default the folder from which Evergreen is started).",
    )
    format: Literal["auto", "csv", "parquet"] = Field(default="auto", description="`auto` goes by the file's ending.")
    delimiter: str = Field(default=",", min_length=1, max_length=1, description="CSV: what separates fields.")
    decimal: Literal[".", ","] = Field(default=".", description="CSV: the decimal mark.")
    null_values: tuple[str, ...] = Field(
        default=("",),
        description="CSV: texts that mean *no value*. Only the empty field by default: `NA` may be a country.",
        strict=False,
    )
    text_columns: tuple[str, ...] = Field(
        default=(), strict=False, description="CSV: columns kept as text although they look like numbers (`00501`)."
    )


class SqlSource(Spec):
    """A query on a database; ``:start`` and ``:end`` are bound to the window."""

    kind: Literal["sql"]
    connection: str = Field(
        min_length=1, description="An Airflow connection id, or a SQLAlchemy URL without a password in it."
    )
    query: str = Field(min_length=1, description="One SELECT with the bound parameters `:start` and `:end`.")
    timeout: PositiveDuration = Field(default=timedelta(minutes=5), description="Longest time a query may take.")

    @field_validator("connection")
    @classmethod
    def _carries_no_password(cls, connection: str) -> str:
        if "://" in connection and urlsplit(connection).password is not None:
            raise ValueError(
                "a password has no place in a file: define an Airflow connection, or AIRFLOW_CONN_<ID>, and give its id"
            )
        return connection

    @field_validator("query")
    @classmethod
    def _binds_the_window(cls, query: str) -> str:
        missing = [name for name in (":start", ":end") if not re.search(rf"(?<!:){name}\b", query)]
        if missing:
            raise ValueError(
                f"the query must bind {' and '.join(missing)}: for example WHERE ts >= :start AND ts < :end"
            )
        return query


SourceSpec = Annotated[FileSource | SqlSource, Field(discriminator="kind")]


class TimeSpec(Spec):
    """How time runs in the rows."""

    column: Column = Field(description="Column with the moment of each row: timestamps, or ISO 8601 text.")
    batch: PositiveDuration = Field(description="Length of one batch, for example `7d`.")
    zone: str = Field(default="UTC", description="Time zone of timestamps that carry none, by its IANA name.")

    @field_validator("zone")
    @classmethod
    def _exists(cls, zone: str) -> str:
        from zoneinfo import ZoneInfo

        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{zone!r} is not an IANA time zone: write for example UTC or Europe/Berlin") from None
        return zone


class LabelsSpec(Spec):
    """When, and from where, the true values of the target arrive."""

    delay: Duration = Field(
        default=timedelta(0),
        description="Time from a row to its label: before that nobody may see it, not even in a backfill.",
    )
    source: SourceSpec | None = Field(
        default=None, description="A source of its own, joined by `key`; by default the target is in the rows' source."
    )
    time: Column | None = Field(
        default=None,
        description="Column of `labels.source` with the moment at which a label became known; nobody sees it earlier. "
        "By default that source carries the rows' own time column instead.",
    )
    patience: Duration = Field(
        default=timedelta(days=28),
        description="How long after `delay` a batch whose labels are incomplete is read again.",
    )
