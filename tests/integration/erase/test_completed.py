"""An erasure that a crash or another model held up is completed, and nothing comes back."""

from __future__ import annotations

import pytest

from ml.domain.records import SnapshotRole
from ml.flows import erase as flow
from ml.flows.collect import collect
from ml.flows.erase import erase
from ml.flows.loop import run
from ml.flows.workspace import Workspace
from ml.specs import ModelSpec
from tests.integration.erase.orders import BAD, KEY, SERVED, check_sound, holds
from tests.integration.streams import SPAN
from tests.integration.test_collect import DAY, aged


class Killed(BaseException):
    """The end of a process."""


INSTANTS = ["before the record", "before the first deletion", "after one deletion"]


@pytest.mark.parametrize("instant", INSTANTS)
def test_a_process_that_dies_is_completed(
    orders: tuple[Workspace, ModelSpec], monkeypatch: pytest.MonkeyPatch, instant: str
) -> None:
    check_completed(*orders, KEY, monkeypatch, instant)


def test_a_process_that_dies_is_completed_on_postgres(
    on_postgres: tuple[Workspace, ModelSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    for instant, key in zip(INSTANTS, (KEY, SERVED, BAD), strict=True):
        check_completed(*on_postgres, key, monkeypatch, instant)


def check_completed(
    workspace: Workspace, spec: ModelSpec, key: str, monkeypatch: pytest.MonkeyPatch, instant: str
) -> None:
    with monkeypatch.context() as patched:
        if instant == "before the record":
            patched.setattr(flow, "_record", lambda *given: (_ for _ in ()).throw(Killed))
        else:
            real, calls = type(workspace.store).erase, []

            def dying(self: object, sha256: str, **given: object) -> bool:
                if len(calls) == (instant == "after one deletion"):
                    raise Killed
                calls.append(sha256)
                return bool(real(self, sha256, **given))

            patched.setattr(type(workspace.store), "erase", dying)
        with pytest.raises(Killed):
            erase(workspace, spec.model, [key], reason="request")
    check_sound(workspace, spec.model)
    done = erase(workspace, spec.model, [key], reason="request")
    assert done.is_finished
    assert holds(workspace, key) == []
    check_sound(workspace, spec.model)
    with workspace.registry.read() as reader:
        erasure = reader.erasures(spec.model)[-1]
        assert erasure.finished_at is not None


def test_bytes_that_another_model_needs_wait_for_it(orders: tuple[Workspace, ModelSpec]) -> None:
    workspace, spec = orders
    with workspace:
        twin = spec.model_copy(update={"model": "twin"})
        run(workspace, twin, start=SPAN.start, end=SPAN.start.replace(day=6))
        begun = erase(workspace, spec.model, [KEY], reason="request")
        assert (begun.is_finished, begun.waiting) == (False, ("twin",))
        check_sound(workspace, "twin")
        then = erase(workspace, "twin", [KEY], reason="request")
        assert then.is_finished
        assert holds(workspace, KEY) == []
        last = erase(workspace, spec.model, [KEY], reason="request")
        assert last.is_finished
        with workspace.registry.read() as reader:
            assert all(one.finished_at for model in (spec.model, "twin") for one in reader.erasures(model))
        check_sound(workspace, spec.model)
        check_sound(workspace, "twin")


def test_a_collector_keeps_the_new_and_takes_what_came_back(orders: tuple[Workspace, ModelSpec]) -> None:
    workspace, spec = orders
    with workspace.registry.read() as reader:
        first = reader.snapshots(spec.model, SnapshotRole.ROWS, as_of=SPAN.end)[0].sha256
    old = workspace.store.get(first)
    erase(workspace, spec.model, [KEY], reason="request")
    assert workspace.store.put(old) == first
    aged(workspace, 2)
    gone = {one.name for one in collect(workspace, older_than=DAY, remove=True).unreferenced}
    assert first in gone
    check_sound(workspace, spec.model)
    assert holds(workspace, KEY) == []
