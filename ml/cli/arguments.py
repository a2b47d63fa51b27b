"""Arguments and options that several commands take, and how they become values."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ml.domain.errors import NotFoundError, SpecError
from ml.domain.windows import Window, parse_duration, parse_moment

if TYPE_CHECKING:
    from ml.registry import Reader
    from ml.settings import Settings
    from ml.specs import ModelSpec


def date_of(text: str) -> datetime:
    """Read a date of the command line."""
    try:
        return parse_moment(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def age_of(text: str | timedelta) -> timedelta:
    """Read an age of the command line; a default is one already."""
    if isinstance(text, timedelta):
        return text
    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


ModelArgument = Annotated[
    str, typer.Argument(metavar="MODEL", help="Name of a model in EVERGREEN_MODELS_DIR, or path of a spec.")
]
FromOption = Annotated[
    datetime | None,
    typer.Option("--from", metavar="DATE", parser=date_of, help="Start of the window, included."),
]
ToOption = Annotated[
    datetime | None,
    typer.Option("--to", metavar="DATE", parser=date_of, help="End of the window, excluded."),
]
DecisionOption = Annotated[
    str | None, typer.Option("--decision", metavar="ID", help="The decision; by default the model's newest.")
]

_ENDINGS = (".yaml", ".yml")


def spec_at(model: str, settings: Settings) -> ModelSpec:
    """Load the spec that MODEL names.

    Raises:
        SpecError: there is no such file, or it has errors.
    """
    from ml.specs import load_spec

    return load_spec(spec_path(model, settings))


def spec_path(model: str, settings: Settings) -> Path:
    """Return the file that MODEL names: a path if it looks like one, else a name in the folder of specs."""
    path = Path(model)
    if path.suffix in _ENDINGS or path.parent != Path():
        return path
    for ending in _ENDINGS:
        found = settings.models_dir / f"{model}{ending}"
        if found.is_file():
            return found
    names = sorted(file.stem for ending in _ENDINGS for file in settings.models_dir.glob(f"*{ending}"))
    known = f"there {'are' if len(names) != 1 else 'is'} {', '.join(names)}" if names else "there are no specs"
    raise SpecError(
        f"There is no spec {model!r} in {settings.models_dir}; {known}.",
        remedy="give the path of a YAML file, set EVERGREEN_MODELS_DIR, or write a spec with `evergreen init`.",
    )


def model_name(model: str) -> str:
    """Return the name of MODEL in the records, where a path and a name are both accepted."""
    path = Path(model)
    if path.suffix in _ENDINGS:
        from ml.specs import load_spec

        return load_spec(path).model
    return model


def asked_window(start: datetime | None, end: datetime | None) -> tuple[datetime | None, datetime | None]:
    """Refuse a window whose end does not come after its start."""
    if start is not None and end is not None and start >= end:
        raise typer.BadParameter(f"--to {end.isoformat()} must come after --from {start.isoformat()}")
    return start, end


def ingested_window(reader: Reader, spec: ModelSpec, start: datetime | None, end: datetime | None) -> Window:
    """Return the window that was asked for, else that of the newest ingested batch.

    Raises:
        NotFoundError: nothing was asked for and no batch was ingested.
    """
    batch = spec.time.batch
    low, high = asked_window(start, end)
    if low is not None:
        return Window(low, low + batch if high is None else high)
    if high is not None:
        return Window(high - batch, high)
    newest = reader.watermark(spec.model)
    if newest is None:
        raise NotFoundError(
            f"No batch of {spec.model} was ingested yet.", remedy=f"run `evergreen ingest {spec.model}`."
        )
    return Window(newest - batch, newest)


def decision_id(reader: Reader, model: str, asked: str | None) -> str:
    """Return the decision that was asked for, by its id or the unambiguous beginning of it; else the newest.

    Raises:
        NotFoundError: there is none, or several begin so.
    """
    decisions = reader.decisions(model)
    if not decisions:
        raise NotFoundError(f"Nothing was decided for {model} yet.", remedy=f"run `evergreen decide {model}`.")
    if asked is None:
        return decisions[-1].id
    found = [decision.id for decision in decisions if decision.id.startswith(asked)]
    if len(found) != 1:
        seen = "no decision" if not found else f"{len(found)} decisions"
        raise NotFoundError(f"{model} has {seen} {asked!r}.", remedy=f"see `evergreen history {model}` for their ids.")
    return found[0]
