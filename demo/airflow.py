"""A local Airflow without Docker: SQLite, LocalExecutor, four processes, one port on the loopback interface."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from demo import processes
from demo.client import Client, UnreachableError
from demo.environment import USER, Secrets, airflow_environment, load_secrets, write_private
from demo.places import Places
from demo.ports import HOST

_START_SECONDS = 240.0
_POLL_SECONDS = 0.5
_COMPONENTS: Mapping[str, tuple[str, ...]] = {
    # Task logs are read from the disk that all share: the servers of logs, which listen on every interface, stay off.
    "api-server": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
_HEALTH = {
    "metadatabase": "metadata database",
    "scheduler": "scheduler",
    "dag_processor": "DAG processor",
    "triggerer": "triggerer",
}


class StartError(Exception):
    """Airflow did not come up; the message says which part, why, and where its log is."""


@dataclass(frozen=True, slots=True)
class Airflow:
    """A running Airflow: where it is and who may log in."""

    port: int
    user: str
    password: str

    @property
    def address(self) -> str:
        """The web page, and the root of the API."""
        return f"http://{HOST}:{self.port}"

    def client(self) -> Client:
        """Return a client of its REST API, logged in when first used."""
        return Client(self.port, self.user, self.password)


def running(places: Places) -> Airflow | None:
    """Return the Airflow that we started, if all of its processes are alive."""
    children = processes.recorded(places.run)
    if {child.name for child in children} != set(_COMPONENTS) or not all(child.is_alive() for child in children):
        return None
    return Airflow(last_port(places) or 0, USER, load_secrets(places).password)


def last_port(places: Places) -> int | None:
    """Return the port of the last start, None before the first."""
    path = places.run / "port"
    return int(path.read_text(encoding="utf-8")) if path.exists() else None


def up(places: Places, port: int, base: Mapping[str, str], say: Callable[[str], None]) -> Airflow:
    """Start Airflow on ``port`` and return when every part reports healthy.

    Raises:
        StartError: a process died, or did not become healthy in time; whatever had been started is stopped again.
    """
    down(places)
    keys = load_secrets(places)
    environment = airflow_environment(places, port, keys, base)
    _prepare(places, port, keys)
    say("preparing Airflow's database")
    _migrate(places, environment)
    airflow = Airflow(port, USER, keys.password)
    for name, arguments in _COMPONENTS.items():
        extra = {"EVERGREEN_PRELOAD": "1"} if name == "scheduler" else {}
        processes.start(
            name,
            [sys.executable, "-m", "airflow", *arguments],
            environment={**environment, **extra},
            folder=places.root,
            log=places.logs / f"{name}.log",
            run=places.run,
        )
    say(f"starting Airflow on {airflow.address}")
    try:
        _await_health(places, airflow)
    except BaseException:
        down(places)
        raise
    return airflow


def down(places: Places) -> bool:
    """Stop what we started; tell whether anything was running."""
    children = processes.recorded(places.run)
    any_alive = any(child.is_alive() for child in children)
    processes.stop(children, places.run)
    return any_alive


def _prepare(places: Places, port: int, keys: Secrets) -> None:
    for folder in (places.airflow, places.logs, places.run):
        folder.mkdir(parents=True, exist_ok=True)
    (places.run / "port").write_text(str(port), encoding="utf-8")
    write_private(places.passwords, json.dumps({USER: keys.password}))


def _migrate(places: Places, environment: Mapping[str, str]) -> None:
    log = places.logs / "migrate.log"
    with log.open("wb") as output:
        done = subprocess.run(
            [sys.executable, "-m", "airflow", "db", "migrate"],
            env=dict(environment),
            cwd=places.root,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode != 0:
        raise StartError(f"Airflow's database could not be made. The end of {log}:\n{processes.tail(log)}")


def _await_health(places: Places, airflow: Airflow) -> None:
    deadline = time.monotonic() + _START_SECONDS
    waiting = "the API server"
    while time.monotonic() < deadline:
        raise_if_dead(places)
        waiting = _unhealthy_part(airflow)
        if not waiting:
            return
        time.sleep(_POLL_SECONDS)
    raise StartError(
        f"Airflow did not come up within {_START_SECONDS:.0f} s: {waiting} is not healthy. Its log is in {places.logs}."
    )


def raise_if_dead(places: Places) -> None:
    """Raise :class:`StartError` with the end of the log if one of the processes is gone."""
    for child in processes.recorded(places.run):
        if not child.is_alive():
            log = places.logs / f"{child.name}.log"
            raise StartError(f"Airflow's {child.name} ended by itself. The end of {log}:\n{processes.tail(log)}")


def _unhealthy_part(airflow: Airflow) -> str:
    """Name the first part that is not healthy, or return an empty text."""
    try:
        health = airflow.client().health()
    except UnreachableError:
        return "the API server"
    for part, name in _HEALTH.items():
        if health.get(part, {}).get("status") != "healthy":
            return f"the {name}"
    return ""
