"""Ports, environment, secrets and processes of the demo's own Airflow, without starting it."""

from __future__ import annotations

import base64
import io
import json
import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import __main__ as command
from demo import airflow as local
from demo import ports, processes
from demo.environment import Secrets, airflow_environment, load_secrets
from demo.places import ROOT, Places


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind((ports.HOST, 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_taken_port_is_seen_and_another_is_offered(taken_port: int) -> None:
    assert not ports.is_free(taken_port)
    other = ports.next_free(taken_port)
    assert other is not None
    assert other > taken_port
    message = ports.taken_message(taken_port, other, "demo")
    assert str(taken_port) in message
    assert f"make demo PORT={other}" in message


def test_ports_end_at_the_highest() -> None:
    assert ports.next_free(65_535) is None
    assert "PORT=" in ports.taken_message(65_535, None, "up")


def test_without_a_terminal_a_taken_port_is_an_error_with_the_way_out(
    places: Places, taken_port: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    places.data.mkdir(parents=True)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    code = command.main(["up", "--port", str(taken_port)], places)
    assert code == 2
    assert f"Port {taken_port} is in use" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["0", "65536", "http", "-1", "８０８０"])
def test_what_is_no_port_is_refused(text: str, places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        command.main(["up", f"--port={text}"], places)
    assert stopped.value.code == 2
    assert "is no port" in capsys.readouterr().err


def test_the_environment_is_loopback_only_and_free_of_foreign_airflow(places: Places) -> None:
    base = {
        "PATH": "/bin",
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW_HOME": "/elsewhere",
        "PYTHONDONTWRITEBYTECODE": "1",
        "NO_PROXY": "example.org",
    }
    found = airflow_environment(places, 18_081, Secrets.generate(), base)
    assert found["PATH"] == "/bin"
    assert found["AIRFLOW_HOME"] == str(places.airflow)
    assert found["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert found["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert found["AIRFLOW__API__PORT"] == "18081"
    assert "18081" in found["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]
    assert "18081" in found["AIRFLOW__API__BASE_URL"]
    assert found["AIRFLOW__CORE__LOAD_EXAMPLES"] == "False"
    assert 2 <= int(found["AIRFLOW__CORE__PARALLELISM"]) <= 4
    assert "PYTHONDONTWRITEBYTECODE" not in found
    assert found["NO_PROXY"].startswith("example.org,127.0.0.1")
    assert str(places.root / "config") in found["PYTHONPATH"].split(os.pathsep)


def test_a_users_own_evergreen_settings_win(places: Places) -> None:
    found = airflow_environment(places, 18_081, Secrets.generate(), {"EVERGREEN_MODELS_DIR": "/mine"})
    assert found["EVERGREEN_MODELS_DIR"] == "/mine"
    assert found["EVERGREEN_HOME"] == str(places.home)


def test_secrets_are_long_made_once_and_private(places: Places) -> None:
    made = load_secrets(places)
    assert load_secrets(places) == made
    assert Secrets.generate() != Secrets.generate()
    assert stat.S_IMODE(places.secrets.stat().st_mode) == 0o600
    assert len(base64.urlsafe_b64decode(made.fernet_key)) == 32
    assert len(made.jwt_secret) >= 64
    assert len(made.api_secret) >= 64


def start_sleeper(places: Places, name: str = "sleeper") -> processes.Child:
    # The parent has a child of its own: both must end.
    program = (
        "import subprocess, sys, time; subprocess.Popen(['sleep', '600']); print('on', flush=True); time.sleep(600)"
    )
    child = processes.start(
        name,
        [sys.executable, "-c", program],
        environment=dict(os.environ),
        folder=places.root,
        log=places.logs / f"{name}.log",
        run=places.run,
    )
    deadline = time.monotonic() + 10
    while "on" not in processes.tail(places.logs / f"{name}.log") and time.monotonic() < deadline:
        time.sleep(0.02)
    return child


def group_is_empty(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_process_is_started_recognised_and_stopped_with_its_children(places: Places) -> None:
    child = start_sleeper(places)
    assert processes.recorded(places.run) == (child,)
    assert child.is_alive()
    processes.stop([child], places.run, patience_seconds=5)
    assert not child.is_alive()
    deadline = time.monotonic() + 5
    while not group_is_empty(child.pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert group_is_empty(child.pid)
    assert processes.recorded(places.run) == ()


def test_a_foreign_process_that_took_over_an_id_is_left_alone(places: Places) -> None:
    foreign = subprocess.Popen(["sleep", "600"], start_new_session=True)
    try:
        places.run.mkdir(parents=True)
        record = {"name": "scheduler", "pid": foreign.pid, "started": "another moment"}
        (places.run / "scheduler.json").write_text(json.dumps(record), encoding="utf-8")
        assert command.main(["down"], places) == 0
        assert foreign.poll() is None
        assert not (places.run / "scheduler.json").exists()
    finally:
        foreign.kill()
        foreign.wait()


def test_without_processes_nothing_runs(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    assert local.running(places) is None
    assert command.main(["down"], places) == 0
    assert command.main(["status"], places) == 1
    assert "make up" in capsys.readouterr().out


def test_clean_removes_all_that_was_made(places: Places) -> None:
    load_secrets(places)
    assert command.main(["clean"], places) == 0
    assert not places.home.exists()


def test_a_part_that_dies_is_named_with_the_end_of_its_log(places: Places) -> None:
    places.logs.mkdir(parents=True)
    child = processes.start(
        "scheduler",
        [sys.executable, "-c", "raise SystemExit('no such table: job')"],
        environment=dict(os.environ),
        folder=places.root,
        log=places.logs / "scheduler.log",
        run=places.run,
    )
    deadline = time.monotonic() + 10
    while child.is_alive() and time.monotonic() < deadline:
        time.sleep(0.02)
    with pytest.raises(local.StartError, match="scheduler ended by itself") as died:
        local.raise_if_dead(places)
    assert "no such table: job" in str(died.value)


def test_the_demos_spec_is_sound_and_spans_the_simulated_year() -> None:
    from demo.places import MODEL
    from demo.simulator import START, WEEK, WEEKS
    from ml.specs import load_spec

    spec = load_spec(Places(ROOT).models / f"{MODEL}.yaml")
    assert (spec.start, spec.end) == (START, START + WEEKS * WEEK)
    assert spec.time.batch == WEEK
