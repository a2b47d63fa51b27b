"""Crash points, all of them: ``python -m tests.torture.crash --flow promote --mode power``.

Everything is imported once; then each point is played in a process forked from here, on a copy of the same folder.
After the crash another process checks what must hold, delivers the same key again, and compares with a run that was not
disturbed. ``--bugs`` plays code with faults put in, each until it is found.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ml.domain.errors import EvergreenError
from tests.torture.bugs import BUGS
from tests.torture.faults import KILLED, Mode, Shim, install
from tests.torture.stage import PLAYS, Play, small_spec, state, violations, workspace_in

_CLEAN_ERROR = 3


def in_child(work: Callable[[], Any]) -> tuple[int, Any]:
    """Run ``work`` in a forked process; return its exit code and what it returned."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        code, answer = 1, None
        try:
            answer = work()
            code = 0
        except EvergreenError as error:
            code, answer = _CLEAN_ERROR, str(error)
        except BaseException:  # noqa: BLE001  # whatever it is, it is reported
            answer = traceback.format_exc()
        with open(write, "wb") as pipe:  # noqa: PTH123  # a handle, not a path
            pipe.write(json.dumps(answer, default=str).encode())
        os._exit(code)
    os.close(write)
    with open(read, "rb") as pipe:  # noqa: PTH123
        data = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code, json.loads(data) if data else None


class Campaign:
    """One flow: its folder before, its state after an undisturbed run, and what was found at each point."""

    def __init__(self, name: str, place: Path, bug: str | None) -> None:
        self.play: Play = PLAYS[name]
        self.name, self.place, self.bug = name, place, bug
        self.found: list[str] = []
        self.runs = 0
        self.template = place / "template"
        self.template.mkdir()
        self._must(lambda: self._with(self.template, self.play.before))
        shutil.copytree(self.template, place / "undisturbed")
        self.points = self._must(lambda: self._counted(place / "undisturbed"))
        self.expected = self._must(lambda: state(place / "undisturbed"))

    def at(self, mode: Mode, number: int) -> None:
        """Play one point."""
        folder = self.place / f"{mode}-{number}"
        shutil.copytree(self.template, folder)
        where = f"{self.name} {mode} at {number} ({self.points[number - 1]})"
        code, said = in_child(lambda: self._disturbed(folder, mode, number))
        self.runs += 1
        if code not in self._accepted(mode):
            self.found.append(f"{where}: ended with {code}: {said}")
        code, said = in_child(lambda: self._afterwards(folder))
        self.found += [f"{where}: {one}" for one in (said if code == 0 else [f"afterwards {code}: {said}"])]
        shutil.rmtree(folder)

    def _afterwards(self, folder: Path) -> list[str]:
        """In a new process: what must hold holds, the same key again completes, and what is done is done once."""
        found = violations(folder, "orders")
        self._with(folder, self.play.act)
        found += [f"again: {one}" for one in violations(folder, "orders")]
        after = json.loads(json.dumps(state(folder), default=str))
        return found if after == self.expected else [*found, _difference(after, self.expected)]

    def _accepted(self, mode: Mode) -> set[int]:
        """How a process may end: killed, with a clean error, or done where the failure did not matter.

        With a fault put in it may have fewer points, and the last ones are never reached.
        """
        if mode in {Mode.FULL, Mode.BROKEN}:
            return {0, _CLEAN_ERROR}
        return {KILLED} if self.bug is None else {KILLED, 0}

    def _with(self, folder: Path, act: Callable[..., Any]) -> None:
        spec = small_spec(self.place)
        with workspace_in(folder) as workspace:
            act(workspace, spec)

    def _counted(self, folder: Path) -> list[str]:
        shim = Shim(Mode.COUNT, 0)
        self._play(folder, shim)
        return shim.points

    def _disturbed(self, folder: Path, mode: Mode, number: int) -> None:
        if self.bug is not None:
            BUGS[self.bug].plant()
        self._play(folder, Shim(mode, number))

    def _play(self, folder: Path, shim: Shim) -> None:
        spec = small_spec(self.place)
        with workspace_in(folder) as workspace:
            install(shim)
            self.play.act(workspace, spec)

    def _must(self, work: Callable[[], Any]) -> Any:
        code, answer = in_child(work)
        if code != 0:
            raise SystemExit(f"{self.name} cannot be played at all: {answer}")
        return answer


def _difference(after: Any, expected: Any) -> str:
    for table, rows in expected.items():
        if after.get(table) != rows:
            return f"{table} has {len(after.get(table, []))} rows, {len(rows)} without a crash"
    return "tables differ"


def played(flow: str, modes: list[Mode], bug: str | None = None) -> dict[str, Any]:
    """Play all points of a flow; with a fault put in, only until it is found."""
    started = time.monotonic()
    shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # no fsync is waited for: losses are played
    with tempfile.TemporaryDirectory(prefix="evergreen-crash-", dir=shared) as place:
        campaign = Campaign(flow, Path(place), bug)
        for mode, number in itertools.product(modes, range(1, len(campaign.points) + 1)):
            if bug is None or not campaign.found:
                campaign.at(mode, number)
    return {
        "points": len(campaign.points),
        "runs": campaign.runs,
        "violations": campaign.found,
        "seconds": round(time.monotonic() - started, 1),
    }


def main() -> None:
    """Play the campaign that the arguments ask for and print what came of it as JSON."""
    every = [mode.value for mode in Mode if mode is not Mode.COUNT]
    parser = argparse.ArgumentParser()
    parser.add_argument("--flow", action="append", choices=sorted(PLAYS))
    parser.add_argument("--mode", action="append", choices=every)
    parser.add_argument("--bugs", action="store_true")
    asked = parser.parse_args()
    if asked.bugs:
        result = {name: played(bug.flow, [Mode(bug.mode)], name) for name, bug in BUGS.items()}
    else:
        modes = [Mode(mode) for mode in asked.mode or every]
        result = {flow: played(flow, modes) for flow in asked.flow or sorted(PLAYS)}
    json.dump(result, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
