"""What waits for a person, and that a person's word is recorded under their own name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ml.domain.records import GateResult, Verdict
from ml.registry import Registry
from tests.builders import MODEL, decision, week
from tests.plugins.conftest import PREFIX, Login

API = f"{PREFIX}/api/models/{MODEL}"
NUMBER = 4


@pytest.fixture
def waiting(registry: Registry) -> Registry:
    """A fourth version passed the gate and waits."""
    let_wait(registry)
    return registry


def let_wait(registry: Registry, users: tuple[str, ...] = (), days: float = 7.0) -> None:
    until = datetime.now(UTC) + timedelta(days=days)
    asked = {"users": [{"id": one, "name": one} for one in users], "comment": True, "until": until.isoformat()}
    let_pass(registry, {"approval": asked})


def let_pass(registry: Registry, evidence: dict[str, Any]) -> None:
    with registry.write() as writer:
        writer.add_decision(replace(decision(6, Verdict.RETRAIN), id="the one that waits"))
        version = writer.register_version(
            model=MODEL,
            run_key="the one that waits",
            as_of=week(6).end,
            trained_from=week(0).start,
            trained_until=week(6).end,
            model_sha256="4" * 64,
            manifest={},
        )
        writer.add_gate_result(
            GateResult(
                model=MODEL,
                challenger=version.version,
                champion=1,
                as_of=week(6).end,
                passed=True,
                sentence="better by 0.03",
                metrics={"challenger": {"accuracy": 0.88}, "champion": {"accuracy": 0.85}},
                difference=0.03,
                interval=(0.01, 0.05),
                rows=50,
                rows_sha256="a" * 64,
                refitted=False,
                generation=writer.generation(MODEL),
                findings=(),
                evidence=evidence,
            )
        )


def test_what_waits_is_listed_with_its_comparison(login: Login, waiting: Registry) -> None:
    for path in (f"{PREFIX}/api/approvals", f"{API}/approvals"):
        found = login("viewer").get(path).json()
        (one,) = found["waiting"]
        assert (one["model"], one["version"], one["champion"], one["difference"]) == (MODEL, NUMBER, 1, 0.03)
        assert one["metrics"]["champion"] == {"accuracy": 0.85}
        assert found["may_act"] == []
        assert login("op").get(path).json()["may_act"] == [MODEL]
    assert login("viewer").get(f"{PREFIX}/api/models").json()["waiting"] == {MODEL: 1}


@pytest.mark.parametrize(("verb", "stage"), [("approve", "champion"), ("reject", "rejected")])
def test_a_word_is_recorded_under_the_name_of_who_gave_it(
    login: Login, waiting: Registry, verb: str, stage: str
) -> None:
    client = login("op")
    answer = client.post(f"{API}/versions/{NUMBER}/{verb}", json={"comment": "looked at the slices"})
    assert answer.status_code == 200, answer.text
    with waiting.read() as reader:
        word = reader.approval(MODEL, NUMBER)
        assert reader.version(MODEL, NUMBER).stage == stage
    assert word is not None
    assert (word.actor, word.via, word.comment) == ("the op", "console", "looked at the slices")
    assert client.get(f"{PREFIX}/api/approvals").json()["waiting"] == []
    assert client.get(f"{API}/audit?acts=true").json()["events"][0]["actor"] == "the op"


def test_a_viewer_gives_no_word(login: Login, waiting: Registry) -> None:
    for verb in ("approve", "reject"):
        assert login("viewer").post(f"{API}/versions/{NUMBER}/{verb}", json={"comment": "x"}).status_code == 403
    with waiting.read() as reader:
        assert reader.approval(MODEL, NUMBER) is None


@pytest.mark.parametrize(
    ("number", "body", "status"),
    [
        (NUMBER, {"comment": "   "}, 422),
        (NUMBER, {}, 422),
        (NUMBER, {"comment": "x" * 1001}, 422),
        (NUMBER, {"comment": "x", "more": 1}, 422),
        (3, {"comment": "nobody was asked"}, 409),
        (99, {"comment": "not there"}, 404),
    ],
    ids=str,
)
def test_a_word_that_cannot_be_is_refused(
    login: Login, waiting: Registry, number: int, body: dict[str, object], status: int
) -> None:
    answer = login("op").post(f"{API}/versions/{number}/approve", json=body)
    assert answer.status_code == status, answer.text


def test_only_who_was_asked_may_answer(login: Login, registry: Registry) -> None:
    let_wait(registry, users=("the admin",))
    body = {"comment": "I was not asked"}
    assert login("op").post(f"{API}/versions/{NUMBER}/approve", json=body).status_code == 409
    assert login("admin").post(f"{API}/versions/{NUMBER}/approve", json=body).status_code == 200


def test_the_first_word_holds(login: Login, waiting: Registry) -> None:
    assert login("op").post(f"{API}/versions/{NUMBER}/reject", json={"comment": "no"}).status_code == 200
    late = login("admin").post(f"{API}/versions/{NUMBER}/approve", json={"comment": "yes"})
    assert late.status_code == 409
    assert "the op" in late.json()["detail"]


def test_what_is_held_is_rejected_with_a_reason_under_the_name_of_who_did_it(login: Login, registry: Registry) -> None:
    let_pass(registry, {"shadow": {"batches": 2}})
    address = f"{API}/versions/{NUMBER}"
    client = login("op")
    assert client.get(address).json()["page"]["held"] is True
    assert client.post(f"{address}/reject", json={"comment": " "}).status_code == 422
    assert client.post(f"{address}/approve", json={"comment": "let it live"}).status_code == 409
    assert login("viewer").post(f"{address}/reject", json={"comment": "no"}).status_code == 403
    answer = client.post(f"{address}/reject", json={"comment": "an old price list"})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["approval"]["actor"], answer.json()["promotion"]) == ("the op", None)
    page = client.get(address).json()["page"]
    assert (page["held"], page["version"]["stage"]) == (False, "rejected")
    assert "Rejected by the op (console)" in page["shadow"]["sentence"]
    assert "an old price list" in page["shadow"]["sentence"]
    taken = client.get(f"{API}/decisions/{page['version']['run_key']}").json()
    assert taken["shadow"] == page["shadow"], "the decision's page says how the hold ended, too"
    assert client.get(f"{API}/audit?acts=true").json()["events"][0]["actor"] == "the op"
