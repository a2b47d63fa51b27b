"""docs/cli.md, written from the commands themselves: ``python -m ml.cli.page > docs/cli.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import typer.main

from ml.cli.app import app

_SHARED = ("--json", "--home", "--debug")
_OPENING = """\
# The command line

`evergreen` is installed with the package; `python -m ml.cli` is the same. This page is written from the commands by
`python -m ml.cli.page`, and a test keeps the two equal.

- **MODEL** is the name of a spec in `EVERGREEN_MODELS_DIR` (default `dags/models`), or the path of a YAML file.
- **Dates** are ISO 8601, in UTC unless they have an offset. A window includes its start and excludes its end.
- **Every flow is idempotent**: the same command on the same data finds its own result.
- Errors are a sentence and what to do. `--debug`, or `EVERGREEN_DEBUG=1`, shows the traceback.
- Progress goes to stderr, and only to a terminal; results go to stdout.
- How to read what `replay` and `policy tune` say: [which policy would have been better?](replay.md)

## Options of every command

| option | meaning |
| --- | --- |
| `--json` | One JSON document on stdout, for machines. The keys are stable: a release adds some, it renames none. |
| `--home DIR` | Keep database and artifacts in DIR; default `EVERGREEN_HOME`, else `.evergreen`. |
| `--debug` | Show the traceback of an error. |

## Exit codes

| code | meaning |
| --- | --- |
| 0 | Done. |
| 1 | Failed: something unexpected, or `doctor` found what must be mended. |
| 2 | The command line or a spec is wrong. |
| 3 | The data cannot be used as it is: trying again without other data is pointless. |
| 4 | A source did not answer: trying again later may help. |
| 5 | An artifact is missing, altered, or not allowed to be loaded. |
| 6 | The records do not allow it: no such decision, a stale promotion, a retraining in flight. |
| 7 | `audit verify` found a record or an event that is not as it was written. |
| 130 | Interrupted. |

With `--json` an error is a document too: `{"error": {"type": …, "message": …, "remedy": …, "exit_code": …}}`.

## Environment

| variable | meaning | default |
| --- | --- | --- |
| `EVERGREEN_HOME` | folder of the default database and artifacts | `.evergreen` |
| `EVERGREEN_DATABASE_URL` | URL of the records, SQLite or PostgreSQL | `sqlite:///$EVERGREEN_HOME/evergreen.db` |
| `EVERGREEN_ARTIFACTS_URL` | folder or fsspec URL of the artifacts | `$EVERGREEN_HOME/artifacts` |
| `EVERGREEN_MODELS_DIR` | folder of the specs | `dags/models` |
| `EVERGREEN_DATA_ROOT` | where a relative path of a source starts | the current folder |
| `EVERGREEN_SIGNING_KEY` | PEM file of an Ed25519 private key: versions and champions are signed | not signed |
| `EVERGREEN_VERIFYING_KEY` | PEM file of its public key: `audit verify` checks the signatures | not checked |
| `AIRFLOW_CONN_<ID>` | a connection that a SQL source names, as in Airflow | |
"""


def page() -> str:
    """Return the whole page as Markdown."""
    return "\n".join([_OPENING, *_sections()])


def _sections() -> Iterator[str]:
    """Yield the panels in their order, each with its commands, groups of commands last."""
    root: Any = typer.main.get_command(app)
    panels: dict[str, list[str]] = {}
    for name, found in root.commands.items():
        own = getattr(found, "rich_help_panel", None)
        panel = panels.setdefault(own if isinstance(own, str) else "", [])
        children = getattr(found, "commands", None)
        named = {name: found} if children is None else {f"{name} {child}": one for child, one in children.items()}
        panel += [_section(label, one) for label, one in named.items()]
    for title, sections in panels.items():
        yield f"## {title}\n"
        yield from sections


def _section(name: str, command: Any) -> str:
    arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    options = [
        parameter
        for parameter in command.params
        if parameter.param_type_name == "option" and parameter.opts[0] not in _SHARED and parameter.name != "help"
    ]
    usage = " ".join(["evergreen", name, *(_placeholder(argument) for argument in arguments), "[OPTIONS]"])
    rows = [f"| `{_placeholder(argument)}` | {argument.help} |" for argument in arguments]
    rows += [
        f"| `{_option(option)}` | {option.help}{' **Required.**' if option.required else ''} |" for option in options
    ]
    table = ["| argument or option | meaning |", "| --- | --- |", *rows, ""] if rows else []
    return "\n".join([f"### evergreen {name}", "", f"```text\n{usage}\n```", "", command.help or "", "", *table])


def _placeholder(argument: Any) -> str:
    name = str(argument.metavar or argument.name.upper())
    return name if argument.required else f"[{name}]"


def _option(option: Any) -> str:
    names = ", ".join([*option.opts, *option.secondary_opts])
    return f"{names} {option.metavar}".replace("|", "\\|") if option.metavar else names


if __name__ == "__main__":
    sys.stdout.write(page())
