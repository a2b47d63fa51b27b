"""A replay holds challengers in the shadow as production did."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml.flows.replay import replay, replayed_decisions
from tests.integration.shadow.holding import SHADOW, TURNED, recorded_decisions, shadow_spec
from tests.integration.test_loop import workspace_in
from tests.integration.test_watch import EVERY_2, EVERY_3, changes, played


@pytest.mark.parametrize(
    ("extra", "away"),
    [
        ((SHADOW, EVERY_2), (3, 4)),
        ((SHADOW, EVERY_2), TURNED),
        (("gate: {shadow: 3, min_rows: 20}", EVERY_2), TURNED),
        ((SHADOW, "labels: {delay: 2d}", EVERY_3), (2, 3, 4)),
        ((SHADOW, "policy: {when: {kind: cost}, min_labelled: 20}"), TURNED),
        (("gate: {shadow: 1, min_rows: 20, watch: {batches: 3}}", EVERY_2), (3, 4)),
        (("gate: {shadow: 1, min_rows: 20, comparison: superior}", EVERY_2), TURNED),
        (("gate: {shadow: 2, min_rows: 20, unsure: keep, margin: 0.1}", EVERY_2), TURNED),
        ((SHADOW, "policy: {when: {kind: performance}, min_labelled: 20}"), TURNED),
    ],
    ids=["back", "turned", "three", "late", "cost", "watched", "superior", "keep", "performance"],
)
def test_a_replay_holds_as_production_did(tmp_path: Path, extra: tuple[str, ...], away: tuple[int, ...]) -> None:
    spec = shadow_spec(tmp_path, *extra, away=away)
    with workspace_in(tmp_path) as workspace:
        recorded = recorded_decisions(played(workspace, spec))
        assert list(replayed_decisions(workspace, spec)) == recorded


def test_all_policies_are_played_with_the_hold(tmp_path: Path) -> None:
    spec = shadow_spec(tmp_path, SHADOW, EVERY_2, away=TURNED)
    with workspace_in(tmp_path) as workspace:
        played(workspace, spec)
        live = [one.as_of for one in changes(workspace, spec)[1:]]
        found = replay(workspace, spec)
    present = next(one for one in found.outcomes if one.name == "present")
    assert [found.windows[one].end for one in present.promoted] == live
