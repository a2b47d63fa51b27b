"""What all commands share: three options, where things are, how results and errors are written, and progress."""

from __future__ import annotations

import functools
import inspect
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from ml.domain.errors import EvergreenError
from ml.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import TaskID

_INTERRUPTED = 130


@dataclass
class _Debug:
    is_set: bool = False


DEBUG = _Debug(bool(os.environ.get("EVERGREEN_DEBUG")))

_JsonOption = Annotated[bool, typer.Option("--json", help="Write one JSON document to stdout, for machines.")]
_HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home", metavar="DIR", help="Keep database and artifacts here; default EVERGREEN_HOME or .evergreen."
    ),
]
_DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


@dataclass(frozen=True, slots=True)
class Session:
    """One call of one command."""

    json: bool
    settings: Settings

    def answer(self, document: Mapping[str, Any], *rendered: RenderableType) -> None:
        """Write the result: ``document`` for a machine, ``rendered`` for a person."""
        if self.json:
            sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
            return
        console = _console()
        for item in rendered:
            console.print(item)

    @contextmanager
    def progress(self, title: str, total: int | None = None) -> Iterator[Callable[[int, str], None]]:
        """Show a bar on stderr if that is a terminal; yields ``advance(done, text)``."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        counted = (BarColumn(), MofNCompleteColumn()) if total is not None else (SpinnerColumn(),)
        columns = (TextColumn("{task.description}"), *counted, TimeElapsedColumn(), TextColumn("{task.fields[text]}"))
        console = _console(stderr=True)
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task(title, total=total, text="")
            yield lambda done, text: progress.update(task, completed=done, text=text)

    @contextmanager
    def stages(self, titles: Mapping[str, str]) -> Iterator[Callable[[str, int, int], None]]:
        """Show a bar for each stage that begins, with the time left, on stderr if that is a terminal.

        Yields ``advance(stage, done, of)``; ``titles`` names the stages.
        """
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
        from rich.progress import TimeRemainingColumn as Left

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), Left())
        console = _console(stderr=True)
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            tasks: dict[str, TaskID] = {}

            def advance(stage: str, done: int, of: int) -> None:
                if stage not in tasks:
                    tasks[stage] = progress.add_task(titles.get(stage, stage), total=of)
                progress.update(tasks[stage], completed=done, total=of)

            yield advance


def command(app: typer.Typer, name: str, panel: str) -> Callable[[Callable[..., None]], None]:
    """Add a function to the command line under ``name``.

    Its first parameter is the :class:`Session`; the shared options that make one are added here, and an error that we
    raise on purpose becomes a message on stderr (a document with ``--json``) and its exit code.
    """

    def register(function: Callable[..., None]) -> None:
        @functools.wraps(function)
        def call(**arguments: Any) -> None:
            session = _session(arguments.pop("json_"), arguments.pop("home"), arguments.pop("debug"))
            try:
                function(session, **arguments)
            except EvergreenError as error:
                raise typer.Exit(_report(session, error)) from error
            except KeyboardInterrupt:
                raise typer.Exit(_INTERRUPTED) from None

        parameters = _parameters(function)
        call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by typer
        call.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        app.command(name, rich_help_panel=panel or None, help=_help(function.__doc__ or ""))(call)

    return register


def _help(docstring: str) -> str:
    """Set the examples at the end of a docstring (``Examples: one; two``) as a list, a line each."""
    text, _, examples = inspect.cleandoc(docstring).partition("\n\nExample")
    lines = " ".join(examples.removeprefix("s").removeprefix(":").split()).split("; ")
    return "\n".join([text, "", "Examples:", "", *(f"- `{line}`" for line in lines)])


def _parameters(function: Callable[..., None]) -> list[inspect.Parameter]:
    hints = get_type_hints(function, include_extras=True)
    own = [
        parameter.replace(annotation=hints[parameter.name], kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in list(inspect.signature(function).parameters.values())[1:]
    ]
    shared: tuple[tuple[str, Any, Any], ...] = (
        ("json_", _JsonOption, False),
        ("home", _HomeOption, None),
        ("debug", _DebugOption, False),
    )
    return own + [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
        for name, annotation, default in shared
    ]


def settings_at(home: Path | None) -> Settings:
    """Read the environment; a ``home`` that is asked for brings its own database and artifacts."""
    if home is None:
        return Settings.from_environment()
    own = {"EVERGREEN_DATABASE_URL", "EVERGREEN_ARTIFACTS_URL"}
    environment = {name: value for name, value in os.environ.items() if name not in own}
    return Settings.from_environment({**environment, "EVERGREEN_HOME": str(home)})


def _session(as_json: bool, home: Path | None, debug: bool) -> Session:
    DEBUG.is_set = DEBUG.is_set or debug
    return Session(json=as_json, settings=settings_at(home))


def _report(session: Session, error: EvergreenError) -> int:
    if DEBUG.is_set:
        raise error
    if session.json:
        body = {
            "type": type(error).__name__,
            "message": error.message,
            "remedy": error.remedy,
            "exit_code": error.exit_code,
        }
        sys.stdout.write(json.dumps({"error": body}, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stderr.write(f"evergreen: {error}\n")
    return error.exit_code


def _console(*, stderr: bool = False) -> Console:
    """Return a console; where no terminal tells its width, lines are as long as they are."""
    from rich.console import Console

    console = Console(stderr=stderr, highlight=False, soft_wrap=not (sys.stderr if stderr else sys.stdout).isatty())
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = 200
    return console
