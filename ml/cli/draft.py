"""A commented spec, drafted from data for `evergreen init`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml.cli import guesses as guess
from ml.cli.guesses import ColumnGuess, Guess, Sure
from ml.cli.samples import Sample, file_sample, table_sample
from ml.domain.errors import DataError, EvergreenError, SpecError
from ml.specs import parse_spec
from ml.specs.model import MODEL_NAME

if TYPE_CHECKING:
    import pandas as pd

    from ml.settings import Settings

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./*-]*", re.ASCII)
_RESERVED = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
_SCHEDULES = {"1h": "@hourly", "6h": "0 */6 * * *", "12h": "0 */12 * * *", "1d": "@daily", "7d": "@weekly"}
_WIDTH = 100


class FileExistsAlreadyError(EvergreenError):
    """A spec that is there is not overwritten unasked."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Draft:
    """A spec's text, and what in it was guessed."""

    model: str
    text: str
    guesses: tuple[Guess, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """All that was inferred."""

    sample: Sample
    model: str
    columns: tuple[ColumnGuess, ...]
    target: ColumnGuess
    time: ColumnGuess
    kind: str
    key: tuple[str, ...]
    batch: str
    moments: pd.Series


def drafted(
    settings: Settings,
    *,
    data: str | None,
    target: str,
    time: str | None = None,
    name: str | None = None,
    connection: str | None = None,
    table: str | None = None,
) -> Draft:
    """Look at a sample of the data and draft a spec that loads.

    Raises:
        DataError: there is no target or time column, or no rows.
        SpecError: the draft cannot be a spec, for example because of the name that was asked for.
    """
    if data is not None:
        sample = file_sample(settings, data)
    elif connection and table:
        sample = table_sample(settings, connection, table)
    else:
        raise SpecError("A SQL table needs its connection too.", remedy="give --connection and --table.")
    found, guesses = _inferred(sample, target=target, time=time, name=name)
    text = _text(found)
    parse_spec(text, source="the draft")
    return Draft(found.model, text, guesses)


def write_draft(draft: Draft, path: Path, *, force: bool) -> Path:
    """Write the spec; an existing file only with ``force``.

    Raises:
        FileExistsAlreadyError: the file is there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if force else os.O_EXCL)
    try:
        handle = os.open(path, flags, 0o644)
    except FileExistsError:
        raise FileExistsAlreadyError(
            f"{path} is there already.", remedy="choose another --name or --output, or overwrite it with --force."
        ) from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(draft.text)
    return path


def _inferred(sample: Sample, *, target: str, time: str | None, name: str | None) -> tuple[_Found, tuple[Guess, ...]]:
    columns = tuple(guess.column_guess(sample.frame[column], as_text=sample.as_text) for column in sample.frame.columns)
    chosen = _named(columns, target, "target")
    clock, time_said = guess.time_guess([column for column in columns if column.name != target], time)
    if clock is None:
        there = ", ".join(column.name for column in columns)
        what = "There is no column with moments" if time is None else f"There is no column {time!r}"
        raise DataError(f"{what}; there are {there}.", remedy="name the column of moments with --time.")
    rows = len(sample.frame)
    kind, problem_said = guess.problem_guess(chosen, rows)
    key, key_said = guess.key_guess(columns, rows, {target, clock.name})
    moments = guess.moments_in(sample.frame[clock.name])
    batch, batch_said = guess.batch_guess(moments)
    model, name_said = _model_name(name, sample)
    said = (
        Guess(
            "data",
            sample.description,
            Sure.CERTAIN,
            f"{rows:,} rows looked at, {'all' if sample.whole else 'the first'}",
        ),
        name_said,
        problem_said,
        time_said,
        batch_said,
        key_said,
        *_reading_said(columns),
    )
    return _Found(sample, model, columns, chosen, clock, kind, key, batch, moments), said


def _named(columns: tuple[ColumnGuess, ...], name: str, what: str) -> ColumnGuess:
    for column in columns:
        if column.name == name:
            return column
    there = ", ".join(column.name for column in columns)
    raise DataError(f"There is no {what} column {name!r}; there are {there}.", remedy=f"give one of these as --{what}.")


def _model_name(name: str | None, sample: Sample) -> tuple[str, Guess]:
    if name is not None:
        return name, Guess("name", name, Sure.GIVEN, "you said so")
    made = re.sub(r"[^a-z0-9_-]+", "_", sample.name.lower()).strip("_-")
    made = made if MODEL_NAME.fullmatch(made) else f"model_{made}".rstrip("_")[:60]
    return made, Guess("name", made, Sure.LIKELY, "after the data; choose with --name")


def _reading_said(columns: tuple[ColumnGuess, ...]) -> list[Guess]:
    words = sorted({word for column in columns for word in column.null_words})
    zeros = [column.name for column in columns if column.leading_zeros]
    said = []
    if words:
        said.append(Guess("no value", ", ".join(words), Sure.LIKELY, "stands among numbers or moments"))
    if zeros:
        said.append(Guess("text", ", ".join(zeros), Sure.CERTAIN, "leading zeros would be lost in numbers"))
    if any(column.decimal_comma for column in columns):
        said.append(Guess("decimal mark", ",", Sure.CERTAIN, "numbers such as 3,14"))
    return said


def _text(found: _Found) -> str:
    lines = [
        f"# {found.model}: drafted by `evergreen init` from {found.sample.description}.",
        "# Every field and its default: docs/specs.md. Check with `evergreen spec check`.",
        f"model: {found.model}",
        "",
        f"# {found.target.name} has {found.target.distinct} distinct values in the rows looked at.",
        f"problem: {{kind: {found.kind}, target: {_scalar(found.target.name)}}}",
        "",
        *_source(found),
        "",
        f"# {_span(found.moments)}",
        f"time: {{column: {_scalar(found.time.name)}, batch: {found.batch}}}",
        *_key(found),
        "",
        "# If the true values are known only later than their rows, say how much: nobody sees them earlier.",
        "# labels: {delay: 2d}",
        "",
        *_validation(found),
        *_schedule(found),
        "",
        "# When to retrain. This is the default: when that costs less than keeping the model. `training` is the price",
        "# of one retraining, `error` that of one wrong row; left out, one costs errors on 6 % of a batch's rows.",
        "# policy: {when: {kind: cost}, costs: {error: 1, training: 20}}",
    ]
    return "\n".join(lines) + "\n"


def _span(moments: pd.Series) -> str:
    if moments.empty:
        return "No moment of the rows looked at could be read."
    return f"{len(moments):,} rows looked at, from {guess.day(moments.min())} to {guess.day(moments.max())}."


def _source(found: _Found) -> list[str]:
    source: dict[str, Any] = dict(found.sample.source)
    table = source.pop("table", None)
    if table is not None:
        column = found.time.name if _PLAIN.fullmatch(found.time.name) else f'"{found.time.name}"'
        source["query"] = " ".join(["SELECT * FROM", table, "WHERE", column, ">= :start AND", column, "< :end"])
    if any(column.decimal_comma for column in found.columns):
        source["decimal"] = ","
    words = sorted({word for column in found.columns for word in column.null_words})
    if words and found.sample.as_text:
        source["null_values"] = ["", *words]
    zeros = [column.name for column in found.columns if column.leading_zeros]
    if zeros:
        source["text_columns"] = zeros
    return ["source:", *(f"  {name}: {_flow(value)}" for name, value in source.items())]


def _schedule(found: _Found) -> list[str]:
    schedule = _SCHEDULES.get(found.batch)
    if schedule is None:
        return [f"# No cron expression says every {found.batch}: runs are started by hand, or by `evergreen run`."]
    start = [f"# start: {guess.day(found.moments.min())}"] if len(found.moments) else []
    return [
        "# When Airflow fetches a batch; past batches too, from `start` on.",
        f"schedule: {_scalar(schedule)}",
        *start,
    ]


def _key(found: _Found) -> list[str]:
    if not found.key:
        return []
    return ["", "# What names a row. It is no feature.", f"key: {_flow(list(found.key))}"]


def _validation(found: _Found) -> list[str]:
    special = {found.target.name, found.time.name, *found.key}
    rows = [column for column in found.columns if column.name not in special]
    lines = [
        "# Rows that break a rule are set aside; more than 5 % of them stop the batch. Widen what is too narrow.",
        "validation:",
    ]
    lines.append("  columns:" if rows else "  columns: {}")
    for column in rows:
        body, seen = _checks(column)
        lines.append(f"    {_scalar(column.name)}: {_flow(body)}  # {seen}")
    return [*lines, ""]


def _checks(column: ColumnGuess) -> tuple[dict[str, Any], str]:
    body: dict[str, Any] = {"type": column.type}
    seen = [f"{column.nulls:,} without a value"] if column.nulls else []
    if column.low is not None and column.high is not None:
        seen.insert(0, f"seen {column.low:g} to {column.high:g}")
        if column.low >= 0:
            body["min"] = 0
    if column.categories:
        body["categories"] = list(column.categories)
    elif column.type == "text":
        seen.insert(0, f"{column.distinct:,} distinct texts")
    return body, ", ".join(seen) or f"{column.distinct:,} distinct"


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_flow(child)}" for name, child in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(child) for child in value) + "]"
    return _scalar(value) if isinstance(value, str) else json.dumps(value)


def _scalar(text: str) -> str:
    """Write a text as YAML: plain where nobody could mistake it, else in double quotes, as JSON does."""
    plain = _PLAIN.fullmatch(text) is not None and "*" not in text and text.lower() not in _RESERVED
    return text if plain else json.dumps(text, ensure_ascii=False)
