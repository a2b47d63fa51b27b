"""The command tree of ``evergreen``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import TracebackType

import typer

from ml.cli import (
    commands_approval,
    commands_audit,
    commands_data,
    commands_models,
    commands_records,
    commands_replay,
    commands_run,
    commands_specs,
)
from ml.cli.session import DEBUG, command

EXIT_CODES = """
Exit codes: 0 done; 1 failed; 2 the command line or a spec is wrong; 3 the data cannot be used as it is;
4 a source did not answer, try again later; 5 an artifact is missing or altered; 6 the records do not allow it;
7 the audit found a breach; 130 interrupted.
"""

_HELP = f"""
Keeps machine-learning models fresh: one YAML file a model, every decision recorded with its reasons.

Begin with your own data:

- `evergreen init "sales/*.csv" --target returned`
- `evergreen spec check`
- `evergreen run sales --from 2025-01-01 --to 2026-01-01`
- `evergreen history sales`

Ask why:

- `evergreen status`
- `evergreen explain DECISION`

Ask what would have been better:

- `evergreen replay sales --what-if training=500`

MODEL is the name of a spec in EVERGREEN_MODELS_DIR (default dags/models), or the path of a YAML file. A date is ISO
8601, in UTC unless it has an offset. Every command takes --json (one JSON document on stdout), --home DIR and --debug.

{EXIT_CODES}
"""

app = typer.Typer(
    name="evergreen",
    help=_HELP,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _build() -> None:
    specs = typer.Typer(no_args_is_help=True, help="Check specs, and print their JSON Schema or reference.")
    for name, function in commands_specs.SPEC_COMMANDS.items():
        command(specs, name, "")(function)
    policies = typer.Typer(no_args_is_help=True, help="Find a better policy.")
    for name, function in commands_replay.POLICY_COMMANDS.items():
        command(policies, name, "")(function)
    audits = typer.Typer(no_args_is_help=True, help="Prove that the records are what was written.")
    for name, function in commands_audit.AUDIT_COMMANDS.items():
        command(audits, name, "")(function)
    groups = {"Begin": ("spec", specs), "Try": ("policy", policies), "Prove": ("audit", audits)}
    for panel, commands in (
        ("Begin", {**commands_specs.COMMANDS, **commands_run.COMMANDS}),
        ("See", commands_records.COMMANDS),
        ("Answer", commands_approval.COMMANDS),
        ("Try", commands_replay.COMMANDS),
        ("Prove", commands_audit.COMMANDS),
        ("A batch, step by step", commands_data.COMMANDS),
        ("A retraining, step by step", commands_models.COMMANDS),
    ):
        for name, function in commands.items():
            command(app, name, panel)(function)
        if panel in groups:
            name, group = groups[panel]
            app.add_typer(group, name=name, rich_help_panel=panel)


_build()


def _brief(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """Say an unexpected error in one line: few people can do anything with a traceback."""
    if DEBUG.is_set:
        sys.__excepthook__(kind, error, traceback)
    else:
        sys.stderr.write(
            f"evergreen: unexpected {kind.__name__}: {error}\nRun it again with --debug for the traceback.\n"
        )


def run(argv: Sequence[str] | None = None) -> None:
    """Run the command line; see :func:`ml.cli.main`."""
    sys.excepthook = _brief
    app(args=None if argv is None else list(argv), prog_name="evergreen")
