"""``python -m demo up | down | demo | status | clean``: what the Makefile's commands do."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from demo import airflow as local
from demo.client import UnreachableError
from demo.places import MODEL, Places
from demo.ports import DEFAULT_PORT, is_free, next_free, taken_message

_OK, _FAILED, _PORT_TAKEN, _INTERRUPTED = 0, 1, 2, 130
_HIGHEST_PORT = 65_535


class PortTakenError(Exception):
    """The port is in use; the message offers another."""


def main(arguments: Sequence[str] | None = None, places: Places | None = None) -> int:
    """Run one command and return its exit code; errors are sentences, not tracebacks."""
    asked = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace, Places], int] = asked.run
    try:
        return run(asked, places or Places())
    except PortTakenError as error:
        print(error, file=sys.stderr)
        return _PORT_TAKEN
    except (local.StartError, UnreachableError) as error:
        print(f"\n{error}\nStop it with: make down", file=sys.stderr)
        return _FAILED
    except KeyboardInterrupt:
        print("\nInterrupted. If Airflow is up, it goes on by itself. Watch it again: make demo. Stop it: make down")
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo", description="A local Airflow with a simulated year.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, text, has_port in (
        ("demo", _demo, "let Airflow keep a model fresh over a simulated year, and show it", True),
        ("up", _up, "start Airflow", True),
        ("down", _down, "stop Airflow", False),
        ("status", _status, "say whether Airflow runs, where, and how to log in", False),
        ("clean", _clean, "stop Airflow and remove all records, models and logs", False),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run, command=name)
        if has_port:
            command.add_argument("--port", type=_port, help="port of Airflow's web page; the last one, or 8080")
    return parser


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text) <= _HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give a whole number from 1 to {_HIGHEST_PORT}")
    return int(text)


def _demo(asked: argparse.Namespace, places: Places) -> int:
    started = time.monotonic()
    airflow = _ensure_up(asked, places)
    from demo.show import show  # needs pandas and our own records: not for `make down`

    show(places, airflow)
    minutes, seconds = divmod(round(time.monotonic() - started), 60)
    evergreen = Path(sys.executable).parent / "evergreen"
    print(f"Why:       {evergreen} explain {MODEL}      (or the id of any decision; all of them: history {MODEL})")
    print(where(airflow, places))
    print(f"Took:      {minutes} min {seconds} s")
    return _OK


def _up(asked: argparse.Namespace, places: Places) -> int:
    airflow = _ensure_up(asked, places)
    print(where(airflow, places))
    return _OK


def _down(asked: argparse.Namespace, places: Places) -> int:
    print("Airflow is stopped." if local.down(places) else "Airflow was not running.")
    return _OK


def _status(asked: argparse.Namespace, places: Places) -> int:
    airflow = local.running(places)
    print("Airflow is not running. Start it with: make up" if airflow is None else where(airflow, places))
    return _FAILED if airflow is None else _OK


def _clean(asked: argparse.Namespace, places: Places) -> int:
    local.down(places)
    shutil.rmtree(places.home, ignore_errors=True)
    return _OK


def _ensure_up(asked: argparse.Namespace, places: Places) -> local.Airflow:
    """Return the running Airflow, or start one."""
    _ensure_data(places)
    airflow = local.running(places)
    if airflow is not None and asked.port in (None, airflow.port):
        return airflow
    if airflow is None:
        local.down(places)  # what is left of one that died could hold the port
    port = _choose_port(asked.port or local.last_port(places) or DEFAULT_PORT, asked.command)
    return local.up(places, port, os.environ, say)


def _ensure_data(places: Places) -> None:
    """Simulate the year, once; the folder gets its name when it is complete."""
    if places.data.exists():
        return
    from demo.simulator import write  # numpy and pandas: not for `make down`

    say("simulating a year of deliveries")
    unfinished = places.home / "data.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    write(unfinished)
    unfinished.rename(places.data)


def _choose_port(port: int, command: str) -> int:
    """Return ``port`` if it is free; else ask at a terminal whether to take the next one, and say so elsewhere."""
    if is_free(port):
        return port
    other = next_free(port)
    message = taken_message(port, other, command)
    if other is None or not sys.stdin.isatty():
        raise PortTakenError(message)
    answer = input(f"Port {port} is in use by another program. Use {other} instead? [Y/n] ").strip().lower()
    if answer not in ("", "y", "yes"):
        raise PortTakenError(message)
    return other


def where(airflow: local.Airflow, places: Places) -> str:
    """Say where Airflow is, how to log in and how to stop it."""
    return "\n".join(
        (
            f"Airflow:   {airflow.address}/dags/{MODEL}",
            f"Log in:    user {airflow.user}, password {airflow.password}",
            f"Logs:      {places.logs}",
            "Stop:      make down      Start again: make up      Remove everything: make clean",
        )
    )


def say(text: str) -> None:
    """Tell the person what is being done."""
    print(f"  {text} ...", flush=True)


if __name__ == "__main__":
    sys.exit(main())
