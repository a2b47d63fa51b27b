"""Start, recognise and stop the processes that we started, and no others.

A record in the ``run`` folder holds a process's id **and** the moment it started: an id alone may long belong to
someone else. Every process leads a group of its own, so that its children end with it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_POLL_SECONDS = 0.1
_START_TIME_FIELD = 19  # of /proc/<pid>/stat, counted after the parenthesised name: "starttime" in proc(5)


@dataclass(frozen=True, slots=True)
class Child:
    """One process that we started."""

    name: str
    pid: int
    started: str

    def is_alive(self) -> bool:
        """Tell whether it still runs; a process that took over its id does not count."""
        _reap(self.pid)
        return start_mark(self.pid) == self.started


def start_mark(pid: int) -> str | None:
    """Return a text that differs for every process that ever had this id; None if there is no such process."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] == "Z" else fields[_START_TIME_FIELD]
    shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip() or None


def start(
    name: str, command: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: Path, run: Path
) -> Child:
    """Start ``command`` as the leader of its own group, output to ``log``, and record it in ``run``."""
    log.parent.mkdir(parents=True, exist_ok=True)
    run.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    child = Child(name, process.pid, start_mark(process.pid) or "")
    process.returncode = 0  # we reap it ourselves, or leave it behind: Popen must not warn
    record = {"name": name, "pid": child.pid, "started": child.started}
    (run / f"{name}.json").write_text(json.dumps(record), encoding="utf-8")
    return child


def recorded(run: Path) -> tuple[Child, ...]:
    """All processes that have a record, alive or not."""
    children = []
    for path in sorted(run.glob("*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        children.append(Child(data["name"], data["pid"], data["started"]))
    return tuple(children)


def stop(children: Sequence[Child], run: Path, *, patience_seconds: float = 15.0) -> None:
    """End the processes with their groups: politely, and by force after ``patience_seconds``; forget their records."""
    alive = [child for child in children if child.is_alive()]
    for child in alive:
        _signal_group(child, signal.SIGTERM)
    deadline = time.monotonic() + patience_seconds
    while any(child.is_alive() for child in alive) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    for child in alive:  # a leader that is gone may leave members of its group behind
        _signal_group(child, signal.SIGKILL)
    for child in children:
        (run / f"{child.name}.json").unlink(missing_ok=True)


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "(there is no log)"
    return "\n".join(text.splitlines()[-lines:])


def _signal_group(child: Child, number: signal.Signals) -> None:
    try:
        os.killpg(child.pid, number)
    except (ProcessLookupError, PermissionError):
        return  # nobody is left, or the number of the group went to somebody else's processes


def _reap(pid: int) -> None:
    """Take a dead child of ours off the process table, where it would look alive."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
