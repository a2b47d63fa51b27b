"""One champion, and a log in which no change is lost or doubled, whatever the order of what people and runs do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml.domain.errors import NotFoundError, RegistryError, StalePromotionError
from ml.domain.records import Act, Stage
from ml.registry import Reader, Registry
from tests.integration.registry_builders import MODEL, day, promote, registered, version


@pytest.fixture
def registry(database_url: str) -> Iterator[Registry]:
    with Registry.open(database_url) as opened:
        yield registered(opened)


def stages(reader: Reader) -> list[str]:
    return [one.stage.value for one in reader.versions(MODEL)]


def test_a_promotion_retires_the_champion_and_is_logged(registry: Registry) -> None:
    with registry.write() as writer:
        version(writer, "r1")
        version(writer, "r2")
        assert writer.champion(MODEL) is None
        first = promote(writer, 1, "p1", generation=0)
        second = promote(writer, 2, "p2", generation=1, number=2)
    with registry.read() as reader:
        assert reader.promotions(MODEL) == (first, second)
        assert (first.from_version, first.to_version, first.generation) == (None, 1, 1)
        assert (second.from_version, second.to_version, second.generation) == (1, 2, 2)
        assert second.baseline == {"accuracy": 0.875}
        assert second.created_at == day(100)
        assert stages(reader) == ["retired", "champion"]
        assert reader.champion(MODEL) == reader.version(MODEL, 2)
        assert reader.generation(MODEL) == 2
        assert reader.generation("unknown") == 0


def test_the_same_run_again_gets_its_first_answer(registry: Registry) -> None:
    with registry.write() as writer:
        version(writer, "r1")
        version(writer, "r2")
        first = promote(writer, 1, "p1", generation=0)
        assert promote(writer, 1, "p1", generation=0, number=7, reason="again") == first
        assert writer.promotion_by_run_key(MODEL, "p1") == first
        with pytest.raises(RegistryError, match="has promoted version 1"):
            promote(writer, 2, "p1", generation=1)
        assert writer.generation(MODEL) == 1


def test_a_verdict_about_an_earlier_champion_is_stale(registry: Registry) -> None:
    with registry.write() as writer:
        for key in ("r1", "r2", "r3"):
            version(writer, key)
        promote(writer, 1, "p1", generation=0)
        promote(writer, 2, "p2", generation=1)
        with pytest.raises(
            StalePromotionError, match=r"generation 1.*today's generation is 2.*What to do: decide again"
        ):
            promote(writer, 3, "p3", generation=1)
        assert stages(writer) == ["retired", "champion", "challenger"]


def test_what_cannot_become_champion_is_refused(registry: Registry) -> None:
    with registry.write() as writer:
        for key in ("r1", "r2", "r3"):
            version(writer, key)
        promote(writer, 1, "p1", generation=0)
        writer.reject(MODEL, 2)
        writer.reject(MODEL, 2)
        with pytest.raises(RegistryError, match="Version 2 of orders is rejected; accepted for promote is one that is"):
            promote(writer, 2, "p2", generation=1)
        with pytest.raises(RegistryError, match="Version 1 of orders is champion"):
            promote(writer, 1, "p3", generation=1)
        with pytest.raises(RegistryError, match="Version 3 of orders is challenger; accepted for rollback"):
            promote(writer, 3, "p4", generation=1, act=Act.ROLLBACK)
        with pytest.raises(NotFoundError, match="no version 9"):
            promote(writer, 9, "p5", generation=1)
        with pytest.raises(RegistryError, match="it is champion, not a challenger"):
            writer.reject(MODEL, 1)
        assert stages(writer) == ["champion", "rejected", "challenger"]
        assert writer.generation(MODEL) == 1


def test_champions_of_the_past_are_found_by_the_data_s_time(registry: Registry) -> None:
    with registry.write() as writer:
        for number in (1, 2, 3):
            version(writer, f"r{number}", number=number)
            promote(writer, number, f"p{number}", generation=number - 1, number=number)
        promote(writer, 1, "back", generation=3, number=5, act=Act.ROLLBACK)
    with registry.read() as reader:
        champions = [reader.champion_at(MODEL, day(number)) for number in range(6)]
        assert [one and one.version for one in champions] == [None, 1, 2, 3, 3, 1]
        retired = [[one.version for one in reader.retired_at(MODEL, day(number), 2)] for number in range(6)]
        assert retired == [[], [], [1], [2, 1], [2, 1], [3, 2]]
        assert reader.retired_at(MODEL, day(5), 0) == ()


ACTS = st.tuples(st.sampled_from(["train", "promote", "rollback", "reject", "again"]), st.integers(1, 5), st.booleans())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACTS, max_size=14))
def test_there_is_one_champion_whatever_is_done(registry: Registry, acts: list[tuple[str, int, bool]]) -> None:
    """Random acts, some with an old generation or an old key, against a model of a few lines."""
    model = f"m{registry_number(registry)}"
    registered(registry, model)
    expected: dict[int, Stage] = {}
    log: list[int] = []
    for key, (act, number, stale) in enumerate(acts):
        generation = len(log) - (1 if stale else 0)
        with registry.write() as writer:
            if act == "train":
                expected[version(writer, f"r{key}", model=model).version] = Stage.CHALLENGER
                continue
            if act == "again" and log:
                assert promote(writer, log[0], "first", generation=99, model=model).generation == 1
                continue
            if act == "reject":
                allowed = expected.get(number) in {Stage.CHALLENGER, Stage.REJECTED}
                if allowed:
                    writer.reject(model, number)
                    expected[number] = Stage.REJECTED
                else:
                    with pytest.raises(RegistryError):
                        writer.reject(model, number)
                continue
            start = Stage.RETIRED if act == "rollback" else Stage.CHALLENGER
            kind = Act.ROLLBACK if act == "rollback" else Act.PROMOTE
            run_key = f"p{key}" if log else "first"
            if stale or expected.get(number) is not start:
                with pytest.raises(RegistryError):
                    promote(writer, number, run_key, generation=generation, model=model, act=kind)
                continue
            promote(writer, number, run_key, generation=generation, model=model, act=kind)
            if log:
                expected[log[-1]] = Stage.RETIRED
            expected[number] = Stage.CHAMPION
            log.append(number)
    with registry.read() as reader:
        assert {one.version: one.stage for one in reader.versions(model)} == expected
        promotions = reader.promotions(model)
        assert [one.to_version for one in promotions] == log
        assert [one.from_version for one in promotions] == [None, *log[:-1]][: len(log)]
        assert [one.generation for one in promotions] == list(range(1, len(log) + 1))
        assert reader.generation(model) == len(log)
        champion = reader.champion(model)
        assert (champion.version if champion else None) == (log[-1] if log else None)


def registry_number(registry: Registry) -> int:
    with registry.read() as reader:
        return len(reader.models())
