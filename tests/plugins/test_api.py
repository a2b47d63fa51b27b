"""What the API answers, on the six weeks of `tests.unit.views.story`."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ml.domain.records import Quantity
from ml.registry import Registry
from ml.views.console.shapes import Sources
from tests.builders import MODEL, observation, week
from tests.plugins.conftest import PREFIX, Login
from tests.unit.views.story import finding

API = f"{PREFIX}/api/models/{MODEL}"


def test_the_plugin_is_loaded_whole(login: Login) -> None:
    client = login("admin")
    (plugin,) = [one for one in client.get("/api/v2/plugins").json()["plugins"] if one["name"] == "evergreen"]
    assert [one["destination"] for one in plugin["react_apps"]] == ["nav", "dag", "dag_run", "dashboard"]
    assert [one["url_prefix"] for one in plugin["fastapi_apps"]] == [PREFIX]
    assert client.get("/api/v2/plugins/importErrors").json()["import_errors"] == []
    for app in plugin["react_apps"]:
        for address in (app["bundle_url"], app.get("icon"), app.get("icon_dark_mode")):
            assert address is None or client.get(f"/{address}").status_code == 200


def test_the_list_tells_what_needs_attention(login: Login) -> None:
    page = login("viewer").get(f"{PREFIX}/api/models").json()["page"]
    (row,) = page["rows"]
    assert row["model"] == MODEL
    assert row["health"]["word"] == "failing data"
    assert "DV003" in row["health"]["reason"]
    assert row["champion"]["version"] == 1
    assert row["decision"]["verdict"] == "keep"
    assert [point["value"] for point in row["spark"]] == pytest.approx([0.81, 0.83, 0.84])
    assert page["words"]["failing data"] == 1


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("search=POW", 1),
        ("search=classification+power", 1),
        ("search=nothing", 0),
        ("health=failing+data", 1),
        ("health=fresh", 0),
        ("tag=x", 0),
        ("owner=x", 0),
    ],
)
def test_the_list_is_searched_and_filtered(login: Login, query: str, found: int) -> None:
    assert login("viewer").get(f"{PREFIX}/api/models?{query}").json()["page"]["total"] == found


def test_the_story_has_every_batch_and_what_was_done(login: Login) -> None:
    story = login("viewer").get(f"{API}/story").json()
    assert [one["start"][:10] for one in story["batches"]] == [f"{week(number).start:%Y-%m-%d}" for number in range(7)]
    assert [one["stopped"] for one in story["batches"]] == [False, False, True, False, False, False, True]
    assert [one["metric"] for one in story["batches"]][1] == pytest.approx(0.81)
    assert [one["kind"] for one in story["events"]] == ["promoted", "rejected", "promoted", "rolled back"]
    assert len(story["decisions"]) == 5
    assert story["earlier"] is None


def test_the_story_is_told_in_parts(login: Login) -> None:
    client = login("viewer")
    last = client.get(f"{API}/story?limit=2").json()
    assert [one["start"][:10] for one in last["batches"]] == [f"{week(number).start:%Y-%m-%d}" for number in (4, 5, 6)]
    before = client.get(f"{API}/story", params={"limit": 2, "before": last["earlier"]}).json()
    assert [one["start"][:10] for one in before["batches"]] == [f"{week(number).start:%Y-%m-%d}" for number in (2, 3)]


def test_the_drift_map_ranks_columns(login: Login) -> None:
    drift = login("viewer").get(f"{API}/drift").json()
    assert drift["columns"] == ["hour", "price", "calm"]
    strengths = {one["column"]: one["strength"] for one in drift["cells"]}
    assert strengths == pytest.approx({"hour": 4.0, "price": 2.0, "calm": 0.5})
    assert login("viewer").get(f"{API}/drift?columns=1").json()["columns"] == ["hour"]


def test_columns_on_which_the_champion_draws_most_come_first(login: Login, registry: Registry) -> None:
    drawn = {"drifted": False, "threshold": 0.1, "method": "wasserstein", "weight": 0.7, "interval": [0.01, 0.09]}
    with registry.write() as writer:
        quiet = observation(4, Quantity.COLUMN_DRIFT, 0.02, subject="calm", detail=drawn)
        writer.add_observations(MODEL, [quiet])
    drift = login("viewer").get(f"{API}/drift").json()
    assert drift["columns"] == ["calm", "hour", "price"]
    assert drift["weights"] == {"calm": 0.7}
    (cell,) = [one for one in drift["cells"] if one["weight"] is not None]
    assert (cell["drifted"], cell["interval"]) == (False, [0.01, 0.09])


def test_the_audit_names_who_did_what(login: Login) -> None:
    client = login("viewer")
    acts = client.get(f"{API}/audit?acts=true").json()["events"]
    assert [one["kind"] for one in acts][:2] == ["rollback", "promotion"]
    assert {one["kind"] for one in acts} == {"spec", "training", "promotion", "rejection", "rollback"}
    first = client.get(f"{API}/audit?limit=3").json()
    assert [one["number"] for one in first["events"]] == [first["below"] + place for place in (2, 1, 0)]
    rest = client.get(f"{API}/audit?limit=200&below={first['below']}").json()
    assert rest["events"][-1]["number"] == 1
    assert rest["below"] is None


def test_a_batch_without_profiles_says_what_is_missing(login: Login) -> None:
    found = login("viewer").get(f"{API}/batches/{week(3).start.isoformat()}").json()["shapes"]
    assert found["columns"] == []
    assert "no profile" in found["missing"]


def test_a_card_is_given_out_in_a_sandbox(login: Login) -> None:
    answer = login("viewer").get(f"{API}/versions/1/card")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert "power, version 1" in answer.text or f"{MODEL}, version 1" in answer.text


def test_only_a_file_that_passes_the_audit_is_given_out(
    login: Login, registry: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import numpy as np
    from sklearn.linear_model import LinearRegression

    from ml.artifacts.models import put_model
    from ml.artifacts.store import ArtifactStore

    store = ArtifactStore(str(tmp_path / "artifacts"))
    good = put_model(store, LinearRegression().fit(np.eye(2), [0.0, 1.0]))
    evil = store.put(b"no archive at all")
    for place, (digest, status) in enumerate([(good, 200), (evil, 409), ("0" * 64, 409)]):
        with registry.write() as writer:
            version = writer.register_version(
                model=MODEL,
                run_key=f"by-hand-{place}",
                as_of=week(6).end,
                trained_from=week(0).start,
                trained_until=week(6).end,
                model_sha256=digest,
                manifest={},
            )
        answer = login("viewer").get(f"{API}/versions/{version.version}/file")
        assert answer.status_code == status, answer.text[:200]
        if status == 200:
            assert answer.headers["Content-Disposition"].startswith("attachment;")
            assert hashlib.sha256(answer.content).hexdigest() == good


def test_a_decision_says_why_and_what_followed(login: Login) -> None:
    client = login("viewer")
    decisions = client.get(f"{API}/decisions").json()["decisions"]
    retraining = next(one for one in decisions if one["verdict"] == "retrain")
    found = client.get(f"{API}/decisions/{retraining['id']}").json()
    assert found["decision"]["result"]["of"][0]["kind"] == "performance"
    assert found["version"]["version"] == 1
    assert found["promotion"]["actor"] == "ada"
    assert "0.05" in found["counterfactual"]


def test_a_version_comes_with_its_verdict_and_its_service(login: Login) -> None:
    answer = login("viewer").get(f"{API}/versions/1").json()
    assert (answer["metric"], answer["may_act"], answer["waits"]) == ("accuracy", False, None)
    found = answer["page"]
    assert found["version"]["stage"] == "champion"
    assert found["gate"]["passed"] is True
    assert [one["act"] for one in found["served"]] == ["promote", "rollback"]
    assert found["champion"] == 1


def test_versions_come_in_pages(login: Login) -> None:
    client = login("viewer")
    first = client.get(f"{API}/versions?limit=2").json()
    assert [one["version"] for one in first["versions"]] == [3, 2]
    rest = client.get(f"{API}/versions?limit=2&below={first['below']}").json()
    assert [one["version"] for one in rest["versions"]] == [1]
    assert rest["below"] is None


def test_a_batch_tells_all_about_it(login: Login) -> None:
    found = login("viewer").get(f"{API}/batches/{week(3).start.isoformat()}").json()["page"]
    assert found["rows_kept"] == 100
    assert [one["column"] for one in found["columns"]] == ["hour", "price", "calm"]
    assert {one["code"] for one in found["findings"]} == {"DV040", "DR002"}
    assert [(one["name"], one["value"]) for one in found["metrics"]] == [("accuracy", pytest.approx(0.83))]
    assert len(found["decisions"]) == 1


def test_a_batch_that_failed_before_it_had_rows_is_shown_too(login: Login) -> None:
    found = login("viewer").get(f"{API}/batches/{week(6).start.isoformat()}").json()["page"]
    assert found["passed"] is None
    assert [one["code"] for one in found["findings"]] == ["DV003"]


@pytest.mark.parametrize(
    "path",
    [
        f"{PREFIX}/api/models/nothing",
        f"{PREFIX}/api/models/nothing/story",
        f"{PREFIX}/api/models/nothing/spec",
        f"{API}/decisions/nothing",
        f"{API}/versions/99",
        f"{API}/made/nothing",
        f"{API}/versions/99/card",
        f"{API}/versions/99/file",
        f"{API}/versions/1/compared?other=99",
        f"{API}/batches/1999-01-01T00:00:00Z",
        f"{API}/batches/{week(3).start.isoformat()}/report",
        f"{API}/replays/nothing",
    ],
)
def test_what_is_not_there_is_said_in_words(login: Login, path: str) -> None:
    answer = login("viewer").get(path)
    assert answer.status_code == 404
    assert answer.json()["detail"]


def test_a_rollback_is_recorded_under_the_name_of_who_asked(login: Login, registry: Registry) -> None:
    client = login("op")
    answer = client.post(f"{API}/rollback", json={"reason": "version 3 was right", "to_version": 3})
    assert answer.status_code == 200, answer.text
    with registry.read() as reader:
        champion, last = reader.champion(MODEL), reader.promotions(MODEL)[-1]
    assert champion is not None
    assert champion.version == 3
    assert (last.act, last.actor, last.reason) == ("rollback", "the op", "version 3 was right")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"reason": ""}, 422),
        ({"reason": "   "}, 409),
        ({"reason": "x" * 1001}, 422),
        ({"reason": "why", "to_version": 2}, 409),
        ({"reason": "why", "to_version": 0}, 422),
        ({"reason": "why", "more": 1}, 422),
    ],
    ids=str,
)
def test_a_rollback_that_cannot_be_is_refused(login: Login, registry: Registry, body: object, status: int) -> None:
    answer = login("op").post(f"{API}/rollback", json=body)
    assert answer.status_code == status, answer.text
    with registry.read() as reader:
        assert len(reader.promotions(MODEL)) == 3


def test_the_api_describes_itself(login: Login) -> None:
    found = login("viewer").get(f"{PREFIX}/api/openapi.json").json()
    assert "/api/models/{dag_id}/story" in found["paths"]
    for path, methods in found["paths"].items():
        for method, described in methods.items():
            assert described["description"], f"{method} {path} says nothing"
            assert not {"user"} & {one["name"] for one in described.get("parameters", ())}, f"{method} {path}"
    twice = [name for name in found["components"]["schemas"] if "__" in name]
    assert twice == [], "of two things of one name the description has their modules in it"


def test_a_version_is_compared_with_the_champion_and_that_one_with_its_rival(login: Login) -> None:
    client = login("viewer")
    found = client.get(f"{API}/versions/2/compared").json()
    assert found["theirs"]["version"]["version"] == 1
    assert (found["both"]["first"], found["both"]["second"]) == (2, 1)
    assert 2 not in [one["version"] for one in found["others"]]
    alone = client.get(f"{API}/versions/1/compared").json()
    assert alone["theirs"] is None
    assert {one["version"] for one in alone["others"]} >= {2}
    assert client.get(f"{API}/versions/1/compared?other=3").json()["theirs"]["version"]["version"] == 3


def test_a_page_shows_what_was_written_since_it_was_last_asked(login: Login, registry: Registry) -> None:
    client, start = login("viewer"), week(3)
    path = f"{API}/batches/{start.start.isoformat()}"
    before = client.get(path).json()["page"]["findings"]
    assert client.get(path).json()["page"]["findings"] == before
    with registry.write() as writer:
        writer.add_findings(MODEL, start, start.end, "ingest", [finding("DV014")])
    after = client.get(path).json()["page"]["findings"]
    assert len(after) == len(before) + 1


def test_a_lost_profile_does_not_take_the_batch_with_it(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    from evergreen_console import batches

    gone = Sources(batch="0" * 64, reference="1" * 64, version=1)
    monkeypatch.setattr(batches, "sources_of", lambda *_: gone)
    found = login("viewer").get(f"{API}/batches/{week(3).start.isoformat()}").json()
    assert found["page"]["window"]["start"].startswith(str(week(3).start.date()))
    assert "0000" in found["shapes"]["missing"] or "1111" in found["shapes"]["missing"]
