"""Commands around specs: init, spec check, spec schema, spec reference; and doctor."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from ml.cli.documents import plain
from ml.cli.session import Session
from ml.domain.errors import SpecError


def spec_check(
    session: Session,
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE...", help="Specs; by default all of EVERGREEN_MODELS_DIR.")
    ] = None,
) -> None:
    """Check specs; names every error at once, with file, line, field, value and what is accepted.

    Example: evergreen spec check dags/models/*.yaml
    """
    paths = files or sorted(session.settings.models_dir.glob("*.y*ml"))
    if not paths:
        raise SpecError(
            f"There are no specs in {session.settings.models_dir}.", remedy="name files, or use `evergreen init`."
        )
    results = [_checked(path) for path in paths]
    bad = [result for result in results if result["errors"]]
    said = [f"{result['file']}: ok ({result['model']})" for result in results if not result["errors"]]
    session.answer({"command": "spec check", "ok": not bad, "files": results}, *said)
    if not session.json:
        for result in bad:
            sys.stderr.write("\n".join(result["errors"]) + "\n")
    if bad:
        raise typer.Exit(SpecError.exit_code)


def _checked(path: Path) -> dict[str, Any]:
    from ml.problems import problem_of
    from ml.specs import load_spec

    try:
        spec = load_spec(path)
        problem_of(spec.problem).check_spec(spec)
    except SpecError as error:
        return {"file": str(path), "model": None, "errors": str(error).splitlines()}
    return {"file": str(path), "model": spec.model, "errors": []}


def spec_schema(session: Session) -> None:
    """Print the JSON Schema (draft 2020-12), with which editors complete and check a spec.

    Example: evergreen spec schema > spec.schema.json
    """
    from ml.specs.json_schema import json_schema

    sys.stdout.write(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n")


def spec_reference(session: Session) -> None:
    """Print the reference of every field, in Markdown.

    Example: evergreen spec reference > docs/specs.md
    """
    from ml.specs.reference import reference

    page = reference()
    if session.json:
        session.answer({"command": "spec reference", "markdown": page})
    else:
        sys.stdout.write(page)


def init(
    session: Session,
    *,
    data: Annotated[
        str | None, typer.Argument(metavar="DATA", help="CSV or Parquet: a path, a quoted glob, or a URL.")
    ] = None,
    target: Annotated[str, typer.Option(help="Column to predict.")] = "",
    time: Annotated[str | None, typer.Option(help="Column with the moment of each row; guessed if left out.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the model; by default that of the file or table.")] = None,
    connection: Annotated[
        str | None, typer.Option(help="For a SQL table: Airflow connection id or SQLAlchemy URL.")
    ] = None,
    table: Annotated[str | None, typer.Option(help="The SQL table or view.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to write; default EVERGREEN_MODELS_DIR."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Write a commented spec from a file or SQL table, and say what was guessed and how sure that is.

    Examples: evergreen init "sales/*.csv" --target returned;
    evergreen init --connection shop_db --table orders --target returned --time ordered_at
    """
    from ml.cli.draft import drafted, write_draft

    if not target:
        raise typer.BadParameter("--target is needed: the column to predict")
    if (data is None) == (table is None):
        raise typer.BadParameter("give either DATA, or --connection and --table")
    draft = drafted(
        session.settings, data=data, target=target, time=time, name=name, connection=connection, table=table
    )
    path = write_draft(draft, output or session.settings.models_dir / f"{draft.model}.yaml", force=force)
    said = [f"{guess.sure:<10} {guess.what}: {guess.value} ({guess.why})" for guess in draft.guesses]
    session.answer(
        {"command": "init", "file": str(path), "model": draft.model, "guesses": plain(draft.guesses)},
        f"wrote {path}",
        *said,
        f"next: read it, then `evergreen spec check {path}`",
    )


def doctor(session: Session) -> None:
    """Check the installation: Python, packages, database, artifacts, specs, Airflow, disk space.

    Example: evergreen doctor
    """
    from ml.cli.checkup import State, checkup

    checks = checkup(session.settings)
    failed = [check for check in checks if check.state is State.FAILED]
    said = [
        f"{check.state:<8} {check.what}: {check.seen}" + (f"\n         → {check.remedy}" if check.remedy else "")
        for check in checks
    ]
    session.answer({"command": "doctor", "ok": not failed, "checks": plain(checks)}, *said)
    if failed:
        raise typer.Exit(1)


SPEC_COMMANDS: dict[str, Callable[..., None]] = {
    "check": spec_check,
    "schema": spec_schema,
    "reference": spec_reference,
}
COMMANDS: dict[str, Callable[..., None]] = {"init": init, "doctor": doctor}
