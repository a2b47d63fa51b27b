"""A machine of rules over the registry: whatever is done in whatever order, by two at once, by those who die."""

from __future__ import annotations

import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from ml.domain.errors import RegistryError, StalePromotionError
from ml.domain.records import Act, Promotion, Stage
from ml.registry import Registry, Writer
from tests.integration.registry_builders import MODEL, promote, registered, version


class Killed(BaseException):
    """The end of a process, before it could commit."""


class RegistryMachine(RuleBasedStateMachine):
    """Knows what should be on record, and compares after every step."""

    versions = Bundle("versions")

    def __init__(self) -> None:
        super().__init__()
        shared = "/dev/shm" if Path("/dev/shm").is_dir() else None
        self.folder = Path(tempfile.mkdtemp(prefix="evergreen-machine-", dir=shared))
        self.url = f"sqlite:///{self.folder / 'evergreen.db'}"
        self.registry = registered(Registry.open(self.url))
        self.stages: dict[int, Stage] = {}
        self.served: list[int] = []
        self.keys = 0

    def key(self) -> str:
        self.keys += 1
        return f"k{self.keys}"

    @rule(target=versions)
    def train(self) -> int:
        key = self.key()
        made = self.registry.retrying(lambda writer: version(writer, key))
        assert self.registry.retrying(lambda writer: version(writer, key)) == made
        self.stages[made.version] = Stage.CHALLENGER
        return made.version

    @rule(number=versions, back=st.booleans(), stale=st.booleans())
    def change(self, number: int, back: bool, stale: bool) -> None:
        generation = len(self.served) - stale
        start, act = (Stage.RETIRED, Act.ROLLBACK) if back else (Stage.CHALLENGER, Act.PROMOTE)
        key = self.key()

        def once(writer: Writer) -> Promotion:
            return promote(writer, number, key, generation=generation, act=act)

        if stale or self.stages[number] is not start:
            with pytest.raises(RegistryError):
                self.registry.retrying(once)
            return
        done = self.registry.retrying(once)
        assert self.registry.retrying(once) == done, "the same key again gets the same answer"
        self.changed(number)

    @rule(number=versions)
    def reject(self, number: int) -> None:
        if self.stages[number] in {Stage.CHALLENGER, Stage.REJECTED}:
            self.registry.retrying(lambda writer: writer.reject(MODEL, number))
            self.stages[number] = Stage.REJECTED
            return
        with pytest.raises(RegistryError):
            self.registry.retrying(lambda writer: writer.reject(MODEL, number))

    @rule(number=versions)
    def die_before_the_commit(self, number: int) -> None:
        """What a process did that dies is as if it had never been."""

        def act(writer: Writer) -> None:
            version(writer, self.key())
            if self.stages[number] is Stage.CHALLENGER:
                promote(writer, number, self.key(), generation=len(self.served))
            raise Killed

        with pytest.raises(Killed):
            self.registry.retrying(act)

    @rule(one=versions, other=versions)
    def two_at_once(self, one: int, other: int) -> None:
        """Of two that were judged against the same champion one is promoted, the other is stale."""
        pair = [number for number in (one, other) if self.stages[number] is Stage.CHALLENGER]
        if one == other or len(pair) < 2:
            return
        generation, keys, answers = len(self.served), [self.key(), self.key()], {}

        def work(number: int, key: str) -> None:
            try:
                with Registry.open(self.url) as mine:
                    answers[number] = mine.retrying(lambda writer: promote(writer, number, key, generation=generation))
            except StalePromotionError:
                answers[number] = None

        threads = [threading.Thread(target=work, args=given) for given in zip(pair, keys, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (winner,) = [number for number in pair if answers[number] is not None]
        self.changed(winner)

    @rule(table=st.sampled_from(["event", "promotion", "version", "model"]))
    def delete(self, table: str) -> None:
        """Nobody can delete what others refer to, or what is append-only."""
        if self.served:
            with pytest.raises(RegistryError, match="do not allow this"):
                self.registry.retrying(lambda writer: writer._connection.exec_driver_sql(f"DELETE FROM {table}"))

    @rule()
    def start_again(self) -> None:
        self.registry.close()
        self.registry = Registry.open(self.url)

    def changed(self, number: int) -> None:
        if self.served:
            self.stages[self.served[-1]] = Stage.RETIRED
        self.stages[number] = Stage.CHAMPION
        self.served.append(number)

    @invariant()
    def the_records_say_what_happened(self) -> None:
        with self.registry.read() as reader:
            assert {one.version: one.stage for one in reader.versions(MODEL)} == self.stages
            assert [one.to_version for one in reader.promotions(MODEL)] == self.served
            assert reader.generation(MODEL) == len(self.served)
            champion: Any = reader.champion(MODEL)
            assert (champion.version if champion else None) == (self.served[-1] if self.served else None)
            assert reader.audit(MODEL).breaches == ()

    def teardown(self) -> None:
        self.registry.close()
        shutil.rmtree(self.folder, ignore_errors=True)


TestRegistryMachine = RegistryMachine.TestCase
TestRegistryMachine.settings = settings(
    max_examples=8, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
