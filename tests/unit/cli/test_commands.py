"""Every command on a small shop: what it prints, its JSON, its exit code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from ml.cli.app import EXIT_CODES, app
from ml.cli.page import page
from ml.domain import errors
from tests.unit.cli.conftest import SPEC, Evergreen

PAGE = Path(__file__).parents[3] / "docs" / "cli.md"
FROM, TO = "2026-01-05", "2026-02-09"


def test_the_loop_step_by_step_is_the_loop_at_once(evergreen: Evergreen, tmp_path: Path) -> None:
    by_hand = []
    for _ in range(2):
        assert evergreen("ingest", "shop", *(() if by_hand else ("--from", FROM))).code == 0
        for step in ("validate", "score", "monitor"):
            assert evergreen(step, "shop", "--json").code == 0
        decided = evergreen("decide", "shop", "--json").document["decision"]
        by_hand.append(decided["verdict"])
        if decided["verdict"] == "retrain":
            assert evergreen("train", "shop").code == 0
            assert evergreen("evaluate", "shop", "--json").document["gate"]["passed"] is True
            assert "version 1 is the champion now (before: none)" in evergreen("promote", "shop").out
    played = evergreen("run", "shop", "--from", FROM, "--to", "2026-01-19", "--home", tmp_path / "other", "--json")
    assert [row["decision"]["verdict"] for row in played.document["rows"]] == by_hand == ["retrain", "keep"]


def test_run_ends_with_a_table_and_a_summary_and_can_be_asked_afterwards(evergreen: Evergreen, tmp_path: Path) -> None:
    played = evergreen("run", "shop", "--from", FROM, "--to", TO, "--compare", "never", "--png", tmp_path / "shop.png")
    assert played.code == 0, played.err
    assert "retrain: first_version" in played.out
    assert "against never retraining: " in played.out
    assert (tmp_path / "shop.png").read_bytes().startswith(b"\x89PNG")
    _status_history_and_explain(evergreen)
    _card(evergreen, tmp_path / "shop.html")
    _rollback(evergreen)


def _status_history_and_explain(evergreen: Evergreen) -> None:
    (model,) = evergreen("status", "--json").document["models"]
    assert (model["model"], model["batches"]) == ("shop", 5)
    found = evergreen("history", "shop", "--json").document
    assert {"model", "metric", "rows", "versions", "promotions", "summary"} <= set(found)
    assert len(found["rows"]) == 5
    text = evergreen("history", "shop", "--markdown", "--ids", "--versions", "--findings", "--from", "2026-01-12").out
    assert "| 2026-01-12 |" in text
    assert "| 2026-01-05 |" not in text.split("decision | id")[0]
    newest = evergreen("explain", "shop")
    assert "What would have changed it" in newest.out
    by_id = evergreen("explain", found["rows"][0]["decision"]["id"], "--json").document
    assert by_id["decision"]["result"]["kind"] == "first_version"
    assert by_id["promotion"]["to_version"] == 1


def _card(evergreen: Evergreen, page: Path) -> None:
    said = evergreen("card", "shop", "--version", 1)
    assert said.out.startswith("# shop, version 1")
    assert "can show differences of" in said.out
    assert evergreen("card", "shop", "--html", page).code == 0
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    low, high = evergreen("card", "shop", "--version", 1, "--json").document["gate"]["evidence"]["intervals"][
        "accuracy"
    ]
    assert 0 < low < high < 1.1
    assert evergreen("card", "shop", "--version", 99).code == errors.NotFoundError.exit_code


def _rollback(evergreen: Evergreen) -> None:
    unknown = evergreen("rollback", "shop", "--to", 99, "--reason", "wrong prices")
    assert unknown.code == errors.RegistryError.exit_code
    assert "What to do:" in unknown.err
    assert evergreen("rollback", "shop").code == 2, "a reason is needed"
    back = evergreen("rollback", "shop", "--to", 1, "--reason", "wrong prices", "--json")
    assert back.document["promotion"]["act"] == "rollback"


def test_a_policy_on_trial_has_records_of_its_own(evergreen: Evergreen, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("when: {kind: never}\nmin_labelled: 20\n", encoding="utf-8")
    tried = evergreen("run", "shop", "--from", FROM, "--to", "2026-01-19", "--policy", policy, "--json").document
    assert "/trials/" in tried["home"]
    assert [row["decision"]["verdict"] for row in tried["rows"]] == ["retrain", "keep"]
    assert evergreen("status").code == errors.NotFoundError.exit_code, "the model's own records are untouched"


@pytest.mark.parametrize(
    ("content", "said"),
    [("[1]", "holds no policy"), ("when: {kind: nvr}", 'given "nvr"'), ("a: [", "policy.yaml:2: this is not YAML")],
)
def test_a_policy_file_is_checked(evergreen: Evergreen, tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(content, encoding="utf-8")
    refused = evergreen("run", "shop", "--from", FROM, "--to", TO, "--policy", path)
    assert refused.code == 2
    assert said in refused.err


def test_spec_check_names_every_error_and_fails(evergreen: Evergreen, tmp_path: Path) -> None:
    good = evergreen("spec", "check")
    assert good.code == 0
    assert "shop.yaml: ok (shop)" in good.out
    bad = tmp_path / "bad.yaml"
    bad.write_text(SPEC.replace("7d", "7 days").replace("shop\n", "Shop\n", 1), encoding="utf-8")
    refused = evergreen("spec", "check", bad)
    assert refused.code == 2
    assert f"{bad}:1: model: " in refused.err
    assert f"{bad}:4: time.batch: " in refused.err
    document = evergreen("spec", "check", bad, "--json").document
    assert document["ok"] is False
    assert len(document["files"][0]["errors"]) == 3


def test_spec_schema_is_a_schema_and_reference_a_page(evergreen: Evergreen) -> None:
    jsonschema.Draft202012Validator.check_schema(evergreen("spec", "schema").document)
    assert evergreen("spec", "reference").out.startswith("# The spec of a model")


def test_doctor_has_a_line_a_check(evergreen: Evergreen) -> None:
    found = evergreen("doctor", "--json")
    assert found.code == 0
    states = {check["what"]: check["state"] for check in found.document["checks"]}
    assert states["Python"] == states["database"] == states["artifacts"] == states["specs"] == "ok"
    assert all(check["remedy"] for check in found.document["checks"] if check["state"] != "ok")


def test_doctor_fails_with_a_remedy(evergreen: Evergreen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "broken.yaml").write_text("model: 1\n", encoding="utf-8")
    monkeypatch.setenv("EVERGREEN_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("EVERGREEN_DATABASE_URL", "mysql://me:hunter2@nowhere/db")
    found = evergreen("doctor")
    assert found.code == 1
    assert "broken.yaml" in found.out
    assert "→ evergreen spec check" in found.out
    assert "hunter2" not in found.out


def test_report_without_a_champion_says_why(evergreen: Evergreen) -> None:
    evergreen("ingest", "shop", "--from", FROM)
    evergreen("validate", "shop")
    refused = evergreen("report", "shop")
    assert refused.code == errors.NotFoundError.exit_code
    assert "no champion" in refused.err


def test_a_decision_by_hand_needs_a_reason_and_is_recorded(evergreen: Evergreen) -> None:
    evergreen("ingest", "shop", "--from", FROM)
    for step in ("validate", "monitor"):
        evergreen(step, "shop")
    assert evergreen("decide", "shop", "--keep").code == 2
    dry = evergreen("decide", "shop", "--dry-run", "--json").document
    assert dry["dry_run"] is True
    assert evergreen("explain", "shop").code == errors.NotFoundError.exit_code, "a dry run records nothing"
    kept = evergreen("decide", "shop", "--keep", "--reason", "holidays", "--json").document["decision"]
    assert (kept["verdict"], kept["trigger"], kept["reason"]) == ("keep", "manual", "holidays")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("status",), 6, "There are no records yet"),
        (("history", "nobody"), 6, "There are no records yet"),
        (("ingest", "nobody"), 2, "There is no spec 'nobody'"),
        (("ingest", "nowhere.yaml"), 2, "nowhere.yaml: the spec cannot be read"),
        (("validate", "shop"), 6, "No batch of shop was ingested yet"),
        (("train", "shop"), 6, "Nothing was decided for shop yet"),
        (("ingest", "shop", "--from", "yesterday"), 2, "is not a date"),
        (("ingest", "shop", "--from", TO, "--to", FROM), 2, "must come after"),
        (("run", "shop"), 2, "--from and --to are needed"),
        (("run", "shop", "--from", FROM, "--to", "2026-01-06"), 2, "there is no whole batch"),
        (("ingest", "shop", "--from", "2020-01-01"), 3, "no row"),
        (("nonsense",), 2, "No such command"),
    ],
)
def test_errors_are_sentences_with_an_exit_code(
    evergreen: Evergreen, arguments: tuple[str, ...], code: int, said: str
) -> None:
    refused = evergreen(*arguments)
    assert refused.code == code
    assert said in " ".join(refused.err.replace("│", " ").split())
    assert "Traceback" not in refused.err
    assert refused.out == ""


def test_an_error_is_a_document_for_machines(evergreen: Evergreen) -> None:
    refused = evergreen("status", "--json")
    assert refused.document["error"]["exit_code"] == refused.code == 6
    assert refused.err == ""


def test_a_source_that_does_not_answer_may_be_tried_again(
    evergreen: Evergreen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVERGREEN_DATA_ROOT", str(tmp_path))
    assert evergreen("ingest", "shop", "--from", FROM).code == errors.SourceUnavailableError.exit_code


def test_debug_shows_where_it_came_from(shop: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ml.cli", "status", "--debug", "--home", str(tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "NotFoundError" in done.stderr


def test_help_is_light_and_light_commands_stay_light(evergreen: Evergreen, tmp_path: Path) -> None:
    evergreen("ingest", "shop", "--from", FROM)
    home = tmp_path / "home"
    heavy = ("pandas", "numpy", "sklearn", "pyarrow", "matplotlib", "evidently")
    for arguments, more in ((["--help"], ("pydantic", "sqlalchemy", "yaml")), (["status", "--home", str(home)], ())):
        code = (
            f"import sys\nfrom ml.cli import main\ntry:\n    main({arguments!r})\n"
            f"except SystemExit as left:\n    assert not left.code, left.code\n"
            f"print('HEAVY', [name for name in {(*heavy, *more)!r} if name in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "HEAVY []", arguments


def test_every_command_teaches_with_an_example_and_documents_its_options(evergreen: Evergreen) -> None:
    from typer.main import get_command

    root = get_command(app)
    commands = dict(root.commands)  # type: ignore[attr-defined]
    for group in ("spec", "policy", "audit"):
        commands |= {f"{group} {name}": found for name, found in commands.pop(group).commands.items()}
    assert len(commands) == 31
    for name, found in commands.items():
        assert f"evergreen {name}" in (found.help or ""), f"{name} has no example"
        for parameter in found.params:
            assert getattr(parameter, "help", "") or parameter.name == "help", (
                f"{name} {parameter.name} is not described"
            )
    for error in (errors.SpecError, errors.DataError, errors.SourceUnavailableError, errors.ArtifactError):
        assert f"{error.exit_code} " in EXIT_CODES


def test_the_page_names_every_command_option_and_exit_code() -> None:
    from typer.main import get_command

    written = PAGE.read_text(encoding="utf-8")
    assert written == page(), "run: python -m ml.cli.page > docs/cli.md"
    root = get_command(app)
    commands = dict(root.commands)  # type: ignore[attr-defined]
    for group in ("spec", "policy", "audit"):
        commands |= {f"{group} {name}": found for name, found in commands.pop(group).commands.items()}
    for name, found in commands.items():
        assert f"### evergreen {name}\n" in written
        for option in (option for parameter in found.params for option in parameter.opts if option.startswith("--")):
            assert option == "--help" or option in written, f"{name} {option}"
    kinds: list[type[errors.EvergreenError]] = [errors.EvergreenError, *errors.EvergreenError.__subclasses__()]
    for kind in kinds:
        assert f"\n| {kind.exit_code} | " in written
