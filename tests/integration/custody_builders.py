"""A model with one record of every kind, and hands that change it behind the registry's back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine

from ml.domain.custody import Audit
from ml.domain.erasures import Tombstone
from ml.domain.records import Act, ScoringRole, SnapshotRole
from ml.registry import Registry
from ml.registry.engine import open_engine, parse_url
from tests.integration.registry_builders import (
    MODEL,
    approval,
    batch,
    day,
    decision,
    finding,
    gate_result,
    observation,
    promote,
    registered,
    replay,
    shadow_verdict,
    snapshot,
    version,
    window,
)

GUARDED = (
    "decision",
    "gate_result",
    "shadow_verdict",
    "approval",
    "promotion",
    "event",
    "erasure",
    "tombstone",
    "erasure_end",
)


def everything(registry: Registry, *, model: str = MODEL) -> None:
    """One record of every kind, most of them several, in about the order of the loop."""
    registered(registry, model)
    with registry.write() as writer:
        writer.freeze_schema(model, "k", {"columns": ["a", "ä"]})
        writer.freeze_layout(model, "k", "layout")
        first = batch(writer, 0, model=model)
        batch(writer, 1, model=model, passed=False, sha256="other")
        writer.add_findings(model, window(0), window(0).end, "drift", [finding(), finding(code="DR001")])
    with registry.write() as writer:
        snapshot(writer, 0, role=SnapshotRole.LABELS, as_of=day(2), model=model)
        for number in range(3):
            writer.add_decision(decision(number, key=f"{model}-d", model=model, least_gain=0.5))
            version(writer, f"{model}-d{number}", number=number + 1, model=model)
        writer.set_refit(model, 1, sha256="refit", until=day(3))
        for number in range(3):
            writer.add_gate_result(gate_result(number + 1, model=model))
        writer.add_shadow_verdict(shadow_verdict(3, model=model))
        writer.add_approval(approval(model=model))
        promote(writer, 1, f"{model}-d0", generation=0, model=model)
        promote(writer, 2, f"{model}-d1", generation=1, number=4, model=model)
        writer.reject(model, 3)
    with registry.write() as writer:
        promote(writer, 1, "back", generation=2, act=Act.ROLLBACK, number=6, model=model, actor="ann")
        roles = {1: ScoringRole.CHAMPION, 2: ScoringRole.SHADOW}
        place = {"window": window(0), "as_of": day(1), "sha256": "scores", "rows": 10}
        scored = writer.add_scorings(model=model, roles=roles, snapshot_id=first.id, **place)
        writer.add_observations(model, [observation(number, 0.1 + number) for number in range(5)])
        writer.add_report(model, window(0), "drift", "page", as_of=day(1))
        writer.add_replay(replay(f"r-{model}", model=model))
    with registry.write() as writer:
        stone = Tombstone(0, "scoring", str(scored[0].id), "sha256", window(0), "scores", "fewer scores", 1)
        number = writer.add_erasure(
            model, column="id", keys={"salt": "s"}, rows=1, reason="asked for", actor="tester", tombstones=[stone]
        )
        writer.finish_erasure(model, number, removed=1, actor="tester")


def filled(url: str) -> str:
    """Fill a database with one record of every kind, of two models."""
    with Registry.open(url, actor="tester") as registry:
        everything(registry)
        everything(registry, model="other")
    return url


def engine_of(url: str) -> Engine:
    return open_engine(parse_url(url))


def off_guard(connection: Connection) -> None:
    """Do what an intruder with the owner's rights does first: drop the guards."""
    if connection.dialect.name == "postgresql":
        for table in GUARDED:
            connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        return
    connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
    for name in names:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")


def tamper(url: str, *statements: str) -> None:
    """Change records behind the registry's back."""
    engine = engine_of(url)
    with engine.begin() as connection:
        off_guard(connection)
        for statement in statements:
            assert connection.exec_driver_sql(statement).rowcount != 0, f"nothing was changed by {statement}"
    engine.dispose()


def audited(url: str, model: str = MODEL, **options: Any) -> Audit:
    with Registry.open(url) as registry, registry.read() as reader:
        return reader.audit(model, **options)
